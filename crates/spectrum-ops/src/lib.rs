//! Fused tensor operations through Burn's backend extensions, each with a stock fallback.
//!
//! Flex, the CPU backend, calls the C library once an element for `tanh` and `erf`, builds `softplus` out of six
//! passes over memory, and an Adam step out of fourteen. The functions here do each in one pass, vectorised for the
//! CPU found at run time and shared among rayon's threads; they are differentiable, and every other backend (and
//! every other precision) gets Burn's stock operations. They are called like any function of tensors:
//!
//! ```
//! use burn::tensor::{DType, Device, Tensor};
//!
//! let device = Device::flex().autodiff();
//! let x = Tensor::<1>::from_data([-1.0, 0.0, 2.0], (&device, DType::F64)).require_grad();
//! let y = spectrum_ops::tanh(x.clone());
//! let gradients = y.clone().sum().backward();
//!
//! let y: Vec<f64> = y.into_data().iter().collect();
//! assert_eq!(y[0], -0.7615941559557649);
//! // The derivative is 1 - tanh(x)^2.
//! let slope: Vec<f64> = x.grad(&gradients).unwrap().into_data().iter().collect();
//! assert_eq!(slope[1], 1.0);
//! assert!((slope[2] - (1.0 - y[2] * y[2])).abs() < 1e-16);
//! ```
//!
//! | function | error on flex, in units in the last place, f64 and f32 | kept for the backward pass |
//! |---|---|---|
//! | [`tanh`] | 1 | the output |
//! | [`sigmoid`] | 2 | the output |
//! | [`softplus`] | 2 (f32: 1) | the input |
//! | [`erf`] | 2 (f32: 1) | the input |
//! | [`adam_step`] | equal to the composed operations, bit for bit | not differentiable |
//!
//! An element's result depends on nothing but the element: not on the shape, the layout, the vector width or the
//! number of threads.

mod activation;
mod adam;
mod flex;
mod kernel;

pub use activation::{Activations, erf, sigmoid, softplus, tanh};
pub use adam::{AdamKernel, AdamScalars, adam_step};
