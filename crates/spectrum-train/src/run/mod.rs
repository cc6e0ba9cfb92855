//! One run: from a resolved config to a finished run directory.

mod checkpoint;
mod closing;
mod evaluate;
mod gradients;
mod interventions;
mod kernels;
pub(crate) mod limits;
pub(crate) mod memory;
mod regularize;
mod substitutes;
mod train;
mod writer;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use sha2::{Digest, Sha256};
use spectrum_data::{SpikedParts, Split};
use spectrum_measure::null;
use spectrum_models::{Network, Place, freeze_except};
use spectrum_store::{Checkpoints, Existing, RunDirectory, RunInfo, RunReader, RunWriter, Status};

use crate::backend::{self, DeviceFacts};
use crate::config::{Batch, Config, ModelConfig};
use crate::{TrainError, bundle, model};

/// What to do with a run directory that is already there, and what else to leave in it.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// The folder that run directories are made in.
    pub out: PathBuf,
    /// Go on with an unfinished run.
    pub resume: bool,
    /// Start afresh over whatever run is there.
    pub force: bool,
    /// Leave `tensors.safetensors` behind, from which any other framework can replay the run.
    pub tensors: bool,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Steps done.
    pub step: u64,
    /// Steps in all.
    pub total: u64,
    /// The newest training loss.
    pub loss: f64,
}

/// A run that is done.
#[derive(Debug, Clone)]
pub struct Finished {
    /// Its directory.
    pub dir: PathBuf,
    /// Its facts.
    pub info: RunInfo,
    /// Whether it had been done before and was only found.
    pub found: bool,
}

/// Runs a config and calls `progress` after each optimizer step.
///
/// # Errors
/// [`TrainError`]; what was recorded before a failure is kept.
pub fn run(config: &Config, options: &RunOptions, progress: &mut dyn FnMut(Progress)) -> Result<Finished, TrainError> {
    let hash = config.hash()?;
    let dir = RunDirectory::path_for(&options.out, &config.name, config.seed, &config.backend, &hash);
    let start = match RunDirectory::inspect(&dir) {
        Existing::Finished(_) if !options.force && options.tensors && !RunDirectory::tensors_file(&dir).exists() => {
            return Err(TrainError::NoTensors { dir });
        }
        Existing::Finished(info) if !options.force => return Ok(Finished { dir, info, found: true }),
        Existing::Absent => Start::Create,
        Existing::Finished(_) => Start::Restart,
        Existing::Unfinished(_) if options.force => Start::Restart,
        Existing::Unfinished(_) if options.resume => Start::Resume,
        Existing::Unfinished(info) => return Err(TrainError::Unfinished { dir, step: info.steps_done }),
        Existing::Running { pid, .. } => return Err(TrainError::Running { dir, pid }),
        Existing::Foreign(e) => return Err(e.into()),
    };
    if let Some(sizes) = memory::Sizes::of(config) {
        memory::check(config, sizes)?;
    }
    let (place, facts) = backend::place(&config.backend, config.precision)?;
    let model::Loaded { split, parts } = model::load(config)?;
    let (train, outputs) = (split.train.n, model::outputs(&split.train));
    let kernel = kernels::samples(config, &split);
    memory::check(config, memory::Sizes { train, others: split.test.n, inputs: split.train.dim, outputs, kernel })?;
    let steps = total_steps(config, split.train.n)?;
    let session = Session { config, options, dir: &dir, hash: &hash, place, facts, split, parts, steps, start };
    match &config.model {
        ModelConfig::TwoLayer(m) => {
            let net = model::two_layer(config.seed, m, &session.split.train, session.parts.as_ref(), &session.place)?;
            session.go(net, progress)
        }
        ModelConfig::SumEmbedding(m) => {
            let net = model::sum_embedding(config.seed, m, &session.split.train, &session.place)?;
            session.go(net, progress)
        }
        ModelConfig::Transformer(m) => {
            let net = model::transformer(config.seed, m, &session.split.train, &session.place)?;
            session.go(net, progress)
        }
        ModelConfig::ConvNet(m) => {
            let net = model::conv_net(config.seed, m, &session.split.train, &session.place)?;
            session.go(net, progress)
        }
        ModelConfig::Mlp(m) => {
            let net = model::mlp(config.seed, m, &session.split.train, &session.place)?;
            session.go(net, progress)
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    Create,
    Restart,
    Resume,
}

fn total_steps(config: &Config, n: usize) -> Result<u64, TrainError> {
    let per_epoch = match config.training.batch {
        Batch::Full => 1,
        Batch::Size(batch) if batch > n => return Err(TrainError::Batch { batch, n }),
        Batch::Size(batch) => n.div_ceil(batch) as u64,
    };
    Ok(config.training.steps.unwrap_or_else(|| config.training.epochs.unwrap_or(0).saturating_mul(per_epoch)))
}

/// What a run needs besides its model.
struct Session<'a> {
    config: &'a Config,
    options: &'a RunOptions,
    dir: &'a Path,
    hash: &'a str,
    place: Place,
    facts: DeviceFacts,
    split: Split,
    parts: Option<SpikedParts>,
    steps: u64,
    start: Start,
}

impl Session<'_> {
    fn go<M: Network>(self, net: M, progress: &mut dyn FnMut(Progress)) -> Result<Finished, TrainError> {
        let initial = match self.config.model.train() {
            Some(prefixes) => freeze_except(net, prefixes)?,
            None => net,
        };
        train::check(&self, &initial)?;
        let (writer, from, mut info) = self.open(self.info(&initial))?;
        let writer = writer::Shared::new(writer);
        let clock = Instant::now();
        let before = info.wall_seconds;
        let done = catch_unwind(AssertUnwindSafe(|| train::train(&self, &initial, &writer, from.as_ref(), progress)))
            .unwrap_or_else(|panic| Err(TrainError::Panicked { dir: self.dir.to_owned(), why: words(&*panic) }));
        info.wall_seconds = before + clock.elapsed().as_secs_f64();
        let result = match done {
            Ok(outcome) => {
                info.training_seconds += outcome.training.as_secs_f64();
                info.waited_seconds += outcome.stats.waited.as_secs_f64();
                info.recording_seconds += outcome.stats.busy.as_secs_f64();
                if info.training_seconds > 0.0 {
                    info.recording_overhead = Some(info.waited_seconds / info.training_seconds);
                }
                info.steps_done = outcome.step;
                let outcome = match &self.config.dynamics {
                    Some(c) => closing::add(self.dir, &writer, c).map(|()| outcome),
                    None => Ok(outcome),
                };
                outcome.and_then(|outcome| match outcome.diverged {
                    true => Err(TrainError::Diverged { dir: self.dir.to_owned(), step: outcome.step }),
                    false if self.options.tensors => {
                        bundle::write(self.dir, self.config, &self.split, &initial, &outcome.model).map(|()| outcome)
                    }
                    false => Ok(outcome),
                })
            }
            Err(e) => Err(e),
        };
        match &result {
            Ok(_) => info.status = Status::Finished,
            Err(e) => {
                info.status = if matches!(e, TrainError::Diverged { .. }) { Status::Diverged } else { Status::Failed };
                info.message = Some(e.to_string());
                info.steps_done = info.steps_done.max(writer.last_step().unwrap_or(0));
            }
        }
        let closed = writer.finish(&info);
        result?;
        let stopped = |why: String| TrainError::Stopped { dir: self.dir.to_owned(), step: info.steps_done, why };
        closed.map_err(|e| stopped(e.to_string()))?;
        Ok(Finished { dir: self.dir.to_owned(), info, found: false })
    }

    /// The writer, where to go on from, if there is such a place, and the run's facts so far.
    fn open(&self, info: RunInfo) -> Result<(RunWriter, Option<checkpoint::From>, RunInfo), TrainError> {
        let config = self.config.to_toml()?;
        match self.start {
            Start::Create => Ok((RunWriter::create(self.dir, &info, &config)?, None, info)),
            Start::Restart => Ok((RunWriter::restart(self.dir, &info, &config)?, None, info)),
            Start::Resume => {
                let reader = RunReader::open(self.dir)?;
                // The null of rotated updates is a sum over all steps that no checkpoint holds: such a run starts again.
                let whole = self.config.spectra.nulls.0.contains(&null::Kind::RotatedUpdates);
                let found = match whole {
                    true => None,
                    false => Checkpoints::new(self.dir).newest_within(reader.last_step()?)?,
                };
                let old = reader.info()?;
                drop(reader);
                match found {
                    Some((step, path)) => {
                        let info = RunInfo {
                            started_unix: old.started_unix,
                            wall_seconds: old.wall_seconds,
                            training_seconds: old.training_seconds,
                            waited_seconds: old.waited_seconds,
                            recording_seconds: old.recording_seconds,
                            steps_done: step,
                            ..info
                        };
                        let writer = RunWriter::resume(self.dir, step, &info)?;
                        Ok((writer, Some(checkpoint::From { step, path }), info))
                    }
                    // Killed before its first checkpoint: nothing to go on from.
                    None => Ok((RunWriter::restart(self.dir, &info, &config)?, None, info)),
                }
            }
        }
    }

    fn info<M: Module>(&self, initial: &M) -> RunInfo {
        RunInfo {
            name: self.config.name.clone(),
            seed: self.config.seed,
            backend: self.config.backend.clone(),
            precision: self.config.precision.as_str().to_owned(),
            adapter: self.facts.adapter.clone(),
            driver: self.facts.driver.clone(),
            graphics_api: self.facts.api.clone(),
            spectrum_version: env!("CARGO_PKG_VERSION").to_owned(),
            burn_version: "0.22.1".to_owned(),
            config_hash: self.hash.to_owned(),
            status: Status::Running,
            started_unix: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64()),
            parameters: initial.num_params() as u64,
            cpu_threads: std::thread::available_parallelism().map_or(1, |n| n.get() as u64),
            initial_weights_sha256: Some(weights_digest(initial)),
            ..RunInfo::default()
        }
    }
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned())).unwrap_or_else(|| "a panic".into())
}

/// SHA-256 of all parameters, widened to f64: equal on two backends exactly when the initial weights are equal bit for
/// bit (both precisions start from f32 numbers).
fn weights_digest<M: Module>(model: &M) -> String {
    struct Bytes(Sha256);
    impl ModuleVisitor for Bytes {
        fn visit_float<const D: usize>(&mut self, p: &Param<Tensor<D>>) {
            for v in p.val().into_data().iter::<f64>() {
                self.0.update(v.to_le_bytes());
            }
        }
    }
    let mut b = Bytes(Sha256::new());
    model.visit(&mut b);
    b.0.finalize().iter().map(|x| format!("{x:02x}")).collect()
}
