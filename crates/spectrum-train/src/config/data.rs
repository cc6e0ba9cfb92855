//! `[data]`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use spectrum_data::Link;

/// Which data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum DataConfig {
    /// A single-index teacher on Gaussian inputs.
    SingleIndex(SingleIndexConfig),
    /// The 8x8 digits that come with the program.
    Digits(ImagesConfig),
    /// The 1000-image Fashion-MNIST cut that comes with the program.
    #[serde(rename = "fashion-1000")]
    Fashion1000(ImagesConfig),
    /// MNIST, from a folder or as fetched.
    Mnist(ImagesConfig),
    /// Fashion-MNIST, from a folder or as fetched.
    FashionMnist(ImagesConfig),
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
    /// Use only the first so many training images; 0 means all.
    #[serde(default)]
    pub n: usize,
    /// Use only the first so many test images; 0 means all.
    #[serde(default)]
    pub n_test: usize,
    /// Subtract the training set's mean and divide by its standard deviation (one number each).
    #[serde(default = "yes")]
    pub standardise: bool,
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
