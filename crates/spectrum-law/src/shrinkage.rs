//! Where to cut the singular values of a noisy matrix: the optimal hard threshold of Gavish and Donoho.
//!
//! For a low-rank matrix under white noise of variance sigma^2, keeping exactly the singular values above the threshold
//! minimises the asymptotic mean squared error of the reconstruction, whatever the unknown rank. It lies above the edge of
//! the bulk: a spike just outside it is real, but too badly aligned to be worth keeping.
//!
//! Source: Gavish and Donoho, IEEE Trans. Inform. Theory 60 (2014) 5040, equations 3, 4 and 11. Their m x n matrix has
//! m <= n and beta = m/n in 0..=1.

use crate::{LawError, MarchenkoPastur};

/// lambda*(beta) = sqrt(2(beta + 1) + 8 beta/(beta + 1 + sqrt(beta^2 + 14 beta + 1))): the threshold in units of
/// sigma sqrt(n), for the ratio beta of the shorter to the longer side. 4/sqrt 3 for a square matrix.
#[must_use]
pub fn lambda_star(beta: f64) -> f64 {
    let one = beta + 1.0;
    (2.0 * one + 8.0 * beta / (one + (beta * beta + 14.0 * beta + 1.0).sqrt())).sqrt()
}

/// omega(beta) = lambda*(beta)/sqrt(mu_beta): the threshold in units of the median singular value, mu_beta the median of
/// the Marchenko-Pastur law. 2.858 for a square matrix.
///
/// # Errors
/// [`LawError::EmptyMatrix`].
pub fn omega(rows: usize, cols: usize) -> Result<f64, LawError> {
    let median = MarchenkoPastur::new(rows, cols, 1.0)?.quantile(0.5)?;
    let (long, short) = (rows.max(cols) as f64, rows.min(cols) as f64);
    Ok(lambda_star(short / long) * (long / median).sqrt())
}

/// The threshold for a known entry variance, lambda*(beta) sigma sqrt(max(rows, cols)) (unit of a singular value).
///
/// # Errors
/// [`LawError::EmptyMatrix`], [`LawError::Variance`] unless the variance is positive and finite.
pub fn threshold_known(rows: usize, cols: usize, variance: f64) -> Result<f64, LawError> {
    let law = MarchenkoPastur::new(rows, cols, variance)?;
    let (long, short) = (law.rows().max(law.cols()) as f64, law.rows().min(law.cols()) as f64);
    Ok(lambda_star(short / long) * (variance * long).sqrt())
}

/// The threshold for an unknown variance, omega(beta) times the median singular value. All min(rows, cols) singular values
/// are needed, in any order.
///
/// The median is that of noise and signal together: with many spikes (p/4, say) it overstates the noise, and
/// [`threshold_known`] with the variance of [`crate::fit_bulk`] is the better choice.
///
/// # Errors
/// [`LawError::EmptyMatrix`], [`LawError::Count`], [`LawError::NotFinite`], [`LawError::ZeroMedian`] when half of them or
/// more are zero.
///
/// ```
/// use spectrum_law::shrinkage::{rank, threshold_known, threshold_unknown};
///
/// // Square, variance 1: 4/sqrt 3 times sqrt n.
/// assert!((threshold_known(100, 100, 1.0)? - 23.094).abs() < 1e-3);
/// let singular_values = [30.0, 5.0, 4.0, 3.0, 1.0];
/// let threshold = threshold_unknown(5, 5, &singular_values)?;
/// assert!((threshold - 2.8582 * 4.0).abs() < 1e-3);
/// assert_eq!(rank(&singular_values, threshold), 1);
/// # Ok::<(), spectrum_law::LawError>(())
/// ```
pub fn threshold_unknown(rows: usize, cols: usize, singular_values: &[f64]) -> Result<f64, LawError> {
    let omega = omega(rows, cols)?;
    let count = rows.min(cols);
    if singular_values.len() != count {
        return Err(LawError::Count { rows, cols, found: singular_values.len() });
    }
    if singular_values.iter().any(|s| !s.is_finite() || *s < 0.0) {
        return Err(LawError::NotFinite);
    }
    let mut sorted = singular_values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let median = 0.5 * (sorted[(count - 1) / 2] + sorted[count / 2]);
    if median > 0.0 { Ok(omega * median) } else { Err(LawError::ZeroMedian) }
}

/// How many singular values lie above a threshold: the rank that is worth keeping.
#[must_use]
pub fn rank(singular_values: &[f64], threshold: f64) -> usize {
    singular_values.iter().filter(|s| **s > threshold).count()
}
