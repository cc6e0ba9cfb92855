//! What can go wrong with a run directory. Every error names the path and the cause.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A run directory that could not be made, read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The operating system refused (read-only folder, full disk, missing permission).
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried (`create`, `sync`, `rename`).
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// SQLite refused (full disk, locked by another program, damaged pages).
    #[error("cannot {action} {}: {source}", path.display())]
    Database {
        /// What was tried.
        action: &'static str,
        /// The database file.
        path: PathBuf,
        /// SQLite's answer.
        source: rusqlite::Error,
    },
    /// There is no run here.
    #[error("{}: there is no run directory here ({what})", path.display())]
    NoRun {
        /// The folder looked into.
        path: PathBuf,
        /// What is missing.
        what: &'static str,
    },
    /// Something is here, but it is no run of ours.
    #[error("{}: not a Spectrum run ({found})", path.display())]
    Foreign {
        /// The file or folder.
        path: PathBuf,
        /// What was found instead.
        found: String,
    },
    /// A run written with another schema.
    #[error("{}: schema version {found}, this program reads version {expected}", path.display())]
    Version {
        /// The database file.
        path: PathBuf,
        /// The version in the file.
        found: i64,
        /// The version that this program reads and writes.
        expected: i64,
    },
    /// A run of ours whose contents break the schema's rules.
    #[error("{}: damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Another process writes this run.
    #[error("{}: this run is already running ({})", path.display(), match pid {
        Some(pid) => format!("process {pid} holds its lock"),
        None => "another process holds its lock".to_owned(),
    })]
    Locked {
        /// The run directory.
        path: PathBuf,
        /// The process that holds the lock, if it left its number.
        pid: Option<u32>,
    },
    /// A new run was asked for where one exists.
    #[error("{}: a run exists here already", path.display())]
    Exists {
        /// The run directory.
        path: PathBuf,
    },
    /// Rows that break the rules of a sink: out of order, of another step, or not finite.
    #[error("step {step}: {what}")]
    Rows {
        /// The step being written.
        step: u64,
        /// The rule that was broken.
        what: String,
    },
    /// A resume from a step whose rows never reached the file.
    #[error("{}: cannot resume from step {from}: rows are complete through {}", path.display(), match complete {
        Some(step) => format!("step {step}"),
        None => "no step".to_owned(),
    })]
    Gap {
        /// The run directory.
        path: PathBuf,
        /// The step asked for.
        from: u64,
        /// The last step with complete rows.
        complete: Option<u64>,
    },
    /// A word that is no export format.
    #[error("`{found}` is no export format; expected one of jsonl, csv, parquet")]
    Format {
        /// What was found.
        found: String,
    },
    /// An export that could not be written.
    #[error("cannot write {what}: {source}")]
    Export {
        /// What was being written.
        what: String,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StoreError {
    /// For `map_err`: an operating-system error with what was tried on which path.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    /// For `map_err`: an SQLite error with what was tried on which file.
    pub(crate) fn db(action: &'static str, path: &Path) -> impl FnOnce(rusqlite::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Database { action, path, source }
    }
}
