//! A run directory as one HTML file, as terminal tables, and beside another run.
//!
//! Everything here reads a [`RunData`], which [`RunData::read`] takes from a run directory once:
//!
//! - [`write_report`] makes one self-contained HTML page of one run or of several overlaid. A run made from checkpoints gets
//!   the same page: its layers side by side first, and curves over time only where there is more than one checkpoint;
//! - [`write_sweep_report`] makes one page of the many runs of a sweep: curves with bands over seeds, phase diagram, scatter;
//! - [`show::tables`] and [`show::json`] are what `spectrum show` prints;
//! - [`compare::compare`] holds two runs of one config against the cross-backend contract;
//! - [`figure`] draws plots as SVG, for an experiment's README.
//!
//! ```no_run
//! use std::path::Path;
//! use spectrum_report::{RunData, write_report};
//!
//! let dir = Path::new("runs/quickstart-0-flex-1a2b3c4d");
//! let run = RunData::read(dir)?;
//! write_report(&[run], &dir.join("report.html"))?;
//! # Ok::<(), spectrum_report::ReportError>(())
//! ```
//!
//! The page needs no network: style, script and data are inside it. Its data are thinned so that a browser can hold
//! them (the page says where); the run directory keeps everything.

pub mod compare;
mod config;
mod data;
mod dynamics;
mod error;
mod facts;
pub mod figure;
mod html;
mod layer_type;
mod layers;
mod page;
mod payload;
mod sections;
mod series;
pub mod show;
mod sweep;
mod table;
mod tail;
mod thin;

pub use data::RunData;
pub use error::ReportError;
pub use layers::layers;
pub use page::{report_html, write_report};
pub use sweep::{SweepPoint, sweep_html, write_sweep_report};
