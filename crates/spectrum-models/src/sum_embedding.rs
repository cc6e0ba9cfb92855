//! The sum of two embeddings, and a hidden layer: the smallest network that groks.

use burn::module::Module;
use burn::tensor::Tensor;
use spectrum_core::{Alignment, Architecture, LayerRule, Order};

use crate::{Activation, ActivationKind, Dense, Draw, ModelError, Network, Place, Taps};

/// Shape of a [`SumEmbedding`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SumEmbeddingConfig {
    /// p: residues, and classes.
    pub tokens: usize,
    /// d: width of the embedding.
    pub embedding: usize,
    /// h: hidden neurons.
    pub hidden: usize,
    /// The hidden activation.
    pub activation: ActivationKind,
}

/// x = E[a] + E[b], logits = W2 sigma(W1 x + b1) + b2: one shared embedding, so the network is symmetric in a and b.
///
/// E ~ N(0, 1/d); weights uniform with PyTorch's deviation 1/sqrt(3 fan-in), drawn as normal numbers of that deviation;
/// biases zero. The embedding is stored tokens x width, so its matrix is width x tokens.
#[derive(Module, Debug)]
pub struct SumEmbedding {
    /// E.
    pub embedding: Dense,
    /// W1 and b1.
    pub hidden: Dense,
    /// W2 and b2.
    pub readout: Dense,
    #[module(skip)]
    activation: Activation,
}

impl SumEmbedding {
    /// Draws the network at a place; parameters record gradients.
    ///
    /// # Errors
    /// [`ModelError`] for impossible sizes.
    pub fn new(config: &SumEmbeddingConfig, place: &Place, draw: &mut dyn Draw) -> Result<Self, ModelError> {
        let device = place.recording();
        let SumEmbeddingConfig { tokens, embedding, hidden, activation } = *config;
        Ok(Self {
            embedding: Dense::draw(
                place,
                &device,
                "embedding",
                tokens,
                embedding,
                deviation(embedding, 1.0),
                false,
                draw,
            )?,
            hidden: Dense::draw(place, &device, "hidden", embedding, hidden, deviation(embedding, 3.0), true, draw)?,
            readout: Dense::draw(place, &device, "readout", hidden, tokens, deviation(hidden, 3.0), true, draw)?,
            activation: Activation::plain(activation),
        })
    }

    fn hidden_pass(&self, prepared: Tensor<2>, input_scale: f64, taps: &mut Taps) -> Tensor<2> {
        let x = taps.dense("embedding", &self.embedding, prepared, 1.0);
        let unit = x.dims()[1] as f64;
        let z = taps.dense("hidden", &self.hidden, x, unit);
        self.activation.forward(if input_scale == 1.0 { z } else { z.mul_scalar(input_scale) })
    }
}

fn deviation(fan_in: usize, factor: f64) -> f64 {
    (factor * fan_in.max(1) as f64).sqrt().recip()
}

impl Architecture for SumEmbedding {
    fn rules(&self) -> Vec<LayerRule> {
        ["embedding.weight", "hidden.weight", "readout.weight"].map(|p| LayerRule::matrix(p, Order::InOut)).to_vec()
    }

    fn alignments(&self) -> Vec<Alignment> {
        vec![
            Alignment::consecutive("embedding.weight", "hidden.weight"),
            Alignment::consecutive("hidden.weight", "readout.weight"),
        ]
    }
}

impl Network for SumEmbedding {
    /// From the one-hot vectors of a and b, one after the other (n x 2p), to how often each residue stands there (n x p): the
    /// sum of two embeddings is their product with E.
    fn prepare(&self, inputs: Tensor<2>) -> Tensor<2> {
        let ([n, _], [p, _]) = (inputs.dims(), self.embedding.weight.dims());
        inputs.clone().slice([0..n, 0..p]) + inputs.slice([0..n, p..2 * p])
    }

    fn forward_tapped(&self, prepared: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
        let features = self.hidden_pass(prepared, 1.0, taps);
        let unit = features.dims()[1] as f64;
        taps.dense("readout", &self.readout, features, unit)
    }

    fn features(&self, prepared: Tensor<2>, input_scale: f64) -> Tensor<2> {
        self.hidden_pass(prepared, input_scale, &mut Taps::Off)
    }

    fn feature_layer(&self) -> String {
        "hidden.weight".into()
    }

    fn initial_std(&self) -> Vec<(String, f64)> {
        let [_, d] = self.embedding.weight.dims();
        let [_, h] = self.hidden.weight.dims();
        vec![
            ("embedding.weight".into(), deviation(d, 1.0)),
            ("hidden.weight".into(), deviation(d, 3.0)),
            ("readout.weight".into(), deviation(h, 3.0)),
        ]
    }

    /// None: the embedding acts on tokens, not on directions.
    fn input_layers(&self) -> Vec<String> {
        Vec::new()
    }
}
