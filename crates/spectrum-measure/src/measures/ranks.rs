//! How many directions a matrix uses, counted in four ways from its singular values.

use spectrum_core::{Blob, Measure, Outcome, Reason, Record, Sample, Spectrum};

use super::trusted::trusted;
use crate::battery::record;

/// Share of the sum of singular values that `mass_rank_90` collects.
const MASS: f64 = 0.9;

/// `effective_rank`, `effective_rank_normalized`, `mass_rank_90`, `gini`, all of the singular values s (not of s^2).
///
/// They are blind to scale and to rotations from either side. A zero matrix has none of them ([`Reason::Degenerate`]).
#[derive(Debug, Clone, Copy, Default)]
pub struct Ranks;

impl Measure for Ranks {
    fn metrics(&self) -> &'static [&'static str] {
        &["effective_rank", "effective_rank_normalized", "mass_rank_90", "gini"]
    }

    fn measure(&self, sample: &Sample<'_>, records: &mut Vec<Record>, _: &mut Vec<Blob>) {
        let s = sample.spectrum;
        let effective = trusted("effective_rank", s, |s| answer(effective_rank(s)));
        let normalized = normalized(&effective, s);
        let mass = trusted("mass_rank_90", s, |s| answer(mass_rank(s, MASS).map(|k| k as f64)));
        let gini = trusted("gini", s, |s| answer(gini(s)));
        records.push(record(sample.id, "effective_rank", effective));
        records.push(record(sample.id, "effective_rank_normalized", normalized));
        records.push(record(sample.id, "mass_rank_90", mass));
        records.push(record(sample.id, "gini", gini));
    }
}

/// The effective rank over min(rows, cols).
fn normalized(effective: &Outcome, s: &Spectrum) -> Outcome {
    match effective {
        Outcome::Value(v) => Outcome::from(v / s.rank_bound() as f64),
        missing => missing.clone(),
    }
}

/// `effective_rank_normalized` of a spectrum.
pub(crate) fn normalized_rank(s: &Spectrum) -> Outcome {
    normalized(&trusted("effective_rank", s, |s| answer(effective_rank(s))), s)
}

fn answer(value: Option<f64>) -> Outcome {
    value.map_or(Outcome::Missing(Reason::Degenerate), Outcome::from)
}

/// Effective rank: exp(-sum p_i ln p_i) with p_i = s_i/sum s (Roy and Vetterli, EUSIPCO 2007, definition 1), between 1 and
/// the number of values. `None` when all are zero.
#[must_use]
pub fn effective_rank(singular_values: &[f64]) -> Option<f64> {
    let singular_values = scaled(singular_values)?;
    let sum: f64 = singular_values.iter().sum();
    let entropy: f64 = singular_values
        .iter()
        .map(|s| s / sum)
        // 0 ln 0 = 0.
        .filter(|p| *p > 0.0)
        .map(|p| -p * p.ln())
        .sum();
    Some(entropy.exp())
}

/// The smallest k such that the k largest singular values hold more than `mass` of the sum of all (Yunis et al., arXiv
/// 2408.11804: their 90 % count is this number over min(rows, cols)). Values descending. `None` when all are zero.
#[must_use]
pub fn mass_rank(singular_values: &[f64], mass: f64) -> Option<usize> {
    let singular_values = scaled(singular_values)?;
    let sum: f64 = singular_values.iter().sum();
    let mut held = 0.0;
    let reached = singular_values.iter().position(|s| {
        held += s;
        held > mass * sum
    });
    // Rounding alone can keep the last partial sum from exceeding the share (mass = 1).
    Some(reached.map_or(singular_values.len(), |i| i + 1))
}

/// Gini coefficient: half the mean absolute difference of two values over their mean, sum |s_i - s_j| / (2 n^2 mean),
/// from 0 (all equal) to 1 - 1/n (one value). Values descending. `None` when all are zero.
#[must_use]
pub fn gini(singular_values: &[f64]) -> Option<f64> {
    let singular_values = scaled(singular_values)?;
    let n = singular_values.len() as f64;
    let sum: f64 = singular_values.iter().sum();
    // The i-th largest (from 0) is larger than n - 1 - i values and smaller than i.
    let weighted: f64 = singular_values.iter().enumerate().map(|(i, s)| (n - 1.0 - 2.0 * i as f64) * s).sum();
    Some((weighted / (n * sum)).max(0.0))
}

/// The values over a power of two near the largest, so that their sum cannot overflow and no bit is lost. `None` when all are
/// zero.
fn scaled(singular_values: &[f64]) -> Option<Vec<f64>> {
    let top = singular_values.iter().copied().fold(0.0f64, f64::max);
    if top <= 0.0 {
        return None;
    }
    let factor = 2f64.powi(-(top.log2().floor().clamp(-1000.0, 1000.0) as i32));
    Some(singular_values.iter().map(|s| s * factor).collect())
}
