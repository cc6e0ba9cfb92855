//! How far the leading singular vectors of a matrix turned between two moments.
//!
//! [`records`] compares the checkpoints of a series, each with the one before. In a run a weight is compared with a named moment, the
//! final, the initial or the recorded step before: [`against`], with the values of unrelated directions from [`baselines`].

mod reference;

use spectrum_core::{MatrixId, Reason, Record, Spectrum, Vectors};
use spectrum_linalg::{alignment, overlap};

use crate::battery::record;

pub use reference::{Pairs, REFERENCE_METRICS, Reference, against, baselines};

/// Metrics of a pair of moments, in the order of the records; they belong to the later one.
pub const METRICS: [&str; 5] =
    ["agreement_left", "agreement_right", "agreement_score", "subspace_agreement_left", "subspace_agreement_right"];

/// The records of a matrix against the same matrix at an earlier moment, from the k leading vectors that both kept:
///
/// - `agreement_left`, `agreement_right`: |<u_1, u'_1>|, |<v_1, v'_1>|;
/// - `agreement_score`: mean over i of |<u_i, u'_i>| |<v_i, v'_i>| (Yunis et al., arXiv 2408.11804, their code: index by
///   index);
/// - `subspace_agreement_left`, `_right`: |U^T U'|_F^2 / k, the mean squared cosine of the principal angles between the two
///   subspaces, which survives singular values that cross or nearly coincide. Random subspaces of dimension k in dimension N
///   have k/N.
///
/// Without vectors on either side every record is [`Reason::NotComputed`]; of two shapes, [`Reason::NotApplicable`].
#[must_use]
pub fn records(id: &MatrixId, now: Result<&Spectrum, &Reason>, before: Result<&Spectrum, &Reason>) -> Vec<Record> {
    let answer = now.and_then(|n| before.map(|b| (n, b))).map_err(Clone::clone).and_then(|(n, b)| compare(n, b));
    match answer {
        Ok(values) => METRICS.iter().zip(values).map(|(metric, v)| record(id, metric, v)).collect(),
        Err(reason) => METRICS.iter().map(|metric| record(id, metric, reason.clone())).collect(),
    }
}

fn compare(now: &Spectrum, before: &Spectrum) -> Result<[f64; 5], Reason> {
    if (now.rows, now.cols) != (before.rows, before.cols) {
        let why = format!("{} x {} before, {} x {} now", before.rows, before.cols, now.rows, now.cols);
        return Err(Reason::NotApplicable(why));
    }
    let (Some(u), Some(v), Some(u0), Some(v0)) = (&now.left, &now.right, &before.left, &before.right) else {
        return Err(Reason::NotComputed("singular vectors".to_owned()));
    };
    let k = u.count.min(u0.count).min(v.count).min(v0.count);
    if k == 0 {
        return Err(Reason::NotComputed("singular vectors".to_owned()));
    }
    let pair = |i: usize| alignment(u.column(i), u0.column(i)) * alignment(v.column(i), v0.column(i));
    Ok([
        alignment(u.column(0), u0.column(0)),
        alignment(v.column(0), v0.column(0)),
        (0..k).map(pair).sum::<f64>() / k as f64,
        subspace(u, u0, k),
        subspace(v, v0, k),
    ])
}

/// The mean squared cosine of the principal angles between the first k vectors of each.
fn subspace(a: &Vectors, b: &Vectors, k: usize) -> f64 {
    let squares = overlap(a, b);
    (0..k).map(|j| squares[j * a.count..j * a.count + k].iter().sum::<f64>()).sum::<f64>() / k as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectrum_core::{Kind, Route};

    fn spectrum(left: Vec<f64>, right: Vec<f64>) -> Spectrum {
        let vectors = |data: Vec<f64>| Some(Vectors { len: 3, count: data.len() / 3, data });
        Spectrum {
            rows: 3,
            cols: 3,
            route: Route::Svd,
            floor: 0.0,
            singular_values: vec![3.0, 2.0, 1.0],
            left: vectors(left),
            right: vectors(right),
        }
    }

    #[test]
    fn swapped_vectors_keep_their_subspace_and_lose_their_score() {
        let (e1, e2) = ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]);
        let turned = [0.6, 0.0, 0.8];
        let a = spectrum([e1, e2].concat(), [e1, e2].concat());
        let swapped = spectrum([e2, e1].concat(), [e2, e1].concat());
        assert_eq!(compare(&swapped, &a), Ok([0.0, 0.0, 0.0, 1.0, 1.0]));
        let half = spectrum([turned, e2].concat(), [e1, e2].concat());
        let values = compare(&half, &a).unwrap();
        for (value, expected) in values.iter().zip([0.6, 1.0, 0.8, 0.68, 1.0]) {
            assert!((value - expected).abs() < 1e-15, "{values:?}");
        }
    }

    #[test]
    fn no_vectors_and_other_shapes_have_reasons() {
        let a = spectrum(vec![1.0, 0.0, 0.0], vec![1.0, 0.0, 0.0]);
        let mut b = a.clone();
        b.left = None;
        assert_eq!(compare(&a, &b), Err(Reason::NotComputed("singular vectors".into())));
        b.rows = 4;
        assert_eq!(compare(&a, &b), Err(Reason::NotApplicable("4 x 3 before, 3 x 3 now".into())));
        let id = MatrixId { step: 1, layer: "w".into(), kind: Kind::Weight, view: "matrix".into() };
        let rows = records(&id, Err(&Reason::NotFinite), Ok(&a));
        assert!(rows.len() == 5 && rows.iter().all(|r| r.outcome.reason() == Some(&Reason::NotFinite)));
    }
}
