//! Random labels.

use serde::{Deserialize, Serialize};

use crate::stream::{below, permutation, stream};
use crate::{DataError, Dataset, Targets};

/// How labels are made random.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Randomness {
    /// Labels change places by one fixed permutation, so each class keeps its frequency exactly (the released code of
    /// arXiv 2408.11804, section 6).
    #[default]
    Permuted,
    /// Each label is drawn anew from all classes alike (C. Zhang et al., arXiv 1611.03530).
    Uniform,
}

/// Random labels for a share of the samples.
///
/// The draw has a seed of its own, as in arXiv 2408.11804, where runs with other seeds meet the same random labels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RandomLabels {
    /// How.
    pub kind: Randomness,
    /// Share of the samples whose labels take part, in (0, 1].
    pub fraction: f64,
    /// Seed of the stream `data.labels`.
    pub seed: u64,
}

impl Default for RandomLabels {
    /// All labels permuted, with that paper's seed.
    fn default() -> Self {
        Self { kind: Randomness::Permuted, fraction: 1.0, seed: 12345 }
    }
}

impl RandomLabels {
    /// Makes the labels of `indices` random and returns how many differ from before (a permutation leaves about one in
    /// `count` as it was). The nearest whole number of samples to `fraction * n` take part.
    ///
    /// # Errors
    /// [`DataError::Request`] when the fraction is not above 0 and at most 1.
    pub fn apply(&self, indices: &mut [u32], count: u32) -> Result<usize, DataError> {
        if !(self.fraction > 0.0 && self.fraction <= 1.0) {
            let expected = "a number above 0, at most 1";
            return Err(DataError::Request {
                what: "the fraction of random labels",
                found: self.fraction.to_string(),
                expected,
            });
        }
        let n = u32::try_from(indices.len()).map_err(|_| DataError::Request {
            what: "the number of samples",
            found: indices.len().to_string(),
            expected: "a number below 2^32",
        })?;
        let mut rng = stream(self.seed, "data.labels");
        let mut chosen = permutation(&mut rng, n);
        chosen.truncate((self.fraction * f64::from(n)).round() as usize);
        // In the set's order, so that what follows does not depend on the order of choosing.
        chosen.sort_unstable();
        let old: Vec<u32> = chosen.iter().map(|&i| indices[i as usize]).collect();
        let new: Vec<u32> = match self.kind {
            Randomness::Permuted => {
                permutation(&mut rng, chosen.len() as u32).into_iter().map(|j| old[j as usize]).collect()
            }
            Randomness::Uniform => old.iter().map(|_| below(&mut rng, u64::from(count)) as u32).collect(),
        };
        for (&i, &label) in chosen.iter().zip(&new) {
            indices[i as usize] = label;
        }
        Ok(old.iter().zip(&new).filter(|(a, b)| a != b).count())
    }
}

impl Dataset {
    /// Makes its classes random; returns how many labels differ from before.
    ///
    /// # Errors
    /// [`DataError::Request`] when the targets are no classes, or as [`RandomLabels::apply`].
    pub fn randomise_labels(&mut self, how: &RandomLabels) -> Result<usize, DataError> {
        self.classes()?;
        match &mut self.targets {
            Targets::Classes { indices, count } => how.apply(indices, *count),
            Targets::Values(_) => Ok(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counts(labels: &[u32], count: u32) -> Vec<usize> {
        (0..count).map(|c| labels.iter().filter(|&&l| l == c).count()).collect()
    }

    fn labels(n: u32, count: u32) -> Vec<u32> {
        (0..n).map(|i| i * i % count).collect()
    }

    #[test]
    fn a_permutation_keeps_the_classes_and_a_tenth_of_the_labels() {
        let before: Vec<u32> = (0..20_000).map(|i| i % 10).collect();
        let mut after = before.clone();
        let changed = RandomLabels::default().apply(&mut after, 10).unwrap();
        assert_eq!(counts(&after, 10), counts(&before, 10));
        // Mean 0.9 n, standard deviation about sqrt(n * 0.09) = 42.
        assert!((changed as f64 - 18_000.0).abs() < 5.0 * 42.0, "{changed}");
        let other = RandomLabels { seed: 1, ..RandomLabels::default() };
        let mut second = before.clone();
        other.apply(&mut second, 10).unwrap();
        assert_ne!(second, after);
        let mut again = before.clone();
        RandomLabels::default().apply(&mut again, 10).unwrap();
        assert_eq!(again, after);
    }

    #[test]
    fn uniform_labels_are_uniform() {
        // All of one class before; chi-square with 9 degrees of freedom, 99.99 % quantile 33.7.
        let mut after = vec![3; 20_000];
        let how = RandomLabels { kind: Randomness::Uniform, fraction: 0.5, ..RandomLabels::default() };
        let changed = how.apply(&mut after, 10).unwrap();
        assert!((changed as f64 - 9_000.0).abs() < 5.0 * 30.0, "{changed}");
        let mut drawn = counts(&after, 10);
        drawn[3] -= 10_000;
        let chi: f64 = drawn.iter().map(|&c| (c as f64 - 1000.0).powi(2) / 1000.0).sum();
        assert!(chi < 33.7, "{chi}");
    }

    proptest! {
        #[test]
        fn a_fraction_touches_no_more_than_its_share(n in 1u32..200, count in 1u32..12, fraction in 0.001..1.0f64, seed: u64) {
            for kind in [Randomness::Permuted, Randomness::Uniform] {
                let before = labels(n, count);
                let mut after = before.clone();
                let changed = RandomLabels { kind, fraction, seed }.apply(&mut after, count).unwrap();
                prop_assert_eq!(changed, before.iter().zip(&after).filter(|(a, b)| a != b).count());
                prop_assert!(changed as f64 <= (fraction * f64::from(n)).round());
                prop_assert!(after.iter().all(|&l| l < count));
                if kind == Randomness::Permuted {
                    prop_assert_eq!(counts(&after, count), counts(&before, count));
                }
            }
        }
    }

    #[test]
    fn impossible_fractions_are_refused() {
        for fraction in [0.0, -0.5, 1.5, f64::NAN] {
            let how = RandomLabels { fraction, ..RandomLabels::default() };
            let text = how.apply(&mut [0, 1], 2).unwrap_err().to_string();
            assert!(text.contains("the fraction of random labels is"), "{text}");
        }
        let mut numbers = Dataset { inputs: vec![0.0], n: 1, dim: 1, targets: Targets::Values(vec![0.0]) };
        assert!(numbers.randomise_labels(&RandomLabels::default()).is_err());
    }
}
