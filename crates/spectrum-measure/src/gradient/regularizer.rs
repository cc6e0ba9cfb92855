//! What regularisers add to the gradient of a two-layer network, each as a matrix of its own (m x d, column-major).

use super::decomposition::{Decomposer, residual};
use super::error::GradientError;
use super::product::{add, transpose, transpose_with};
use super::sample::{Loss, SpikedInputs, TwoLayer};

/// Gradient of lambda |W|_F^2/2: lambda W.
#[must_use]
pub fn weight_decay(weight: &[f64], lambda: f64) -> Vec<f64> {
    weight.iter().map(|w| lambda * w).collect()
}

/// Gradient of the Jacobian penalty R = (1/n) sum_i |g_i|^2, g_i = df/dx at x_i = gamma s W^T (a o sigma'(s W x_i)).
///
/// Row j of dR/dW is (2 gamma s a_j/n) sum_i [sigma'_ij g_i + s sigma''_ij (w_j g_i) x_i]; multiply by the penalty's coefficient.
#[derive(Debug, Clone, PartialEq)]
pub struct JacobianPenalty {
    /// R.
    pub value: f64,
    /// The part with sigma', m x d.
    pub direct: Vec<f64>,
    /// The part with sigma'', m x d; zero for functions of straight pieces.
    pub curvature: Vec<f64>,
}

/// What input noise x + tau xi, xi standard normal and fresh for every step, adds to the gradient of a squared error in the mean.
///
/// With v_j = tau^2 s^2 |w_j|^2, smoothed sigma (of each neuron, with its own v_j) and the smoothed f, the mean squared error is that of
/// the smoothed f plus the variance of f(x + tau xi). Of that variance the part linear in the noise is taken, tau^2 |df/dx|^2 of
/// the smoothed f (the first term of its Hermite expansion). What is left out is of order 1/sqrt(m) of the gradient where the
/// readout's signs are random, and nothing for a linear activation.
#[derive(Debug, Clone, PartialEq)]
pub struct InputNoise {
    /// Gradient of the loss of the smoothed f, less that of f, m x d: the noise shrinks the derivatives.
    pub smoothing: Vec<f64>,
    /// Gradient of the variance, m x d: a Jacobian penalty.
    pub penalty: Vec<f64>,
    /// Mean loss of the smoothed f, plus the variance: the objective whose gradient, with the loss's own, this is.
    pub value: f64,
}

/// sum_i c_ij v_i for row j, from columns c_i and v_i: the m x d matrix C V^T.
struct Side<'a> {
    d: usize,
    coefficients: &'a [f64],
    vectors: &'a [f64],
}

impl Decomposer {
    /// The Jacobian penalty and its gradient.
    ///
    /// # Errors
    /// [`GradientError::Length`] and [`GradientError::Empty`] when the sizes do not fit.
    pub fn jacobian_penalty(
        &mut self,
        network: &TwoLayer<'_>,
        inputs: &SpikedInputs<'_>,
    ) -> Result<JacobianPenalty, GradientError> {
        inputs.check()?;
        network.check(inputs.d)?;
        let (n, d, m) = (inputs.n, inputs.d, network.width());
        let (c, s) = (network.output_scale, network.input_scale);
        let u = self.pre_activations(network, inputs);
        let mut x = vec![0.0; n * d];
        inputs.fill(&mut x);
        let weighted = self.each(network, &u, |u, a| a * network.activation.derivative(u));
        let jacobian = self.jacobians(network, inputs, &weighted);
        let value = jacobian.iter().map(|g| g * g).sum::<f64>() / n as f64;
        let factor = 2.0 * c * s / n as f64;
        let direct = self.outer(n, Side { d, coefficients: &weighted, vectors: &jacobian }, factor);
        let mut curved = self.each(network, &u, |u, a| a * network.activation.second(u));
        if curved.iter().all(|v| *v == 0.0) {
            return Ok(JacobianPenalty { value, direct, curvature: vec![0.0; m * d] });
        }
        let along = self.along_weights(network, n, d, &jacobian);
        curved.iter_mut().zip(&along).for_each(|(v, w)| *v *= w);
        let curvature = self.outer(n, Side { d, coefficients: &curved, vectors: &x }, factor * s);
        Ok(JacobianPenalty { value, direct, curvature })
    }

    /// The mean effect of input noise of standard deviation `tau` on the gradient.
    ///
    /// # Errors
    /// [`GradientError::Loss`] for a loss that is not a squared error, [`GradientError::Noise`] for a deviation that is negative or
    /// not finite, [`GradientError::Length`] and [`GradientError::Empty`] when the sizes do not fit.
    pub fn input_noise(
        &mut self,
        network: &TwoLayer<'_>,
        inputs: &SpikedInputs<'_>,
        loss: Loss,
        tau: f64,
    ) -> Result<InputNoise, GradientError> {
        let half = match loss {
            Loss::SquaredError => 1.0,
            Loss::HalfSquaredError => 0.5,
            Loss::Logistic => return Err(GradientError::Loss("input noise")),
        };
        if !(tau.is_finite() && tau >= 0.0) {
            return Err(GradientError::Noise(tau));
        }
        inputs.check()?;
        network.check(inputs.d)?;
        let (n, d, m) = (inputs.n, inputs.d, network.width());
        let (c, s) = (network.output_scale, network.input_scale);
        let mut x = vec![0.0; n * d];
        inputs.fill(&mut x);
        // v_j.
        let mut variance = vec![0.0; m];
        for w in network.weight.chunks_exact(m) {
            variance.iter_mut().zip(w).for_each(|(v, w)| *v += (tau * s * w).powi(2));
        }
        let u = self.pre_activations(network, inputs);
        let (mut plain, mut smooth) = (vec![0.0; n], vec![0.0; n]);
        let mut smoothed = Vec::with_capacity(m * n);
        for (i, column) in u.chunks_exact(m).enumerate() {
            for ((u, a), v) in column.iter().zip(network.readout).zip(&variance) {
                let means = network.activation.smoothed(*u, *v);
                plain[i] += c * a * network.activation.value(*u);
                smooth[i] += c * a * means[0];
                smoothed.push(means);
            }
        }
        let (plain, _) = residual(loss, &plain, inputs.targets);
        let (smooth, smooth_loss) = residual(loss, &smooth, inputs.targets);
        let at = |k: usize| (k / m, network.readout[k % m]);
        // Gradient of the smoothed loss less that of the plain one: along x, and along w_j through v_j.
        let along_x: Vec<f64> = (u.iter().zip(&smoothed).enumerate())
            .map(|(k, (u, means))| {
                let (i, a) = at(k);
                a * (smooth[i] * means[1] - plain[i] * network.activation.derivative(*u))
            })
            .collect();
        let mut along_w = vec![0.0; m];
        smoothed.iter().enumerate().for_each(|(k, means)| along_w[k % m] += at(k).1 * smooth[k / m] * means[2]);
        let mut smoothing = self.outer(n, Side { d, coefficients: &along_x, vectors: &x }, c * s);
        add_rows(&mut smoothing, network.weight, &along_w, c * (tau * s).powi(2));

        // The first term of the variance, half tau^2 (1/n) sum |g_i|^2 of the smoothed f.
        let weighted: Vec<f64> = smoothed.iter().enumerate().map(|(k, means)| at(k).1 * means[1]).collect();
        let jacobian = self.jacobians(network, inputs, &weighted);
        let factor = 2.0 * half * tau * tau * c * s / n as f64;
        let mut penalty = self.outer(n, Side { d, coefficients: &weighted, vectors: &jacobian }, factor);
        let along = self.along_weights(network, n, d, &jacobian);
        let curved: Vec<f64> =
            smoothed.iter().zip(&along).enumerate().map(|(k, (means, w))| at(k).1 * means[2] * w).collect();
        let curvature = self.outer(n, Side { d, coefficients: &curved, vectors: &x }, factor * s);
        add(&mut penalty, 1.0, &curvature);
        along_w.fill(0.0);
        smoothed.iter().zip(&along).enumerate().for_each(|(k, (means, w))| along_w[k % m] += at(k).1 * means[3] * w);
        add_rows(&mut penalty, network.weight, &along_w, factor * (tau * s).powi(2));
        let spread = half * tau * tau * jacobian.iter().map(|g| g * g).sum::<f64>() / n as f64;
        Ok(InputNoise { smoothing, penalty, value: smooth_loss + spread })
    }

    /// s W x_i, m x n.
    fn pre_activations(&mut self, network: &TwoLayer<'_>, inputs: &SpikedInputs<'_>) -> Vec<f64> {
        self.forward(network, inputs, |u| u);
        std::mem::take(&mut self.derivatives)
    }

    /// f(u_ij, a_j), m x n.
    fn each(&self, network: &TwoLayer<'_>, u: &[f64], f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        u.chunks_exact(network.width()).flat_map(|c| c.iter().zip(network.readout)).map(|(u, a)| f(*u, *a)).collect()
    }

    /// gamma s W^T C for C (m x n): d x n.
    fn jacobians(&mut self, network: &TwoLayer<'_>, inputs: &SpikedInputs<'_>, weighted: &[f64]) -> Vec<f64> {
        let (n, d, m) = (inputs.n, inputs.d, network.width());
        let scale = network.output_scale * network.input_scale;
        let mut out = Vec::with_capacity(n * d);
        let fill = |left: &mut [f64], right: &mut [f64]| {
            left.copy_from_slice(network.weight);
            right.copy_from_slice(weighted);
        };
        self.products.transposed(m, d, n, fill, |_, column| out.extend(column.iter().map(|v| scale * v)));
        out
    }

    /// W V for V (d x n): m x n.
    fn along_weights(&mut self, network: &TwoLayer<'_>, n: usize, d: usize, vectors: &[f64]) -> Vec<f64> {
        let m = network.width();
        let mut out = Vec::with_capacity(m * n);
        let fill = |left: &mut [f64], right: &mut [f64]| {
            transpose(network.weight, m, d, left);
            right.copy_from_slice(vectors);
        };
        self.products.transposed(d, m, n, fill, |_, column| out.extend_from_slice(column));
        out
    }

    /// factor C V^T, m x d.
    fn outer(&mut self, n: usize, side: Side<'_>, factor: f64) -> Vec<f64> {
        let (d, m) = (side.d, side.coefficients.len() / n);
        let mut out = Vec::with_capacity(m * d);
        let fill = |left: &mut [f64], right: &mut [f64]| {
            transpose_with(m, n, left, |j, i| side.coefficients[j + i * m]);
            transpose(side.vectors, d, n, right);
        };
        self.products.transposed(n, m, d, fill, |_, column| out.extend(column.iter().map(|v| factor * v)));
        out
    }
}

/// Adds factor c_j w_j to row j.
fn add_rows(out: &mut [f64], weight: &[f64], c: &[f64], factor: f64) {
    let m = c.len();
    for (out, w) in out.chunks_exact_mut(m).zip(weight.chunks_exact(m)) {
        out.iter_mut().zip(w).zip(c).for_each(|((o, w), c)| *o += factor * c * w);
    }
}
