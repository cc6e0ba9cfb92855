//! One run in memory. This is the only place that touches the store.

use std::path::{Path, PathBuf};

use spectrum_core::{Blob, Record, Scalar, SpectrumRow};
use spectrum_store::{Filter, RunInfo, RunReader};

use crate::ReportError;
use crate::dynamics::DIAGONALS;

/// Everything that a run wrote down.
#[derive(Debug, Clone)]
pub struct RunData {
    /// The run directory.
    pub dir: PathBuf,
    /// The facts of the run: versions, backend, seed, status, times.
    pub info: RunInfo,
    /// The resolved config, as TOML.
    pub config: String,
    /// Losses and the like, by step.
    pub scalars: Vec<Scalar>,
    /// Measures of matrices, by step.
    pub records: Vec<Record>,
    /// Spectra, by step.
    pub spectra: Vec<SpectrumRow>,
    /// Overlap matrices (`overlap_left`, `overlap_right`), densities of huge matrices (`density`), limit laws of kernels
    /// (`law`) and diagonals of alignments and agreements (`alignment_diagonal`, `agreement_diagonal_final`, `..._initial`,
    /// `..._previous`), by step.
    pub blobs: Vec<Blob>,
}

impl RunData {
    /// Reads a run directory, whether its run is finished, failed or still going on.
    ///
    /// # Errors
    /// [`ReportError::Store`] when there is no run, or none that this version can read.
    pub fn read(dir: &Path) -> Result<Self, ReportError> {
        let reader = RunReader::open(dir)?;
        let all = complete(&reader)?;
        let mut run = Self::numbers(&reader, &all)?;
        run.spectra = reader.spectra_where(&all)?;
        for name in ["overlap_left", "overlap_right", "density", "law"].into_iter().chain(DIAGONALS.map(|d| d.0)) {
            run.blobs.append(&mut reader.blobs_where(&all.clone().name(name))?);
        }
        Ok(run)
    }

    /// Reads scalars and records of a run directory and leaves `spectra` and `blobs` empty: what a sweep of hundreds of runs
    /// needs of each of them.
    ///
    /// # Errors
    /// [`ReportError::Store`] when there is no run, or none that this version can read.
    pub fn read_numbers(dir: &Path) -> Result<Self, ReportError> {
        let reader = RunReader::open(dir)?;
        let all = complete(&reader)?;
        Self::numbers(&reader, &all)
    }

    fn numbers(reader: &RunReader, all: &Filter) -> Result<Self, ReportError> {
        Ok(Self {
            dir: reader.dir().to_owned(),
            info: reader.info()?,
            config: reader.config()?,
            scalars: reader.scalars_where(all)?,
            records: reader.records_where(all)?,
            spectra: Vec::new(),
            blobs: Vec::new(),
        })
    }
}

/// A run that is still being written grows between two calls: all of them read up to the same step.
fn complete(reader: &RunReader) -> Result<Filter, ReportError> {
    Ok(match reader.last_step()? {
        Some(last) => Filter::new().steps(..=last),
        None => Filter::new().steps(..0),
    })
}
