//! The singular vectors of a weight against those of a named moment of its run.

use std::f64::consts::PI;
use std::fmt;

use spectrum_core::{Blob, MatrixId, Outcome, Reason, Spectrum, StepRows, Vectors};
use spectrum_linalg::{alignment, overlap};

use crate::battery::record;

/// Pairs in the scores: the paper's number.
const PAIRS: usize = 10;

/// All metrics that [`against`] can write, then those of [`baselines`].
pub const REFERENCE_METRICS: [&str; 8] = [
    "agreement_score_final",
    "subspace_agreement_final",
    "agreement_score_initial",
    "subspace_agreement_initial",
    "agreement_score_previous",
    "subspace_agreement_previous",
    "agreement_baseline",
    "subspace_baseline",
];

/// The moment that a weight is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reference {
    /// The last recorded step of the run.
    Final,
    /// Step 0.
    Initial,
    /// The recorded step before.
    Previous,
}

impl Reference {
    /// The end of its metrics' names.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Final => "final",
            Self::Initial => "initial",
            Self::Previous => "previous",
        }
    }

    /// Its two metrics, in the order of the records.
    #[must_use]
    pub fn metrics(self) -> [&'static str; 2] {
        match self {
            Self::Final => ["agreement_score_final", "subspace_agreement_final"],
            Self::Initial => ["agreement_score_initial", "subspace_agreement_initial"],
            Self::Previous => ["agreement_score_previous", "subspace_agreement_previous"],
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Leading singular vectors of one matrix: u_i in `left` (length rows), v_i in `right` (length cols), unit vectors.
#[derive(Debug, Clone, Copy)]
pub struct Pairs<'a> {
    /// Output side.
    pub left: &'a Vectors,
    /// Input side.
    pub right: &'a Vectors,
}

impl<'a> Pairs<'a> {
    /// The vectors that a spectrum kept.
    ///
    /// # Errors
    /// [`Reason::NotComputed`] where it kept none.
    pub fn of(spectrum: &'a Spectrum) -> Result<Self, Reason> {
        match (&spectrum.left, &spectrum.right) {
            (Some(left), Some(right)) if left.count.min(right.count) > 0 => Ok(Self { left, right }),
            _ => Err(none()),
        }
    }

    fn count(&self) -> usize {
        self.left.count.min(self.right.count)
    }
}

fn none() -> Reason {
    Reason::NotComputed("singular vectors".to_owned())
}

/// Appends what a weight's vectors (u_i, v_i), `now`, have in common with those of its `reference`, (u'_i, v'_i), `then`. With k the
/// pairs that both have, at most ten in the records:
///
/// - record `agreement_score_<reference>`: mean over i of |<u_i, u'_i> <v_i, v'_i>|, the diagonal of the singular vector agreement
///   (Yunis et al., arXiv 2408.11804, equation 5 and the score of its first ten entries);
/// - record `subspace_agreement_<reference>`: (|U_k^T U'_k|_F^2 + |V_k^T V'_k|_F^2)/2k, which survives vectors that turn into each
///   other where singular values cross or nearly coincide;
/// - blob `agreement_diagonal_<reference>`, all common pairs x 1: the terms of the score.
///
/// Missing as [`Reason::NotComputed`] where a side has no vectors, [`Reason::NotApplicable`] where the shapes differ, and the reason of
/// a side that is not there.
pub fn against(
    id: &MatrixId,
    reference: Reference,
    now: Result<Pairs<'_>, Reason>,
    then: Result<Pairs<'_>, Reason>,
    rows: &mut StepRows,
) {
    let both = now.and_then(|now| Ok((now, then?)));
    let found = both.and_then(|(now, then)| Ok((diagonal(now, then)?, now, then)));
    let outcomes: [Outcome; 2] = match &found {
        Ok((d, now, then)) => {
            let k = d.len().min(PAIRS);
            let subspaces = subspace(now.left, then.left, k) + subspace(now.right, then.right, k);
            [d[..k].iter().sum::<f64>() / k as f64, subspaces / 2.0].map(Outcome::from)
        }
        Err(reason) => [reason.clone(), reason.clone()].map(Outcome::from),
    };
    rows.records.extend(reference.metrics().into_iter().zip(outcomes).map(|(metric, o)| record(id, metric, o)));
    if let Ok((data, ..)) = found
        && data.iter().all(|x| x.is_finite())
    {
        let name = format!("agreement_diagonal_{reference}");
        rows.blobs.push(Blob { id: id.clone(), name, rows: data.len(), cols: 1, data });
    }
}

/// |<u_i, u'_i> <v_i, v'_i>| of all pairs that both have.
fn diagonal(now: Pairs<'_>, then: Pairs<'_>) -> Result<Vec<f64>, Reason> {
    let shape = |p: Pairs<'_>| (p.left.len, p.right.len);
    if shape(now) != shape(then) {
        let ((a, b), (c, d)) = (shape(then), shape(now));
        return Err(Reason::NotApplicable(format!("{a} x {b} at the reference, {c} x {d} now")));
    }
    let k = now.count().min(then.count());
    if k == 0 {
        return Err(none());
    }
    let cosine = |a: &Vectors, b: &Vectors, i: usize| alignment(a.column(i), b.column(i));
    Ok((0..k).map(|i| cosine(now.left, then.left, i) * cosine(now.right, then.right, i)).collect())
}

/// |A_k^T B_k|_F^2 / k of the first k columns.
fn subspace(a: &Vectors, b: &Vectors, k: usize) -> f64 {
    let first = |v: &Vectors| Vectors { len: v.len, count: k, data: v.data[..k * v.len].to_vec() };
    overlap(&first(a), &first(b)).iter().sum::<f64>() / k as f64
}

/// Appends what [`against`] gives on average for a reference that has nothing to do with the weight: directions drawn independently
/// and uniformly. They depend on the shape alone, so they are written once for all references.
///
/// - `agreement_baseline`: 2/(pi sqrt(rows cols)). A coordinate of a uniform direction in d dimensions is nearly normal with variance
///   1/d, and so is the cosine of two independent directions; a normal number of variance 1/d has the mean absolute value
///   sqrt(2/(pi d)). The two sides are independent, so the mean of the product is the product of sqrt(2/(pi rows)) and
///   sqrt(2/(pi cols)). (The exact mean, Gamma(d/2)/(sqrt(pi) Gamma((d+1)/2)) a side, is larger by a share of 1/(4d).)
/// - `subspace_baseline`: k/2 (1/rows + 1/cols), with k the pairs of `now`, at most ten. Each of the k^2 squared cosines of a side has
///   the mean 1/d exactly: the squares of a unit vector's d coordinates add up to 1 and are alike. So |U^T U'|_F^2/k has the mean k/d,
///   and the two sides are averaged.
pub fn baselines(id: &MatrixId, now: Result<Pairs<'_>, Reason>, rows: &mut StepRows) {
    let now = now.and_then(|p| if p.count() > 0 { Ok(p) } else { Err(none()) });
    let outcomes = match now {
        Ok(p) => {
            let (k, m, n) = (p.count().min(PAIRS) as f64, p.left.len as f64, p.right.len as f64);
            [2.0 / (PI * (m * n).sqrt()), 0.5 * k * (1.0 / m + 1.0 / n)].map(Outcome::from)
        }
        Err(reason) => [reason.clone(), reason].map(Outcome::from),
    };
    let metrics = ["agreement_baseline", "subspace_baseline"];
    rows.records.extend(metrics.into_iter().zip(outcomes).map(|(metric, o)| record(id, metric, o)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectrum_core::Kind;

    fn id() -> MatrixId {
        MatrixId { step: 1, layer: "w".into(), kind: Kind::Weight, view: "matrix".into() }
    }

    fn vectors(len: usize, columns: &[&[f64]]) -> Vectors {
        Vectors { len, count: columns.len(), data: columns.concat() }
    }

    fn rows(reference: Reference, now: Result<Pairs<'_>, Reason>, then: Result<Pairs<'_>, Reason>) -> StepRows {
        let mut rows = StepRows::new(1);
        against(&id(), reference, now, then, &mut rows);
        rows
    }

    /// Two sides of different lengths: u turned by 0.6 in the first pair, v swapped in the second.
    #[test]
    fn terms_are_products_of_both_sides() {
        let u = vectors(3, &[&[1.0, 0.0, 0.0], &[0.0, 1.0, 0.0]]);
        let v = vectors(2, &[&[1.0, 0.0], &[0.0, 1.0]]);
        let (w, x) = (vectors(3, &[&[0.6, 0.0, 0.8], &[0.0, -1.0, 0.0]]), vectors(2, &[&[0.8, 0.6], &[-0.6, 0.8]]));
        let (now, then) = (Pairs { left: &u, right: &v }, Pairs { left: &w, right: &x });
        let found = rows(Reference::Previous, Ok(now), Ok(then));
        let value = |k: usize| found.records[k].outcome.value().unwrap();
        assert_eq!(found.records[0].metric, "agreement_score_previous");
        assert!((value(0) - (0.48 + 0.8) / 2.0).abs() < 1e-15);
        // U: (0.36 + 1)/2; V: a rotation of the plane spans the plane.
        assert!((value(1) - (0.68 + 1.0) / 2.0).abs() < 1e-15);
        let blob = &found.blobs[0];
        assert_eq!((blob.name.as_str(), blob.rows, blob.cols), ("agreement_diagonal_previous", 2, 1));
        assert!((blob.data[0] - 0.48).abs() < 1e-15 && (blob.data[1] - 0.8).abs() < 1e-15);
        // Fewer pairs on one side are the common ones; a zero vector is no direction.
        let short = vectors(3, &[&[1.0, 0.0, 0.0]]);
        let found = rows(Reference::Final, Ok(Pairs { left: &short, right: &v }), Ok(now));
        assert_eq!((found.blobs[0].data.as_slice(), found.records[1].outcome.value()), (&[1.0][..], Some(1.0)));
        let zero = vectors(3, &[&[0.0; 3], &[0.0; 3]]);
        let found = rows(Reference::Final, Ok(Pairs { left: &zero, right: &v }), Ok(now));
        assert_eq!((found.records[0].outcome.reason(), found.blobs.len()), (Some(&Reason::NotFinite), 0));
    }

    #[test]
    fn what_cannot_be_compared_says_why() {
        let (u, v, none) = (vectors(2, &[&[1.0, 0.0]]), vectors(3, &[&[1.0, 0.0, 0.0]]), vectors(2, &[]));
        let now = Pairs { left: &u, right: &v };
        let reason = |then| rows(Reference::Initial, Ok(now), then).records[1].outcome.reason().cloned();
        assert_eq!(reason(Err(Reason::Degenerate)), Some(Reason::Degenerate));
        assert_eq!(
            reason(Ok(Pairs { left: &v, right: &v })),
            Some(Reason::NotApplicable("3 x 3 at the reference, 2 x 3 now".into()))
        );
        assert_eq!(reason(Ok(Pairs { left: &none, right: &v })), Some(super::none()));
        let found = rows(Reference::Final, Err(Reason::NotFinite), Ok(now));
        assert!(found.blobs.is_empty() && found.records.iter().all(|r| r.outcome.reason() == Some(&Reason::NotFinite)));
        let mut found = StepRows::new(1);
        baselines(&id(), Err(Reason::NotFinite), &mut found);
        baselines(&id(), Ok(Pairs { left: &none, right: &v }), &mut found);
        assert!(found.records.iter().all(|r| r.outcome.value().is_none()) && found.records.len() == 4);
    }

    #[test]
    fn names_are_those_of_the_list() {
        let all = [Reference::Final, Reference::Initial, Reference::Previous];
        let names: Vec<&str> = all.into_iter().flat_map(Reference::metrics).collect();
        assert_eq!(names, REFERENCE_METRICS[..6]);
        assert!(all.into_iter().all(|r| r.metrics().iter().all(|m| m.ends_with(&format!("_{r}")))));
    }
}
