//! What can be wrong with the input of a probe or a baseline.

use spectrum_core::Reason;
use spectrum_linalg::LinalgError;
use thiserror::Error;

/// Why a probe could not be measured.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum MeasureError {
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
    /// No samples, no features or no outputs.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// A ridge parameter that is not positive and finite.
    #[error("the ridge parameter must be positive and finite, found {0}")]
    Ridge(f64),
    /// The linear system could not be solved.
    #[error(transparent)]
    Solve(#[from] LinalgError),
}

impl From<MeasureError> for Reason {
    fn from(e: MeasureError) -> Self {
        match e {
            MeasureError::Solve(e) => e.into(),
            other => Self::NotComputed(other.to_string()),
        }
    }
}
