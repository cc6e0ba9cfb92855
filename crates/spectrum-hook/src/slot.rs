//! A spectrum that one worker computes and another waits for.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use spectrum_core::{Reason, Spectrum};

/// Filled once by the task that computes a weight's spectrum, read by the tasks that compare with it.
///
/// Waiting cannot deadlock: the filling task was queued before the waiting one and the queue is first in, first out, so
/// by the time anybody waits the filling task has been taken by a worker, and it waits for nothing itself.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    value: Mutex<Option<Result<Arc<Spectrum>, Reason>>>,
    ready: Condvar,
}

impl Slot {
    /// Waits for the spectrum, or the reason why there is none.
    pub fn wait(&self) -> Result<Arc<Spectrum>, Reason> {
        let mut v = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(done) = &*v {
                return done.clone();
            }
            v = self.ready.wait(v).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn fill(&self, spectrum: Result<Arc<Spectrum>, Reason>) {
        self.value.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(spectrum);
        self.ready.notify_all();
    }
}

/// Fills the slot with a reason if its task panics or is dropped unrun.
pub(crate) struct Promise(pub Arc<Slot>);

impl Promise {
    pub fn keep(self, spectrum: Result<Arc<Spectrum>, Reason>) {
        self.0.fill(spectrum);
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        self.0.fill(Err(Reason::NotComputed("its task did not finish".to_owned())));
    }
}
