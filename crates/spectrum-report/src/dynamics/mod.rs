//! The spectral dynamics of deep learning (Yunis et al., arXiv 2408.11804): which of their pictures a run has rows for, and
//! the rows under names of their own: pairs of layers, diagonals, parts of the singular values.

mod diagonals;
mod order;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use spectrum_core::{Kind, Outcome};

use crate::payload::METRIC_POINTS;
use crate::series::{self, Curve, MatrixKey};
use crate::{RunData, config};

pub(crate) use diagonals::{DIAGONALS, is_diagonal, share};
pub(crate) use order::layers;

/// The metric that the rank heat map starts with.
const RANK: &str = "effective_rank_normalized";
/// The scalar with its mean over the recorded weight matrices.
const MEAN_RANK: &str = "effective_rank_mean";
/// The scalar with the step at which the test accuracy passed the threshold of the config.
const GENERALIZATION: &str = "generalization_step";

/// The places that the page's script fills, in their order; a picture that the run has nothing for has none.
pub(crate) fn places(runs: &[RunData]) -> Vec<&'static str> {
    let any = |has: fn(&RunData) -> bool| runs.iter().any(has);
    let all = [
        (any(mean_rank), "rank-accuracy"),
        (any(ranks), "rank-map"),
        (any(|r| pairs(r) || diagonal(r, true)), "alignments"),
        (any(|r| diagonal(r, false)), "agreements"),
        (any(|r| r.scalars.iter().any(|s| is_part(&s.name))), "parts"),
    ];
    all.into_iter().filter(|p| p.0).map(|p| p.1).collect()
}

/// Whether a curve has two values: one is no line, and one column no map.
fn is_line(curve: &Curve<'_>) -> bool {
    curve.0.iter().filter(|p| p.1.value().is_some()).nth(1).is_some()
}

fn mean_rank(run: &RunData) -> bool {
    let values = run.scalars.iter().filter(|s| s.name == MEAN_RANK);
    is_line(&Curve(values.map(|s| (s.step, &s.outcome)).collect::<Vec<(u64, &Outcome)>>()))
}

/// Whether two weight matrices have a rank over steps. One of them has its curve among the measures.
fn ranks(run: &RunData) -> bool {
    let weights = series::metrics(run).into_iter().filter(|(key, _)| key.kind == Kind::Weight && !key.is_pair());
    weights.filter(|(_, metrics)| metrics.get(RANK).is_some_and(is_line)).nth(1).is_some()
}

fn pairs(run: &RunData) -> bool {
    run.records.iter().any(|r| series::second_side(&r.id.view).is_some())
}

fn diagonal(run: &RunData, alignment: bool) -> bool {
    run.blobs.iter().any(|b| is_diagonal(b) && (b.name == DIAGONALS[0].0) == alignment)
}

/// Whether a scalar is the performance with a part of the singular values:
/// `<train|test>_<loss|accuracy>_<top|bottom>_<fraction>`.
fn is_part(name: &str) -> bool {
    let mut words = name.splitn(4, '_');
    let mut word = |of: &[&str]| words.next().is_some_and(|w| of.contains(&w));
    word(&["train", "test"])
        && word(&["loss", "accuracy"])
        && word(&["top", "bottom"])
        && words.next().is_some_and(is_fraction)
}

/// Digits with a point, from 0 to 1.
fn is_fraction(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit() || c == '.') && text.parse().is_ok_and(|f: f64| (0.0..=1.0).contains(&f))
}

/// What the pictures need beside scalars and the measures of matrices: nothing at all for a run without their rows.
///
/// `pairs` are the measures of two layers that meet, those of whole matrices first; `diagonals` the packed diagonals, thinned to
/// `share` of their steps; `layers` the model's order of layers as far as the pairs tell it; and `threshold` the accuracy beyond
/// which the run counts as generalising.
pub(crate) fn add(run: &RunData, share: f64, out: &mut Map<String, Value>) {
    let keys = series::matrices(run);
    let layers = layers(run);
    let whole = |key: &MatrixKey| keys.iter().any(|k| k.layer == key.layer && k.is_whole());
    let mut pairs: Vec<_> = series::metrics(run).into_iter().filter(|(key, _)| key.is_pair()).collect();
    pairs.sort_by_cached_key(|(key, _)| (!whole(key), layers.iter().position(|l| *l == key.layer)));
    if !pairs.is_empty() {
        let pairs = pairs.iter().filter_map(|(key, metrics)| pair(&keys, key, metrics)).collect();
        out.insert("layers".to_owned(), json!(layers));
        out.insert("pairs".to_owned(), Value::Array(pairs));
    }
    if run.scalars.iter().any(|s| s.name == GENERALIZATION) {
        let threshold = config::flat(&run.config).get("dynamics.threshold").and_then(|v| v.parse::<f64>().ok());
        out.insert("threshold".to_owned(), json!(threshold));
    }
    let diagonals = diagonals::json(run, share);
    if !diagonals.is_empty() {
        out.insert("diagonals".to_owned(), Value::Array(diagonals));
    }
}

fn pair(keys: &[MatrixKey], key: &MatrixKey, metrics: &BTreeMap<&str, Curve<'_>>) -> Option<Value> {
    let (second, views) = order::second(keys, series::second_side(&key.view)?);
    let curves: Map<String, Value> =
        metrics.iter().map(|(name, c)| ((*name).to_owned(), c.json(METRIC_POINTS))).collect();
    let mut out =
        json!({ "layer": key.layer, "kind": key.kind, "view": key.view, "second": second, "metrics": curves });
    if let Some(views) = views {
        out["views"] = json!(views);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_parts_are_known_from_other_scalars() {
        for name in ["test_accuracy_top_0.5", "train_loss_bottom_0.25", "test_loss_top_1"] {
            assert!(is_part(name), "{name}");
        }
        for name in [
            "test_accuracy",
            "test_accuracy_top",
            "test_accuracy_top_",
            "test_accuracy_middle_0.5",
            "top_0.5",
            "test_accuracy_top_1.5",
            "test_accuracy_top_inf",
            "test_accuracy_top_0.5_mean",
            "test_accuracy_top_1e-1",
        ] {
            assert!(!is_part(name), "{name}");
        }
    }
}
