//! The seeded null of a trained weight: the same step size, its structure destroyed.
//!
//! A long step alone deforms a spectrum, so a tail index proves little. The null keeps W_0 and every entry of the
//! displacement W_t - W_0, but puts the entries at random places: what its spectrum still shows comes from the size of the
//! entries, what it lacks came from where they were. (Hill of W_0 - sign(G) at 600 x 400 is 2.31; with the signs shuffled
//! it is 2.44, that of a Gaussian.)

use spectrum_core::{LayerMatrix, MatrixId, Outcome, Reason, Record, References, Route, Spectrum, StepRows};
use spectrum_law::shuffle::{shuffle, stream};
use spectrum_linalg::Plan;
use spectrum_tail::hill_median;

use crate::battery::record;
use crate::measures::{READINGS, bulk_of};

/// Metrics of a null, in the order of the records; they belong to the weight.
pub const METRICS: [&str; 6] =
    ["null_alpha_hill", "null_mp_variance", "null_mp_edge", "null_mp_distance", "null_top_to_edge", "null_outliers"];

/// W_0 plus the entries of W_t - W_0 in a random order, column-major.
///
/// The order is that of [`spectrum_law::shuffle`], keyed by the run's seed, the step, the layer's and the view's names: the
/// same on every machine, and independent of what else is measured.
///
/// `weight` and `initial` must have the same length (they are zipped).
#[must_use]
pub fn null_weight(weight: &[f64], initial: &[f64], seed: u64, id: &MatrixId) -> Vec<f64> {
    let mut displacement: Vec<f64> = weight.iter().zip(initial).map(|(w, w0)| w - w0).collect();
    shuffle(&mut displacement, &mut stream(seed, id.step, &id.layer, &id.view));
    displacement.iter_mut().zip(initial).for_each(|(d, w0)| *d += w0);
    displacement
}

/// Measures the null of W_t: forms it, computes its spectrum with the run's plan and route, and appends the records of
/// [`METRICS`] under the weight's identity.
///
/// At step 0 the null is W_0 itself. When the shapes differ, or there is no spectrum, each record holds the reason.
pub fn measure(
    weight: &LayerMatrix,
    initial: &LayerMatrix,
    references: &References,
    route: Route,
    plan: &mut Plan,
    rows: &mut StepRows,
) {
    let id = MatrixId { step: weight.step, layer: weight.layer.clone(), kind: weight.kind, view: weight.view.clone() };
    let spectrum = if (weight.rows, weight.cols) != (initial.rows, initial.cols) {
        Err(Reason::NotApplicable(format!(
            "W_0 is {} x {}, the weight {} x {}",
            initial.rows, initial.cols, weight.rows, weight.cols
        )))
    } else if !weight.is_finite() {
        Err(Reason::NotFinite)
    } else {
        let null = null_weight(weight.data(), initial.data(), references.seed, &id);
        plan.spectrum_of(&null, weight.rows, weight.cols, route, 0).map_err(Reason::from)
    };
    rows.records.extend(records(&id, spectrum.as_ref()));
}

/// The records of a null's spectrum.
#[must_use]
pub fn records(id: &MatrixId, spectrum: Result<&Spectrum, &Reason>) -> Vec<Record> {
    let hill = spectrum.map_err(Clone::clone).and_then(|s| {
        if s.is_complete() {
            hill_median(&s.eigenvalues(), s.floor * s.floor).map(|f| f.alpha).map_err(Reason::from)
        } else {
            Err(Reason::NotComputed("all singular values".to_owned()))
        }
    });
    let fit = spectrum.map_err(Clone::clone).and_then(bulk_of);
    METRICS
        .iter()
        .map(|metric| {
            let read = READINGS.iter().find(|(name, _)| metric.strip_prefix("null_") == Some(name));
            let outcome: Outcome = match read {
                Some((_, read)) => fit.as_ref().map(read).map_err(Clone::clone).into(),
                None => hill.clone().into(),
            };
            record(id, metric, outcome)
        })
        .collect()
}
