//! `[model]`.

use serde::{Deserialize, Serialize};
use spectrum_models::{ActivationKind, InitRule, Scaling};

/// Which model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ModelConfig {
    /// The two-layer student.
    TwoLayer(TwoLayerModelConfig),
    /// A multilayer perceptron.
    Mlp(MlpModelConfig),
}

impl ModelConfig {
    /// Path prefixes of what trains; `None` for everything.
    #[must_use]
    pub fn train(&self) -> Option<&[String]> {
        match self {
            Self::TwoLayer(m) => Some(&m.train),
            Self::Mlp(m) => m.train.as_deref(),
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
fn yes() -> bool {
    true
}
