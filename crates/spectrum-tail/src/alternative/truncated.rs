//! The power law with an exponential cut-off.

use super::Tail;
use crate::TailError;
use crate::optimise::{maximum, root};
use crate::special::exp_integral_scaled;

/// u^(-alpha) e^(-z (u - 1)) / (e^z E_alpha(z)) on u >= 1, with z = lambda xmin. An exponential family in (alpha, z):
/// the mean log-likelihood -alpha mean(ln u) - z mean(u - 1) - ln(e^z E_alpha(z)) is concave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Truncated {
    pub alpha: f64,
    pub z: f64,
    ln_norm: f64,
}

impl Truncated {
    fn new(alpha: f64, z: f64) -> Self {
        Self { alpha, z, ln_norm: exp_integral_scaled(alpha, z).ln() }
    }

    pub fn fit(tail: &Tail) -> Result<Self, TailError> {
        // The power law on the same tail. With a cut-off, E[ln u] is smaller at the same alpha: no maximum lies above
        // it.
        let power_law = 1.0 + 1.0 / tail.mean_w;
        // On the boundary z = 0 the likelihood falls with z where the sample's mean is at least the power law's,
        // E[u - 1] = 1/(alpha - 2), and the family being concave this is its maximum.
        if power_law > 2.0 && tail.mean_excess >= 1.0 / (power_law - 2.0) {
            return Ok(Self::new(power_law, 0.0));
        }
        let profile = |alpha: f64| match best_z(alpha, tail.mean_excess) {
            Ok(z) => -alpha * tail.mean_w - z * tail.mean_excess - exp_integral_scaled(alpha, z).ln(),
            Err(_) => f64::NAN,
        };
        let (alpha, value) = maximum(profile, 0.0, power_law)?;
        // The other boundary is the exponential.
        let alpha = if profile(0.0) >= value { 0.0 } else { alpha };
        Ok(Self::new(alpha, best_z(alpha, tail.mean_excess)?))
    }

    pub fn ln_pdf(&self, w: f64, excess: f64) -> f64 {
        -self.alpha * w - self.z * excess - self.ln_norm
    }

    pub fn ln_ccdf(&self, w: f64, excess: f64) -> f64 {
        let start = (1.0 - self.alpha) * w;
        if self.z == 0.0 {
            return start;
        }
        let rest = exp_integral_scaled(self.alpha, self.z * (1.0 + excess)).ln();
        start - self.z * excess + rest - self.ln_norm
    }
}

/// The z that is best for an alpha: E[u - 1] = E_(alpha-1)(z)/E_alpha(z) - 1 falls from 1/(alpha - 2) (infinite up to
/// alpha = 2) to 0 with z and must be the sample's.
fn best_z(alpha: f64, mean_excess: f64) -> Result<f64, TailError> {
    if alpha == 0.0 {
        return Ok(1.0 / mean_excess);
    }
    if alpha > 2.0 && mean_excess >= 1.0 / (alpha - 2.0) {
        return Ok(0.0);
    }
    // In ln z, with the logarithm of the mean: both span many orders of magnitude.
    let gap = |ln_z: f64| {
        let z = ln_z.exp();
        let norm = exp_integral_scaled(alpha, z);
        ((exp_integral_scaled(alpha - 1.0, z) - norm) / norm).ln() - mean_excess.ln()
    };
    // With alpha >= 0 the density falls at least as fast as e^(-z u), so that E[u - 1] <= 1/z.
    let high = -mean_excess.ln() + 1e-6;
    let low = SMALLEST_LN_Z.min(high - 1.0);
    if gap(low) <= 0.0 {
        // alpha just above 1: z would be less than any number that matters.
        return if alpha > 1.0 { Ok(0.0) } else { Err(TailError::NoConvergence) };
    }
    Ok(root(gap, low, high)?.exp())
}

/// z = 1e-90: E_(-1)(z) is z^(-2) there, and the largest eigenvalue over xmin is nowhere near 1e90.
const SMALLEST_LN_Z: f64 = -207.0;
