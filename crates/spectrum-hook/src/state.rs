//! What a hook keeps between steps, and how one step's snapshots become tasks.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use burn::module::Module;
use spectrum_core::{Alignment, Kind, MatrixId, Meeting, Side, StepRows};
use spectrum_measure::null;

use crate::pipeline::{Pipeline, Task};
use crate::select::Layer;
use crate::slot::{Promise, Slot};
use crate::snapshot::{Collector, Snapshot};
use crate::tasks::{self, Context};
use crate::turns::{Ticket, Turns};
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
    pub nulls: Vec<null::Kind>,
    pub alignments: Vec<Alignment>,
    pub context: Arc<Context>,
    pub pipeline: Pipeline,
    pub step: u64,
    pub parts: usize,
    pub rows: StepRows,
    pub open: bool,
    pub initial: HashMap<Key, Arc<Snapshot>>,
    /// Spectra of W_0, computed for whoever asks first.
    pub initial_spectra: HashMap<Key, Arc<Slot>>,
    /// Nulls that take every step's weight, with the number of their next ticket.
    pub turns: HashMap<Key, (Arc<Turns>, u64)>,
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
        Ok(read.into_iter().map(|(l, m)| ((l, m.view.name().to_owned()), Arc::new(m))).collect())
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

    /// Queues the pairs of layers that meet and are both recorded, each as many matrices as the other.
    fn align(&mut self, spectra: &[(Key, Arc<Slot>)]) -> Result<(), HookError> {
        let of = |side: &Side| -> Vec<Arc<Slot>> {
            let meant = |(layer, view): &Key| self.layers[*layer].name == side.layer && side.takes(view);
            spectra.iter().filter(|(key, _)| meant(key)).map(|(_, slot)| slot.clone()).collect()
        };
        let mut met: Vec<(MatrixId, Vec<_>, Meeting)> = Vec::new();
        for a in &self.alignments {
            let (first, second) = (of(&a.first), of(&a.second));
            let id = MatrixId { step: self.step, layer: a.first.layer.clone(), kind: Kind::Weight, view: a.view() };
            // A pair that was declared twice counts once.
            if !first.is_empty() && first.len() == second.len() && met.iter().all(|(other, ..)| *other != id) {
                met.push((id, first.into_iter().zip(second).collect(), a.meeting));
            }
        }
        for (id, pairs, meeting) in met {
            self.submit(tasks::layers(id, pairs, meeting))?;
        }
        Ok(())
    }

    /// The slot of W_0's spectrum. At step 0 it is the weight's own; a resumed run computes it again.
    fn initial_spectrum(&mut self, key: &Key, own: &Arc<Slot>) -> Result<Arc<Slot>, HookError> {
        if self.step == 0 {
            self.initial_spectra.insert(key.clone(), own.clone());
            return Ok(own.clone());
        }
        if let Some(slot) = self.initial_spectra.get(key) {
            return Ok(slot.clone());
        }
        let slot = Arc::new(Slot::default());
        let promise = Promise(slot.clone());
        // Without W_0 (it is always there) the promise is dropped, and the slot says that there is nothing.
        if let Some(initial) = self.initial.get(key).cloned() {
            self.submit(tasks::spectrum(self.context.clone(), initial, promise))?;
        }
        self.initial_spectra.insert(key.clone(), slot.clone());
        Ok(slot)
    }

    /// Queues the tasks of the open step: weights first, so that nothing waits for a spectrum that is not yet queued.
    pub fn record(&mut self, weights: Taken, gradients: Vec<Arc<Snapshot>>) -> Result<(), HookError> {
        let has = |k: Kind| self.kinds.contains(&k);
        let (weight, displacement, update) = (has(Kind::Weight), has(Kind::Displacement), has(Kind::Update));
        let context = self.context.clone();
        let first = self.step == 0;
        let mut spectra: Vec<(Key, Arc<Slot>)> = Vec::new();
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
                            self.submit(tasks::spectrum(
                                context.clone(),
                                last.snapshot.clone(),
                                Promise(slot.clone()),
                            ))?;
                            slot
                        }
                    },
                )),
                _ => None,
            };
            let slot = (weight || update).then(|| Arc::new(Slot::default()));
            if let Some(slot) = &slot {
                let promise = Promise(slot.clone());
                if weight {
                    let initial = self.initial_spectrum(&key, slot)?;
                    self.submit(tasks::weight(context.clone(), now.clone(), promise, initial))?;
                } else {
                    self.submit(tasks::spectrum(context.clone(), now.clone(), promise))?;
                }
            }
            if let (Some((before, previous)), Some(current)) = (previous, &slot) {
                self.submit(tasks::update(context.clone(), now.clone(), before, previous, current.clone()))?;
            }
            if let Some(slot) = &slot
                && !self.alignments.is_empty()
            {
                spectra.push((key.clone(), slot.clone()));
            }
            let initial = self.initial.get(&key).filter(|_| !first).cloned();
            if let Some(initial) = initial {
                if displacement {
                    self.submit(tasks::displacement(context.clone(), now.clone(), initial.clone()))?;
                }
                let plain = self.nulls.iter().copied().filter(|n| weight && *n != null::Kind::RotatedUpdates);
                for kind in plain.collect::<Vec<_>>() {
                    self.submit(tasks::null(context.clone(), kind, now.clone(), initial.clone()))?;
                }
            }
            if weight && self.nulls.contains(&null::Kind::RotatedUpdates) {
                let (turns, number) = self.turns.entry(key.clone()).or_default();
                let ticket = Ticket { turns: turns.clone(), number: *number };
                *number += 1;
                self.submit(tasks::rotated_updates(context.clone(), now.clone(), ticket))?;
            }
            if update {
                self.last.insert(key, Last { snapshot: now, slot });
            }
        }
        if weight {
            self.align(&spectra)?;
        }
        for g in gradients {
            self.matrices += 1;
            self.submit(tasks::gradient(context.clone(), g))?;
        }
        Ok(())
    }
}
