//! Centring, removal of directions, and normalisation, fitted on the training set.

use serde::{Deserialize, Serialize};

use crate::symmetric::orthonormalise_against;
use crate::{DataError, Dataset, PrincipalComponents, Split};

/// How samples are scaled, after everything else.
///
/// The theory of linear-width networks takes first-layer inputs x / sqrt(d) of norm about one (Fan and Wang, arXiv
/// 2005.11879, assumption 3.2): |x|^2 about d.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Normalise {
    /// As they are.
    #[default]
    None,
    /// One divisor for all, so that the mean square of the training inputs is 1 and |x|^2 is d on average.
    UnitVariance,
    /// Each sample divided by its own norm and multiplied by sqrt(d): |x|^2 = d.
    Sphere,
}

/// What is done to the inputs. The default does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Preprocessing {
    /// Subtract the training set's mean sample (one number a feature).
    pub centre: bool,
    /// Leading principal components of the training set that are projected out; above zero it centres, too. Fan and
    /// Wang (arXiv 2005.11879, section 4) remove ten from CIFAR-10, so that samples are nearly orthogonal.
    pub remove_components: usize,
    /// The scale of the result.
    pub normalise: Normalise,
}

/// A [`Preprocessing`] with its numbers: x becomes (x - mean), less its part in the span of `directions`, scaled.
///
/// Each sample is computed in f64 and rounded to f32 once.
#[derive(Debug, Clone, PartialEq)]
pub struct Transform {
    /// What is subtracted (length `dim`; zeros where nothing is).
    pub mean: Vec<f64>,
    /// Orthonormal directions that are projected out, each of length `dim`.
    pub directions: Vec<Vec<f64>>,
    /// The scale's kind.
    pub normalise: Normalise,
    /// What [`Normalise::UnitVariance`] divides by; 1 otherwise.
    pub divisor: f64,
}

impl Preprocessing {
    /// Finds mean, directions and divisor on a training set.
    ///
    /// # Errors
    /// Those of [`PrincipalComponents::of`]; [`DataError::Constant`] when nothing is left that could be scaled.
    pub fn fit(&self, train: &Dataset) -> Result<Transform, DataError> {
        if self.remove_components > 0 {
            let found = PrincipalComponents::of(train, self.remove_components)?;
            return Transform::new(train, found.mean, found.directions, self.normalise);
        }
        let mean = if self.centre { train.mean_sample() } else { vec![0.0; train.dim] };
        Transform::new(train, mean, Vec::new(), self.normalise)
    }
}

impl Transform {
    /// With a mean and directions of one's own; the directions are made orthonormal in their order, the divisor is
    /// found on `train`.
    ///
    /// # Errors
    /// [`DataError::Request`] when a length is not `train.dim`, or a direction is zero or depends on those before it;
    /// [`DataError::Constant`] when nothing is left that could be scaled.
    pub fn new(
        train: &Dataset,
        mean: Vec<f64>,
        mut directions: Vec<Vec<f64>>,
        normalise: Normalise,
    ) -> Result<Self, DataError> {
        for length in directions.iter().map(Vec::len).chain([mean.len()]) {
            if length != train.dim {
                let expected = "as many as the inputs have features";
                return Err(DataError::Request { what: "a direction's length", found: length.to_string(), expected });
            }
        }
        orthonormalise(&mut directions, "a direction")?;
        let mut transform = Self { mean, directions, normalise, divisor: 1.0 };
        if normalise == Normalise::UnitVariance {
            let (mut before, mut after) = (0.0, 0.0);
            let mut row = vec![0.0; train.dim];
            for i in 0..train.n {
                transform.project(train.row(i), &mut row);
                before += transform.size(train.row(i));
                after += row.iter().map(|x| x * x).sum::<f64>();
            }
            // What rounding leaves of a constant set is no scale.
            if !(after.is_finite() && after > ROUNDING * before) {
                return Err(DataError::Constant);
            }
            transform.divisor = (after / (train.n * train.dim) as f64).sqrt();
        }
        Ok(transform)
    }

    /// Applies it to a set with the same features.
    ///
    /// # Errors
    /// [`DataError::ZeroSample`] when a sample has no direction to be put on the sphere.
    pub fn apply(&self, set: &mut Dataset) -> Result<(), DataError> {
        self.apply_to(set, "set")
    }

    /// Applies it to a set that errors call `name`.
    pub(crate) fn apply_to(&self, set: &mut Dataset, name: &'static str) -> Result<(), DataError> {
        let mut row = vec![0.0; set.dim];
        for i in 0..set.n {
            let old = &mut set.inputs[i * set.dim..(i + 1) * set.dim];
            self.project(old, &mut row);
            let mut divisor = self.divisor;
            if self.normalise == Normalise::Sphere {
                let square = row.iter().map(|x| x * x).sum::<f64>();
                if !(square.is_finite() && square > ROUNDING * self.size(old)) {
                    return Err(DataError::ZeroSample { set: name, index: i });
                }
                divisor = (square / row.len() as f64).sqrt();
            }
            for (new, x) in old.iter_mut().zip(&row) {
                *new = (x / divisor) as f32;
            }
        }
        Ok(())
    }

    fn project(&self, sample: &[f32], row: &mut [f64]) {
        for ((r, &x), m) in row.iter_mut().zip(sample).zip(&self.mean) {
            *r = f64::from(x) - m;
        }
        for v in &self.directions {
            let c = crate::symmetric::dot(v, row);
            row.iter_mut().zip(v).for_each(|(r, v)| *r -= c * v);
        }
    }

    /// The square of the numbers that cancel against each other in `project`.
    fn size(&self, sample: &[f32]) -> f64 {
        sample.iter().zip(&self.mean).map(|(&x, m)| f64::from(x).powi(2) + m * m).sum()
    }
}

/// Squares below this share of what they were computed from are rounding: (about 2000 eps)^2.
const ROUNDING: f64 = 2e-25;

/// Makes vectors orthonormal in their order.
pub(crate) fn orthonormalise(vectors: &mut [Vec<f64>], what: &'static str) -> Result<(), DataError> {
    for j in 0..vectors.len() {
        if !orthonormalise_against(vectors, j) {
            let found = format!("number {j}, zero or in the span of those before it");
            return Err(DataError::Request { what, found, expected: "a direction of its own" });
        }
    }
    Ok(())
}

impl Split {
    /// Fits a preprocessing on the training set, applies it to all sets, and returns what was fitted.
    ///
    /// # Errors
    /// Those of [`Preprocessing::fit`] and [`Transform::apply`].
    pub fn preprocess(&mut self, how: &Preprocessing) -> Result<Transform, DataError> {
        let transform = how.fit(&self.train)?;
        if *how != Preprocessing::default() {
            transform.apply_to(&mut self.train, "training set")?;
            if let Some(probe) = &mut self.probe {
                transform.apply_to(probe, "probe set")?;
            }
            transform.apply_to(&mut self.test, "test set")?;
        }
        Ok(transform)
    }

    /// Removes the `k` leading principal components of the training set from all sets (which centres them), and scales
    /// every sample to norm sqrt(d).
    ///
    /// # Errors
    /// Those of [`Split::preprocess`].
    pub fn remove_principal_components(&mut self, k: usize) -> Result<Transform, DataError> {
        self.preprocess(&Preprocessing { centre: true, remove_components: k, normalise: Normalise::Sphere })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Targets;

    fn set(rows: &[[f32; 2]]) -> Dataset {
        let n = rows.len();
        Dataset { inputs: rows.concat(), n, dim: 2, targets: Targets::Values(vec![0.0; n]) }
    }

    #[test]
    fn by_hand() {
        // Mean (2, 1); centred (-1, 1), (1, -1), (-1, -1), (1, 1): unit variance already, sphere changes nothing.
        let train = set(&[[1.0, 2.0], [3.0, 0.0], [1.0, 0.0], [3.0, 2.0]]);
        let mut split = Split { test: set(&[[6.0, 4.0]]), probe: Some(set(&[[2.0, 0.0]])), teacher: None, train };
        let how = Preprocessing { centre: true, normalise: Normalise::Sphere, ..Preprocessing::default() };
        let transform = split.clone().preprocess(&how).unwrap();
        assert_eq!(transform.mean, [2.0, 1.0]);
        split.preprocess(&how).unwrap();
        assert_eq!(split.train.inputs, [-1.0, 1.0, 1.0, -1.0, -1.0, -1.0, 1.0, 1.0]);
        // (4, 3) / 5 * sqrt 2 and (0, -1) * sqrt 2.
        let root = 2f64.sqrt();
        assert_eq!(split.test.inputs, [(0.8 * root) as f32, (0.6 * root) as f32]);
        assert_eq!(split.probe.unwrap().inputs, [0.0, -root as f32]);

        // Uncentred: mean square (1+4 + 9+0 + 1+0 + 9+4) / 8 = 3.5.
        let train = set(&[[1.0, 2.0], [3.0, 0.0], [1.0, 0.0], [3.0, 2.0]]);
        let how = Preprocessing { normalise: Normalise::UnitVariance, ..Preprocessing::default() };
        assert_eq!(how.fit(&train).unwrap().divisor, 3.5f64.sqrt());
    }

    #[test]
    fn directions_of_ones_own_are_made_orthonormal() {
        let mut data = set(&[[3.0, 5.0], [-1.0, 2.0]]);
        let along = vec![vec![0.0, -2.0]];
        Transform::new(&data, vec![0.0; 2], along, Normalise::None).unwrap().apply(&mut data).unwrap();
        assert_eq!(data.inputs, [3.0, 0.0, -1.0, 0.0]);
        let refuse = |directions: &[&[f64]]| {
            let directions = directions.iter().map(|d| d.to_vec()).collect();
            Transform::new(&data, vec![0.0; 2], directions, Normalise::None).unwrap_err().to_string()
        };
        assert!(refuse(&[&[0.0, 0.0]]).contains("a direction is number 0, zero"), "{}", refuse(&[&[0.0, 0.0]]));
        assert!(refuse(&[&[1.0, 1.0], &[2.0, 2.0]]).contains("number 1"));
        assert!(refuse(&[&[f64::NAN, 1.0]]).contains("number 0"));
        assert!(refuse(&[&[1.0, 1.0, 1.0]]).contains("a direction's length is 3"));
    }

    #[test]
    fn what_has_no_scale_is_refused() {
        let flat = set(&[[0.1, 0.7]; 5]);
        let how = |normalise| Preprocessing { centre: true, normalise, ..Preprocessing::default() };
        assert!(matches!(how(Normalise::UnitVariance).fit(&flat), Err(DataError::Constant)));
        let mut split = Split { train: flat.clone(), probe: None, test: flat, teacher: None };
        let text = split.preprocess(&how(Normalise::Sphere)).unwrap_err().to_string();
        assert!(text.contains("training set: sample 0 is zero"), "{text}");
        assert!(split.preprocess(&how(Normalise::None)).is_ok());
    }
}
