//! Route `topk`: the leading singular triplets by a block Krylov method with restarts.
//!
//! Musco and Musco 2015 (arXiv:1504.05477), algorithm 2, with full reorthogonalisation, thick restarts and a stop
//! that is certified by residuals instead of a fixed number of steps. Where the values lie too close together for
//! that (a gap of g needs a degree of about 1/sqrt(g)), the search ends at a bounded cost and says how far it came.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

use crate::LinalgError;
use crate::operator::Operator;
use crate::plan::{Found, Plan};
use crate::tridiagonal::matrix;
use crate::workspace::Start;

/// Columns of a block beyond the wanted ones: they speed up the last wanted pair.
const EXTRA: usize = 8;

/// Residual asked for, relative to the largest singular value.
const TOLERANCE: f64 = 1e-10;

/// Restarts before the search ends with the residual that it has reached: about what all values would cost by their
/// Gram matrix. Each adds seven to the degree of the polynomial; the eighth value at the flat edge of a Gaussian
/// 8192 x 4096 needs fourteen, spikes above it one or two.
const RESTARTS: usize = 16;

fn product(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Vec<f64> {
    let mut out = vec![0.0; a.nrows() * b.ncols()];
    let c = MatMut::from_column_major_slice_mut(&mut out, a.nrows(), b.ncols());
    matmul(c, Accum::Replace, a, b, 1.0, Par::Seq);
    out
}

/// A X
fn times(a: Operator<'_>, x: &[f64]) -> Vec<f64> {
    let mut y = vec![0.0; x.len() / a.short() * a.long()];
    a.apply(x, &mut y);
    y
}

/// A^T Y
fn transposed_times(a: Operator<'_>, y: &[f64]) -> Vec<f64> {
    let mut x = vec![0.0; y.len() / a.long() * a.short()];
    a.apply_transposed(y, &mut x);
    x
}

impl Plan {
    /// The `wanted` (at least one) leading singular triplets. The floor is the largest residual |A^T u - s v|, with
    /// A v = s u to rounding: within it of every value lies a singular value.
    pub(crate) fn by_krylov(&mut self, a: Operator<'_>, wanted: usize) -> Result<Found, LinalgError> {
        let (m, n) = (a.long(), a.short());
        let k = wanted.max(1).min(n);
        let block = (k + EXTRA).min(n);
        let limit = (8 * block).max(64).min(n);
        let mut start = Start::new(0);
        let mut next = vec![0.0; n * block];
        start.fill(&mut next);
        // Q spans the search space on the short side; Y = A Q.
        let (mut q, mut y) = (Vec::with_capacity(n * limit), Vec::with_capacity(m * limit));
        let mut restarts = 0;
        loop {
            // Expand to the limit.
            loop {
                next.truncate(n * (limit - q.len() / n).min(block));
                let old = q.len();
                append_orthonormal(&mut q, &next, n);
                if q.len() == old {
                    break;
                }
                y.extend(times(a, &q[old..]));
                if q.len() >= n * limit {
                    break;
                }
                next = transposed_times(a, &y[m * (old / n)..]);
            }
            // Rayleigh-Ritz: Y = U S W^T, right vectors V = Q W, left vectors U, and A V = U S exactly.
            let c = q.len() / n;
            let ritz = self.by_bidiagonalisation(&y, m, c, block.min(c))?;
            let (u, w) = ritz.pairs.ok_or(LinalgError::NoConvergence("block Krylov"))?;
            let v = product(matrix(&q, n, c), matrix(&w, c, w.len() / c));
            // The residual A^T u - s v of every kept pair; it also is the next direction of the search.
            let mut residuals = transposed_times(a, &u);
            let mut worst = 0.0f64;
            for (j, r) in residuals.chunks_exact_mut(n).enumerate() {
                r.iter_mut().zip(&v[j * n..]).for_each(|(r, v)| *r -= ritz.values[j] * v);
                let norm = r.iter().map(|x| x * x).sum::<f64>().sqrt();
                if j < k {
                    worst = worst.max(norm);
                }
            }
            if worst <= TOLERANCE * ritz.values[0] || restarts == RESTARTS {
                let mut values = ritz.values;
                values.truncate(k);
                let floor = worst.max(values[0] * m as f64 * f64::EPSILON);
                let (u, v) = (u[..m * k].to_vec(), v[..n * k].to_vec());
                let pairs = (wanted > 0).then(|| a.sides(u, v));
                return Ok(Found { values, floor, pairs });
            }
            // Thick restart: keep the Ritz vectors and go on with their residuals.
            y.clear();
            for (j, u) in u.chunks_exact(m).enumerate() {
                y.extend(u.iter().map(|x| x * ritz.values[j]));
            }
            q = v;
            next = residuals;
            restarts += 1;
        }
    }
}

/// Appends the columns of `x` to the orthonormal columns of `q`, orthonormalised; columns that lie in the span are
/// dropped.
fn append_orthonormal(q: &mut Vec<f64>, x: &[f64], n: usize) {
    for column in x.chunks_exact(n) {
        let norm = |x: &[f64]| x.iter().map(|v| v * v).sum::<f64>().sqrt();
        let mut x = column.to_vec();
        let before = norm(&x);
        if before == 0.0 || !before.is_finite() {
            continue;
        }
        x.iter_mut().for_each(|v| *v /= before);
        let mut dropped = false;
        // Twice is enough (Giraud, Langou and Rozloznik 2005), a third time after strong cancellation.
        for _ in 0..3 {
            let count = q.len() / n;
            let c = product(matrix(q, n, count).transpose(), matrix(&x, n, 1));
            matmul(
                MatMut::from_column_major_slice_mut(&mut x, n, 1),
                Accum::Add,
                matrix(q, n, count),
                matrix(&c, count, 1),
                -1.0,
                Par::Seq,
            );
            let left = norm(&x);
            if left <= 1e2 * n as f64 * f64::EPSILON {
                dropped = true;
                break;
            }
            x.iter_mut().for_each(|v| *v /= left);
        }
        if !dropped {
            q.extend(x);
        }
    }
}
