//! Why a tail could not be fitted.

use spectrum_core::Reason;
use thiserror::Error;

use crate::Alternative;

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
    /// The cut-off that the tail's size asks for is zero and has no logarithm: the spectrum has too many zeros.
    #[error("the cut-off is a zero eigenvalue")]
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
    /// An option has no meaning: a cut-off that is not positive and finite, a fraction outside (0, 1], reversed
    /// bounds, a precision outside (0, 1/2].
    #[error("{0}")]
    InvalidOption(&'static str),
    /// The likelihood of an alternative has no maximum: it keeps growing toward the family's limit, which is the power
    /// law itself. Nothing in the family fits this tail better than the power law does.
    #[error("no {alternative} fits better than the power law, which is the limit of that family")]
    TowardsPowerLaw {
        /// The family.
        alternative: Alternative,
    },
    /// An iteration did not converge, or its result is no finite number.
    #[error("the fit of the tail did not converge")]
    NoConvergence,
    /// The fit does not belong to these eigenvalues.
    #[error("the fit was made for other eigenvalues")]
    ForeignFit,
}

/// A name that stands for nothing, and the names that do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unknown {what} `{name}`: expected one of {known}")]
pub struct UnknownName {
    pub(crate) what: &'static str,
    pub(crate) name: String,
    pub(crate) known: &'static str,
}

impl From<TailError> for Reason {
    fn from(e: TailError) -> Self {
        match e {
            TailError::TooFewValues { found, needed } => Self::TooFewValues { found, needed },
            TailError::BelowFloor { .. } => Self::BelowFloor,
            TailError::ZeroCutoff | TailError::EqualTail => Self::Degenerate,
            TailError::NotFinite => Self::NotFinite,
            TailError::NoConvergence => Self::NoConvergence,
            TailError::Unsorted
            | TailError::InvalidOption(_)
            | TailError::TowardsPowerLaw { .. }
            | TailError::ForeignFit => Self::NotApplicable(e.to_string()),
        }
    }
}
