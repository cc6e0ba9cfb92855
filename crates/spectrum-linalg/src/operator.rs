//! Products with a matrix of any magnitude, without a scaled copy of it.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

use crate::tridiagonal::matrix;

/// A matrix seen from its long side, times 2^-exponent: `long` x `short` with long >= short.
#[derive(Clone, Copy)]
pub(crate) struct Operator<'a> {
    tall: MatRef<'a, f64>,
    exponent: i32,
    transposed: bool,
}

impl<'a> Operator<'a> {
    /// The `rows` x `cols` matrix in `data` (column-major), or its transpose when it is wide.
    pub(crate) fn new(data: &'a [f64], rows: usize, cols: usize, exponent: i32) -> Self {
        let a = matrix(data, rows, cols);
        let transposed = rows < cols;
        Self { tall: if transposed { a.transpose() } else { a }, exponent, transposed }
    }

    /// The matrix without its power of two.
    pub(crate) fn unscaled(&self) -> MatRef<'a, f64> {
        self.tall
    }

    /// The e of the factor 2^-e.
    pub(crate) fn exponent(&self) -> i32 {
        self.exponent
    }

    /// max(rows, cols).
    pub(crate) fn long(&self) -> usize {
        self.tall.nrows()
    }

    /// min(rows, cols).
    pub(crate) fn short(&self) -> usize {
        self.tall.ncols()
    }

    /// Y = A X for the columns of `x`, each of the short length.
    pub(crate) fn apply(&self, x: &[f64], y: &mut [f64]) {
        self.product(self.tall, x, y);
    }

    /// X = A^T Y for the columns of `y`, each of the long length.
    pub(crate) fn apply_transposed(&self, y: &[f64], x: &mut [f64]) {
        self.product(self.tall.transpose(), y, x);
    }

    /// Vectors of the long and of the short side as (left, right) of the matrix as it was given.
    pub(crate) fn sides<T>(&self, long: T, short: T) -> (T, T) {
        if self.transposed { (short, long) } else { (long, short) }
    }

    fn product(&self, a: MatRef<'_, f64>, x: &[f64], out: &mut [f64]) {
        let (rows, inner) = (a.nrows(), a.ncols());
        if inner == 0 || x.is_empty() {
            return;
        }
        let columns = x.len() / inner;
        let out = MatMut::from_column_major_slice_mut(out, rows, columns);
        if self.exponent == 0 {
            matmul(out, Accum::Replace, a, matrix(x, inner, columns), 1.0, Par::Seq);
            return;
        }
        // Half of the factor before and half after: 2^-exponent and the products with it may leave the range.
        let half = self.exponent / 2;
        let factor = 2f64.powi(-half);
        let x: Vec<f64> = x.iter().map(|v| v * factor).collect();
        matmul(out, Accum::Replace, a, matrix(&x, inner, columns), 2f64.powi(half - self.exponent), Par::Seq);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A power of two changes no digit of a product, at the ends of the range too.
    #[test]
    fn products_at_every_magnitude() {
        let (m, n, k) = (37, 21, 3);
        let a: Vec<f64> = (0..m * n).map(|i| (i as f64).sin()).collect();
        let x: Vec<f64> = (0..n * k).map(|i| (i as f64).cos()).collect();
        let (mut y, mut z) = (vec![0.0; m * k], vec![0.0; n * k]);
        let plain = Operator::new(&a, m, n, 0);
        plain.apply(&x, &mut y);
        plain.apply_transposed(&y, &mut z);
        for j in 0..k {
            for i in 0..m {
                let exact: f64 = (0..n).map(|l| a[i + l * m] * x[l + j * n]).sum();
                assert!((y[i + j * m] - exact).abs() <= 2.0 * n as f64 * f64::EPSILON);
            }
        }
        // 2^-960 leaves the smallest element, 2^-7, its digits.
        for e in [-960, -501, 333, 1000, 1022] {
            let b: Vec<f64> = a.iter().map(|v| v * 2f64.powi(e)).collect();
            let (mut v, mut w) = (vec![f64::NAN; m * k], vec![f64::NAN; n * k]);
            let scaled = Operator::new(&b, m, n, e);
            scaled.apply(&x, &mut v);
            scaled.apply_transposed(&v, &mut w);
            assert_eq!((&v, &w), (&y, &z), "2^{e}");
        }
        let wide = Operator::new(&a, n, m, 0);
        assert_eq!((wide.long(), wide.short(), wide.sides(1, 2)), (m, n, (2, 1)));
    }
}
