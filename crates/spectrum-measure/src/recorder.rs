//! From a matrix to its rows: the one way that the hook and the reader of checkpoints share, so that their numbers agree to
//! the last bit.

use spectrum_core::{LayerMatrix, MatrixId, Reason, References, Route, Sample, Spectrum, SpectrumRow, StepRows};
use spectrum_linalg::Plan;

use crate::Battery;

/// How every matrix of a run is measured.
#[derive(Debug)]
pub struct Recorder {
    /// The measures.
    pub battery: Battery,
    /// What the run knows.
    pub references: References,
    /// How singular values are computed.
    pub route: Route,
    /// Leading singular pairs kept; 0 for values alone.
    pub vectors: usize,
}

/// The identity of a matrix's rows.
#[must_use]
pub fn identity(m: &LayerMatrix) -> MatrixId {
    MatrixId { step: m.step, layer: m.layer.clone(), kind: m.kind, view: m.view.clone() }
}

impl Recorder {
    /// The spectrum, or the reason why there is none, which is then every metric's reason.
    ///
    /// # Errors
    /// [`Reason::NotFinite`], or the reason that the route gave.
    pub fn spectrum(&self, plan: &mut Plan, m: &LayerMatrix) -> Result<Spectrum, Reason> {
        // The plan looks for NaN and infinity itself: one pass over the matrix.
        plan.spectrum(m, self.route, self.vectors).map_err(Into::into)
    }

    /// Records, the spectrum, and what belongs to it. `previous` and `current` are the spectra of W_{t-1} and W_t, for an
    /// update.
    #[must_use]
    pub fn rows(
        &self,
        m: &LayerMatrix,
        spectrum: Result<&Spectrum, &Reason>,
        previous: Option<&Spectrum>,
        current: Option<&Spectrum>,
    ) -> StepRows {
        let mut rows = StepRows::new(m.step);
        let id = identity(m);
        match spectrum {
            Ok(spectrum) => {
                let sample = Sample {
                    matrix: Some(m),
                    id: &id,
                    spectrum,
                    previous_weight: previous,
                    current_weight: current,
                    references: &self.references,
                };
                self.battery.measure_sample(&sample, &mut rows);
                rows.spectra.push(SpectrumRow { id, spectrum: spectrum.clone() });
            }
            Err(reason) => self.battery.missing(&id, reason, &self.references, &mut rows),
        }
        rows
    }
}
