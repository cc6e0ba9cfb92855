//! A network's features on a probe set: how well their kernel fits the labels, and what a refitted readout makes of them.

use std::fmt;
use std::str::FromStr;

use spectrum_core::{CoreError, MatrixId, Outcome, Reason, Record, Spectrum};

use crate::battery::record;
use crate::ridge::{Samples, gram_checked, project, solve};
use crate::{MeasureError, RidgeFit};

/// How the pre-activations of the measured features are scaled.
///
/// The published code of Kothapalli et al. divides twice: its hook stores a tensor that shares storage with the
/// pre-activation W x, which the forward pass divides by sqrt(d) in place, and the evaluation divides the stored tensor
/// by sqrt(d) again. Its features are those of W x/d, nearly linear. Training itself is not affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum FeatureScale {
    /// The network's own features, of W x/sqrt(d).
    #[default]
    SqrtD,
    /// The features of the published code, of W x/d: only to compare with the published curves.
    D,
}

impl FeatureScale {
    /// The name in configs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SqrtD => "sqrt_d",
            Self::D => "d",
        }
    }

    /// What a pre-activation that is already divided by sqrt(d) is multiplied by before the activation.
    #[must_use]
    pub fn preactivation_factor(self, d: usize) -> f64 {
        match self {
            Self::SqrtD => 1.0,
            Self::D => (d as f64).sqrt().recip(),
        }
    }
}

impl fmt::Display for FeatureScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for FeatureScale {
    type Err = CoreError;
    fn from_str(s: &str) -> Result<Self, CoreError> {
        [Self::SqrtD, Self::D].into_iter().find(|x| x.as_str() == s).ok_or_else(|| CoreError::Unknown {
            what: "feature scale",
            found: s.to_owned(),
            expected: "sqrt_d, d",
        })
    }
}

/// Features and labels of a probe set and a test set.
///
/// Features are h x n, column-major, one sample a column: sigma(pre-activation) before any 1/sqrt(h), at the
/// [`FeatureScale`] that the caller chose. Labels are n numbers, or n x outputs column-major (one-hot classes).
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
    /// Features of the test set, h x n_test.
    pub test_features: &'a [f64],
    /// Test samples.
    pub n_test: usize,
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
        Samples { inputs: self.test_features, labels: self.test_labels, count: self.n_test }
    }

    /// Alignment and losses.
    ///
    /// Kernel-target alignment, uncentred (Cristianini et al., NIPS 2001), of the conjugate kernel K = F^T F/h:
    ///
    /// ```text
    /// kta = <K, Y Y^T>_F / (|K|_F |Y Y^T|_F) = |F Y|_F^2 / (|F F^T|_F |Y^T Y|_F)
    /// ```
    ///
    /// The right-hand side needs no n x n matrix: F^T F and F F^T have the same Frobenius norm.
    ///
    /// # Errors
    /// [`MeasureError`] when a length does not fit, the ridge parameter is not positive, or a feature is not finite.
    pub fn fit(&self) -> Result<ProbeFit, MeasureError> {
        let (train, test) = (self.train(), self.test());
        let gram = gram_checked(self.h, &train, &test, self.ridge_lambda)?;
        let norm = |x: &[f64]| x.iter().map(|v| v * v).sum::<f64>();
        let kernel = norm(&gram).sqrt();
        let aligned = norm(&project(self.h, &train));
        let mut labels = 0.0;
        for a in self.labels.chunks_exact(self.n) {
            for b in self.labels.chunks_exact(self.n) {
                labels += a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>().powi(2);
            }
        }
        let size = kernel * labels.sqrt();
        let kta = if size == 0.0 { Outcome::Missing(Reason::Degenerate) } else { Outcome::from(aligned / size) };
        Ok(ProbeFit { kta, ridge: solve(self.h, gram, train, test, self.ridge_lambda)? })
    }

    /// Appends the records of [`METRICS`](Self::METRICS) under `id`, whose kind is `ck`. When there is no fit, each record
    /// holds the reason.
    pub fn measure(&self, id: &MatrixId, records: &mut Vec<Record>) {
        match self.fit() {
            Ok(fit) => {
                records.push(record(id, "kta", fit.kta));
                records.push(record(id, "ridge_train_loss", fit.ridge.train_loss));
                records.push(record(id, "ridge_test_loss", fit.ridge.test_loss));
            }
            Err(e) => {
                let reason = Reason::from(e);
                records.extend(Self::METRICS.iter().map(|metric| record(id, metric, reason.clone())));
            }
        }
    }
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
