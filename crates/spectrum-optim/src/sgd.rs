//! Gradient descent with momentum, and sign descent.

use burn::optim::{Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};

use crate::layout::row_major;
use crate::state;

/// Stochastic gradient descent, PyTorch's `SGD`; gradient descent when the gradient is of the full batch.
///
/// ```text
/// g = w λ + g                          (λ > 0)
/// b = g at the first step, then b = b μ + g (1 - dampening)      (μ > 0)
/// u = b, with Nesterov u = b μ + g     (μ > 0; else u = g)
/// w = w - u lr
/// ```
///
/// Passes over memory: two without momentum, four with it, five with Nesterov.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sgd {
    /// μ; 0 switches momentum off.
    pub momentum: f64,
    /// Dampening of the gradient that enters the momentum.
    pub dampening: f64,
    /// Look ahead along the momentum.
    pub nesterov: bool,
    /// λ, an L2 penalty added to the gradient.
    pub weight_decay: f64,
}

/// The momentum of one parameter. Without momentum there is no state.
#[derive(Debug, Clone)]
pub struct SgdState<const D: usize> {
    /// b.
    pub momentum: Tensor<D>,
}

impl<const D: usize> RecordState for SgdState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        state::put(prefix, "momentum", &self.momentum, out);
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, _default: &Device) -> Option<Self> {
        Some(Self { momentum: state::take(prefix, "momentum", source)? })
    }
}

/// g + λ w, which is PyTorch's coupled weight decay.
pub(crate) fn penalised<const D: usize>(w: &Tensor<D>, g: Tensor<D>, weight_decay: f64) -> Tensor<D> {
    if weight_decay == 0.0 { g } else { w.clone() * weight_decay + g }
}

impl Optimizer for Sgd {
    type State<const D: usize> = SgdState<D>;

    fn step<const D: usize>(
        &self,
        lr: f64,
        w: Tensor<D>,
        g: Tensor<D>,
        state: Option<SgdState<D>>,
    ) -> (Tensor<D>, Option<SgdState<D>>) {
        let g = penalised(&w, row_major(g), self.weight_decay);
        if self.momentum == 0.0 {
            return (w - g * lr, None);
        }
        let momentum = match state {
            None => g.clone(),
            Some(s) if self.dampening == 0.0 => s.momentum * self.momentum + g.clone(),
            Some(s) => s.momentum * self.momentum + g.clone() * (1.0 - self.dampening),
        };
        let update = if self.nesterov { momentum.clone() * self.momentum + g } else { momentum.clone() };
        (w - update * lr, Some(SgdState { momentum }))
    }

    fn to_device<const D: usize>(state: SgdState<D>, device: &Device) -> SgdState<D> {
        SgdState { momentum: state.momentum.to_device(device) }
    }
}

/// Sign descent: w = w - sign(g) lr, with sign(0) = 0. It has no state.
///
/// Burn's sign of NaN is 0 where PyTorch's is NaN: a NaN in the gradient leaves its weight alone, and it is the loss
/// that shows the divergence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SignDescent;

impl Optimizer for SignDescent {
    type State<const D: usize> = Stateless;

    fn step<const D: usize>(
        &self,
        lr: f64,
        w: Tensor<D>,
        g: Tensor<D>,
        _state: Option<Stateless>,
    ) -> (Tensor<D>, Option<Stateless>) {
        (w - row_major(g).sign() * lr, None)
    }

    fn to_device<const D: usize>(state: Stateless, _device: &Device) -> Stateless {
        state
    }
}

/// The state of an optimizer that has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stateless;

impl RecordState for Stateless {
    fn state_flatten(&self, _prefix: &str, _out: &mut StateSink) {}

    fn state_unflatten(_prefix: &str, _source: &mut StateSource, _default: &Device) -> Option<Self> {
        None
    }
}
