//! What can go wrong between a run directory and a page.

use std::path::PathBuf;

use thiserror::Error;

/// A report that could not be made.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The run directory could not be read; the text is the store's.
    #[error("{0}")]
    Store(#[from] spectrum_store::StoreError),
    /// There is nothing to report on.
    #[error("a report needs at least one run")]
    NoRuns,
    /// The page could not be written; whatever stood at the path before is untouched.
    #[error("cannot write the report {}: {source}", path.display())]
    Write {
        /// Where the page was to go.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
}
