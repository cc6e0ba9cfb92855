//! What can be wrong with a sweep. Every error names the file and the key, or the folder.

use std::io;
use std::path::{Path, PathBuf};

use spectrum_store::StoreError;
use thiserror::Error;

/// A sweep that could not be read, planned, run or collected. A point that fails is no error: its status says so.
#[derive(Debug, Error)]
pub enum SweepError {
    /// The config cannot be read.
    #[error("cannot read {}: {source}", file.display())]
    Read {
        /// The config.
        file: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The config is no TOML, or a key of `[sweep]` or `[slurm]` is wrong.
    #[error("{}: {key}: {why}", file.display())]
    Key {
        /// The config.
        file: PathBuf,
        /// The key, or the line.
        key: String,
        /// What was found and what was expected.
        why: String,
    },
    /// A point whose config does not resolve.
    #[error("point {index} ({values}): {why}")]
    Point {
        /// Its place in the grid, from 0.
        index: usize,
        /// Its values.
        values: String,
        /// The runner's words.
        why: String,
        /// Whether the input is wrong.
        input: bool,
    },
    /// Two points are one run.
    #[error(
        "{}: points {} ({}) and {} ({}) are the same run, {}: the keys that differ decide no number",
        file.display(), first.0, first.1, second.0, second.1, dir.display()
    )]
    SameRun {
        /// The config.
        file: PathBuf,
        /// Place and values of the one.
        first: (usize, String),
        /// Place and values of the other.
        second: (usize, String),
        /// Their run directory.
        dir: PathBuf,
    },
    /// A point that the grid does not have.
    #[error("{}: there is no point {index}: the grid has {len}, counted from 0", file.display())]
    NoPoint {
        /// The config.
        file: PathBuf,
        /// What was asked for.
        index: usize,
        /// Points of the grid.
        len: usize,
    },
    /// Another process runs this sweep.
    #[error("{}: this sweep is already running{}", folder.display(), pid.map_or(String::new(), |p| format!(" (process {p})")))]
    Busy {
        /// The sweep's folder.
        folder: PathBuf,
        /// The process, if it left its number.
        pid: Option<u32>,
    },
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// A file of the sweep's folder could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Slurm is not there, or refused; with its own words.
    #[error("{why}")]
    Slurm {
        /// The whole message.
        why: String,
        /// Whether what was asked of it is wrong, rather than Slurm.
        input: bool,
    },
}

impl SweepError {
    /// Whether the input is wrong (exit code 2) rather than the run (3).
    #[must_use]
    pub fn is_input(&self) -> bool {
        match self {
            Self::Read { .. } | Self::Key { .. } | Self::SameRun { .. } | Self::NoPoint { .. } | Self::Busy { .. } => {
                true
            }
            Self::Point { input, .. } | Self::Slurm { input, .. } => *input,
            Self::Io { .. } | Self::Store(_) => false,
        }
    }

    pub(crate) fn key(file: &Path, key: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Key { file: file.to_owned(), key: key.into(), why: why.into() }
    }

    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }
}
