//! Norms of a matrix and its stable rank.

use spectrum_core::{Blob, Measure, Outcome, Reason, Record, Sample};

use super::trusted::{incomplete, trusted};
use crate::battery::record;

/// `frobenius_norm`, `spectral_norm`, `nuclear_norm`, `stable_rank`, `log_norm`, `log_spectral_norm`.
///
/// - Frobenius norm: sqrt(sum W_ij^2), from the entries when they are there, else sqrt(sum s_i^2);
/// - spectral norm: s_1;
/// - nuclear norm: sum s_i;
/// - stable rank: |W|_F^2 / s_1^2, between 1 and min(rows, cols);
/// - log norm: log10 |W|_F^2, and log spectral norm: log10 s_1^2, as WeightWatcher 0.7.7 reports them (its `norm` and
///   `spectral_norm` are squares).
#[derive(Debug, Clone, Copy, Default)]
pub struct Norms;

impl Measure for Norms {
    fn metrics(&self) -> &'static [&'static str] {
        &["frobenius_norm", "spectral_norm", "nuclear_norm", "stable_rank", "log_norm", "log_spectral_norm"]
    }

    fn measure(&self, sample: &Sample<'_>, records: &mut Vec<Record>, _: &mut Vec<Blob>) {
        let s = sample.spectrum;
        let top = s.top();
        let frobenius: Result<f64, Reason> = match sample.matrix {
            Some(m) => Ok(root_of_squares(m.data())),
            None if s.is_complete() => Ok(root_of_squares(&s.singular_values)),
            None => Err(incomplete(s)),
        };
        let stable_rank = match &frobenius {
            Err(reason) => Err(reason.clone()),
            Ok(_) if top == 0.0 => Err(Reason::Degenerate),
            Ok(f) => Ok((f / top) * (f / top)),
        };
        let log_norm = frobenius.clone().and_then(log_of_square);
        records.push(record(sample.id, "frobenius_norm", frobenius));
        records.push(record(sample.id, "spectral_norm", top));
        let nuclear = trusted("nuclear_norm", s, |s| Outcome::from(s.iter().sum::<f64>()));
        records.push(record(sample.id, "nuclear_norm", nuclear));
        records.push(record(sample.id, "stable_rank", stable_rank));
        records.push(record(sample.id, "log_norm", log_norm));
        records.push(record(sample.id, "log_spectral_norm", log_of_square(top)));
    }
}

/// log10 x^2 without forming the square, which may overflow.
fn log_of_square(x: f64) -> Result<f64, Reason> {
    if x == 0.0 { Err(Reason::Degenerate) } else { Ok(2.0 * x.log10()) }
}

/// sqrt(sum x^2); not finite when an entry is not. Where squares could overflow or vanish, they are of the entries over a
/// power of two near the largest; elsewhere that would give the same bits and take another pass.
fn root_of_squares(x: &[f64]) -> f64 {
    let sum = sum_of_squares(x, 1.0);
    if (1e-200..1e200).contains(&sum) {
        return sum.sqrt();
    }
    if !x.iter().all(|v| v.is_finite()) {
        return f64::NAN;
    }
    let largest = x.iter().fold(0.0f64, |a, v| a.max(v.abs()));
    if largest == 0.0 {
        return 0.0;
    }
    // A power of two near the largest entry: scaling by it rounds nothing.
    let exponent = largest.log2().floor().clamp(-1000.0, 1000.0) as i32;
    2f64.powi(exponent) * sum_of_squares(x, 2f64.powi(-exponent)).sqrt()
}

/// sum (x down)^2.
fn sum_of_squares(x: &[f64], down: f64) -> f64 {
    /// Independent partial sums: the compiler may keep them in one vector register, and the order stays fixed.
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    let chunks = x.chunks_exact(LANES);
    let rest: f64 = chunks.remainder().iter().map(|v| (v * down) * (v * down)).sum();
    for chunk in chunks {
        sums.iter_mut().zip(chunk).for_each(|(s, v)| *s += (v * down) * (v * down));
    }
    sums.iter().sum::<f64>() + rest
}
