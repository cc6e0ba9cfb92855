//! `[model]`.

use serde::{Deserialize, Serialize};
use spectrum_models::{ActivationKind, InitRule, Parametrization, Scaling};

/// Which model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ModelConfig {
    /// The two-layer student.
    TwoLayer(TwoLayerModelConfig),
    /// A multilayer perceptron.
    Mlp(MlpModelConfig),
    /// Convolutions and a readout.
    ConvNet(ConvNetModelConfig),
}

impl ModelConfig {
    /// Path prefixes of what trains; `None` for everything.
    #[must_use]
    pub fn train(&self) -> Option<&[String]> {
        match self {
            Self::TwoLayer(m) => Some(&m.train),
            Self::Mlp(m) => m.train.as_deref(),
            Self::ConvNet(m) => m.train.as_deref(),
        }
    }
}

/// f(x) = scale a^T sigma(W x / sqrt d).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwoLayerModelConfig {
    /// h.
    pub width: usize,
    /// sigma.
    #[serde(default)]
    pub activation: ActivationKind,
    /// Gaussian-normalised activation.
    #[serde(default)]
    pub normalized: bool,
    /// 1/sqrt(h) (`ntk`) or 1/h (`mean-field`).
    #[serde(default)]
    pub scaling: Scaling,
    /// Path prefixes of what trains.
    #[serde(default = "hidden")]
    pub train: Vec<String>,
}

/// Dense layers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MlpModelConfig {
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// Activation of every hidden layer.
    #[serde(default = "relu")]
    pub activation: ActivationKind,
    /// Gaussian-normalised activation.
    #[serde(default)]
    pub normalized: bool,
    /// Biases.
    #[serde(default = "yes")]
    pub bias: bool,
    /// Scale of the initial weights.
    #[serde(default)]
    pub init: InitRule,
    /// Where the factor 1/sqrt(fan-in) stands: in the initial weights (`standard`) or in the network (`ntk`, without `init`).
    #[serde(default)]
    pub parametrization: Parametrization,
    /// Path prefixes of what trains; everything without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train: Option<Vec<String>>,
}

/// Convolutions, each with its activation and a mean over 2 x 2 windows; then a dense readout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvNetModelConfig {
    /// Output channels of each convolution.
    pub channels: Vec<usize>,
    /// Odd side of every kernel.
    #[serde(default = "three")]
    pub kernel: usize,
    /// Activation of every convolution.
    #[serde(default = "relu")]
    pub activation: ActivationKind,
    /// Gaussian-normalised activation.
    #[serde(default)]
    pub normalized: bool,
    /// Biases.
    #[serde(default = "yes")]
    pub bias: bool,
    /// Scale of the initial weights.
    #[serde(default)]
    pub init: InitRule,
    /// Path prefixes of what trains; everything without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train: Option<Vec<String>>,
}

fn hidden() -> Vec<String> {
    vec!["hidden".into()]
}
fn relu() -> ActivationKind {
    ActivationKind::Relu
}
fn three() -> usize {
    3
}
fn yes() -> bool {
    true
}
