//! The hook: what a training loop calls.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use burn::module::Module;
use burn::optim::GradientsParams;
use spectrum_core::{Kind, LayerMatrix, LayerRule, Outcome, Pool, References, Sink, StepRows};
use spectrum_measure::{Battery, Recorder};

use crate::pipeline::{Pipeline, Task};
use crate::select::select;
use crate::snapshot::Collector;
use crate::state::{Last, State, Taken};
use crate::tasks::{self, Context};
use crate::{HookError, HookOptions, HookStats};

/// A shared handle: clones record into the same run, so a model or a learner may carry one.
///
/// The step that is open takes scalars and tasks; [`Hook::around`] closes it, performs the optimizer step, and opens the
/// next one with its snapshots. So what is reported between two calls belongs to the weights there are between them.
#[derive(Clone)]
pub struct Hook(Arc<Mutex<State>>);

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook").field("step", &self.lock().step).finish_non_exhaustive()
    }
}

impl Hook {
    /// Attaches to a model at step 0 and records it.
    ///
    /// `rules` come from the model's [`Architecture`](spectrum_core::Architecture) or from
    /// [`default_rules`](crate::default_rules).
    ///
    /// # Errors
    /// [`HookError`] for a glob that matches nothing, a rule without its parameter, or an empty schedule.
    pub fn attach<M: Module>(
        model: &M,
        rules: &[LayerRule],
        options: &HookOptions,
        references: References,
        sink: Box<dyn Sink>,
    ) -> Result<Self, HookError> {
        let (hook, initial) = Self::start(model, rules, options, references, sink, None)?;
        let mut s = hook.lock();
        let start = Instant::now();
        s.record(initial, Vec::new())?;
        s.waited += start.elapsed();
        drop(s);
        Ok(hook)
    }

    /// Attaches to a run that goes on after `step`, whose rows the sink already has. `initial` is the model as it was at
    /// step 0, `model` as it is now.
    ///
    /// # Errors
    /// As [`Hook::attach`].
    pub fn attach_at<M: Module>(
        initial: &M,
        model: &M,
        step: u64,
        rules: &[LayerRule],
        options: &HookOptions,
        references: References,
        sink: Box<dyn Sink>,
    ) -> Result<Self, HookError> {
        let (hook, _) = Self::start(initial, rules, options, references, sink, Some(step))?;
        let mut s = hook.lock();
        let now = s.take_weights(model, step)?;
        s.step = step;
        s.open = false;
        for (key, snapshot) in now {
            s.last.insert(key, Last { snapshot, slot: None });
        }
        drop(s);
        Ok(hook)
    }

    fn start<M: Module>(
        initial: &M,
        rules: &[LayerRule],
        options: &HookOptions,
        references: References,
        sink: Box<dyn Sink>,
        recorded: Option<u64>,
    ) -> Result<(Self, Taken), HookError> {
        options.schedule.validate()?;
        let layers = select(initial, rules, &options.layers)?;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let workers = if options.workers == 0 { cores.saturating_sub(1).max(1) } else { options.workers };
        let context = Arc::new(Context {
            recorder: Recorder {
                battery: Battery::standard(),
                references,
                route: options.route,
                vectors: options.vectors,
            },
            pool: Pool::new(),
        });
        let mut state = State {
            layers,
            kinds: options.kinds.clone(),
            schedule: options.schedule.clone(),
            nulls: options.nulls.clone(),
            alignments: options.alignments.clone(),
            context,
            pipeline: Pipeline::start(workers, options.queue, sink, recorded)?,
            step: 0,
            parts: 0,
            rows: StepRows::new(0),
            open: true,
            initial: HashMap::new(),
            initial_spectra: HashMap::new(),
            turns: HashMap::new(),
            last: HashMap::new(),
            pending: None,
            waited: Duration::ZERO,
            matrices: 0,
        };
        let snapshots = state.take_weights(initial, 0)?;
        state.initial = snapshots.iter().cloned().collect();
        Ok((Self(Arc::new(Mutex::new(state))), snapshots))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The step that is open: optimizer steps done.
    #[must_use]
    pub fn step(&self) -> u64 {
        self.lock().step
    }

    /// Whether the schedule records step `t`.
    #[must_use]
    pub fn records(&self, t: u64) -> bool {
        self.lock().schedule.hits(t)
    }

    /// Adds a scalar to the open step. Without effect when no step is open: after [`Hook::flush`], [`Hook::close_step`]
    /// or [`Hook::attach_at`] and before the next optimizer step.
    pub fn scalar(&self, name: &str, value: impl Into<Outcome>) {
        self.lock().rows.scalar(name, value);
    }

    /// Adds work to the open step; a worker runs it.
    ///
    /// # Errors
    /// An earlier failure of a worker or the sink, or [`HookError::Closed`] when no step is open.
    pub fn submit(&self, task: Task) -> Result<(), HookError> {
        let mut s = self.lock();
        let start = Instant::now();
        let done = s.submit(task);
        s.waited += start.elapsed();
        done
    }

    /// Adds a matrix that somebody else formed (a kernel, say) to the open step.
    ///
    /// # Errors
    /// As [`Hook::submit`].
    pub fn observe(&self, matrix: LayerMatrix) -> Result<(), HookError> {
        let context = self.lock().context.clone();
        self.submit(tasks::ready(context, matrix))
    }

    /// Takes what must be seen before the optimizer step: the gradient, and W_{t-1} where the update needs it. Closes the
    /// open step.
    ///
    /// # Errors
    /// An earlier failure of a worker or the sink, or a device that cannot be read.
    pub fn before_step<M: Module>(&self, model: &M, grads: &GradientsParams) -> Result<(), HookError> {
        let mut s = self.lock();
        let start = Instant::now();
        s.close()?;
        let next = s.step + 1;
        if s.schedule.hits(next) {
            let State { layers, kinds, last, step, .. } = &mut *s;
            if kinds.contains(&Kind::Update) && last.values().all(|l| l.snapshot.step != *step) {
                let mut collector = Collector::default();
                collector.weights(model, layers, *step);
                for (layer, snapshot) in collector.read(layers)? {
                    let key = (layer, snapshot.view.name().to_owned());
                    last.insert(key, Last { snapshot: Arc::new(snapshot), slot: None });
                }
            }
            if kinds.contains(&Kind::Gradient) {
                let mut collector = Collector::default();
                collector.gradients(model, layers, grads, next);
                s.pending = Some(collector);
            }
        }
        s.waited += start.elapsed();
        Ok(())
    }

    /// Takes the weights after the optimizer step and opens the step they belong to.
    ///
    /// # Errors
    /// An earlier failure of a worker or the sink, or a device that cannot be read.
    pub fn after_step<M: Module>(&self, model: &M) -> Result<(), HookError> {
        let mut s = self.lock();
        let start = Instant::now();
        let t = s.step + 1;
        (s.step, s.parts, s.rows, s.open) = (t, 0, StepRows::new(t), true);
        if s.schedule.hits(t) {
            let mut collector = s.pending.take().unwrap_or_default();
            collector.weights(model, &s.layers, t);
            let (gradients, weights): (Vec<_>, Vec<_>) =
                collector.read(&s.layers)?.into_iter().partition(|(_, m)| m.kind == Kind::Gradient);
            let weights = weights.into_iter().map(|(l, m)| ((l, m.view.name().to_owned()), Arc::new(m))).collect();
            s.record(weights, gradients.into_iter().map(|(_, m)| Arc::new(m)).collect())?;
        }
        s.waited += start.elapsed();
        Ok(())
    }

    /// One optimizer step with the hook around it. `step` receives the model and its gradients and gives the model back.
    ///
    /// # Errors
    /// As [`Hook::before_step`] and [`Hook::after_step`].
    pub fn around<M: Module>(
        &self,
        model: M,
        grads: GradientsParams,
        step: impl FnOnce(M, GradientsParams) -> M,
    ) -> Result<M, HookError> {
        self.before_step(&model, &grads)?;
        let model = step(model, grads);
        self.after_step(&model)?;
        Ok(model)
    }

    /// Closes the open step early: nothing more will be added to it.
    ///
    /// # Errors
    /// An earlier failure of a worker or the sink.
    pub fn close_step(&self) -> Result<(), HookError> {
        let mut s = self.lock();
        s.close()?;
        s.pipeline.release()
    }

    /// Newest step whose rows the sink has taken. Steps that brought only scalars may be held back, 32 at most, until the
    /// next matrix, [`Hook::flush`], [`Hook::close_step`] or [`Hook::finish`].
    #[must_use]
    pub fn recorded(&self) -> Option<u64> {
        self.lock().pipeline.recorded()
    }

    /// Closes the open step and waits until the sink has taken everything.
    ///
    /// # Errors
    /// A failure of a worker or the sink.
    pub fn flush(&self) -> Result<(), HookError> {
        let mut s = self.lock();
        let start = Instant::now();
        s.close()?;
        s.pipeline.release()?;
        let done = s.pipeline.wait_for(s.step);
        s.waited += start.elapsed();
        done
    }

    /// Closes the open step, lets everything queued finish, stops the threads and says what recording cost.
    ///
    /// # Errors
    /// A failure of a worker or the sink.
    pub fn finish(&self) -> Result<HookStats, HookError> {
        let mut s = self.lock();
        let start = Instant::now();
        let closed = s.close();
        let busy = s.pipeline.finish();
        s.waited += start.elapsed();
        closed?;
        Ok(HookStats { waited: s.waited, busy: busy?, matrices: s.matrices })
    }
}
