//! The two-layer student.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
use spectrum_core::{Alignment, Architecture, LayerRule, Meeting, Order};

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
}

/// f(x) = scale * a^T sigma(W x / sqrt(d)), W (h x d) and a (h) drawn N(0, 1), no biases
/// (Kothapalli et al. 2024, arXiv 2406.04657, section 2).
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
            hidden: Dense::draw(place, &device, "hidden", d, h, 1.0, false, draw)?,
            readout: Dense::draw(place, &device, "readout", h, 1, 1.0, false, draw)?,
            activation: Activation::new(config.activation, config.normalized),
            scaling: config.scaling,
        })
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
        vec![Alignment {
            first: "hidden.weight".into(),
            second: "readout.weight".into(),
            meeting: Meeting::Consecutive,
        }]
    }
}

impl Network for TwoLayer {
    /// x / sqrt(d).
    fn prepare(&self, inputs: Tensor<2>) -> Tensor<2> {
        inputs.mul_scalar((self.sizes().0 as f64).sqrt().recip())
    }

    fn forward_tapped(&self, prepared: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
        let h = self.sizes().1 as f64;
        let scale = match self.scaling {
            Scaling::Ntk => h.sqrt().recip(),
            Scaling::MeanField => h.recip(),
        };
        let features = self.activation.forward(taps.dense("hidden", &self.hidden, prepared, 1.0));
        taps.dense("readout", &self.readout, features, h).mul_scalar(scale)
    }

    fn features(&self, prepared: Tensor<2>, input_scale: f64) -> Tensor<2> {
        let z = self.hidden.forward(prepared);
        self.activation.forward(if input_scale == 1.0 { z } else { z.mul_scalar(input_scale) })
    }

    fn feature_layer(&self) -> String {
        "hidden.weight".into()
    }

    fn initial_std(&self) -> Vec<(String, f64)> {
        vec![("hidden.weight".into(), 1.0), ("readout.weight".into(), 1.0)]
    }

    fn input_layers(&self) -> Vec<String> {
        vec!["hidden.weight".into()]
    }
}
