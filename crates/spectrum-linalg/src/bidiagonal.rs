//! Routes `svd` and `vectors`: faer's bidiagonalisation.

use faer::diag::DiagMut;
use faer::linalg::svd::{ComputeSvdVectors, svd, svd_scratch};
use faer::{MatMut, Par, Spec};

use crate::LinalgError;
use crate::plan::{Found, Plan};
use crate::tridiagonal::matrix;
use crate::workspace::{area, room};

impl Plan {
    /// All singular values, and thin vectors of which `wanted` are kept.
    pub(crate) fn by_bidiagonalisation(
        &mut self,
        data: &[f64],
        rows: usize,
        cols: usize,
        wanted: usize,
    ) -> Result<Found, LinalgError> {
        let n = rows.min(cols);
        let compute = if wanted > 0 { ComputeSvdVectors::Thin } else { ComputeSvdVectors::No };
        let stack = self.scratch.stack(svd_scratch::<f64>(rows, cols, compute, compute, Par::Seq, Spec::default()))?;
        let mut values = vec![0.0; n];
        let (mut u, mut v) = (None, None);
        if wanted > 0 {
            u = Some(MatMut::from_column_major_slice_mut(room(&mut self.left, area(rows, n)?)?, rows, n));
            v = Some(MatMut::from_column_major_slice_mut(room(&mut self.right, area(cols, n)?)?, cols, n));
        }
        let a = matrix(data, rows, cols);
        svd(a, DiagMut::from_slice_mut(&mut values), u, v, Par::Seq, stack, Spec::default())
            .map_err(|_| LinalgError::NoConvergence("the singular value decomposition"))?;
        // Four: null values of matrices with hundreds of zero rows came out at 2.7 times the bound without it.
        let floor = values[0] * (4.0 * rows.max(cols) as f64 * f64::EPSILON);
        let pairs = (wanted > 0).then(|| (self.left[..rows * wanted].to_vec(), self.right[..cols * wanted].to_vec()));
        Ok(Found { values, floor, pairs })
    }
}
