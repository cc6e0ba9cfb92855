//! What a measure reads: a matrix, its spectrum, where it came from and what the run knows.

use std::sync::Arc;

use crate::{Blob, LayerMatrix, Record, Spectrum, Vectors};

/// Labels of a data set, host side.
#[derive(Debug, Clone, PartialEq)]
pub enum Labels {
    /// Real targets, one per sample.
    Values(Vec<f64>),
    /// Class indices with the number of classes.
    Classes {
        /// One class index per sample.
        indices: Vec<u32>,
        /// How many classes.
        count: usize,
    },
}

/// Facts of the run that measures compare with. Everything is optional: a checkpoint has none of it.
#[derive(Debug, Clone, Default)]
pub struct References {
    /// Teacher directions, orthonormal, as columns (input dimension x number of teachers).
    pub teacher: Option<Arc<Vectors>>,
    /// Layers that act on raw inputs (the teacher is compared with no other).
    pub input_layers: Vec<String>,
    /// Standard deviation of the entries of W_0 for each layer that has one.
    pub initial_std: Vec<(String, f64)>,
    /// The run's seed, for measures with a random null.
    pub seed: u64,
}

/// One matrix with all that a measure may read.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// The matrix itself; absent when a spectrum is measured again from a store.
    pub matrix: Option<&'a LayerMatrix>,
    /// Its identity.
    pub id: &'a crate::MatrixId,
    /// Its spectrum.
    pub spectrum: &'a Spectrum,
    /// Spectrum of the weight at the step before (W_{t-1}), for updates.
    pub previous_weight: Option<&'a Spectrum>,
    /// Spectrum of the weight at this step (W_t), for updates.
    pub current_weight: Option<&'a Spectrum>,
    /// The run's references.
    pub references: &'a References,
}

/// Turns a sample into named numbers.
pub trait Measure: Send + Sync {
    /// The names of the metrics it writes, in order.
    fn metrics(&self) -> &'static [&'static str];

    /// Measures one sample: appends one record for each metric, and whatever small matrices belong to it.
    fn measure(&self, sample: &Sample<'_>, records: &mut Vec<Record>, blobs: &mut Vec<Blob>);
}
