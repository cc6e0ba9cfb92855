//! Heavy-tail estimators of an eigenvalue spectrum.
//!
//! The eigenvalues are those of `W^T W`: squared singular values. A tail index alone is no evidence of a power law: a
//! Gaussian matrix has a Hill index of 2.45 at shape 3:2 and 2.12 when it is square, so compare with a random matrix
//! of the same shape. The full story of a tail is told in four steps:
//!
//! 1. [`fit`] chooses a cut-off and an exponent, by a [`Convention`]; [`scan`] and [`hill_curve`] show how much they
//!    depend on that choice.
//! 2. [`goodness_of_fit`] asks whether draws from that power law look as far from one as the data do. A small p rules it
//!    out.
//! 3. [`fit_alternative`] fits other distributions to the same tail,
//! 4. and [`compare`] asks which of two fits is better. Here a small p says that the answer is to be trusted.
//!
//! ```
//! use spectrum_tail::{Alternative, BootstrapOptions, FitOptions, compare, fit, fit_alternative, goodness_of_fit};
//!
//! // Order statistics of a Pareto law with density exponent alpha = 3.
//! let eigenvalues: Vec<f64> = (0..400).map(|i| (1.0 - (f64::from(i) + 0.5) / 400.0).powf(-0.5)).collect();
//! let options = FitOptions::csn();
//! let tail = fit(&eigenvalues, 0.0, &options)?;
//! assert!((tail.alpha - 3.0).abs() < 3.0 * tail.sigma);
//!
//! let plausible = goodness_of_fit(&eigenvalues, 0.0, &options, &tail, &BootstrapOptions::default())?;
//! assert!(plausible.p > 0.1);
//!
//! let exponential = fit_alternative(&eigenvalues, &tail, Alternative::Exponential)?;
//! let ratio = compare(&eigenvalues, &tail, &exponential)?;
//! assert!(ratio.ratio > 0.0 && ratio.p < 0.01);
//! # Ok::<(), spectrum_tail::TailError>(())
//! ```

mod alternative;
mod bootstrap;
mod convention;
mod distance;
mod error;
mod fit;
mod hill;
mod hill_curve;
mod optimise;
mod sample;
mod select;
mod special;
mod vuong;

pub use alternative::{Alternative, AlternativeFit, fit_alternative};
pub use bootstrap::{BootstrapOptions, GoodnessOfFit, Stop, goodness_of_fit};
pub use convention::{Convention, Cutoff, Distance, FitOptions};
pub use error::{TailError, UnknownName};
pub use fit::{Scan, TailFit, fit, scan};
pub use hill::{HillFit, hill_median};
pub use hill_curve::{HillCurve, StableRegion, hill_curve, stable_region};
pub use vuong::{Vuong, compare, vuong};
