//! What can be wrong with a model's description.

use thiserror::Error;

/// A model that cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ModelError {
    /// A size that must not be zero.
    #[error("model.{key}: must be at least 1, found 0")]
    ZeroSize {
        /// The key.
        key: &'static str,
    },
    /// Weights that do not fit into memory addresses.
    #[error("model: {rows} x {cols} weights are too many")]
    TooLarge {
        /// Outputs.
        rows: usize,
        /// Inputs.
        cols: usize,
    },
    /// A kernel without a centre.
    #[error("model.kernel: must be odd, so that the image keeps its size, found {found}")]
    EvenKernel {
        /// The side.
        found: usize,
    },
    /// Nothing is left of the image before the readout.
    #[error("model.channels: {poolings} poolings leave nothing of a {height} x {width} image")]
    ImageTooSmall {
        /// Rows of the image.
        height: usize,
        /// Columns of the image.
        width: usize,
        /// How often it is halved.
        poolings: usize,
    },
    /// Heads that do not divide the width.
    #[error("model.heads: {heads} heads do not divide the width {width}; expected a divisor of it")]
    Heads {
        /// Heads asked for.
        heads: usize,
        /// d.
        width: usize,
    },
    /// A path prefix in `model.train` that no parameter has.
    #[error("model.train: no parameter begins with `{prefix}`; there are {}", paths.join(", "))]
    NoSuchParameter {
        /// The prefix.
        prefix: String,
        /// The paths there are.
        paths: Vec<String>,
    },
    /// Nothing to train.
    #[error("model.train: an empty list leaves nothing to train; name path prefixes such as \"hidden\"")]
    NothingToTrain,
}
