//! Route `gram`: eigenvalues of the Gram matrix of the smaller side, in f64.

use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, MatMut, MatRef, Par};

use crate::operator::Operator;
use crate::plan::{Found, Plan};
use crate::tridiagonal::matrix;
use crate::workspace::{area, room};
use crate::{LinalgError, magnitude};

/// Doubles of a scaled copy at a time, when the magnitude of a matrix asks for one.
const PANEL: usize = 1 << 18;

/// The lower triangle of `a^T a` (n x n for an m x n matrix) into `gram`.
pub(crate) fn lower_gram(gram: &mut [f64], a: MatRef<'_, f64>) {
    add_lower_gram(gram, a, Accum::Replace);
}

fn add_lower_gram(gram: &mut [f64], a: MatRef<'_, f64>, accum: Accum) {
    let n = a.ncols();
    triangular::matmul(
        MatMut::from_column_major_slice_mut(gram, n, n),
        BlockStructure::TriangularLower,
        accum,
        a.transpose(),
        BlockStructure::Rectangular,
        a,
        BlockStructure::Rectangular,
        1.0,
        Par::Seq,
    );
}

/// [`lower_gram`] of an operator whose squares leave the range without its power of two: rows are scaled into `panel`,
/// a few at a time.
fn scaled_lower_gram(gram: &mut [f64], a: Operator<'_>, panel: &mut Vec<f64>) -> Result<(), LinalgError> {
    let (m, n) = (a.long(), a.short());
    let height = (PANEL / n).clamp(1, m);
    for first in (0..m).step_by(height) {
        let height = height.min(m - first);
        let rows = a.unscaled().subrows(first, height);
        let panel = room(panel, area(height, n)?)?;
        for (j, column) in panel.chunks_exact_mut(height).enumerate() {
            for (i, x) in column.iter_mut().enumerate() {
                *x = magnitude::times_power_of_two(rows[(i, j)], -a.exponent());
            }
        }
        let accum = if first == 0 { Accum::Replace } else { Accum::Add };
        add_lower_gram(gram, matrix(panel, height, n), accum);
    }
    Ok(())
}

impl Plan {
    /// Gram route on a matrix whose squares are in range once its power of two is taken out. Beside the data it needs
    /// the Gram matrix and the vectors that are asked for.
    pub(crate) fn by_gram(&mut self, a: Operator<'_>, wanted: usize) -> Result<Found, LinalgError> {
        // The eigenvectors of the Gram matrix belong to its own side, here called short.
        let (m, n) = (a.long(), a.short());
        let gram = room(&mut self.gram, area(n, n)?)?;
        if a.exponent() == 0 {
            lower_gram(gram, a.unscaled());
        } else {
            scaled_lower_gram(gram, a, &mut self.scaled)?;
        }
        let (eigenvalues, short) = self.eigen.of(gram, n, wanted, &mut self.scratch)?;
        let values: Vec<f64> = eigenvalues.iter().rev().map(|l| l.max(0.0).sqrt()).collect();
        let floor = values[0] * (n as f64 * f64::EPSILON).sqrt();
        if wanted == 0 {
            return Ok(Found { values, floor, pairs: None });
        }
        let kept = values.iter().take(wanted).take_while(|s| **s > floor).count();
        let short = &short[..n * kept];
        let mut long = vec![0.0; m * kept];
        a.apply(short, &mut long);
        orthonormalise(&mut long, m);
        Ok(Found { values, floor, pairs: Some(a.sides(long, short.to_vec())) })
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
