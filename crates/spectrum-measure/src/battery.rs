//! The set of measures that a run applies to each of its matrices.

use spectrum_core::{Kind, MatrixId, Measure, Outcome, Reason, Record, References, Sample, StepRows};
use spectrum_tail::Convention;

use crate::measures::teacher::not_on_inputs;
use crate::measures::{
    Bulk, Dead, Hill, InitialOutliers, Norms, Outliers, Ranks, Shape, Spread, Tail, Teacher, UpdateOverlap,
};

/// Kinds that are matrices of the network. Kernels have measures of their own: [`crate::kernel`].
const MATRICES: &[Kind] = &[Kind::Weight, Kind::Displacement, Kind::Update, Kind::Gradient];

/// A measure and the kinds of matrix that it speaks of.
struct Entry {
    measure: Box<dyn Measure>,
    kinds: &'static [Kind],
}

/// Measures in a fixed order. The order of the records is the order of the measures.
pub struct Battery {
    entries: Vec<Entry>,
}

impl std::fmt::Debug for Battery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.metrics()).finish()
    }
}

impl Default for Battery {
    fn default() -> Self {
        Self::standard()
    }
}

impl Battery {
    /// No measures yet.
    #[must_use]
    pub fn empty() -> Self {
        Self { entries: Vec::new() }
    }

    /// Every measure of METRICS.md that reads a spectrum, the tail by [`Convention::Csn`].
    #[must_use]
    pub fn standard() -> Self {
        Self::standard_with(Convention::default())
    }

    /// [`standard`](Self::standard) with the tail of another convention.
    #[must_use]
    pub fn standard_with(convention: Convention) -> Self {
        Self::empty()
            .with(Norms, MATRICES)
            .with(Ranks, MATRICES)
            .with(Spread, MATRICES)
            .with(Hill, MATRICES)
            .with(Tail { convention }, MATRICES)
            .with(Dead, MATRICES)
            .with(Bulk, MATRICES)
            .with(Outliers, MATRICES)
            .with(Shape, MATRICES)
            .with(InitialOutliers, &[Kind::Weight])
            .with(Teacher, MATRICES)
            .with(UpdateOverlap, &[Kind::Update])
    }

    /// Adds a measure for some kinds of matrix.
    #[must_use]
    pub fn with(mut self, measure: impl Measure + 'static, kinds: &'static [Kind]) -> Self {
        self.entries.push(Entry { measure: Box::new(measure), kinds });
        self
    }

    /// The names of all metrics, in the order of the records.
    pub fn metrics(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.entries.iter().flat_map(|e| e.measure.metrics().iter().copied())
    }

    /// The names of the metrics that a matrix of this kind can have.
    pub fn metrics_of(&self, kind: Kind) -> impl Iterator<Item = &'static str> + '_ {
        self.entries.iter().filter(move |e| e.kinds.contains(&kind)).flat_map(|e| e.measure.metrics().iter().copied())
    }

    /// Measures one matrix: appends its records and blobs (not its spectrum) to the step's rows.
    pub fn measure_sample(&self, sample: &Sample<'_>, rows: &mut StepRows) {
        if sample.spectrum.singular_values.iter().any(|s| !s.is_finite()) {
            return self.missing(sample.id, &Reason::NotFinite, sample.references, rows);
        }
        for entry in self.entries.iter().filter(|e| e.kinds.contains(&sample.id.kind)) {
            entry.measure.measure(sample, &mut rows.records, &mut rows.blobs);
        }
    }

    /// Writes down that a matrix has no spectrum, and why: one record for each metric that it would have with one. So
    /// those that need a reference of the run (a teacher, the variance of W_0) are there if the run has it.
    pub fn missing(&self, id: &MatrixId, reason: &Reason, references: &References, rows: &mut StepRows) {
        for metric in self.metrics_of(id.kind) {
            let reason = match metric {
                "outliers_initial" if !references.initial_std.iter().any(|(layer, _)| *layer == id.layer) => continue,
                "teacher_alignment" | "teacher_projection" if references.teacher.is_none() => continue,
                "teacher_alignment" | "teacher_projection" if !references.input_layers.contains(&id.layer) => {
                    not_on_inputs()
                }
                _ => reason.clone(),
            };
            rows.records.push(record(id, metric, Outcome::Missing(reason)));
        }
    }
}

/// A record of one metric.
pub(crate) fn record(id: &MatrixId, metric: &str, outcome: impl Into<Outcome>) -> Record {
    Record { id: id.clone(), metric: metric.to_owned(), outcome: outcome.into() }
}
