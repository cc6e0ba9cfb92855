//! Why there is no kernel.

use thiserror::Error;

/// What is wrong with the model or the samples.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KernelError {
    /// A kernel of fewer than two samples has no spectrum worth the name.
    #[error("a kernel needs at least two samples, found {found}")]
    TooFewSamples {
        /// Samples given.
        found: usize,
    },
    /// An output that the network does not have.
    #[error("the network has {outputs} outputs, counted from 0; there is no output {asked}")]
    NoSuchOutput {
        /// The output asked for.
        asked: usize,
        /// Outputs there are.
        outputs: usize,
    },
    /// None of the layers trains: the tangent kernel is zero.
    #[error("no parameter of a layer trains, so there is no tangent kernel")]
    NothingTrains,
    /// A parameter that trains and belongs to no layer that the model declares.
    #[error(
        "`{path}` trains, but no layer of the forward pass reports it: its part of the tangent kernel is not known"
    )]
    NotTapped {
        /// The parameter's path.
        path: String,
    },
}
