//! What is computed beside training, on a worker: losses on the test set, accuracies, and what the features know of the
//! labels.

use std::sync::Arc;

use spectrum_core::{Kind, MatrixId, Outcome, Reason, Record, StepRows};
use spectrum_data::{Split, Targets};
use spectrum_hook::Task;
use spectrum_measure::baseline;
use spectrum_measure::feature_probe::{FeatureProbe, kta};
use spectrum_models::{Network, Place};

use crate::config::{Config, FeatureScale, LossKind};
use crate::loss::{accuracy, loss, value};
use crate::tensors::{Part, host};

/// Samples of the training set on which the accuracy is measured: enough for a standard error below 0.005.
const TRAIN_ACCURACY_SAMPLES: usize = 10_000;

/// The sets that are evaluated, on the plain device.
pub(super) struct Sets {
    pub test: Part,
    /// Variance of real test targets.
    variance: Option<f64>,
    train: Option<Part>,
    loss: LossKind,
    pub probe: Option<Probe>,
    classes: Option<ClassProbe>,
}

/// Training images on which the alignment of the features with the classes is measured.
const CLASS_PROBE_SAMPLES: usize = 2000;

struct ClassProbe {
    images: Part,
    /// One-hot, samples x classes, column-major.
    labels: Vec<f64>,
    layer: String,
}

impl ClassProbe {
    fn new(train: &Part, layer: String) -> Option<Self> {
        let images = train.inner().first(CLASS_PROBE_SAMPLES);
        let count = images.y.dims()[1];
        let mut labels = vec![0.0; images.n * count];
        for (i, class) in images.classes.as_ref()?.iter().enumerate() {
            labels[i + *class as usize * images.n] = 1.0;
        }
        Some(Self { images, labels, layer })
    }
}

pub(super) struct Probe {
    pub probe: Part,
    pub labels: Vec<f64>,
    pub test_labels: Vec<f64>,
    pub lambda: f64,
    /// What multiplies the first pre-activation: 1, or 1/sqrt(d).
    pub input_scale: f64,
    pub layer: String,
}

fn values(t: &Targets) -> Option<&Vec<f64>> {
    match t {
        Targets::Values(v) => Some(v),
        Targets::Classes { .. } => None,
    }
}

impl Sets {
    pub fn new<M: Network>(
        config: &Config,
        place: &Place,
        split: &Split,
        train: &Part,
        loss: LossKind,
        model: &M,
    ) -> Self {
        let plain = model.valid();
        let part = |set| Part::new(place, false, set, |x| plain.prepare(x));
        let probe = match (&split.probe, config.probe.enabled) {
            (Some(set), true) => match (values(&set.targets), values(&split.test.targets)) {
                (Some(labels), Some(test_labels)) => Some(Probe {
                    probe: part(set),
                    labels: labels.clone(),
                    test_labels: test_labels.clone(),
                    lambda: config.probe.ridge_lambda,
                    input_scale: match config.probe.feature_scale {
                        FeatureScale::SqrtD => 1.0,
                        FeatureScale::D => (set.dim as f64).sqrt().recip(),
                    },
                    layer: model.feature_layer(),
                }),
                _ => None,
            },
            _ => None,
        };
        let classes = config.probe.enabled.then(|| ClassProbe::new(train, model.feature_layer())).flatten();
        let train = train.classes.is_some().then(|| train.inner().first(TRAIN_ACCURACY_SAMPLES));
        let variance =
            values(&split.test.targets).filter(|_| matches!(loss, LossKind::Mse | LossKind::HalfMse)).map(|y| {
                let mean = y.iter().sum::<f64>() / y.len() as f64;
                y.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / y.len() as f64
            });
        Self { test: part(&split.test), variance, train, loss, probe, classes }
    }

    /// Names of loss and accuracy, and the samples.
    fn evaluated(&self) -> Vec<([&'static str; 2], &Part)> {
        let test = (["test_loss", "test_accuracy"], &self.test);
        std::iter::once(test).chain(self.train.as_ref().map(|t| (["train_loss", "train_accuracy"], t))).collect()
    }
}

/// Losses and accuracies of a model on the test set and on the samples of the training set that are evaluated.
pub(super) struct Scores(Vec<(&'static str, Outcome)>);

impl Scores {
    pub fn of<M: Network>(sets: &Sets, model: &M) -> Self {
        let mut found = Vec::new();
        for (names, part) in sets.evaluated() {
            let outputs = model.forward(part.x.clone());
            found.push((names[0], value(loss(sets.loss, outputs.clone(), part.y.clone())).into()));
            if let Some(classes) = &part.classes {
                found.push((names[1], accuracy(outputs, classes).into()));
            }
        }
        Self(found)
    }

    /// The same scores, each with the reason why it is not there.
    pub fn missing(sets: &Sets, reason: &Reason) -> Self {
        let names = sets.evaluated().into_iter().flat_map(|(names, part)| match part.classes {
            Some(_) => names.to_vec(),
            None => vec![names[0]],
        });
        Self(names.map(|name| (name, Outcome::Missing(reason.clone()))).collect())
    }

    pub fn named(self) -> Vec<(&'static str, Outcome)> {
        self.0
    }
}

/// Losses and accuracies of a model as it is now.
pub(super) fn losses<M: Network>(sets: &Arc<Sets>, model: &M, step: u64) -> Task {
    let (sets, model) = (sets.clone(), model.valid());
    Box::new(move |_| {
        let mut rows = StepRows::new(step);
        let outputs = model.forward(sets.test.x.clone());
        let test_loss = value(loss(sets.loss, outputs.clone(), sets.test.y.clone()));
        rows.scalar("test_loss", test_loss);
        if let Some(variance) = sets.variance {
            let r2 =
                if variance > 0.0 { (1.0 - test_loss / variance).into() } else { Outcome::Missing(Reason::Degenerate) };
            rows.scalar("test_r2", r2);
        }
        if let Some(classes) = &sets.test.classes {
            rows.scalar("test_accuracy", accuracy(outputs, classes));
        }
        if let Some(train) = &sets.train
            && let Some(classes) = &train.classes
        {
            rows.scalar("train_accuracy", accuracy(model.forward(train.x.clone()), classes));
        }
        rows
    })
}

/// The features of a model on prepared inputs, one sample a column (row-major n x h is column-major h x n), and h.
pub(super) fn read<M: Network>(model: &M, part: &Part, input_scale: f64) -> (Vec<f64>, usize) {
    let f = model.features(part.x.clone(), input_scale);
    let h = f.dims()[1];
    (host(f), h)
}

/// Alignment of the features with the classes.
fn class_features<M: Network>(sets: &Arc<Sets>, model: &M, step: u64) -> Option<Task> {
    sets.classes.as_ref()?;
    let (sets, model) = (sets.clone(), model.valid());
    Some(Box::new(move |_| {
        let mut rows = StepRows::new(step);
        let Some(p) = &sets.classes else { return rows };
        let (features, h) = read(&model, &p.images, 1.0);
        let id = MatrixId { step, layer: p.layer.clone(), kind: Kind::Ck, view: "features".into() };
        let outcome = kta(&features, h, p.images.n, &p.labels);
        rows.records.push(Record { id, metric: "kta".into(), outcome });
        rows
    }))
}

/// Alignment of the features with the labels, and the loss of a ridge refit on them; for classes the alignment alone.
/// `None` where there is no probe set.
pub(super) fn features<M: Network>(sets: &Arc<Sets>, model: &M, step: u64) -> Option<Task> {
    if sets.probe.is_none() {
        return class_features(sets, model, step);
    }
    let (sets, model) = (sets.clone(), model.valid());
    Some(Box::new(move |_| {
        let mut rows = StepRows::new(step);
        let Some(p) = &sets.probe else { return rows };
        let (features, h) = read(&model, &p.probe, p.input_scale);
        let (test_features, _) = read(&model, &sets.test, p.input_scale);
        let probe = FeatureProbe {
            features: &features,
            h,
            n: p.probe.n,
            labels: &p.labels,
            test_features: &test_features,
            test_labels: &p.test_labels,
            ridge_lambda: p.lambda,
        };
        let id = MatrixId { step, layer: p.layer.clone(), kind: Kind::Ck, view: "features".into() };
        let loss = probe.measure(&id, &mut rows);
        if step == 0 {
            rows.scalar("initial_kernel_test_loss", loss);
        }
        rows
    }))
}

/// Ridge regression with bias on the raw inputs: what no training at all would reach.
pub(super) fn linear(config: &Config, split: &Split) -> Option<Task> {
    let (train, test) = (split.train.clone(), split.test.clone());
    let lambda = config.probe.ridge_lambda;
    if !config.probe.enabled || values(&train.targets).is_none() {
        return None;
    }
    Some(Box::new(move |_| {
        let mut rows = StepRows::new(0);
        if let (Some(y), Some(y_test)) = (values(&train.targets), values(&test.targets)) {
            let loss = baseline::linear_ridge(&train.inputs_f64(), y, &test.inputs_f64(), y_test, train.dim, lambda);
            rows.scalar("linear_test_loss", loss);
        }
        rows
    }))
}
