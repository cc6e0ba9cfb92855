//! Synthetic teachers and real data on host arrays.
//!
//! Everything here is deterministic and knows no backend: [`stream`] is where every random number of a run comes from;
//! [`SingleIndex`], [`Spiked`] and [`ModularArithmetic`] make data; [`load_images`] reads a set of images that ships with
//! the crate, was fetched, or lies in a folder of the user's, and [`ImageOptions`] chooses what of it is used and how;
//! [`MatrixOptions`] does so for any matrix of rows;
//! [`fetch`](fetch()) brings a set of the [`catalog()`] to this machine.
//!
//! ```
//! use spectrum_data::{Link, Scaling, SingleIndex, Targets, load_images};
//!
//! let task = SingleIndex { n: 200, d: 50, n_test: 100, link: Link::Softplus, noise: 0.3, ..SingleIndex::default() };
//! let split = task.draw(0)?;
//! assert_eq!((split.train.n, split.train.dim), (200, 50));
//! assert_eq!(split.teacher.as_ref().map(Vec::len), Some(50));
//!
//! let digits = load_images("digits", None, Scaling::Standard)?;
//! assert!(matches!(digits.train.targets, Targets::Classes { count: 10, .. }));
//! # Ok::<(), spectrum_data::DataError>(())
//! ```

mod catalog;
mod digits;
mod download;
mod error;
mod fetch;
pub mod idx;
mod image_options;
mod images;
mod install;
mod labels;
mod link;
mod matrix;
mod matrix_targets;
mod modular;
mod normal;
mod orthonormality;
mod package;
mod preprocess;
mod principal;
mod select;
mod set;
mod single_index;
mod sphere;
mod spiked;
mod spiked_parts;
mod spiked_target;
mod stream;
mod symmetric;

pub use catalog::{Entry, File, Origin, Source, catalog, data_dir, find};
pub use error::DataError;
pub use fetch::{Fetched, Progress, fetch};
pub use image_options::{ImageOptions, Subset, TargetForm};
pub use images::{is_here, load_images};
pub use labels::{RandomLabels, Randomness};
pub use link::Link;
pub use matrix::MatrixOptions;
pub use matrix_targets::LabelForm;
pub use modular::{ModularArithmetic, ModularSplit, Operation, PairInputs, PairSet, PairSplit};
pub use normal::quantile;
pub use orthonormality::Orthonormality;
pub use preprocess::{Normalise, Preprocessing, Transform};
pub use principal::PrincipalComponents;
pub use set::{Dataset, Scaling, Split, Targets};
pub use single_index::SingleIndex;
pub use sphere::{signs, sphere_weights};
pub use spiked::{BulkScale, Spike, Spiked, SpikedDraw};
pub use spiked_parts::{SpikedParts, bulk_decay};
pub use spiked_target::{Directions, SpikedTarget};
pub use stream::{normal, normals, permutation, round_f32, stream, uniform};
