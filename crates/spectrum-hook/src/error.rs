//! What can go wrong between a model and its rows.

use spectrum_core::CoreError;
use thiserror::Error;

/// A hook that cannot be attached, or whose rows could not be kept.
#[derive(Debug, Error)]
pub enum HookError {
    /// A glob that is not one.
    #[error("spectra.layers: `{glob}` is not a glob: {why}")]
    Glob {
        /// The glob.
        glob: String,
        /// The parser's words.
        why: String,
    },
    /// A glob that selects no layer.
    #[error("spectra.layers: `{glob}` matches no layer; there are {}", layers.join(", "))]
    NoSuchLayer {
        /// The glob.
        glob: String,
        /// The layers there are.
        layers: Vec<String>,
    },
    /// A rule names a parameter that the module does not have.
    #[error("layer {layer}: the module has no parameter `{parameter}`; it has {}", parameters.join(", "))]
    NoSuchParameter {
        /// The rule.
        layer: String,
        /// The parameter asked for.
        parameter: String,
        /// The parameters there are.
        parameters: Vec<String>,
    },
    /// A schedule that records nothing.
    #[error("spectra.every: {0}")]
    Schedule(String),
    /// A view that does not fit the parameter.
    #[error(transparent)]
    Core(#[from] CoreError),
    /// The device could not be read.
    #[error("the device could not be read: {0}")]
    Device(String),
    /// The sink refused a step.
    #[error("step {step} could not be kept: {why}")]
    Sink {
        /// The step.
        step: u64,
        /// The sink's words.
        why: String,
    },
    /// A worker thread failed.
    #[error("a recording worker failed at step {step}: {why}")]
    Worker {
        /// The step.
        step: u64,
        /// What it said.
        why: String,
    },
    /// Threads could not be started.
    #[error("recording threads could not be started: {0}")]
    Threads(#[from] std::io::Error),
    /// Work for a step that has been closed: its rows may be with the sink already.
    #[error("step {step} has been closed; work can be added after the next optimizer step")]
    Closed {
        /// The step.
        step: u64,
    },
    /// The hook was used after `finish`.
    #[error("the hook has been finished")]
    Finished,
}
