//! The two-layer student.

use burn::module::{Module, ParamId};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
use spectrum_core::{Alignment, Architecture, LayerRule, Order};

use crate::{Activation, ActivationKind, Dense, Draw, ModelError, Network, Place, Taps};

/// The factor in front of the readout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scaling {
    /// 1 / sqrt(h): neural tangent parametrisation.
    #[default]
    Ntk,
    /// 1 / h: mean-field parametrisation.
    MeanField,
}

/// Shape and parametrisation of a [`TwoLayer`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TwoLayerConfig {
    /// d.
    pub inputs: usize,
    /// h.
    pub width: usize,
    /// The hidden activation.
    pub activation: ActivationKind,
    /// Whether the activation is Gaussian-normalised.
    pub normalized: bool,
    /// The readout's factor.
    pub scaling: Scaling,
    /// The factor of the inputs.
    pub input_scale: InputScale,
    /// Standard deviation of the entries of W at the start.
    pub hidden_std: f64,
}

/// The factor of the inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputScale {
    /// 1/sqrt(d), for weights of variance one.
    #[default]
    SqrtD,
    /// None, for weights whose rows have norm one.
    None,
}

/// f(x) = scale * a^T sigma(W x / sqrt(d)), W (h x d) and a (h) drawn N(0, 1), no biases
/// (Kothapalli et al. 2024, arXiv 2406.04657, section 2). With [`InputScale::None`] it is scale * a^T sigma(W x).
#[derive(Module, Debug)]
pub struct TwoLayer {
    /// W, stored d x h.
    pub hidden: Dense,
    /// a, stored h x 1.
    pub readout: Dense,
    #[module(skip)]
    activation: Activation,
    #[module(skip)]
    scaling: Scaling,
    #[module(skip)]
    input_scale: InputScale,
    #[module(skip)]
    hidden_std: f64,
}

impl TwoLayer {
    /// Draws the student at a place; parameters record gradients.
    ///
    /// # Errors
    /// [`ModelError`] for impossible sizes.
    pub fn new(config: &TwoLayerConfig, place: &Place, draw: &mut dyn Draw) -> Result<Self, ModelError> {
        let device: Device = place.recording();
        let (d, h) = (config.inputs, config.width);
        Ok(Self {
            hidden: Dense::draw(place, &device, "hidden", d, h, config.hidden_std, false, draw)?,
            readout: Dense::draw(place, &device, "readout", h, 1, 1.0, false, draw)?,
            activation: Activation::new(config.activation, config.normalized),
            scaling: config.scaling,
            input_scale: config.input_scale,
            hidden_std: config.hidden_std,
        })
    }

    /// The readout's factor, 1/sqrt(h) or 1/h.
    #[must_use]
    pub fn scale(&self) -> f64 {
        let h = self.sizes().1 as f64;
        match self.scaling {
            Scaling::Ntk => h.sqrt().recip(),
            Scaling::MeanField => h.recip(),
        }
    }

    /// The factor of the inputs, 1/sqrt(d) or 1.
    #[must_use]
    pub fn input_factor(&self) -> f64 {
        match self.input_scale {
            InputScale::SqrtD => (self.sizes().0 as f64).sqrt().recip(),
            InputScale::None => 1.0,
        }
    }

    /// The hidden activation.
    #[must_use]
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// Input dimension and width.
    #[must_use]
    pub fn sizes(&self) -> (usize, usize) {
        let [d, h] = self.hidden.weight.dims();
        (d, h)
    }
}

impl Architecture for TwoLayer {
    fn rules(&self) -> Vec<LayerRule> {
        ["hidden.weight", "readout.weight"].map(|p| LayerRule::matrix(p, Order::InOut)).to_vec()
    }

    fn alignments(&self) -> Vec<Alignment> {
        vec![Alignment::consecutive("hidden.weight", "readout.weight")]
    }
}

impl Network for TwoLayer {
    /// x / sqrt(d), or x.
    fn prepare(&self, inputs: Tensor<2>) -> Tensor<2> {
        match self.input_scale {
            InputScale::SqrtD => inputs.mul_scalar((self.sizes().0 as f64).sqrt().recip()),
            InputScale::None => inputs,
        }
    }

    fn forward_tapped(&self, prepared: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
        let h = self.sizes().1 as f64;
        let features = self.activation.forward(taps.dense("hidden", &self.hidden, prepared, 1.0));
        taps.dense("readout", &self.readout, features, h).mul_scalar(self.scale())
    }

    fn features(&self, prepared: Tensor<2>, input_scale: f64) -> Tensor<2> {
        let z = self.hidden.forward(prepared);
        self.activation.forward(if input_scale == 1.0 { z } else { z.mul_scalar(input_scale) })
    }

    /// With Gamma_i = c s (a o sigma'_i) W^T, the gradient of f at x_i (c the readout's factor, s that of the inputs, W stored
    /// d x h):
    ///
    /// ```text
    /// grad R = (2 c s/n) { Gamma^T [sigma' o (1 a^T)] + (s X)^T [sigma'' o (Gamma W) o (1 a^T)] }
    /// ```
    fn jacobian_gradient(&self, prepared: Tensor<2>) -> Option<(ParamId, Tensor<2>)> {
        let n = prepared.dims()[0] as f64;
        let h = self.sizes().1;
        let factor = self.scale() * self.input_factor();
        let weight = self.hidden.weight.val();
        let readout = self.readout.weight.val().reshape([1, h]);
        let [first, second] = self.activation.derivatives(prepared.clone().matmul(weight.clone()));
        let slopes = first * readout.clone();
        let gamma = slopes.clone().matmul(weight.clone().transpose()).mul_scalar(factor);
        let bends = second * gamma.clone().matmul(weight) * readout;
        let sum = gamma.transpose().matmul(slopes) + prepared.transpose().matmul(bends);
        Some((self.hidden.weight.id, sum.mul_scalar(2.0 * factor / n)))
    }

    fn feature_layer(&self) -> String {
        "hidden.weight".into()
    }

    fn initial_std(&self) -> Vec<(String, f64)> {
        vec![("hidden.weight".into(), self.hidden_std), ("readout.weight".into(), 1.0)]
    }

    fn input_layers(&self) -> Vec<String> {
        vec!["hidden.weight".into()]
    }
}
