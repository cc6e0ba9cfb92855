//! What can go wrong between a checkpoint and a run directory.

use std::path::PathBuf;

use spectrum_checkpoint::CheckpointError;
use spectrum_core::CoreError;
use spectrum_linalg::LinalgError;
use spectrum_store::StoreError;
use thiserror::Error;

/// Why a checkpoint could not be analysed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AnalyzeError {
    /// The file cannot be read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The run directory cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A parameter does not have the axes that its view reads.
    #[error("{path}: {source}", path = path.display())]
    View {
        /// The checkpoint.
        path: PathBuf,
        /// Which parameter and view.
        source: CoreError,
    },
    /// More matrices than a run directory is made for.
    #[error("{path}: more than {limit} matrices are chosen: choose fewer with --layers, or fewer --views", path = path.display())]
    TooMany {
        /// The checkpoint.
        path: PathBuf,
        /// The most that are taken.
        limit: usize,
    },
    /// A glob cannot be read.
    #[error("--layers `{glob}` is no pattern: {why}")]
    Glob {
        /// The pattern.
        glob: String,
        /// What is wrong with it.
        why: String,
    },
    /// A glob matches no matrix.
    #[error("--layers `{glob}` matches none of the {count} matrices of {path}{nearest}", path = path.display())]
    NoSuchLayer {
        /// The pattern.
        glob: String,
        /// The checkpoint.
        path: PathBuf,
        /// Matrices there are.
        count: usize,
        /// A hint, with its own punctuation; may be empty.
        nearest: String,
    },
    /// There is nothing to analyse.
    #[error("{path} holds no matrix: {what}", path = path.display())]
    NoMatrix {
        /// The checkpoint.
        path: PathBuf,
        /// What it does hold.
        what: String,
    },
    /// The base has no tensor in common with the checkpoint.
    #[error("{base} shares no tensor of equal name and shape with {path}", base = base.display(), path = path.display())]
    NothingInCommon {
        /// The checkpoint.
        path: PathBuf,
        /// The base.
        base: PathBuf,
    },
    /// An option's value is not one of those that it knows.
    #[error("{option}: found `{found}`, expected {expected}")]
    Option {
        /// The option.
        option: &'static str,
        /// What was given.
        found: String,
        /// What it takes.
        expected: &'static str,
    },
    /// Another process writes the same directory.
    #[error("{dir} is being written by another process{}", pid.map(|p| format!(" ({p})")).unwrap_or_default(), dir = dir.display())]
    Running {
        /// The run directory.
        dir: PathBuf,
        /// The process, if known.
        pid: Option<u32>,
    },
    /// The settings cannot be written as TOML.
    #[error("the settings cannot be written: {0}")]
    Settings(String),
    /// A file's facts cannot be read.
    #[error("{path}: {why}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        why: std::io::Error,
    },
    /// Pruning would leave every matrix as it is.
    #[error("{path}: its only matrix that is chosen, `{spared}`, is left alone as the last layer: name it with --layers", path = path.display())]
    OnlyTheLast {
        /// The checkpoint.
        path: PathBuf,
        /// The matrix.
        spared: String,
    },
    /// The layer to leave alone is no matrix of the checkpoint.
    #[error("--last `{name}` is none of the {count} matrices of {path}; the last one is {nearest}", path = path.display())]
    NoSuchLast {
        /// The name.
        name: String,
        /// The checkpoint.
        path: PathBuf,
        /// Matrices there are.
        count: usize,
        /// The one that would be taken.
        nearest: String,
    },
    /// A chosen tensor cannot be decomposed.
    #[error("{path}: tensor `{tensor}` holds NaN or infinity, expected finite values; nothing was written", path = path.display())]
    NotFinite {
        /// The checkpoint.
        path: PathBuf,
        /// The tensor.
        tensor: String,
    },
    /// What is kept of a tensor is larger than its type can hold.
    #[error("{path}: tensor `{tensor}`: what is kept has a value of {value:e}, expected one that fits {dtype}; nothing was written", path = path.display())]
    OutOfRange {
        /// The checkpoint.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The value.
        value: f64,
        /// The type of its elements.
        dtype: String,
    },
    /// The decomposition of a tensor failed.
    #[error("{path}: tensor `{tensor}`: {source}; nothing was written", path = path.display())]
    Decomposition {
        /// The checkpoint.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Why.
        source: LinalgError,
    },
    /// A tensor that safetensors has no type for.
    #[error("{path}: tensor `{tensor}`: its elements are {dtype}, expected a type that safetensors can hold; nothing was written", path = path.display())]
    NoType {
        /// The checkpoint.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The type of its elements.
        dtype: String,
    },
    /// There is a file already.
    #[error("{path} exists: --force replaces it, --out names another file", path = path.display())]
    Exists {
        /// The file to write.
        path: PathBuf,
    },
    /// The file to write is the one to read.
    #[error("{path} is the checkpoint itself: --out names another file", path = path.display())]
    SameFile {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be written.
    #[error("{path}: cannot be written: {why}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A worker panicked: a defect of ours, caught so that the directory is closed in order.
    #[error("{layer}: internal error: {why}")]
    Panicked {
        /// The tensor at work.
        layer: String,
        /// What the panic said.
        why: String,
    },
}

impl AnalyzeError {
    /// Whether the input is wrong, rather than the run.
    #[must_use]
    pub fn is_input(&self) -> bool {
        !matches!(self, Self::Panicked { .. } | Self::Settings(_) | Self::Write { .. })
    }
}
