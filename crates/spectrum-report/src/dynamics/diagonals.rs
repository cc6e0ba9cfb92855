//! Diagonals of alignment and agreement matrices over time, packed for the page.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use spectrum_core::Blob;

use crate::series::{self, MatrixKey};
use crate::{RunData, payload, thin};

/// Blobs with a diagonal, and the page's word for what the singular vectors are held against: those of the layer that follows,
/// or of the same layer at another moment (Yunis et al., arXiv 2408.11804, equations 3 and 5).
pub(crate) const DIAGONALS: [(&str, &str); 4] = [
    ("alignment_diagonal", "alignment"),
    ("agreement_diagonal_final", "final"),
    ("agreement_diagonal_initial", "initial"),
    ("agreement_diagonal_previous", "previous"),
];
/// Ranks of a diagonal on the page: as many as the paper plots.
const MAX_RANKS: usize = 100;
/// Steps of a diagonal on the page at most, and at least where there are that many.
const MAX_STEPS: usize = 200;
const MIN_STEPS: usize = 8;
/// Cells in the whole page: a byte each, a third more as base64.
const MAX_CELLS: usize = 6_000_000;
/// The byte of a cell without a value; those below it are the value in 254ths.
const NOTHING: u8 = 255;

/// A column of numbers under one of the names of [`DIAGONALS`].
pub(crate) fn is_diagonal(b: &Blob) -> bool {
    DIAGONALS.iter().any(|d| d.0 == b.name) && b.cols == 1 && b.rows > 0 && b.data.len() == b.rows
}

type Groups<'a> = BTreeMap<(MatrixKey, &'static str), Vec<&'a Blob>>;

fn groups(run: &RunData) -> Groups<'_> {
    let mut out = Groups::new();
    for b in run.blobs.iter().filter(|b| is_diagonal(b)) {
        if let Some((_, of)) = DIAGONALS.iter().find(|d| d.0 == b.name) {
            out.entry(((&b.id).into(), *of)).or_default().push(b);
        }
    }
    out.values_mut().for_each(|blobs| blobs.sort_by_key(|b| b.id.step));
    out
}

/// Ranks that the page shows: those of the longest diagonal.
fn ranks(blobs: &[&Blob]) -> usize {
    blobs.iter().map(|b| b.rows).max().unwrap_or(0).min(MAX_RANKS)
}

/// The share of its steps that each diagonal keeps so that the page does not grow too large.
pub(crate) fn share(runs: &[RunData]) -> f64 {
    let cells: usize = runs.iter().flat_map(groups).map(|(_, blobs)| blobs.len().min(MAX_STEPS) * ranks(&blobs)).sum();
    if cells > MAX_CELLS { MAX_CELLS as f64 / cells as f64 } else { 1.0 }
}

/// `{layer, kind, view, of, k, all, t, data}` for each matrix or pair: `data` holds k bytes a step in base64, the value in
/// 254ths (absolute cosines and their products lie in 0 to 1), 255 where there is none.
pub(crate) fn json(run: &RunData, share: f64) -> Vec<Value> {
    let mut groups = groups(run);
    if groups.is_empty() {
        return Vec::new();
    }
    let keys = series::matrices(run);
    let places = keys.iter().flat_map(|key| DIAGONALS.iter().map(move |d| (key.clone(), d.1)));
    places.filter_map(|place| Some(one(&place.0, place.1, &groups.remove(&place)?, share))).collect()
}

fn one(key: &MatrixKey, of: &str, blobs: &[&Blob], share: f64) -> Value {
    let k = ranks(blobs);
    let wanted = ((blobs.len().min(MAX_STEPS) as f64 * share) as usize).max(MIN_STEPS);
    let kept: Vec<&Blob> = thin::evenly(blobs.len(), wanted).into_iter().map(|i| blobs[i]).collect();
    let bytes: Vec<u8> = kept.iter().flat_map(|b| (0..k).map(|i| byte(b.data.get(i)))).collect();
    json!({
        "layer": key.layer, "kind": key.kind, "view": key.view, "of": of, "k": k, "all": blobs.len(),
        "t": kept.iter().map(|b| b.id.step).collect::<Vec<_>>(), "data": payload::base64(&bytes),
    })
}

fn byte(value: Option<&f64>) -> u8 {
    let known = value.filter(|v| v.is_finite());
    known.map_or(NOTHING, |v| (v.clamp(0.0, 1.0) * f64::from(NOTHING - 1)).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_254ths_and_a_hole_is_told_from_zero() {
        let bytes = [0.0, 1.0, 0.5, -1e-17, 1.0 + 1e-15, f64::NAN].map(|v| byte(Some(&v)));
        assert_eq!(bytes, [0, 254, 127, 0, 254, 255]);
        assert_eq!(byte(None), 255);
    }
}
