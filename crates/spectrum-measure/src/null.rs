//! The seeded null of a trained weight: the same step size, its structure destroyed.
//!
//! A long step alone deforms a spectrum, so a tail index proves little. The null keeps W_0 and every entry of the
//! displacement W_t - W_0, but puts the entries at random places: what its spectrum still shows comes from the size of the
//! entries, what it lacks came from where they were. (Hill of W_0 - sign(G) at 600 x 400 is 2.31; with the signs shuffled
//! it is 2.44, that of a Gaussian.)

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use spectrum_core::{LayerMatrix, MatrixId, Outcome, Reason, Record, References, Route, Spectrum, StepRows};
use spectrum_linalg::Plan;
use spectrum_tail::hill_median;

use crate::battery::record;
use crate::measures::{READINGS, trusted_fit};

/// Metrics of a null, in the order of the records; they belong to the weight.
pub const METRICS: [&str; 6] =
    ["null_alpha_hill", "null_mp_variance", "null_mp_edge", "null_mp_distance", "null_top_to_edge", "null_outliers"];

/// W_0 plus the entries of W_t - W_0 in a random order, column-major.
///
/// The order is a Fisher-Yates shuffle drawn from ChaCha8, whose 256-bit key is made of the run's seed, the step, and FNV-1a
/// hashes of the layer's and the view's names: the same on every machine, and independent of what else is measured.
///
/// `weight` and `initial` must have the same length (they are zipped).
#[must_use]
pub fn null_weight(weight: &[f64], initial: &[f64], seed: u64, id: &MatrixId) -> Vec<f64> {
    let mut displacement: Vec<f64> = weight.iter().zip(initial).map(|(w, w0)| w - w0).collect();
    let mut rng = stream(seed, id);
    for i in (1..displacement.len()).rev() {
        displacement.swap(i, below(&mut rng, i as u64 + 1) as usize);
    }
    displacement.iter_mut().zip(initial).for_each(|(d, w0)| *d += w0);
    displacement
}

fn stream(seed: u64, id: &MatrixId) -> ChaCha8Rng {
    let mut key = [0; 32];
    for (part, word) in key.chunks_exact_mut(8).zip([seed, id.step, fnv1a(&id.layer), fnv1a(&id.view)]) {
        part.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// A number below `bound`: the high word of a 128-bit product. Its bias, bound/2^64, is 1e-13 for a million entries.
fn below(rng: &mut ChaCha8Rng, bound: u64) -> u64 {
    ((u128::from(rng.next_u64()) * u128::from(bound)) >> 64) as u64
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
    let fit = spectrum.map_err(Clone::clone).and_then(trusted_fit);
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
