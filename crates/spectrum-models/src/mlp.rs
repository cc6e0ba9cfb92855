//! A multilayer perceptron of any depth.

use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use spectrum_core::{Alignment, Architecture, LayerRule, Order};

use crate::{Activation, ActivationKind, Dense, Draw, InitRule, ModelError, Network, Place, Taps};

/// Where the factor 1/sqrt(fan-in) stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Parametrization {
    /// In the initial weights: y = W x.
    #[default]
    Standard,
    /// In the network: weights N(0, 1), X_0 = x/sqrt(d), X_l = sigma(W_l X_(l-1))/sqrt(d_l), f = w^T X_L (Jacot et al. 2018;
    /// Fan and Wang 2020, section 2). `init` is not used.
    Ntk,
}

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
    /// Where the factor 1/sqrt(fan-in) stands.
    pub parametrization: Parametrization,
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
    #[module(skip)]
    parametrization: Parametrization,
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
            let std = match (config.parametrization, config.init) {
                (Parametrization::Standard, InitRule::Pytorch) => {
                    let bound = (i as f64).sqrt().recip();
                    return Dense::uniform(place, &device, path, [i, o], bound, config.bias.then_some(bound), draw);
                }
                (Parametrization::Standard, init) => init.std(i, o),
                (Parametrization::Ntk, _) => 1.0,
            };
            Dense::draw(place, &device, path, i, o, std, config.bias, draw)
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
            parametrization: config.parametrization,
        })
    }

    /// x / sqrt(width).
    fn shrink(&self, x: Tensor<2>) -> Tensor<2> {
        let width = x.dims()[1] as f64;
        x.mul_scalar(width.sqrt().recip())
    }

    fn unit(&self, x: &Tensor<2>) -> f64 {
        match self.parametrization {
            Parametrization::Standard => x.dims()[1] as f64,
            Parametrization::Ntk => 1.0,
        }
    }

    fn hidden_pass(&self, prepared: Tensor<2>, input_scale: f64, taps: &mut Taps) -> Tensor<2> {
        let mut x = prepared;
        for (k, layer) in self.hidden.iter().enumerate() {
            let unit = self.unit(&x);
            let z = taps.dense(&format!("hidden.{k}"), layer, x, unit);
            x = self.activation.forward(if k == 0 && input_scale != 1.0 { z.mul_scalar(input_scale) } else { z });
            if self.parametrization == Parametrization::Ntk && k + 1 < self.hidden.len() {
                x = self.shrink(x);
            }
        }
        x
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
        names.windows(2).map(|w| Alignment::consecutive(&w[0], &w[1])).collect()
    }
}

impl Network for Mlp {
    /// x / sqrt(d) in the tangent parametrisation.
    fn prepare(&self, inputs: Tensor<2>) -> Tensor<2> {
        match self.parametrization {
            Parametrization::Standard => inputs,
            Parametrization::Ntk => self.shrink(inputs),
        }
    }

    fn forward_tapped(&self, prepared: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
        let mut features = self.hidden_pass(prepared, 1.0, taps);
        if self.parametrization == Parametrization::Ntk {
            features = self.shrink(features);
        }
        let unit = self.unit(&features);
        taps.dense("readout", &self.readout, features, unit)
    }

    fn features(&self, prepared: Tensor<2>, input_scale: f64) -> Tensor<2> {
        self.hidden_pass(prepared, input_scale, &mut Taps::Off)
    }

    fn feature_layer(&self) -> String {
        format!("hidden.{}.weight", self.hidden.len() - 1)
    }

    fn initial_std(&self) -> Vec<(String, f64)> {
        self.layers()
            .map(|(path, layer)| {
                let [i, o] = layer.weight.dims();
                let std = match self.parametrization {
                    Parametrization::Standard => self.init.std(i, o),
                    Parametrization::Ntk => 1.0,
                };
                (path, std)
            })
            .collect()
    }

    fn input_layers(&self) -> Vec<String> {
        vec!["hidden.0.weight".into()]
    }
}
