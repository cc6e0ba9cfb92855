//! A spectrum that one worker computes and another waits for.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use spectrum_core::Spectrum;

/// Filled once by the task that computes a weight's spectrum, read by the tasks that compare with it.
///
/// Waiting cannot deadlock: the filling task was queued before the waiting one and the queue is first in, first out, so
/// by the time anybody waits the filling task has been taken by a worker, and it waits for nothing itself.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    value: Mutex<Option<Option<Arc<Spectrum>>>>,
    ready: Condvar,
}

impl Slot {
    /// Waits for the spectrum; `None` when it could not be computed.
    pub fn wait(&self) -> Option<Arc<Spectrum>> {
        let mut v = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(done) = &*v {
                return done.clone();
            }
            v = self.ready.wait(v).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn fill(&self, spectrum: Option<Arc<Spectrum>>) {
        self.value.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(spectrum);
        self.ready.notify_all();
    }
}

/// Fills the slot with nothing if its task panics or is dropped unrun.
pub(crate) struct Promise(pub Arc<Slot>);

impl Promise {
    pub fn keep(self, spectrum: Option<Arc<Spectrum>>) {
        self.0.fill(spectrum);
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        self.0.fill(None);
    }
}
