//! The element-wise shuffled null of any matrix: the same entries, at random places.
//!
//! What the shuffled spectrum still shows comes from the sizes of the entries alone. A few huge entries give it outliers of
//! its own, which WeightWatcher calls correlation traps; what it lacks came from where the entries stood.
//!
//! WeightWatcher 0.7.7 does the same under `randomize=True` with numpy's global generator, unseeded; here the order is that
//! of [`spectrum_law::shuffle`], a function of seed, step, layer and view. WeightWatcher takes `max_rand_eval` from five
//! shuffles for matrices with fewer than 100 values; here it is one shuffle always.

use spectrum_core::{LayerMatrix, Reason, Route, Spectrum, StepRows};
use spectrum_law::shuffle::{shuffle, stream};
use spectrum_linalg::Plan;

use crate::battery::record;
use crate::measures::bulk_of;
use crate::recorder::identity;

/// Metrics of [`measure`], in the order of the records:
///
/// - `shuffled_top`: the largest eigenvalue of the shuffled matrix, lambda = s^2 (WeightWatcher: `max_rand_eval`);
/// - `random_distance`: [`random_distance`] (`rand_distance`);
/// - `ww_soft_rank`: shuffled_top/lambda_1 (`ww_softrank`); `ww_max_distance`: lambda_1 - shuffled_top (`ww_maxdist`);
/// - `shuffled_outliers`: outliers of the shuffled spectrum's own bulk (our `outliers`).
pub const METRICS: [&str; 5] =
    ["shuffled_top", "random_distance", "ww_soft_rank", "ww_max_distance", "shuffled_outliers"];

/// The entries in a random order.
#[must_use]
pub fn shuffled(m: &LayerMatrix, seed: u64) -> Vec<f64> {
    let mut entries = m.data().to_vec();
    shuffle(&mut entries, &mut stream(seed, m.step, &m.layer, &m.view));
    entries
}

/// Shuffles a matrix, computes the spectrum of what comes out with the plan and route of its own, and appends the records of
/// [`METRICS`] under the matrix's identity. `spectrum` is the matrix's own, or why there is none.
pub fn measure(
    m: &LayerMatrix,
    spectrum: Result<&Spectrum, &Reason>,
    seed: u64,
    route: Route,
    plan: &mut Plan,
    rows: &mut StepRows,
) {
    let null = if m.is_finite() {
        plan.spectrum_of(&shuffled(m, seed), m.rows, m.cols, route, 0).map_err(Reason::from)
    } else {
        Err(Reason::NotFinite)
    };
    let own = spectrum.map_err(Clone::clone);
    let tops = own.clone().and_then(|s| null.as_ref().map(|n| (s.top(), n.top())).map_err(Clone::clone));
    let quotient =
        tops.clone().and_then(|(s, n)| if s > 0.0 { Ok((n / s) * (n / s)) } else { Err(Reason::Degenerate) });
    let distance = own.and_then(|s| {
        let null = null.as_ref().map_err(Clone::clone)?;
        if !(s.is_complete() && null.is_complete()) {
            return Err(Reason::NotComputed("all singular values".to_owned()));
        }
        random_distance(&s.singular_values, &null.singular_values).ok_or(Reason::Degenerate)
    });
    let outcomes = [
        null.as_ref().map(|n| n.top() * n.top()).map_err(Clone::clone),
        distance,
        quotient,
        tops.map(|(s, n)| (s - n) * (s + n)),
        null.as_ref().map_err(Clone::clone).and_then(bulk_of).map(|fit| fit.outliers as f64),
    ];
    let id = identity(m);
    rows.records.extend(METRICS.iter().zip(outcomes).map(|(metric, o)| record(&id, metric, o)));
}

/// The Jensen-Shannon distance of two spectra: sqrt((KL(p|m) + KL(q|m))/2) with natural logarithms, p and q the eigenvalues
/// lambda = s^2 in order, each divided by their sum, and m their mean. 0 to sqrt(ln 2); no distance of histograms, but of
/// the shares of the i-th largest (WeightWatcher 0.7.7, `jensen_shannon_distance`; scipy.spatial.distance.jensenshannon).
///
/// Both descending and of one length. `None` when either is zero throughout, or the lengths differ.
#[must_use]
pub fn random_distance(a: &[f64], b: &[f64]) -> Option<f64> {
    let shares = |s: &[f64]| {
        let top = *s.first().filter(|t| **t > 0.0)?;
        let sum: f64 = s.iter().map(|v| (v / top) * (v / top)).sum();
        Some(s.iter().map(|v| (v / top) * (v / top) / sum).collect::<Vec<f64>>())
    };
    if a.len() != b.len() {
        return None;
    }
    let (p, q) = (shares(a)?, shares(b)?);
    // 0 ln 0 = 0.
    let term = |x: f64, m: f64| if x > 0.0 { x * (x / m).ln() } else { 0.0 };
    let sum: f64 = p.iter().zip(&q).map(|(p, q)| term(*p, 0.5 * (p + q)) + term(*q, 0.5 * (p + q))).sum();
    // Rounding can leave a sum of zeros below zero.
    Some((0.5 * sum).max(0.0).sqrt())
}
