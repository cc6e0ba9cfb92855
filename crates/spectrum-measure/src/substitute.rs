//! Weights with something replaced: is it the tail, or the norm?
//!
//! A heavier tail comes with a larger norm, and with other singular vectors. Whether a loss follows the tail is seen on
//! weights that differ from the trained W_t in one of these alone:
//!
//! | weight | | keeps of W_t | takes from W_0 |
//! |---|---|---|---|
//! | [`matched_norm`] | W_t \|W_0\|_F/\|W_t\|_F | vectors, shape of the spectrum | Frobenius norm |
//! | [`initial_values`] | U_t diag(s(W_0)) V_t^T | vectors | singular values |
//! | [`final_values`] | U_0 diag(s(W_t)) V_0^T | singular values | vectors |
//!
//! The i-th largest value goes with the i-th pair of vectors. The norm of [`final_values`] is that of W_t; [`matched_norm`] of
//! it has the shape of W_t's spectrum and, of W_0, both vectors and norm.
//!
//! Matrices are `rows` x `cols`, column-major, in and out. Whoever needs several substitutes of one W_t, or those of many
//! steps of one run, decomposes each matrix once ([`decomposed`]) and combines ([`combined`]).

use spectrum_core::{Reason, Route, Spectrum};
use spectrum_linalg::{Plan, matvec};

/// W_t |W_0|_F/|W_t|_F: the trained weight at the norm of the initial one.
///
/// # Errors
/// [`Reason::Degenerate`] when W_t is zero, [`Reason::NotFinite`] when either or the result is not finite, and
/// [`Reason::NotApplicable`] when the lengths differ.
pub fn matched_norm(weight: &[f64], initial: &[f64]) -> Result<Vec<f64>, Reason> {
    if weight.len() != initial.len() {
        let (n, n0) = (weight.len(), initial.len());
        return Err(Reason::NotApplicable(format!("W_0 has {n0} elements, the weight {n}")));
    }
    let ((largest, root), (largest0, root0)) = (norm(weight)?, norm(initial)?);
    if largest == 0.0 {
        return Err(Reason::Degenerate);
    }
    // Entry by entry over the largest one, so that no square leaves the range of f64.
    let factor = largest0 * (root0 / root);
    let matched: Vec<f64> = weight.iter().map(|w| w / largest * factor).collect();
    if matched.iter().all(|x| x.is_finite()) { Ok(matched) } else { Err(Reason::NotFinite) }
}

/// U_t diag(s(W_0)) V_t^T: the vectors of the trained weight with the initial values.
///
/// # Errors
/// Those of [`decomposed`] and [`combined`].
pub fn initial_values(
    weight: &[f64],
    initial: &[f64],
    rows: usize,
    cols: usize,
    plan: &mut Plan,
) -> Result<Vec<f64>, Reason> {
    let values = plan.spectrum_of(initial, rows, cols, Route::Svd, 0)?;
    combined(&decomposed(weight, rows, cols, plan)?, &values)
}

/// U_0 diag(s(W_t)) V_0^T: the vectors of the initial weight with the trained values.
///
/// # Errors
/// Those of [`decomposed`] and [`combined`].
pub fn final_values(
    weight: &[f64],
    initial: &[f64],
    rows: usize,
    cols: usize,
    plan: &mut Plan,
) -> Result<Vec<f64>, Reason> {
    initial_values(initial, weight, rows, cols, plan)
}

/// A matrix with all its singular values and vectors (route `vectors`: about 6 m n^2 + 20 n^3 operations).
///
/// # Errors
/// [`Reason::NotFinite`], [`Reason::NoConvergence`], and [`Reason::NotComputed`] when the length is not `rows * cols` or the
/// workspace does not fit in memory.
pub fn decomposed(data: &[f64], rows: usize, cols: usize, plan: &mut Plan) -> Result<Spectrum, Reason> {
    Ok(plan.spectrum_of(data, rows, cols, Route::Vectors, 0)?)
}

/// U diag(s) V^T with U, V of one matrix and s of another of the same shape, column-major.
///
/// Values that do not exceed the floor of their own spectrum are zeros up to rounding; where there are no vectors for them
/// they are left out. Vectors of equal values, and so what comes out where the new values differ, are not determined: the
/// decomposition picks some.
///
/// # Errors
/// [`Reason::BelowFloor`] when a value has no vectors to go with, because the matrix that gives the vectors has a lower rank
/// ([`Reason::Degenerate`] when that matrix is zero); [`Reason::NotApplicable`] when the shapes differ;
/// [`Reason::NotComputed`] when vectors or values are not all there.
pub fn combined(vectors: &Spectrum, values: &Spectrum) -> Result<Vec<f64>, Reason> {
    let (rows, cols) = (vectors.rows, vectors.cols);
    if (rows, cols) != (values.rows, values.cols) {
        let other =
            format!("the values are of a {} x {} matrix, the vectors of {rows} x {cols}", values.rows, values.cols);
        return Err(Reason::NotApplicable(other));
    }
    let (Some(left), Some(right)) = (&vectors.left, &vectors.right) else {
        return Err(Reason::NotComputed("all singular vectors".to_owned()));
    };
    if !values.is_complete() {
        return Err(Reason::NotComputed("all singular values".to_owned()));
    }
    let (count, s) = (left.count.min(right.count), &values.singular_values);
    // Descending: the first value without vectors is the largest of them.
    if s.get(count).is_some_and(|s| *s > values.floor) {
        let trusted = vectors.singular_values.get(count).is_none_or(|s| *s > vectors.floor);
        return Err(match (trusted, vectors.top() == 0.0) {
            (true, _) => Reason::NotComputed("all singular vectors".to_owned()),
            (false, true) => Reason::Degenerate,
            (false, false) => Reason::BelowFloor,
        });
    }
    let mut product = vec![0.0; rows * cols];
    let mut weights = vec![0.0; count];
    // Column j is U diag(s) times row j of V; without vectors (all values zero) the zeros stay.
    if count > 0 {
        for (j, column) in product.chunks_exact_mut(rows).enumerate() {
            weights.iter_mut().zip(right.columns().zip(s)).for_each(|(w, (v, s))| *w = v[j] * s);
            matvec(&left.data[..rows * count], rows, count, &weights, column);
        }
    }
    Ok(product)
}

/// The largest size of an entry, and |W|_F divided by it (1 of a zero matrix).
fn norm(w: &[f64]) -> Result<(f64, f64), Reason> {
    if w.iter().any(|x| !x.is_finite()) {
        return Err(Reason::NotFinite);
    }
    let largest = w.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    if largest == 0.0 {
        return Ok((0.0, 1.0));
    }
    Ok((largest, w.iter().map(|x| (x / largest) * (x / largest)).sum::<f64>().sqrt()))
}
