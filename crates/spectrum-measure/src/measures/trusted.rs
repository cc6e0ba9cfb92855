//! Values below a spectrum's floor: a measure answers only if they could not change its answer.

use spectrum_core::{Outcome, Reason, Sample, Spectrum};

use crate::tolerance::resolution;

/// Whether the singular values are equal up to the rounding of the entries: ln(lambda_1/lambda_n) of at most 16 epsilon of the
/// precision that they came in (an orthogonal matrix in f32: about 4). A tail of such values is a picture of rounding.
pub(crate) fn equal_up_to_rounding(sample: &Sample<'_>) -> bool {
    let s = &sample.spectrum.singular_values;
    let (Some(top), Some(last), Some(m)) = (s.first(), s.last(), sample.matrix) else { return false };
    // Of one or two values a fit says that they are too few.
    s.len() > 2
        && sample.spectrum.is_complete()
        && *last > 0.0
        && 2.0 * (top / last).ln() <= 16.0 * m.precision.epsilon()
}

/// What an incomplete spectrum (route `topk`) answers to a measure of all values.
pub(crate) fn incomplete(spectrum: &Spectrum) -> Reason {
    Reason::NotComputed(format!(
        "all {} singular values; route {} kept {}",
        spectrum.rank_bound(),
        spectrum.route,
        spectrum.singular_values.len()
    ))
}

/// Evaluates `f` on all singular values. If some lie below the floor, `f` is also evaluated with all of those at zero and
/// with all of them at the floor, the two ends of what they may be; when the ends differ by more than the metric's own
/// resolution, the answer is [`Reason::BelowFloor`].
///
/// The two ends bound the truth for functions that are monotone in the small values, as norms, entropies, mass ranks and
/// the Gini coefficient are.
pub(crate) fn trusted(metric: &str, spectrum: &Spectrum, f: impl Fn(&[f64]) -> Outcome) -> Outcome {
    if !spectrum.is_complete() {
        return incomplete(spectrum).into();
    }
    let s = &spectrum.singular_values;
    let answer = f(s);
    let sound = s.partition_point(|v| *v >= spectrum.floor);
    let Outcome::Value(value) = answer else { return answer };
    if sound == s.len() {
        return answer;
    }
    let end = |low: f64| {
        let mut t = s.clone();
        t[sound..].fill(low);
        f(&t).value()
    };
    match (end(0.0), end(spectrum.floor)) {
        (Some(a), Some(b)) if resolution(metric, spectrum.rows, spectrum.cols).allows(a, b) => Outcome::Value(value),
        _ => Reason::BelowFloor.into(),
    }
}
