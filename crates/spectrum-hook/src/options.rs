//! What to record and how, and what it cost.

use std::time::Duration;

use burn::module::Module;
use spectrum_core::{Alignment, Kind, LayerRule, Route};
use spectrum_measure::null;

use crate::select::select;
use crate::{HookError, Schedule};

/// What to record and how.
#[derive(Debug, Clone)]
pub struct HookOptions {
    /// Globs on layer names.
    pub layers: Vec<String>,
    /// Which matrices of each layer.
    pub kinds: Vec<Kind>,
    /// At which steps.
    pub schedule: Schedule,
    /// How singular values are computed.
    pub route: Route,
    /// Leading singular pairs kept; 0 for values alone.
    pub vectors: usize,
    /// Nulls that are measured beside each weight. [`null::Kind::RotatedUpdates`] needs every step recorded from 0 on; where
    /// one was left out, or the run was resumed, its records say so.
    pub nulls: Vec<null::Kind>,
    /// Layers that meet, as the model declares them: where both are recorded, the alignment of their vectors is too.
    pub alignments: Vec<Alignment>,
    /// Worker threads; 0 for one less than the machine has, and at least one.
    pub workers: usize,
    /// Tasks that may wait for a worker before the training thread does.
    pub queue: usize,
}

impl Default for HookOptions {
    fn default() -> Self {
        Self {
            layers: vec!["*".into()],
            kinds: vec![Kind::Weight],
            schedule: Schedule::default(),
            route: Route::Gram,
            vectors: 8,
            nulls: Vec::new(),
            alignments: Vec::new(),
            workers: 0,
            queue: 16,
        }
    }
}

impl HookOptions {
    /// Checks everything that [`Hook::attach`] would refuse, without starting anything.
    ///
    /// # Errors
    /// As [`Hook::attach`].
    pub fn check<M: Module>(&self, model: &M, rules: &[LayerRule]) -> Result<(), HookError> {
        self.schedule.validate()?;
        select(model, rules, &self.layers).map(|_| ())
    }
}

/// What recording cost.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct HookStats {
    /// Time that the training thread spent inside the hook.
    pub waited: Duration,
    /// Time that workers were busy, summed over workers.
    pub busy: Duration,
    /// Matrices taken.
    pub matrices: u64,
}
