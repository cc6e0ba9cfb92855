//! What a hook keeps between steps, and how one step's snapshots become tasks.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use burn::module::Module;
use spectrum_core::{Kind, StepRows};

use crate::pipeline::{Pipeline, Task};
use crate::select::Layer;
use crate::slot::{Promise, Slot};
use crate::snapshot::{Collector, Snapshot};
use crate::tasks::{self, Context};
use crate::{HookError, Schedule};

/// Where one matrix of one layer was last seen.
pub(crate) struct Last {
    pub snapshot: Arc<Snapshot>,
    pub slot: Option<Arc<Slot>>,
}

/// A layer's index and a view's name.
pub(crate) type Key = (usize, String);
pub(crate) type Taken = Vec<(Key, Arc<Snapshot>)>;

/// Everything behind a hook's handle.
pub(crate) struct State {
    pub layers: Vec<Layer>,
    pub kinds: Vec<Kind>,
    pub schedule: Schedule,
    pub nulls: bool,
    pub context: Arc<Context>,
    pub pipeline: Pipeline,
    pub step: u64,
    pub parts: usize,
    pub rows: StepRows,
    pub open: bool,
    pub initial: HashMap<Key, Arc<Snapshot>>,
    pub last: HashMap<Key, Last>,
    pub pending: Option<Collector>,
    pub waited: Duration,
    pub matrices: u64,
}

impl State {
    pub fn take_weights<M: Module>(&self, model: &M, step: u64) -> Result<Taken, HookError> {
        let mut collector = Collector::default();
        collector.weights(model, &self.layers, step);
        let read = collector.read(&self.layers)?;
        Ok(read.into_iter().map(|(l, m)| ((l, m.window.name.clone()), Arc::new(m))).collect())
    }

    pub fn submit(&mut self, task: Task) -> Result<(), HookError> {
        // Rows of a step that the sink has taken already would have nowhere to go.
        if !self.open {
            self.pipeline.ready()?;
            return Err(HookError::Closed { step: self.step });
        }
        self.pipeline.submit(self.step, self.parts, task)?;
        self.parts += 1;
        Ok(())
    }

    pub fn close(&mut self) -> Result<(), HookError> {
        if !std::mem::take(&mut self.open) {
            return self.pipeline.check();
        }
        let rows = std::mem::replace(&mut self.rows, StepRows::new(self.step));
        self.pipeline.close(self.step, self.parts, rows)
    }

    /// Queues the tasks of the open step: weights first, so that nothing waits for a spectrum that is not yet queued.
    pub fn record(&mut self, weights: Taken, gradients: Vec<Arc<Snapshot>>) -> Result<(), HookError> {
        let has = |k: Kind| self.kinds.contains(&k);
        let (weight, displacement, update) = (has(Kind::Weight), has(Kind::Displacement), has(Kind::Update));
        let context = self.context.clone();
        let first = self.step == 0;
        for (key, now) in weights {
            self.matrices += 1;
            let before = self.last.remove(&key).filter(|l| l.snapshot.step + 1 == self.step);
            // The slot of W_{t-1}; without one (a gap in the schedule, a resumed run) its spectrum is computed for this.
            let previous = match &before {
                Some(last) if update => Some((
                    last.snapshot.clone(),
                    match &last.slot {
                        Some(slot) => slot.clone(),
                        None => {
                            let slot = Arc::new(Slot::default());
                            let task =
                                tasks::weight(context.clone(), last.snapshot.clone(), Promise(slot.clone()), false);
                            self.submit(task)?;
                            slot
                        }
                    },
                )),
                _ => None,
            };
            let slot = (weight || update).then(|| Arc::new(Slot::default()));
            if let Some(slot) = &slot {
                self.submit(tasks::weight(context.clone(), now.clone(), Promise(slot.clone()), weight))?;
            }
            if let (Some((before, previous)), Some(current)) = (previous, &slot) {
                self.submit(tasks::update(context.clone(), now.clone(), before, previous, current.clone()))?;
            }
            let initial = self.initial.get(&key).filter(|_| !first).cloned();
            if let Some(initial) = initial {
                if displacement {
                    self.submit(tasks::displacement(context.clone(), now.clone(), initial.clone()))?;
                }
                if self.nulls && weight {
                    self.submit(tasks::null(context.clone(), now.clone(), initial))?;
                }
            }
            if update {
                self.last.insert(key, Last { snapshot: now, slot });
            }
        }
        for g in gradients {
            self.matrices += 1;
            self.submit(tasks::gradient(context.clone(), g))?;
        }
        Ok(())
    }
}
