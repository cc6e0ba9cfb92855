//! What can be wrong with the input of a law.

use spectrum_core::Reason;
use thiserror::Error;

/// Why a law could not answer.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum LawError {
    /// A matrix without rows or columns.
    #[error("a {rows} x {cols} matrix has no eigenvalues")]
    EmptyMatrix {
        /// Rows.
        rows: usize,
        /// Columns.
        cols: usize,
    },
    /// The entry variance is not a positive finite number.
    #[error("the entry variance must be positive and finite, found {0}")]
    Variance(f64),
    /// A probability outside 0..=1.
    #[error("a probability lies between 0 and 1, found {0}")]
    Probability(f64),
    /// The quantile of an unbounded law at probability 0 or 1, or outside.
    #[error("the law has no bounds: its quantiles need a probability strictly between 0 and 1, found {0}")]
    OpenProbability(f64),
    /// An eigenvalue within the bulk, where there is no spike to infer.
    #[error("the eigenvalue {eigenvalue} lies within the bulk, whose edge is {edge}: no spike can be inferred from it")]
    WithinBulk {
        /// The eigenvalue.
        eigenvalue: f64,
        /// The upper edge of the bulk.
        edge: f64,
    },
    /// Two neighbouring spacings are both zero: their ratio is not defined.
    #[error("{ratios} spacing ratios are 0/0: eigenvalues are equal three or more at a time")]
    EqualValues {
        /// How many ratios are not defined.
        ratios: usize,
    },
    /// The median singular value is zero: there is no noise to scale a threshold by.
    #[error("the median singular value is zero")]
    ZeroMedian,
    /// The strength of a spike is not a positive finite number.
    #[error("the strength of a spike must be positive and finite, found {0}")]
    Strength(f64),
    /// Too few eigenvalues, or too few left after the outliers.
    #[error("{found} eigenvalues, at least {needed} are needed")]
    TooFewValues {
        /// Eigenvalues there are.
        found: usize,
        /// Eigenvalues needed.
        needed: usize,
    },
    /// Not as many eigenvalues as the shape has.
    #[error("a {rows} x {cols} matrix has {} eigenvalues, found {found}", rows.min(cols))]
    Count {
        /// Rows.
        rows: usize,
        /// Columns.
        cols: usize,
        /// Eigenvalues found.
        found: usize,
    },
    /// The eigenvalues are in neither ascending nor descending order.
    #[error("the eigenvalues must be sorted, ascending or descending")]
    Unsorted,
    /// An eigenvalue is NaN, infinite or negative.
    #[error("the eigenvalues must be finite and not negative")]
    NotFinite,
    /// The bulk of the matrix is zero: there is no variance to fit.
    #[error("the bulk of the eigenvalues is zero")]
    ZeroBulk,
}

impl From<LawError> for Reason {
    fn from(e: LawError) -> Self {
        match e {
            LawError::TooFewValues { found, needed } => Self::TooFewValues { found, needed },
            LawError::NotFinite => Self::NotFinite,
            LawError::ZeroBulk | LawError::ZeroMedian | LawError::EqualValues { .. } => Self::Degenerate,
            LawError::Count { .. } => Self::NotComputed(e.to_string()),
            other => Self::NotApplicable(other.to_string()),
        }
    }
}
