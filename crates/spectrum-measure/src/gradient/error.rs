//! What can be wrong with the input of a decomposition.

use spectrum_core::Reason;
use thiserror::Error;

/// Why a gradient could not be taken apart.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum GradientError {
    /// A buffer whose length does not fit the sizes given with it.
    #[error("{what}: {found} elements, {expected} expected")]
    Length {
        /// Which buffer.
        what: &'static str,
        /// Elements found.
        found: usize,
        /// Elements expected.
        expected: usize,
    },
    /// No samples, no inputs or no neurons.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// A regulariser that has no closed form for this loss.
    #[error("{0} has a closed form for squared errors only")]
    Loss(&'static str),
    /// A standard deviation of input noise that is negative or not finite.
    #[error("the noise must be a finite number, zero or above, found {0}")]
    Noise(f64),
}

impl From<GradientError> for Reason {
    fn from(e: GradientError) -> Self {
        Self::NotComputed(e.to_string())
    }
}
