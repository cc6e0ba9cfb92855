//! Gram matrices of features, ridge systems and matrix-vector products.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, Par, Spec};

use crate::LinalgError;
use crate::gram::lower_gram;
use crate::tridiagonal::matrix;

/// Rows and columns mirrored together: two tiles of doubles stay in the first-level cache.
const TILE: usize = 32;

/// F F^T, h x h, of features F (h x n, column-major: one column a sample). Both triangles are filled, with equal bits.
///
/// Costs h^2 n: only the lower triangle is multiplied out. Panics when `f` does not hold `h * n` elements.
#[must_use]
pub fn gram_of_features(f: &[f64], h: usize, n: usize) -> Vec<f64> {
    let mut g = vec![0.0; h * h];
    lower_gram(&mut g, matrix(f, h, n).transpose());
    mirror(&mut g, h);
    g
}

/// Copies the lower triangle of the n x n matrix in `a` to the upper one.
pub(crate) fn mirror(a: &mut [f64], n: usize) {
    for j0 in (0..n).step_by(TILE) {
        for i0 in (j0..n).step_by(TILE) {
            for j in j0..(j0 + TILE).min(n) {
                for i in i0.max(j + 1)..(i0 + TILE).min(n) {
                    a[j + i * n] = a[i + j * n];
                }
            }
        }
    }
}

/// Solves (G + lambda I) x = b in place by Cholesky.
///
/// `gram` is h x h, column-major; its lower triangle is read and destroyed. `rhs` holds b (one or several columns of
/// length h) and becomes x. A ridge refit adds `lambda_diag` = lambda in the units of G: callers that divide G by the
/// number of samples divide lambda too.
///
/// # Errors
/// [`LinalgError::NotFinite`] when G, lambda or b hold NaN or infinity; [`LinalgError::NotPositiveDefinite`] when a
/// pivot is not positive: G + lambda I is singular to rounding. [`LinalgError::Length`] when the sizes do not fit.
pub fn ridge(gram: &mut [f64], h: usize, lambda_diag: f64, rhs: &mut [f64]) -> Result<(), LinalgError> {
    if h.checked_mul(h) != Some(gram.len()) {
        return Err(LinalgError::Length { rows: h, cols: h, found: gram.len() });
    }
    if h == 0 || rhs.is_empty() {
        return if rhs.is_empty() { Ok(()) } else { Err(LinalgError::Length { rows: 0, cols: 1, found: rhs.len() }) };
    }
    if !rhs.len().is_multiple_of(h) {
        return Err(LinalgError::Length { rows: h, cols: rhs.len() / h + 1, found: rhs.len() });
    }
    let lower_finite = gram.chunks_exact(h).enumerate().all(|(j, column)| column[j..].iter().all(|x| x.is_finite()));
    if !lambda_diag.is_finite() || !lower_finite || rhs.iter().any(|x| !x.is_finite()) {
        return Err(LinalgError::NotFinite);
    }
    let columns = rhs.len() / h;
    gram.iter_mut().step_by(h + 1).for_each(|d| *d += lambda_diag);
    let mut g = MatMut::from_column_major_slice_mut(gram, h, h);
    let need = llt::factor::cholesky_in_place_scratch::<f64>(h, Par::Seq, Spec::default());
    let mut buffer = MemBuffer::try_new(need).map_err(|_| LinalgError::TooLarge { elements: h })?;
    let stack = MemStack::new(&mut buffer);
    llt::factor::cholesky_in_place(g.as_mut(), Default::default(), Par::Seq, stack, Spec::default())
        .map_err(|llt::factor::LltError::NonPositivePivot { index }| LinalgError::NotPositiveDefinite(index))?;
    llt::solve::solve_in_place(g.as_ref(), MatMut::from_column_major_slice_mut(rhs, h, columns), Par::Seq, stack);
    if rhs.iter().all(|x| x.is_finite()) { Ok(()) } else { Err(LinalgError::NotFinite) }
}

/// y = A x for the `rows` x `cols` matrix `a` (column-major). Panics when a length does not fit.
pub fn matvec(a: &[f64], rows: usize, cols: usize, x: &[f64], y: &mut [f64]) {
    let y = MatMut::from_column_major_slice_mut(y, rows, 1);
    matmul(y, Accum::Replace, matrix(a, rows, cols), matrix(x, cols, 1), 1.0, Par::Seq);
}

/// y = A^T x for the `rows` x `cols` matrix `a` (column-major). Panics when a length does not fit.
pub fn matvec_transposed(a: &[f64], rows: usize, cols: usize, x: &[f64], y: &mut [f64]) {
    let y = MatMut::from_column_major_slice_mut(y, cols, 1);
    matmul(y, Accum::Replace, matrix(a, rows, cols).transpose(), matrix(x, rows, 1), 1.0, Par::Seq);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(h: usize, n: usize) -> Vec<f64> {
        (0..h * n).map(|k| ((k % h) as f64 * 0.7 + (k / h) as f64 * 1.3).sin() + f64::from(k % h == k / h)).collect()
    }

    #[test]
    fn gram_is_the_double_loop() {
        for (h, n) in [(1, 1), (5, 3), (33, 70), (70, 33)] {
            let f = features(h, n);
            let g = gram_of_features(&f, h, n);
            for i in 0..h {
                for j in 0..h {
                    let exact: f64 = (0..n).map(|k| f[i + k * h] * f[j + k * h]).sum();
                    assert!((g[i + j * h] - exact).abs() <= 4.0 * n as f64 * 4.0 * f64::EPSILON);
                    assert_eq!(g[i + j * h].to_bits(), g[j + i * h].to_bits());
                }
            }
        }
    }

    #[test]
    fn ridge_solves_its_equation() {
        let (h, n, lambda) = (40, 60, 0.1);
        let f = features(h, n);
        let g = gram_of_features(&f, h, n);
        let b: Vec<f64> = (0..2 * h).map(|i| (i as f64).cos()).collect();
        let mut x = b.clone();
        ridge(&mut g.clone(), h, lambda, &mut x).unwrap();
        let largest = g.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        for c in 0..2 {
            let (x, b) = (&x[c * h..(c + 1) * h], &b[c * h..(c + 1) * h]);
            let mut gx = vec![0.0; h];
            matvec(&g, h, h, x, &mut gx);
            let size: f64 = x.iter().map(|v| v.abs()).sum::<f64>() * largest;
            for i in 0..h {
                let r = gx[i] + lambda * x[i] - b[i];
                assert!(r.abs() <= 8.0 * h as f64 * f64::EPSILON * size, "{i}: {r:e}");
            }
        }
    }

    #[test]
    fn products() {
        let a = [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]; // ((1, 2, 3), (4, 5, 6))
        let (mut y, mut z) = ([0.0; 2], [0.0; 3]);
        matvec(&a, 2, 3, &[1.0, 0.0, -1.0], &mut y);
        matvec_transposed(&a, 2, 3, &[1.0, -1.0], &mut z);
        assert_eq!((y, z), ([-2.0, -2.0], [-3.0, -3.0, -3.0]));
    }

    #[test]
    fn hostile_systems() {
        let mut x = [1.0, 1.0];
        assert_eq!(ridge(&mut [1.0, 1.0, 1.0, 1.0], 2, -3.0, &mut x), Err(LinalgError::NotPositiveDefinite(0)));
        assert_eq!(ridge(&mut [f64::NAN, 0.0, 0.0, 1.0], 2, 0.0, &mut x), Err(LinalgError::NotFinite));
        assert_eq!(ridge(&mut [1.0], 1, 0.0, &mut [f64::INFINITY]), Err(LinalgError::NotFinite));
        assert!(matches!(ridge(&mut [1.0; 3], 2, 0.0, &mut x), Err(LinalgError::Length { .. })));
        assert!(matches!(ridge(&mut [1.0; 4], 2, 0.0, &mut [1.0; 3]), Err(LinalgError::Length { .. })));
        assert_eq!(ridge(&mut [], 0, 1.0, &mut []), Ok(()));
    }
}
