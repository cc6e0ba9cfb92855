//! Layer normalisation.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use crate::Place;

/// What is added to the variance: PyTorch's default.
const EPSILON: f64 = 1e-5;

/// y = (x - mean x)/sqrt(var x + 1e-5) * gain + bias over the features of each row (Ba, Kiros and Hinton, arXiv 1607.06450; the
/// variance is the population's, as in PyTorch).
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// The gain, which starts at one.
    pub weight: Param<Tensor<1>>,
    /// The bias, which starts at zero.
    pub bias: Param<Tensor<1>>,
}

impl LayerNorm {
    pub(super) fn new(place: &Place, device: &Device, width: usize) -> Self {
        let of = |value: f64| Param::from_tensor(place.upload_to(device, &vec![value; width], [width]));
        Self { weight: of(1.0), bias: of(0.0) }
    }

    /// Rows x width to the same.
    pub(super) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        // Products with 1/d: Burn's division by a scalar takes the reciprocal in f32.
        let share = (x.dims()[1] as f64).recip();
        let centred = x.clone() - x.sum_dim(1).mul_scalar(share);
        let variance = (centred.clone() * centred.clone()).sum_dim(1).mul_scalar(share);
        let unit = centred * variance.add_scalar(EPSILON).sqrt().recip();
        unit * self.weight.val().unsqueeze() + self.bias.val().unsqueeze()
    }
}
