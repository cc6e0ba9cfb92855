//! What is added to the gradient of the loss.

use std::sync::Arc;

use burn::module::{ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use spectrum_data::{normals, stream};
use spectrum_models::{Network, Place};

use crate::config::Regularizers;

/// Adds lambda W to the gradient of every matrix that has one.
struct Decay<'a> {
    lambda: f64,
    gradients: &'a mut GradientsParams,
}

impl ModuleVisitor for Decay<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        // Biases are not weights.
        if D < 2 {
            return;
        }
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            let decayed = gradient + param.val().without_autodiff().mul_scalar(self.lambda);
            self.gradients.register(param.id, decayed);
        }
    }
}

/// The gradient of the loss with weight decay and Jacobian penalty added. `x` are the prepared inputs of the step.
pub(super) fn add<M: Network>(
    model: &M,
    mut gradients: GradientsParams,
    x: &Tensor<2>,
    r: &Regularizers,
) -> GradientsParams {
    if r.weight_decay > 0.0 {
        model.visit(&mut Decay { lambda: r.weight_decay, gradients: &mut gradients });
    }
    if r.jacobian > 0.0
        && let Some((id, penalty)) = model.valid().jacobian_gradient(x.clone().without_autodiff())
        && let Some(gradient) = gradients.remove::<2>(id)
    {
        gradients.register(id, gradient + penalty.mul_scalar(r.jacobian));
    }
    gradients
}

/// Inputs with noise.
pub(super) struct Noisy {
    /// Prepared inputs with tau xi added to the inputs.
    pub inputs: Tensor<2>,
    /// tau.
    pub tau: f64,
    /// tau xi, one sample after the other.
    pub draws: Arc<Vec<f64>>,
}

/// Adds tau times fresh standard normal numbers from the stream of this step to the inputs.
pub(super) fn noisy<M: Network>(model: &M, place: &Place, x: &Tensor<2>, seed: u64, step: u64, tau: f64) -> Noisy {
    let [n, d] = x.dims();
    let mut draws = normals(&mut stream(seed, &format!("input-noise.{step}")), n * d);
    draws.iter_mut().for_each(|v| *v *= tau);
    let noise = place.upload_to(&x.device(), &draws, [n, d]);
    Noisy { inputs: x.clone() + model.prepare(noise), tau, draws: Arc::new(draws) }
}
