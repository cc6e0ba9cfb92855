//! What a decomposition reads: a two-layer network, its data as bulk and spikes, its loss.

use super::Activation;
use super::error::GradientError;
use super::product::{add, dot};

/// A loss of one sample, l(f, y), the mean of which over the samples is the training loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Loss {
    /// (f - y)^2, without 1/2: the runs' mean squared error.
    #[default]
    SquaredError,
    /// (f - y)^2/2.
    HalfSquaredError,
    /// ln(1 + e^(-y f)) with y = -1 or +1.
    Logistic,
}

impl Loss {
    /// l(f, y).
    #[must_use]
    pub fn value(self, f: f64, y: f64) -> f64 {
        match self {
            Self::SquaredError => (f - y) * (f - y),
            Self::HalfSquaredError => 0.5 * (f - y) * (f - y),
            Self::Logistic => (-y * f).max(0.0) + (-(y * f).abs()).exp().ln_1p(),
        }
    }

    /// dl/df.
    #[must_use]
    pub fn derivative(self, f: f64, y: f64) -> f64 {
        match self {
            Self::SquaredError => 2.0 * (f - y),
            Self::HalfSquaredError => f - y,
            Self::Logistic => -y / (1.0 + (y * f).exp()),
        }
    }
}

/// f(x) = gamma a^T sigma(s W x): m hidden neurons on d inputs, one output. W is trained, a stays.
#[derive(Debug, Clone, Copy)]
pub struct TwoLayer<'a> {
    /// W, m x d, column-major (output x input).
    pub weight: &'a [f64],
    /// a, of length m.
    pub readout: &'a [f64],
    /// gamma: 1/sqrt(m) in the NTK's scaling, 1/m in the mean field's.
    pub output_scale: f64,
    /// s: 1 in arXiv 2510.01303, 1/sqrt(d) in the models' own two-layer network.
    pub input_scale: f64,
    /// sigma.
    pub activation: &'a dyn Activation,
}

impl TwoLayer<'_> {
    /// m.
    #[must_use]
    pub fn width(&self) -> usize {
        self.readout.len()
    }

    pub(super) fn check(&self, d: usize) -> Result<(), GradientError> {
        if self.readout.is_empty() {
            return Err(GradientError::Empty("readout"));
        }
        length("weight", self.weight.len(), self.width().saturating_mul(d))
    }
}

/// Training data as a bulk and spikes: x_i = x_i^B + sum_k zeta_k z_ik q_k, with labels.
#[derive(Debug, Clone, Copy)]
pub struct SpikedInputs<'a> {
    /// Samples n.
    pub n: usize,
    /// Inputs d.
    pub d: usize,
    /// X_B, n x d, row-major: one sample after the other.
    pub bulk: &'a [f64],
    /// z_k, each of length n.
    pub z: &'a [Vec<f64>],
    /// q_k, each of length d, orthonormal.
    pub q: &'a [Vec<f64>],
    /// zeta_k.
    pub zeta: &'a [f64],
    /// y, of length n.
    pub targets: &'a [f64],
}

impl SpikedInputs<'_> {
    pub(super) fn check(&self) -> Result<(), GradientError> {
        for (what, size) in [("samples", self.n), ("inputs", self.d)] {
            if size == 0 {
                return Err(GradientError::Empty(what));
            }
        }
        length("bulk", self.bulk.len(), self.n.saturating_mul(self.d))?;
        length("targets", self.targets.len(), self.n)?;
        length("z", self.z.len(), self.q.len())?;
        length("zeta", self.zeta.len(), self.q.len())?;
        self.z.iter().try_for_each(|z| length("a spike's z", z.len(), self.n))?;
        self.q.iter().try_for_each(|q| length("a spike's direction", q.len(), self.d))
    }

    /// The full inputs, one sample after the other.
    pub(super) fn fill(&self, out: &mut [f64]) {
        out.copy_from_slice(self.bulk);
        for (i, row) in out.chunks_exact_mut(self.d).enumerate() {
            for ((z, q), zeta) in self.z.iter().zip(self.q).zip(self.zeta) {
                add(row, zeta * z[i], q);
            }
        }
    }
}

/// Where mu_j, the mean of sigma'(s w_j x), is taken.
#[derive(Debug, Clone, Copy, Default)]
pub enum MeanDerivative<'a> {
    /// Over the samples: the way for real data, whose law is not known.
    #[default]
    Empirical,
    /// Over the population of Gaussian x, whose bulk has the diagonal covariance given (d numbers): E sigma'(v xi) with
    /// v^2 = s^2 (w_j^T Sigma w_j + sum_k zeta_k^2 (w_j q_k)^2).
    Population(&'a [f64]),
    /// These numbers, of length m.
    Given(&'a [f64]),
}

impl MeanDerivative<'_> {
    /// mu. `derivatives` is sigma'(s W x_i), m x n, one sample a column.
    pub(super) fn of(
        &self,
        network: &TwoLayer<'_>,
        inputs: &SpikedInputs<'_>,
        derivatives: &[f64],
    ) -> Result<Vec<f64>, GradientError> {
        let m = network.width();
        match self {
            Self::Given(mu) => length("the mean derivatives", mu.len(), m).map(|()| mu.to_vec()),
            Self::Empirical => {
                let mut mu = vec![0.0; m];
                derivatives.chunks_exact(m).for_each(|column| add(&mut mu, 1.0, column));
                mu.iter_mut().for_each(|v| *v /= inputs.n as f64);
                Ok(mu)
            }
            Self::Population(eigenvalues) => {
                length("the bulk's eigenvalues", eigenvalues.len(), inputs.d)?;
                let mut variance = vec![0.0; m];
                for (w, lambda) in network.weight.chunks_exact(m).zip(*eigenvalues) {
                    variance.iter_mut().zip(w).for_each(|(v, w)| *v += lambda * w * w);
                }
                for (q, zeta) in inputs.q.iter().zip(inputs.zeta) {
                    let mut along = vec![0.0; m];
                    network.weight.chunks_exact(m).zip(q).for_each(|(w, q)| add(&mut along, *q, w));
                    variance.iter_mut().zip(&along).for_each(|(v, a)| *v += zeta * zeta * a * a);
                }
                let scale = network.input_scale * network.input_scale;
                Ok(variance.into_iter().map(|v| network.activation.mean_derivative(scale * v)).collect())
            }
        }
    }
}

pub(super) fn length(what: &'static str, found: usize, expected: usize) -> Result<(), GradientError> {
    if found == expected { Ok(()) } else { Err(GradientError::Length { what, found, expected }) }
}

/// The share of a vector's square that lies in the span of an orthonormal basis.
pub(super) fn held(basis: &[Vec<f64>], v: &[f64]) -> f64 {
    basis.iter().map(|b| dot(b, v).powi(2)).sum()
}
