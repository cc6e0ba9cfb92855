//! What runs one point. The crate knows no model and no backend: whoever has them hands in a runner.

use std::path::PathBuf;

use thiserror::Error;
use toml::Value;

/// One run of an experiment: a config file and the keys that are set over it.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The TOML file.
    pub config: PathBuf,
    /// Dotted keys with their values, in the order in which they are set (`optimizer.lr`, `seed`, `backend`).
    pub sets: Vec<(String, Value)>,
}

/// Where a point's run lies, known before it is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Its run directory, which may not exist yet.
    pub dir: PathBuf,
    /// The hash of its resolved config: points with equal directories are one run.
    pub hash: String,
}

/// Why a point could not be planned or run. The text names the file, the key or the directory.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text}")]
pub struct RunnerError {
    /// The whole message.
    pub text: String,
    /// Whether the input is wrong, rather than the run.
    pub input: bool,
}

/// Runs points. `run` finds a finished run, resumes an unfinished one and starts an absent one; it returns when the run is
/// finished, and calls `progress` with steps done and in all.
pub trait Runner: Sync {
    /// Resolves a point without running it. Everything that is wrong with its config is found here.
    ///
    /// # Errors
    /// [`RunnerError`] with `input` set.
    fn plan(&self, point: &Point) -> Result<Planned, RunnerError>;

    /// Runs a point to its end.
    ///
    /// # Errors
    /// [`RunnerError`]; what was recorded before a failure is kept.
    fn run(&self, point: &Point, progress: &mut dyn FnMut(u64, u64)) -> Result<Planned, RunnerError>;
}
