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
    /// A set from a matrix of one's own: `n * dim` inputs, row-major, rounded to f32.
    ///
    /// # Errors
    /// [`DataError::Request`] when there are no samples or features, the lengths do not fit, or an input or a target is
    /// not a finite number in f32's range, or a class is not below the count.
    pub fn new(inputs: &[f64], n: usize, dim: usize, targets: Targets) -> Result<Self, DataError> {
        let refuse = |what, found: String, expected| Err(DataError::Request { what, found, expected });
        if n == 0 || dim == 0 || n.checked_mul(dim) != Some(inputs.len()) {
            let found = format!("{} for {n} samples of {dim} features", inputs.len());
            return refuse("the number of inputs", found, "samples times features, above zero");
        }
        if targets.len() != n {
            return refuse("the number of targets", targets.len().to_string(), "one for each sample");
        }
        let values = if let Targets::Values(v) = &targets { v.as_slice() } else { &[] };
        if let Some(bad) = inputs.iter().chain(values).find(|&&x| !(x as f32).is_finite()) {
            return refuse("an input or a target", bad.to_string(), "a finite number in the range of f32");
        }
        if let Targets::Classes { indices, count } = &targets
            && let Some(bad) = indices.iter().find(|&c| c >= count)
        {
            return refuse("a class", bad.to_string(), "a number below the count of classes");
        }
        let mut targets = targets;
        if let Targets::Values(v) = &mut targets {
            crate::round_f32(v);
        }
        Ok(Self { inputs: inputs.iter().map(|&x| x as f32).collect(), n, dim, targets })
    }

    /// The mean sample: the mean of each feature, in f64.
    #[must_use]
    pub fn mean_sample(&self) -> Vec<f64> {
        let mut mean = vec![0.0; self.dim];
        for i in 0..self.n {
            mean.iter_mut().zip(self.row(i)).for_each(|(m, &x)| *m += f64::from(x));
        }
        mean.iter_mut().for_each(|m| *m /= self.n as f64);
        mean
    }

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
    fn a_matrix_of_ones_own_is_checked() {
        let values = |v: &[f64]| Targets::Values(v.to_vec());
        let good = Dataset::new(&[1.0, 0.1, 3.0, 6.0], 2, 2, values(&[0.1, 2.0])).unwrap();
        assert_eq!((good.row(0), &good.targets), (&[1.0, 0.1_f32][..], &values(&[f64::from(0.1_f32), 2.0])));
        assert_eq!(good.mean_sample(), [2.0, (f64::from(0.1_f32) + 6.0) / 2.0]);
        let refused = |inputs: &[f64], n, targets| Dataset::new(inputs, n, 2, targets).unwrap_err().to_string();
        assert!(refused(&[1.0; 3], 2, values(&[0.0; 2])).contains("3 for 2 samples of 2 features"));
        assert!(refused(&[], 0, values(&[])).contains("above zero"));
        assert!(refused(&[1.0; 4], 2, values(&[0.0])).contains("number of targets is 1"));
        assert!(refused(&[1.0, 1.0, 1.0, f64::NAN], 2, values(&[0.0; 2])).contains("NaN"));
        assert!(refused(&[1.0; 4], 2, values(&[0.0, 1e39])).contains("range of f32"));
        let classes = Targets::Classes { indices: vec![0, 2], count: 2 };
        assert!(refused(&[1.0; 4], 2, classes).contains("a class is 2"));
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
