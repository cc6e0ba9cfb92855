//! Helpers of this crate's integration tests.
#![allow(dead_code, deprecated, clippy::unwrap_used)]

use burn::tensor::{DType, Device, Tensor, TensorData};

/// A function of tensors of any rank, in the two forms that are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Op {
    Tanh,
    Sigmoid,
    Softplus,
    Erf,
}

pub const OPS: [Op; 4] = [Op::Tanh, Op::Sigmoid, Op::Softplus, Op::Erf];

impl Op {
    pub fn fused<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Tanh => spectrum_ops::tanh(x),
            Self::Sigmoid => spectrum_ops::sigmoid(x),
            Self::Softplus => spectrum_ops::softplus(x),
            Self::Erf => spectrum_ops::erf(x),
        }
    }

    pub fn stock<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Tanh => x.tanh(),
            Self::Sigmoid => burn::tensor::activation::sigmoid(x),
            Self::Softplus => burn::tensor::activation::softplus(x, 1.0),
            Self::Erf => x.erf(),
        }
    }
}

pub fn flex() -> Device {
    Device::flex()
}

pub fn ndarray() -> Device {
    Device::ndarray()
}

pub fn tensor<const D: usize>(values: Vec<f64>, shape: [usize; D], device: &Device, dtype: DType) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), (device, dtype))
}

/// The elements in row-major order, widened to f64.
pub fn values<const D: usize>(x: Tensor<D>) -> Vec<f64> {
    x.into_data().convert::<f64>().try_to_vec::<f64>().unwrap()
}

/// Distance in units in the last place; equal NaNs are at distance 0.
pub fn ulps_f64(a: f64, b: f64) -> u64 {
    let rank = |x: f64| if x.is_sign_negative() { -((x.to_bits() << 1 >> 1) as i128) } else { x.to_bits() as i128 };
    if a.is_nan() || b.is_nan() {
        return if a.is_nan() && b.is_nan() { 0 } else { u64::MAX };
    }
    (rank(a) - rank(b)).unsigned_abs() as u64
}

/// Distance in units in the last place; equal NaNs are at distance 0.
pub fn ulps_f32(a: f32, b: f32) -> u64 {
    let rank = |x: f32| if x.is_sign_negative() { -i64::from(x.to_bits() << 1 >> 1) } else { i64::from(x.to_bits()) };
    if a.is_nan() || b.is_nan() {
        return if a.is_nan() && b.is_nan() { 0 } else { u64::MAX };
    }
    (rank(a) - rank(b)).unsigned_abs()
}

/// Reproducible values in (-scale, scale): the golden rotation.
pub fn spread(n: usize, scale: f64) -> Vec<f64> {
    (0..n).map(|i| ((i as f64 * 0.618_033_988_749_894_9 + 0.137).fract() - 0.5) * 2.0 * scale).collect()
}
