//! What can be wrong with a matrix, a view or a name.

use thiserror::Error;

/// A value that breaks the vocabulary's rules.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CoreError {
    /// The buffer's length is not rows times columns.
    #[error("{layer}: {found} elements for a {rows} x {cols} matrix, which has {}", rows * cols)]
    Length {
        /// The layer that the matrix was taken from.
        layer: String,
        /// Rows (outputs).
        rows: usize,
        /// Columns (inputs).
        cols: usize,
        /// Elements found.
        found: usize,
    },
    /// A view that this parameter's shape does not have.
    #[error("{parameter}: the view `{view}` needs {expected}, found shape {shape:?}")]
    View {
        /// The parameter's path.
        parameter: String,
        /// The view asked for.
        view: String,
        /// What the view reads.
        expected: &'static str,
        /// The parameter's shape.
        shape: Vec<usize>,
    },
    /// A word that is not in the vocabulary.
    #[error("`{found}` is no {what}; expected one of {expected}")]
    Unknown {
        /// What was being read.
        what: &'static str,
        /// What was found.
        found: String,
        /// The words there are.
        expected: &'static str,
    },
}
