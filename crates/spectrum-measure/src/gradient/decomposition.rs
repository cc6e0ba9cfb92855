//! The gradient of a two-layer network in parts.

use spectrum_linalg::matvec;

use super::error::GradientError;
use super::low_rank::LowRank;
use super::product::{Products, add, dot, transpose, transpose_with};
use super::sample::{Loss, MeanDerivative, SpikedInputs, TwoLayer};

/// The parts of G = dL/dW (m x d), with r_i = l'(f_i, y_i)/n, mu_j the mean of sigma'(s w_j x), sigma'_c = sigma' - mu:
///
/// ```text
/// S1  = gamma s (a o mu) (X_B^T r)^T                                     residue spike
/// S12 = gamma s sum_k zeta_k (z_k r) (a o mu) q_k^T                      interpolant
/// S2  = gamma s sum_k zeta_k (a o sigma'_c^T (r o z_k)) q_k^T            data spike
/// E   = gamma s [(r a^T) o sigma'_c]^T X_B                               remainder
/// S_q = S12 + S2 = gamma s sum_k zeta_k (a o sigma'^T (r o z_k)) q_k^T   all that lies along the spikes
/// G   = S1 + S12 + S2 + E = S1 + S_q + E
/// ```
///
/// (Sonthalia, Murray and Montufar, arXiv 2510.01303, transposed: their gradient is d x m. The grouping S_q is ours.)
#[derive(Debug, Clone, PartialEq)]
pub struct Decomposition {
    /// m.
    pub outputs: usize,
    /// d.
    pub inputs: usize,
    /// The mean loss.
    pub loss: f64,
    /// r, of length n.
    pub residual: Vec<f64>,
    /// mu, of length m.
    pub mean_derivative: Vec<f64>,
    /// Root mean square of sigma'_c over neurons and samples.
    pub derivative_spread: f64,
    /// z_k, one after the other, as they came in.
    pub latent: Vec<Vec<f64>>,
    /// q_k.
    pub directions: Vec<Vec<f64>>,
    /// One pair, whose vectors are a o mu and gamma s X_B^T r.
    pub s1: LowRank,
    /// One pair, whose vectors are a o mu and gamma s sum_k zeta_k (z_k r) q_k; none without spikes.
    pub s12: LowRank,
    /// One pair a spike.
    pub s2: LowRank,
    /// One pair a spike, computed from sigma' itself.
    pub sq: LowRank,
    /// E, m x d, column-major.
    pub remainder: Vec<f64>,
}

impl Decomposition {
    /// S1 + S_q + E, m x d, column-major: the gradient.
    #[must_use]
    pub fn gradient(&self) -> Vec<f64> {
        let mut g = self.remainder.clone();
        self.s1.add_to(1.0, &mut g);
        self.sq.add_to(1.0, &mut g);
        g
    }
}

/// Computes decompositions, keeping its buffers between calls.
///
/// One takes 2 n m d operations for the pre-activations and as many for the remainder (twice that as it is done here). The
/// workspace holds (m + d)^2 + d (n + m) + n m numbers and the answer m d: 75 MB at n 750, d 1000, m 1250.
#[derive(Debug, Default)]
pub struct Decomposer {
    pub(super) products: Products,
    pub(super) derivatives: Vec<f64>,
    scratch: Vec<f64>,
}

impl Decomposer {
    /// An empty workspace.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The parts of the gradient at these weights. Terms of the loss that do not see the data (weight decay, the Jacobian penalty)
    /// are not in it: see [`regularizer`](super::regularizer).
    ///
    /// # Errors
    /// [`GradientError::Length`] and [`GradientError::Empty`] when the sizes do not fit. Numbers that are not finite are passed
    /// on: [`measure`](super::measure) says so.
    pub fn decompose(
        &mut self,
        network: &TwoLayer<'_>,
        inputs: &SpikedInputs<'_>,
        loss: Loss,
        mean: MeanDerivative<'_>,
    ) -> Result<Decomposition, GradientError> {
        inputs.check()?;
        network.check(inputs.d)?;
        let (n, d, m) = (inputs.n, inputs.d, network.width());
        let outputs = self.forward(network, inputs, |u| network.activation.derivative(u));
        let (residual, loss) = residual(loss, &outputs, inputs.targets);
        let mean_derivative = mean.of(network, inputs, &self.derivatives)?;
        let a_mu: Vec<f64> = network.readout.iter().zip(&mean_derivative).map(|(a, mu)| a * mu).collect();
        let scale = network.output_scale * network.input_scale;

        let mut along_bulk = vec![0.0; d];
        matvec(inputs.bulk, d, n, &residual, &mut along_bulk);
        along_bulk.iter_mut().for_each(|v| *v *= scale);
        let sq = self.along_spikes(network, inputs, &residual, scale);
        // sigma'_c in place.
        let mut square = 0.0;
        for column in self.derivatives.chunks_exact_mut(m) {
            add(column, -1.0, &mean_derivative);
            square += dot(column, column);
        }
        let s2 = self.along_spikes(network, inputs, &residual, scale);
        let mut s12 = LowRank::default();
        if !inputs.q.is_empty() {
            let mut direction = vec![0.0; d];
            for ((z, q), zeta) in inputs.z.iter().zip(inputs.q).zip(inputs.zeta) {
                add(&mut direction, scale * zeta * dot(z, &residual), q);
            }
            s12 = LowRank::one(a_mu.clone(), direction);
        }
        let remainder = self.remainder(network, inputs, &residual, scale);
        Ok(Decomposition {
            outputs: m,
            inputs: d,
            loss,
            residual,
            mean_derivative,
            derivative_spread: (square / (n * m) as f64).sqrt(),
            latent: inputs.z.to_vec(),
            directions: inputs.q.to_vec(),
            s1: LowRank::one(a_mu, along_bulk),
            s12,
            s2,
            sq,
            remainder,
        })
    }

    /// f(x_i), leaving `keep(u)` of every pre-activation in `derivatives` (m x n).
    pub(super) fn forward(
        &mut self,
        network: &TwoLayer<'_>,
        inputs: &SpikedInputs<'_>,
        keep: impl Fn(f64) -> f64,
    ) -> Vec<f64> {
        let (n, d, m) = (inputs.n, inputs.d, network.width());
        let mut f = vec![0.0; n];
        let derivatives = &mut self.derivatives;
        derivatives.clear();
        derivatives.reserve(m * n);
        let fill = |w: &mut [f64], x: &mut [f64]| {
            transpose(network.weight, m, d, w);
            inputs.fill(x);
        };
        self.products.transposed(d, m, n, fill, |i, column| {
            for (z, a) in column.iter().zip(network.readout) {
                let u = network.input_scale * z;
                f[i] += a * network.activation.value(u);
                derivatives.push(keep(u));
            }
            f[i] *= network.output_scale;
        });
        f
    }

    /// gamma s sum_k zeta_k (a o D (r o z_k)) q_k^T for D in `derivatives`.
    fn along_spikes(
        &mut self,
        network: &TwoLayer<'_>,
        inputs: &SpikedInputs<'_>,
        residual: &[f64],
        scale: f64,
    ) -> LowRank {
        let (n, m) = (inputs.n, network.width());
        self.scratch.resize(n, 0.0);
        let pair = |((z, q), zeta): ((&Vec<f64>, &Vec<f64>), &f64)| {
            self.scratch.iter_mut().zip(residual).zip(z).for_each(|((t, r), z)| *t = r * z);
            let mut output = vec![0.0; m];
            matvec(&self.derivatives, m, n, &self.scratch, &mut output);
            output.iter_mut().zip(network.readout).for_each(|(v, a)| *v *= scale * zeta * a);
            (output, q.clone())
        };
        LowRank { pairs: inputs.z.iter().zip(inputs.q).zip(inputs.zeta).map(pair).collect() }
    }

    /// E from sigma'_c in `derivatives`.
    fn remainder(
        &mut self,
        network: &TwoLayer<'_>,
        inputs: &SpikedInputs<'_>,
        residual: &[f64],
        scale: f64,
    ) -> Vec<f64> {
        let (n, d, m) = (inputs.n, inputs.d, network.width());
        let mut e = Vec::with_capacity(m * d);
        let derivatives = &self.derivatives;
        let fill = |left: &mut [f64], x: &mut [f64]| {
            transpose_with(m, n, left, |j, i| derivatives[j + i * m] * residual[i] * network.readout[j]);
            transpose(inputs.bulk, d, n, x);
        };
        self.products.transposed(n, m, d, fill, |_, column| e.extend(column.iter().map(|v| scale * v)));
        e
    }
}

/// r and the mean loss.
pub(super) fn residual(loss: Loss, outputs: &[f64], targets: &[f64]) -> (Vec<f64>, f64) {
    let n = outputs.len() as f64;
    let residual = outputs.iter().zip(targets).map(|(f, y)| loss.derivative(*f, *y) / n).collect();
    (residual, outputs.iter().zip(targets).map(|(f, y)| loss.value(*f, *y)).sum::<f64>() / n)
}
