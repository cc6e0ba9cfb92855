//! RMSprop.

use burn::optim::{Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};

use crate::layout::row_major;
use crate::sgd::penalised;
use crate::state;

/// RMSprop, PyTorch's `RMSprop` (Hinton's lecture 6e; centred: Graves 2013, equations 38 to 45, with ε outside the
/// root).
///
/// ```text
/// g = w λ + g                         (λ > 0)
/// v = v α + (g g) (1 - α)
/// a = a α + g (1 - α)                 (centred)
/// d = √v + ε, or centred d = √max(v - a a, 0) + ε
/// w = w - (g / d) lr                  (μ = 0)
/// b = b μ + g / d;  w = w - b lr      (μ > 0)
/// ```
///
/// The maximum is ours: v - a² is never negative but for rounding, where PyTorch's root gives NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RmsProp {
    /// α, of the mean of squared gradients.
    pub alpha: f64,
    /// ε, added to the root.
    pub eps: f64,
    /// μ; 0 switches momentum off.
    pub momentum: f64,
    /// Divide by the standard deviation of the gradient instead of its root mean square.
    pub centered: bool,
    /// λ, an L2 penalty added to the gradient.
    pub weight_decay: f64,
}

/// The means of one parameter.
#[derive(Debug, Clone)]
pub struct RmsPropState<const D: usize> {
    /// v, the mean of squared gradients.
    pub square: Tensor<D>,
    /// a, the mean of gradients (centred only).
    pub mean: Option<Tensor<D>>,
    /// b (momentum only).
    pub momentum: Option<Tensor<D>>,
}

impl<const D: usize> RecordState for RmsPropState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        state::put(prefix, "square", &self.square, out);
        for (name, tensor) in [("mean", &self.mean), ("momentum", &self.momentum)] {
            if let Some(tensor) = tensor {
                state::put(prefix, name, tensor, out);
            }
        }
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, _default: &Device) -> Option<Self> {
        Some(Self {
            square: state::take(prefix, "square", source)?,
            mean: state::take(prefix, "mean", source),
            momentum: state::take(prefix, "momentum", source),
        })
    }
}

impl Optimizer for RmsProp {
    type State<const D: usize> = RmsPropState<D>;

    fn step<const D: usize>(
        &self,
        lr: f64,
        w: Tensor<D>,
        g: Tensor<D>,
        state: Option<RmsPropState<D>>,
    ) -> (Tensor<D>, Option<RmsPropState<D>>) {
        let g = penalised(&w, row_major(g), self.weight_decay);
        let rest = 1.0 - self.alpha;
        let (square, mean, momentum) = match state {
            Some(s) => (s.square, s.mean, s.momentum),
            None => (g.zeros_like(), None, None),
        };
        let square = square * self.alpha + (g.clone() * g.clone()) * rest;
        let mean = self.centered.then(|| mean.unwrap_or_else(|| g.zeros_like()) * self.alpha + g.clone() * rest);
        let spread = match &mean {
            Some(a) => (square.clone() - a.clone() * a.clone()).clamp_min(0.0).sqrt(),
            None => square.clone().sqrt(),
        };
        let scaled = g / (spread + self.eps);
        if self.momentum == 0.0 {
            return (w - scaled * lr, Some(RmsPropState { square, mean, momentum: None }));
        }
        let momentum = match momentum {
            Some(b) => b * self.momentum + scaled,
            None => scaled,
        };
        (w - momentum.clone() * lr, Some(RmsPropState { square, mean, momentum: Some(momentum) }))
    }

    fn to_device<const D: usize>(state: RmsPropState<D>, device: &Device) -> RmsPropState<D> {
        let to = |t: Option<Tensor<D>>| t.map(|t| t.to_device(device));
        RmsPropState { square: state.square.to_device(device), mean: to(state.mean), momentum: to(state.momentum) }
    }
}
