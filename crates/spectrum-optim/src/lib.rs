//! Optimizers with PyTorch's formulas and defaults on any Burn backend, and learning-rate schedules.
//!
//! Burn has optimizers of its own; these exist because a spectrum record needs more than they give. Every scalar is
//! f64 until it meets the tensor (Burn keeps betas, ε and decay in f32, so an f64 run differs from PyTorch by 1e-7),
//! defaults are PyTorch's (Burn's ε is 1e-5, its dampening 0.1), and a state comes back from a file in the precision
//! it was saved in, on a machine without a GPU too.
//!
//! ```
//! use burn::module::{Module, Param};
//! use burn::optim::GradientsParams;
//! use burn::tensor::{DType, Device, Tensor};
//! use spectrum_optim::{OptimizerConfig, clip_global_norm};
//!
//! #[derive(Module, Debug)]
//! struct Bowl {
//!     w: Param<Tensor<1>>,
//! }
//!
//! let config: OptimizerConfig = serde_json::from_str(r#"{"kind": "sgd", "lr": 0.25, "momentum": 0.5}"#)?;
//! config.validate()?;
//! let mut optimizer = config.build();
//!
//! let device = Device::flex().autodiff();
//! let start = Tensor::<1>::from_data([1.0f64, -2.0], (&device, DType::F64));
//! let mut bowl = Bowl { w: Param::from_tensor(start) };
//! for step in 1..=20 {
//!     let loss = (bowl.w.val() * bowl.w.val()).sum();
//!     let grads = GradientsParams::from_grads(loss.backward(), &bowl);
//!     let (grads, _norm) = clip_global_norm(&bowl, grads, 10.0);
//!     bowl = optimizer.step(config.rate(step, 20), bowl, grads);
//! }
//! let norm = (bowl.w.val() * bowl.w.val()).sum().into_data().iter::<f64>().next();
//! assert!(norm.is_some_and(|n| n < 1e-4));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **Bits.** Each optimizer documents its operations in their order. Element-wise steps round after each of them, with
//! no fused multiply-add, and gradients are brought into row-major order first, so the same input gives the same bytes
//! on flex and ndarray, whoever else holds the weights and however often the run was interrupted. Muon's matrix products,
//! and the sums of squares of Muon and of the clip (along an axis, never Burn's `sum` of a whole tensor, which rounds in
//! the order in which threads are free), use the backend's own order and are reproducible on one machine type.

mod adam;
mod clip;
mod config;
mod error;
mod layout;
mod muon;
mod rmsprop;
mod schedule;
mod settings;
mod sgd;
mod state;

pub use adam::{Adam, AdamState, Decay};
pub use clip::clip_global_norm;
pub use config::OptimizerConfig;
pub use error::OptimError;
pub use muon::{AdjustLr, Muon, MuonState};
pub use rmsprop::{RmsProp, RmsPropState};
pub use schedule::Schedule;
pub use settings::{AdamConfig, AdamWConfig, FallbackConfig, MuonConfig, RmsPropConfig, SgdConfig, SignConfig};
pub use sgd::{Sgd, SgdState, SignDescent, Stateless};
