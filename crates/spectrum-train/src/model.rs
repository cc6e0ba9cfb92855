//! Model, data and their host-side randomness.

use spectrum_data::{
    DataError, Dataset, PairInputs, Scaling, SingleIndex, SpikedParts, Split, Targets, load_images, normals, signs,
    sphere_weights, stream, uniform,
};
use spectrum_models::{
    ConvNet, ConvNetConfig, Draw, Mlp, MlpConfig, Place, SumEmbedding, SumEmbeddingConfig, Transformer,
    TransformerConfig, TwoLayer, TwoLayerConfig,
};

use crate::config::{
    Config, ConvNetModelConfig, DataConfig, FirstLayer, ImagesConfig, LossKind, MlpModelConfig, ModelConfig,
    ReadoutInit, SumEmbeddingModelConfig, TransformerModelConfig, TwoLayerModelConfig,
};
use crate::{TrainError, matrix_data};

/// Initial weights from the run's named streams.
pub(crate) struct Streams(pub u64);

impl Draw for Streams {
    fn normals(&mut self, parameter: &str, count: usize) -> Vec<f64> {
        normals(&mut stream(self.0, &format!("model.{parameter}")), count)
    }

    fn uniforms(&mut self, parameter: &str, count: usize) -> Vec<f64> {
        let mut rng = stream(self.0, &format!("model.{parameter}"));
        (0..count).map(|_| 2.0 * uniform(&mut rng) - 1.0).collect()
    }
}

/// The data, and what the training inputs are made of where that is known.
pub(crate) struct Loaded {
    pub split: Split,
    pub parts: Option<SpikedParts>,
}

/// Draws or reads the data.
pub(crate) fn load(config: &Config) -> Result<Loaded, TrainError> {
    let images = |name: &str, c: &ImagesConfig| -> Result<Loaded, TrainError> {
        let scaling = if c.standardise { Scaling::Standard } else { Scaling::Unit };
        let mut split = c.options().apply(load_images(name, c.folder.as_deref(), scaling)?, config.seed)?;
        let parts = (c.spikes > 0).then(|| SpikedParts::of_data(&mut split, c.spikes)).transpose()?;
        Ok(Loaded { split, parts })
    };
    match &config.data {
        DataConfig::SingleIndex(d) => {
            let set = SingleIndex {
                n: d.n,
                d: d.d,
                n_test: d.n_test,
                n_probe: if !(config.probe.enabled || config.kernels_on_probe()) {
                    0
                } else if d.n_probe == 0 {
                    d.n
                } else {
                    d.n_probe
                },
                link: d.link,
                noise: d.noise,
                centre: d.centre,
                normalise: d.normalise,
            };
            Ok(Loaded { split: set.draw(config.seed)?, parts: None })
        }
        DataConfig::Modular(d) => {
            let inputs = match &config.model {
                ModelConfig::Transformer(_) => PairInputs::SequenceOneHot,
                _ => PairInputs::OneHot,
            };
            Ok(Loaded { split: d.draw(config.seed)?.split(inputs)?, parts: None })
        }
        DataConfig::Spiked(d) => {
            let drawn = d.draw(config.seed)?;
            Ok(Loaded { split: drawn.split, parts: Some(drawn.parts) })
        }
        DataConfig::Digits(c) => images("digits", c),
        DataConfig::Fashion1000(c) => images("fashion-1000", c),
        DataConfig::Mnist(c) => images("mnist", c),
        DataConfig::FashionMnist(c) => images("fashion-mnist", c),
        DataConfig::Matrix(c) => matrix_data::load(config, c),
    }
}

/// Outputs that the targets ask for.
pub(crate) fn outputs(set: &Dataset) -> usize {
    match &set.targets {
        Targets::Values(_) => 1,
        Targets::Classes { count, .. } => *count as usize,
    }
}

/// The loss that the config names or the targets imply.
pub(crate) fn loss_kind(config: &Config, set: &Dataset) -> LossKind {
    config.training.loss.unwrap_or(match set.targets {
        Targets::Values(_) => LossKind::Mse,
        Targets::Classes { .. } => LossKind::CrossEntropy,
    })
}

/// Draws rows on the unit sphere and signs, where the config asks for them.
struct OnSphere<'a> {
    streams: Streams,
    config: &'a TwoLayerModelConfig,
    inputs: usize,
    /// The first spike's direction and the number of training samples.
    bias: Option<(&'a [f64], usize)>,
    failed: Option<DataError>,
}

impl Draw for OnSphere<'_> {
    fn normals(&mut self, parameter: &str, count: usize) -> Vec<f64> {
        let draws = self.streams.normals(parameter, count);
        match parameter {
            "hidden.weight" if self.config.init != FirstLayer::Gaussian => {
                let (d, m) = (self.inputs, count / self.inputs.max(1));
                match sphere_weights(draws, d, self.bias) {
                    // The layer is stored input x output, and its entries are multiplied by 1/sqrt(d).
                    Ok(rows) => (0..count).map(|k| rows[(k % m) * d + k / m] * (d as f64).sqrt()).collect(),
                    Err(e) => {
                        self.failed = Some(e);
                        vec![0.0; count]
                    }
                }
            }
            "readout.weight" if self.config.readout == ReadoutInit::Sign => signs(&draws),
            _ => draws,
        }
    }

    fn uniforms(&mut self, parameter: &str, count: usize) -> Vec<f64> {
        self.streams.uniforms(parameter, count)
    }
}

pub(crate) fn two_layer(
    seed: u64,
    m: &TwoLayerModelConfig,
    set: &Dataset,
    parts: Option<&SpikedParts>,
    place: &Place,
) -> Result<TwoLayer, TrainError> {
    let inputs = set.dim;
    let shape = TwoLayerConfig {
        inputs,
        width: m.width,
        activation: m.activation,
        normalized: m.normalized,
        scaling: m.scaling,
        input_scale: m.inputs(),
        hidden_std: match m.init {
            FirstLayer::Gaussian => 1.0,
            FirstLayer::Sphere | FirstLayer::Biased => (inputs as f64).sqrt().recip(),
        },
    };
    let bias = match (m.init, parts.and_then(|p| p.q.first())) {
        (FirstLayer::Biased, None) => return Err(TrainError::NoSpike),
        (FirstLayer::Biased, Some(q)) => Some((&q[..], set.n)),
        _ => None,
    };
    let mut draw = OnSphere { streams: Streams(seed), config: m, inputs, bias, failed: None };
    let net = TwoLayer::new(&shape, place, &mut draw)?;
    match draw.failed {
        Some(e) => Err(e.into()),
        None => Ok(net),
    }
}

pub(crate) fn mlp(seed: u64, m: &MlpModelConfig, set: &Dataset, place: &Place) -> Result<Mlp, TrainError> {
    let shape = MlpConfig {
        inputs: set.dim,
        hidden: m.hidden.clone(),
        outputs: outputs(set),
        activation: m.activation,
        normalized: m.normalized,
        bias: m.bias,
        init: m.init,
        parametrization: m.parametrization,
    };
    Ok(Mlp::new(&shape, place, &mut Streams(seed))?)
}

pub(crate) fn conv_net(seed: u64, m: &ConvNetModelConfig, set: &Dataset, place: &Place) -> Result<ConvNet, TrainError> {
    // Every set that can be read holds square grey images.
    let side = set.dim.isqrt();
    if side * side != set.dim {
        return Err(TrainError::NotSquare { dim: set.dim });
    }
    let shape = ConvNetConfig {
        image: [1, side, side],
        channels: m.channels.clone(),
        kernel: m.kernel,
        outputs: outputs(set),
        activation: m.activation,
        normalized: m.normalized,
        bias: m.bias,
        init: m.init,
    };
    Ok(ConvNet::new(&shape, place, &mut Streams(seed))?)
}

pub(crate) fn sum_embedding(
    seed: u64,
    m: &SumEmbeddingModelConfig,
    set: &Dataset,
    place: &Place,
) -> Result<SumEmbedding, TrainError> {
    let shape =
        SumEmbeddingConfig { tokens: outputs(set), embedding: m.embedding, hidden: m.hidden, activation: m.activation };
    Ok(SumEmbedding::new(&shape, place, &mut Streams(seed))?)
}

pub(crate) fn transformer(
    seed: u64,
    m: &TransformerModelConfig,
    set: &Dataset,
    place: &Place,
) -> Result<Transformer, TrainError> {
    // Tokens of a sequence are also its classes.
    let vocabulary = outputs(set);
    let shape = TransformerConfig {
        vocabulary,
        length: set.dim / vocabulary.max(1),
        width: m.width,
        heads: m.heads,
        hidden: m.hidden(),
        blocks: m.blocks,
        outputs: vocabulary,
        layer_norm: m.layer_norm,
        positions: m.positions,
    };
    Ok(Transformer::new(&shape, place, &mut Streams(seed))?)
}
