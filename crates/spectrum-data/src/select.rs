//! Parts of a set: chosen samples, chosen classes, two classes as numbers.

use rand_chacha::rand_core::Rng;

use crate::stream::permutation;
use crate::{DataError, Dataset, Targets};

impl Dataset {
    /// The samples with these numbers, in this order. Panics at a number outside the set, as slices do.
    #[must_use]
    pub fn select(&self, samples: &[usize]) -> Self {
        let mut inputs = Vec::with_capacity(samples.len() * self.dim);
        for &i in samples {
            inputs.extend_from_slice(self.row(i));
        }
        let targets = match &self.targets {
            Targets::Values(v) => Targets::Values(samples.iter().map(|&i| v[i]).collect()),
            Targets::Classes { indices, count } => {
                Targets::Classes { indices: samples.iter().map(|&i| indices[i]).collect(), count: *count }
            }
        };
        Self { inputs, n: samples.len(), dim: self.dim, targets }
    }

    /// Only the samples of these classes, in their order in the set; the classes are renumbered 0, 1, ... in the order
    /// given.
    ///
    /// # Errors
    /// [`DataError::Request`] when the targets are no classes, or a class is named twice, does not exist, or has no
    /// samples.
    pub fn only_classes(&self, classes: &[u32]) -> Result<Self, DataError> {
        let (indices, count) = self.classes()?;
        let mut new = vec![None; count as usize];
        for (to, &from) in (0..).zip(classes) {
            let refuse = |expected| DataError::Request { what: "classes", found: from.to_string(), expected };
            match new.get_mut(from as usize) {
                None => return Err(refuse("classes that the set has")),
                Some(Some(_)) => return Err(refuse("each class once")),
                Some(slot) => *slot = Some(to),
            }
            if !indices.contains(&from) {
                return Err(refuse("classes of which the set has samples"));
            }
        }
        let kept: Vec<usize> = (0..self.n).filter(|&i| new[indices[i] as usize].is_some()).collect();
        let mut part = self.select(&kept);
        let renumbered = kept.iter().filter_map(|&i| new[indices[i] as usize]).collect();
        part.targets = Targets::Classes { indices: renumbered, count: classes.len() as u32 };
        Ok(part)
    }

    /// Two classes as regression targets: class 0 becomes -1, class 1 becomes +1.
    ///
    /// # Errors
    /// [`DataError::Request`] when the targets are not two classes.
    pub fn signs(mut self) -> Result<Self, DataError> {
        let (indices, count) = self.classes()?;
        if count != 2 {
            let expected = "two, for targets -1 and +1 (choose two with `classes`)";
            return Err(DataError::Request { what: "the number of classes", found: count.to_string(), expected });
        }
        self.targets = Targets::Values(indices.iter().map(|&c| 2.0 * f64::from(c) - 1.0).collect());
        Ok(self)
    }

    /// The class of each sample, and how many classes there are.
    pub(crate) fn classes(&self) -> Result<(&[u32], u32), DataError> {
        match &self.targets {
            Targets::Classes { indices, count } => Ok((indices, *count)),
            Targets::Values(_) => {
                Err(DataError::Request { what: "the set's targets", found: "numbers".into(), expected: "classes" })
            }
        }
    }

    /// The numbers of `n` samples that take the classes in turn (0, 1, ..., 0, 1, ...), each class in random order, or
    /// the longest such list of whole turns when `n` is `None`. A shorter list is the beginning of a longer one.
    pub(crate) fn in_turn(&self, n: Option<usize>, rng: &mut impl Rng) -> Result<Vec<usize>, DataError> {
        let (indices, count) = self.classes()?;
        let k = count as usize;
        let total = u32::try_from(self.n).map_err(|_| DataError::Request {
            what: "the number of samples",
            found: self.n.to_string(),
            expected: "a number below 2^32",
        })?;
        let mut members = vec![Vec::new(); k];
        for i in permutation(rng, total) {
            members[indices[i as usize] as usize].push(i as usize);
        }
        let n = n.unwrap_or_else(|| k * members.iter().map(Vec::len).min().unwrap_or(0));
        (0..n)
            .map(|i| {
                members[i % k].get(i / k).copied().ok_or_else(|| DataError::TooFew {
                    what: format!("a balanced subset of {n} samples, class {},", i % k),
                    asked: (n - i % k).div_ceil(k),
                    found: members[i % k].len(),
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stream::stream;

    fn set(labels: &[u32], count: u32) -> Dataset {
        let inputs = (0..labels.len()).map(|i| i as f32).collect();
        Dataset { inputs, n: labels.len(), dim: 1, targets: Targets::Classes { indices: labels.to_vec(), count } }
    }

    #[test]
    fn classes_are_renumbered_in_the_order_given() {
        let part = set(&[3, 1, 0, 3, 2, 1], 4).only_classes(&[3, 1]).unwrap();
        assert_eq!(part.inputs, [0.0, 1.0, 3.0, 5.0]);
        assert_eq!(part.targets, Targets::Classes { indices: vec![0, 1, 0, 1], count: 2 });
        assert_eq!(part.signs().unwrap().targets, Targets::Values(vec![-1.0, 1.0, -1.0, 1.0]));
    }

    #[test]
    fn classes_that_cannot_be_are_refused() {
        let all = set(&[0, 1, 1], 4);
        for (classes, says) in [
            (&[0, 4][..], "classes is 4, expected classes that the set has"),
            (&[1, 1], "classes is 1, expected each class once"),
            (&[0, 2], "classes is 2, expected classes of which"),
        ] {
            let text = all.only_classes(classes).unwrap_err().to_string();
            assert!(text.contains(says), "{text}");
        }
        assert!(all.clone().signs().unwrap_err().to_string().contains("number of classes is 4"));
        let numbers = Dataset { targets: Targets::Values(vec![0.0; 3]), ..all };
        assert!(numbers.only_classes(&[0]).unwrap_err().to_string().contains("numbers, expected classes"));
    }

    proptest! {
        #[test]
        fn a_balanced_subset_is_balanced_and_begins_the_longer_one(
            labels in prop::collection::vec(0u32..3, 9..60), seed: u64,
        ) {
            let data = set(&labels, 3);
            let smallest = (0..3).map(|c| labels.iter().filter(|&&l| l == c).count()).min().unwrap();
            let longest = data.in_turn(None, &mut stream(seed, "turn")).unwrap();
            prop_assert_eq!(longest.len(), 3 * smallest);
            for n in 0..longest.len() {
                let chosen = data.in_turn(Some(n), &mut stream(seed, "turn")).unwrap();
                prop_assert_eq!(&chosen[..], &longest[..n]);
            }
            for (i, &s) in longest.iter().enumerate() {
                prop_assert_eq!(labels[s] as usize, i % 3);
            }
            let mut distinct = longest.clone();
            distinct.sort_unstable();
            distinct.dedup();
            prop_assert_eq!(distinct.len(), longest.len());
            let refused = data.in_turn(Some(labels.len() + 3), &mut stream(seed, "turn"));
            prop_assert!(matches!(refused, Err(DataError::TooFew { .. })), "{:?}", refused);
        }
    }
}
