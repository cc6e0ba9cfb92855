//! Route `gram`: eigenvalues of the Gram matrix of the smaller side, in f64.

use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, MatMut, MatRef, Par};

use crate::LinalgError;
use crate::plan::{Found, Plan};
use crate::tridiagonal::matrix;
use crate::workspace::{area, room};

/// The lower triangle of `a^T a` (n x n for an m x n matrix) into `gram`.
pub(crate) fn lower_gram(gram: &mut [f64], a: MatRef<'_, f64>) {
    let n = a.ncols();
    triangular::matmul(
        MatMut::from_column_major_slice_mut(gram, n, n),
        BlockStructure::TriangularLower,
        Accum::Replace,
        a.transpose(),
        BlockStructure::Rectangular,
        a,
        BlockStructure::Rectangular,
        1.0,
        Par::Seq,
    );
}

impl Plan {
    /// Gram route on a matrix whose squares are in range.
    pub(crate) fn by_gram(
        &mut self,
        data: &[f64],
        rows: usize,
        cols: usize,
        wanted: usize,
    ) -> Result<Found, LinalgError> {
        let a = matrix(data, rows, cols);
        // The eigenvectors of the Gram matrix belong to its own side, here called short.
        let tall = if rows >= cols { a } else { a.transpose() };
        let n = tall.ncols();
        let gram = room(&mut self.gram, area(n, n)?)?;
        lower_gram(gram, tall);
        let (eigenvalues, short) = self.eigen.of(gram, n, wanted, &mut self.scratch)?;
        let values: Vec<f64> = eigenvalues.iter().rev().map(|l| l.max(0.0).sqrt()).collect();
        let floor = values[0] * (n as f64 * f64::EPSILON).sqrt();
        if wanted == 0 {
            return Ok(Found { values, floor, pairs: None });
        }
        let kept = values.iter().take(wanted).take_while(|s| **s > floor).count();
        let short = &short[..n * kept];
        let mut long = vec![0.0; tall.nrows() * kept];
        matmul(
            MatMut::from_column_major_slice_mut(&mut long, tall.nrows(), kept),
            Accum::Replace,
            tall,
            matrix(short, n, kept),
            1.0,
            Par::Seq,
        );
        orthonormalise(&mut long, tall.nrows());
        let short = short.to_vec();
        let pairs = if rows >= cols { (long, short) } else { (short, long) };
        Ok(Found { values, floor, pairs: Some(pairs) })
    }
}

/// Modified Gram-Schmidt on columns of length `len` in order, which are orthogonal but for rounding: A v_i has the
/// error s_1 eps, which counts s_1/s_i as much after division by its length s_i.
fn orthonormalise(columns: &mut [f64], len: usize) {
    for j in 0..columns.len() / len {
        let (before, x) = columns.split_at_mut(j * len);
        let x = &mut x[..len];
        for y in before.chunks_exact(len) {
            let c: f64 = x.iter().zip(y).map(|(a, b)| a * b).sum();
            x.iter_mut().zip(y).for_each(|(a, b)| *a -= c * b);
        }
        let norm = x.iter().map(|v| v * v).sum::<f64>().sqrt();
        x.iter_mut().for_each(|v| *v /= norm);
    }
}
