//! Products of two matrices, and transposition.

use spectrum_linalg::kernel::add_gram;

/// Elements of a tile: two of them stay in the first-level cache.
const TILE: usize = 32;

/// A workspace for products A^T B.
///
/// The Gram matrix of [A B] holds A^T B as a block. That costs (columns of both)^2 p operations where 2 (columns of A)(columns of B) p
/// would do, twice as many for blocks of one size, and it uses the one product of linear algebra that is public.
#[derive(Debug, Default)]
pub(super) struct Products {
    stacked: Vec<f64>,
    gram: Vec<f64>,
}

impl Products {
    /// `visit(j, column)` for each column j of A^T B, A of p x `rows` and B of p x `cols`, each written (column-major) by the
    /// caller into the slice that `fill` gets: first A, then B.
    pub(super) fn transposed(
        &mut self,
        p: usize,
        rows: usize,
        cols: usize,
        fill: impl FnOnce(&mut [f64], &mut [f64]),
        mut visit: impl FnMut(usize, &[f64]),
    ) {
        let side = rows + cols;
        self.stacked.clear();
        self.stacked.resize(p * side, 0.0);
        let (a, b) = self.stacked.split_at_mut(p * rows);
        fill(a, b);
        self.gram.clear();
        self.gram.resize(side * side, 0.0);
        add_gram(&mut self.gram, side, &self.stacked, p, 1.0, 1);
        for (j, column) in self.gram.chunks_exact(side.max(1)).skip(rows).enumerate() {
            visit(j, &column[..rows]);
        }
    }
}

/// Writes A^T (cols x rows) of A (rows x cols), both column-major.
pub(super) fn transpose(a: &[f64], rows: usize, cols: usize, out: &mut [f64]) {
    transpose_with(rows, cols, out, |i, j| a[i + j * rows]);
}

/// Writes the transpose of the rows x cols matrix with elements `at(i, j)`.
pub(super) fn transpose_with(rows: usize, cols: usize, out: &mut [f64], at: impl Fn(usize, usize) -> f64) {
    for i0 in (0..rows).step_by(TILE) {
        for j0 in (0..cols).step_by(TILE) {
            for i in i0..(i0 + TILE).min(rows) {
                for j in j0..(j0 + TILE).min(cols) {
                    out[j + i * cols] = at(i, j);
                }
            }
        }
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

pub(super) fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

/// y += c x.
pub(super) fn add(y: &mut [f64], c: f64, x: &[f64]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y += c * x);
}

/// An orthonormal basis of the span; vectors in the span of those before them leave nothing.
pub(super) fn orthonormal<'a>(vectors: impl IntoIterator<Item = &'a [f64]>) -> Vec<Vec<f64>> {
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for v in vectors {
        let size = norm(v);
        let mut w = v.to_vec();
        for _ in 0..2 {
            for b in &basis {
                let c = -dot(b, &w);
                add(&mut w, c, b);
            }
        }
        let left = norm(&w);
        if left > 1e-12 * size {
            w.iter_mut().for_each(|x| *x /= left);
            basis.push(w);
        }
    }
    basis
}
