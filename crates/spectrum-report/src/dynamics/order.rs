//! The order of a model's layers, as far as a run tells it.
//!
//! Rows are stored by name. Pairs of layers that meet say which layer follows which; layers that no pair speaks of stay where
//! their names put them.

use std::collections::BTreeSet;

use spectrum_core::Kind;

use crate::RunData;
use crate::series;

/// Layers with a weight matrix, none before one that meets it (A. B. Kahn, Commun. ACM 5, 1962), by name where that leaves a
/// choice. Where pairs go round in a circle, names break it.
pub(crate) fn layers(run: &RunData) -> Vec<String> {
    let keys = series::matrices(run);
    let mut names: Vec<&str> = Vec::new();
    for key in keys.iter().filter(|k| k.kind == Kind::Weight && !k.is_pair()) {
        if names.last() != Some(&key.layer.as_str()) {
            names.push(&key.layer);
        }
    }
    let place = |name: &str| names.iter().position(|n| *n == name);
    let follows: BTreeSet<(usize, usize)> = keys
        .iter()
        .filter_map(|k| Some((place(&k.layer)?, place(series::second_layer(&k.view)?)?)))
        .filter(|(first, second)| first != second)
        .collect();
    let mut before = vec![0_usize; names.len()];
    follows.iter().for_each(|&(_, second)| before[second] += 1);
    let mut left: BTreeSet<usize> = (0..names.len()).collect();
    let mut out = Vec::new();
    while let Some(next) = left.iter().copied().find(|&n| before[n] == 0).or_else(|| left.first().copied()) {
        left.remove(&next);
        out.push(names[next].to_owned());
        for &(_, second) in follows.range((next, 0)..(next + 1, 0)) {
            before[second] = before[second].saturating_sub(1);
        }
    }
    out
}
