//! The vocabulary of Spectrum and nothing else.
//!
//! Data flows one way through the workspace:
//!
//! ```text
//! module + gradients -> (hook) LayerMatrix -> (linalg) Spectrum -> (measure) Record -> (store) rows -> (report) pictures
//! ```
//!
//! This crate holds the words in that sentence. It knows neither Burn nor faer, so the laws, fits and measures that
//! depend on it build in seconds and can be used alone.
//!
//! ```
//! use spectrum_core::{Kind, LayerMatrix, Outcome, Precision, Reason};
//!
//! // A 2 x 3 matrix (output x input), column-major.
//! let w = LayerMatrix::new("hidden.weight", Kind::Weight, "matrix", 0, 2, 3, vec![1., 0., 0., 1., 0., 0.], Precision::F64)?;
//! assert_eq!((w.rows, w.cols), (2, 3));
//! assert_eq!(w.at(1, 1), 1.0);
//!
//! // A value that is not finite is never a number without a reason.
//! assert_eq!(Outcome::from(f64::NAN), Outcome::Missing(Reason::NotFinite));
//! # Ok::<(), spectrum_core::CoreError>(())
//! ```

mod buffer;
mod error;
mod matrix;
mod matrix_view;
mod outcome;
mod record;
mod rule;
mod sample;
mod spectrum;
mod view;
mod window;

pub use buffer::{Buffer, Pool};
pub use error::CoreError;
pub use matrix::{Kind, LayerMatrix, Precision};
pub use matrix_view::{MatrixView, multiply};
pub use outcome::{Outcome, Reason};
pub use record::{Blob, MatrixId, Record, Scalar, Sink, SinkError, SpectrumRow, StepRows};
pub use rule::{Alignment, Architecture, LayerRule, Meeting, Side};
pub use sample::{Labels, Measure, References, Sample};
pub use spectrum::{Route, Spectrum, Vectors};
pub use view::{Cell, Order, Projection, View};
pub use window::{Elements, StridedView};
