//! Checkpoints that other tools wrote, as an ordinary run directory: the report, the tables and the exports are those of a
//! live run, and so are the numbers, to the last bit.
//!
//! ```text
//! checkpoint file -> (checkpoint) bytes of one tensor -> LayerMatrix -> (measure) rows -> (store) run directory
//! ```
//!
//! One file is step 0. Several in order are a time series whose steps are the numbers in their names, each compared with
//! the one before. With a base, what is analysed is the difference, as kind `displacement`.
//!
//! [`prune`] writes a checkpoint back with the top or the bottom part of the singular values of its matrices.
//!
//! ```no_run
//! use spectrum_analyze::{Request, analyze};
//!
//! let request = Request { path: "model.safetensors".into(), out: "runs".into(), ..Request::default() };
//! let done = analyze(&request, &mut |p| eprintln!("{} of {}: {}", p.done, p.total, p.layer))?;
//! println!("{}", done.dir.display());
//! # Ok::<(), spectrum_analyze::AnalyzeError>(())
//! ```

mod budget;
mod error;
mod heads;
mod prune;
pub mod rules;
mod run;
mod select;
pub mod series;
mod settings;
mod work;
mod workers;

pub use error::AnalyzeError;
pub use prune::{PruneRequest, Pruned, PrunedLayer, prune};
pub use run::{Finished, Progress, Request, analyze, read_description};
pub use settings::{Description, Extra, Layout, LeftOut, Settings, Source, ViewChoice};
pub use spectrum_linalg::Part;
