//! What a worker does with one matrix.

use std::sync::Arc;

use spectrum_core::{
    Kind, LayerMatrix, MatrixId, Pool, Reason, References, Route, Sample, Spectrum, SpectrumRow, StepRows,
};
use spectrum_linalg::Plan;
use spectrum_measure::{Battery, null};

use crate::pipeline::Task;
use crate::slot::{Promise, Slot};
use crate::snapshot::Snapshot;

/// What all tasks of a run share.
#[derive(Debug)]
pub(crate) struct Context {
    pub battery: Battery,
    pub references: References,
    pub route: Route,
    pub vectors: usize,
    pub pool: Pool,
}

fn id(m: &LayerMatrix) -> MatrixId {
    MatrixId { step: m.step, layer: m.layer.clone(), kind: m.kind, view: m.view.clone() }
}

impl Context {
    /// The spectrum, or the reason why there is none, which is then every metric's reason.
    fn spectrum(&self, plan: &mut Plan, m: &LayerMatrix, vectors: usize) -> Result<Spectrum, Reason> {
        if !m.is_finite() {
            return Err(Reason::NotFinite);
        }
        plan.spectrum(m, self.route, vectors).map_err(Into::into)
    }

    /// Measures one matrix into rows: records, the spectrum, and what belongs to it.
    fn rows(
        &self,
        m: &LayerMatrix,
        spectrum: Result<&Spectrum, &Reason>,
        previous: Option<&Spectrum>,
        current: Option<&Spectrum>,
    ) -> StepRows {
        let mut rows = StepRows::new(m.step);
        let id = id(m);
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

/// A matrix that could not be formed leaves no rows; the reason is the view's and was checked when the hook was attached.
fn formed(context: &Context, s: &Snapshot) -> Option<LayerMatrix> {
    s.matrix(&context.pool).ok()
}

/// W_t. Its spectrum goes into the slot for the update's overlaps. `record = false` only fills the slot.
pub(crate) fn weight(context: Arc<Context>, w: Arc<Snapshot>, promise: Promise, record: bool) -> Task {
    Box::new(move |plan| {
        let Some(m) = formed(&context, &w) else { return StepRows::new(w.step) };
        let spectrum = context.spectrum(plan, &m, context.vectors).map(Arc::new);
        promise.keep(spectrum.as_ref().ok().cloned());
        if record { context.rows(&m, spectrum.as_deref(), None, None) } else { StepRows::new(w.step) }
    })
}

/// The gradient at W_{t-1}.
pub(crate) fn gradient(context: Arc<Context>, g: Arc<Snapshot>) -> Task {
    Box::new(move |plan| {
        let Some(m) = formed(&context, &g) else { return StepRows::new(g.step) };
        let spectrum = context.spectrum(plan, &m, context.vectors);
        context.rows(&m, spectrum.as_ref(), None, None)
    })
}

/// A matrix that somebody else formed.
pub(crate) fn ready(context: Arc<Context>, m: LayerMatrix) -> Task {
    Box::new(move |plan| {
        let spectrum = context.spectrum(plan, &m, context.vectors);
        context.rows(&m, spectrum.as_ref(), None, None)
    })
}

fn difference(context: &Context, w: &Snapshot, from: &Snapshot, kind: Kind) -> Option<LayerMatrix> {
    let (a, b) = (formed(context, w)?, formed(context, from)?);
    let mut out = context.pool.take(a.data().len());
    out.iter_mut().zip(a.data().iter().zip(b.data())).for_each(|(o, (x, y))| *o = x - y);
    LayerMatrix::new(a.layer.clone(), kind, a.view.clone(), a.step, a.rows, a.cols, out, a.precision).ok()
}

/// W_t - W_0.
pub(crate) fn displacement(context: Arc<Context>, w: Arc<Snapshot>, initial: Arc<Snapshot>) -> Task {
    Box::new(move |plan| {
        let Some(m) = difference(&context, &w, &initial, Kind::Displacement) else { return StepRows::new(w.step) };
        let spectrum = context.spectrum(plan, &m, context.vectors);
        context.rows(&m, spectrum.as_ref(), None, None)
    })
}

/// W_t - W_{t-1}, compared with the spectra of W_{t-1} and W_t.
pub(crate) fn update(
    context: Arc<Context>,
    w: Arc<Snapshot>,
    before: Arc<Snapshot>,
    previous: Arc<Slot>,
    current: Arc<Slot>,
) -> Task {
    Box::new(move |plan| {
        let Some(m) = difference(&context, &w, &before, Kind::Update) else { return StepRows::new(w.step) };
        let spectrum = context.spectrum(plan, &m, context.vectors);
        let (previous, current) = (previous.wait(), current.wait());
        context.rows(&m, spectrum.as_ref(), previous.as_deref(), current.as_deref())
    })
}

/// The null of W_t: W_0 with the displacement's entries shuffled.
pub(crate) fn null(context: Arc<Context>, w: Arc<Snapshot>, initial: Arc<Snapshot>) -> Task {
    Box::new(move |plan| {
        let mut rows = StepRows::new(w.step);
        if let (Some(m), Some(w0)) = (formed(&context, &w), formed(&context, &initial)) {
            null::measure(&m, &w0, &context.references, context.route, plan, &mut rows);
        }
        rows
    })
}
