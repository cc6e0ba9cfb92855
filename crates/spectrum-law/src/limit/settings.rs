//! How finely a limit law is computed, and what its answer is worth.

use std::fmt;

use crate::LawError;

/// How finely a limit law is computed. The defaults give a density within about 1e-9 and a distribution function
/// within about 1e-8.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Points that the grid has at least, over all intervals of the support; it is refined where the density needs it.
    pub points: usize,
    /// Relative residual of the fixed-point equations that a point must reach. Newton's method usually ends near 1e-15.
    pub tolerance: f64,
    /// Newton steps from one start; a point starts afresh several times before it is given up.
    pub max_iterations: usize,
    /// How far the integrated mass, atoms included, may be from 1 before the law is called not converged.
    pub mass_tolerance: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { points: 256, tolerance: 1e-10, max_iterations: 60, mass_tolerance: 1e-6 }
    }
}

impl Settings {
    pub(crate) fn check(&self) -> Result<(), LawError> {
        let refuse = |name, value, expected| Err(LawError::Setting { name, value, expected });
        if !(16..=1_000_000).contains(&self.points) {
            return refuse("points", self.points as f64, "16 to 1000000");
        }
        if !(self.tolerance >= 1e-13 && self.tolerance <= 1e-3) {
            return refuse("tolerance", self.tolerance, "1e-13 to 1e-3");
        }
        if !(10..=10_000).contains(&self.max_iterations) {
            return refuse("max_iterations", self.max_iterations as f64, "10 to 10000");
        }
        if !(self.mass_tolerance >= 1e-9 && self.mass_tolerance <= 0.1) {
            return refuse("mass_tolerance", self.mass_tolerance, "1e-9 to 0.1");
        }
        Ok(())
    }
}

/// What a law's numbers are worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Certificate {
    /// Every grid point met the tolerance, the mass is 1 within its own, and so is the mean within that of its upper bound.
    pub converged: bool,
    /// Largest relative residual of the fixed-point equations over the grid.
    pub residual: f64,
    /// Newton steps (and damped iterations, where Newton's method failed), all points together, the search for the
    /// support included.
    pub iterations: usize,
    /// Points solved, the search for the support included.
    pub points: usize,
    /// Grid points that did not meet the tolerance; their density is what the last iterate gave.
    pub unconverged: usize,
    /// Integrated mass, atoms included, minus 1.
    pub mass_error: f64,
    /// Integrated mean, atoms included, minus the mean that the layers' formulas give.
    pub mean_error: f64,
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.converged { "converged" } else { "NOT converged" };
        write!(
            f,
            "{state}: residual {:.1e}, mass error {:+.1e}, mean error {:+.1e}, {} points ({} not converged), {} iterations",
            self.residual, self.mass_error, self.mean_error, self.points, self.unconverged, self.iterations
        )
    }
}

/// What a reader of a law should know about its premises; none of these is an error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Note {
    /// b = 0 (an even activation, such as a normalised x^2): a layer passes on nothing of the data.
    EvenActivation,
    /// b^2 = 1 (a linear activation): r_+ = 0, and the kernels are products of Wishart matrices.
    LinearActivation,
    /// The mean of mu_0 is not 1: samples are not of norm 1, and the activation's constants hold for another argument.
    PopulationMean(f64),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EvenActivation => f.write_str(
                "b = 0: the activation is even, every layer's kernel is that of fresh noise (Marchenko-Pastur of n/d_l) and \
                 the tangent kernel adds a multiple of the identity to it",
            ),
            Self::LinearActivation => f.write_str("b^2 = 1: the activation is linear, r_+ = 0"),
            Self::PopulationMean(mean) => write!(
                f,
                "the mean eigenvalue of the data's Gram matrix is {mean:.4}, not 1: the theory takes samples of norm about 1"
            ),
        }
    }
}
