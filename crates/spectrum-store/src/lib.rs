//! The run directory: SQLite rows, checkpoints, locks and exports.
//!
//! ```text
//! <out>/<name>-<seed>-<backend>-<hash>/
//!   config.toml          resolved: every default written out
//!   run.sqlite           runs, scalars, records, spectra, blobs; one transaction a step
//!   checkpoint/step-N/   whatever the trainer writes: synced, then renamed
//!   lock                 held by the one writer; a killed process holds nothing
//!   report.html, tensors.safetensors
//! ```
//!
//! `kill -9` at any moment leaves whole steps only. A checkpoint may be newer than the rows, which are written on
//! another thread: a resume takes the newest checkpoint within [`RunReader::last_step`].
//!
//! ```
//! use spectrum_core::StepRows;
//! use spectrum_store::{Checkpoints, Existing, RunDirectory, RunInfo, RunReader, RunWriter, Status};
//!
//! # let out = tempfile::tempdir()?;
//! # let out = out.path();
//! let dir = RunDirectory::path_for(out, "quickstart", 0, "flex", "1a2b3c4d");
//! let mut info = RunInfo { name: "quickstart".into(), backend: "flex".into(), ..RunInfo::default() };
//! let mut writer = match RunDirectory::inspect(&dir) {
//!     Existing::Absent => RunWriter::create(&dir, &info, "name = \"quickstart\"\n")?,
//!     Existing::Unfinished(_) => {
//!         let last = RunReader::open(&dir)?.last_step()?;
//!         match Checkpoints::new(&dir).newest_within(last)? {
//!             Some((step, _folder)) => RunWriter::resume(&dir, step, &info)?,
//!             None => RunWriter::restart(&dir, &info, "name = \"quickstart\"\n")?,
//!         }
//!     }
//!     other => panic!("{other:?}"),
//! };
//! let mut rows = StepRows::new(0);
//! rows.scalar("train_loss", 0.5);
//! writer.write_step(&rows)?;
//! info.status = Status::Finished;
//! writer.finish(&info)?;
//!
//! let reader = RunReader::open(&dir)?;
//! assert_eq!(reader.scalars()?, rows.scalars);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod checkpoint;
mod convert;
mod error;
mod export;
mod filter;
mod info;
mod layout;
mod lock;
mod reader;
mod rows;
mod schema;
mod writer;

pub use checkpoint::{CheckpointWriter, Checkpoints};
pub use error::StoreError;
pub use export::{Format, export, export_jsonl};
pub use filter::Filter;
pub use info::{RunInfo, Status};
pub use layout::{Existing, RunDirectory, write_atomically};
pub use reader::RunReader;
pub use schema::{Journal, SCHEMA_VERSION};
pub use writer::{Progress, RunWriter};
