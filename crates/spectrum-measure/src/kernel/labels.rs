//! How a kernel and its eigenvectors lie to the labels.

use spectrum_core::{Outcome, Reason, Spectrum, Vectors};
use spectrum_linalg::matvec;

use super::{KernelSample, LEADING, frobenius, unit};
use crate::MeasureError;

/// Answers to [`LABEL_METRICS`](super::LABEL_METRICS).
pub(super) fn outcomes(sample: &KernelSample<'_>, labels: &[f64], s: &Spectrum) -> [Outcome; 4] {
    match checked(labels, sample.n) {
        Ok(y) => [
            alignment(sample, &y, s).into(),
            centred_alignment(sample, &y, s).into(),
            top_overlap(&y, sample.n, s).into(),
            leading_overlap(&y, sample.n, s).into(),
        ],
        Err(reason) => std::array::from_fn(|_| reason.clone().into()),
    }
}

/// The labels over the largest of them, on which no metric depends.
fn checked(labels: &[f64], n: usize) -> Result<Vec<f64>, Reason> {
    if labels.is_empty() {
        return Err(MeasureError::Empty("labels").into());
    }
    if !labels.len().is_multiple_of(n) {
        let expected = labels.len().div_ceil(n) * n;
        return Err(MeasureError::Length { what: "labels", found: labels.len(), expected }.into());
    }
    if labels.iter().any(|y| !y.is_finite()) {
        return Err(Reason::NotFinite);
    }
    let largest = labels.iter().fold(0.0f64, |m, y| m.max(y.abs()));
    if largest == 0.0 { Err(Reason::Degenerate) } else { Ok(labels.iter().map(|y| y / largest).collect()) }
}

fn alignment(sample: &KernelSample<'_>, y: &[f64], s: &Spectrum) -> Result<f64, Reason> {
    let unit = unit(s.top());
    let size = frobenius(sample.kernel, sample.n, |_, _, k| k * unit);
    aligned(sample, y, unit, size)
}

/// <unit K, Y Y^T>_F/(size |Y Y^T|_F).
fn aligned(sample: &KernelSample<'_>, y: &[f64], unit: f64, size: f64) -> Result<f64, Reason> {
    let n = sample.n;
    let (mut inner, mut image) = (0.0, vec![0.0; n]);
    for y in y.chunks_exact(n) {
        let scaled: Vec<f64> = y.iter().map(|v| v * unit).collect();
        matvec(sample.kernel, n, n, &scaled, &mut image);
        inner += dot(y, &image);
    }
    // |Y Y^T|_F = |Y^T Y|_F.
    let gram: f64 = y.chunks_exact(n).flat_map(|a| y.chunks_exact(n).map(move |b| dot(a, b).powi(2))).sum();
    let size = size * gram.sqrt();
    if size == 0.0 { Err(Reason::Degenerate) } else { Ok(inner / size) }
}

fn centred_alignment(sample: &KernelSample<'_>, y: &[f64], s: &Spectrum) -> Result<f64, Reason> {
    let (n, unit, rounding) = (sample.n, unit(s.top()), sample.n as f64 * f64::EPSILON);
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let y: Vec<f64> = y
        .chunks_exact(n)
        .flat_map(|y| {
            let mean = mean(y);
            y.iter().map(move |v| v - mean)
        })
        .collect();
    // The largest label is one.
    if y.iter().all(|v| v.abs() <= rounding) {
        return Err(Reason::Degenerate);
    }
    // Entry by entry: |K|_F^2 less the means' part would cancel where the constant direction dominates, as it does in the kernels
    // of activations with a mean.
    let means: Vec<f64> =
        sample.kernel.chunks_exact(n).map(|column| column.iter().map(|k| k * unit).sum::<f64>() / n as f64).collect();
    let overall = mean(&means);
    let size = frobenius(sample.kernel, n, |j, i, k| k * unit - means[i] - means[j] + overall);
    if size <= rounding * frobenius(sample.kernel, n, |_, _, k| k * unit) {
        return Err(Reason::Degenerate);
    }
    // <H K H, Y_c Y_c^T> = <K, Y_c Y_c^T>, since H Y_c = Y_c.
    aligned(sample, &y, unit, size)
}

/// |P u_1|^2, P the projection onto the span of the labels.
fn top_overlap(y: &[f64], n: usize, s: &Spectrum) -> Result<f64, Reason> {
    let u = separated(s, 1)?;
    let mut span: Vec<Vec<f64>> = Vec::new();
    for y in y.chunks_exact(n) {
        let mut q = y.to_vec();
        let before = dot(y, y).sqrt();
        for _ in 0..2 {
            for p in &span {
                let c = dot(p, &q);
                q.iter_mut().zip(p).for_each(|(q, p)| *q -= c * p);
            }
        }
        let norm = dot(&q, &q).sqrt();
        // A column in the span of those before it leaves its rounding.
        if norm > 10.0 * n as f64 * f64::EPSILON * before {
            q.iter_mut().for_each(|v| *v /= norm);
            span.push(q);
        }
    }
    Ok(span.iter().map(|q| dot(q, u.column(0)).powi(2)).sum::<f64>().min(1.0))
}

/// The share of |Y|_F^2 in the leading eigenvectors.
fn leading_overlap(y: &[f64], n: usize, s: &Spectrum) -> Result<f64, Reason> {
    if n <= LEADING {
        // All eigenvectors hold all labels.
        return Err(Reason::TooFewValues { found: n, needed: LEADING + 1 });
    }
    let u = separated(s, LEADING)?;
    let held: f64 = u.columns().take(LEADING).flat_map(|u| y.chunks_exact(n).map(move |y| dot(u, y).powi(2))).sum();
    Ok((held / dot(y, y)).min(1.0))
}

/// The vectors, if the `count` leading ones are told apart from those that follow: the next eigenvalue is smaller by more than
/// rounding, or zero with all that follow.
fn separated(s: &Spectrum, count: usize) -> Result<&Vectors, Reason> {
    let lambda = &s.singular_values;
    let u = s.left.as_ref().ok_or_else(|| Reason::NotComputed("eigenvectors".into()))?;
    // Vectors end where eigenvalues reach the floor.
    let apart = u.count < count || lambda[count - 1] - lambda[count] > s.floor;
    if u.count > 0 && apart { Ok(u) } else { Err(Reason::Degenerate) }
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(a, b)| a * b).sum()
}
