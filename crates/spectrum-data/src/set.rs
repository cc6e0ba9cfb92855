//! Data sets as host arrays.

use serde::{Deserialize, Serialize};

use crate::DataError;

/// Samples with their targets.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// `n * dim` inputs, row-major: feature j of sample i is at `i * dim + j`. They are f32 for both precisions, so f32
    /// and f64 runs start from the same numbers.
    pub inputs: Vec<f32>,
    /// Samples.
    pub n: usize,
    /// Features of a sample.
    pub dim: usize,
    /// What belongs to each sample.
    pub targets: Targets,
}

/// The targets of a set.
#[derive(Debug, Clone, PartialEq)]
pub enum Targets {
    /// Regression: one number a sample, rounded to f32.
    Values(Vec<f64>),
    /// Classification: one class a sample.
    Classes {
        /// The class of each sample, below `count`.
        indices: Vec<u32>,
        /// Classes there are.
        count: u32,
    },
}

/// What a run trains and tests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// Training set.
    pub train: Dataset,
    /// Fresh samples for kernels and ridge refits, where the data can be drawn.
    pub probe: Option<Dataset>,
    /// Test set.
    pub test: Dataset,
    /// The teacher's direction (length `dim`, unit norm), where there is a teacher.
    pub teacher: Option<Vec<f64>>,
}

/// How pixels become inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scaling {
    /// In [0, 1]: pixel over the largest possible pixel.
    Unit,
    /// Mean 0 and standard deviation 1 over all pixels of the training set; the test set with the same two numbers.
    #[default]
    Standard,
}

impl Dataset {
    /// Sample `i`. Panics outside the set, as slices do.
    #[must_use]
    pub fn row(&self, i: usize) -> &[f32] {
        &self.inputs[i * self.dim..(i + 1) * self.dim]
    }

    /// The inputs widened to f64, row-major.
    #[must_use]
    pub fn inputs_f64(&self) -> Vec<f64> {
        self.inputs.iter().map(|&x| f64::from(x)).collect()
    }

    /// The first `n` samples, or all where there are fewer.
    #[must_use]
    pub fn first(&self, n: usize) -> Self {
        let n = n.min(self.n);
        let targets = match &self.targets {
            Targets::Values(v) => Targets::Values(v[..n].to_vec()),
            Targets::Classes { indices, count } => Targets::Classes { indices: indices[..n].to_vec(), count: *count },
        };
        Self { inputs: self.inputs[..n * self.dim].to_vec(), n, dim: self.dim, targets }
    }

    /// Mean and (population) standard deviation over all inputs, in f64.
    #[must_use]
    pub fn mean_and_deviation(&self) -> (f64, f64) {
        let count = self.inputs.len() as f64;
        let mean = self.inputs.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
        let variance = self.inputs.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / count;
        (mean, variance.sqrt())
    }

    fn shift_and_divide(&mut self, mean: f64, deviation: f64) {
        for x in &mut self.inputs {
            *x = ((f64::from(*x) - mean) / deviation) as f32;
        }
    }
}

impl Targets {
    /// Targets there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Values(v) => v.len(),
            Self::Classes { indices, .. } => indices.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Split {
    /// Shifts and divides all inputs by mean and standard deviation of the training set's, and returns the two.
    ///
    /// # Errors
    /// [`DataError::Constant`] when all inputs of the training set are equal.
    pub fn standardise(&mut self) -> Result<(f64, f64), DataError> {
        let (mean, deviation) = self.train.mean_and_deviation();
        if !(deviation > 0.0 && deviation.is_finite()) {
            return Err(DataError::Constant);
        }
        for set in [Some(&mut self.train), self.probe.as_mut(), Some(&mut self.test)].into_iter().flatten() {
            set.shift_and_divide(mean, deviation);
        }
        Ok((mean, deviation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(inputs: &[f32]) -> Dataset {
        let n = inputs.len() / 2;
        let indices = (0..n as u32).map(|i| i % 3).collect();
        Dataset { inputs: inputs.to_vec(), n, dim: 2, targets: Targets::Classes { indices, count: 3 } }
    }

    #[test]
    fn standardising_uses_the_training_sets_numbers() {
        let mut split = Split { train: set(&[0.0, 2.0, 4.0, 6.0]), probe: None, test: set(&[3.0, 8.0]), teacher: None };
        // Mean 3, variance (9 + 1 + 1 + 9) / 4 = 5.
        let (mean, deviation) = split.standardise().unwrap();
        assert_eq!((mean, deviation), (3.0, 5f64.sqrt()));
        assert_eq!(split.test.inputs, [0.0, 5f64.sqrt() as f32]);
        let (mean, deviation) = split.train.mean_and_deviation();
        assert!(mean.abs() < 1e-7 && (deviation - 1.0).abs() < 1e-7);
        let mut flat = Split { train: set(&[1.0; 4]), probe: None, test: set(&[1.0; 2]), teacher: None };
        assert!(matches!(flat.standardise(), Err(DataError::Constant)));
    }

    #[test]
    fn the_first_samples_keep_their_targets() {
        let all = set(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        let two = all.first(2);
        assert_eq!((two.n, two.row(1)), (2, &[2.0, 3.0][..]));
        assert_eq!(two.targets, Targets::Classes { indices: vec![0, 1], count: 3 });
        assert_eq!(all.first(10), all);
    }
}
