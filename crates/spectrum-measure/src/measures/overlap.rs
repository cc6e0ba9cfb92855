//! Whether an update points where the weight already points.

use spectrum_core::{Blob, Measure, Reason, Record, Sample, Spectrum, Vectors};
use spectrum_linalg::overlap;

use crate::battery::record;

/// `update_overlap_left`, `update_overlap_right`: cos^2 between the top singular vectors of W_{t-1} and of the update
/// W_t - W_{t-1}, on the output and the input side; `..._after` is the same against W_t.
///
/// Beside them the blobs `overlap_left` and `overlap_right`: all squared cosines between the kept vectors, row i for the
/// i-th of W_{t-1}, column j for the j-th of the update (O_U and O_V of Kothapalli et al., arXiv 2406.04657).
#[derive(Debug, Clone, Copy, Default)]
pub struct UpdateOverlap;

impl Measure for UpdateOverlap {
    fn metrics(&self) -> &'static [&'static str] {
        &["update_overlap_left", "update_overlap_right", "update_overlap_left_after", "update_overlap_right_after"]
    }

    fn measure(&self, sample: &Sample<'_>, records: &mut Vec<Record>, blobs: &mut Vec<Blob>) {
        let around = [(sample.previous_weight, ""), (sample.current_weight, "_after")];
        for (weight, suffix) in around {
            for (side, vectors) in [("left", left as fn(&Spectrum) -> Option<&Vectors>), ("right", right)] {
                let metric = format!("update_overlap_{side}{suffix}");
                match pair(weight, sample.spectrum, vectors) {
                    Err(reason) => records.push(record(sample.id, &metric, reason)),
                    Ok((w, m)) => {
                        let data = overlap(w, m);
                        records.push(record(sample.id, &metric, data[0]));
                        if suffix.is_empty() {
                            let name = format!("overlap_{side}");
                            blobs.push(Blob { id: sample.id.clone(), name, rows: w.count, cols: m.count, data });
                        }
                    }
                }
            }
        }
    }
}

fn left(s: &Spectrum) -> Option<&Vectors> {
    s.left.as_ref()
}

fn right(s: &Spectrum) -> Option<&Vectors> {
    s.right.as_ref()
}

/// The vectors of the weight and of the update on one side, or why there are none.
fn pair<'a>(
    weight: Option<&'a Spectrum>,
    update: &'a Spectrum,
    side: fn(&Spectrum) -> Option<&Vectors>,
) -> Result<(&'a Vectors, &'a Vectors), Reason> {
    let weight = weight.ok_or_else(|| Reason::NotComputed("the weight's spectrum".to_owned()))?;
    if weight.top() == 0.0 || update.top() == 0.0 {
        return Err(Reason::Degenerate);
    }
    match (side(weight), side(update)) {
        (Some(w), Some(m)) if w.count > 0 && m.count > 0 && w.len == m.len => Ok((w, m)),
        (Some(w), Some(m)) if w.len != m.len => {
            Err(Reason::NotApplicable(format!("vectors of {} and {} elements", w.len, m.len)))
        }
        _ => Err(Reason::NotComputed("singular vectors".to_owned())),
    }
}
