//! `[model]`.

use serde::{Deserialize, Serialize};
use spectrum_models::{ActivationKind, InitRule, InputScale, Parametrization, Positions, Scaling};

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
    /// The sum of two embeddings, and a hidden layer.
    SumEmbedding(SumEmbeddingModelConfig),
    /// A decoder-style Transformer.
    Transformer(TransformerModelConfig),
}

impl ModelConfig {
    /// Path prefixes of what trains; `None` for everything.
    #[must_use]
    pub fn train(&self) -> Option<&[String]> {
        match self {
            Self::TwoLayer(m) => Some(&m.train),
            Self::Mlp(m) => m.train.as_deref(),
            Self::ConvNet(m) => m.train.as_deref(),
            Self::SumEmbedding(m) => m.train.as_deref(),
            Self::Transformer(m) => m.train.as_deref(),
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
    /// The factor of the inputs: 1/sqrt(d) (`sqrt_d`) or none (`none`, the default for rows on the sphere).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_scale: Option<InputScale>,
    /// The hidden layer's weights at the start.
    #[serde(default, skip_serializing_if = "is_default")]
    pub init: FirstLayer,
    /// The readout's weights at the start.
    #[serde(default, skip_serializing_if = "is_default")]
    pub readout: ReadoutInit,
    /// Path prefixes of what trains.
    #[serde(default = "hidden")]
    pub train: Vec<String>,
}

impl TwoLayerModelConfig {
    /// The factor of the inputs, as it was said or as it follows from the weights.
    #[must_use]
    pub fn inputs(&self) -> InputScale {
        self.input_scale.unwrap_or(match self.init {
            FirstLayer::Gaussian => InputScale::SqrtD,
            FirstLayer::Sphere | FirstLayer::Biased => InputScale::None,
        })
    }
}

/// The hidden layer's weights at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FirstLayer {
    /// N(0, 1), entry by entry.
    #[default]
    Gaussian,
    /// Rows uniform on the unit sphere.
    Sphere,
    /// Such rows plus n^(-1/4) q with the first spike's direction q, brought back to the sphere (arXiv 2510.01303).
    Biased,
}

/// The readout's weights at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadoutInit {
    /// N(0, 1).
    #[default]
    Gaussian,
    /// -1 or +1.
    Sign,
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

/// x = E[a] + E[b], logits = W2 sigma(W1 x + b1) + b2.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SumEmbeddingModelConfig {
    /// Width of the embedding.
    #[serde(default = "sixty_four")]
    pub embedding: usize,
    /// Hidden neurons.
    #[serde(default = "hundred_twenty_eight")]
    pub hidden: usize,
    /// sigma.
    #[serde(default = "relu")]
    pub activation: ActivationKind,
    /// Path prefixes of what trains; everything without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train: Option<Vec<String>>,
}

/// Embedding and positions, blocks of causal attention and a hidden layer, a decoder on the last position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransformerModelConfig {
    /// d.
    #[serde(default = "hundred_twenty_eight")]
    pub width: usize,
    /// Attention heads, a divisor of the width.
    #[serde(default = "four")]
    pub heads: usize,
    /// Hidden neurons of each block; 0 means four times the width.
    #[serde(default)]
    pub hidden: usize,
    /// Blocks.
    #[serde(default = "one")]
    pub blocks: usize,
    /// Layer normalisation before attention and hidden layer.
    #[serde(default)]
    pub layer_norm: bool,
    /// `sinusoidal`, or `learned`.
    #[serde(default)]
    pub positions: Positions,
    /// Path prefixes of what trains; everything without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train: Option<Vec<String>>,
}

impl TransformerModelConfig {
    /// Hidden neurons of each block, as they were said or as they follow from the width.
    #[must_use]
    pub fn hidden(&self) -> usize {
        if self.hidden == 0 { self.width.saturating_mul(4) } else { self.hidden }
    }
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

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
fn hidden() -> Vec<String> {
    vec!["hidden".into()]
}
fn relu() -> ActivationKind {
    ActivationKind::Relu
}
fn sixty_four() -> usize {
    64
}
fn hundred_twenty_eight() -> usize {
    128
}
fn one() -> usize {
    1
}
fn four() -> usize {
    4
}
fn three() -> usize {
    3
}
fn yes() -> bool {
    true
}
