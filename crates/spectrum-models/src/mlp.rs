//! A multilayer perceptron of any depth.

use burn::module::Module;
use burn::tensor::Tensor;
use spectrum_core::{Alignment, Architecture, LayerRule, Meeting, Order};

use crate::{Activation, ActivationKind, Dense, Draw, InitRule, ModelError, Network, Place};

/// Shape of an [`Mlp`].
#[derive(Debug, Clone, PartialEq)]
pub struct MlpConfig {
    /// Input dimension.
    pub inputs: usize,
    /// Widths of the hidden layers, first to last.
    pub hidden: Vec<usize>,
    /// Output dimension: classes, or 1.
    pub outputs: usize,
    /// Activation of every hidden layer.
    pub activation: ActivationKind,
    /// Whether the activation is Gaussian-normalised.
    pub normalized: bool,
    /// Biases, which start at zero.
    pub bias: bool,
    /// Scale of the initial weights.
    pub init: InitRule,
}

/// Dense layers with an activation between them; the readout is linear.
#[derive(Module, Debug)]
pub struct Mlp {
    /// Hidden layers: paths `hidden.0.weight`, `hidden.1.weight`, ...
    pub hidden: Vec<Dense>,
    /// The last layer.
    pub readout: Dense,
    #[module(skip)]
    activation: Activation,
    #[module(skip)]
    init: InitRule,
}

impl Mlp {
    /// Draws the network at a place; parameters record gradients.
    ///
    /// # Errors
    /// [`ModelError`] for impossible sizes.
    pub fn new(config: &MlpConfig, place: &Place, draw: &mut dyn Draw) -> Result<Self, ModelError> {
        if config.hidden.is_empty() {
            return Err(ModelError::ZeroSize { key: "hidden" });
        }
        let device = place.recording();
        let mut layer = |path: &str, i: usize, o: usize| {
            Dense::draw(place, &device, path, i, o, config.init.std(i, o), config.bias, draw)
        };
        let mut inputs = config.inputs;
        let mut hidden = Vec::with_capacity(config.hidden.len());
        for (k, &width) in config.hidden.iter().enumerate() {
            hidden.push(layer(&format!("hidden.{k}"), inputs, width)?);
            inputs = width;
        }
        let readout = layer("readout", inputs, config.outputs)?;
        Ok(Self {
            hidden,
            readout,
            activation: Activation::new(config.activation, config.normalized),
            init: config.init,
        })
    }

    fn layers(&self) -> impl Iterator<Item = (String, &Dense)> {
        let hidden = self.hidden.iter().enumerate().map(|(k, l)| (format!("hidden.{k}.weight"), l));
        hidden.chain(std::iter::once(("readout.weight".to_owned(), &self.readout)))
    }
}

impl Architecture for Mlp {
    fn rules(&self) -> Vec<LayerRule> {
        self.layers().map(|(path, _)| LayerRule::matrix(path, Order::InOut)).collect()
    }

    fn alignments(&self) -> Vec<Alignment> {
        let names: Vec<String> = self.layers().map(|l| l.0).collect();
        names
            .windows(2)
            .map(|w| Alignment { first: w[0].clone(), second: w[1].clone(), meeting: Meeting::Consecutive })
            .collect()
    }
}

impl Network for Mlp {
    fn forward(&self, prepared: Tensor<2>) -> Tensor<2> {
        self.readout.forward(self.features(prepared, 1.0))
    }

    fn features(&self, prepared: Tensor<2>, input_scale: f64) -> Tensor<2> {
        let mut x = prepared;
        for (k, layer) in self.hidden.iter().enumerate() {
            let z = layer.forward(x);
            x = self.activation.forward(if k == 0 && input_scale != 1.0 { z.mul_scalar(input_scale) } else { z });
        }
        x
    }

    fn feature_layer(&self) -> String {
        format!("hidden.{}.weight", self.hidden.len() - 1)
    }

    fn initial_std(&self) -> Vec<(String, f64)> {
        self.layers()
            .map(|(path, layer)| {
                let [i, o] = layer.weight.dims();
                (path, self.init.std(i, o))
            })
            .collect()
    }

    fn input_layers(&self) -> Vec<String> {
        vec!["hidden.0.weight".into()]
    }
}
