//! Testing a spectrum against the law: the Kolmogorov-Smirnov distance and its seeded null.
//!
//! Eigenvalues repel each other, so their distance to the law is far smaller than that of independent draws and
//! Kolmogorov's own tables do not apply: the null is drawn.
//!
//! 1. the observed distance: `fit_bulk(..).trimmed_distance`, or [`MarchenkoPastur::ks_distance`] for a known variance;
//! 2. B null spectra of the same shape by [`crate::null::gaussian_bidiagonal`], their eigenvalues by any tridiagonal
//!    solver, **treated as the observed one was**: where the variance was fitted, it is fitted again for each, or the
//!    p-value is too large (Lilliefors);
//! 3. [`p_value`].
//!
//! [`MarchenkoPastur::ks_distance`]: crate::MarchenkoPastur::ks_distance

/// Share of the null at least as far from the law as the observed spectrum, with its standard error.
///
/// p = (b + 1)/(B + 1) for b of the B null distances at or above the observed one: the observed spectrum counts as one of
/// the null, so that p is never 0 and a test at level alpha errs at most as often as alpha (Davison and Hinkley, Bootstrap
/// Methods and their Application, 1997, section 4.2.1). The standard error is the deviation of the beta(b + 1, B - b + 1)
/// law of the tail probability given the draws: it is not 0 when none of the draws, or all of them, lie above.
///
/// An empty null gives p = 1. A NaN counts against rejection, on either side.
///
/// ```
/// use spectrum_law::ks::p_value;
///
/// let null: Vec<f64> = (1..=99).map(f64::from).collect();
/// let (p, error) = p_value(95.0, &null);
/// assert_eq!(p, 0.06);
/// assert!((error - 0.0235).abs() < 1e-4);
/// ```
#[must_use]
pub fn p_value(observed: f64, null_distances: &[f64]) -> (f64, f64) {
    let draws = null_distances.len() as f64;
    let below = null_distances.iter().filter(|d| **d < observed).count() as f64;
    let above = draws - below;
    let p = (above + 1.0) / (draws + 1.0);
    let error = ((above + 1.0) * (below + 1.0) / (draws + 3.0)).sqrt() / (draws + 2.0);
    (p, error)
}
