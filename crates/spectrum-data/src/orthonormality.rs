//! How near the samples of a set are to orthonormal vectors.

use crate::principal::Moment;
use crate::symmetric::dot;
use crate::{DataError, Dataset};

/// The (epsilon, B)-orthonormality of samples x_a / sqrt(d) (Fan and Wang, arXiv 2005.11879, definition 3.1), on which
/// the limit laws of conjugate and tangent kernel rest: with epsilon n^(1/4) -> 0 and B bounded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Orthonormality {
    /// Samples.
    pub n: usize,
    /// max over a of | |x_a|^2 / d - 1 |.
    pub epsilon_norms: f64,
    /// max over a != b of |x_a . x_b| / d; 0 for one sample.
    pub epsilon_products: f64,
    /// The root mean square over a != b of x_a . x_b / d: 1/sqrt(d) for independent Gaussian samples. A few nearly equal
    /// images decide the maximum; this is what the others do.
    pub rms_products: f64,
    /// The largest singular value of X / sqrt(d).
    pub spectral_norm: f64,
    /// The sum over a of (|x_a|^2 / d - 1)^2, which is to be at most B^2.
    pub sum_of_squares: f64,
}

impl Orthonormality {
    /// Of a set, in f64. The products take n^2 d / 2 multiplications.
    ///
    /// # Errors
    /// [`DataError::NoConvergence`] when the spectral norm is not found.
    pub fn of(set: &Dataset) -> Result<Self, DataError> {
        let (n, d) = (set.n, set.dim);
        let wide = set.inputs_f64();
        let row = |a: usize| &wide[a * d..(a + 1) * d];
        let (mut epsilon_norms, mut epsilon_products, mut sum_of_squares) = (0.0_f64, 0.0_f64, 0.0);
        let mut products = 0.0;
        // Blocks of samples, so that a row is read from memory once a block and not once a pair.
        const BLOCK: usize = 32;
        for first in (0..n).step_by(BLOCK) {
            let last = (first + BLOCK).min(n);
            for b in 0..last {
                for a in first.max(b + 1)..last {
                    let product = dot(row(a), row(b)) / d as f64;
                    epsilon_products = epsilon_products.max(product.abs());
                    products += product * product;
                }
            }
            for a in first..last {
                let excess = dot(row(a), row(a)) / d as f64 - 1.0;
                epsilon_norms = epsilon_norms.max(excess.abs());
                sum_of_squares += excess * excess;
            }
        }
        // The moment is X^T X / n, and the norm that of X / sqrt(d).
        let top = Moment::of(set, &vec![0.0; d]).leading(1)?.values[0];
        let spectral_norm = (top * n as f64 / d as f64).sqrt();
        let pairs = n as f64 * (n as f64 - 1.0) / 2.0;
        let rms_products = if n > 1 { (products / pairs).sqrt() } else { 0.0 };
        Ok(Self { n, epsilon_norms, epsilon_products, rms_products, spectral_norm, sum_of_squares })
    }

    /// The smallest epsilon that holds for norms and products.
    #[must_use]
    pub fn epsilon(&self) -> f64 {
        self.epsilon_norms.max(self.epsilon_products)
    }

    /// The smallest B that bounds the spectral norm and the root of the sum of squares.
    #[must_use]
    pub fn bound(&self) -> f64 {
        self.spectral_norm.max(self.sum_of_squares.sqrt())
    }

    /// epsilon n^(1/4), which the theorems want to vanish.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.epsilon() * (self.n as f64).sqrt().sqrt()
    }
}

impl Dataset {
    /// Its [`Orthonormality`].
    ///
    /// # Errors
    /// As [`Orthonormality::of`].
    pub fn orthonormality(&self) -> Result<Orthonormality, DataError> {
        Orthonormality::of(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SingleIndex, Targets};

    fn set(inputs: &[f32], dim: usize) -> Dataset {
        let n = inputs.len() / dim;
        Dataset { inputs: inputs.to_vec(), n, dim, targets: Targets::Values(vec![0.0; n]) }
    }

    #[test]
    fn closed_forms() {
        // Orthogonal samples of norm sqrt(d): exactly orthonormal.
        let perfect = set(&[1.0, 1.0, 1.0, -1.0], 2).orthonormality().unwrap();
        assert_eq!((perfect.epsilon(), perfect.sum_of_squares), (0.0, 0.0));
        assert!((perfect.bound() - 1.0).abs() < 1e-14 && perfect.rate() == 0.0);
        // Three equal samples (3, 4): |x|^2 / d = 12.5, spectral norm sqrt(3 * 12.5).
        let equal = set(&[3.0, 4.0, 3.0, 4.0, 3.0, 4.0], 2).orthonormality().unwrap();
        assert_eq!((equal.epsilon_norms, equal.epsilon_products, equal.n), (11.5, 12.5, 3));
        assert_eq!(equal.rms_products, 12.5);
        assert!((equal.sum_of_squares - 3.0 * 11.5 * 11.5).abs() < 1e-12);
        assert!((equal.spectral_norm - 37.5f64.sqrt()).abs() < 1e-12);
        assert!((equal.bound() - 11.5 * 3f64.sqrt()).abs() < 1e-12);
        assert_eq!(set(&[2.0, 0.0], 2).orthonormality().unwrap().epsilon_products, 0.0);
    }

    #[test]
    fn gaussian_samples_are_as_orthonormal_as_theory_says() {
        let split = SingleIndex { n: 300, d: 600, n_test: 1, ..SingleIndex::default() }.draw(4).unwrap();
        let found = split.train.orthonormality().unwrap();
        // The largest of n^2 / 2 products of variance 1/d lies near sqrt(2 ln(n^2) / d) = 0.195, always below 0.3.
        assert!((0.15..0.3).contains(&found.epsilon_products), "{found:?}");
        // 44 850 products of relative square 1 +- sqrt 2: nearly independent.
        assert!((found.rms_products * 600f64.sqrt() - 1.0).abs() < 0.02, "{found:?}");
        assert!((found.sum_of_squares - 1.0).abs() < 0.5, "n * 2/d = 1: {found:?}");
        // Marchenko-Pastur edge 1 + sqrt(n/d) = 1.7071, with a Tracy-Widom width of about n^(-2/3).
        assert!((found.spectral_norm - 1.7071).abs() < 0.05, "{found:?}");
    }
}
