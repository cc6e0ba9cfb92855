//! Activations: one pass forward, one pass backward.

// NdArray is deprecated upstream; the project offers it as long as Burn does.
#![allow(deprecated)]

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind, unary};
use burn::backend::ops::{ActivationOps, FloatTensorOps};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Cube, Dispatch, Flex, NdArray, TensorMetadata, backend_extension};
use burn::tensor::{DType, Tensor};

use crate::flex;
use crate::kernel;

/// Elementwise activations and their backward passes.
///
/// The default bodies are Burn's stock operations; Flex overrides them in f32 and f64. Callers want the functions of
/// this crate ([`tanh`] and so on), which take any tensor on any device.
#[backend_extension(Flex, NdArray, Cube, Autodiff)]
pub trait Activations: Backend {
    /// `tanh(x)`.
    fn fused_tanh(x: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::float_tanh(x)
    }

    /// `grad (1 - y^2)`, y the output.
    fn fused_tanh_backward(grad: FloatTensor<Self>, y: FloatTensor<Self>) -> FloatTensor<Self> {
        stock_tanh_backward::<Self>(grad, y)
    }

    /// `1 / (1 + exp(-x))`.
    fn fused_sigmoid(x: FloatTensor<Self>) -> FloatTensor<Self> {
        stock_sigmoid::<Self>(x)
    }

    /// `grad y (1 - y)`, y the output.
    fn fused_sigmoid_backward(grad: FloatTensor<Self>, y: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::sigmoid_backward(y, grad)
    }

    /// `log(1 + exp(x))`.
    fn fused_softplus(x: FloatTensor<Self>) -> FloatTensor<Self> {
        stock_softplus::<Self>(x)
    }

    /// `grad sigmoid(x)`, x the input.
    fn fused_softplus_backward(grad: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::float_mul(grad, stock_sigmoid::<Self>(x))
    }

    /// `erf(x)`.
    fn fused_erf(x: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::float_erf(x)
    }

    /// `grad 2/sqrt(pi) exp(-x^2)`, x the input.
    fn fused_erf_backward(grad: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        stock_erf_backward::<Self>(grad, x)
    }
}

impl Activations for NdArray {}
impl Activations for Cube {}

impl Activations for Flex {
    fn fused_tanh(x: FloatTensor<Self>) -> FloatTensor<Self> {
        match x.dtype() {
            DType::F32 => flex::unary::<f32>(x, kernel::tanh_f32),
            DType::F64 => flex::unary::<f64>(x, kernel::tanh_f64),
            _ => Self::float_tanh(x),
        }
    }

    fn fused_tanh_backward(grad: FloatTensor<Self>, y: FloatTensor<Self>) -> FloatTensor<Self> {
        match grad.dtype() {
            DType::F32 => flex::binary::<f32>(grad, y, kernel::tanh_backward_f32),
            DType::F64 => flex::binary::<f64>(grad, y, kernel::tanh_backward_f64),
            _ => stock_tanh_backward::<Self>(grad, y),
        }
    }

    fn fused_sigmoid(x: FloatTensor<Self>) -> FloatTensor<Self> {
        match x.dtype() {
            DType::F32 => flex::unary::<f32>(x, kernel::sigmoid_f32),
            DType::F64 => flex::unary::<f64>(x, kernel::sigmoid_f64),
            _ => Self::sigmoid(x),
        }
    }

    fn fused_sigmoid_backward(grad: FloatTensor<Self>, y: FloatTensor<Self>) -> FloatTensor<Self> {
        match grad.dtype() {
            DType::F32 => flex::binary::<f32>(grad, y, kernel::sigmoid_backward_f32),
            DType::F64 => flex::binary::<f64>(grad, y, kernel::sigmoid_backward_f64),
            _ => Self::sigmoid_backward(y, grad),
        }
    }

    fn fused_softplus(x: FloatTensor<Self>) -> FloatTensor<Self> {
        match x.dtype() {
            DType::F32 => flex::unary::<f32>(x, kernel::softplus_f32),
            DType::F64 => flex::unary::<f64>(x, kernel::softplus_f64),
            _ => stock_softplus::<Self>(x),
        }
    }

    fn fused_softplus_backward(grad: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        match grad.dtype() {
            DType::F32 => flex::binary::<f32>(grad, x, kernel::softplus_backward_f32),
            DType::F64 => flex::binary::<f64>(grad, x, kernel::softplus_backward_f64),
            _ => Self::float_mul(grad, Self::sigmoid(x)),
        }
    }

    fn fused_erf(x: FloatTensor<Self>) -> FloatTensor<Self> {
        match x.dtype() {
            DType::F32 => flex::unary::<f32>(x, kernel::erf_f32),
            DType::F64 => flex::unary::<f64>(x, kernel::erf_f64),
            _ => Self::float_erf(x),
        }
    }

    fn fused_erf_backward(grad: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        match grad.dtype() {
            DType::F32 => flex::binary::<f32>(grad, x, kernel::erf_backward_f32),
            DType::F64 => flex::binary::<f64>(grad, x, kernel::erf_backward_f64),
            _ => stock_erf_backward::<Self>(grad, x),
        }
    }
}

fn stock_tanh_backward<B: Backend>(grad: FloatTensor<B>, y: FloatTensor<B>) -> FloatTensor<B> {
    let slope = B::float_add_scalar(B::float_neg(B::float_mul(y.clone(), y)), 1f64.into());
    B::float_mul(grad, slope)
}

/// Burn's default sigmoid is `exp(-log(1 + exp(-x)))` in f32, whatever the precision: in f64 it errs by 6e-9, and in f32
/// by |x| roundings. The half precisions need its wider range, the others need the digits.
fn stock_sigmoid<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    if matches!(x.dtype(), DType::F32 | DType::F64) {
        return B::float_recip(B::float_add_scalar(B::float_exp(B::float_neg(x)), 1f64.into()));
    }
    B::sigmoid(x)
}

fn stock_softplus<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let tail = B::float_log1p(B::float_exp(B::float_neg(B::float_abs(x.clone()))));
    B::float_add(B::relu(x), tail)
}

fn stock_erf_backward<B: Backend>(grad: FloatTensor<B>, x: FloatTensor<B>) -> FloatTensor<B> {
    let bell = B::float_exp(B::float_neg(B::float_mul(x.clone(), x)));
    B::float_mul(grad, B::float_mul_scalar(bell, std::f64::consts::FRAC_2_SQRT_PI.into()))
}

/// What the tape holds until the backward pass.
enum Keep {
    Input,
    Output,
}

/// An elementwise function on the tape: the gradient through it depends on the one tensor that was kept.
#[derive(Debug)]
struct Elementwise<B: Backend>(fn(FloatTensor<B>, FloatTensor<B>) -> FloatTensor<B>);

impl<B: Backend> Backward<B, 1> for Elementwise<B> {
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        unary::<B, _>(ops.parents, ops.node, grads, |grad| (self.0)(grad, ops.state));
    }
}

fn tracked<B: Backend, C: CheckpointStrategy>(
    x: FloatTensor<Autodiff<B, C>>,
    keep: Keep,
    forward: fn(FloatTensor<B>) -> FloatTensor<B>,
    backward: fn(FloatTensor<B>, FloatTensor<B>) -> FloatTensor<B>,
) -> FloatTensor<Autodiff<B, C>> {
    let node = x.node();
    match Elementwise::<B>(backward).prepare::<C>([node]).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => {
            let x = x.into_primitive();
            match keep {
                Keep::Input => prepared.finish(x.clone(), forward(x)),
                Keep::Output => {
                    let y = forward(x);
                    prepared.finish(y.clone(), y)
                }
            }
        }
        OpsKind::UnTracked(prepared) => prepared.finish(forward(x.into_primitive())),
    }
}

/// The backward passes are untracked: Burn's tape is of first order.
impl<B: Backend + Activations, C: CheckpointStrategy> Activations for Autodiff<B, C> {
    fn fused_tanh(x: FloatTensor<Self>) -> FloatTensor<Self> {
        tracked::<B, C>(x, Keep::Output, B::fused_tanh, B::fused_tanh_backward)
    }

    fn fused_sigmoid(x: FloatTensor<Self>) -> FloatTensor<Self> {
        tracked::<B, C>(x, Keep::Output, B::fused_sigmoid, B::fused_sigmoid_backward)
    }

    fn fused_softplus(x: FloatTensor<Self>) -> FloatTensor<Self> {
        tracked::<B, C>(x, Keep::Input, B::fused_softplus, B::fused_softplus_backward)
    }

    fn fused_erf(x: FloatTensor<Self>) -> FloatTensor<Self> {
        tracked::<B, C>(x, Keep::Input, B::fused_erf, B::fused_erf_backward)
    }
}

/// Hyperbolic tangent of every element; any shape, any device.
#[must_use]
pub fn tanh<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::fused_tanh(x.into_dispatch()))
}

/// Logistic sigmoid `1 / (1 + exp(-x))` of every element; any shape, any device.
#[must_use]
pub fn sigmoid<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::fused_sigmoid(x.into_dispatch()))
}

/// `log(1 + exp(x))` of every element; any shape, any device. Unlike PyTorch's and Burn's there is no threshold above
/// which x itself is returned.
#[must_use]
pub fn softplus<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::fused_softplus(x.into_dispatch()))
}

/// The error function `2/sqrt(pi) int_0^x exp(-t^2) dt` of every element; any shape, any device.
#[must_use]
pub fn erf<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::fused_erf(x.into_dispatch()))
}
