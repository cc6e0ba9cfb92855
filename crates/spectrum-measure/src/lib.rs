//! What a matrix's spectrum says, as named numbers: the one function that hook, analyze and prune share.
//!
//! [`Battery::standard`] holds every measure of a matrix; [`Battery::measure_sample`] turns a [`Sample`] into records. The
//! names, formulas and tolerances are listed in METRICS.md at the root of the workspace.
//!
//! ```
//! use spectrum_core::{Kind, MatrixId, References, Route, Sample, Spectrum, StepRows};
//! use spectrum_measure::Battery;
//!
//! let spectrum = Spectrum {
//!     rows: 4,
//!     cols: 3,
//!     route: Route::Svd,
//!     floor: 1e-15,
//!     singular_values: vec![2.0, 1.0, 1.0],
//!     left: None,
//!     right: None,
//! };
//! let id = MatrixId { step: 0, layer: "hidden.weight".into(), kind: Kind::Weight, view: "matrix".into() };
//! let references = References::default();
//! let sample = Sample {
//!     matrix: None,
//!     id: &id,
//!     spectrum: &spectrum,
//!     previous_weight: None,
//!     current_weight: None,
//!     references: &references,
//! };
//!
//! let mut rows = StepRows::new(0);
//! Battery::standard().measure_sample(&sample, &mut rows);
//! let value = |name: &str| rows.records.iter().find(|r| r.metric == name).and_then(|r| r.outcome.value());
//! assert_eq!(value("nuclear_norm"), Some(4.0));
//! assert!(value("stable_rank").is_some_and(|r| (r - 1.5).abs() < 1e-12));
//! assert_eq!(value("mp_variance"), None); // three values are no bulk: the record holds the reason
//! ```
//!
//! Beside the battery: [`feature_probe`] (kernel alignment and ridge refit of a network's features), [`baseline`] (the best
//! linear function), [`null`] (seeded nulls of a weight), [`substitute`] (weights with norm, values or vectors replaced),
//! [`agreement`] (of vectors at two moments), [`events`] (when a series crosses a threshold or falls), [`gaussian`] (the reference of the shape classes) and [`tolerance`] (what two
//! backends may differ by).
//!
//! The kernels of a network (`ck`, `ntk`) have numbers of their own: [`kernel`]. What a gradient of low rank is made of:
//! [`gradient`](mod@gradient).
//!
//! Measures that cost more than a training step should pay, for checkpoints: [`comparison`] (other distributions on the
//! tail), [`goodness`] (is the power law plausible), [`shuffled`] (the same entries at random places) and [`farms`] (the tail
//! index of submatrices of one aspect ratio).
//!
//! [`Sample`]: spectrum_core::Sample

pub mod agreement;
pub mod baseline;
mod battery;
pub mod comparison;
mod error;
pub mod events;
pub mod farms;
pub mod feature_probe;
pub mod gaussian;
pub mod goodness;
pub mod gradient;
pub mod kernel;
pub mod layers;
pub mod measures;
pub mod null;
mod recorder;
pub mod ridge;
pub mod shuffled;
pub mod substitute;
pub mod tolerance;

pub use battery::Battery;
pub use error::MeasureError;
pub use feature_probe::{FeatureProbe, conjugate_kernel_spectrum, kta};
pub use gaussian::GaussianReference;
pub use recorder::{Recorder, identity};
pub use ridge::{RidgeFit, ridge_refit};
