//! Two runs of one config against the cross-backend contract.
//!
//! The contract covers the initial weights (bit-equal), losses and other scalars, singular values relative to the
//! largest, and every metric; never weight entries, which Adam drives apart by up to its step size where a gradient is
//! near zero. Each row of a [`Comparison`] is one metric with its largest deviation over all steps and matrices, where
//! it was found, and the tolerance that it is held against.

mod pairs;
mod print;
mod tolerance;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use spectrum_core::{Kind, MatrixId};
use spectrum_measure::tolerance::Coverage;

use crate::{RunData, config};
use pairs::{Agreements, Pair, Sides};
use tolerance::Contract;

/// How a deviation is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// |a - b| over the larger of |a| and |b|.
    Relative,
    /// |a - b| in the metric's own unit.
    Absolute,
    /// The largest |a_i - b_i| of a spectrum over its largest singular value.
    RelativeToTop,
}

/// The largest deviation of one metric: that of the pair which uses most of its tolerance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// `train_loss`, `singular_values`, `stable_rank`, ...
    pub metric: String,
    /// The kind of matrix; none for scalars.
    pub kind: Option<Kind>,
    /// The largest deviation; none where one run has a value and the other has none.
    pub deviation: Option<f64>,
    /// How it is counted.
    pub unit: Unit,
    /// The step at which it was found.
    pub step: u64,
    /// The layer and the view, for matrices.
    pub layer: Option<String>,
    /// What is compared with what there: the two values, or the reason for a missing one.
    pub values: (String, String),
    /// What the contract allows there; none for a metric that it does not cover.
    pub tolerance: Option<f64>,
    /// Whether every judged pair of the metric stays within its tolerance; none where no pair is judged.
    pub holds: Option<bool>,
    /// Pairs of values that were compared.
    pub pairs: usize,
    /// Those that the contract judges: all, or those under its condition.
    pub judged: usize,
    /// The condition under which the contract judges the metric, or why it does not.
    pub note: Option<String>,
}

/// A key of the two configs that differs although it says what is computed and not where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `optimizer.lr`.
    pub key: String,
    /// The first run's value, as TOML.
    pub a: Option<String>,
    /// The second run's value.
    pub b: Option<String>,
}

/// Two runs side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The first run: directory, backend and precision.
    pub a: String,
    /// The second run.
    pub b: String,
    /// Whether the initial weights, widened to f64, are the same bits; none where a run did not record their hash.
    pub initial_weights_equal: Option<bool>,
    /// Config keys that differ, other than backend and precision. Such runs are not under the contract.
    pub config_differences: Vec<Difference>,
    /// Rows that only one of the runs has (a step, a matrix or a metric that the other did not record).
    pub unpaired: usize,
    /// Pairs of values at steps beyond the contract's horizon, where rounding has grown: not compared.
    pub beyond: usize,
    /// One row a metric and kind.
    pub rows: Vec<Row>,
    /// Up to which step, counted from the start, everything that the contract covers is within its tolerance. None when
    /// step 0 already breaks it, or when there is nothing to compare.
    pub horizon: Option<u64>,
    /// The last step that was compared.
    pub last_step: Option<u64>,
    /// The contract's verdict: the configs agree, the initial weights are not known to differ, the rows pair up, and
    /// every row holds.
    pub holds: bool,
}

/// Compares two runs.
#[must_use]
pub fn compare(a: &RunData, b: &RunData) -> Comparison {
    let contract = Contract::of(a, b);
    let (mut pairs, unpaired) = pairs::pairs(a, b);
    let all = pairs.len();
    pairs.retain(|p| p.id.step <= Contract::horizon());
    let beyond = all - pairs.len();
    let agreements = Agreements::of(&pairs);
    let deficient = pairs::under_the_floor([a, b]);
    let mut rows: BTreeMap<(usize, String, Option<Kind>), Row> = BTreeMap::new();
    let mut broken_at: Option<u64> = None;
    for pair in &pairs {
        let row = judge(pair, &contract, &agreements, &deficient);
        if row.holds == Some(false) {
            broken_at = Some(broken_at.map_or(pair.id.step, |s| s.min(pair.id.step)));
        }
        let key = (pair.order, row.metric.clone(), row.kind);
        match rows.entry(key) {
            std::collections::btree_map::Entry::Vacant(e) => drop(e.insert(row)),
            std::collections::btree_map::Entry::Occupied(mut e) => merge(e.get_mut(), row),
        }
    }
    let last_step = pairs.iter().map(|p| p.id.step).max();
    let horizon = match broken_at {
        None => last_step,
        Some(bad) => pairs.iter().map(|p| p.id.step).filter(|s| *s < bad).max(),
    };
    let config_differences: Vec<Difference> = config::differing(&[&a.config, &b.config])
        .into_iter()
        .filter(|(k, _)| !config::PLACE.contains(&k.as_str()))
        .map(|(key, mut v)| Difference { key, b: v.pop().flatten(), a: v.pop().flatten() })
        .collect();
    let initial_weights_equal = initial_weights(a, b);
    let rows: Vec<Row> = rows.into_values().collect();
    let holds = config_differences.is_empty()
        && initial_weights_equal != Some(false)
        && unpaired == 0
        && !rows.is_empty()
        && rows.iter().all(|r| r.holds != Some(false));
    let of = |r: &RunData| format!("{} ({}, {})", r.dir.display(), r.info.backend, r.info.precision);
    Comparison {
        a: of(a),
        b: of(b),
        initial_weights_equal,
        config_differences,
        unpaired,
        beyond,
        rows,
        horizon,
        last_step,
        holds,
    }
}

fn initial_weights(a: &RunData, b: &RunData) -> Option<bool> {
    Some(a.info.initial_weights_sha256.as_ref()? == b.info.initial_weights_sha256.as_ref()?)
}

/// Metrics to which values at the floor count: of a matrix of low rank they hold the run's own rounding, which in f64 is larger than
/// the arithmetic's tolerance, and which decides how many values there are above it.
const AT_THE_FLOOR: [&str; 6] =
    ["nuclear_norm", "effective_rank", "effective_rank_normalized", "gini", "spacing_ratio", "spacing_ratio_error"];

/// One pair of values against the contract.
fn judge(pair: &Pair<'_>, contract: &Contract, agreements: &Agreements<'_>, deficient: &BTreeSet<&MatrixId>) -> Row {
    let (allowed, note) = match contract.coverage(pair) {
        Some(_) if AT_THE_FLOOR.contains(&pair.metric) && deficient.contains(&pair.id) => {
            (None, Some("not judged: values at the floor count to it".to_owned()))
        }
        Some(Coverage::Always(tolerance)) => (Some(tolerance), None),
        Some(Coverage::Where { equal, tolerance }) => (
            agreements.on(&pair.id, equal).then_some(tolerance),
            Some(format!("judged where both runs have the same {equal}")),
        ),
        Some(Coverage::Not(why)) => (None, Some(format!("not judged: {why}"))),
        None => (None, None),
    };
    let gap = pair.gap();
    // Allowances add an absolute and a relative part: the row speaks in the unit of the larger one.
    let size = gap.map_or(0.0, |g| g.size);
    let limit = allowed.map(|t| t.absolute + t.relative * size);
    let unit = match (pair.sides, allowed) {
        (Sides::Spectra(..), _) => Unit::RelativeToTop,
        (_, Some(t)) if t.absolute > t.relative * size => Unit::Absolute,
        _ => Unit::Relative,
    };
    let per = if unit == Unit::Absolute || size == 0.0 { 1.0 } else { size };
    let holds = match (gap, limit) {
        (_, None) => None,
        // One run has a value and the other none.
        (None, Some(_)) => Some(false),
        (Some(g), Some(limit)) => Some(g.distance <= limit),
    };
    let MatrixId { step, layer, kind, view } = &pair.id;
    let scalar = layer.is_empty();
    Row {
        metric: pair.metric.to_owned(),
        kind: (!scalar).then_some(*kind),
        deviation: gap.map(|g| g.distance / per),
        unit,
        step: *step,
        layer: (!scalar).then(|| if view == "matrix" { layer.clone() } else { format!("{layer} {view}") }),
        values: pair.texts(),
        tolerance: limit.map(|l| l / per),
        holds,
        pairs: 1,
        judged: usize::from(holds.is_some()),
        note,
    }
}

/// Keeps the worse of two rows of one metric: first a broken one, then the one that uses most of its tolerance.
fn merge(kept: &mut Row, next: Row) {
    let badness = |r: &Row| {
        let used = match (r.deviation, r.tolerance) {
            (None, _) => f64::INFINITY,
            (Some(d), Some(t)) if t > 0.0 => d / t,
            (Some(d), _) => d,
        };
        // A broken pair, then a judged one, then one that the contract leaves alone.
        (r.holds == Some(false), r.holds.is_some(), used)
    };
    let (pairs, judged) = (kept.pairs + next.pairs, kept.judged + next.judged);
    if badness(&next) > badness(kept) {
        *kept = next;
    }
    (kept.pairs, kept.judged) = (pairs, judged);
}
