//! Any model with the hook around its optimizer step.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer, MultiGradientsParams};
use burn::tensor::Tensor;
use burn::train::{InferenceStep, TrainOutput, TrainStep};
use spectrum_hook::{Hook, HookError, HookStats};

/// The hook with the first thing that went wrong: `optimize` returns a model and has no room for an error.
#[derive(Clone)]
pub struct Recorder {
    hook: Hook,
    failed: Arc<Mutex<Option<HookError>>>,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.hook.fmt(f)
    }
}

impl Recorder {
    pub fn new(hook: Hook) -> Self {
        Self { hook, failed: Arc::default() }
    }

    /// Ends the recording: the first failure, or what it cost.
    pub fn finish(&self) -> Result<HookStats, HookError> {
        let stats = self.hook.finish();
        match self.failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(first) => Err(first),
            None => stats,
        }
    }

    /// Training goes on without a record when recording fails; [`Recorder::finish`] says so at the end.
    fn keep(&self, done: Result<(), HookError>) {
        if let Err(e) = done {
            self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(e);
        }
    }
}

/// A model that a [`Learner`](burn::train::Learner) trains and the hook records.
///
/// The learner optimizes a clone of the model, so the hook cannot be owned by it: all clones share the one handle. The
/// hook sees the inner model, whose parameter paths are therefore those of `M` itself.
#[derive(Module, Debug)]
pub struct Recorded<M: Module> {
    model: M,
    #[module(skip)]
    recorder: Recorder,
}

impl<M: Module> Recorded<M> {
    pub fn new(model: M, recorder: Recorder) -> Self {
        Self { model, recorder }
    }

    /// One optimizer step with the hook around it: the gradients are shown to the hook before they are used up.
    fn around<G>(
        self,
        grads: G,
        show: impl FnOnce(&Hook, &M, &G) -> Result<(), HookError>,
        step: impl FnOnce(M, G) -> M,
    ) -> Self {
        let Self { model, recorder } = self;
        let before = show(&recorder.hook, &model, &grads);
        let recording = before.is_ok();
        recorder.keep(before);
        let model = step(model, grads);
        if recording {
            recorder.keep(recorder.hook.after_step(&model));
        }
        Self { model, recorder }
    }
}

impl<M: Module + TrainStep> TrainStep for Recorded<M> {
    type Input = M::Input;
    type Output = M::Output;

    fn step(&self, item: Self::Input) -> TrainOutput<Self::Output> {
        // The wrapper adds no parameter, so the inner model's gradients are the wrapper's.
        self.model.step(item)
    }

    fn optimize(self, optimizer: &mut ModuleOptimizer, rate: ModuleLearningRate, grads: GradientsParams) -> Self {
        let show = |hook: &Hook, model: &M, grads: &GradientsParams| hook.before_step(model, grads);
        self.around(grads, show, |model, grads| model.optimize(optimizer, rate, grads))
    }

    fn optimize_multi(
        self,
        optimizer: &mut ModuleOptimizer,
        rate: ModuleLearningRate,
        grads: MultiGradientsParams,
    ) -> Self {
        let show = |hook: &Hook, model: &M, grads: &MultiGradientsParams| hook.before_step(model, &total(model, grads));
        self.around(grads, show, |model, grads| model.optimize_multi(optimizer, rate, grads))
    }
}

impl<M: Module + InferenceStep> InferenceStep for Recorded<M> {
    type Input = M::Input;
    type Output = M::Output;

    fn step(&self, item: Self::Input) -> Self::Output {
        self.model.step(item)
    }
}

/// The sum of the devices' gradients, on each parameter's own device: what the optimizer will use.
fn total<M: Module>(model: &M, grads: &MultiGradientsParams) -> GradientsParams {
    struct Sum<'a> {
        from: &'a MultiGradientsParams,
        into: GradientsParams,
    }
    impl ModuleVisitor for Sum<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let device = param.val().device().inner();
            let parts = self.from.grads.iter().filter_map(|(g, _)| g.get::<D>(param.id));
            if let Some(sum) = parts.map(|g| g.to_device(&device)).reduce(|a, b| a + b) {
                self.into.register(param.id, sum);
            }
        }
    }
    let mut visitor = Sum { from: grads, into: GradientsParams::new() };
    model.visit(&mut visitor);
    visitor.into
}
