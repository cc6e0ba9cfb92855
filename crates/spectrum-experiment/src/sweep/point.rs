//! How a point stands: its run directory, and beside it a note where the directory cannot tell.

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use spectrum_store::{Existing, RunDirectory, Status, write_atomically};

use super::SweepError;

/// How a point stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PointStatus {
    /// Never begun.
    Pending,
    /// A living process writes it.
    Running,
    /// Begun, and killed without a trace.
    Unfinished,
    /// All steps done.
    Finished,
    /// Stopped by an error.
    Failed,
    /// Its loss is no longer finite: an answer, and the same one each time, so that it is not run again.
    Diverged,
    /// Its Slurm task was cancelled.
    Cancelled,
    /// Its Slurm task ran out of time.
    Timeout,
    /// The node of its Slurm task died.
    NodeFail,
    /// Its Slurm task asked for more memory than it had.
    OutOfMemory,
}

impl PointStatus {
    /// The word in the tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Unfinished => "unfinished",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Diverged => "diverged",
            Self::Cancelled => "cancelled",
            Self::Timeout => "timeout",
            Self::NodeFail => "node_fail",
            Self::OutOfMemory => "out_of_memory",
        }
    }

    /// Whether running the sweep again leaves it as it is.
    #[must_use]
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Finished | Self::Diverged)
    }

    /// Whether its rows are the same however often it is run: those of an interrupted point are not shown.
    pub(crate) fn has_rows(self) -> bool {
        matches!(self, Self::Finished | Self::Diverged | Self::Failed)
    }
}

impl fmt::Display for PointStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Status and, where there is one, the error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    pub status: PointStatus,
    pub error: Option<String>,
}

/// What is known of points that left no run directory, or one that does not say how it ended: a file a point in the
/// folder `notes`. A finished point has none.
#[derive(Debug, Clone)]
pub(crate) struct Notes(Option<PathBuf>);

impl Notes {
    /// Without a folder nothing is noted, and nothing found.
    pub fn of(folder: Option<&Path>) -> Self {
        Self(folder.map(|f| f.join("notes")))
    }

    fn file(&self, index: usize) -> Option<PathBuf> {
        Some(self.0.as_ref()?.join(format!("{index}.json")))
    }

    pub fn write(&self, index: usize, state: &State) -> Result<(), SweepError> {
        let (Some(folder), Some(file)) = (&self.0, self.file(index)) else { return Ok(()) };
        fs::create_dir_all(folder).map_err(SweepError::io("create", folder))?;
        let text = serde_json::json!({ "status": state.status.as_str(), "error": state.error }).to_string();
        Ok(write_atomically(&file, text.as_bytes())?)
    }

    pub fn remove(&self, index: usize) -> Result<(), SweepError> {
        let Some(file) = self.file(index) else { return Ok(()) };
        match fs::remove_file(&file) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(SweepError::io("remove", &file)(e)),
            _ => Ok(()),
        }
    }

    /// A note that cannot be read is none.
    pub fn read(&self, index: usize) -> Option<State> {
        serde_json::from_str(&fs::read_to_string(self.file(index)?).ok()?).ok()
    }
}

/// How a point stands. Error texts name the run by its directory's name alone, so that tables of two folders agree.
pub(crate) fn state(dir: &Path, index: usize, notes: &Notes) -> State {
    let named = |text: String| match dir.file_name().and_then(|n| n.to_str()) {
        Some(name) => text.replace(&dir.display().to_string(), name),
        None => text,
    };
    let failed = |status, error: Option<String>| State { status, error: error.map(named) };
    let noted = |otherwise: PointStatus| match notes.read(index) {
        Some(state) => failed(state.status, state.error),
        None => State { status: otherwise, error: None },
    };
    match RunDirectory::inspect(dir) {
        Existing::Finished(_) => State { status: PointStatus::Finished, error: None },
        Existing::Running { .. } => State { status: PointStatus::Running, error: None },
        Existing::Foreign(e) => failed(PointStatus::Failed, Some(e.to_string())),
        Existing::Absent => noted(PointStatus::Pending),
        Existing::Unfinished(info) => match info.status {
            Status::Diverged => failed(PointStatus::Diverged, info.message),
            // A run that failed, was begun again and cancelled says `running`: then the note is the newer one.
            Status::Failed => {
                let error = info.message.or_else(|| notes.read(index).and_then(|n| n.error));
                failed(PointStatus::Failed, error)
            }
            Status::Running | Status::Finished => noted(PointStatus::Unfinished),
        },
    }
}
