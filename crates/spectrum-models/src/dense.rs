//! A dense layer in Burn's layout, without Burn's initialisers.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use crate::init::{scaled, uniform};
use crate::{Draw, ModelError, Place};

/// y = x W (+ b), weight stored input x output.
#[derive(Module, Debug)]
pub struct Dense {
    /// Weights, d_in x d_out.
    pub weight: Param<Tensor<2>>,
    /// Bias, d_out; none in the two-layer student.
    pub bias: Option<Param<Tensor<1>>>,
}

impl Dense {
    /// Draws N(0, std^2) weights on the host (bias zero) and uploads them to `device`, which decides whether gradients
    /// are recorded. `path` names the random stream.
    ///
    /// # Errors
    /// [`ModelError`] for impossible sizes.
    #[allow(clippy::too_many_arguments)]
    pub fn draw(
        place: &Place,
        device: &Device,
        path: &str,
        inputs: usize,
        outputs: usize,
        std: f64,
        bias: bool,
        draw: &mut dyn Draw,
    ) -> Result<Self, ModelError> {
        let count = entries(inputs, outputs)?;
        let values = scaled(draw, &format!("{path}.weight"), count, std);
        let weight = Param::from_tensor(place.upload_to(device, &values, [inputs, outputs]));
        let bias = bias.then(|| Param::from_tensor(place.upload_to(device, &vec![0.0; outputs], [outputs])));
        Ok(Self { weight, bias })
    }

    /// As [`Dense::draw`] with weights uniform in (-bound, bound), and a bias of its own bound (zero: it starts at zero) where one is
    /// given.
    pub(crate) fn uniform(
        place: &Place,
        device: &Device,
        path: &str,
        [inputs, outputs]: [usize; 2],
        bound: f64,
        bias: Option<f64>,
        draw: &mut dyn Draw,
    ) -> Result<Self, ModelError> {
        let values = uniform(draw, &format!("{path}.weight"), entries(inputs, outputs)?, bound);
        let weight = Param::from_tensor(place.upload_to(device, &values, [inputs, outputs]));
        let bias = bias.map(|b| match b > 0.0 {
            true => uniform(draw, &format!("{path}.bias"), outputs, b),
            false => vec![0.0; outputs],
        });
        Ok(Self { weight, bias: bias.map(|b| Param::from_tensor(place.upload_to(device, &b, [outputs]))) })
    }

    /// n x d_in to n x d_out.
    #[must_use]
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let y = x.matmul(self.weight.val());
        match &self.bias {
            Some(b) => y + b.val().unsqueeze(),
            None => y,
        }
    }
}

/// Entries of a layer's weights, where there are some and they fit into memory addresses.
fn entries(inputs: usize, outputs: usize) -> Result<usize, ModelError> {
    if inputs == 0 || outputs == 0 {
        return Err(ModelError::ZeroSize { key: "width" });
    }
    let count = inputs.checked_mul(outputs).filter(|c| *c <= 1 << 32);
    count.ok_or(ModelError::TooLarge { rows: outputs, cols: inputs })
}
