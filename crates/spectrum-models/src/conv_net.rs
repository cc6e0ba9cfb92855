//! A small convolutional network.

use burn::module::Module;
use burn::tensor::Tensor;
use spectrum_core::{Alignment, Architecture, LayerRule, Meeting, Order, View};

use crate::taps::halve;
use crate::{Activation, ActivationKind, Conv, Dense, Draw, InitRule, ModelError, Network, Place, Taps};

/// Shape of a [`ConvNet`].
#[derive(Debug, Clone, PartialEq)]
pub struct ConvNetConfig {
    /// Channels, height and width of the images.
    pub image: [usize; 3],
    /// Output channels of each convolution, first to last.
    pub channels: Vec<usize>,
    /// Odd side of every kernel.
    pub kernel: usize,
    /// Output dimension: classes, or 1.
    pub outputs: usize,
    /// Activation after every convolution.
    pub activation: ActivationKind,
    /// Whether the activation is Gaussian-normalised.
    pub normalized: bool,
    /// Biases, which start at zero.
    pub bias: bool,
    /// Scale of the initial weights; fan-in is channels times kernel positions.
    pub init: InitRule,
}

/// Convolutions, each followed by its activation and a mean over 2 x 2 windows; then a dense readout of the flattened
/// maps (channel by channel, rows first).
#[derive(Module, Debug)]
pub struct ConvNet {
    /// Convolutions: paths `conv.0.weight`, `conv.1.weight`, ...
    pub conv: Vec<Conv>,
    /// The last layer.
    pub readout: Dense,
    #[module(skip)]
    image: [usize; 3],
    #[module(skip)]
    activation: Activation,
    #[module(skip)]
    init: InitRule,
}

impl ConvNet {
    /// Draws the network at a place; parameters record gradients.
    ///
    /// # Errors
    /// [`ModelError`] for impossible sizes: images that the poolings shrink to nothing, an even kernel.
    pub fn new(config: &ConvNetConfig, place: &Place, draw: &mut dyn Draw) -> Result<Self, ModelError> {
        if config.channels.is_empty() {
            return Err(ModelError::ZeroSize { key: "channels" });
        }
        let device = place.recording();
        let [mut channels, mut height, mut width] = config.image;
        let mut conv = Vec::with_capacity(config.channels.len());
        for (i, &outputs) in config.channels.iter().enumerate() {
            let path = format!("conv.{i}");
            let sizes = [channels, outputs];
            conv.push(Conv::draw(place, &device, &path, sizes, config.kernel, config.init, config.bias, draw)?);
            (channels, height, width) = (outputs, height / 2, width / 2);
            if height == 0 || width == 0 {
                let [_, height, width] = config.image;
                return Err(ModelError::ImageTooSmall { height, width, poolings: config.channels.len() });
            }
        }
        let features = channels * height * width;
        let (outputs, bias) = (config.outputs, config.bias);
        let readout = match config.init {
            InitRule::Pytorch => {
                let bound = (features as f64).sqrt().recip();
                Dense::uniform(place, &device, "readout", [features, outputs], bound, bias.then_some(bound), draw)?
            }
            init => Dense::draw(place, &device, "readout", features, outputs, init.std(features, outputs), bias, draw)?,
        };
        Ok(Self {
            conv,
            readout,
            image: config.image,
            activation: Activation::new(config.activation, config.normalized),
            init: config.init,
        })
    }

    fn maps(&self, prepared: Tensor<2>, input_scale: f64, taps: &mut Taps) -> Tensor<2> {
        let [n, _] = prepared.dims();
        let [c, h, w] = self.image;
        let mut x = prepared.reshape([n, c, h, w]);
        for (i, layer) in self.conv.iter().enumerate() {
            let z = taps.conv(&format!("conv.{i}"), layer, x);
            let z = if i == 0 && input_scale != 1.0 { z.mul_scalar(input_scale) } else { z };
            x = halve(self.activation.forward(z));
        }
        let [n, c, h, w] = x.dims();
        x.reshape([n, c * h * w])
    }

    fn names(&self) -> Vec<String> {
        (0..self.conv.len()).map(|i| format!("conv.{i}.weight")).collect()
    }
}

impl Architecture for ConvNet {
    fn rules(&self) -> Vec<LayerRule> {
        let conv = self.names().into_iter().map(|name| LayerRule {
            parameters: vec![name.clone()],
            name,
            view: View::Flatten,
            order: Order::OutIn,
        });
        conv.chain(std::iter::once(LayerRule::matrix("readout.weight", Order::InOut))).collect()
    }

    /// Convolutions that follow each other, at the centre of the second's kernel.
    fn alignments(&self) -> Vec<Alignment> {
        let pairs = self.conv.windows(2).zip(self.names().windows(2).map(<[String]>::to_vec).collect::<Vec<_>>());
        pairs
            .map(|(layers, names)| {
                let [_, _, height, width] = layers[1].weight.dims();
                let meeting = Meeting::CentreTap { positions: height * width };
                Alignment { meeting, ..Alignment::consecutive(&names[0], &names[1]) }
            })
            .collect()
    }
}

impl Network for ConvNet {
    fn forward_tapped(&self, prepared: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
        let features = self.maps(prepared, 1.0, taps);
        let unit = features.dims()[1] as f64;
        taps.dense("readout", &self.readout, features, unit)
    }

    fn features(&self, prepared: Tensor<2>, input_scale: f64) -> Tensor<2> {
        self.maps(prepared, input_scale, &mut Taps::Off)
    }

    fn feature_layer(&self) -> String {
        format!("conv.{}.weight", self.conv.len() - 1)
    }

    fn initial_std(&self) -> Vec<(String, f64)> {
        let conv = self.names().into_iter().zip(&self.conv).map(|(name, layer)| {
            let [o, i, kh, kw] = layer.weight.dims();
            (name, self.init.std(i * kh * kw, o * kh * kw))
        });
        let [i, o] = self.readout.weight.dims();
        conv.chain(std::iter::once(("readout.weight".to_owned(), self.init.std(i, o)))).collect()
    }

    /// None: a convolution acts on patches, not on the image.
    fn input_layers(&self) -> Vec<String> {
        Vec::new()
    }
}
