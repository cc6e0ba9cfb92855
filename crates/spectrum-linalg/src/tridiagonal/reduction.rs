//! Householder reduction of a symmetric matrix to tridiagonal form, by panels.
//!
//! J. J. Dongarra, S. J. Hammarling and D. C. Sorensen 1989, *Block reduction of matrices to condensed forms*, as in
//! LAPACK's dsytrd and dlatrd: within a panel the trailing matrix is only read (one symmetric product a column), and
//! a rank-2k product updates it afterwards at the speed of a matrix product. faer's own reduction reads and writes the
//! trailing matrix at every column; it is used for the last rows, where everything is in the nearest cache.

use faer::dyn_stack::StackReq;
use faer::linalg::evd::tridiag::{tridiag_in_place, tridiag_in_place_scratch};
use faer::linalg::householder::{make_householder_in_place, upgrade_householder_factor};
use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, MatMut, Par, Spec};

use super::symmetric_product::symmetric_product;
use crate::LinalgError;
use crate::workspace::{Scratch, area, room};

/// Columns of a panel.
const PANEL: usize = 16;

/// Rows that are left to faer's unblocked reduction.
const TAIL: usize = 96;

/// Buffers of the panels, kept between calls.
#[derive(Default)]
pub(crate) struct Workspace {
    /// Columns v_0, w_0, v_1, w_1, ... of a panel: A - sum (v w^T + w v^T) is the matrix it stands for.
    vw: Vec<f64>,
    /// The same columns with each pair exchanged.
    wv: Vec<f64>,
    w: Vec<f64>,
    small: Vec<f64>,
}

/// Reduces the lower triangle of `a` (n x n, column-major) to tridiagonal form, in the layout of faer's
/// `tridiag_in_place`: diagonal and subdiagonal in place, reflectors below, block factors in `h` (block x n - 1).
pub(crate) fn tridiagonalise(
    a: &mut [f64],
    n: usize,
    h: &mut [f64],
    block: usize,
    work: &mut Workspace,
    scratch: &mut Scratch,
) -> Result<(), LinalgError> {
    let mut first = 0;
    if n > TAIL + block {
        debug_assert_eq!(block % PANEL, 0);
        room(&mut work.vw, area(n, 2 * PANEL)?)?;
        room(&mut work.wv, area(n, 2 * PANEL)?)?;
        room(&mut work.w, n)?;
        room(&mut work.small, 2 * PANEL)?;
        while n - first > TAIL + block {
            for start in (first..first + block).step_by(PANEL) {
                panel(a, n, start, h, block, work);
            }
            let (reflectors, mut factors) = (
                faer::MatRef::from_column_major_slice(a, n, n).submatrix(first + 1, first, n - first - 1, block),
                MatMut::from_column_major_slice_mut(h, block, n - 1).subcols_mut(first, block),
            );
            for k in 0..block {
                factors[(k, k)] = factors[(0, k)];
            }
            upgrade_householder_factor(factors, reflectors, block, 1, Par::Seq);
            first += block;
        }
    }
    let need: StackReq = tridiag_in_place_scratch::<f64>(n - first, Par::Seq, Spec::default());
    let rest = MatMut::from_column_major_slice_mut(a, n, n).submatrix_mut(first, first, n - first, n - first);
    let factors = MatMut::from_column_major_slice_mut(h, block, n - 1).subcols_mut(first, n - 1 - first);
    tridiag_in_place(rest, factors, Par::Seq, scratch.stack(need)?, Spec::default());
    Ok(())
}

/// Reduces columns start..start + PANEL and updates the rest of the matrix.
fn panel(a: &mut [f64], n: usize, start: usize, h: &mut [f64], block: usize, work: &mut Workspace) {
    let Workspace { vw, wv, w, small } = work;
    let mut off = [0.0; PANEL];
    for i in 0..PANEL {
        let k = start + i;
        let rows = n - k - 1;
        let (vw_done, wv_done) = (matrix_of(vw, n, 2 * i), matrix_of(wv, n, 2 * i));
        let (head, trailing) = a.split_at_mut((k + 1) * n);
        let column = &mut head[k * n + k..];
        // The column as the reflections before it in this panel left it.
        for (p, c) in small[..2 * i].iter_mut().enumerate() {
            *c = wv_done[(k, p)];
        }
        gemv(column, -1.0, vw_done.subrows(k, rows + 1), &small[..2 * i]);
        // Reflector: v = (1, rest), H = I - v v^T / tau.
        let (alpha, rest) = column[1..].split_at_mut(1);
        let tail_len = rest.len();
        let info =
            make_householder_in_place(&mut alpha[0], MatMut::from_column_major_slice_mut(rest, tail_len, 1).col_mut(0));
        off[i] = alpha[0];
        alpha[0] = 1.0;
        h[k * block] = info.tau;
        let inverse = 1.0 / info.tau;
        let v = &column[1..];
        // w = (A - V W^T - W V^T) v / tau - (v^T w / 2 tau) v
        let w = &mut w[..rows];
        symmetric_product(&trailing[k + 1..], n, v, w);
        let c = &mut small[..2 * i];
        gemv_transposed(c, wv_done.subrows(k + 1, rows), v);
        gemv(w, -1.0, vw_done.subrows(k + 1, rows), c);
        let half: f64 = 0.5 * inverse * inverse * w.iter().zip(v).map(|(a, b)| a * b).sum::<f64>();
        w.iter_mut().zip(v).for_each(|(w, v)| *w = *w * inverse - half * v);
        for (buffer, even, odd) in [(&mut *vw, v, &*w), (&mut *wv, &*w, v)] {
            let (x, y) = buffer[2 * i * n..(2 * i + 2) * n].split_at_mut(n);
            x[k + 1..].copy_from_slice(even);
            y[k + 1..].copy_from_slice(odd);
        }
    }
    for (i, e) in off.into_iter().enumerate() {
        a[(start + i) * n + start + i + 1] = e;
    }
    let next = start + PANEL;
    triangular::matmul(
        MatMut::from_column_major_slice_mut(a, n, n).submatrix_mut(next, next, n - next, n - next),
        BlockStructure::TriangularLower,
        Accum::Add,
        matrix_of(vw, n, 2 * PANEL).subrows(next, n - next),
        BlockStructure::Rectangular,
        matrix_of(wv, n, 2 * PANEL).subrows(next, n - next).transpose(),
        BlockStructure::Rectangular,
        -1.0,
        Par::Seq,
    );
}

fn matrix_of(data: &[f64], rows: usize, cols: usize) -> faer::MatRef<'_, f64> {
    faer::MatRef::from_column_major_slice(&data[..rows * cols], rows, cols)
}

/// y += factor * A x
fn gemv(y: &mut [f64], factor: f64, a: faer::MatRef<'_, f64>, x: &[f64]) {
    let y = MatMut::from_column_major_slice_mut(y, a.nrows(), 1);
    matmul(y, Accum::Add, a, matrix_of(x, a.ncols(), 1), factor, Par::Seq);
}

/// y = A^T x
fn gemv_transposed(y: &mut [f64], a: faer::MatRef<'_, f64>, x: &[f64]) {
    let y = MatMut::from_column_major_slice_mut(y, a.ncols(), 1);
    matmul(y, Accum::Replace, a.transpose(), matrix_of(x, a.nrows(), 1), 1.0, Par::Seq);
}
