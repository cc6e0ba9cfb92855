//! Hill's estimator with the median as cut-off.

use crate::TailError;

/// The fewest eigenvalues whose upper half holds a value beside the cut-off.
const MIN_VALUES: usize = 3;

/// A power-law tail, density ~ lambda^(-alpha) from xmin on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HillFit {
    /// Exponent of the density.
    pub alpha: f64,
    /// The cut-off, itself part of the tail (unit of an eigenvalue).
    pub xmin: f64,
    /// Eigenvalues in the tail.
    pub tail_size: usize,
    /// (alpha - 1)/sqrt(tail_size): the asymptotic standard error for independent draws. Eigenvalues repel each other,
    /// so that two random matrices differ by much less than this.
    pub standard_error: f64,
}

/// Hill's estimator over the upper half of the eigenvalues.
///
/// With the N eigenvalues ascending and i = floor(N/2) counted from zero, xmin = lambda_i (itself included) and
/// n = N - i:
///
/// ```text
/// alpha = 1 + n / sum_{j >= i} ln(lambda_j / lambda_i)
/// ```
///
/// Source: Hill, Ann. Statist. 3 (1975) 1163, in the reading of Kothapalli et al. (arXiv 2406.04657), whose headline tail
/// index `PL_Alpha_Hill` it is. Other readings of "median" differ by 0.015.
///
/// `eigenvalues` may be ascending or descending. `floor` is the smallest trustworthy eigenvalue, the square of a
/// spectrum's floor; 0 when all are exact.
///
/// # Errors
/// [`TailError::BelowFloor`] when the cut-off is under the floor, [`TailError::TooFewValues`] under three values,
/// [`TailError::ZeroCutoff`], [`TailError::EqualTail`] (up to rounding: the mean of ln(lambda_j/lambda_i) is at most
/// N epsilon), [`TailError::Unsorted`], [`TailError::NotFinite`].
pub fn hill_median(eigenvalues: &[f64], floor: f64) -> Result<HillFit, TailError> {
    if eigenvalues.iter().any(|v| !v.is_finite() || *v < 0.0) {
        return Err(TailError::NotFinite);
    }
    let count = eigenvalues.len();
    if count < MIN_VALUES {
        return Err(TailError::TooFewValues { found: count, needed: MIN_VALUES });
    }
    let tail_size = count - count / 2;
    let tail = upper(eigenvalues, tail_size)?;
    let xmin = tail.clone().fold(f64::INFINITY, f64::min);
    if xmin < floor {
        return Err(TailError::BelowFloor { xmin, floor });
    }
    if xmin == 0.0 {
        return Err(TailError::ZeroCutoff);
    }
    // Quotients of doubles stay finite unless the tail spans the whole exponent range; logarithms cannot overflow.
    let spread: f64 = tail.map(|v| v.ln() - xmin.ln()).sum();
    // Equal values come out of a decomposition with roundings of count * epsilon each; a fit of those is noise.
    if spread <= tail_size as f64 * count as f64 * f64::EPSILON {
        return Err(TailError::EqualTail);
    }
    let alpha = 1.0 + tail_size as f64 / spread;
    Ok(HillFit { alpha, xmin, tail_size, standard_error: (alpha - 1.0) / (tail_size as f64).sqrt() })
}

/// The `size` largest values in ascending order, whichever way the sample is sorted: one order of summation, so that
/// both give the same bits.
fn upper(values: &[f64], size: usize) -> Result<impl Iterator<Item = f64> + Clone + '_, TailError> {
    let descending = values.first() > values.last();
    let in_order = |w: &[f64]| if descending { w[0] >= w[1] } else { w[0] <= w[1] };
    if !values.windows(2).all(in_order) {
        return Err(TailError::Unsorted);
    }
    let count = values.len();
    Ok((count - size..count).map(move |i| values[if descending { count - 1 - i } else { i }]))
}
