//! The config of a run: what stands in the TOML file, every default written out.

mod check;
mod data;
mod dynamics;
mod gradients;
mod kernels;
mod model;
mod read;
mod spectra;
mod training;

use serde::Serialize;
use spectrum_core::{Kind, Precision};
use spectrum_optim::OptimizerConfig;

pub use data::{DataConfig, ImagesConfig, MatrixConfig, SingleIndexConfig};
pub use dynamics::{DynamicsConfig, InterventionsConfig, Keep, Moment};
pub use gradients::GradientsConfig;
pub use kernels::{KernelLayers, KernelOutput, KernelSamples, KernelsConfig};
pub use model::{
    ConvNetModelConfig, FirstLayer, MlpModelConfig, ModelConfig, ReadoutInit, SumEmbeddingModelConfig,
    TransformerModelConfig, TwoLayerModelConfig,
};
pub use read::{ConfigSource, Override};
pub use spectra::{FeatureScale, Nulls, ProbeConfig, SpectraConfig};
pub use training::{Batch, LossKind, OnDivergence, Regularizers, TrainingConfig};

/// Everything that decides the numbers of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Config {
    /// Part of the run directory's name.
    pub name: String,
    /// The seed of every random stream.
    pub seed: u64,
    /// `flex`, `ndarray`, `wgpu`, `vulkan` or `cuda`.
    pub backend: String,
    /// f32 or f64.
    pub precision: Precision,
    /// The data.
    pub data: DataConfig,
    /// The model.
    pub model: ModelConfig,
    /// The optimizer with its rate and schedule.
    pub optimizer: OptimizerConfig,
    /// Steps, batches, loss.
    pub training: TrainingConfig,
    /// What is recorded.
    pub spectra: SpectraConfig,
    /// What is measured of the features.
    pub probe: ProbeConfig,
    /// How kernels are recorded.
    pub kernels: KernelsConfig,
    /// What is measured of gradients beside their spectra.
    pub gradients: GradientsConfig,
    /// What is computed of the weights' dynamics at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dynamics: Option<DynamicsConfig>,
    /// The model with part of its singular values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interventions: Option<InterventionsConfig>,
}

impl Config {
    /// Whether kernels are recorded on the probe set.
    #[must_use]
    pub fn kernels_on_probe(&self) -> bool {
        let kernels = self.spectra.kinds.iter().any(|k| matches!(k, Kind::Ck | Kind::Ntk));
        self.spectra.enabled && kernels && self.kernels.on == KernelSamples::Probe
    }
}
