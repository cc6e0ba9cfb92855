//! Heavy-tail estimators of an eigenvalue spectrum.
//!
//! The eigenvalues are those of `W^T W`: squared singular values. A tail index alone is no evidence of a power law: a
//! Gaussian matrix has 2.45 at shape 3:2 and 2.12 when it is square, so compare with a random matrix of the same shape.
//!
//! ```
//! use spectrum_tail::hill_median;
//!
//! // Order statistics of a Pareto law with density exponent alpha = 3, whose median cut-off keeps half of them.
//! let eigenvalues: Vec<f64> = (0..1000).map(|i| (1.0 - (f64::from(i) + 0.5) / 1000.0).powf(-0.5)).collect();
//! let fit = hill_median(&eigenvalues, 0.0)?;
//! assert!((fit.alpha - 3.0).abs() < 0.01);
//! assert_eq!(fit.tail_size, 500);
//! # Ok::<(), spectrum_tail::TailError>(())
//! ```

mod error;
mod hill;

pub use error::TailError;
pub use hill::{HillFit, hill_median};
