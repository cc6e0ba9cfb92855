//! How the eigenvalues share out the matrix's square: rank, entropy, participation and condition.

use spectrum_core::{Blob, Measure, Outcome, Reason, Record, Sample, Spectrum};

use super::trusted::{incomplete, trusted};
use crate::battery::record;

/// `rank`, `entropy`, `participation_ratio`, `condition_number`, with p_i = lambda_i/sum lambda and lambda = s^2.
///
/// - rank: singular values above max(floor, s_1 max(N, p) epsilon): those that the spectrum can tell from zero (numpy's
///   and WeightWatcher's `matrix_rank`, with the spectrum's own floor beside their bound);
/// - entropy: -sum p ln p / ln rank, between 0 and 1 (WeightWatcher 0.7.7, `RMT_Util.matrix_entropy`, which adds 1e-10 to
///   each p and to the rank so as not to divide by zero: its values differ from ours by less than 1e-6);
/// - participation ratio: (sum lambda)^2/sum lambda^2, between 1 and the rank;
/// - condition number: s_1/s_n.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spread;

impl Measure for Spread {
    fn metrics(&self) -> &'static [&'static str] {
        &["rank", "entropy", "participation_ratio", "condition_number"]
    }

    fn measure(&self, sample: &Sample<'_>, records: &mut Vec<Record>, _: &mut Vec<Blob>) {
        let s = sample.spectrum;
        let rank = numerical_rank(s);
        let entropy = match &rank {
            Ok(rank) => trusted("entropy", s, |s| answer(entropy(s, *rank))),
            Err(reason) => reason.clone().into(),
        };
        let participation = trusted("participation_ratio", s, |s| answer(participation_ratio(s)));
        records.push(record(sample.id, "rank", rank.map(|r| r as f64)));
        records.push(record(sample.id, "entropy", entropy));
        records.push(record(sample.id, "participation_ratio", participation));
        records.push(record(sample.id, "condition_number", condition_number(s)));
    }
}

fn answer(value: Option<f64>) -> Outcome {
    value.map_or(Outcome::Missing(Reason::Degenerate), Outcome::from)
}

fn numerical_rank(s: &Spectrum) -> Result<usize, Reason> {
    if !s.is_complete() {
        return Err(incomplete(s));
    }
    // The small factors first: the product of the large ones may overflow.
    let rounding = s.top() * (s.rows.max(s.cols) as f64 * f64::EPSILON);
    Ok(s.singular_values.partition_point(|v| *v > rounding.max(s.floor)))
}

/// -sum p ln p / ln rank with p_i = s_i^2/sum s^2: 1 when `rank` values are equal and the others zero. `None` for a zero
/// matrix and for rank one, where it is 0/0. Values descending.
#[must_use]
pub fn entropy(singular_values: &[f64], rank: usize) -> Option<f64> {
    let weights = shares(singular_values)?;
    if rank < 2 {
        return None;
    }
    let sum: f64 = weights.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
    Some(sum / (rank as f64).ln())
}

/// (sum lambda)^2/sum lambda^2 with lambda = s^2: how many eigenvalues share the sum evenly. `None` for a zero matrix.
/// Values descending.
#[must_use]
pub fn participation_ratio(singular_values: &[f64]) -> Option<f64> {
    let squares: f64 = shares(singular_values)?.iter().map(|p| p * p).sum();
    Some(1.0 / squares)
}

/// lambda_i/sum lambda, formed from quotients so that no square overflows.
fn shares(singular_values: &[f64]) -> Option<Vec<f64>> {
    let top = *singular_values.first().filter(|s| **s > 0.0)?;
    let squares: Vec<f64> = singular_values.iter().map(|s| (s / top) * (s / top)).collect();
    let sum: f64 = squares.iter().sum();
    Some(squares.iter().map(|q| q / sum).collect())
}

fn condition_number(s: &Spectrum) -> Result<f64, Reason> {
    if !s.is_complete() {
        return Err(incomplete(s));
    }
    match s.singular_values.last() {
        _ if s.top() == 0.0 => Err(Reason::Degenerate),
        Some(last) if *last < s.floor => Err(Reason::BelowFloor),
        Some(0.0) | None => Err(Reason::Degenerate),
        Some(last) => Ok(s.top() / last),
    }
}
