//! Likelihood ratios of two distributions on the same tail.

use crate::alternative::tail_of;
use crate::special::chi_squared_one_tail;
use crate::{AlternativeFit, TailError, TailFit};

/// A likelihood-ratio test. A small p says that the sign of the ratio is to be trusted: the opposite reading of a
/// goodness-of-fit p.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vuong {
    /// The sum over the tail of ln pdf of the first minus ln pdf of the second: above 0 favours the first.
    pub ratio: f64,
    /// ratio/sqrt(n variance), asymptotically standard normal when two distributions that are not nested are equally
    /// far from the truth.
    pub normalized: f64,
    /// Chance of a ratio at least this far from 0 if neither were better: two-sided normal (Vuong, Econometrica 57
    /// (1989) 307; CSN eq. C.6), or, if nested, that 2|ratio| is exceeded by chi-squared with one degree of freedom
    /// (Wilks).
    pub p: f64,
    /// Whether the second distribution contains the first.
    pub nested: bool,
}

/// Compares two densities on the values of a tail. `nested` must say whether the second contains the first. (`powerlaw`
/// guesses from names and takes `lognormal` and `lognormal_positive` for nested.)
///
/// Densities that agree on every value, up to rounding, have ratio 0 and p = 1.
///
/// # Errors
/// [`TailError::TooFewValues`] without values; [`TailError::NoConvergence`] where a logarithm of a density is not
/// finite.
pub fn vuong(
    tail: &[f64],
    first: impl Fn(f64) -> f64,
    second: impl Fn(f64) -> f64,
    nested: bool,
) -> Result<Vuong, TailError> {
    if tail.is_empty() {
        return Err(TailError::TooFewValues { found: 0, needed: 1 });
    }
    let n = tail.len() as f64;
    let mut scale = 0.0f64;
    let differences: Vec<f64> = tail
        .iter()
        .map(|&x| {
            let (a, b) = (first(x), second(x));
            scale = scale.max(a.abs()).max(b.abs());
            a - b
        })
        .collect();
    let ratio: f64 = differences.iter().sum();
    let mean = ratio / n;
    let deviation = (differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / n).sqrt();
    if !(ratio.is_finite() && deviation.is_finite() && scale.is_finite()) {
        return Err(TailError::NoConvergence);
    }
    // Logarithms of densities carry the rounding of their largest terms, and of the special functions in them.
    let rounding = 1e3 * f64::EPSILON * (1.0 + scale);
    if deviation <= rounding && mean.abs() <= rounding {
        return Ok(Vuong { ratio: 0.0, normalized: 0.0, p: 1.0, nested });
    }
    let normalized = ratio / (n.sqrt() * deviation.max(rounding));
    let p = if nested {
        chi_squared_one_tail(2.0 * ratio.abs())
    } else {
        libm::erfc(normalized.abs() * std::f64::consts::FRAC_1_SQRT_2)
    };
    Ok(Vuong { ratio, normalized, p, nested })
}

/// Compares a power law (first) with an alternative (second) on their tail: a ratio above 0 favours the power law. Only
/// the truncated power law nests it.
///
/// A ratio above 0 is possible against the exponential alone. The power law is a member of the truncated power laws and
/// the limit of the other two families, so that their maxima are never below it: there p decides.
///
/// # Errors
/// [`TailError::ForeignFit`] when the fits are not both of these eigenvalues' tail; else as [`vuong`].
pub fn compare(eigenvalues: &[f64], power_law: &TailFit, other: &AlternativeFit) -> Result<Vuong, TailError> {
    if power_law.xmin != other.xmin || power_law.tail_size != other.tail_size {
        return Err(TailError::ForeignFit);
    }
    let tail = tail_of(eigenvalues, power_law)?;
    vuong(&tail, |x| power_law.ln_pdf(x), |x| other.ln_pdf(x), other.alternative.nests_power_law())
}
