//! The gradient of one layer of any network beside the layer's mean input and mean back-propagated signal.

use spectrum_core::{LayerMatrix, MatrixId, Outcome, Reason, Spectrum, StepRows, Vectors};
use spectrum_linalg::alignment;

use super::product::norm;
use crate::battery::record;
use crate::measures::incomplete;

/// Metrics of any layer's gradient G, output x input, in the order of the records.
///
/// - `best_rank_1_share` to `best_rank_3_share`: sum_{i <= k} s_i^2/|G|_F^2;
/// - `input_side_mean_alignment_1` to `_3`: |cos| of the right singular vector v_i and the mean input of the layer;
/// - `output_side_mean_alignment_1` to `_3`: |cos| of the left singular vector u_i and the mean back-propagated signal.
///
/// These are the analogue, for deep networks, of the predicted directions of a two-layer network: G = sum_i delta_i h_i^T over
/// samples, and its part of means is n (mean delta) (mean h)^T. No theorem says that it dominates. The stable rank of a gradient
/// is a metric of every matrix already.
pub const LAYER_METRICS: [&str; 9] = [
    "best_rank_1_share",
    "best_rank_2_share",
    "best_rank_3_share",
    "input_side_mean_alignment_1",
    "input_side_mean_alignment_2",
    "input_side_mean_alignment_3",
    "output_side_mean_alignment_1",
    "output_side_mean_alignment_2",
    "output_side_mean_alignment_3",
];

/// Singular pairs that are looked at.
const PAIRS: usize = 3;

/// A layer's gradient with the means of its two sides.
#[derive(Debug, Clone, Copy)]
pub struct LayerGradient<'a> {
    /// The identity of its rows, of kind gradient.
    pub id: &'a MatrixId,
    /// Its spectrum, or why there is none; alignments need three pairs of vectors.
    pub spectrum: Result<&'a Spectrum, &'a Reason>,
    /// The gradient itself, from which the Frobenius norm is taken where the spectrum is not complete.
    pub matrix: Option<&'a LayerMatrix>,
    /// The mean over samples of the layer's input, or why there is none.
    pub mean_input: Result<&'a [f64], &'a Reason>,
    /// The mean over samples of the derivative of the loss by the layer's output W h, before its activation, or why there is none.
    pub mean_signal: Result<&'a [f64], &'a Reason>,
}

/// Appends the records of [`LAYER_METRICS`].
///
/// Missing for a zero gradient or mean as [`Reason::Degenerate`], with fewer singular values or vectors than are asked for as
/// [`Reason::TooFewValues`] or [`Reason::NotComputed`].
pub fn layer_gradient(sample: &LayerGradient<'_>, rows: &mut StepRows) {
    let outcomes: Vec<Outcome> = match sample.spectrum {
        Err(reason) => vec![reason.clone().into(); LAYER_METRICS.len()],
        Ok(s) => (1..=PAIRS)
            .map(|k| share(s, sample.matrix, k).into())
            .chain((0..PAIRS).map(|i| aligned(s, s.right.as_ref(), sample.mean_input, s.cols, i).into()))
            .chain((0..PAIRS).map(|i| aligned(s, s.left.as_ref(), sample.mean_signal, s.rows, i).into()))
            .collect(),
    };
    rows.records.extend(LAYER_METRICS.into_iter().zip(outcomes).map(|(metric, o)| record(sample.id, metric, o)));
}

/// sum_{i <= k} s_i^2/|G|_F^2.
fn share(s: &Spectrum, matrix: Option<&LayerMatrix>, k: usize) -> Result<f64, Reason> {
    if s.singular_values.len() < k {
        return Err(Reason::TooFewValues { found: s.singular_values.len(), needed: k });
    }
    let top = s.top();
    if top == 0.0 {
        return Err(Reason::Degenerate);
    }
    // Over the largest value, so that no square leaves the range.
    let all = match matrix {
        _ if s.is_complete() => s.singular_values.iter().map(|v| (v / top).powi(2)).sum::<f64>(),
        Some(m) => m.data().iter().map(|x| (x / top).powi(2)).sum(),
        None => return Err(incomplete(s)),
    };
    Ok((s.singular_values[..k].iter().map(|v| (v / top).powi(2)).sum::<f64>() / all).min(1.0))
}

/// |cos| of the i-th vector and a mean.
fn aligned(
    s: &Spectrum,
    vectors: Option<&Vectors>,
    mean: Result<&[f64], &Reason>,
    len: usize,
    i: usize,
) -> Result<f64, Reason> {
    let mean = mean.map_err(Clone::clone)?;
    if mean.len() != len {
        return Err(Reason::NotApplicable(format!("a mean of length {}, the gradient has {len}", mean.len())));
    }
    if mean.iter().any(|x| !x.is_finite()) {
        return Err(Reason::NotFinite);
    }
    if norm(mean) == 0.0 {
        return Err(Reason::Degenerate);
    }
    direction(s, vectors, i).map(|v| alignment(v, mean))
}

/// The i-th singular vector, if it was kept.
pub(super) fn direction<'a>(s: &Spectrum, vectors: Option<&'a Vectors>, i: usize) -> Result<&'a [f64], Reason> {
    match vectors {
        Some(v) if i < v.count => Ok(v.column(i)),
        _ if i >= s.rank_bound() => Err(Reason::TooFewValues { found: s.rank_bound(), needed: i + 1 }),
        // Vectors end where singular values reach the floor.
        Some(_) if s.singular_values.get(i).is_some_and(|v| *v <= s.floor) => Err(Reason::Degenerate),
        _ => Err(Reason::NotComputed("singular vectors".to_owned())),
    }
}
