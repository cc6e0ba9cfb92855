//! Why a tail could not be fitted.

use spectrum_core::Reason;
use thiserror::Error;

/// Why a tail could not be fitted.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TailError {
    /// Too few eigenvalues for the estimator to be defined.
    #[error("{found} eigenvalues, at least {needed} are needed")]
    TooFewValues {
        /// Eigenvalues there are.
        found: usize,
        /// Eigenvalues needed.
        needed: usize,
    },
    /// The cut-off lies below the eigenvalue down to which the spectrum is to be trusted.
    #[error("the cut-off {xmin:e} lies below the spectrum's floor {floor:e}")]
    BelowFloor {
        /// The cut-off.
        xmin: f64,
        /// Smallest trustworthy eigenvalue: the floor of the singular values, squared.
        floor: f64,
    },
    /// At least half of the eigenvalues are zero, so that the median cut-off has no logarithm.
    #[error("the median eigenvalue is zero")]
    ZeroCutoff,
    /// Every eigenvalue of the tail equals the cut-off up to rounding: the exponent would be infinite, or noise.
    #[error("all eigenvalues of the tail are equal")]
    EqualTail,
    /// The eigenvalues are in neither ascending nor descending order.
    #[error("the eigenvalues must be sorted, ascending or descending")]
    Unsorted,
    /// An eigenvalue is NaN, infinite or negative.
    #[error("the eigenvalues must be finite and not negative")]
    NotFinite,
}

impl From<TailError> for Reason {
    fn from(e: TailError) -> Self {
        match e {
            TailError::TooFewValues { found, needed } => Self::TooFewValues { found, needed },
            TailError::BelowFloor { .. } => Self::BelowFloor,
            TailError::ZeroCutoff | TailError::EqualTail => Self::Degenerate,
            TailError::NotFinite => Self::NotFinite,
            TailError::Unsorted => Self::NotApplicable(e.to_string()),
        }
    }
}
