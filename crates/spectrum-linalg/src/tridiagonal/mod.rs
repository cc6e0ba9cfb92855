//! Eigenvalues of a symmetric matrix, and eigenvectors of its largest ones only.
//!
//! As LAPACK's dsyevx: one Householder reduction to tridiagonal form, all eigenvalues by the root-free QL method, and
//! the few eigenvectors that are wanted by inverse iteration and back-transformation. A full set of eigenvectors
//! would cost about 9 n^3 where eight cost O(n^2).

mod eigenvalues;
pub(crate) mod inverse_iteration;
mod reduction;
mod symmetric_product;

pub use eigenvalues::symmetric_tridiagonal_eigenvalues;
use faer::diag::{DiagMut, DiagRef};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd_scratch, tridiagonal_self_adjoint_evd};
use faer::linalg::householder::{
    apply_block_householder_sequence_on_the_left_in_place_scratch as back_scratch,
    apply_block_householder_sequence_on_the_left_in_place_with_conj as back_transform,
};
use faer::{Conj, MatMut, MatRef, Par, Spec};
pub(crate) use symmetric_product::symmetric_product;

use crate::LinalgError;
use crate::workspace::{Scratch, area, room};

/// Reflectors applied together in the back-transformation.
const BLOCK: usize = 32;

/// Workspace of [`Eigen::of`].
#[derive(Default)]
pub(crate) struct Eigen {
    reduction: reduction::Workspace,
    householder: Vec<f64>,
    diagonal: Vec<f64>,
    off_diagonal: Vec<f64>,
    squares: Vec<f64>,
    values: Vec<f64>,
    pub(crate) vectors: Vec<f64>,
    iteration: inverse_iteration::Workspace,
}

impl Eigen {
    /// All eigenvalues, ascending, of the n x n symmetric matrix whose lower triangle is in `a` (column-major,
    /// destroyed), and the eigenvectors of the `k` largest (n x k, the largest first).
    pub(crate) fn of(
        &mut self,
        a: &mut [f64],
        n: usize,
        k: usize,
        scratch: &mut Scratch,
    ) -> Result<(&[f64], &[f64]), LinalgError> {
        let k = k.min(n);
        let block = BLOCK.min(n.saturating_sub(1)).max(1);
        let householder = room(&mut self.householder, area(block, n.saturating_sub(1))?)?;
        reduction::tridiagonalise(a, n, householder, block, &mut self.reduction, scratch)?;
        let reduced = matrix(a, n, n);

        let d = room(&mut self.diagonal, n)?;
        let e = room(&mut self.off_diagonal, n)?;
        for i in 0..n {
            d[i] = reduced[(i, i)];
            e[i] = if i + 1 < n { reduced[(i + 1, i)] } else { 0.0 };
        }
        let values = room(&mut self.values, n)?;
        eigenvalues::ascending(d, e, values, room(&mut self.squares, n)?)?;
        let vectors = if 4 * k > n {
            all_vectors(d, e, values, &mut self.vectors, k, scratch)?
        } else {
            let z = room(&mut self.vectors, area(n, k)?)?;
            inverse_iteration::leading(d, e, values, z, k, &mut self.iteration)?;
            z
        };
        if k > 0 && n > 1 {
            let z = MatMut::from_column_major_slice_mut(vectors, n, k);
            let reflectors = reduced.submatrix(1, 0, n - 1, n - 1);
            let h = matrix(householder, block, n - 1);
            let stack = scratch.stack(back_scratch::<f64>(n, block, k))?;
            back_transform(reflectors, h, Conj::No, z.get_mut(1.., ..), Par::Seq, stack);
        }
        Ok((values, vectors))
    }
}

/// Eigenvectors by divide and conquer, for when a large part of them is wanted: n x k, the largest first.
pub(crate) fn all_vectors<'a>(
    d: &[f64],
    e: &[f64],
    values: &mut [f64],
    out: &'a mut Vec<f64>,
    k: usize,
    scratch: &mut Scratch,
) -> Result<&'a mut [f64], LinalgError> {
    let n = d.len();
    let z = room(out, area(n, n)?)?;
    let need = self_adjoint_evd_scratch::<f64>(n, ComputeEigenvectors::Yes, Par::Seq, Spec::default());
    tridiagonal_self_adjoint_evd(
        DiagRef::from_slice(d),
        DiagRef::from_slice(&e[..n.saturating_sub(1)]),
        DiagMut::from_slice_mut(values),
        Some(MatMut::from_column_major_slice_mut(z, n, n)),
        Par::Seq,
        scratch.stack(need)?,
        Spec::default(),
    )
    .map_err(|_| LinalgError::NoConvergence("the tridiagonal divide and conquer"))?;
    // Ascending order to descending, in place.
    for j in 0..n / 2 {
        let (left, right) = z.split_at_mut((n - 1 - j) * n);
        left[j * n..(j + 1) * n].swap_with_slice(&mut right[..n]);
    }
    Ok(&mut z[..n * k])
}

/// y = A x - lambda x for the tridiagonal A, as its Euclidean norm.
pub(crate) fn residual(d: &[f64], e: &[f64], lambda: f64, x: &[f64]) -> f64 {
    let n = d.len();
    let mut sum = 0.0;
    for i in 0..n {
        let mut y = (d[i] - lambda) * x[i];
        if i > 0 {
            y += e[i - 1] * x[i - 1];
        }
        if i + 1 < n {
            y += e[i] * x[i + 1];
        }
        sum += y * y;
    }
    sum.sqrt()
}

/// A view of column-major `data`.
pub(crate) fn matrix(data: &[f64], rows: usize, cols: usize) -> MatRef<'_, f64> {
    MatRef::from_column_major_slice(data, rows, cols)
}
