//! How far a kernel has moved since step 0.

use spectrum_core::{Outcome, Reason, Spectrum};
use spectrum_linalg::kernel::{floor, symmetric_difference_norm};

use super::distance::distance;
use super::{KernelSample, frobenius, unit};

/// The kernel at step 0, kept to be compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct InitialKernel {
    /// Samples.
    pub n: usize,
    /// K_0, n x n, symmetric.
    pub kernel: Vec<f64>,
    /// Its eigenvalues, descending.
    pub eigenvalues: Vec<f64>,
}

impl InitialKernel {
    /// Keeps `kernel` with its spectrum, as [`measure`](super::measure) or [`Plan::kernel`](spectrum_linalg::Plan::kernel)
    /// answered it.
    #[must_use]
    pub fn new(kernel: Vec<f64>, spectrum: &Spectrum) -> Self {
        Self { n: spectrum.rows, kernel, eigenvalues: spectrum.singular_values.clone() }
    }

    fn top(&self) -> f64 {
        self.eigenvalues.first().copied().unwrap_or(0.0)
    }
}

/// Answers to [`CHANGE_METRICS`](super::CHANGE_METRICS).
pub(super) fn outcomes(sample: &KernelSample<'_>, initial: &InitialKernel, s: &Spectrum) -> [Outcome; 4] {
    let n = sample.n;
    if initial.n != n || initial.kernel.len() != n * n || initial.eigenvalues.len() != n {
        let reason = Reason::NotApplicable(format!("the initial kernel is of {} samples, this one of {n}", initial.n));
        return std::array::from_fn(|_| reason.clone().into());
    }
    let top = initial.top();
    let of_initial = |change: f64, size: f64| if size == 0.0 { Err(Reason::Degenerate) } else { Ok(change / size) };
    let unit = unit(top);
    let moved = frobenius(sample.kernel, n, |j, i, k| k * unit - initial.kernel[i + j * n] * unit);
    let size = frobenius(&initial.kernel, n, |_, _, k| k * unit);
    let spectral = symmetric_difference_norm(sample.kernel, &initial.kernel, n).map_err(Reason::from);
    let (now, then) = (&s.singular_values[..], &initial.eigenvalues[..]);
    let (floor_now, floor_then) = (s.floor, floor(n, top));
    [
        of_initial(moved, size).into(),
        spectral.and_then(|change| of_initial(change, top)).into(),
        distance(now, then, floor_now + floor_then).into(),
        match (matched(now), matched(then)) {
            (Some((now, by_now)), Some((then, by_then))) => {
                distance(&now, &then, floor_now * by_now + floor_then * by_then).into()
            }
            _ => Reason::Degenerate.into(),
        },
    ]
}

/// Eigenvalues over their sum (in two steps, so that the sum cannot overflow), and the factor; `None` of zeros.
fn matched(values: &[f64]) -> Option<(Vec<f64>, f64)> {
    let unit = unit(values[0]);
    let sum: f64 = values.iter().map(|v| v * unit).sum();
    (sum > 0.0).then(|| (values.iter().map(|v| v * unit / sum).collect(), unit / sum))
}
