//! The order of a model's layers, as far as a run tells it.
//!
//! Rows are stored by name. Pairs of layers that meet say which layer follows which; layers that no pair speaks of stay where
//! their names put them. Heads and projections recorded as layers of their own stand behind the parameter that they are parts of.

use std::collections::BTreeSet;

use crate::RunData;
use crate::series::{self, MatrixKey};

/// A layer as the order sees it.
struct Layer<'a> {
    name: &'a str,
    /// Whether a whole matrix was recorded of it, and not heads or gates alone.
    whole: bool,
    /// Whether it is several projections in one matrix, of which heads can be parts.
    stacked: bool,
}

/// All layers, none before one that meets it (A. B. Kahn, Commun. ACM 5, 1962), whole matrices first and then by name where
/// that leaves a choice; where pairs go round in a circle, the same decides. Layers of parts alone follow the stacked matrix of
/// their block; where there is none, or more than one, they count as layers like any other.
pub(crate) fn layers(run: &RunData) -> Vec<String> {
    let keys = series::matrices(run);
    let all = found(&keys);
    // The layer that another one is a part of, or the layer itself.
    let owner: Vec<usize> = (0..all.len()).map(|i| owner(&all, i).unwrap_or(i)).collect();
    let mut heads: Vec<usize> = (0..all.len()).filter(|&i| owner[i] == i).collect();
    heads.sort_by_key(|&i| !all[i].whole);
    let place = |name: &str| {
        let at = all.iter().position(|l| l.name == name)?;
        heads.iter().position(|h| *h == owner[at])
    };
    let follows: BTreeSet<(usize, usize)> = keys
        .iter()
        .filter_map(|k| Some((place(&k.layer)?, place(second(&keys, series::second_side(&k.view)?).0)?)))
        .filter(|(first, second)| first != second)
        .collect();
    let mut before = vec![0_usize; heads.len()];
    follows.iter().for_each(|&(_, second)| before[second] += 1);
    let mut left: BTreeSet<usize> = (0..heads.len()).collect();
    let mut out = Vec::new();
    while let Some(next) = left.iter().copied().find(|&n| before[n] == 0).or_else(|| left.first().copied()) {
        left.remove(&next);
        let head = heads[next];
        let parts = (0..all.len()).filter(|&i| i != head && owner[i] == head);
        out.extend(std::iter::once(head).chain(parts).map(|i| all[i].name.to_owned()));
        for &(_, second) in follows.range((next, 0)..(next + 1, 0)) {
            before[second] = before[second].saturating_sub(1);
        }
    }
    out
}

/// The second layer of two that meet, and which of its views, from what stands between the brackets of `meets[...]`: the layer,
/// and after a colon the prefix of its views where the pair takes only those. A layer's own name may hold a colon.
pub(crate) fn second<'a>(keys: &[MatrixKey], side: &'a str) -> (&'a str, Option<&'a str>) {
    let known = keys.iter().any(|k| !k.is_pair() && k.layer == side);
    match side.rsplit_once(':').filter(|_| !known) {
        Some((layer, views)) => (layer, Some(views)),
        None => (side, None),
    }
}

fn found(keys: &[MatrixKey]) -> Vec<Layer<'_>> {
    let mut all: Vec<Layer<'_>> = Vec::new();
    for key in keys.iter().filter(|k| !k.is_pair()) {
        if all.last().is_none_or(|l| l.name != key.layer) {
            all.push(Layer { name: &key.layer, whole: false, stacked: false });
        }
        if let Some(last) = all.last_mut() {
            last.whole |= key.is_whole();
            last.stacked |= key.view == "stacked";
        }
    }
    all
}

/// The one stacked matrix in the block of a layer that has parts alone.
fn owner(all: &[Layer<'_>], i: usize) -> Option<usize> {
    let block =
        |l: &Layer<'_>| l.name.strip_suffix(".weight").unwrap_or(l.name).rsplit_once('.').map(|n| n.0.to_owned());
    let of = block(&all[i]);
    let mut fitting = (0..all.len()).filter(|&j| !all[i].whole && all[j].stacked && block(&all[j]) == of);
    fitting.next().filter(|_| fitting.next().is_none())
}
