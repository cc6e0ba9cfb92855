//! What the eigenvalues of a kernel say.

use spectrum_core::{Outcome, Reason, Spectrum};
use spectrum_tail::hill_median;

use super::KernelSample;
use crate::measures::{effective_rank, trusted};

/// How far above the floor the smallest nonzero eigenvalue must lie where others are zero.
const GAP: f64 = 1e3;

/// Answers to [`METRICS`](super::METRICS).
pub(super) fn outcomes(sample: &KernelSample<'_>, s: &Spectrum) -> [Outcome; 11] {
    let (n, lambda) = (sample.n, &s.singular_values);
    // Divided before they are summed: no sum overflows.
    let trace_mean: f64 = sample.kernel.iter().step_by(n + 1).map(|d| d / n as f64).sum();
    let nonzero = nonzero(s);
    let hill = nonzero.clone().and_then(|values| hill_median(values, s.floor).map_err(Reason::from));
    let rank = trusted("effective_rank", s, |s| effective_rank(s).map_or(Reason::Degenerate.into(), Outcome::from));
    let smallest = lambda[n - 1];
    let median = nonzero.and_then(|v| v.get((v.len().max(1) - 1) / 2).copied().ok_or(Reason::Degenerate));
    [
        trace_mean.into(),
        s.top().into(),
        above_floor(s, smallest).into(),
        quotient(s, s.top(), smallest).into(),
        quotient(s, trace_mean, s.top()).map(|share| share * n as f64).into(),
        rank,
        hill.map(|fit| fit.alpha).into(),
        hill_top(s).into(),
        quotient(s, s.top(), lambda[1]).into(),
        match lambda.get(9) {
            Some(tenth) => quotient(s, s.top(), *tenth).into(),
            None => Reason::TooFewValues { found: n, needed: 10 }.into(),
        },
        median.and_then(|median| quotient(s, above_floor(s, lambda[1])?, median)).into(),
    ]
}

/// An eigenvalue, unless it lies below the floor.
fn above_floor(s: &Spectrum, lambda: f64) -> Result<f64, Reason> {
    if lambda < s.floor { Err(Reason::BelowFloor) } else { Ok(lambda) }
}

/// numerator/denominator, two numbers in the unit of an eigenvalue.
fn quotient(s: &Spectrum, numerator: f64, denominator: f64) -> Result<f64, Reason> {
    match above_floor(s, denominator)? {
        0.0 => Err(Reason::Degenerate),
        denominator => Ok(numerator / denominator),
    }
}

/// The eigenvalues that are not zero: all, or those above the floor if a gap separates them from the others.
fn nonzero(s: &Spectrum) -> Result<&[f64], Reason> {
    let values = &s.singular_values[..];
    let rank = values.partition_point(|l| *l > s.floor);
    match values[..rank].last() {
        Some(last) if rank < values.len() && *last < GAP * s.floor => Err(Reason::BelowFloor),
        _ => Ok(&values[..rank]),
    }
}

/// Hill's estimator over the tenth part of all eigenvalues, its cut-off itself part of the tail as in
/// [`hill_median`].
fn hill_top(s: &Spectrum) -> Result<f64, Reason> {
    let n = s.singular_values.len();
    let tail = &s.singular_values[..(n / 10).max(2)];
    let xmin = above_floor(s, tail[tail.len() - 1])?;
    if xmin == 0.0 {
        return Err(Reason::Degenerate);
    }
    let spread: f64 = tail.iter().map(|l| l.ln() - xmin.ln()).sum();
    // Equal values come with roundings of n epsilon each; a fit of those is noise.
    if spread <= (tail.len() * n) as f64 * f64::EPSILON {
        return Err(Reason::Degenerate);
    }
    Ok(1.0 + tail.len() as f64 / spread)
}
