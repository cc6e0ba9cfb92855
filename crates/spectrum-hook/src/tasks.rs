//! What a worker does with one matrix.

use std::sync::Arc;

use spectrum_core::{Kind, LayerMatrix, Pool, StepRows};
use spectrum_measure::{Recorder, null};

use crate::pipeline::Task;
use crate::slot::{Promise, Slot};
use crate::snapshot::Snapshot;

/// What all tasks of a run share.
#[derive(Debug)]
pub(crate) struct Context {
    pub recorder: Recorder,
    pub pool: Pool,
}

/// A matrix that could not be formed leaves no rows; the reason is the view's and was checked when the hook was attached.
fn formed(context: &Context, s: &Snapshot) -> Option<LayerMatrix> {
    s.matrix(&context.pool).ok()
}

/// W_t. Its spectrum goes into the slot for the update's overlaps. `record = false` only fills the slot.
pub(crate) fn weight(context: Arc<Context>, w: Arc<Snapshot>, promise: Promise, record: bool) -> Task {
    Box::new(move |plan| {
        let Some(m) = formed(&context, &w) else { return StepRows::new(w.step) };
        let spectrum = context.recorder.spectrum(plan, &m).map(Arc::new);
        promise.keep(spectrum.as_ref().ok().cloned());
        if record { context.recorder.rows(&m, spectrum.as_deref(), None, None) } else { StepRows::new(w.step) }
    })
}

/// The gradient at W_{t-1}.
pub(crate) fn gradient(context: Arc<Context>, g: Arc<Snapshot>) -> Task {
    Box::new(move |plan| {
        let Some(m) = formed(&context, &g) else { return StepRows::new(g.step) };
        let spectrum = context.recorder.spectrum(plan, &m);
        context.recorder.rows(&m, spectrum.as_ref(), None, None)
    })
}

/// A matrix that somebody else formed.
pub(crate) fn ready(context: Arc<Context>, m: LayerMatrix) -> Task {
    Box::new(move |plan| {
        let spectrum = context.recorder.spectrum(plan, &m);
        context.recorder.rows(&m, spectrum.as_ref(), None, None)
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
        let spectrum = context.recorder.spectrum(plan, &m);
        context.recorder.rows(&m, spectrum.as_ref(), None, None)
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
        let spectrum = context.recorder.spectrum(plan, &m);
        let (previous, current) = (previous.wait(), current.wait());
        context.recorder.rows(&m, spectrum.as_ref(), previous.as_deref(), current.as_deref())
    })
}

/// The null of W_t: W_0 with the displacement's entries shuffled.
pub(crate) fn null(context: Arc<Context>, w: Arc<Snapshot>, initial: Arc<Snapshot>) -> Task {
    Box::new(move |plan| {
        let mut rows = StepRows::new(w.step);
        if let (Some(m), Some(w0)) = (formed(&context, &w), formed(&context, &initial)) {
            null::measure(&m, &w0, &context.recorder.references, context.recorder.route, plan, &mut rows);
        }
        rows
    })
}
