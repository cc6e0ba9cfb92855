//! A convolution in Burn's layout, without Burn's initialisers.

use burn::module::{Module, Param};
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, module};

use crate::init::{scaled, uniform};
use crate::{Draw, InitRule, ModelError, Place};

/// A two-dimensional convolution with an odd square kernel and stride 1, zero-padded so that the image keeps its size.
#[derive(Module, Debug)]
pub struct Conv {
    /// Weights, c_out x c_in x k x k.
    pub weight: Param<Tensor<4>>,
    /// Bias, c_out.
    pub bias: Option<Param<Tensor<1>>>,
}

impl Conv {
    /// Draws weights by a rule on the host (biases zero, or as the rule says) and uploads them to `device`. `path` names the random
    /// stream, `channels` are those of the input and the output, `kernel` is the odd side of the kernel, whose entries count to both
    /// fans.
    ///
    /// # Errors
    /// [`ModelError`] for impossible sizes.
    #[allow(clippy::too_many_arguments)]
    pub fn draw(
        place: &Place,
        device: &Device,
        path: &str,
        channels: [usize; 2],
        kernel: usize,
        init: InitRule,
        bias: bool,
        draw: &mut dyn Draw,
    ) -> Result<Self, ModelError> {
        let [inputs, outputs] = channels;
        if inputs == 0 || outputs == 0 {
            return Err(ModelError::ZeroSize { key: "channels" });
        }
        if kernel.is_multiple_of(2) {
            return Err(ModelError::EvenKernel { found: kernel });
        }
        let count = inputs
            .checked_mul(outputs)
            .and_then(|c| c.checked_mul(kernel * kernel))
            .filter(|c| *c <= 1 << 32)
            .ok_or(ModelError::TooLarge { rows: outputs, cols: inputs })?;
        let area = kernel * kernel;
        let (fan_in, fan_out) = (inputs * area, outputs * area);
        let bound = (fan_in as f64).sqrt().recip();
        let name = format!("{path}.weight");
        let (values, biases) = match init {
            InitRule::Pytorch => {
                let biases = if bias { uniform(draw, &format!("{path}.bias"), outputs, bound) } else { Vec::new() };
                (uniform(draw, &name, count, bound), biases)
            }
            _ => (scaled(draw, &name, count, init.std(fan_in, fan_out)), vec![0.0; outputs]),
        };
        let weight = Param::from_tensor(place.upload_to(device, &values, [outputs, inputs, kernel, kernel]));
        let bias = bias.then(|| Param::from_tensor(place.upload_to(device, &biases, [outputs])));
        Ok(Self { weight, bias })
    }

    /// Zeros on each side of the image.
    #[must_use]
    pub fn padding(&self) -> [usize; 2] {
        let [_, _, kh, kw] = self.weight.dims();
        [kh / 2, kw / 2]
    }

    /// n x c_in x h x w to n x c_out x h x w.
    #[must_use]
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let options = ConvOptions::new([1, 1], self.padding(), [1, 1], 1);
        module::conv2d(x, self.weight.val(), self.bias.as_ref().map(Param::val), options)
    }
}
