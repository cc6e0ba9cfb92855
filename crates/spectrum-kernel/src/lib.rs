//! The empirical kernels of a network on n samples: the conjugate kernel of each layer, and the neural tangent kernel.
//!
//! ```text
//! CK_l(a, b)  = <x_l(a), x_l(b)> / d_l                              x_l: the features after layer l
//! NTK(a, b)   = sum over parameters of d f(a)/d theta * d f(b)/d theta
//!             = sum over layers of <delta_l(a), delta_l(b)> (<x_(l-1)(a), x_(l-1)(b)> + [bias])
//! ```
//!
//! delta_l(a) is the derivative of f(a) with respect to the layer's pre-activation (Fan and Wang, NeurIPS 2020, equations
//! 6 to 8; Jacot et al., NeurIPS 2018). Because no sample's output depends on another sample, one backward pass of
//! sum_a f(a) gives every delta at once, and the Jacobian (parameters x samples) is never formed: a dense layer costs two
//! Gram matrices and their entrywise product, in O(n^2 + n h) memory. For a convolution, whose weights are few and whose
//! positions are many, the gradients of each sample are formed and their Gram matrix is taken, some output channels at a
//! time.
//!
//! The passes run on the model's device in its precision; the Gram matrices are formed on the host in f64, as every Gram
//! matrix of this workspace is.
//!
//! [`tangent_kernel_by_samples`] does it the slow way, one backward pass a sample and output, for any Burn module: the fast
//! way is tested against it.

mod dense;
mod error;
mod host;
mod patches;
mod slow;
mod tangent;

pub use dense::{LayerKernel, conjugate_kernels};
pub use error::KernelError;
pub use slow::tangent_kernel_by_samples;
pub use tangent::{Outputs, Settings, tangent_kernel};
