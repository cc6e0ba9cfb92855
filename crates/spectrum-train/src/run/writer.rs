//! The run's writer, shared between the hook's sink thread and the run that owns it.

use std::sync::{Arc, Mutex, PoisonError};

use spectrum_core::{Sink, SinkError, StepRows};
use spectrum_store::{Progress, RunInfo, RunWriter, StoreError};

/// A sink that can be taken back when the hook has finished.
#[derive(Clone)]
pub(super) struct Shared {
    writer: Arc<Mutex<Option<RunWriter>>>,
    progress: Progress,
}

impl Shared {
    pub fn new(writer: RunWriter) -> Self {
        let progress = writer.progress();
        Self { writer: Arc::new(Mutex::new(Some(writer))), progress }
    }

    /// Follows the last step whose rows are committed.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    pub fn last_step(&self) -> Option<u64> {
        self.progress.last_step()
    }

    /// Commits what is still in an open transaction, so that a reader sees it.
    pub fn flush(&self) -> Result<(), StoreError> {
        match &mut *self.writer.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(writer) => writer.flush(),
            None => Ok(()),
        }
    }

    /// Adds rows to steps that are written already.
    pub fn amend(&self, steps: &[StepRows]) -> Result<(), StoreError> {
        match &mut *self.writer.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(writer) => writer.amend(steps),
            None => Ok(()),
        }
    }

    /// Writes the last facts and closes the run.
    pub fn finish(&self, info: &RunInfo) -> Result<(), StoreError> {
        match self.writer.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(writer) => writer.finish(info),
            None => Ok(()),
        }
    }
}

impl Sink for Shared {
    fn step(&mut self, rows: &StepRows) -> Result<(), SinkError> {
        match &mut *self.writer.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(writer) => writer.step(rows),
            None => Err(SinkError("the run is closed".into())),
        }
    }
}
