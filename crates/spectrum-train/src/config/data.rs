//! `[data]`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use spectrum_data::{
    ImageOptions, LabelForm, Link, MatrixOptions, ModularArithmetic, Preprocessing, RandomLabels, Spiked, SpikedTarget,
    Subset, TargetForm,
};

/// Which data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum DataConfig {
    /// A single-index teacher on Gaussian inputs.
    SingleIndex(SingleIndexConfig),
    /// An anisotropic bulk with rank-one spikes.
    Spiked(Spiked),
    /// Modular arithmetic: every pair of residues with its result.
    Modular(ModularArithmetic),
    /// The 8x8 digits that come with the program.
    Digits(ImagesConfig),
    /// The 1000-image Fashion-MNIST cut that comes with the program.
    #[serde(rename = "fashion-1000")]
    Fashion1000(ImagesConfig),
    /// MNIST, from a folder or as fetched.
    Mnist(ImagesConfig),
    /// Fashion-MNIST, from a folder or as fetched.
    FashionMnist(ImagesConfig),
    /// The rows of a matrix in a file of the user's.
    Matrix(MatrixConfig),
}

/// y = link(beta . x) + noise * xi.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SingleIndexConfig {
    /// Training samples.
    pub n: usize,
    /// Input dimension.
    pub d: usize,
    /// Test samples.
    #[serde(default = "two_thousand")]
    pub n_test: usize,
    /// Fresh samples on which features are measured; 0 means as many as `n`.
    #[serde(default)]
    pub n_probe: usize,
    /// The teacher's link.
    #[serde(default)]
    pub link: Link,
    /// Standard deviation of the label noise.
    #[serde(default = "third")]
    pub noise: f64,
    /// Subtract the link's Gaussian mean.
    #[serde(default)]
    pub centre: bool,
    /// Divide by the link's Gaussian standard deviation.
    #[serde(default)]
    pub normalise: bool,
}

/// An image set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImagesConfig {
    /// Folder with the files; without it the place that `spectrum data fetch` writes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// Use only so many training images; 0 means all.
    #[serde(default)]
    pub n: usize,
    /// Use only so many test images; 0 means all.
    #[serde(default)]
    pub n_test: usize,
    /// Training images, after the `n` first, on which features and kernels are measured; 0 means none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub n_probe: usize,
    /// Classes to keep, renumbered in this order; all where empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<u32>,
    /// `class`, or `sign`: -1 and +1 for two classes, as numbers.
    #[serde(default, skip_serializing_if = "is_default")]
    pub targets: TargetForm,
    /// Which images make a subset: the `first`, or `balanced`, as many of each class, chosen from the seed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub subset: Subset,
    /// Random labels in place of the training set's true ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub random_labels: Option<RandomLabels>,
    /// Take so many leading principal components as spikes and the rest as bulk, centred, the bulk's mean variance 1; 0 means
    /// that nothing is decomposed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub spikes: usize,
    /// Centring, removal of principal components, normalisation; after `standardise`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub preprocessing: Preprocessing,
    /// Subtract the training set's mean and divide by its standard deviation (one number each).
    #[serde(default = "yes")]
    pub standardise: bool,
}

impl ImagesConfig {
    /// The choices about the images, as the reader takes them.
    #[must_use]
    pub fn options(&self) -> ImageOptions {
        ImageOptions {
            classes: self.classes.clone(),
            targets: self.targets,
            n: self.n,
            n_probe: self.n_probe,
            n_test: self.n_test,
            subset: self.subset,
            random_labels: self.random_labels,
            preprocessing: self.preprocessing,
        }
    }
}

/// A matrix of samples from a file that holds named tensors: `.npy`, `.npz`, safetensors, PyTorch, burnpack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatrixConfig {
    /// The file; as for a folder of images, a relative path starts where the program does.
    pub file: PathBuf,
    /// Name of the tensor of inputs, n x d; without it the only tensor, or the only one with two axes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<String>,
    /// Name of the tensor of targets, n or n x 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets: Option<String>,
    /// Another file with the targets; without `targets` its only tensor, or the only one with one axis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets_file: Option<PathBuf>,
    /// `values`; `class`, integers from 0; or `sign`, of two distinct numbers, or of a teacher's answers.
    #[serde(default)]
    pub form: LabelForm,
    /// Where there are no targets: what makes them from the inputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teacher: Option<SpikedTarget>,
    /// Standard deviation of the teacher's label noise; with a teacher a resolved config has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<f64>,
    /// Training rows; 0 means all that are not test rows.
    #[serde(default)]
    pub n: usize,
    /// Test rows.
    pub n_test: usize,
    /// Shuffle the rows before the first `n` train and the last `n_test` test.
    #[serde(default = "yes")]
    pub shuffle: bool,
    /// Take so many leading principal components as spikes and the rest as bulk, as for images; 0 means that nothing is
    /// decomposed.
    #[serde(default)]
    pub spikes: usize,
    /// Subtract the training inputs' mean and divide by their standard deviation (one number each).
    #[serde(default = "yes")]
    pub standardise: bool,
}

/// Label noise of a teacher where none is given: that of the triple index on spiked data (arXiv 2510.01303, our choice).
const TEACHER_NOISE: f64 = 0.1;

impl MatrixConfig {
    /// The choices about the rows, as the reader takes them.
    #[must_use]
    pub fn options(&self) -> MatrixOptions {
        MatrixOptions {
            form: self.form,
            teacher: self.teacher,
            noise: self.noise.unwrap_or(if self.teacher.is_some() { TEACHER_NOISE } else { 0.0 }),
            n: self.n,
            n_test: self.n_test,
            shuffle: self.shuffle,
            standardise: self.standardise,
        }
    }

    /// Whether the file of targets or their name is given.
    #[must_use]
    pub fn has_targets(&self) -> bool {
        self.targets.is_some() || self.targets_file.is_some()
    }
}

impl DataConfig {
    /// Writes out a default that depends on another key.
    pub(super) fn fill(&mut self) {
        if let Self::Matrix(m) = self
            && m.teacher.is_some()
        {
            m.noise.get_or_insert(TEACHER_NOISE);
        }
    }

    /// Whether the targets are numbers, not classes.
    #[must_use]
    pub fn has_values(&self) -> bool {
        match self {
            Self::SingleIndex(_) | Self::Spiked(_) => true,
            Self::Modular(_) => false,
            Self::Digits(c) | Self::Fashion1000(c) | Self::Mnist(c) | Self::FashionMnist(c) => {
                c.targets == TargetForm::Sign
            }
            Self::Matrix(m) => m.form != LabelForm::Class,
        }
    }

    /// Whether the targets are -1 and +1.
    #[must_use]
    pub fn has_signs(&self) -> bool {
        match self {
            Self::SingleIndex(_) | Self::Modular(_) => false,
            Self::Spiked(s) => s.sign,
            Self::Matrix(m) => m.form == LabelForm::Sign,
            _ => self.has_values(),
        }
    }

    /// Whether it is known what of the inputs is a spike.
    #[must_use]
    pub fn has_spikes(&self) -> bool {
        match self {
            Self::SingleIndex(_) | Self::Modular(_) => false,
            Self::Spiked(_) => true,
            Self::Digits(c) | Self::Fashion1000(c) | Self::Mnist(c) | Self::FashionMnist(c) => c.spikes > 0,
            Self::Matrix(m) => m.spikes > 0,
        }
    }

    /// Whether the samples are images.
    #[must_use]
    pub fn has_images(&self) -> bool {
        !matches!(self, Self::SingleIndex(_) | Self::Spiked(_) | Self::Modular(_) | Self::Matrix(_))
    }
}

fn is_zero(n: &usize) -> bool {
    *n == 0
}
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
fn two_thousand() -> usize {
    2000
}
fn third() -> f64 {
    0.3
}
fn yes() -> bool {
    true
}
