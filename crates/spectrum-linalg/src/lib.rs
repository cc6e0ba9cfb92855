//! Singular values, singular vectors and overlaps, computed by faer in f64.
//!
//! One [`Plan`] is one worker's reusable workspace. It turns a `LayerMatrix` into a `Spectrum` by one of the routes
//! of `spectrum_core::Route`: `gram` for a record at every step (floor about 5e-7 of the top value), `svd` when small
//! values matter, `vectors` for all singular vectors, `topk` for the leading ones only. Every spectrum carries the
//! floor under which its values are not to be trusted. Of a matrix too large for a full spectrum, [`Plan::density`]
//! estimates how many singular values lie where. [`Triplets`] keeps the top or the bottom part of a decomposition. Kernels on a set of samples are built and decomposed in [`kernel`], and
//! [`rotate_left`] and [`rotate_right`] apply random rotations.
//!
//! ```
//! use spectrum_core::Route;
//! use spectrum_linalg::{Plan, alignment};
//!
//! // ((3, 0), (0, 4), (0, 0)), column-major: singular values 4 and 3, top right vector e_2.
//! let mut plan = Plan::new();
//! let s = plan.spectrum_of(&[3., 0., 0., 0., 4., 0.], 3, 2, Route::Gram, 1)?;
//! assert!((s.singular_values[0] - 4.0).abs() < 1e-14 && (s.singular_values[1] - 3.0).abs() < 1e-14);
//! let right = s.right.expect("one pair was asked for");
//! assert!(alignment(right.column(0), &[0.0, 1.0]) > 1.0 - 1e-15);
//! # Ok::<(), spectrum_linalg::LinalgError>(())
//! ```
//!
//! No other crate of the workspace names faer.

mod bidiagonal;
mod density;
mod error;
mod gram;
mod haar;
pub mod kernel;
mod krylov;
mod lanczos;
mod magnitude;
mod operator;
mod overlaps;
mod part;
mod pass;
mod plan;
mod solve;
mod tridiagonal;
mod triplets;
mod workspace;

pub use density::Density;
pub use error::LinalgError;
pub use haar::{rotate_left, rotate_right};
pub use overlaps::{alignment, overlap, principal_cosines, projection_norm};
pub use part::Part;
pub use plan::Plan;
pub use solve::{gram_of_features, matvec, matvec_transposed, ridge};
pub use tridiagonal::symmetric_tridiagonal_eigenvalues;
pub use triplets::Triplets;
