//! Muon: momentum whose update is orthogonalised.

use burn::optim::{Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::adam::{Adam, AdamState};
use crate::layout::{row_major, sum_of_squares};
use crate::state;

/// How the learning rate follows from the matrix's shape in PyTorch's layout (rows A = outputs, columns B = inputs).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdjustLr {
    /// lr √max(1, A/B) (Jordan 2024).
    #[default]
    Original,
    /// 0.2 lr √max(A, B), the root mean square of AdamW's updates (Liu et al. 2025, arXiv 2502.16982, equation 4).
    MatchRmsAdamw,
    /// lr √(A/B) (Bernstein 2025, "Deriving Muon").
    SpectralUnclamped,
}

impl AdjustLr {
    /// The factor on the learning rate of a matrix with `outputs` A and `inputs` B.
    #[must_use]
    pub fn factor(self, outputs: usize, inputs: usize) -> f64 {
        let (a, b) = (outputs as f64, inputs as f64);
        match self {
            Self::Original => (a / b).max(1.0).sqrt(),
            Self::MatchRmsAdamw => 0.2 * a.max(b).sqrt(),
            Self::SpectralUnclamped => (a / b).sqrt(),
        }
    }
}

/// Muon (Jordan et al. 2024, <https://kellerjordan.github.io/posts/muon/>), PyTorch's `torch.optim.Muon`.
///
/// For a matrix, with b starting at zero:
///
/// ```text
/// h = g (1 - μ);  b = b μ + h;  u = b, with Nesterov u = b μ + h
/// X = u / max(‖u‖_F, ε), transposed if it has more rows than columns
/// k times: S = X Xᵀ;  X = X a + (S b + (S S) c) X
/// w = w (1 - lr λ) - X (lr adjust(A, B))
/// ```
///
/// The iteration runs in the tensor's own precision. PyTorch casts u to bfloat16 there, so its weights differ from
/// ours by bfloat16's rounding of the update (measured in `tests/reference/README.md`).
///
/// A is the second axis of a matrix and B its first: our models and Burn's `Linear` store inputs x outputs, the
/// transpose of PyTorch's weight. The orthogonalised update of the transpose is the transposed update, so the factor
/// alone knows the layout. Parameters that are no matrices (biases, norms, convolution kernels) take the
/// `fallback`, AdamW, at `fallback_ratio` times the learning rate. PyTorch refuses them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Muon {
    /// μ.
    pub momentum: f64,
    /// Look ahead along the momentum.
    pub nesterov: bool,
    /// a, b, c of the quintic Newton-Schulz iteration.
    pub coefficients: [f64; 3],
    /// k, iterations.
    pub iterations: usize,
    /// ε, the smallest norm that is divided by.
    pub eps: f64,
    /// λ, decoupled, at the unadjusted learning rate.
    pub weight_decay: f64,
    /// The factor on the learning rate.
    pub adjust: AdjustLr,
    /// For parameters that are no matrices.
    pub fallback: Adam,
    /// Learning rate of the fallback over that of Muon.
    pub fallback_ratio: f64,
}

/// The state of one parameter.
// One handful of handles for each parameter, however large: not worth an allocation at every step.
#[allow(clippy::large_enum_variant)]
#[derive(Debug, Clone)]
pub enum MuonState<const D: usize> {
    /// A matrix: its momentum b.
    Momentum(Tensor<D>),
    /// Anything else.
    Fallback(AdamState<D>),
}

fn below(prefix: &str) -> String {
    format!("{prefix}.fallback")
}

impl<const D: usize> RecordState for MuonState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        match self {
            Self::Momentum(b) => state::put(prefix, "orthogonal_momentum", b, out),
            Self::Fallback(s) => s.state_flatten(&below(prefix), out),
        }
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, default: &Device) -> Option<Self> {
        match state::take(prefix, "orthogonal_momentum", source) {
            Some(b) => Some(Self::Momentum(b)),
            None => AdamState::state_unflatten(&below(prefix), source, default).map(Self::Fallback),
        }
    }
}

impl Muon {
    /// The nearly orthogonal matrix with the singular vectors of `u` (rank 2): every singular value not far below
    /// ‖u‖ ends between about 0.7 and 1.2.
    fn orthogonalised<const D: usize>(&self, u: Tensor<D>) -> Tensor<D> {
        let [rows, cols] = [u.dims()[0], u.dims()[1]];
        let tall = rows > cols;
        let norm = sum_of_squares(u.clone()).sqrt().clamp_min(self.eps);
        let x = if tall { u.swap_dims(0, 1) } else { u };
        let mut x = x / norm.reshape([1; D]);
        let [a, b, c] = self.coefficients;
        for _ in 0..self.iterations {
            let gram = x.clone().matmul(x.clone().swap_dims(0, 1));
            let mix = gram.clone().matmul(gram.clone()) * c + gram * b;
            x = mix.matmul(x.clone()) + x * a;
        }
        if tall { row_major(x.swap_dims(0, 1)) } else { x }
    }

    fn step_matrix<const D: usize>(
        &self,
        lr: f64,
        w: Tensor<D>,
        g: Tensor<D>,
        momentum: Option<Tensor<D>>,
    ) -> (Tensor<D>, Tensor<D>) {
        let h = row_major(g) * (1.0 - self.momentum);
        let momentum = match momentum {
            Some(b) => b * self.momentum + h.clone(),
            None => h.clone(),
        };
        let u = if self.nesterov { momentum.clone() * self.momentum + h } else { momentum.clone() };
        let [inputs, outputs] = [w.dims()[0], w.dims()[1]];
        let rate = lr * self.adjust.factor(outputs, inputs);
        let update = self.orthogonalised(u) * rate;
        let shrink = 1.0 - lr * self.weight_decay;
        let w = if shrink == 1.0 { w } else { w * shrink };
        (w - update, momentum)
    }
}

impl Optimizer for Muon {
    type State<const D: usize> = MuonState<D>;

    fn step<const D: usize>(
        &self,
        lr: f64,
        w: Tensor<D>,
        g: Tensor<D>,
        state: Option<MuonState<D>>,
    ) -> (Tensor<D>, Option<MuonState<D>>) {
        if D == 2 {
            let momentum = match state {
                Some(MuonState::Momentum(b)) => Some(b),
                _ => None,
            };
            let (w, momentum) = self.step_matrix(lr, w, g, momentum);
            (w, Some(MuonState::Momentum(momentum)))
        } else {
            let state = match state {
                Some(MuonState::Fallback(s)) => Some(s),
                _ => None,
            };
            let (w, state) = self.fallback.step(lr * self.fallback_ratio, w, g, state);
            (w, state.map(MuonState::Fallback))
        }
    }

    fn to_device<const D: usize>(state: MuonState<D>, device: &Device) -> MuonState<D> {
        match state {
            MuonState::Momentum(b) => MuonState::Momentum(b.to_device(device)),
            MuonState::Fallback(s) => MuonState::Fallback(Adam::to_device(s, device)),
        }
    }
}
