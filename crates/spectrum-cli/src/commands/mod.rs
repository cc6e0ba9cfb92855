//! One file a command.

pub(crate) mod analyze;
pub(crate) mod backends;
pub(crate) mod compare;
pub(crate) mod data;
pub(crate) mod export;
pub(crate) mod law;
pub(crate) mod prune;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod show;
pub(crate) mod sweep;
pub(crate) mod verify;

use std::path::Path;

use spectrum_report::RunData;

use crate::exit::Failure;

/// Reads a run directory.
fn read(dir: &Path) -> Result<RunData, Failure> {
    RunData::read(dir).map_err(Failure::input)
}
