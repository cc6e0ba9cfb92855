//! Conjugate and tangent kernels at the weights as they are, on a worker.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use burn::tensor::Tensor;
use spectrum_core::{Kind, MatrixId, Outcome, Reason, Record, Spectrum, StepRows};
use spectrum_data::{Dataset, Orthonormality, Split, Targets};
use spectrum_hook::{Schedule, Task};
use spectrum_kernel::{KernelError, Settings, conjugate_kernels, tangent_kernel};
use spectrum_linalg::Plan;
use spectrum_linalg::kernel::sample_gram;
use spectrum_measure::kernel::{self, InitialKernel, KernelSample, Surrogate};
use spectrum_models::{ActivationKind, Network, Place, trained_paths};

use super::limits::{self, Limits};
use crate::config::{Config, KernelLayers, KernelSamples, KernelsConfig, ModelConfig};
use crate::tensors::{Part, host};

/// Training samples of a set that cannot be drawn afresh.
const SAMPLES: usize = 2000;

/// The layer's name of the tangent kernel, which belongs to no layer.
const NETWORK: &str = "network";

/// One kernel with its place among the rows.
struct Named {
    layer: String,
    kind: Kind,
    /// With the eigenvalues where later kernels are compared with it.
    matrix: InitialKernel,
}

impl Named {
    fn new(layer: String, kind: Kind, n: usize, kernel: Vec<f64>) -> Self {
        Self { layer, kind, matrix: InitialKernel { n, kernel, eigenvalues: Vec::new() } }
    }
}

/// Everything that the kernels of a run share.
pub(super) struct Kernels<M> {
    config: KernelsConfig,
    schedule: Schedule,
    ck: bool,
    ntk: bool,
    view: String,
    x: Tensor<2>,
    n: usize,
    /// n x outputs, column-major.
    labels: Vec<f64>,
    /// The samples' orthonormality, and the network's widths and activation, where the limit laws are asked for.
    laws: Option<Laws>,
    settings: Settings,
    /// The model at step 0. A Burn module may move to another thread but not be shared with it.
    model: Mutex<M>,
    initial: OnceLock<Result<Start, KernelError>>,
}

/// What the limit laws are made of.
struct Laws {
    widths: Vec<usize>,
    activation: ActivationKind,
    orthonormality: Result<Orthonormality, Reason>,
    deep: bool,
}

/// Everything at step 0.
struct Start {
    kernels: Vec<Named>,
    spectra: Vec<Result<Spectrum, Reason>>,
    limits: Option<Limits>,
    /// X_0^T X_0, where the limit laws are asked for.
    gram: Vec<f64>,
}

/// Labels, samples x outputs, column-major; classes as one-hot columns.
fn labels(targets: &Targets, n: usize) -> Vec<f64> {
    match targets {
        Targets::Values(v) => v[..n].to_vec(),
        Targets::Classes { indices, count } => {
            let mut y = vec![0.0; n * *count as usize];
            for (i, class) in indices[..n].iter().enumerate() {
                y[i + *class as usize * n] = 1.0;
            }
            y
        }
    }
}

/// The set whose first so many samples a kernel is of.
fn chosen<'a>(c: &KernelsConfig, split: &'a Split) -> (&'a Dataset, usize) {
    let set = match c.on {
        KernelSamples::Probe => split.probe.as_ref().unwrap_or(&split.train),
        KernelSamples::Train => &split.train,
    };
    let default = if c.on == KernelSamples::Probe && split.probe.is_none() { SAMPLES } else { usize::MAX };
    (set, if c.samples == 0 { default } else { c.samples }.min(set.n))
}

/// Samples of the kernels that a run records; 0 where it records none.
pub(super) fn samples(config: &Config, split: &Split) -> usize {
    let recorded = config.spectra.enabled && config.spectra.kinds.iter().any(|k| matches!(k, Kind::Ck | Kind::Ntk));
    if recorded { chosen(&config.kernels, split).1 } else { 0 }
}

impl<M: Network> Kernels<M> {
    /// `None` where the config records neither kind. `initial` is the model at step 0.
    pub fn new(config: &Config, place: &Place, split: &Split, initial: &M) -> Option<Arc<Self>> {
        let has = |k| config.spectra.enabled && config.spectra.kinds.contains(&k);
        let (ck, ntk) = (has(Kind::Ck), has(Kind::Ntk));
        if !(ck || ntk) {
            return None;
        }
        let c = config.kernels.clone();
        let (set, n) = chosen(&c, split);
        let set = set.first(n);
        let laws = limits::applies(config).ok().filter(|_| c.laws).map(|(widths, activation)| Laws {
            widths,
            activation,
            orthonormality: set.orthonormality().map_err(|e| Reason::NotComputed(e.to_string())),
            deep: matches!(config.model, ModelConfig::Mlp(_)),
        });
        let plain = initial.valid();
        let x = Part::new(place, false, &set, |x| plain.prepare(x)).x;
        Some(Arc::new(Self {
            schedule: c.every.clone().unwrap_or_else(|| config.spectra.every.clone()),
            view: c.on.as_str().to_owned(),
            config: c,
            ck,
            ntk,
            x,
            n,
            labels: labels(&set.targets, n),
            laws,
            settings: Settings {
                threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
                ..Settings::default()
            },
            model: Mutex::new(initial.clone()),
            initial: OnceLock::new(),
        }))
    }

    /// Whether the kernels are recorded at step `t`.
    pub fn records(&self, t: u64) -> bool {
        self.schedule.hits(t)
    }

    fn compute(&self, model: &M) -> Result<Vec<Named>, KernelError> {
        let mut all = Vec::new();
        if self.ck {
            let mut layers = conjugate_kernels(model, &self.x, &self.settings)?;
            if self.config.layers == KernelLayers::Last {
                layers.drain(..layers.len().saturating_sub(1));
            }
            all.extend(
                layers.into_iter().map(|k| Named::new(format!("{}.weight", k.layer), Kind::Ck, self.n, k.kernel)),
            );
        }
        if self.ntk {
            let matrix = tangent_kernel(model, &self.x, self.config.output.0, &self.settings)?;
            all.push(Named::new(NETWORK.to_owned(), Kind::Ntk, self.n, matrix));
        }
        Ok(all)
    }

    /// The kernels at step 0, computed by whoever asks first.
    fn initial(&self, plan: &mut Plan) -> Result<&Start, KernelError> {
        let found = self.initial.get_or_init(|| {
            let model = self.model.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let named = self.compute(&model)?;
            let mut kernels = named;
            let spectra = self.spectra(&kernels, plan);
            for (k, s) in kernels.iter_mut().zip(&spectra) {
                // Without a spectrum nothing is compared with it: the length says so.
                k.matrix.eigenvalues = s.as_ref().map_or(Vec::new(), |s| s.singular_values.clone());
            }
            let gram = match &self.laws {
                Some(_) => sample_gram(&host(self.x.clone()), self.x.dims()[1], self.n, 1.0, self.settings.threads),
                None => Vec::new(),
            };
            let limits = self.laws.as_ref().and_then(|l| {
                let population = plan.kernel(&gram, self.n, 0).ok()?.singular_values;
                Some(Limits::new(&l.widths, l.activation, self.n, population, &trained_paths(&model), l.deep))
            });
            Ok(Start { kernels, spectra, limits, gram })
        });
        found.as_ref().map_err(Clone::clone)
    }

    /// Spectra of all kernels, as many at a time as there are processors. Each is computed by one thread: their number changes
    /// no bit.
    fn spectra(&self, kernels: &[Named], plan: &mut Plan) -> Vec<Result<Spectrum, Reason>> {
        let mut found = Vec::with_capacity(kernels.len());
        for some in kernels.chunks(self.settings.threads.max(1)) {
            std::thread::scope(|scope| {
                let one =
                    |k: &Named, plan: &mut Plan| kernel::spectrum(&k.matrix.kernel, self.n, self.config.vectors, plan);
                let others: Vec<_> = some[1..].iter().map(|k| scope.spawn(move || one(k, &mut Plan::new()))).collect();
                found.push(one(&some[0], plan));
                let failed = || Err(Reason::NotComputed("a panic in the decomposition".to_owned()));
                found.extend(others.into_iter().map(|t| t.join().unwrap_or_else(|_| failed())));
            });
        }
        found
    }

    fn measure(
        &self,
        step: u64,
        k: &Named,
        spectrum: Result<Spectrum, Reason>,
        initial: &Named,
        rows: &mut StepRows,
    ) -> (MatrixId, Result<Spectrum, Reason>) {
        let id = MatrixId { step, layer: k.layer.clone(), kind: k.kind, view: self.view.clone() };
        let sample = KernelSample {
            id: &id,
            kernel: &k.matrix.kernel,
            n: self.n,
            labels: Some(&self.labels),
            initial: Some(&initial.matrix),
        };
        let first = rows.records.len();
        let spectrum = kernel::records(&sample, spectrum, self.config.vectors, rows);
        if self.config.on == KernelSamples::Train {
            // The alignment with the labels that were trained on is another number.
            for r in rows.records[first..].iter_mut().filter(|r| r.metric == "kta") {
                r.metric = "kta_train".into();
            }
        }
        (id, spectrum)
    }

    /// Every kernel against its limit law.
    fn compare(
        &self,
        limits: &Limits,
        gram: &[f64],
        kernels: &[Named],
        measured: &[(MatrixId, Result<Spectrum, Reason>)],
        plan: &mut Plan,
        rows: &mut StepRows,
    ) {
        let layers = limits.conjugate.as_ref().map_or(0, Vec::len);
        let first = layers.saturating_sub(kernels.iter().filter(|k| k.kind == Kind::Ck).count());
        let mut grams = vec![gram];
        for (i, (k, (id, spectrum))) in kernels.iter().zip(measured).enumerate() {
            if k.kind == Kind::Ck {
                grams.push(&k.matrix.kernel);
                let law = limits.conjugate.as_ref().map(|laws| &laws[(first + i).min(laws.len() - 1)]);
                kernel::against(id, spectrum.as_ref(), law, rows);
            } else {
                let law = limits.tangent.as_ref();
                kernel::against(id, spectrum.as_ref(), law, rows);
                if let Ok(coefficients) = &limits.coefficients {
                    let parts = Surrogate { grams: &grams, coefficients };
                    kernel::surrogate(id, &k.matrix.kernel, self.n, spectrum.as_ref(), parts, law, plan, rows);
                }
            }
        }
    }

    /// The kernels of a model as it is now.
    pub fn task(self: &Arc<Self>, model: &M, step: u64) -> Task {
        let (all, model) = (self.clone(), model.clone());
        Box::new(move |plan| {
            let mut rows = StepRows::new(step);
            let now = if step == 0 { Ok(Vec::new()) } else { all.compute(&model) };
            let done = all.initial(plan).and_then(|initial| {
                let now = now?;
                let first = step == 0;
                let kernels = if first { &initial.kernels } else { &now };
                let spectra = if first { initial.spectra.clone() } else { all.spectra(kernels, plan) };
                let measured: Vec<_> = kernels
                    .iter()
                    .zip(spectra)
                    .zip(&initial.kernels)
                    .map(|((k, s), k0)| all.measure(step, k, s, k0, &mut rows))
                    .collect();
                if let Some(limits) = &initial.limits {
                    all.compare(limits, &initial.gram, kernels, &measured, plan, &mut rows);
                }
                if let (0, Some(laws)) = (step, &all.laws) {
                    let o = laws.orthonormality.as_ref().map_err(Clone::clone);
                    rows.scalar("data_epsilon", Outcome::from(o.clone().map(Orthonormality::epsilon)));
                    rows.scalar("data_rms_product", Outcome::from(o.clone().map(|o| o.rms_products)));
                    rows.scalar("data_bound", Outcome::from(o.map(Orthonormality::bound)));
                }
                Ok(())
            });
            if let Err(e) = done {
                // Nothing trains, say: the reason stands in place of the number that most look for.
                let kind = if all.ntk { Kind::Ntk } else { Kind::Ck };
                let id = MatrixId { step, layer: NETWORK.to_owned(), kind, view: all.view.clone() };
                let outcome = Outcome::Missing(Reason::NotComputed(e.to_string()));
                rows.records.push(Record { id, metric: "kta".into(), outcome });
            }
            rows
        })
    }
}
