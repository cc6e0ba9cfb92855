//! What a worker does with one matrix.

use std::sync::Arc;

use spectrum_core::{Kind, LayerMatrix, MatrixId, Meeting, Outcome, Pool, Record, StepRows};
use spectrum_measure::kernel::{self, INITIAL_DISTANCE, KernelSample, spectrum_distance};
use spectrum_measure::{Recorder, identity, layers, null};

use crate::pipeline::Task;
use crate::slot::{Promise, Slot};
use crate::snapshot::Snapshot;
use crate::turns::Ticket;

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

/// W_t. Its spectrum goes into the slot for the update's overlaps. `initial` holds that of W_0.
pub(crate) fn weight(context: Arc<Context>, w: Arc<Snapshot>, promise: Promise, initial: Arc<Slot>) -> Task {
    Box::new(move |plan| {
        let Some(m) = formed(&context, &w) else { return StepRows::new(w.step) };
        let spectrum = context.recorder.spectrum(plan, &m).map(Arc::new);
        promise.keep(spectrum.clone());
        let mut rows = context.recorder.rows(&m, spectrum.as_deref(), None, None);
        let outcome = match (&spectrum, initial.wait()) {
            (Ok(now), Ok(start)) => spectrum_distance(now, &start),
            (Err(reason), _) => Outcome::Missing(reason.clone()),
            (Ok(_), Err(reason)) => Outcome::Missing(reason),
        };
        rows.records.push(Record { id: identity(&m), metric: INITIAL_DISTANCE.to_owned(), outcome });
        rows
    })
}

/// Fills a slot with the spectrum of a weight that is not recorded now.
pub(crate) fn spectrum(context: Arc<Context>, w: Arc<Snapshot>, promise: Promise) -> Task {
    Box::new(move |plan| {
        if let Some(m) = formed(&context, &w) {
            promise.keep(context.recorder.spectrum(plan, &m).map(Arc::new));
        }
        StepRows::new(w.step)
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
        if matches!(m.kind, Kind::Ck | Kind::Ntk) && m.rows == m.cols {
            let mut rows = StepRows::new(m.step);
            let id = identity(&m);
            let sample = KernelSample { id: &id, kernel: m.data(), n: m.rows, labels: None, initial: None };
            // A kernel without a spectrum has left its reason in every record.
            let _ = kernel::measure(&sample, context.recorder.vectors, plan, &mut rows);
            return rows;
        }
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
        let (previous, current) = (previous.wait().ok(), current.wait().ok());
        context.recorder.rows(&m, spectrum.as_ref(), previous.as_deref(), current.as_deref())
    })
}

/// A null of W_t that follows from W_t and W_0.
pub(crate) fn null(context: Arc<Context>, kind: null::Kind, w: Arc<Snapshot>, initial: Arc<Snapshot>) -> Task {
    Box::new(move |plan| {
        let mut rows = StepRows::new(w.step);
        if let (Some(m), Some(w0)) = (formed(&context, &w), formed(&context, &initial)) {
            let r = &context.recorder;
            kind.measure(&m, &w0, &r.references, r.route, plan, &mut rows);
        }
        rows
    })
}

/// The null of W_t that took every update before. Step 0 starts it and leaves no rows: there the null is W_0.
pub(crate) fn rotated_updates(context: Arc<Context>, w: Arc<Snapshot>, ticket: Ticket) -> Task {
    Box::new(move |plan| {
        let mut rows = StepRows::new(w.step);
        if let Some(m) = formed(&context, &w) {
            let r = &context.recorder;
            ticket.turns.take(&ticket, &m, r.references.seed, |null| {
                if m.step > 0 {
                    null.measure(r.route, plan, &mut rows);
                }
            });
        }
        rows
    })
}

/// How the vectors of two layers meet, in one pair of matrices or several.
pub(crate) fn layers(id: MatrixId, pairs: Vec<(Arc<Slot>, Arc<Slot>)>, meeting: Meeting) -> Task {
    Box::new(move |_| {
        let mut rows = StepRows::new(id.step);
        let found: Vec<_> = pairs.iter().map(|(a, b)| (a.wait(), b.wait())).collect();
        let pairs: Vec<_> = found.iter().map(|(a, b)| (a.as_deref(), b.as_deref())).collect();
        layers::records(&id, &pairs, meeting, &mut rows);
        rows
    })
}
