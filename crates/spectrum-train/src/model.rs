//! Model, data and their host-side randomness.

use spectrum_data::{Dataset, Scaling, SingleIndex, Split, Targets, load_images, normals, stream};
use spectrum_models::{ConvNet, ConvNetConfig, Draw, Mlp, MlpConfig, Place, TwoLayer, TwoLayerConfig};

use crate::TrainError;
use crate::config::{
    Config, ConvNetModelConfig, DataConfig, ImagesConfig, LossKind, MlpModelConfig, TwoLayerModelConfig,
};

/// Initial weights from the run's named streams.
pub(crate) struct Streams(pub u64);

impl Draw for Streams {
    fn normals(&mut self, parameter: &str, count: usize) -> Vec<f64> {
        normals(&mut stream(self.0, &format!("model.{parameter}")), count)
    }
}

/// Draws or reads the data.
pub(crate) fn load(config: &Config) -> Result<Split, TrainError> {
    let images = |name: &str, c: &ImagesConfig| -> Result<Split, TrainError> {
        let scaling = if c.standardise { Scaling::Standard } else { Scaling::Unit };
        Ok(c.options().apply(load_images(name, c.folder.as_deref(), scaling)?, config.seed)?)
    };
    match &config.data {
        DataConfig::SingleIndex(d) => {
            let set = SingleIndex {
                n: d.n,
                d: d.d,
                n_test: d.n_test,
                n_probe: if !config.probe.enabled {
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
            Ok(set.draw(config.seed)?)
        }
        DataConfig::Spiked(d) => Ok(d.draw(config.seed)?.split),
        DataConfig::Digits(c) => images("digits", c),
        DataConfig::Fashion1000(c) => images("fashion-1000", c),
        DataConfig::Mnist(c) => images("mnist", c),
        DataConfig::FashionMnist(c) => images("fashion-mnist", c),
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

pub(crate) fn two_layer(
    seed: u64,
    m: &TwoLayerModelConfig,
    inputs: usize,
    place: &Place,
) -> Result<TwoLayer, TrainError> {
    let shape = TwoLayerConfig {
        inputs,
        width: m.width,
        activation: m.activation,
        normalized: m.normalized,
        scaling: m.scaling,
    };
    Ok(TwoLayer::new(&shape, place, &mut Streams(seed))?)
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
