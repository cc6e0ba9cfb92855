//! The operator norm of a symmetric matrix, of either sign, by Lanczos.
//!
//! With full reorthogonalisation and a stop by the residuals of the Ritz pairs at both ends of the spectrum: |A x - theta x| = r
//! says that an eigenvalue of A lies within r of theta (and, theta being a Rayleigh quotient, within r^2/gap). That it is the
//! outermost one rests on the starting vector's having a part in its eigenvector (Kuczynski and Wozniakowski, SIAM J. Matrix
//! Anal. Appl. 13 (1992) 1094), which a vector of fixed random numbers has.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, Par};

use crate::tridiagonal::{Eigen, inverse_iteration, matrix, symmetric_product, symmetric_tridiagonal_eigenvalues};
use crate::workspace::{Scratch, Start};
use crate::{LinalgError, magnitude};

/// Residual asked for, relative to the norm.
const TOLERANCE: f64 = 1e-10;

/// Up to this order all eigenvalues cost less than an iteration.
const DIRECT: usize = 96;

/// Steps between two looks at the Ritz values.
const LOOK: usize = 8;

/// The largest |eigenvalue| of the symmetric n x n matrix in `k`: its operator norm. 0 of an empty matrix.
///
/// Relative error at most 1e-10. The lower triangle is read. Costs 2 n^2 operations a step; a few dozen steps where the largest
/// stands out, some hundreds at the edge of a bulk.
///
/// # Errors
/// [`LinalgError::NotFinite`] when an element of either triangle is, or [`LinalgError::Length`].
pub fn symmetric_operator_norm(k: &[f64], n: usize) -> Result<f64, LinalgError> {
    largest_eigenvalue(&[k], n)
}

/// The operator norm of A - B for symmetric n x n matrices, without forming the difference; otherwise as
/// [`symmetric_operator_norm`]. The error is at most 1e-10 of the answer, beside n epsilon (|A|_2 + |B|_2).
///
/// # Errors
/// As [`symmetric_operator_norm`].
pub fn symmetric_difference_norm(a: &[f64], b: &[f64], n: usize) -> Result<f64, LinalgError> {
    largest_eigenvalue(&[a, b], n)
}

/// The largest |eigenvalue| of the first matrix less the others.
fn largest_eigenvalue(parts: &[&[f64]], n: usize) -> Result<f64, LinalgError> {
    let mut largest = 0.0f64;
    for part in parts {
        if n.checked_mul(n) != Some(part.len()) {
            return Err(LinalgError::Length { rows: n, cols: n, found: part.len() });
        }
        largest = largest.max(magnitude::largest(part)?);
    }
    if largest == 0.0 {
        return Ok(0.0);
    }
    let exponent = magnitude::exponent(largest);
    let norm = if n <= DIRECT { direct(parts, n, exponent)? } else { Lanczos::new(parts, n, exponent).norm()? };
    let norm = magnitude::times_power_of_two(norm, exponent);
    if norm.is_finite() { Ok(norm) } else { Err(LinalgError::NotFinite) }
}

/// Through all eigenvalues, of the matrix times 2^-exponent.
fn direct(parts: &[&[f64]], n: usize, exponent: i32) -> Result<f64, LinalgError> {
    let down = |x: &f64| magnitude::times_power_of_two(*x, -exponent);
    let mut a: Vec<f64> = parts[0].iter().map(down).collect();
    for part in &parts[1..] {
        a.iter_mut().zip(part.iter()).for_each(|(a, b)| *a -= down(b));
    }
    let (mut eigen, mut scratch) = (Eigen::default(), Scratch::default());
    let (values, _) = eigen.of(&mut a, n, 0, &mut scratch)?;
    Ok(values[0].abs().max(values[n - 1].abs()))
}

/// The iteration, on the matrix times 2^-exponent.
struct Lanczos<'a> {
    parts: &'a [&'a [f64]],
    n: usize,
    exponent: i32,
    /// Orthonormal columns of length n.
    basis: Vec<f64>,
    diagonal: Vec<f64>,
    off_diagonal: Vec<f64>,
}

impl<'a> Lanczos<'a> {
    fn new(parts: &'a [&'a [f64]], n: usize, exponent: i32) -> Self {
        let mut basis = vec![0.0; n];
        Start::new(0).fill(&mut basis);
        let norm = length(&basis);
        basis.iter_mut().for_each(|x| *x /= norm);
        Self { parts, n, exponent, basis, diagonal: Vec::new(), off_diagonal: Vec::new() }
    }

    fn norm(mut self) -> Result<f64, LinalgError> {
        let n = self.n;
        let (mut x, mut next, mut part) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        // The sum of the parts' sizes: what is left of a product below its rounding is nothing.
        let mut scale = 0.0f64;
        loop {
            let steps = self.diagonal.len() + 1;
            let last = &self.basis[(steps - 1) * n..];
            // Half of 2^-exponent before and half after the product: the factor itself may leave the range.
            let half = self.exponent / 2;
            x.iter_mut().zip(last).for_each(|(x, q)| *x = q * 2f64.powi(-half));
            let after = 2f64.powi(half - self.exponent);
            next.fill(0.0);
            let mut sizes = 0.0;
            for (i, a) in self.parts.iter().enumerate() {
                symmetric_product(a, n, &x, &mut part);
                sizes += length(&part) * after;
                let sign = if i == 0 { after } else { -after };
                next.iter_mut().zip(&part).for_each(|(y, p)| *y += sign * p);
            }
            scale = scale.max(sizes);
            self.diagonal.push(last.iter().zip(&next).map(|(q, y)| q * y).sum());
            // Against all earlier vectors, twice.
            for _ in 0..2 {
                subtract_projection(&self.basis, &mut next, n);
            }
            let beyond = length(&next);
            let invariant = beyond <= scale * n as f64 * f64::EPSILON;
            let finished = invariant || steps == n;
            if finished || steps.is_multiple_of(LOOK) {
                let ends = [self.end(1.0, beyond)?, self.end(-1.0, beyond)?];
                let norm = ends[0].value.max(ends[1].value);
                let tolerance = TOLERANCE * norm;
                // The other end need not be found, if what was found of it cannot be the larger one.
                if finished || ends.iter().all(|e| e.residual <= tolerance || e.value + e.residual <= norm) {
                    return Ok(norm);
                }
            }
            self.off_diagonal.push(beyond);
            self.basis.extend(next.iter().map(|y| y / beyond));
        }
    }

    /// The largest Ritz value of `sign` times the matrix, with its residual: what lies `beyond` the tridiagonal matrix times the
    /// last component of the vector.
    fn end(&self, sign: f64, beyond: f64) -> Result<End, LinalgError> {
        let k = self.diagonal.len();
        let d: Vec<f64> = self.diagonal.iter().map(|x| sign * x).collect();
        let mut values = symmetric_tridiagonal_eigenvalues(&d, &self.off_diagonal)?;
        values.reverse();
        let mut vector = vec![0.0; k];
        let mut e = self.off_diagonal.clone();
        e.push(0.0);
        inverse_iteration::leading(&d, &e, &values, &mut vector, 1, &mut inverse_iteration::Workspace::default())?;
        Ok(End { value: values[k - 1], residual: beyond * vector[k - 1].abs() })
    }
}

/// An end of the spectrum, as far as it is known: within `residual` of `value` lies an eigenvalue.
struct End {
    value: f64,
    residual: f64,
}

/// w -= Q Q^T w for the orthonormal columns of `q`.
fn subtract_projection(q: &[f64], w: &mut [f64], n: usize) {
    let k = q.len() / n;
    let mut c = vec![0.0; k];
    let q = matrix(q, n, k);
    matmul(
        MatMut::from_column_major_slice_mut(&mut c, k, 1),
        Accum::Replace,
        q.transpose(),
        matrix(w, n, 1),
        1.0,
        Par::Seq,
    );
    matmul(MatMut::from_column_major_slice_mut(w, n, 1), Accum::Add, q, matrix(&c, k, 1), -1.0, Par::Seq);
}

fn length(x: &[f64]) -> f64 {
    x.iter().map(|v| v * v).sum::<f64>().sqrt()
}
