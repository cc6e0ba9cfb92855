//! A decoder-style Transformer on short sequences of tokens, read at the last position.

mod block;
mod norm;

use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use spectrum_core::{Alignment, Architecture, LayerRule, Meeting, Order, Projection, Side, View};

use crate::{Dense, Draw, ModelError, Network, Place, Taps};
use block::{Heads, constant, glorot};

pub use block::Block;
pub use norm::LayerNorm;

/// How a sequence knows its positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Positions {
    /// Fixed sines and cosines (Vaswani et al., arXiv 1706.03762, section 3.5).
    #[default]
    Sinusoidal,
    /// A learned vector a position, drawn as the embedding.
    Learned,
}

/// Shape of a [`Transformer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransformerConfig {
    /// Tokens there are.
    pub vocabulary: usize,
    /// T: tokens in a sequence.
    pub length: usize,
    /// d.
    pub width: usize,
    /// H, a divisor of d.
    pub heads: usize,
    /// h: hidden neurons of each block.
    pub hidden: usize,
    /// Blocks.
    pub blocks: usize,
    /// Outputs.
    pub outputs: usize,
    /// Layer normalisation before attention and hidden layer; without it, none.
    pub layer_norm: bool,
    /// How a sequence knows its positions.
    pub positions: Positions,
}

/// Bound of the uniform law of embedding and decoder.
const TOKENS_BOUND: f64 = 0.1;

/// Embedding times sqrt(d) plus positions, blocks with a causal mask, and a decoder on the last position: the network of the
/// grokking experiments of arXiv 2408.11804 (its code), with `layer_norm` that of its slingshot runs. Nothing follows the last block
/// but the decoder.
///
/// Inputs are one-hot, token after token (n x T V); embedding and decoder start uniform in (-0.1, 0.1), the decoder's bias at zero, the
/// rest as PyTorch's. The ordinary pass computes of the last block what the last position needs, and no more; the pass with taps
/// computes everything, and has the same outputs.
#[derive(Module, Debug)]
pub struct Transformer {
    /// V x d.
    pub embedding: Dense,
    /// T x d, where positions are learned.
    pub positions: Option<Dense>,
    /// The blocks.
    pub blocks: Vec<Block>,
    /// d x outputs, with a bias.
    pub decoder: Dense,
    #[module(skip)]
    heads: Heads,
}

impl Transformer {
    /// Draws the network at a place; parameters record gradients.
    ///
    /// # Errors
    /// [`ModelError`] for impossible sizes, or heads that do not divide the width.
    pub fn new(config: &TransformerConfig, place: &Place, draw: &mut dyn Draw) -> Result<Self, ModelError> {
        let device = place.recording();
        let TransformerConfig { vocabulary, length, width: d, heads, hidden, blocks, outputs, .. } = *config;
        for (key, size) in [("heads", heads), ("blocks", blocks), ("length", length)] {
            if size == 0 {
                return Err(ModelError::ZeroSize { key });
            }
        }
        if !d.is_multiple_of(heads) {
            return Err(ModelError::Heads { heads, width: d });
        }
        let block = |k: usize, draw: &mut dyn Draw| {
            Block::new(place, &device, &format!("blocks.{k}"), [d, hidden], config.layer_norm, draw)
        };
        Ok(Self {
            embedding: Dense::uniform(place, &device, "embedding", [vocabulary, d], TOKENS_BOUND, None, draw)?,
            positions: match config.positions {
                Positions::Sinusoidal => None,
                Positions::Learned => {
                    Some(Dense::uniform(place, &device, "positions", [length, d], TOKENS_BOUND, None, draw)?)
                }
            },
            blocks: (0..blocks).map(|k| block(k, draw)).collect::<Result<_, _>>()?,
            decoder: Dense::uniform(place, &device, "decoder", [d, outputs], TOKENS_BOUND, Some(0.0), draw)?,
            heads: Heads { count: heads, length },
        })
    }

    /// What each position adds, 1 x T x d.
    fn position(&self, like: &Tensor<2>) -> Tensor<3> {
        let (t, d) = (self.heads.length, self.embedding.weight.dims()[1]);
        match &self.positions {
            Some(learned) => learned.weight.val().reshape([1, t, d]),
            None => constant(like, sinusoids(t, d), [1, t, d]),
        }
    }

    /// The last position before the decoder, n x d. `scale` multiplies what the first block reads.
    fn features_pass(&self, prepared: Tensor<2>, scale: f64, taps: &mut Taps) -> Tensor<2> {
        let [n, width] = prepared.dims();
        let (t, d) = (self.heads.length, self.embedding.weight.dims()[1]);
        let tokens = prepared.reshape([n * t, width / t]);
        let x = taps.dense("embedding", &self.embedding, tokens, 1.0).mul_scalar((d as f64).sqrt());
        let position = self.position(&x);
        let mut x = (x.reshape([n, t, d]) + position).reshape([n * t, d]);
        if scale != 1.0 {
            x = x.mul_scalar(scale);
        }
        let whole = !matches!(taps, Taps::Off);
        for (k, block) in self.blocks.iter().enumerate() {
            if k + 1 == self.blocks.len() && !whole {
                return block.forward_last(x, self.heads);
            }
            x = block.forward(x, self.heads, &format!("blocks.{k}"), taps);
        }
        x.reshape([n, t * d]).slice([0..n, (t - 1) * d..t * d])
    }
}

/// sin(t/10000^(2i/d)) at 2i and cos of it at 2i + 1.
fn sinusoids(t: usize, d: usize) -> Vec<f64> {
    let at = |k: usize| {
        let (position, feature) = ((k / d) as f64, k % d);
        let angle = position / 10_000f64.powf((feature - feature % 2) as f64 / d as f64);
        if feature % 2 == 0 { angle.sin() } else { angle.cos() }
    };
    (0..t * d).map(at).collect()
}

impl Architecture for Transformer {
    /// Each parameter as a matrix, the stacked projections as one; beside them `blocks.k.heads`, the projections head by head, and
    /// `blocks.k.projections`, queries, keys
    /// and values each as one matrix, `blocks.k.qk`, W_q^T W_k, and `blocks.k.ov`, W_o W_v, both head by head.
    fn rules(&self) -> Vec<LayerRule> {
        let matrix = |path: &str| LayerRule::matrix(path, Order::InOut);
        let mut rules = vec![matrix("embedding.weight")];
        if self.positions.is_some() {
            rules.push(matrix("positions.weight"));
        }
        for k in 0..self.blocks.len() {
            let stacked = format!("blocks.{k}.in_proj.weight");
            let of = |name: &str, view: View| LayerRule {
                name: format!("blocks.{k}.{name}"),
                parameters: vec![stacked.clone()],
                view,
                order: Order::InOut,
            };
            let heads = |count| View::Heads { count, role: Projection::Stacked };
            rules.push(of("in_proj.weight", View::Stacked));
            rules.extend(["out_proj", "linear1", "linear2"].map(|l| matrix(&format!("blocks.{k}.{l}.weight"))));
            rules.push(of("heads", heads(self.heads.count)));
            rules.push(of("projections", heads(1)));
            rules.push(of("qk", View::Qk { count: self.heads.count }));
            let output = format!("blocks.{k}.out_proj.weight");
            let ov = of("ov", View::Ov { count: self.heads.count });
            rules.push(LayerRule { parameters: vec![stacked.clone(), output], ..ov });
        }
        rules.push(matrix("decoder.weight"));
        rules
    }

    /// The chain of a block (arXiv 2408.11804, its code): queries with keys head by head, values with O, O with W1, W1 with W2, W2 with
    /// the next block or the decoder, and the embedding with the first block. Residual paths are left out.
    fn alignments(&self) -> Vec<Alignment> {
        let pair = |first: Side, second: Side, meeting| Alignment { first, second, meeting };
        let chain = |a: String, b: String| pair(Side::whole(a), Side::whole(b), Meeting::Consecutive);
        let of = |k: usize, name: &str| format!("blocks.{k}.{name}");
        let weight = |k: usize, name: &str| of(k, &format!("{name}.weight"));
        let mut found = vec![chain("embedding.weight".into(), weight(0, "in_proj"))];
        for k in 0..self.blocks.len() {
            let heads = |part: &str| Side::parts(of(k, "heads"), format!("heads.{part}"));
            found.push(pair(heads("q"), heads("k"), Meeting::Outputs));
            let values = Side::parts(of(k, "projections"), "heads.v");
            found.push(pair(values, Side::whole(weight(k, "out_proj")), Meeting::Consecutive));
            found.push(chain(weight(k, "out_proj"), weight(k, "linear1")));
            found.push(chain(weight(k, "linear1"), weight(k, "linear2")));
            let next = match k + 1 == self.blocks.len() {
                true => "decoder.weight".into(),
                false => weight(k + 1, "in_proj"),
            };
            found.push(chain(weight(k, "linear2"), next));
        }
        found
    }
}

impl Network for Transformer {
    fn forward_tapped(&self, prepared: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
        let features = self.features_pass(prepared, 1.0, taps);
        let unit = features.dims()[1] as f64;
        taps.dense("decoder", &self.decoder, features, unit)
    }

    fn features(&self, prepared: Tensor<2>, input_scale: f64) -> Tensor<2> {
        self.features_pass(prepared, input_scale, &mut Taps::Off)
    }

    fn feature_layer(&self) -> String {
        format!("blocks.{}.linear2.weight", self.blocks.len() - 1)
    }

    fn initial_std(&self) -> Vec<(String, f64)> {
        let [_, d] = self.embedding.weight.dims();
        let uniform = |bound: f64| bound / 3f64.sqrt();
        let fan = |inputs: usize| uniform((inputs as f64).sqrt().recip());
        let mut found = vec![("embedding.weight".to_owned(), uniform(TOKENS_BOUND))];
        if self.positions.is_some() {
            found.push(("positions.weight".into(), uniform(TOKENS_BOUND)));
        }
        for (k, block) in self.blocks.iter().enumerate() {
            let [hidden, _] = block.linear2.weight.dims();
            for name in ["in_proj.weight", "heads", "projections"] {
                found.push((format!("blocks.{k}.{name}"), uniform(glorot(d))));
            }
            for (name, std) in [("out_proj", fan(d)), ("linear1", fan(d)), ("linear2", fan(hidden))] {
                found.push((format!("blocks.{k}.{name}.weight"), std));
            }
        }
        found.push(("decoder.weight".into(), uniform(TOKENS_BOUND)));
        found
    }

    /// None: the embedding acts on tokens, not on directions.
    fn input_layers(&self) -> Vec<String> {
        Vec::new()
    }
}
