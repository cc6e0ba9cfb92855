//! What can go wrong between a config and a finished run.

use std::path::PathBuf;

use spectrum_data::DataError;
use spectrum_hook::HookError;
use spectrum_models::ModelError;
use spectrum_store::StoreError;
use thiserror::Error;

/// Every way in which a run fails. [`TrainError::is_input`] tells wrong input (exit 2) from a failed run (exit 3).
#[derive(Debug, Error)]
pub enum TrainError {
    /// The config file cannot be read.
    #[error("{}: cannot be read: {why}", file.display())]
    ReadConfig {
        /// The file.
        file: PathBuf,
        /// The system's words.
        why: String,
    },
    /// A key of the config is wrong.
    #[error("{}: {key}: {why}", file.display())]
    Config {
        /// The file.
        file: PathBuf,
        /// The key.
        key: String,
        /// What was found and expected.
        why: String,
    },
    /// The resolved config has no TOML form.
    #[error("the resolved config cannot be written: {0}")]
    WriteConfig(String),
    /// A `--set` that is not `key=value`.
    #[error("--set {found}: expected path.to.key=value")]
    Override {
        /// What was found.
        found: String,
    },
    /// A backend that this binary does not hold, or a device that does not answer.
    #[error("backend {backend}: {why}")]
    Backend {
        /// The backend asked for.
        backend: String,
        /// Why it cannot be had.
        why: String,
    },
    /// An environment variable that Burn would obey behind our back.
    #[error(
        "the environment variable BURN_DEVICE is set to `{0}`: Burn would load tensors there; unset it and use --backend"
    )]
    BurnDevice(String),
    /// The data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A batch larger than the training set.
    #[error("training.batch: {batch} samples of {n} there are")]
    Batch {
        /// Samples asked for.
        batch: usize,
        /// Samples there are.
        n: usize,
    },
    /// The hook.
    #[error(transparent)]
    Hook(#[from] HookError),
    /// The run directory.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An unfinished run stands there.
    #[error("{}: an unfinished run stands there (step {step}); --resume goes on with it, --force starts afresh", dir.display())]
    Unfinished {
        /// The run directory.
        dir: PathBuf,
        /// Steps done.
        step: u64,
    },
    /// A checkpoint that cannot be used.
    #[error("{}: {why}", path.display())]
    Checkpoint {
        /// The checkpoint.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The replay bundle could not be written.
    #[error("{}: the tensors could not be written: {why}", path.display())]
    Bundle {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The loss is no longer finite.
    #[error("{}: the run diverged: the training loss at step {step} is not finite; all before it is kept", dir.display())]
    Diverged {
        /// The run directory.
        dir: PathBuf,
        /// The step.
        step: u64,
    },
    /// A panic inside Burn.
    #[error("{}: the run failed: {why}", dir.display())]
    Panicked {
        /// The run directory.
        dir: PathBuf,
        /// The panic's words.
        why: String,
    },
}

impl TrainError {
    /// Whether a key of the config is wrong in a way that shows only beside the data or the model: the message names the
    /// key, and whoever knows the file may put its name in front.
    #[must_use]
    pub fn is_about_a_key(&self) -> bool {
        match self {
            Self::Batch { .. } | Self::Model(_) => true,
            Self::Data(e) => matches!(e, DataError::Request { .. } | DataError::BuiltIn { .. } | DataError::Constant),
            Self::Hook(e) => matches!(
                e,
                HookError::Glob { .. }
                    | HookError::NoSuchLayer { .. }
                    | HookError::NoSuchParameter { .. }
                    | HookError::Schedule(_)
            ),
            _ => false,
        }
    }

    /// Whether the input was wrong (exit code 2) rather than the run (exit code 3).
    #[must_use]
    pub fn is_input(&self) -> bool {
        match self {
            Self::Diverged { .. } | Self::Panicked { .. } | Self::Bundle { .. } => false,
            Self::Hook(e) => !matches!(
                e,
                HookError::Sink { .. } | HookError::Worker { .. } | HookError::Device(_) | HookError::Threads(_)
            ),
            _ => true,
        }
    }
}
