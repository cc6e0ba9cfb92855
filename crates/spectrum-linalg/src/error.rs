//! What can go wrong in a decomposition or a solve.

use spectrum_core::{Reason, Route};
use thiserror::Error;

/// Why there is no spectrum or no solution.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LinalgError {
    /// The matrix holds NaN or infinity, or its singular values leave the range of f64.
    #[error("the matrix or its singular values are not finite")]
    NotFinite,
    /// An iteration did not reach its tolerance.
    #[error("{0} did not converge")]
    NoConvergence(&'static str),
    /// The buffer's length is not rows times columns.
    #[error("{found} elements for a {rows} x {cols} matrix")]
    Length {
        /// Rows of the matrix.
        rows: usize,
        /// Columns of the matrix.
        cols: usize,
        /// Elements found.
        found: usize,
    },
    /// The workspace does not fit in memory.
    #[error("a workspace of {elements} doubles does not fit in memory")]
    TooLarge {
        /// Doubles asked for; `usize::MAX` when the number itself overflows.
        elements: usize,
    },
    /// A route that gives no single values: `density` gives expected counts.
    #[error("route `{0}` gives expected counts, not singular values: see `Plan::density`")]
    Unsupported(Route),
    /// A count that must not be zero.
    #[error("{0} must be at least one")]
    AtLeastOne(&'static str),
    /// A fraction outside [0, 1]; the text is the number.
    #[error("a fraction of {0}: it must lie between 0 and 1")]
    Fraction(String),
    /// A Cholesky factorisation met a pivot that is not positive.
    #[error("the matrix is not positive definite (pivot {0})")]
    NotPositiveDefinite(usize),
    /// Eigenvalues of a kernel lie below zero by more than rounding.
    #[error("{0} eigenvalues are negative: no kernel, which is positive semidefinite")]
    NotPositiveSemidefinite(usize),
}

impl From<LinalgError> for Reason {
    fn from(e: LinalgError) -> Self {
        match e {
            LinalgError::NotFinite => Self::NotFinite,
            LinalgError::NoConvergence(_) => Self::NoConvergence,
            LinalgError::NotPositiveDefinite(_) => Self::Degenerate,
            LinalgError::NotPositiveSemidefinite(_) => Self::NotApplicable(e.to_string()),
            LinalgError::Length { .. }
            | LinalgError::TooLarge { .. }
            | LinalgError::Unsupported(_)
            | LinalgError::AtLeastOne(_)
            | LinalgError::Fraction(_) => Self::NotComputed(e.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_keep_the_cause() {
        assert_eq!(Reason::from(LinalgError::NotFinite), Reason::NotFinite);
        assert_eq!(Reason::from(LinalgError::NoConvergence("x")), Reason::NoConvergence);
        assert_eq!(
            Reason::from(LinalgError::Unsupported(Route::Density)),
            Reason::NotComputed(
                "route `density` gives expected counts, not singular values: see `Plan::density`".into()
            )
        );
    }
}
