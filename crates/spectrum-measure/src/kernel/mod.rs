//! The named numbers of a kernel K on a probe set: n x n, symmetric, positive semidefinite (kinds `ck` and `ntk`).
//!
//! For a kernel lambda is an eigenvalue of K itself, which is also its singular value: nothing is squared, and a metric of this
//! page reads the same as that of the features F with K = F^T F (`stable_rank` is |F|_F^2/|F|_2^2, `alpha_hill` that of F). The
//! battery's measures of matrices, which would square once more, are not for kernels: [`measure`] is the whole record of one.
//!
//! ```
//! use spectrum_core::{Kind, MatrixId, StepRows};
//! use spectrum_linalg::Plan;
//! use spectrum_measure::kernel::{KernelSample, measure};
//!
//! // K = y y^T + I for y = (1, -1): eigenvalues 3 and 1, the first along y.
//! let id = MatrixId { step: 0, layer: "hidden".into(), kind: Kind::Ck, view: "probe".into() };
//! let (kernel, labels) = ([2.0, -1.0, -1.0, 2.0], [1.0, -1.0]);
//! let sample = KernelSample { id: &id, kernel: &kernel, n: 2, labels: Some(&labels), initial: None };
//! let mut rows = StepRows::new(0);
//! let spectrum = measure(&sample, 1, &mut Plan::new(), &mut rows)?;
//! assert!((spectrum.singular_values[0] - 3.0).abs() < 1e-14);
//! let value = |name: &str| rows.records.iter().find(|r| r.metric == name).and_then(|r| r.outcome.value());
//! assert!(value("label_overlap").is_some_and(|v| (v - 1.0).abs() < 1e-14));
//! assert!(value("kta").is_some_and(|v| (v - 3.0 / 10f64.sqrt()).abs() < 1e-14)); // (9 - 3)/(sqrt(10) 2)
//! # Ok::<(), spectrum_core::Reason>(())
//! ```

mod change;
mod distance;
mod labels;
mod law;
mod values;

use spectrum_core::{MatrixId, Outcome, Reason, Spectrum, SpectrumRow, StepRows, Vectors};
use spectrum_linalg::Plan;

pub use change::InitialKernel;
pub use distance::{INITIAL_DISTANCE, spectrum_distance};
pub use law::{LAW_METRICS, SURROGATE_METRICS, Surrogate, against, surrogate};

use crate::battery::record;

/// Metrics of every kernel, in the order of the records. With lambda_1 >= ... >= lambda_n:
///
/// - `trace_mean`: tr K/n;
/// - `top_eigenvalue`, `smallest_eigenvalue`: lambda_1, lambda_n;
/// - `condition_number`: lambda_1/lambda_n;
/// - `stable_rank`: tr K/lambda_1, between 1 and n;
/// - `effective_rank`: exp(-sum p ln p), p_i = lambda_i/tr K;
/// - `alpha_hill`: Hill's index with median cut-off of the nonzero eigenvalues. Of a kernel of rank r < n (features fewer than
///   samples) these are the r above the floor; where the spectrum decays into its floor instead of stopping above it, r is
///   a matter of rounding, and the answer `BelowFloor`;
/// - `alpha_hill_top`: 1 + k/sum_{j <= k} ln(lambda_j/lambda_k) of the k = max(2, floor(n/10)) largest, zeros counted in n. The
///   median index of a kernel hardly moves while its top grows; this one does;
/// - `eigenvalue_ratio_1_2`, `eigenvalue_ratio_1_10`: lambda_1/lambda_2, lambda_1/lambda_10;
/// - `eigenvalue_ratio_2_median`: lambda_2 over the cut-off of `alpha_hill`.
pub const METRICS: [&str; 11] = [
    "trace_mean",
    "top_eigenvalue",
    "smallest_eigenvalue",
    "condition_number",
    "stable_rank",
    "effective_rank",
    "alpha_hill",
    "alpha_hill_top",
    "eigenvalue_ratio_1_2",
    "eigenvalue_ratio_1_10",
    "eigenvalue_ratio_2_median",
];

/// Metrics of a kernel whose samples have labels Y (n x outputs), in the order of the records:
///
/// - `kta`: <K, Y Y^T>_F/(|K|_F |Y Y^T|_F) (Cristianini et al., NIPS 2001);
/// - `kta_centred`: the same of H K H and H Y, H = I - 1 1^T/n (Cortes, Mohri and Rostamizadeh, JMLR 13 (2012) 795);
/// - `label_overlap`: |P u_1|^2, P the orthogonal projection onto the span of the columns of Y and u_1 the top eigenvector: 1 if u_1
///   lies in that span; of one output cos^2(u_1, y). One-hot classes span the constant vector too;
/// - `label_overlap_10`: sum_{k <= 10} |Y^T u_k|^2/|Y|_F^2, the part of the labels that the ten leading eigenvectors hold (all
///   that belong to nonzero eigenvalues, if these are fewer).
pub const LABEL_METRICS: [&str; 4] = ["kta", "kta_centred", "label_overlap", "label_overlap_10"];

/// Metrics of a kernel K_t beside the initial K_0, in the order of the records:
///
/// - `change_frobenius`: |K_t - K_0|_F/|K_0|_F;
/// - `change_spectral`: |K_t - K_0|_2/|K_0|_2;
/// - `change_ks`: two-sample Kolmogorov-Smirnov distance of the eigenvalues; see [`spectrum_distance`];
/// - `change_ks_matched`: the same of K_t/tr K_t and K_0/tr K_0, which a change of scale alone leaves at 0.
pub const CHANGE_METRICS: [&str; 4] = ["change_frobenius", "change_spectral", "change_ks", "change_ks_matched"];

/// Eigenvectors that `label_overlap_10` reads.
const LEADING: usize = 10;

/// A kernel with what the run knows of it.
#[derive(Debug, Clone, Copy)]
pub struct KernelSample<'a> {
    /// The identity of its rows.
    pub id: &'a MatrixId,
    /// K, n x n, symmetric.
    pub kernel: &'a [f64],
    /// Samples.
    pub n: usize,
    /// Labels of the samples, n x outputs, column-major (one-hot classes, or n numbers).
    pub labels: Option<&'a [f64]>,
    /// The kernel of the same view at step 0.
    pub initial: Option<&'a InitialKernel>,
}

impl KernelSample<'_> {
    /// The metrics that it has, in the order of the records.
    pub fn metrics(&self) -> impl Iterator<Item = &'static str> + use<> {
        let labels = if self.labels.is_some() { &LABEL_METRICS[..] } else { &[] };
        let change = if self.initial.is_some() { &CHANGE_METRICS[..] } else { &[] };
        METRICS.iter().chain(labels).chain(change).copied()
    }
}

/// Measures a kernel: appends its records and its spectrum, with the `vectors` leading eigenvectors, to the step's rows, and
/// answers with that spectrum (see [`Plan::kernel`]). The records of labels and of change are there if the sample has labels
/// and an initial kernel.
///
/// # Errors
/// The reason why there is no spectrum, which is then every record's: [`Reason::TooFewValues`] under two samples,
/// [`Reason::NotFinite`], [`Reason::NotApplicable`] when K is not positive semidefinite, [`Reason::NoConvergence`], or
/// [`Reason::NotComputed`] when a length does not fit.
pub fn measure(
    sample: &KernelSample<'_>,
    vectors: usize,
    plan: &mut Plan,
    rows: &mut StepRows,
) -> Result<Spectrum, Reason> {
    records(sample, spectrum(sample.kernel, sample.n, vectors, plan), vectors, rows)
}

/// The spectrum that [`records`] reads: with the `vectors` leading eigenvectors, and at least the ten that the labels' share needs.
///
/// # Errors
/// As [`measure`].
pub fn spectrum(kernel: &[f64], n: usize, vectors: usize, plan: &mut Plan) -> Result<Spectrum, Reason> {
    if n < 2 {
        return Err(Reason::TooFewValues { found: n, needed: 2 });
    }
    plan.kernel(kernel, n, vectors.max(LEADING)).map_err(Reason::from)
}

/// [`measure`] with the kernel's [`spectrum`] already there, or why there is none.
///
/// # Errors
/// As [`measure`].
pub fn records(
    sample: &KernelSample<'_>,
    spectrum: Result<Spectrum, Reason>,
    vectors: usize,
    rows: &mut StepRows,
) -> Result<Spectrum, Reason> {
    let mut spectrum = match spectrum {
        Ok(spectrum) => spectrum,
        Err(reason) => {
            let missing = |metric| record(sample.id, metric, reason.clone());
            rows.records.extend(sample.metrics().map(missing));
            return Err(reason);
        }
    };
    let mut outcomes: Vec<Outcome> = values::outcomes(sample, &spectrum).into();
    if let Some(labels) = sample.labels {
        outcomes.extend(labels::outcomes(sample, labels, &spectrum));
    }
    if let Some(initial) = sample.initial {
        outcomes.extend(change::outcomes(sample, initial, &spectrum));
    }
    rows.records.extend(sample.metrics().zip(outcomes).map(|(metric, outcome)| record(sample.id, metric, outcome)));
    keep(&mut spectrum.left, vectors);
    keep(&mut spectrum.right, vectors);
    rows.spectra.push(SpectrumRow { id: sample.id.clone(), spectrum: spectrum.clone() });
    Ok(spectrum)
}

/// Keeps the `count` leading vectors; none at all if that is 0.
fn keep(vectors: &mut Option<Vectors>, count: usize) {
    if count == 0 {
        *vectors = None;
    } else if let Some(v) = vectors {
        v.count = v.count.min(count);
        v.data.truncate(v.count * v.len);
    }
}

/// The power of two that brings a kernel with top eigenvalue `top` near one: scaling by it rounds nothing, and no square leaves the
/// range.
fn unit(top: f64) -> f64 {
    if top > 0.0 { 2f64.powi(-(top.log2().floor().clamp(-1000.0, 1000.0) as i32)) } else { 1.0 }
}

/// sqrt(sum f(j, i, K_ij)^2), one partial sum a column.
fn frobenius(kernel: &[f64], n: usize, f: impl Fn(usize, usize, f64) -> f64) -> f64 {
    let column =
        |(j, column): (usize, &[f64])| column.iter().enumerate().map(|(i, x)| f(j, i, *x).powi(2)).sum::<f64>();
    kernel.chunks_exact(n).enumerate().map(column).sum::<f64>().sqrt()
}
