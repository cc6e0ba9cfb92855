//! A matrix of low rank as pairs of vectors.

use spectrum_core::Route;
use spectrum_linalg::{LinalgError, Plan};

use super::product::{add, dot, norm, orthonormal};

/// sum_k output_k input_k^T, output x input (m x d), never formed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LowRank {
    /// The pairs: an output-side vector (m) and an input-side vector (d).
    pub pairs: Vec<(Vec<f64>, Vec<f64>)>,
}

impl LowRank {
    pub(super) fn one(output: Vec<f64>, input: Vec<f64>) -> Self {
        Self { pairs: vec![(output, input)] }
    }

    /// The sum of both.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self { pairs: self.pairs.iter().chain(&other.pairs).cloned().collect() }
    }

    /// The Frobenius norm, from inner products of the vectors.
    #[must_use]
    pub fn frobenius_norm(&self) -> f64 {
        match self.pairs.as_slice() {
            [(u, v)] => norm(u) * norm(v),
            pairs => {
                let square: f64 =
                    pairs.iter().flat_map(|(u, v)| pairs.iter().map(move |(s, t)| dot(u, s) * dot(v, t))).sum();
                square.max(0.0).sqrt()
            }
        }
    }

    /// The singular values, at most as many as there are pairs.
    ///
    /// # Errors
    /// [`LinalgError::NotFinite`] and [`LinalgError::NoConvergence`].
    pub fn singular_values(&self, plan: &mut Plan) -> Result<Vec<f64>, LinalgError> {
        if let [(u, v)] = self.pairs.as_slice() {
            return Ok(vec![norm(u) * norm(v)]);
        }
        let outputs = orthonormal(self.pairs.iter().map(|p| &p.0[..]));
        let inputs = orthonormal(self.pairs.iter().map(|p| &p.1[..]));
        let (rows, cols) = (outputs.len(), inputs.len());
        if rows == 0 || cols == 0 {
            return Ok(vec![0.0]);
        }
        // The matrix in the two bases.
        let mut small = vec![0.0; rows * cols];
        for (u, v) in &self.pairs {
            for (j, b) in inputs.iter().enumerate() {
                let c = dot(v, b);
                small[j * rows..(j + 1) * rows].iter_mut().zip(&outputs).for_each(|(s, a)| *s += dot(u, a) * c);
            }
        }
        Ok(plan.spectrum_of(&small, rows, cols, Route::Svd, 0)?.singular_values)
    }

    /// The largest singular value; 0 without pairs.
    ///
    /// # Errors
    /// As [`singular_values`](Self::singular_values).
    pub fn spectral_norm(&self, plan: &mut Plan) -> Result<f64, LinalgError> {
        Ok(self.singular_values(plan)?.first().copied().unwrap_or(0.0))
    }

    /// Adds `factor` times it to the column-major m x d matrix in `matrix`. Panics when the lengths do not fit.
    pub fn add_to(&self, factor: f64, matrix: &mut [f64]) {
        for (u, v) in &self.pairs {
            assert_eq!(matrix.len(), u.len() * v.len(), "a matrix of {} x {}", u.len(), v.len());
            for (column, x) in matrix.chunks_exact_mut(u.len().max(1)).zip(v) {
                add(column, factor * x, u);
            }
        }
    }
}
