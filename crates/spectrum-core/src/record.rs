//! Rows: what a run writes down, and the trait of whoever takes them.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Kind, Outcome, Spectrum};

/// Names one matrix of a run.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MatrixId {
    /// Optimizer steps done.
    pub step: u64,
    /// The layer rule's name.
    pub layer: String,
    /// Which matrix of the layer.
    pub kind: Kind,
    /// The view with its instance.
    pub view: String,
}

/// One number of one step that belongs to no matrix: a loss, an accuracy, a learning rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scalar {
    /// Optimizer steps done.
    pub step: u64,
    /// Its name (`train_loss`).
    pub name: String,
    /// The number, or why there is none.
    pub outcome: Outcome,
}

/// One named number of one matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The matrix.
    pub id: MatrixId,
    /// The measure's name (`stable_rank`).
    pub metric: String,
    /// The number, or why there is none.
    pub outcome: Outcome,
}

/// The spectrum of one matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct SpectrumRow {
    /// The matrix.
    pub id: MatrixId,
    /// Its singular values (and leading vectors, if kept).
    pub spectrum: Spectrum,
}

/// A small dense matrix that belongs to a layer's matrix: leading vectors, an overlap matrix. Column-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Blob {
    /// The matrix it belongs to.
    pub id: MatrixId,
    /// What it is (`left`, `right`, `overlap_left`, `overlap_right`).
    pub name: String,
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub cols: usize,
    /// `rows * cols` elements, column-major.
    pub data: Vec<f64>,
}

/// Everything that one optimizer step leaves behind. A sink takes it whole or not at all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepRows {
    /// Optimizer steps done.
    pub step: u64,
    /// Losses and the like.
    pub scalars: Vec<Scalar>,
    /// Measures of matrices.
    pub records: Vec<Record>,
    /// Spectra.
    pub spectra: Vec<SpectrumRow>,
    /// Vectors and overlap matrices.
    pub blobs: Vec<Blob>,
}

impl StepRows {
    /// No rows yet.
    #[must_use]
    pub fn new(step: u64) -> Self {
        Self { step, ..Self::default() }
    }

    /// Adds a scalar.
    pub fn scalar(&mut self, name: &str, outcome: impl Into<Outcome>) {
        self.scalars.push(Scalar { step: self.step, name: name.to_owned(), outcome: outcome.into() });
    }

    /// Takes over another part of the same step, in order.
    pub fn append(&mut self, mut other: Self) {
        self.scalars.append(&mut other.scalars);
        self.records.append(&mut other.records);
        self.spectra.append(&mut other.spectra);
        self.blobs.append(&mut other.blobs);
    }
}

/// A sink that could not take a step. The text is the sink's own error with its cause.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct SinkError(pub String);

/// Takes the rows of each step, in step order: the run directory, a test, a live display.
pub trait Sink: Send {
    /// Takes one step whole.
    ///
    /// # Errors
    /// [`SinkError`] when the step could not be kept; nothing of it may remain then.
    fn step(&mut self, rows: &StepRows) -> Result<(), SinkError>;
}
