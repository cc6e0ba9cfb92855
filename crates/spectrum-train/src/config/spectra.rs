//! `[spectra]` and `[probe]`.

use serde::{Deserialize, Serialize};
use spectrum_core::{Kind, Route};
use spectrum_hook::Schedule;

/// What is recorded of the weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpectraConfig {
    /// Whether anything is.
    pub enabled: bool,
    /// At which steps.
    pub every: Schedule,
    /// Globs on layer names.
    pub layers: Vec<String>,
    /// Which matrices of each layer.
    pub kinds: Vec<Kind>,
    /// How singular values are computed.
    pub route: Route,
    /// Leading singular pairs kept.
    pub vectors: usize,
    /// Measure each weight's null, W_0 + shuffled displacement, beside it.
    pub nulls: bool,
    /// Worker threads; 0 for one less than the machine has, and at least one.
    pub workers: usize,
    /// Tasks that may wait for a worker before training does.
    pub queue: usize,
}

impl Default for SpectraConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            every: Schedule::default(),
            layers: vec!["*".into()],
            kinds: vec![Kind::Weight, Kind::Update],
            route: Route::Gram,
            vectors: 8,
            nulls: true,
            workers: 0,
            queue: 16,
        }
    }
}

/// What is measured of the last hidden layer's features: alignment with the labels and the ridge refit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProbeConfig {
    /// Whether anything is; needs real targets.
    pub enabled: bool,
    /// The ridge parameter lambda of the refit.
    pub ridge_lambda: f64,
    /// The features' pre-activation: the network's own W x / sqrt(d), or W x / d.
    pub feature_scale: FeatureScale,
}

impl Default for ProbeConfig {
    fn default() -> Self {
        Self { enabled: true, ridge_lambda: 0.01, feature_scale: FeatureScale::SqrtD }
    }
}

/// The factor of the first pre-activation when features are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureScale {
    /// sigma(W x / sqrt d): the network's own features.
    #[default]
    SqrtD,
    /// sigma(W x / d): the features behind the published curves of arXiv 2406.04657.
    D,
}
