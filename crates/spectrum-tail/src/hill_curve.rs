//! Hill's estimator over every tail size, and the place where it is stable.

use crate::sample::{Sample, spreads};
use crate::{Convention, TailError};

/// The fewest values of a tail that a stable region may begin with: the relative error of an exponent is then a third.
const MIN_REGION: usize = 10;

/// alpha against the size of the tail. Both vectors have the same length.
#[derive(Debug, Clone, PartialEq)]
pub struct HillCurve {
    /// Sizes of the tail, ascending from 2; xmin itself is counted.
    pub tail_size: Vec<usize>,
    /// 1 + n / sum ln(lambda_j / xmin) for each.
    pub alpha: Vec<f64>,
}

/// Hill's estimator for every cut-off that is positive and not below the floor (the Hill plot). Sizes whose tail is
/// equal up to rounding are left out. The median cut-off's point is [`hill_median`](crate::hill_median).
///
/// # Errors
/// [`TailError::TooFewValues`] under two such values, [`TailError::EqualTail`], [`TailError::BelowFloor`],
/// [`TailError::NotFinite`], [`TailError::Unsorted`].
pub fn hill_curve(eigenvalues: &[f64], floor: f64) -> Result<HillCurve, TailError> {
    let sample = Sample::read(eigenvalues, floor, Convention::Hill)?;
    let n = sample.logs.len();
    if n < 2 {
        return Err(sample.nothing_kept(2));
    }
    let mut spread = Vec::new();
    spreads(&sample.logs, &mut spread);
    let noise = eigenvalues.len() as f64 * f64::EPSILON;
    let (tail_size, alpha): (Vec<_>, Vec<_>) = (2..=n)
        .map(|size| (size, size as f64, spread[n - size]))
        .filter(|(_, count, spread)| *spread > count * noise)
        .map(|(size, count, spread)| (size, 1.0 + count / spread))
        .unzip();
    if tail_size.is_empty() { Err(TailError::EqualTail) } else { Ok(HillCurve { tail_size, alpha }) }
}

/// A range of tail sizes over which Hill's estimator hardly moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StableRegion {
    /// The smallest tail of the region.
    pub from: usize,
    /// The largest tail of the region: twice the smallest.
    pub to: usize,
    /// Median of alpha over the region.
    pub alpha: f64,
    /// (largest - smallest)/(middle of the two - 1) of alpha over the region: 0.1 is a plateau, 1 is none.
    pub spread: f64,
}

/// The most stable region of a Hill plot: of all regions [k, 2k] with k >= 10, the one with the smallest spread (of
/// equal ones that with the larger tail). On the axis log k, which Resnick and Staricka (1997) recommend for Hill
/// plots, all these regions are equally wide. Within one the estimator's random walk shrinks as k^(-1/2), and its bias
/// grows with k, so that the smallest spread weighs one against the other.
///
/// # Errors
/// [`TailError::TooFewValues`] with fewer than 20 sizes; [`TailError::InvalidOption`] for a curve that [`hill_curve`]
/// did not make: exponents that are not finite or not above 1.
pub fn stable_region(curve: &HillCurve) -> Result<StableRegion, TailError> {
    if !curve.alpha.iter().all(|a| a.is_finite() && *a > 1.0) {
        return Err(TailError::InvalidOption("the exponents of a Hill curve must be finite and above 1"));
    }
    let mut best: Option<(f64, usize, usize)> = None;
    let (mut high, mut low) = (Extremes::default(), Extremes::default());
    let mut end = 0;
    let points = curve.tail_size.len().min(curve.alpha.len());
    for (begin, &from) in curve.tail_size[..points].iter().enumerate() {
        if from < MIN_REGION {
            continue;
        }
        while end < points && curve.tail_size[end] <= 2 * from {
            high.push(end, curve.alpha[end]);
            low.push(end, -curve.alpha[end]);
            end += 1;
        }
        // The curve must reach the region's end.
        if curve.tail_size[points - 1] < 2 * from {
            break;
        }
        let (Some(high), Some(low)) = (high.since(begin), low.since(begin)) else { continue };
        let spread = (high + low) / ((high - low) / 2.0 - 1.0);
        if best.is_none_or(|(s, ..)| spread <= s) {
            best = Some((spread, begin, end));
        }
    }
    let found = curve.tail_size.last().copied().unwrap_or(0);
    let (spread, begin, end) = best.ok_or(TailError::TooFewValues { found, needed: 2 * MIN_REGION })?;
    let mut region = curve.alpha[begin..end].to_vec();
    region.sort_unstable_by(f64::total_cmp);
    let alpha = (region[(region.len() - 1) / 2] + region[region.len() / 2]) / 2.0;
    let from = curve.tail_size[begin];
    Ok(StableRegion { from, to: 2 * from, alpha, spread })
}

/// The largest value of a window that only moves forward.
#[derive(Default)]
struct Extremes(std::collections::VecDeque<(usize, f64)>);

impl Extremes {
    fn push(&mut self, i: usize, value: f64) {
        while self.0.back().is_some_and(|(_, v)| *v <= value) {
            self.0.pop_back();
        }
        self.0.push_back((i, value));
    }

    fn since(&mut self, begin: usize) -> Option<f64> {
        while self.0.front().is_some_and(|(i, _)| *i < begin) {
            self.0.pop_front();
        }
        self.0.front().map(|(_, v)| *v)
    }
}
