//! The training loop.

use std::sync::Arc;
use std::time::{Duration, Instant};

use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::Tensor;
use spectrum_core::{Kind, References, Vectors};
use spectrum_data::{permutation, stream};
use spectrum_hook::{Hook, HookOptions, HookStats};
use spectrum_kernel::{KernelError, Outputs};
use spectrum_models::{Network, parameter_id, rescale};
use spectrum_optim::clip_global_norm;
use spectrum_store::Checkpoints;

use super::evaluate::{self, Sets};
use super::gradients::{self, Seen, Terms};
use super::interventions::{self, Interventions};
use super::kernels::Kernels;
use super::{Progress, Session, checkpoint, regularize, substitutes, writer};
use crate::TrainError;
use crate::config::{Batch, OnDivergence};
use crate::loss::{loss, value};
use crate::model::{loss_kind, outputs};
use crate::tensors::Part;

/// How a loop ended.
pub(super) struct Outcome<M> {
    pub model: M,
    pub step: u64,
    pub diverged: bool,
    pub stats: HookStats,
    /// Time of the loop without the time that it spent in the hook and on checkpoints.
    pub training: Duration,
}

fn hook_options<M: Network>(s: &Session<'_>, model: &M) -> HookOptions {
    let c = &s.config.spectra;
    HookOptions {
        layers: if c.enabled { c.layers.clone() } else { Vec::new() },
        kinds: c.kinds.clone(),
        schedule: c.every.clone(),
        route: c.route,
        vectors: c.vectors,
        nulls: c.nulls.0.clone(),
        alignments: model.alignments(),
        workers: c.workers,
        queue: c.queue,
    }
}

/// Checks what can be checked before the run directory is made.
pub(super) fn check<M: Network>(s: &Session<'_>, model: &M) -> Result<(), TrainError> {
    hook_options(s, model).check(model, &model.rules())?;
    let outputs = outputs(&s.split.train);
    let c = s.config;
    if let Some(i) = &c.interventions {
        interventions::paths(i, &model.rules())?;
    }
    if c.kernels.laws && c.spectra.kinds.contains(&Kind::Ntk) && outputs > 1 && c.kernels.output.0 == Outputs::Trace {
        return Err(TrainError::LawOfOneOutput { outputs });
    }
    match s.config.kernels.output.0 {
        Outputs::One(asked) if asked >= outputs => {
            Err(TrainError::Kernel(KernelError::NoSuchOutput { asked, outputs }))
        }
        _ => Ok(()),
    }
}

fn references<M: Network>(s: &Session<'_>, model: &M) -> References {
    let teacher = s.split.teacher.as_ref().map(|beta| {
        let norm = beta.iter().map(|x| x * x).sum::<f64>().sqrt();
        Arc::new(Vectors { len: beta.len(), count: 1, data: beta.iter().map(|x| x / norm).collect() })
    });
    References { teacher, input_layers: model.input_layers(), initial_std: model.initial_std(), seed: s.config.seed }
}

/// Which samples each step takes: all of them, or slices of one permutation an epoch.
struct Batches {
    seed: u64,
    n: usize,
    size: Option<usize>,
    order: Vec<u32>,
    epoch: Option<u64>,
}

impl Batches {
    fn new(seed: u64, n: usize, batch: Batch) -> Self {
        let size = match batch {
            Batch::Full => None,
            Batch::Size(k) => Some(k),
        };
        Self { seed, n, size, order: Vec::new(), epoch: None }
    }

    /// Indices of the batch that step `t + 1` takes; `None` for everything.
    fn indices(&mut self, t: u64) -> Option<&[u32]> {
        let size = self.size?;
        let per_epoch = self.n.div_ceil(size) as u64;
        let (epoch, k) = (t / per_epoch, (t % per_epoch) as usize);
        if self.epoch != Some(epoch) {
            // Each epoch has its own stream, so a resumed run finds its place from the step alone.
            let mut rng = stream(self.seed, &format!("batches.{epoch}"));
            self.order = permutation(&mut rng, u32::try_from(self.n).unwrap_or(u32::MAX));
            self.epoch = Some(epoch);
        }
        Some(&self.order[k * size..((k + 1) * size).min(self.n)])
    }

    fn per_epoch(&self) -> u64 {
        self.size.map_or(1, |s| self.n.div_ceil(s) as u64)
    }
}

/// Trains from the initial model or from a checkpoint to the last step.
pub(super) fn train<M: Network>(
    s: &Session<'_>,
    initial: &M,
    sink: &writer::Shared,
    from: Option<&checkpoint::From>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Outcome<M>, TrainError> {
    let config = s.config;
    let (mut model, mut optimizer): (M, ModuleOptimizer) = match from {
        Some(from) => checkpoint::load(from, initial.clone(), &config.optimizer)?,
        None => (initial.clone(), config.optimizer.build()),
    };
    let kind = loss_kind(config, &s.split.train);
    let data = Part::new(&s.place, true, &s.split.train, |x| model.prepare(x));
    let sets = Arc::new(Sets::new(config, &s.place, &s.split, &data, kind, &model));
    let kernels = Kernels::new(config, &s.place, &s.split, initial);
    let interventions = match &config.interventions {
        Some(c) => Some(Interventions::new(c, &model.rules(), &s.place)?),
        None => None,
    };
    let terms = match config.gradients.decompose {
        true => Terms::new(s.parts.as_ref(), &s.split.train, kind, initial),
        false => None,
    };
    let mut batches = Batches::new(config.seed, data.n, config.training.batch);
    let full = batches.size.is_none();
    let evaluate_every = match config.training.evaluate_every {
        0 => batches.per_epoch(),
        k => k,
    };

    let clock = Instant::now();
    let first = from.map_or(0, |f| f.step);
    let (rules, options, references) = (model.rules(), hook_options(s, &model), references(s, initial));
    let sink_box = Box::new(sink.clone());
    let hook = match from {
        Some(f) => Hook::attach_at(initial, &model, f.step, &rules, &options, references, sink_box)?,
        None => Hook::attach(&model, &rules, &options, references, sink_box)?,
    };
    let checkpoints = Checkpoints::following(s.dir, sink.progress());
    let evaluate = |model: &M, t: u64| -> Result<(), TrainError> {
        if t.is_multiple_of(evaluate_every) || t == s.steps {
            hook.submit(evaluate::losses(&sets, model, t))?;
        }
        if config.spectra.enabled
            && hook.records(t)
            && let Some(task) = evaluate::features(&sets, model, t)
        {
            hook.submit(task)?;
        }
        if config.probe.substitutes.as_ref().is_some_and(|s| s.hits(t))
            && let Some(task) = substitutes::task(&sets, &s.place, initial, model, t)
        {
            hook.submit(task)?;
        }
        if let Some(i) = &interventions
            && (i.records(t) || t == s.steps)
        {
            hook.submit(i.task(&sets, model, t))?;
        }
        if let Some(kernels) = &kernels
            && kernels.records(t)
        {
            hook.submit(kernels.task(model, t))?;
        }
        Ok(())
    };
    if from.is_none() {
        evaluate(&model, 0)?;
        if config.spectra.enabled
            && let Some(task) = evaluate::linear(config, &s.split)
        {
            hook.submit(task)?;
        }
    }

    let mut t = first;
    let mut diverged = false;
    let mut saving = Duration::ZERO;
    // The loss at W_t comes out of the forward pass of step t + 1; a full-batch run needs one more at its end.
    while t < s.steps || (full && t == s.steps) {
        let (x, y) = match batches.indices(t) {
            Some(indices) => data.batch(indices),
            None => (data.x.clone(), data.y.clone()),
        };
        // The loss that is recorded belongs to W_t as the optimizer left it; the gradient to the scaled weights.
        let mut left = None;
        if config.training.normalize_weights && t < s.steps {
            left = full.then(|| value(loss(kind, model.forward(x.clone()), y.clone())));
            model = rescale(model);
        }
        let r = &config.training.regularizers;
        let last = t == s.steps;
        let seen = match r.input_noise > 0.0 && !last {
            true => Some(regularize::noisy(&model, &s.place, &x, config.seed, t + 1, r.input_noise)),
            false => None,
        };
        // The loss on the inputs as they are; the gradient of the step may be that of noisy ones.
        let targets = y.clone();
        let objective = loss(kind, model.forward(x.clone()), y.clone());
        let now = value(objective.clone());
        if full && (t > first || from.is_none()) {
            hook.scalar("train_loss", left.unwrap_or(now));
        }
        progress(Progress { step: t, total: s.steps, loss: now });
        if !now.is_finite() && config.training.on_divergence == OnDivergence::Stop {
            diverged = true;
            break;
        }
        if t == s.steps {
            break;
        }
        let gradient = |o: Tensor<1>| GradientsParams::from_grads(o.backward(), &model);
        let with = |g: GradientsParams| regularize::add(&model, g, seen.as_ref().map_or(&x, |s| &s.inputs), r);
        // What the step takes, where it is not what is recorded.
        let (grads, taken) = match &seen {
            _ if r.is_none() => (gradient(objective), None),
            Some(noisy) if r.logged => (with(gradient(loss(kind, model.forward(noisy.inputs.clone()), y))), None),
            Some(noisy) => {
                (gradient(objective), Some(with(gradient(loss(kind, model.forward(noisy.inputs.clone()), y)))))
            }
            None if r.logged => (with(gradient(objective)), None),
            None => {
                let again = loss(kind, model.forward(x.clone()), y);
                (gradient(objective), Some(with(gradient(again))))
            }
        };
        // What belongs to the gradient is computed from the weights before the step, and recorded with it.
        let mut beside = Vec::new();
        if config.spectra.enabled && hook.records(t + 1) {
            if let Some(terms) = &terms {
                // The gradient that is recorded may hold the regularisers' terms, and may be one at noisy inputs.
                let noisy = seen.as_ref().filter(|_| r.logged);
                let alone = match r.is_none() || !r.logged {
                    true => None,
                    false => {
                        let inputs = noisy.map_or(&x, |s| &s.inputs).clone();
                        Some(gradient(loss(kind, model.forward(inputs), targets.clone())))
                    }
                };
                let of = |g: &GradientsParams| parameter_id(&model, gradients::LAYER).and_then(|id| g.get::<2>(id));
                let seen = Seen {
                    gradient: of(alone.as_ref().unwrap_or(&grads)),
                    recorded: alone.is_some().then(|| of(&grads)).flatten(),
                    noise: noisy.map(|s| (s.tau, s.draws.clone())),
                };
                beside.push(terms.task(&model, seen, t + 1));
            }
            if config.gradients.means {
                beside.push(gradients::means(&model, &x, &targets, kind, t + 1));
            }
        }
        let rate = config.optimizer.rate(t + 1, s.steps);
        let clip = config.training.clip_norm;
        model = hook.around(model, grads, |model, grads| {
            let grads = taken.unwrap_or(grads);
            let grads = match clip {
                Some(max) => clip_global_norm(&model, grads, max).0,
                None => grads,
            };
            optimizer.step(rate, model, grads)
        })?;
        t += 1;
        for task in beside {
            hook.submit(task)?;
        }
        hook.scalar("learning_rate", rate);
        if !full {
            hook.scalar("train_loss", now);
        }
        evaluate(&model, t)?;
        let every = config.training.checkpoint_every;
        if t == s.steps || (every > 0 && t.is_multiple_of(every)) {
            let stopped = |e: TrainError| TrainError::Stopped { dir: s.dir.to_owned(), step: t, why: e.to_string() };
            let start = Instant::now();
            checkpoint::save(&checkpoints, t, &model, &optimizer).map_err(stopped)?;
            saving += start.elapsed();
        }
    }
    // A mini-batch run has not seen the loss at its last weights yet.
    if !full && !diverged && config.training.on_divergence == OnDivergence::Stop {
        let (x, y) = batches.indices(t).map_or_else(|| (data.x.clone(), data.y.clone()), |i| data.batch(i));
        diverged = !value(loss(kind, model.forward(x), y)).is_finite();
    }
    let stats = hook.finish()?;
    let training = clock.elapsed().saturating_sub(stats.waited + saving);
    Ok(Outcome { model, step: t, diverged, stats, training })
}
