//! What of a set of images is used, and how.

use serde::{Deserialize, Serialize};

use crate::stream::stream;
use crate::{DataError, Dataset, Preprocessing, RandomLabels, Split};

/// Which samples make a subset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subset {
    /// The first ones.
    #[default]
    First,
    /// As many of each class as of any other (one more of the first classes where the number does not divide), in turn
    /// and chosen at random from the run's seed; a smaller subset is the beginning of a larger one.
    Balanced,
}

/// What the targets become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetForm {
    /// Classes, for classification.
    #[default]
    Class,
    /// -1 for the first of two classes and +1 for the second: numbers, for regression.
    Sign,
}

/// Choices about a loaded set of images. The default takes all as it is.
///
/// They are made in this order: classes, the samples of each set, random labels (training set only), the form of the
/// targets, preprocessing (fitted on the training set that is left).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImageOptions {
    /// Classes to keep, renumbered 0, 1, ... in this order; all where empty.
    pub classes: Vec<u32>,
    /// What the targets become.
    pub targets: TargetForm,
    /// Training samples; all that are left beside the probe set when zero.
    pub n: usize,
    /// Samples of the probe set, taken from the training images after the training samples; none when zero.
    pub n_probe: usize,
    /// Test samples; all when zero.
    pub n_test: usize,
    /// Which samples make a subset. Balanced sets come from the streams `data.subset.train` and `data.subset.test`.
    pub subset: Subset,
    /// Random labels in place of the training set's true ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub random_labels: Option<RandomLabels>,
    /// Centring, removal of principal components, normalisation.
    pub preprocessing: Preprocessing,
}

impl ImageOptions {
    /// Makes the choices on a set.
    ///
    /// # Errors
    /// [`DataError::TooFew`] when there are not as many samples as asked for; the errors of
    /// [`Dataset::only_classes`], [`Dataset::signs`], [`RandomLabels::apply`] and [`Split::preprocess`].
    pub fn apply(&self, split: Split, seed: u64) -> Result<Split, DataError> {
        let Split { mut train, probe, mut test, teacher } = split;
        if !self.classes.is_empty() {
            train = train.only_classes(&self.classes)?;
            test = test.only_classes(&self.classes)?;
        }
        let asked = |n: usize| (n > 0).then_some(n);
        let probe = if self.n_probe == 0 {
            if let Some(order) = self.order(&train, asked(self.n), "n", seed, "data.subset.train")? {
                train = train.select(&order);
            }
            probe
        } else {
            let together = match self.n {
                0 => None,
                n => Some(n.saturating_add(self.n_probe)),
            };
            let order = self.order(&train, together, "n + n_probe", seed, "data.subset.train")?;
            let order = order.unwrap_or_else(|| (0..train.n).collect());
            let n = match order.len().checked_sub(self.n_probe) {
                None | Some(0) => {
                    let what = "n_probe".to_owned();
                    return Err(DataError::TooFew { what, asked: self.n_probe, found: order.len().saturating_sub(1) });
                }
                Some(n) => n,
            };
            let probe = train.select(&order[n..]);
            train = train.select(&order[..n]);
            Some(probe)
        };
        if let Some(order) = self.order(&test, asked(self.n_test), "n_test", seed, "data.subset.test")? {
            test = test.select(&order);
        }
        if let Some(labels) = &self.random_labels {
            train.randomise_labels(labels)?;
        }
        let mut split = Split { train, probe, test, teacher };
        if self.targets == TargetForm::Sign {
            split = Split {
                train: split.train.signs()?,
                probe: split.probe.map(Dataset::signs).transpose()?,
                test: split.test.signs()?,
                teacher: split.teacher,
            };
        }
        split.preprocess(&self.preprocessing)?;
        Ok(split)
    }

    /// The samples to take, or nothing where all stay in their order.
    fn order(
        &self,
        set: &Dataset,
        n: Option<usize>,
        what: &str,
        seed: u64,
        name: &str,
    ) -> Result<Option<Vec<usize>>, DataError> {
        if let Some(asked) = n.filter(|&n| n > set.n) {
            return Err(DataError::TooFew { what: what.to_owned(), asked, found: set.n });
        }
        match self.subset {
            Subset::First => Ok(n.map(|n| (0..n).collect())),
            Subset::Balanced => Ok(Some(set.in_turn(n, &mut stream(seed, name))?)),
        }
    }
}
