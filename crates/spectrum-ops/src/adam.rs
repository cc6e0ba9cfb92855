//! Adam's update in one pass over memory.

// NdArray is deprecated upstream; the project offers it as long as Burn does.
#![allow(deprecated)]

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, Backend, Cube, Dispatch, Flex, NdArray, backend_extension};
use burn::tensor::{DType, Tensor};

use crate::flex::{FlexTensor, row_major, zeros_like};
use crate::kernel::adam::{Scalars, Target, adam_f32, adam_f64};

/// The numbers of one Adam step, in f64 whatever the tensors' precision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamScalars {
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the corrected second moment.
    pub epsilon: f64,
    /// Learning rate over `1 - beta1^t`.
    pub step_size: f64,
    /// `sqrt(1 - beta2^t)`.
    pub second_root: f64,
    /// Coupled (L2) weight decay: the gradient becomes `g + coupled_decay w`. 0 for none.
    pub coupled_decay: f64,
    /// The weights are multiplied by this before the step (AdamW: `1 - lr decay`). 1 for none.
    pub shrink: f64,
}

impl AdamScalars {
    /// Step `t` (the first is 1) without weight decay.
    #[must_use]
    pub fn new(learning_rate: f64, beta1: f64, beta2: f64, epsilon: f64, t: u64) -> Self {
        let t = i32::try_from(t).unwrap_or(i32::MAX);
        Self {
            beta1,
            beta2,
            epsilon,
            step_size: learning_rate / (1.0 - beta1.powi(t)),
            second_root: (1.0 - beta2.powi(t)).sqrt(),
            coupled_decay: 0.0,
            shrink: 1.0,
        }
    }

    /// With Adam's L2 penalty.
    #[must_use]
    pub fn with_coupled_decay(self, decay: f64) -> Self {
        Self { coupled_decay: decay, ..self }
    }

    /// With AdamW's decay: the weights are first multiplied by `1 - learning_rate decay`.
    #[must_use]
    pub fn with_decoupled_decay(self, learning_rate: f64, decay: f64) -> Self {
        Self { shrink: 1.0 - learning_rate * decay, ..self }
    }
}

type Triple<B> = (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>);

/// Adam's update of one array. Callers want [`adam_step`].
#[backend_extension(Flex, NdArray, Cube, Autodiff)]
pub trait AdamKernel: Backend {
    /// The new `(w, m, v)`; the default body composes Burn's stock operations in the kernel's order.
    fn adam_update(
        w: FloatTensor<Self>,
        g: FloatTensor<Self>,
        m: FloatTensor<Self>,
        v: FloatTensor<Self>,
        scalars: AdamScalars,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        composed::<Self>(w, g, m, v, scalars)
    }
}

fn composed<B: Backend>(
    w: FloatTensor<B>,
    g: FloatTensor<B>,
    m: FloatTensor<B>,
    v: FloatTensor<B>,
    s: AdamScalars,
) -> Triple<B> {
    let g = if s.coupled_decay == 0.0 {
        g
    } else {
        B::float_add(g, B::float_mul_scalar(w.clone(), s.coupled_decay.into()))
    };
    let m =
        B::float_add(B::float_mul_scalar(m, s.beta1.into()), B::float_mul_scalar(g.clone(), (1.0 - s.beta1).into()));
    let square = B::float_mul(g.clone(), g);
    let v = B::float_add(B::float_mul_scalar(v, s.beta2.into()), B::float_mul_scalar(square, (1.0 - s.beta2).into()));
    let root = B::float_div_scalar(B::float_sqrt(v.clone()), s.second_root.into());
    let direction = B::float_div(m.clone(), B::float_add_scalar(root, s.epsilon.into()));
    let w = if s.shrink == 1.0 { w } else { B::float_mul_scalar(w, s.shrink.into()) };
    (B::float_sub(w, B::float_mul_scalar(direction, s.step_size.into())), m, v)
}

impl AdamKernel for NdArray {}
impl AdamKernel for Cube {}

/// An array to be updated: itself where nobody else holds its storage, else a fresh buffer beside the original.
struct Owned {
    data: FlexTensor,
    original: Option<FlexTensor>,
}

macro_rules! on_flex {
    ($run:ident, $type:ty, $kernel:ident) => {
        fn $run(w: FlexTensor, g: FlexTensor, m: FlexTensor, v: FlexTensor, s: AdamScalars) -> Triple<Flex> {
            let own = |x: FlexTensor| {
                let x = row_major::<$type>(x);
                if x.is_unique() {
                    Owned { data: x, original: None }
                } else {
                    Owned { data: zeros_like::<$type>(&x), original: Some(x) }
                }
            };
            let (mut w, mut m, mut v, g) = (own(w), own(m), own(v), row_major::<$type>(g));
            // Each scalar is formed in f64 and rounded once, as Burn rounds the scalars of its operations.
            let scalars = Scalars {
                beta1: s.beta1 as $type,
                rest1: (1.0 - s.beta1) as $type,
                beta2: s.beta2 as $type,
                rest2: (1.0 - s.beta2) as $type,
                epsilon: s.epsilon as $type,
                step_size: s.step_size as $type,
                second_root: s.second_root as $type,
                coupled: (s.coupled_decay != 0.0).then_some(s.coupled_decay as $type),
                shrink: (s.shrink != 1.0).then_some(s.shrink as $type),
            };
            $kernel(
                Target { original: w.original.as_ref().map(|x| x.storage()), data: w.data.storage_mut() },
                g.storage(),
                Target { original: m.original.as_ref().map(|x| x.storage()), data: m.data.storage_mut() },
                Target { original: v.original.as_ref().map(|x| x.storage()), data: v.data.storage_mut() },
                scalars,
            );
            (w.data, m.data, v.data)
        }
    };
}

on_flex!(flex_f32, f32, adam_f32);
on_flex!(flex_f64, f64, adam_f64);

impl AdamKernel for Flex {
    fn adam_update(
        w: FloatTensor<Self>,
        g: FloatTensor<Self>,
        m: FloatTensor<Self>,
        v: FloatTensor<Self>,
        scalars: AdamScalars,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let alike = [&g, &m, &v].iter().all(|x| x.layout().shape() == w.layout().shape() && x.dtype() == w.dtype());
        match w.dtype() {
            DType::F32 if alike => flex_f32(w, g, m, v, scalars),
            DType::F64 if alike => flex_f64(w, g, m, v, scalars),
            // Other precisions, and shapes that broadcast or that Burn refuses with its own message.
            _ => composed::<Self>(w, g, m, v, scalars),
        }
    }
}

/// An optimizer's step is not part of the tape: the results are untracked.
impl<B: Backend + AdamKernel, C: CheckpointStrategy> AdamKernel for Autodiff<B, C> {
    fn adam_update(
        w: FloatTensor<Self>,
        g: FloatTensor<Self>,
        m: FloatTensor<Self>,
        v: FloatTensor<Self>,
        scalars: AdamScalars,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (w, m, v) =
            B::adam_update(w.into_primitive(), g.into_primitive(), m.into_primitive(), v.into_primitive(), scalars);
        (Self::from_inner(w), Self::from_inner(m), Self::from_inner(v))
    }
}

/// One step of Adam (Kingma and Ba 2015, algorithm 1, in PyTorch's arrangement; AdamW with a shrink factor):
///
/// ```text
/// g <- g + coupled_decay w
/// m <- beta1 m + (1 - beta1) g
/// v <- beta2 v + (1 - beta2) g^2
/// w <- shrink w - step_size m / (sqrt(v) / second_root + epsilon)
/// ```
///
/// All four tensors have one shape, one precision and one device; m and v start as zeros. Returns `(w, m, v)`. On flex
/// w, m and v are updated in place where the caller gave up the only handle. The bits are those of the composed
/// operations. The step is not recorded for differentiation.
#[must_use]
pub fn adam_step<const D: usize>(
    w: Tensor<D>,
    g: Tensor<D>,
    m: Tensor<D>,
    v: Tensor<D>,
    scalars: AdamScalars,
) -> (Tensor<D>, Tensor<D>, Tensor<D>) {
    let (w, m, v) =
        Dispatch::adam_update(w.into_dispatch(), g.into_dispatch(), m.into_dispatch(), v.into_dispatch(), scalars);
    (Tensor::from_dispatch(w), Tensor::from_dispatch(m), Tensor::from_dispatch(v))
}
