//! What can go wrong while claims are verified.

use std::path::PathBuf;

use thiserror::Error;

use crate::RunnerError;

/// Why a topic could not be verified. A claim that does not hold is no error, and neither is a run that failed: the
/// claims that need it cannot be judged then, and [`Verification::run_failures`](super::Verification) has its message.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ClaimError {
    /// The file cannot be read or is no TOML.
    #[error("{}: {why}", file.display())]
    Read {
        /// The claim file.
        file: PathBuf,
        /// The cause; a syntax error's line.
        why: String,
    },
    /// Something in the file is wrong.
    #[error("{}: {place}: {}{why}", file.display(), if key.is_empty() { String::new() } else { format!("{key}: ") })]
    Wrong {
        /// The claim file.
        file: PathBuf,
        /// Which part: ``claim `tail`, check 2``, ``run `ten-steps` ``.
        place: String,
        /// The key within that part; empty for the part itself.
        key: String,
        /// What was found, what was expected, and the nearest known name.
        why: String,
    },
    /// A scale or a claim was asked for that the file does not have.
    #[error("{}: {why}", file.display())]
    Asked {
        /// The claim file.
        file: PathBuf,
        /// What was asked for and what there is.
        why: String,
    },
    /// A run cannot be planned, or the runner refused it as wrong input.
    #[error("{}: run `{run}`: {source}", file.display())]
    Run {
        /// The claim file.
        file: PathBuf,
        /// The run's name there.
        run: String,
        /// The runner's words.
        source: RunnerError,
    },
    /// The table could not be written.
    #[error("cannot write {}: {why}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        why: String,
    },
}

impl ClaimError {
    /// Whether the input is wrong (exit code 2) rather than the machine (3).
    #[must_use]
    pub fn is_input(&self) -> bool {
        !matches!(self, Self::Write { .. })
    }
}
