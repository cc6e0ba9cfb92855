//! Seeded nulls of a trained weight: the same size of step, part of its structure destroyed.
//!
//! A long step alone deforms a spectrum, so a tail index proves little. Each null keeps W_0 and replaces what training
//! added to it; what the null's spectrum still shows comes from what was kept, what it lacks from what was destroyed:
//!
//! | [`Kind`] | null of W_t | keeps | destroys |
//! |---|---|---|---|
//! | `shuffled` | W_0 + the entries of D = W_t - W_0 at random places | the sizes of D's entries | where they stood |
//! | `rotated` | W_0 + Q D R^T | the singular values of D | its vectors: how D lies to W_0 |
//! | `rotated-updates` | W_0 + sum_s Q_s M_s R_s^T, with M_s = W_s - W_{s-1} | the singular values of each update | how the updates lie to each other and to W_0 |
//!
//! Q, R, Q_s and R_s are independent and Haar-distributed on the orthogonal groups.
//!
//! Hill's index after ten full-batch Adam steps of rate 1 (800 samples, 400 inputs, width 600) is 1.83; rotated 1.82, with
//! rotated updates 2.27, shuffled 2.46, that of a Gaussian. So this tail comes neither from the sizes of the displacement's
//! entries nor from how the displacement lies to W_0, but from how the updates lie to each other. (After one step, Hill of
//! W_0 - sign(G) is 2.31; with the signs shuffled it is 2.44.)
//!
//! The first two need W_t and W_0 alone ([`Kind::measure`]); the third needs every step's weight in turn
//! ([`RotatedUpdates`]).

mod rotated;
mod updates;

use std::fmt;
use std::str::FromStr;

use spectrum_core::{CoreError, LayerMatrix, MatrixId, Outcome, Reason, Record, References, Route, Spectrum, StepRows};
use spectrum_law::shuffle::{shuffle, stream};
use spectrum_linalg::Plan;
use spectrum_tail::hill_median;

use crate::battery::record;
use crate::measures::{READINGS, bulk_of, normalized_rank};
use crate::recorder::identity;

pub use updates::RotatedUpdates;

/// Metrics of the shuffled null, in the order of the records; they belong to the weight.
pub const METRICS: [&str; 7] = [
    "null_alpha_hill",
    "null_mp_variance",
    "null_mp_edge",
    "null_mp_distance",
    "null_top_to_edge",
    "null_outliers",
    "null_effective_rank_normalized",
];

/// Which null of a weight; see [the module](self).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// W_0 plus the entries of the displacement in a random order.
    Shuffled,
    /// W_0 plus the displacement, rotated from both sides.
    Rotated,
    /// W_0 plus every update, each rotated by its own rotations.
    RotatedUpdates,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Shuffled, Self::Rotated, Self::RotatedUpdates];

    /// The name in configs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shuffled => "shuffled",
            Self::Rotated => "rotated",
            Self::RotatedUpdates => "rotated-updates",
        }
    }

    /// Names of its metrics, in the order of the records: those of the weight that they repeat, with a prefix.
    #[must_use]
    pub fn metrics(self) -> [&'static str; 7] {
        match self {
            Self::Shuffled => METRICS,
            Self::Rotated => [
                "rotated_alpha_hill",
                "rotated_mp_variance",
                "rotated_mp_edge",
                "rotated_mp_distance",
                "rotated_top_to_edge",
                "rotated_outliers",
                "rotated_effective_rank_normalized",
            ],
            Self::RotatedUpdates => [
                "rotated_updates_alpha_hill",
                "rotated_updates_mp_variance",
                "rotated_updates_mp_edge",
                "rotated_updates_mp_distance",
                "rotated_updates_top_to_edge",
                "rotated_updates_outliers",
                "rotated_updates_effective_rank_normalized",
            ],
        }
    }

    /// The null of `weight`, column-major: a function of the two matrices, the seed and the weight's step, layer and view.
    ///
    /// At step 0 it is W_0 itself. `rotated` costs 2 N p (N + p) operations for an N x p matrix.
    ///
    /// # Errors
    /// [`Reason::NotFinite`]; [`Reason::NotApplicable`] when the shapes differ; [`Reason::NotComputed`] for
    /// `rotated-updates`, which does not follow from W_t and W_0.
    pub fn weight(self, weight: &LayerMatrix, initial: &LayerMatrix, seed: u64) -> Result<Vec<f64>, Reason> {
        same_shape(weight, initial, 0)?;
        if !weight.is_finite() {
            return Err(Reason::NotFinite);
        }
        match self {
            Self::Shuffled => Ok(null_weight(weight.data(), initial.data(), seed, &identity(weight))),
            Self::Rotated => {
                let mut null = initial.data().to_vec();
                rotated::add(&mut null, weight, initial, seed, self);
                Ok(null)
            }
            Self::RotatedUpdates => Err(updates::incomplete()),
        }
    }

    /// Measures the null of W_t: forms it, computes its spectrum with the run's plan and route, and appends the records of
    /// [`metrics`](Self::metrics) under the weight's identity. Where there is no null or no spectrum, each record holds the
    /// reason.
    pub fn measure(
        self,
        weight: &LayerMatrix,
        initial: &LayerMatrix,
        references: &References,
        route: Route,
        plan: &mut Plan,
        rows: &mut StepRows,
    ) {
        let null = self.weight(weight, initial, references.seed);
        let spectrum =
            null.and_then(|m| plan.spectrum_of(&m, weight.rows, weight.cols, route, 0).map_err(Reason::from));
        rows.records.extend(records(self, &identity(weight), spectrum.as_ref()));
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = CoreError;
    fn from_str(s: &str) -> Result<Self, CoreError> {
        Self::ALL.into_iter().find(|k| k.as_str() == s).ok_or_else(|| CoreError::Unknown {
            what: "null",
            found: s.to_owned(),
            expected: "shuffled, rotated, rotated-updates",
        })
    }
}

/// The metric of a weight that a null's metric repeats (`alpha_hill` of `rotated_alpha_hill`); `None` for all others.
#[must_use]
pub fn repeated(metric: &str) -> Option<&str> {
    // The longest prefix first: one begins with another.
    ["null_", "rotated_updates_", "rotated_"].into_iter().find_map(|p| metric.strip_prefix(p))
}

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

/// [`Kind::measure`] of the shuffled null.
pub fn measure(
    weight: &LayerMatrix,
    initial: &LayerMatrix,
    references: &References,
    route: Route,
    plan: &mut Plan,
    rows: &mut StepRows,
) {
    Kind::Shuffled.measure(weight, initial, references, route, plan, rows);
}

/// The records of a null's spectrum.
#[must_use]
pub fn records(kind: Kind, id: &MatrixId, spectrum: Result<&Spectrum, &Reason>) -> Vec<Record> {
    let hill = spectrum.map_err(Clone::clone).and_then(|s| {
        if s.is_complete() {
            hill_median(&s.eigenvalues(), s.floor * s.floor).map(|f| f.alpha).map_err(Reason::from)
        } else {
            Err(Reason::NotComputed("all singular values".to_owned()))
        }
    });
    let fit = spectrum.map_err(Clone::clone).and_then(bulk_of);
    kind.metrics()
        .iter()
        .map(|metric| {
            let read = READINGS.iter().find(|(name, _)| repeated(metric) == Some(name));
            let outcome: Outcome = match read {
                Some((_, read)) => fit.as_ref().map(read).map_err(Clone::clone).into(),
                None if repeated(metric) == Some("effective_rank_normalized") => match spectrum {
                    Ok(s) => normalized_rank(s),
                    Err(reason) => reason.clone().into(),
                },
                None => hill.clone().into(),
            };
            record(id, metric, outcome)
        })
        .collect()
}

/// `before` = W_`step` must have the weight's shape.
fn same_shape(weight: &LayerMatrix, before: &LayerMatrix, step: u64) -> Result<(), Reason> {
    let ((m, n), (rows, cols)) = ((before.rows, before.cols), (weight.rows, weight.cols));
    if (m, n) == (rows, cols) {
        return Ok(());
    }
    Err(Reason::NotApplicable(format!("W_{step} is {m} x {n}, the weight {rows} x {cols}")))
}
