//! A network's features on a probe set: how well their kernel fits the labels, and what a refitted readout makes of them.

//!
//! The features are those that the caller computes: sigma(W x/sqrt d) of the network (`feature_scale = "sqrt_d"`), or
//! sigma(W x/d) (`"d"`). The latter only serves to compare with published curves: the code of Kothapalli et al. keeps a
//! tensor that shares storage with the pre-activation, divides it by sqrt(d) in place in the forward pass, and by sqrt(d)
//! again in the evaluation. Its features are nearly linear; its training is not affected.

use spectrum_core::{MatrixId, Outcome, Reason, Spectrum, StepRows};
use spectrum_linalg::gram_of_features;

use crate::battery::record;
use crate::ridge::{Samples, gram_checked, project, solve};
use crate::{MeasureError, RidgeFit};

/// Features and labels of a probe set and a test set.
///
/// Features are h x n, column-major, one sample a column: sigma(pre-activation) before any 1/sqrt(h). Labels are n
/// numbers, or n x outputs column-major (one-hot classes). The number of test samples follows from the lengths.
#[derive(Debug, Clone, Copy)]
pub struct FeatureProbe<'a> {
    /// Features of the probe set, h x n.
    pub features: &'a [f64],
    /// Width h.
    pub h: usize,
    /// Probe samples n.
    pub n: usize,
    /// Labels of the probe set.
    pub labels: &'a [f64],
    /// Features of the test set, h x (test samples).
    pub test_features: &'a [f64],
    /// Labels of the test set.
    pub test_labels: &'a [f64],
    /// Ridge parameter lambda of the refit.
    pub ridge_lambda: f64,
}

/// What a probe answers.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeFit {
    /// Kernel-target alignment, between 0 and 1; missing when the features or the labels are zero.
    pub kta: Outcome,
    /// Losses of the refitted readout: `train_loss` on the probe set.
    pub ridge: RidgeFit,
}

impl FeatureProbe<'_> {
    /// Metrics of the records, in order.
    pub const METRICS: [&'static str; 3] = ["kta", "ridge_train_loss", "ridge_test_loss"];

    fn train(&self) -> Samples<'_> {
        Samples { inputs: self.features, labels: self.labels, count: self.n }
    }

    fn test(&self) -> Samples<'_> {
        Samples {
            inputs: self.test_features,
            labels: self.test_labels,
            count: self.test_features.len() / self.h.max(1),
        }
    }

    /// Alignment and losses.
    ///
    /// The alignment is [`kta`]'s, the losses are [`ridge_refit`](crate::ridge_refit)'s.
    ///
    /// # Errors
    /// [`MeasureError`] when a length does not fit, the ridge parameter is not positive, or a feature is not finite.
    pub fn fit(&self) -> Result<ProbeFit, MeasureError> {
        let (train, test) = (self.train(), self.test());
        let gram = gram_checked(self.h, &train, &test, self.ridge_lambda)?;
        let kta = alignment(self.h, &gram, &train);
        Ok(ProbeFit { kta, ridge: solve(self.h, gram, train, test, self.ridge_lambda)? })
    }

    /// Appends the records of [`METRICS`](Self::METRICS) under `id`, whose kind is `ck`, and answers with the test loss of
    /// the refit: at step 0 it is the run's `initial_kernel_test_loss`. When there is no fit, each record and the answer
    /// hold the reason.
    pub fn measure(&self, id: &MatrixId, rows: &mut StepRows) -> Outcome {
        let answers: [Outcome; 3] = match self.fit() {
            Ok(fit) => [fit.kta, fit.ridge.train_loss.into(), fit.ridge.test_loss.into()],
            Err(e) => {
                let reason = Reason::from(e);
                std::array::from_fn(|_| Outcome::Missing(reason.clone()))
            }
        };
        let loss = answers[2].clone();
        rows.records.extend(Self::METRICS.iter().zip(answers).map(|(metric, answer)| record(id, metric, answer)));
        loss
    }
}

/// Kernel-target alignment, uncentred (Cristianini et al., NIPS 2001), of the conjugate kernel K = F^T F/h, between 0
/// and 1:
///
/// ```text
/// kta = <K, Y Y^T>_F / (|K|_F |Y Y^T|_F) = |F Y|_F^2 / (|F F^T|_F |Y^T Y|_F)
/// ```
///
/// The right-hand side needs no n x n matrix: F^T F and F F^T have the same Frobenius norm. `features` is h x n,
/// column-major, one sample a column; `labels` n x outputs, column-major (one-hot classes, or n numbers).
///
/// Missing as [`Reason::Degenerate`] when the features or the labels are zero, [`Reason::NotFinite`], and
/// [`Reason::NotComputed`] when a length does not fit.
#[must_use]
pub fn kta(features: &[f64], h: usize, n: usize, labels: &[f64]) -> Outcome {
    let samples = Samples { inputs: features, labels, count: n };
    match samples.outputs(h, ["features", "labels"]) {
        Ok(_) => alignment(h, &gram_of_features(features, h, n), &samples),
        Err(e) => Outcome::Missing(e.into()),
    }
}

/// [`kta`] with F F^T, which the ridge refit needs too.
fn alignment(h: usize, gram: &[f64], samples: &Samples<'_>) -> Outcome {
    let norm = |x: &[f64]| x.iter().map(|v| v * v).sum::<f64>();
    let kernel = norm(gram).sqrt();
    let aligned = norm(&project(h, samples));
    let mut labels = 0.0;
    for a in samples.labels.chunks_exact(samples.count) {
        for b in samples.labels.chunks_exact(samples.count) {
            labels += a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>().powi(2);
        }
    }
    let size = kernel * labels.sqrt();
    if size == 0.0 { Outcome::Missing(Reason::Degenerate) } else { Outcome::from(aligned / size) }
}

/// The spectrum of the conjugate kernel K = F^T F/h (n x n) from that of the features F (h x n).
///
/// K is symmetric and positive semidefinite: its singular values are its eigenvalues s(F)^2/h, and n - h zeros when the
/// layer is narrower than the probe set. The values are of K itself, so their unit is a squared feature; a value of F known
/// down to a floor f gives an eigenvalue known down to f^2/h. Vectors are not carried over.
#[must_use]
pub fn conjugate_kernel_spectrum(features: &Spectrum) -> Spectrum {
    let (h, n) = (features.rows as f64, features.cols);
    let mut singular_values: Vec<f64> = features.singular_values.iter().map(|s| s * s / h).collect();
    if features.is_complete() {
        singular_values.resize(n, 0.0);
    }
    Spectrum {
        rows: n,
        cols: n,
        route: features.route,
        floor: features.floor * features.floor / h,
        singular_values,
        left: None,
        right: None,
    }
}
