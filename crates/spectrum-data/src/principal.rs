//! Principal components of a set.

use crate::symmetric::{dot, fix_sign, leading};
use crate::{DataError, Dataset};

/// The leading principal components of a set: eigenvectors of its (population) covariance.
#[derive(Debug, Clone, PartialEq)]
pub struct PrincipalComponents {
    /// The mean sample (length `dim`).
    pub mean: Vec<f64>,
    /// Orthonormal directions (each of length `dim`), by descending variance; the largest component of each is
    /// positive.
    pub directions: Vec<Vec<f64>>,
    /// Variance along each direction, divided by n and not by n - 1.
    pub variances: Vec<f64>,
    /// Variance in all directions together: the trace of the covariance.
    pub total_variance: f64,
}

impl PrincipalComponents {
    /// The `k` leading ones, by block power iteration on the smaller of X^T X and X X^T.
    ///
    /// # Errors
    /// [`DataError::Request`] when `k` is above the rank of the centred inputs, [`DataError::NoConvergence`] when
    /// eigenvalue k and those after it lie too close together.
    pub fn of(set: &Dataset, k: usize) -> Result<Self, DataError> {
        let mean = set.mean_sample();
        let moment = Moment::of(set, &mean);
        let rank = |found: usize| DataError::Request {
            what: "the number of principal components",
            found: found.to_string(),
            expected: "at most the rank of the centred training inputs",
        };
        if k > moment.size {
            return Err(rank(k));
        }
        if k == 0 {
            return Ok(Self { mean, directions: vec![], variances: vec![], total_variance: moment.trace() });
        }
        let found = moment.leading(k)?;
        let floor = (set.n.max(set.dim)) as f64 * f64::EPSILON * found.values[0];
        if found.values.iter().any(|&v| v <= floor) {
            return Err(rank(k));
        }
        let directions = if moment.of_features {
            found.vectors
        } else {
            found.vectors.iter().map(|u| back(set, &mean, u)).collect()
        };
        Ok(Self { mean, directions, variances: found.values, total_variance: moment.trace() })
    }
}

/// The direction in feature space that belongs to a left singular vector `u`: X^T u, of unit norm.
fn back(set: &Dataset, mean: &[f64], u: &[f64]) -> Vec<f64> {
    let mut v = vec![0.0; set.dim];
    for (i, &c) in u.iter().enumerate() {
        for ((v, &x), m) in v.iter_mut().zip(set.row(i)).zip(mean) {
            *v += c * (f64::from(x) - m);
        }
    }
    let norm = dot(&v, &v).sqrt();
    v.iter_mut().for_each(|x| *x /= norm);
    fix_sign(&mut v);
    v
}

/// (1/n) X^T X (features, d x d) where d <= n, else (1/n) X X^T (samples, n x n), of shifted rows: the two have the
/// same nonzero eigenvalues.
pub(crate) struct Moment {
    pub matrix: Vec<f64>,
    pub size: usize,
    pub of_features: bool,
}

/// Rows that are widened and transposed at a time: 64 x 784 numbers stay in a core's own cache.
const BLOCK: usize = 64;

impl Moment {
    pub(crate) fn of(set: &Dataset, shift: &[f64]) -> Self {
        let (n, d) = (set.n, set.dim);
        let of_features = d <= n;
        let size = d.min(n);
        let mut matrix = vec![0.0; size * size];
        let scale = 1.0 / n as f64;
        if of_features {
            let mut block = vec![0.0; d * BLOCK];
            for start in (0..n).step_by(BLOCK) {
                let rows = BLOCK.min(n - start);
                for r in 0..rows {
                    for (j, (&x, m)) in set.row(start + r).iter().zip(shift).enumerate() {
                        block[j * BLOCK + r] = f64::from(x) - m;
                    }
                }
                for i in 0..d {
                    let a = &block[i * BLOCK..i * BLOCK + rows];
                    for j in 0..=i {
                        matrix[i * d + j] += dot(a, &block[j * BLOCK..j * BLOCK + rows]);
                    }
                }
            }
        } else {
            let wide: Vec<f64> =
                (0..n).flat_map(|i| set.row(i).iter().zip(shift).map(|(&x, m)| f64::from(x) - m)).collect();
            for i in 0..n {
                for j in 0..=i {
                    matrix[i * n + j] = dot(&wide[i * d..(i + 1) * d], &wide[j * d..(j + 1) * d]);
                }
            }
        }
        for i in 0..size {
            for j in 0..=i {
                matrix[i * size + j] *= scale;
                matrix[j * size + i] = matrix[i * size + j];
            }
        }
        Self { matrix, size, of_features }
    }

    pub(crate) fn trace(&self) -> f64 {
        (0..self.size).map(|i| self.matrix[i * self.size + i]).sum()
    }

    pub(crate) fn leading(&self, k: usize) -> Result<crate::symmetric::Leading, DataError> {
        leading(&self.matrix, self.size, k).map_err(|residual| DataError::NoConvergence { asked: k, residual })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Targets;
    use crate::stream::{normals, stream};

    fn gaussian(n: usize, d: usize, scale: impl Fn(usize) -> f64) -> Dataset {
        let g = normals(&mut stream(2, "gaussian"), n * d);
        let inputs = g.iter().enumerate().map(|(i, x)| (3.0 + x * scale(i % d)) as f32).collect();
        Dataset { inputs, n, dim: d, targets: Targets::Values(vec![0.0; n]) }
    }

    #[test]
    fn both_sides_give_the_same_components() {
        let tall = gaussian(40, 12, |j| 1.0 / (1.0 + j as f64));
        let feature_side = PrincipalComponents::of(&tall, 3).unwrap();
        // Twice as many features, the second half constant: the same covariance, and now n < d.
        let mut inputs = Vec::new();
        for i in 0..40 {
            inputs.extend(tall.row(i));
            inputs.extend([7.0; 40]);
        }
        let wide = Dataset { inputs, dim: 52, ..tall.clone() };
        assert!(!Moment::of(&wide, &vec![0.0; 52]).of_features);
        let sample_side = PrincipalComponents::of(&wide, 3).unwrap();
        for i in 0..3 {
            assert!((feature_side.variances[i] / sample_side.variances[i] - 1.0).abs() < 1e-12);
            for (a, b) in feature_side.directions[i].iter().zip(&sample_side.directions[i]) {
                assert!((a - b).abs() < 1e-9, "{a} {b}");
            }
            assert!(sample_side.directions[i][12..].iter().all(|x| x.abs() < 1e-12));
        }
        assert!((feature_side.total_variance / sample_side.total_variance - 1.0).abs() < 1e-12);
    }

    #[test]
    fn more_than_the_rank_is_refused() {
        let set = gaussian(5, 20, |_| 1.0);
        assert!(PrincipalComponents::of(&set, 4).is_ok());
        // Five centred samples span four dimensions.
        for k in [5, 6, 100] {
            let text = PrincipalComponents::of(&set, k).unwrap_err().to_string();
            assert!(text.contains(&format!("the number of principal components is {k}")), "{text}");
        }
        assert!(PrincipalComponents::of(&set, 0).unwrap().directions.is_empty());
    }
}
