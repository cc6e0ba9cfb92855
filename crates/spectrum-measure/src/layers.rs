//! How the singular vectors of two layers meet.

use spectrum_core::{Blob, MatrixId, Meeting, Outcome, Reason, Record, Spectrum, StepRows, Vectors};
use spectrum_linalg::alignment;

use crate::battery::record;

/// Metrics of two layers that meet, in the order of the records; they belong to the first layer.
///
/// - `alignment_score`: mean over the first ten i of |<a_i, b_i>|, a the singular vectors of the first layer on the side where
///   they meet, b those of the second (Yunis et al., arXiv 2408.11804, equations 3 and 4);
/// - `alignment_top`: |<a_1, b_1>|;
/// - `alignment_baseline`: sqrt(2/(pi d)), the mean of |<a, b>| for independent directions in d dimensions (as d grows).
pub const METRICS: [&str; 3] = ["alignment_score", "alignment_top", "alignment_baseline"];

/// Pairs in the score.
const PAIRS: usize = 10;

/// A matrix's spectrum, or why there is none.
type Found<'a> = Result<&'a Spectrum, &'a Reason>;

/// Appends the records of [`METRICS`] and the blob `alignment_diagonal` under `id`, from the spectra of the matrices that meet: one pair,
/// or several of which the mean is taken ([`records_of_pairs`]).
///
/// Missing as [`Reason::NotComputed`] where vectors were not kept, [`Reason::NotApplicable`] where the sides have different
/// lengths, and the reason of a spectrum that is not there. Of fewer than ten pairs of vectors the score is the mean of those there are.
pub fn records(id: &MatrixId, pairs: &[(Found<'_>, Found<'_>)], meeting: Meeting, rows: &mut StepRows) {
    let vectors = |(first, second): &(Found<'_>, Found<'_>)| {
        let (a, b) = (first.map_err(Clone::clone)?, second.map_err(Clone::clone)?);
        let (x, y) = match meeting {
            Meeting::Consecutive => (&a.left, &b.right),
            Meeting::Outputs => (&a.left, &b.left),
            Meeting::Inputs => (&a.right, &b.right),
            Meeting::CentreTap { .. } => (&a.left, &b.right),
        };
        let missing = || Reason::NotComputed("singular vectors".to_owned());
        let (x, y) = (x.clone().ok_or_else(missing)?, y.clone().ok_or_else(missing)?);
        let x = if let Meeting::CentreTap { positions } = meeting { at_the_centre(&x, positions) } else { x };
        Ok((x, y))
    };
    match pairs.iter().map(vectors).collect::<Result<Vec<_>, Reason>>() {
        Ok(found) => records_of_pairs(id, &found.iter().map(|(a, b)| (a, b)).collect::<Vec<_>>(), rows),
        Err(reason) => push(id, Err(reason), rows),
    }
}

/// Vectors over channels as vectors over channels and kernel positions, zero but at the middle one: the inner product with a right vector of a
/// flattened convolution is that with its centre taps.
fn at_the_centre(v: &Vectors, positions: usize) -> Vectors {
    let mut data = vec![0.0; v.data.len() * positions];
    for (i, x) in v.data.iter().enumerate() {
        data[i * positions + positions / 2] = *x;
    }
    Vectors { len: v.len * positions, count: v.count, data }
}

/// The records of [`METRICS`] for a layer that meets another in several pairs of matrices, attention heads say, from plain vectors:
/// `alignment_score` and `alignment_top` are the means over the pairs (Yunis et al., arXiv 2408.11804, average over heads), and so is
/// `alignment_baseline`, whose pairs may have different lengths. With them the blob `alignment_diagonal` ([`diagonal`]), averaged over the
/// pairs entry by entry, as far as all of them reach.
///
/// Missing as [`Reason::NotComputed`] where a pair has no vectors, [`Reason::NotApplicable`] where the sides of a pair have different
/// lengths and where there is no pair.
pub fn records_of_pairs(id: &MatrixId, pairs: &[(&Vectors, &Vectors)], rows: &mut StepRows) {
    let each = pairs.iter().map(|(a, b)| Ok((meet(a, b)?, cosines(a, b)?))).collect::<Result<Vec<_>, Reason>>();
    let each = match each {
        Ok(each) if each.is_empty() => {
            return push(id, Err(Reason::NotApplicable("no pair of matrices".to_owned())), rows);
        }
        Ok(each) => each,
        Err(reason) => return push(id, Err(reason), rows),
    };
    let (values, diagonals): (Vec<[f64; 3]>, Vec<Vec<f64>>) = each.into_iter().unzip();
    let share = (values.len() as f64).recip();
    push(id, Ok(std::array::from_fn(|k| values.iter().map(|v| v[k]).sum::<f64>() * share)), rows);
    let k = diagonals.iter().map(Vec::len).min().unwrap_or(0);
    let data = (0..k).map(|i| diagonals.iter().map(|d| d[i]).sum::<f64>() * share).collect();
    rows.blobs.extend(blob(id, data));
}

/// The blob `alignment_diagonal`, k x 1: |<a_i, b_i>| for all k pairs that both have, the diagonal of the alignment matrix (Yunis et al.,
/// arXiv 2408.11804, equation 3), a and b unit vectors of the sides that meet.
///
/// # Errors
/// [`Reason::NotComputed`] without vectors, [`Reason::NotApplicable`] for vectors of different lengths, [`Reason::NotFinite`] where one
/// is zero or not finite.
pub fn diagonal(id: &MatrixId, a: &Vectors, b: &Vectors) -> Result<Blob, Reason> {
    blob(id, cosines(a, b)?).ok_or(Reason::NotFinite)
}

fn blob(id: &MatrixId, data: Vec<f64>) -> Option<Blob> {
    let finite = data.iter().all(|x| x.is_finite());
    finite.then(|| Blob { id: id.clone(), name: "alignment_diagonal".to_owned(), rows: data.len(), cols: 1, data })
}

fn push(id: &MatrixId, answer: Result<[f64; 3], Reason>, rows: &mut StepRows) {
    let outcomes: [Outcome; 3] = match answer {
        Ok(values) => values.map(Outcome::from),
        Err(reason) => std::array::from_fn(|_| Outcome::Missing(reason.clone())),
    };
    let all: Vec<Record> = METRICS.iter().zip(outcomes).map(|(metric, o)| record(id, metric, o)).collect();
    rows.records.extend(all);
}

fn meet(a: &Vectors, b: &Vectors) -> Result<[f64; 3], Reason> {
    common(a, b)?;
    let k = a.count.min(b.count).min(PAIRS);
    let score = (0..k).map(|i| alignment(a.column(i), b.column(i))).sum::<f64>() / k as f64;
    let baseline = (2.0 / (std::f64::consts::PI * a.len as f64)).sqrt();
    Ok([score, alignment(a.column(0), b.column(0)), baseline])
}

fn cosines(a: &Vectors, b: &Vectors) -> Result<Vec<f64>, Reason> {
    let k = common(a, b)?;
    Ok((0..k).map(|i| alignment(a.column(i), b.column(i))).collect())
}

/// How many pairs both have: one at least.
fn common(a: &Vectors, b: &Vectors) -> Result<usize, Reason> {
    if a.len != b.len {
        return Err(Reason::NotApplicable(format!("vectors of length {} and {}", a.len, b.len)));
    }
    match a.count.min(b.count) {
        0 => Err(Reason::NotComputed("singular vectors".to_owned())),
        k => Ok(k),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use spectrum_core::{Kind, Route};
    use spectrum_linalg::Plan;

    fn id() -> MatrixId {
        MatrixId { step: 0, layer: "a".into(), kind: Kind::Weight, view: "matrix".into() }
    }

    fn values_of(rows: &StepRows) -> Vec<f64> {
        rows.records.iter().map(|r| r.outcome.value().unwrap()).collect()
    }

    fn values(rows: &StepRows) -> Vec<Option<f64>> {
        rows.records.iter().map(|r| r.outcome.value()).collect()
    }

    /// Two diagonal matrices share their axes in the same order; with the second's order reversed only the middle one of three is
    /// left, and a transposed second layer meets on its other side.
    #[test]
    fn axes_meet_in_their_order() {
        let mut plan = Plan::new();
        let mut diagonal = |d: [f64; 3]| {
            let m: Vec<f64> = (0..9).map(|k| if k % 4 == 0 { d[k / 4] } else { 0.0 }).collect();
            plan.spectrum_of(&m, 3, 3, Route::Vectors, 3).unwrap()
        };
        let (a, b, c) = (diagonal([3.0, 2.0, 1.0]), diagonal([5.0, 4.0, 3.0]), diagonal([1.0, 2.0, 3.0]));
        let score = |x: &Spectrum, y: &Spectrum| {
            let mut rows = StepRows::new(0);
            records(&id(), &[(Ok(x), Ok(y))], Meeting::Consecutive, &mut rows);
            values(&rows)
        };
        let baseline = Some((2.0 / (std::f64::consts::PI * 3.0)).sqrt());
        assert_eq!(score(&a, &b), [Some(1.0), Some(1.0), baseline]);
        let mixed = score(&a, &c);
        assert!((mixed[0].unwrap() - 1.0 / 3.0).abs() < 1e-12 && mixed[1].unwrap() < 1e-12);
    }

    /// Acceptance test 4 of the specification: of independent layers the score is near sqrt(2/(pi dim)).
    #[test]
    fn independent_layers_are_at_the_baseline() {
        use rand_chacha::ChaCha8Rng;
        use rand_chacha::rand_core::SeedableRng;
        use rand_distr::{Distribution, StandardNormal};
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let mut plan = Plan::new();
        let mut draw = |rows: usize, cols: usize| {
            let m: Vec<f64> = (0..rows * cols).map(|_| StandardNormal.sample(&mut rng)).collect();
            plan.spectrum_of(&m, rows, cols, Route::Gram, 10).unwrap()
        };
        let mut sum = 0.0;
        for _ in 0..8 {
            let (a, b) = (draw(96, 40), draw(30, 96));
            let mut rows = StepRows::new(0);
            records(&id(), &[(Ok(&a), Ok(&b))], Meeting::Consecutive, &mut rows);
            sum += values(&rows)[0].unwrap() / 8.0;
        }
        // 80 terms of mean 0.0814 and deviation 0.0615: 0.0069 for their mean.
        assert!((sum - (2.0 / (std::f64::consts::PI * 96.0)).sqrt()).abs() < 4.0 * 0.0069, "{sum}");
    }

    /// Two heads in the plane, the second with three dimensions and one pair more.
    #[test]
    fn heads_are_averaged() {
        let vectors = |len: usize, data: &[f64]| Vectors { len, count: data.len() / len, data: data.to_vec() };
        let (a, b) = (vectors(2, &[1.0, 0.0, 0.0, 1.0]), vectors(2, &[0.6, 0.8, -0.8, 0.6]));
        let (c, d) = (
            vectors(3, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]),
            vectors(3, &[1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0]),
        );
        let single = diagonal(&id(), &a, &b).unwrap();
        assert_eq!((single.name.as_str(), single.rows, single.cols), ("alignment_diagonal", 2, 1));
        assert!(single.data.iter().all(|x| (x - 0.6).abs() < 1e-15));
        let mut rows = StepRows::new(0);
        records_of_pairs(&id(), &[(&a, &b), (&c, &d)], &mut rows);
        let found: Vec<f64> = values(&rows).into_iter().flatten().collect();
        let baseline = |d: f64| (2.0 / (std::f64::consts::PI * d)).sqrt();
        // Scores 0.6 of two pairs and 1/3 of three.
        let expected = [(0.6 + 1.0 / 3.0) / 2.0, 0.8, (baseline(2.0) + baseline(3.0)) / 2.0];
        assert!(found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-15) && found.len() == 3, "{found:?}");
        assert_eq!(rows.blobs.len(), 1);
        assert!(rows.blobs[0].data.iter().zip([0.8, 0.3]).all(|(f, e)| (f - e).abs() < 1e-15));
        assert_eq!(rows.blobs[0].rows, 2);
    }

    #[test]
    fn pairs_that_cannot_meet_say_why() {
        let vectors = |len: usize, data: &[f64]| Vectors { len, count: data.len() / len, data: data.to_vec() };
        let (a, b, none, zero) =
            (vectors(2, &[1.0, 0.0]), vectors(3, &[1.0, 0.0, 0.0]), vectors(2, &[]), vectors(2, &[0.0; 2]));
        let reason = |pairs: &[(&Vectors, &Vectors)]| {
            let mut rows = StepRows::new(0);
            records_of_pairs(&id(), pairs, &mut rows);
            assert!(rows.blobs.is_empty() && rows.records.len() == 3);
            rows.records[0].outcome.reason().cloned()
        };
        assert!(matches!(reason(&[]), Some(Reason::NotApplicable(_))));
        assert!(matches!(reason(&[(&a, &a), (&a, &b)]), Some(Reason::NotApplicable(_))));
        assert!(matches!(reason(&[(&a, &none)]), Some(Reason::NotComputed(_))));
        assert_eq!(reason(&[(&a, &zero)]), Some(Reason::NotFinite));
        assert_eq!(diagonal(&id(), &zero, &a).err(), Some(Reason::NotFinite));
    }

    /// A 3 x 3 convolution that passes its three channels on at the centre and nowhere else has the centre taps of the identity; one
    /// that does so at a corner has none.
    #[test]
    fn convolutions_meet_at_the_centre_of_the_kernel() {
        let mut plan = Plan::new();
        let values = [3.0, 2.0, 1.0];
        let diagonal: Vec<f64> = (0..9).map(|k| if k % 4 == 0 { values[k / 4] } else { 0.0 }).collect();
        let first = plan.spectrum_of(&diagonal, 3, 3, Route::Vectors, 3).unwrap();
        let mut tap = |position: usize| {
            // Column-major 3 x 27: column 9 c + position is s_c e_c.
            let mut m = vec![0.0; 3 * 27];
            (0..3).for_each(|c| m[(9 * c + position) * 3 + c] = values[c]);
            plan.spectrum_of(&m, 3, 27, Route::Vectors, 3).unwrap()
        };
        let (centre, corner) = (tap(4), tap(0));
        let score = |second: &Spectrum| {
            let mut rows = StepRows::new(0);
            records(&id(), &[(Ok(&first), Ok(second))], Meeting::CentreTap { positions: 9 }, &mut rows);
            values_of(&rows)
        };
        let baseline = (2.0 / (std::f64::consts::PI * 27.0)).sqrt();
        for (found, expected) in score(&centre).iter().zip([1.0, 1.0, baseline]) {
            assert!((found - expected).abs() < 1e-12, "{found}");
        }
        assert!(score(&corner)[0] < 1e-12);
    }

    #[test]
    fn what_cannot_meet_says_why() {
        let mut plan = Plan::new();
        let a = plan.spectrum_of(&[1.0, 2.0, 3.0, 4.0], 2, 2, Route::Gram, 0).unwrap();
        let b = plan.spectrum_of(&[1.0; 9], 3, 3, Route::Gram, 2).unwrap();
        let c = plan.spectrum_of(&[1.0, 2.0, 3.0, 4.0], 2, 2, Route::Gram, 2).unwrap();
        let mut rows = StepRows::new(0);
        records(&id(), &[(Ok(&a), Ok(&c))], Meeting::Consecutive, &mut rows);
        records(&id(), &[(Ok(&c), Ok(&b))], Meeting::Consecutive, &mut rows);
        assert!(matches!(rows.records[0].outcome, Outcome::Missing(Reason::NotComputed(_))));
        assert!(matches!(rows.records[3].outcome, Outcome::Missing(Reason::NotApplicable(_))));
    }
}
