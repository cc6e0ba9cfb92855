//! How much of the teacher the leading right singular vectors hold.

use spectrum_core::{Blob, Measure, Reason, Record, Sample, Vectors};
use spectrum_linalg::projection_norm;

use crate::battery::record;

/// `teacher_alignment` and `teacher_projection`.
///
/// - `teacher_alignment`: |<v_1, beta>| for the top right singular vector; for several teachers the norm of v_1's
///   projection onto their span. Of a random direction it is sqrt(2/(pi d)) on average, 0.025 at d = 1000.
/// - `teacher_projection`: the norm of the teacher's projection onto the span of all kept right vectors (k of them:
///   sqrt(k/d) for random directions); for several teachers the root mean square of their norms.
///
/// Only a matrix that acts on raw inputs can be compared with the teacher; the others say so. A run without a teacher has
/// no such records.
#[derive(Debug, Clone, Copy, Default)]
pub struct Teacher;

impl Measure for Teacher {
    fn metrics(&self) -> &'static [&'static str] {
        &["teacher_alignment", "teacher_projection"]
    }

    fn measure(&self, sample: &Sample<'_>, records: &mut Vec<Record>, _: &mut Vec<Blob>) {
        let Some(teacher) = sample.references.teacher.as_deref() else { return };
        let right = right_vectors(sample, teacher);
        let alignment = right.as_ref().map(|r| projection_norm(teacher, r.column(0))).map_err(Clone::clone);
        let projection = right.map(|right| {
            let squares: f64 = teacher.columns().map(|t| projection_norm(right, t).powi(2)).sum();
            (squares / teacher.count as f64).sqrt()
        });
        records.push(record(sample.id, "teacher_alignment", alignment));
        records.push(record(sample.id, "teacher_projection", projection));
    }
}

/// Why a later layer has no alignment.
pub(crate) fn not_on_inputs() -> Reason {
    Reason::NotApplicable("the matrix does not act on raw inputs".to_owned())
}

fn right_vectors<'a>(sample: &Sample<'a>, teacher: &Vectors) -> Result<&'a Vectors, Reason> {
    if !sample.references.input_layers.contains(&sample.id.layer) {
        return Err(not_on_inputs());
    }
    if teacher.len != sample.spectrum.cols || teacher.count == 0 {
        return Err(Reason::NotApplicable(format!(
            "{} teachers of {} inputs for a matrix of {} columns",
            teacher.count, teacher.len, sample.spectrum.cols
        )));
    }
    if sample.spectrum.top() == 0.0 {
        return Err(Reason::Degenerate);
    }
    match &sample.spectrum.right {
        Some(v) if v.count > 0 => Ok(v),
        _ => Err(Reason::NotComputed("singular vectors".to_owned())),
    }
}
