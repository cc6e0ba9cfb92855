//! What spiked data are made of: X = X_B + sum_s zeta_s z_s q_s^T, exactly.

use crate::preprocess::orthonormalise;
use crate::symmetric::dot;
use crate::{DataError, Dataset, Normalise, PrincipalComponents, Split, Transform};

/// Bulk and spikes of a training set, in f64. `bulk + sum_s zeta[s] z[s] q[s]^T` is the set's inputs to f64 rounding, so
/// that the terms S1, S12, S2 and E of a gradient (arXiv 2510.01303) add up to it to f64 rounding, too.
#[derive(Debug, Clone, PartialEq)]
pub struct SpikedParts {
    /// Samples.
    pub n: usize,
    /// Features.
    pub dim: usize,
    /// X_B, `n * dim` numbers, row-major.
    pub bulk: Vec<f64>,
    /// The latent coordinate of each sample, for each spike: `z[s]` has length n.
    pub z: Vec<Vec<f64>>,
    /// The unit direction of each spike: `q[s]` has length dim; they are orthonormal.
    pub q: Vec<Vec<f64>>,
    /// The strength of each spike.
    pub zeta: Vec<f64>,
    /// The eigenvalues of the bulk's population covariance, which is diagonal; absent for real data.
    pub bulk_eigenvalues: Option<Vec<f64>>,
}

impl SpikedParts {
    /// Counts to the bulk whatever of the inputs the spikes leave.
    ///
    /// # Errors
    /// [`DataError::Request`] when the lengths do not fit together.
    pub fn new(train: &Dataset, z: Vec<Vec<f64>>, q: Vec<Vec<f64>>, zeta: Vec<f64>) -> Result<Self, DataError> {
        let fits = q.len() == z.len() && zeta.len() == z.len();
        if !fits || z.iter().any(|z| z.len() != train.n) || q.iter().any(|q| q.len() != train.dim) {
            let found = format!("{} z, {} q, {} zeta", z.len(), q.len(), zeta.len());
            let expected = "one z of length n, one q of length d and one zeta for each";
            return Err(DataError::Request { what: "the parts of the spikes", found, expected });
        }
        let mut bulk = train.inputs_f64();
        for (i, row) in bulk.chunks_exact_mut(train.dim.max(1)).enumerate() {
            for ((z, q), zeta) in z.iter().zip(&q).zip(&zeta) {
                let strength = zeta * z[i];
                row.iter_mut().zip(q).for_each(|(x, q)| *x -= strength * q);
            }
        }
        Ok(Self { n: train.n, dim: train.dim, bulk, z, q, zeta, bulk_eigenvalues: None })
    }

    /// Splits real data: centres them, takes the `spikes` leading principal components as q, the rest as bulk, and
    /// scales all sets so that the bulk's variance is 1 in the mean over its dim - s dimensions. zeta is the standard
    /// deviation of X q, and z = X q / zeta.
    ///
    /// # Errors
    /// Those of [`PrincipalComponents::of`], [`DataError::Request`] when `spikes` is zero, and [`DataError::Constant`]
    /// when no bulk is left.
    pub fn of_data(split: &mut Split, spikes: usize) -> Result<Self, DataError> {
        let found = PrincipalComponents::of(&split.train, spikes)?;
        Self::along(split, found.mean, found.directions)
    }

    /// As [`SpikedParts::of_data`], with the directions (right singular vectors of the centred inputs, say) given; they
    /// are made orthonormal in their order.
    ///
    /// # Errors
    /// [`DataError::Request`] when there is no direction, one has the wrong length, is zero or depends on those before
    /// it, or the data do not vary along one; [`DataError::Constant`] when no bulk is left.
    pub fn of_data_along(split: &mut Split, directions: Vec<Vec<f64>>) -> Result<Self, DataError> {
        let mean = split.train.mean_sample();
        Self::along(split, mean, directions)
    }

    fn along(split: &mut Split, mean: Vec<f64>, mut q: Vec<Vec<f64>>) -> Result<Self, DataError> {
        let (n, dim) = (split.train.n, split.train.dim);
        let refuse = |what, found: String, expected| Err(DataError::Request { what, found, expected });
        if q.is_empty() || q.len() >= dim {
            return refuse("the number of spikes", q.len().to_string(), "a number above zero and below the dimension");
        }
        orthonormalise(&mut q, "the direction of a spike")?;
        // The divisor of a fit without the directions is the root of the mean square over dim features; the bulk has
        // fewer dimensions than that.
        let residue = Transform::new(&split.train, mean.clone(), q.clone(), Normalise::UnitVariance)?;
        let divisor = residue.divisor * (dim as f64 / (dim - q.len()) as f64).sqrt();
        let transform = Transform { mean, directions: Vec::new(), normalise: Normalise::UnitVariance, divisor };
        for set in [Some(&mut split.train), split.probe.as_mut(), Some(&mut split.test)].into_iter().flatten() {
            transform.apply(set)?;
        }
        let wide = split.train.inputs_f64();
        let mut z = Vec::with_capacity(q.len());
        let mut zeta = Vec::with_capacity(q.len());
        for (s, q) in q.iter().enumerate() {
            let mut along: Vec<f64> = wide.chunks_exact(dim).map(|x| dot(x, q)).collect();
            let mean = along.iter().sum::<f64>() / n as f64;
            let deviation = (along.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64).sqrt();
            // Inputs are f32: less than their rounding is nothing.
            if !deviation.is_finite() || deviation <= 1e-6 {
                let found = format!("number {s}, along which the data do not vary");
                return refuse("the direction of a spike", found, "a direction in which the training inputs differ");
            }
            along.iter_mut().for_each(|x| *x /= deviation);
            z.push(along);
            zeta.push(deviation);
        }
        Self::new(&split.train, z, q, zeta)
    }

    /// The exponent nu_s = ln zeta_s / ln n of each spike; nothing for fewer than two samples.
    #[must_use]
    pub fn nu(&self) -> Option<Vec<f64>> {
        let log_n = libm::log(self.n as f64);
        (self.n >= 2).then(|| self.zeta.iter().map(|&z| libm::log(z) / log_n).collect())
    }

    /// The population variance of w . x, w^T Sigma w + sum_s zeta_s^2 <w, q_s>^2, under which the mean of an
    /// activation's derivative is taken; nothing for real data, or when `w` has another length than `dim`.
    #[must_use]
    pub fn preactivation_variance(&self, w: &[f64]) -> Option<f64> {
        let eigenvalues = self.bulk_eigenvalues.as_ref().filter(|l| l.len() == w.len())?;
        let bulk: f64 = eigenvalues.iter().zip(w).map(|(l, w)| l * w * w).sum();
        Some(bulk + self.q.iter().zip(&self.zeta).map(|(q, z)| (z * dot(q, w)).powi(2)).sum::<f64>())
    }
}

/// The exponent alpha of a covariance's bulk: minus the slope of log lambda_k on log k by least squares, for k from
/// `spikes + 1` to d/2, with `eigenvalues` the d eigenvalues of the covariance, descending.
///
/// Nothing when that leaves fewer than two eigenvalues, or one of them is not above zero.
#[must_use]
pub fn bulk_decay(eigenvalues: &[f64], spikes: usize) -> Option<f64> {
    let bulk = eigenvalues.get(spikes..eigenvalues.len() / 2).filter(|b| b.len() >= 2)?;
    if bulk.iter().any(|&l| !(l > 0.0 && l.is_finite())) {
        return None;
    }
    let points: Vec<(f64, f64)> =
        bulk.iter().enumerate().map(|(i, l)| (libm::log((spikes + 1 + i) as f64), libm::log(*l))).collect();
    let count = points.len() as f64;
    let mean = points.iter().fold((0.0, 0.0), |m, p| (m.0 + p.0 / count, m.1 + p.1 / count));
    let (mut xx, mut xy) = (0.0, 0.0);
    for (x, y) in points {
        xx += (x - mean.0).powi(2);
        xy += (x - mean.0) * (y - mean.1);
    }
    Some(-xy / xx)
}

/// That `q` is a unit vector of length `d`, to f32 rounding.
pub(crate) fn check_unit(q: &[f64], d: usize) -> Result<(), DataError> {
    let norm = dot(q, q).sqrt();
    if q.len() == d && (norm - 1.0).abs() < 1e-6 {
        return Ok(());
    }
    let found = format!("of length {} and norm {norm}", q.len());
    Err(DataError::Request { what: "the direction q", found, expected: "length d and norm 1" })
}
