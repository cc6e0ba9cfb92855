//! Two-sample Kolmogorov-Smirnov distance of spectra.

use spectrum_core::{Outcome, Reason, Spectrum};

/// The metric that a run records of a weight: [`spectrum_distance`] of W_t and W_0.
pub const INITIAL_DISTANCE: &str = "initial_distance";

/// sup_x |F_a(x) - F_b(x)| of the empirical distribution functions of two spectra's values, between 0 and 1 (Smirnov 1939).
///
/// The distance does not change under an increasing map: of singular values it is that of their squares. Values that are closer
/// than the two floors together count as equal: zeros come out of a decomposition as rounding, and comparing the rounding of
/// two kernels of low rank would find them far apart. (This is the smallest distance that the true values can have; where no
/// two values are that close it is the plain one, `scipy.stats.ks_2samp(a, b).statistic`.)
///
/// Missing as [`Reason::NotComputed`] where a spectrum is incomplete, [`Reason::TooFewValues`] where it is empty, and
/// [`Reason::NotFinite`].
#[must_use]
pub fn spectrum_distance(a: &Spectrum, b: &Spectrum) -> Outcome {
    for s in [a, b] {
        if !s.is_complete() {
            return crate::measures::incomplete(s).into();
        }
    }
    distance(&a.singular_values, &b.singular_values, a.floor + b.floor).into()
}

/// The distance of two descending samples whose values are known to `tolerance`.
pub(super) fn distance(a: &[f64], b: &[f64], tolerance: f64) -> Result<f64, Reason> {
    if a.is_empty() || b.is_empty() {
        return Err(Reason::TooFewValues { found: 0, needed: 1 });
    }
    if a.iter().chain(b).any(|v| !v.is_finite()) {
        return Err(Reason::NotFinite);
    }
    Ok(excess(a, b, tolerance).max(excess(b, a, tolerance)))
}

/// sup_x F_a(x) - F_b(x + tolerance), which is reached where x is a value of a.
fn excess(a: &[f64], b: &[f64], tolerance: f64) -> f64 {
    // In units of 1/(|a| |b|): whole numbers, and one rounding.
    let (mut largest, mut below) = (0, 0);
    for (i, x) in a.iter().rev().enumerate() {
        while below < b.len() && b[b.len() - 1 - below] <= x + tolerance {
            below += 1;
        }
        largest = largest.max(((i + 1) * b.len()).saturating_sub(below * a.len()));
    }
    largest as f64 / (a.len() as f64 * b.len() as f64)
}
