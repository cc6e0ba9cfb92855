//! Where the gradient of a network has low rank (Sonthalia, Murray and Montufar, arXiv 2510.01303).
//!
//! Of a two-layer network f(x) = gamma a^T sigma(s W x) on data X = X_B + sum_k zeta_k z_k q_k^T, [`Decomposer`] splits the gradient
//! by W into S1 (along the residual's direction in the bulk), S12, S2 (along the data's spikes) and E, exactly and at any step
//! of a run; [`measure`] turns the parts into records. [`regularizer`] gives what weight decay, input noise and a Jacobian penalty
//! add. For a layer of any network, [`layer_gradient`] compares the gradient's leading directions with the means of the layer's input
//! and of the signal that comes back: the deep-network analogue.
//!
//! Matrices are output x input, so the gradient is the transpose of the paper's, and metrics say `input_side_` where the
//! paper says left and `output_side_` where it says right.
//!
//! ```
//! use spectrum_measure::gradient::{Decomposer, Loss, MeanDerivative, SpikedInputs, Tanh, TwoLayer};
//!
//! // Two samples in the plane, one spike along the first axis.
//! let (z, q) = ([vec![1.0, -1.0]], [vec![1.0, 0.0]]);
//! let inputs = SpikedInputs {
//!     n: 2,
//!     d: 2,
//!     bulk: &[0.1, 0.2, 0.3, -0.4],
//!     z: &z,
//!     q: &q,
//!     zeta: &[2.0],
//!     targets: &[1.0, -1.0],
//! };
//! let network = TwoLayer {
//!     weight: &[0.5, -0.5, 0.1, 0.3],
//!     readout: &[1.0, -1.0],
//!     output_scale: 0.5,
//!     input_scale: 1.0,
//!     activation: &Tanh,
//! };
//! let parts = Decomposer::new().decompose(&network, &inputs, Loss::SquaredError, MeanDerivative::Empirical)?;
//! // What lies along the spike is of rank one, and is both terms at once.
//! assert_eq!(parts.sq.pairs.len(), 1);
//! let (s12, s2, sq) = (&parts.s12.pairs[0], &parts.s2.pairs[0], &parts.sq.pairs[0]);
//! assert!((s12.0[0] * s12.1[0] + s2.0[0] - sq.0[0]).abs() < 1e-15);
//! # Ok::<(), spectrum_measure::gradient::GradientError>(())
//! ```

mod activation;
mod decomposition;
mod error;
mod layer;
mod low_rank;
mod product;
mod quadrature;
mod records;
pub mod regularizer;
mod sample;

pub use activation::{Activation, Custom, Erf, NearLinear, Relu, Sigmoid, Softplus, Tanh};
pub use decomposition::{Decomposer, Decomposition};
pub use error::GradientError;
pub use layer::{LAYER_METRICS, LayerGradient, layer_gradient};
pub use low_rank::LowRank;
pub use records::{Beside, METRICS, measure};
pub use sample::{Loss, MeanDerivative, SpikedInputs, TwoLayer};
