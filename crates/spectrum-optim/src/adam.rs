//! Adam and AdamW.

use burn::optim::{Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};
use spectrum_ops::{AdamScalars, adam_step};

use crate::layout::row_major;
use crate::state;

/// What weight decay means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Decay {
    /// None.
    None,
    /// Added to the gradient (PyTorch's `Adam`): g + λ w.
    L2(f64),
    /// Applied to the weight before the step (`AdamW`): w (1 - lr λ). Loshchilov and Hutter 2019, algorithm 2.
    Decoupled(f64),
}

/// Adam (Kingma and Ba 2015, algorithm 1), with ε outside the square root as in PyTorch.
///
/// With m, v starting at zero, at step t (from 1), in this order and with every scalar computed in f64 and rounded
/// once to the tensor's precision:
///
/// ```text
/// g = g + w λ                                    (L2 decay only)
/// m = m β₁ + g (1 - β₁)
/// v = v β₂ + (g g) (1 - β₂)
/// w = w (1 - lr λ)                               (decoupled decay only)
/// w = w - (m / (√v / √c₂ + ε)) (lr / c₁)         with c₁ = 1 - β₁ᵗ, c₂ = 1 - β₂ᵗ
/// ```
///
/// The arithmetic is [`spectrum_ops::adam_step`]: on flex one pass over memory (w, g, m, v read once; w, m, v written
/// once, in place where nobody else holds them) shared among threads; elsewhere thirteen tensor operations, of which
/// two allocate. Both round in the same places, so they agree to the bit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adam {
    /// β₁, of the mean of gradients.
    pub beta1: f64,
    /// β₂, of the mean of squared gradients.
    pub beta2: f64,
    /// ε, added to √v̂.
    pub eps: f64,
    /// Weight decay.
    pub decay: Decay,
}

/// The two moments of one parameter, as PyTorch keeps them (not yet corrected for their bias).
#[derive(Debug, Clone)]
pub struct AdamState<const D: usize> {
    /// Steps done.
    pub step: u64,
    /// Mean of gradients.
    pub m: Tensor<D>,
    /// Mean of squared gradients.
    pub v: Tensor<D>,
}

impl<const D: usize> RecordState for AdamState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_scalar(prefix, "step", self.step.into());
        state::put(prefix, "m", &self.m, out);
        state::put(prefix, "v", &self.v, out);
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, _default: &Device) -> Option<Self> {
        let step = source.take_scalar(prefix, "step")?.try_into().ok()?;
        Some(Self { step, m: state::take(prefix, "m", source)?, v: state::take(prefix, "v", source)? })
    }
}

impl Adam {
    /// The scalars of step `t` (from 1), each computed in f64.
    fn scalars(&self, lr: f64, t: u64) -> AdamScalars {
        let (beta1, beta2) = (self.beta1, self.beta2);
        let (coupled_decay, shrink) = match self.decay {
            Decay::None => (0.0, 1.0),
            Decay::L2(decay) => (decay, 1.0),
            Decay::Decoupled(decay) => (0.0, 1.0 - lr * decay),
        };
        AdamScalars {
            beta1,
            beta2,
            epsilon: self.eps,
            step_size: lr / (1.0 - beta1.powf(t as f64)),
            second_root: (1.0 - beta2.powf(t as f64)).sqrt(),
            coupled_decay,
            shrink,
        }
    }
}

impl Optimizer for Adam {
    type State<const D: usize> = AdamState<D>;

    fn step<const D: usize>(
        &self,
        lr: f64,
        w: Tensor<D>,
        g: Tensor<D>,
        state: Option<AdamState<D>>,
    ) -> (Tensor<D>, Option<AdamState<D>>) {
        let g = row_major(g);
        let AdamState { step, m, v } =
            state.unwrap_or_else(|| AdamState { step: 0, m: g.zeros_like(), v: g.zeros_like() });
        let step = step + 1;
        let (w, m, v) = adam_step(w, g, m, v, self.scalars(lr, step));
        (w, Some(AdamState { step, m, v }))
    }

    fn to_device<const D: usize>(state: AdamState<D>, device: &Device) -> AdamState<D> {
        AdamState { step: state.step, m: state.m.to_device(device), v: state.v.to_device(device) }
    }
}
