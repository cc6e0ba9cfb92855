//! Kernel matrices: n x n, symmetric, positive semidefinite, column-major; one sample a row and a column.
//!
//! [`sample_gram`], [`add_gram`] and [`add_gram_product`] build them from features and back-propagated signals;
//! [`Plan::kernel`](crate::Plan::kernel) gives their eigenvalues, [`symmetric_operator_norm`] and
//! [`symmetric_difference_norm`] how large they, or the change of them, are.
//!
//! ```
//! use spectrum_linalg::Plan;
//! use spectrum_linalg::kernel::{add_gram_product, sample_gram};
//!
//! // Two samples with the features (1, 0) and (1, 1), and the signals 2 and -1.
//! let (x, d) = ([1.0, 0.0, 1.0, 1.0], [2.0, -1.0]);
//! let mut k = sample_gram(&x, 2, 2, 1.0, 1);
//! assert_eq!(k, [1.0, 1.0, 1.0, 2.0]);
//! // ((1, 1), (1, 2)) o ((4, -2), (-2, 1)) is added.
//! add_gram_product(&mut k, 2, &x, 2, &d, 1, 1.0, 1);
//! assert_eq!(k, [5.0, -1.0, -1.0, 4.0]);
//! let spectrum = Plan::new().kernel(&k, 2, 1)?;
//! assert!((spectrum.top() - (9.0 + 5f64.sqrt()) / 2.0).abs() < 1e-14);
//! # Ok::<(), spectrum_linalg::LinalgError>(())
//! ```

mod eigen;
mod gram;
mod norm;

pub use eigen::floor;
pub use gram::{add_gram, add_gram_product, sample_gram};
pub use norm::{symmetric_difference_norm, symmetric_operator_norm};
