//! One block: attention and a hidden layer, each beside the residual path.

use burn::module::Module;
use burn::tensor::activation::{relu, softmax};
use burn::tensor::{Device, Tensor, TensorData};

use super::norm::LayerNorm;
use crate::{Dense, Draw, ModelError, Place, Taps};

/// x + O attention(N x), then x + W2 relu(W1 N x): pre-norm, or N the identity.
#[derive(Module, Debug)]
pub struct Block {
    /// Queries, keys and values, stacked along the output: d x 3d.
    pub in_proj: Dense,
    /// O, d x d.
    pub out_proj: Dense,
    /// W1, d x h.
    pub linear1: Dense,
    /// W2, h x d.
    pub linear2: Dense,
    /// Before the attention.
    pub norm1: Option<LayerNorm>,
    /// Before the hidden layer.
    pub norm2: Option<LayerNorm>,
}

/// What the attention of a block needs to know.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heads {
    pub count: usize,
    /// T, the length of a sequence.
    pub length: usize,
}

fn norm(layer: Option<&LayerNorm>, x: Tensor<2>) -> Tensor<2> {
    layer.map_or(x.clone(), |n| n.forward(x))
}

impl Block {
    /// PyTorch's initial weights of `nn.TransformerEncoderLayer`: Glorot's uniform law for the stacked projections (bound
    /// sqrt(6/(d + 3d)), bias zero), bound 1/sqrt(fan-in) for the others; the bias of O is zero, those of W1 and W2 have the bound of
    /// their weights.
    pub(super) fn new(
        place: &Place,
        device: &Device,
        path: &str,
        [d, hidden]: [usize; 2],
        normed: bool,
        draw: &mut dyn Draw,
    ) -> Result<Self, ModelError> {
        let mut layer = |name: &str, inputs: usize, outputs: usize, bound: f64, bias: f64| {
            Dense::uniform(place, device, &format!("{path}.{name}"), [inputs, outputs], bound, Some(bias), draw)
        };
        let of = |fan_in: usize| (fan_in as f64).sqrt().recip();
        let triple = d.checked_mul(3).ok_or(ModelError::TooLarge { rows: d, cols: d })?;
        let layer_norm = || normed.then(|| LayerNorm::new(place, device, d));
        Ok(Self {
            in_proj: layer("in_proj", d, triple, glorot(d), 0.0)?,
            out_proj: layer("out_proj", d, d, of(d), 0.0)?,
            linear1: layer("linear1", d, hidden, of(d), of(d))?,
            linear2: layer("linear2", hidden, d, of(hidden), of(hidden))?,
            norm1: layer_norm(),
            norm2: layer_norm(),
        })
    }

    /// All positions, n T x d to the same, sample by sample.
    pub(super) fn forward(&self, x: Tensor<2>, heads: Heads, path: &str, taps: &mut Taps) -> Tensor<2> {
        let unit = x.dims()[1] as f64;
        let y = norm(self.norm1.as_ref(), x.clone());
        let stacked = taps.dense(&format!("{path}.in_proj"), &self.in_proj, y, unit);
        let mixed = attend(stacked, heads);
        let x = x + taps.dense(&format!("{path}.out_proj"), &self.out_proj, mixed, unit);
        self.hidden(x, path, taps)
    }

    /// The last position alone, n T x d to n x d: the queries, the output projection and the hidden layer of the others are not
    /// computed. Equal to the last rows of [`Block::forward`].
    pub(super) fn forward_last(&self, x: Tensor<2>, heads: Heads) -> Tensor<2> {
        let [rows, d] = x.dims();
        let (t, n) = (heads.length, rows / heads.length);
        let last = |x: &Tensor<2>| x.clone().reshape([n, t * d]).slice([0..n, (t - 1) * d..t * d]);
        let y = norm(self.norm1.as_ref(), x.clone());
        let (weight, bias) = (self.in_proj.weight.val(), self.in_proj.bias.as_ref().map(|b| b.val()));
        let project = |x: Tensor<2>, part: usize| {
            let columns = part * d..(part + 1) * d;
            let y = x.matmul(weight.clone().slice([0..d, columns.clone()]));
            bias.clone().map_or(y.clone(), |b| y + b.slice([columns]).unsqueeze())
        };
        let scale = ((d / heads.count) as f64).sqrt().recip();
        let (q, k, v) = (project(last(&y), 0).mul_scalar(scale), project(y.clone(), 1), project(y, 2));
        // Sums over a head's features, and numbers of a head spread over them, are products with its indicator, d x H.
        let indicator = indicator(&x, d, heads.count);
        let products = (k.reshape([n, t, d]) * q.reshape([n, 1, d])).reshape([rows, d]);
        let scores = products.matmul(indicator.clone()).reshape([n, t, heads.count]);
        let shares = softmax(scores, 1).reshape([rows, heads.count]).matmul(indicator.transpose());
        let mixed = (shares * v).reshape([n, t, d]).sum_dim(1).reshape([n, d]);
        let x = last(&x) + self.out_proj.forward(mixed);
        self.hidden(x, "", &mut Taps::Off)
    }

    fn hidden(&self, x: Tensor<2>, path: &str, taps: &mut Taps) -> Tensor<2> {
        let y = norm(self.norm2.as_ref(), x.clone());
        let unit = y.dims()[1] as f64;
        let h = relu(taps.dense(&format!("{path}.linear1"), &self.linear1, y, unit));
        let unit = h.dims()[1] as f64;
        x + taps.dense(&format!("{path}.linear2"), &self.linear2, h, unit)
    }
}

/// Bound of the uniform law of the stacked projections.
pub(super) fn glorot(d: usize) -> f64 {
    (6.0 / (4.0 * d as f64)).sqrt()
}

/// Causal attention of stacked queries, keys and values (n T x 3d): n T x d.
fn attend(stacked: Tensor<2>, heads: Heads) -> Tensor<2> {
    let [rows, triple] = stacked.dims();
    let (d, t, h) = (triple / 3, heads.length, heads.count);
    let (n, width) = (rows / t, d / h);
    let part =
        |k: usize| stacked.clone().slice([0..rows, k * d..(k + 1) * d]).reshape([n, t, h, width]).swap_dims(1, 2);
    let scale = (width as f64).sqrt().recip();
    let scores = part(0).mul_scalar(scale).matmul(part(1).swap_dims(2, 3)) + causal(&stacked, t);
    softmax(scores, 3).matmul(part(2)).swap_dims(1, 2).reshape([rows, d])
}

/// 0 where a position may look, and a number whose exponential is zero in both precisions where it may not: 1 x 1 x T x T.
fn causal(like: &Tensor<2>, t: usize) -> Tensor<4> {
    let values: Vec<f64> = (0..t * t).map(|k| if k % t > k / t { -1e9 } else { 0.0 }).collect();
    constant(like, values, [1, 1, t, t])
}

fn indicator(like: &Tensor<2>, d: usize, heads: usize) -> Tensor<2> {
    let width = d / heads;
    constant(like, (0..d * heads).map(|k| f64::from(u8::from(k / heads / width == k % heads))).collect(), [d, heads])
}

/// A constant on a tensor's device and in its precision.
pub(super) fn constant<const D: usize>(like: &Tensor<2>, values: Vec<f64>, shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), (&like.device(), like.dtype()))
}
