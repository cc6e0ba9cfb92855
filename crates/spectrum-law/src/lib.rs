//! Random-matrix laws: what the spectrum of a matrix without structure looks like.
//!
//! Everything here speaks of the eigenvalues of `W^T W` **without any 1/n**: the squares of the singular values of an
//! N x p matrix `W` (rows x columns). If the entries are independent with variance sigma^2, these eigenvalues follow the
//! Marchenko-Pastur law on `sigma^2 (sqrt N - sqrt p)^2 .. sigma^2 (sqrt N + sqrt p)^2`. A wide matrix has the law of its
//! transpose for its min(N, p) nonzero eigenvalues, so there is never an atom at zero.
//!
//! - [`marchenko_pastur`]: density, distribution, quantiles, Kolmogorov-Smirnov distance of a sample;
//! - [`bulk`]: the variance of the bulk of a trained matrix, its edge and the eigenvalues outside;
//! - [`spike`]: where a rank-one term puts its outlier, and from which strength on (Baik, Ben Arous, Peche); and back, from
//!   an outlier to the strength and the overlaps of its vectors;
//! - [`tracy_widom`], [`outlier`]: the law of the largest eigenvalue and a p-value for each outlier;
//! - [`ks`], [`null`], [`shuffle`]: testing a spectrum against the law, with Gaussian and shuffled nulls from seeds;
//! - [`shrinkage`]: the optimal singular-value threshold (Gavish, Donoho);
//! - [`spacing`]: the ratio of consecutive spacings, between noise and independent points;
//! - [`limit`]: the limiting laws of conjugate and tangent kernels of wide networks (eigenvalues of kernel matrices there,
//!   with atoms at zero where a layer is narrower than the sample is large).
//!
//! ```
//! use spectrum_law::{MarchenkoPastur, Spike};
//!
//! // The hidden layer of a student of width 600 on 400 inputs, standard normal entries.
//! let law = MarchenkoPastur::new(600, 400, 1.0)?;
//! assert!((law.upper_edge() - 1979.796).abs() < 1e-3);
//! assert!((law.cdf(law.quantile(0.5)?) - 0.5).abs() < 1e-12);
//!
//! // A rank-one term of strength 30 leaves the bulk; one of strength 20 does not.
//! let strong = Spike::new(&law, 30.0)?;
//! assert!((strong.eigenvalue().unwrap_or(0.0) - 2166.667).abs() < 1e-3);
//! assert_eq!(Spike::new(&law, 20.0)?.eigenvalue(), None);
//! # Ok::<(), spectrum_law::LawError>(())
//! ```

pub mod bulk;
mod error;
pub mod ks;
pub mod limit;
pub mod marchenko_pastur;
pub mod null;
pub mod outlier;
pub mod shrinkage;
pub mod shuffle;
mod sorted;
pub mod spacing;
pub mod spike;
pub mod tracy_widom;

pub use bulk::{BulkFit, fit_bulk};
pub use error::LawError;
pub use marchenko_pastur::MarchenkoPastur;
pub use outlier::outlier_p_values;
pub use spacing::{SpacingRatio, spacing_ratio};
pub use spike::Spike;
