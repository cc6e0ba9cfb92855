//! What can go wrong between a config and a finished run.

use std::path::PathBuf;

use spectrum_checkpoint::CheckpointError;
use spectrum_data::DataError;
use spectrum_hook::HookError;
use spectrum_kernel::KernelError;
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
    #[error("data: {0}")]
    Data(#[from] DataError),
    /// A file of data that cannot be read.
    #[error("data: {0}")]
    DataFile(#[from] CheckpointError),
    /// A file of data that does not hold what a run needs.
    #[error("data: {}: {why}", file.display())]
    DataTensor {
        /// The file.
        file: PathBuf,
        /// What was found and expected.
        why: String,
    },
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
    /// A living process is at this run.
    #[error("{}: this run is already running{}", dir.display(), pid.map_or_else(String::new, |p| format!(" (process {p})")))]
    Running {
        /// The run directory.
        dir: PathBuf,
        /// The process, if it left its number.
        pid: Option<u32>,
    },
    /// A finished run without the bundle that was asked for.
    #[error("{}: this run was done without --tensors; --force repeats it with them", dir.display())]
    NoTensors {
        /// The run directory.
        dir: PathBuf,
    },
    /// A run that this machine's memory cannot hold.
    #[error(
        "data, model and kernels: this run needs at least {:.1} GB of memory, and {:.1} GB are free",
        *needed as f64 / 1e9,
        *available as f64 / 1e9
    )]
    TooLarge {
        /// Bytes needed at least.
        needed: u128,
        /// Bytes free.
        available: u128,
    },
    /// Weights biased along a spike that the data do not have.
    #[error(
        "model.init: `biased` needs data with a spike: data.kind = \"spiked\", or data.spikes of images or a matrix"
    )]
    NoSpike,
    /// A limit law for the trace over several outputs.
    #[error("kernels.output: the limit law is that of one output; expected a number below {outputs}, found \"trace\"")]
    LawOfOneOutput {
        /// Outputs there are.
        outputs: usize,
    },
    /// A kernel that cannot be formed.
    #[error("kernels: {0}")]
    Kernel(#[from] KernelError),
    /// Images that are not square, for a network of convolutions.
    #[error("model.kind: conv-net needs square grey images; {dim} inputs a sample are no square")]
    NotSquare {
        /// Inputs of a sample.
        dim: usize,
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
    /// The run went well but could no longer be kept: its disk is full, say.
    #[error("{}: the run stopped at step {step}: {why}", dir.display())]
    Stopped {
        /// The run directory.
        dir: PathBuf,
        /// The step.
        step: u64,
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
    /// The directory of a run that began and failed.
    #[must_use]
    pub fn run_directory(&self) -> Option<&std::path::Path> {
        match self {
            Self::Diverged { dir, .. } | Self::Panicked { dir, .. } | Self::Stopped { dir, .. } => Some(dir),
            _ => None,
        }
    }

    /// Whether a key of the config is wrong in a way that shows only beside the data or the model: the message names the
    /// key, and whoever knows the file may put its name in front.
    #[must_use]
    pub fn is_about_a_key(&self) -> bool {
        match self {
            Self::Batch { .. }
            | Self::Model(_)
            | Self::TooLarge { .. }
            | Self::NotSquare { .. }
            | Self::NoSpike
            | Self::LawOfOneOutput { .. }
            | Self::Kernel(_) => true,
            Self::Data(e) => matches!(
                e,
                DataError::Request { .. } | DataError::BuiltIn { .. } | DataError::Constant | DataError::TooFew { .. }
            ),
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
            Self::Diverged { .. } | Self::Panicked { .. } | Self::Bundle { .. } | Self::Stopped { .. } => false,
            Self::Hook(e) => !matches!(
                e,
                HookError::Sink { .. } | HookError::Worker { .. } | HookError::Device(_) | HookError::Threads(_)
            ),
            _ => true,
        }
    }
}
