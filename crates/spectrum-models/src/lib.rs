//! The models of the experiments, as Burn modules.
//!
//! Each model is a [`Network`]: it draws its weights on the host (never from a Burn initialiser), so that every backend
//! and both precisions start from the same numbers, and it declares its matrices through
//! [`spectrum_core::Architecture`]. A dense layer keeps Burn's layout, input x output: read column-major that is
//! the output x input matrix of the field, so a snapshot needs no transposition.

mod activation;
mod conv;
mod conv_net;
mod dense;
mod error;
mod freeze;
mod init;
mod mlp;
mod network;
mod parameter;
mod place;
mod rescale;
mod sum_embedding;
mod taps;
mod transformer;
mod two_layer;

pub use activation::{Activation, ActivationKind};
pub use conv::Conv;
pub use conv_net::{ConvNet, ConvNetConfig};
pub use dense::Dense;
pub use error::ModelError;
pub use freeze::{freeze_except, parameter_id, parameter_paths, trained_paths};
pub use init::{Draw, InitRule};
pub use mlp::{Mlp, MlpConfig, Parametrization};
pub use network::Network;
pub use parameter::{parameter, with_parameter};
pub use place::Place;
pub use rescale::rescale;
pub use sum_embedding::{SumEmbedding, SumEmbeddingConfig};
pub use taps::{Site, SitePlace, Taps};
pub use transformer::{Block, LayerNorm, Positions, Transformer, TransformerConfig};
pub use two_layer::{InputScale, Scaling, TwoLayer, TwoLayerConfig};
