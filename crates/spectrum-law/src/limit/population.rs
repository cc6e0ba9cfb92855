//! The law mu_0 of the eigenvalues of the data's Gram matrix X_0^T X_0.

use crate::LawError;

/// The law mu_0 of the eigenvalues of X_0^T X_0 (n x n, samples in columns of norm about 1, so its mean is about 1).
#[derive(Debug, Clone, PartialEq)]
pub enum Population {
    /// Independent standard normal inputs divided by sqrt(d_0): the Marchenko-Pastur law of ratio n/d_0, in closed form.
    MarchenkoPastur {
        /// n/d_0.
        ratio: f64,
    },
    /// Orthonormal samples: a point mass at 1.
    Point,
    /// The n eigenvalues of an actual data Gram matrix, all of the same weight, in any order; zeros are kept, and those below
    /// n * 2.2e-16 of the largest, the rounding of an eigenvalue routine, are zeros (a null space is an atom, not a band).
    Eigenvalues(Vec<f64>),
    /// Pairs (eigenvalue, weight), in any order; the weights are divided by their sum.
    Weighted(Vec<(f64, f64)>),
}

/// A population as sorted distinct points (eigenvalue, weight), the weights adding to 1.
pub(crate) struct Points {
    pub points: Vec<(f64, f64)>,
    /// The ratio of a Marchenko-Pastur map still to be applied to them.
    pub ratio: Option<f64>,
}

impl Population {
    /// The population as sorted distinct points whose weights add to 1. The Marchenko-Pastur law is the image of a point
    /// mass at 1 under its own map, so its points are that mass and its ratio is the first of a chain.
    pub(crate) fn points(&self) -> Result<Points, LawError> {
        let pairs: Vec<(f64, f64)> = match self {
            Self::MarchenkoPastur { ratio } => {
                if !(ratio.is_finite() && *ratio > 0.0) {
                    return Err(LawError::PopulationRatio(*ratio));
                }
                return Ok(Points { points: vec![(1.0, 1.0)], ratio: Some(*ratio) });
            }
            Self::Point => vec![(1.0, 1.0)],
            Self::Eigenvalues(values) => {
                let least = values.len() as f64 * f64::EPSILON * values.iter().fold(0.0, |m: f64, x| m.max(*x));
                values.iter().map(|x| (if x.abs() < least { 0.0 } else { *x }, 1.0)).collect()
            }
            Self::Weighted(pairs) => pairs.clone(),
        };
        if pairs.is_empty() {
            return Err(LawError::EmptyPopulation);
        }
        for (index, &(value, weight)) in pairs.iter().enumerate() {
            if !(value.is_finite() && value >= 0.0) {
                return Err(LawError::PopulationEigenvalue { index, value });
            }
            if !(weight.is_finite() && weight >= 0.0) {
                return Err(LawError::PopulationWeight { index, weight });
            }
        }
        let total: f64 = pairs.iter().map(|p| p.1).sum();
        if !(total > 0.0 && total.is_finite()) {
            return Err(LawError::EmptyPopulation);
        }
        let mut sorted: Vec<(f64, f64)> = pairs.into_iter().filter(|p| p.1 > 0.0).collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut points: Vec<(f64, f64)> = Vec::with_capacity(sorted.len());
        for (value, weight) in sorted {
            match points.last_mut() {
                Some(last) if last.0 == value => last.1 += weight / total,
                _ => points.push((value, weight / total)),
            }
        }
        Ok(Points { points, ratio: None })
    }

    /// Mean eigenvalue.
    ///
    /// # Errors
    /// Those of a population that is not a law: see [`LawError`].
    pub fn mean(&self) -> Result<f64, LawError> {
        // The Marchenko-Pastur map keeps the mean.
        Ok(self.points()?.points.iter().map(|(x, w)| x * w).sum())
    }
}
