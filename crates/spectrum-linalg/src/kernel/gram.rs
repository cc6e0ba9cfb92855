//! Gram matrices over samples, and Hadamard products of two of them, by blocks.

use std::sync::{Mutex, PoisonError};

use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, MatMut, MatRef, Par};

use crate::solve::mirror;
use crate::tridiagonal::matrix;

/// Rows of a tile of the kernel: with [`MAX_WIDTH`] columns, a product of two tiles stays in the second-level cache.
const ROWS: usize = 512;

/// Sample columns of a block, at most. Beyond this a matrix product is no faster.
const MAX_WIDTH: usize = 256;

/// Blocks that a small kernel is cut into, so that threads find enough to share.
const BLOCKS: usize = 16;

/// `scale` X^T X, n x n with both triangles, for X of `rows` x `n` (column-major, one sample a column).
///
/// Costs rows n^2 operations. The bits do not depend on `threads`. Panics when `x` does not hold `rows * n` elements.
#[must_use]
pub fn sample_gram(x: &[f64], rows: usize, n: usize, scale: f64, threads: usize) -> Vec<f64> {
    let mut k = vec![0.0; n * n];
    add_gram(&mut k, n, x, rows, scale, threads);
    k
}

/// K += `scale` X^T X for the symmetric K in `k` (n x n) and X of `p` x `n` (column-major, one sample a column).
///
/// The lower triangle of K is read; both are written, with equal bits, and do not depend on `threads`. Panics when a length
/// does not fit.
pub fn add_gram(k: &mut [f64], n: usize, x: &[f64], p: usize, scale: f64, threads: usize) {
    assert_eq!(x.len(), p * n, "X must be {p} x {n}");
    if p == 0 {
        return check(k, n);
    }
    let x = matrix(x, p, n);
    over_blocks(k, n, threads, |first, mut block| {
        for_tiles(first, block.ncols(), n, |tile| {
            let target = block.as_mut().subrows_mut(tile.row, tile.rows);
            tile.product(target, Accum::Add, x, scale);
        });
    });
}

/// K += `scale` (X^T X) o (D^T D), o being the product by entries, for the symmetric K in `k` (n x n), X of `p` x `n` and
/// D of `q` x `n` (column-major, one sample a column).
///
/// This is one layer's part of a neural tangent kernel: X holds the inputs of the layer and D the derivatives of the output
/// by its pre-activations. Costs (p + q) n^2 operations and, beside the arguments, 2 MiB a thread. The lower triangle of K is read;
/// both are written, with equal bits, and do not depend on `threads`. Panics when a length does not fit.
#[allow(clippy::too_many_arguments)]
pub fn add_gram_product(k: &mut [f64], n: usize, x: &[f64], p: usize, d: &[f64], q: usize, scale: f64, threads: usize) {
    assert_eq!(x.len(), p * n, "X must be {p} x {n}");
    assert_eq!(d.len(), q * n, "D must be {q} x {n}");
    if p == 0 || q == 0 {
        return check(k, n);
    }
    let (x, d) = (matrix(x, p, n), matrix(d, q, n));
    over_blocks(k, n, threads, |first, mut block| {
        let width = block.ncols();
        let mut left = vec![0.0; ROWS * width];
        let mut right = vec![0.0; ROWS * width];
        for_tiles(first, width, n, |tile| {
            let len = tile.rows * width;
            for (buffer, factor, scale) in [(&mut left, x, scale), (&mut right, d, 1.0)] {
                let target = MatMut::from_column_major_slice_mut(&mut buffer[..len], tile.rows, width);
                tile.product(target, Accum::Replace, factor, scale);
            }
            for j in 0..width {
                let above = if tile.diagonal { j.min(tile.rows) } else { 0 };
                let part = j * tile.rows + above..(j + 1) * tile.rows;
                let target = block.as_mut().col_mut(j).subrows_mut(tile.row + above, tile.rows - above);
                let Some(target) = target.try_as_col_major_mut() else { continue };
                let products = left[part.clone()].iter().zip(&right[part]);
                target.as_slice_mut().iter_mut().zip(products).for_each(|(k, (a, b))| *k += a * b);
            }
        });
    });
}

/// Rows `row`.. of the kernel below (or on) the diagonal, against the sample columns `first`..`first + width`.
struct Tile {
    row: usize,
    rows: usize,
    first: usize,
    width: usize,
    /// Whether the tile begins on the diagonal: its first `width` rows are a triangle.
    diagonal: bool,
}

impl Tile {
    /// target (+)= scale X_rows^T X_columns; of a tile on the diagonal what lies above it is left as it is.
    fn product(&self, target: MatMut<'_, f64>, accum: Accum, x: MatRef<'_, f64>, scale: f64) {
        let columns = x.subcols(self.first, self.width);
        if !self.diagonal {
            return matmul(target, accum, x.subcols(self.row, self.rows).transpose(), columns, scale, Par::Seq);
        }
        triangular::matmul(
            target,
            BlockStructure::TriangularLower,
            accum,
            columns.transpose(),
            BlockStructure::Rectangular,
            columns,
            BlockStructure::Rectangular,
            scale,
            Par::Seq,
        );
    }
}

/// Calls `f` on the tiles that cover columns `first`..`first + width` from the diagonal down.
fn for_tiles(first: usize, width: usize, n: usize, mut f: impl FnMut(Tile)) {
    f(Tile { row: first, rows: width, first, width, diagonal: true });
    for row in (first + width..n).step_by(ROWS) {
        f(Tile { row, rows: ROWS.min(n - row), first, width, diagonal: false });
    }
}

/// Calls `f` with every block of columns of `k`, each once, on up to `threads` threads, then copies the lower triangle to the
/// upper one. The blocks follow from n alone, and so does what is computed in each.
fn over_blocks(k: &mut [f64], n: usize, threads: usize, f: impl Fn(usize, MatMut<'_, f64>) + Sync) {
    check(k, n);
    if n == 0 {
        return;
    }
    let width = n.div_ceil(BLOCKS).next_multiple_of(8).clamp(16, MAX_WIDTH);
    let threads = threads.clamp(1, n.div_ceil(width));
    // Longest block first: whoever is free takes the next.
    let queue = Mutex::new(k.chunks_mut(n * width).enumerate());
    let work = || {
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((index, block)) = next else { break };
            let columns = block.len() / n;
            f(index * width, MatMut::from_column_major_slice_mut(block, n, columns));
        }
    };
    std::thread::scope(|scope| {
        (1..threads).for_each(|_| {
            scope.spawn(work);
        });
        work();
    });
    mirror(k, n);
}

fn check(k: &[f64], n: usize) {
    assert_eq!(k.len(), n * n, "K must be {n} x {n}");
}
