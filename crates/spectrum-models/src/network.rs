//! What the training loop asks of a model.

use burn::module::{Module, ParamId};
use burn::tensor::Tensor;
use spectrum_core::Architecture;

use crate::Taps;

/// A model on flat inputs.
pub trait Network: Module + Architecture + 'static {
    /// Turns raw inputs (n x d) into what [`forward`](Network::forward) takes. Done once for each data set, so that a
    /// constant factor costs nothing per step.
    fn prepare(&self, inputs: Tensor<2>) -> Tensor<2> {
        inputs
    }

    /// Outputs (n x outputs) of prepared inputs. Every affine layer is passed through `taps`, so that the kernels of the
    /// network follow from its one definition.
    fn forward_tapped(&self, prepared: Tensor<2>, taps: &mut Taps) -> Tensor<2>;

    /// Outputs (n x outputs) of prepared inputs.
    fn forward(&self, prepared: Tensor<2>) -> Tensor<2> {
        self.forward_tapped(prepared, &mut Taps::Off)
    }

    /// The last hidden layer after its activation (n x width), without the readout's scale. `input_scale` multiplies
    /// the first pre-activation once more (1 is the network's own).
    fn features(&self, prepared: Tensor<2>, input_scale: f64) -> Tensor<2>;

    /// The gradient of the Jacobian penalty R = (1/n) sum_i |grad_x f(x_i)|^2 on prepared inputs, with the id of the one
    /// parameter that it belongs to; `None` where no closed form is known. Autodiff is of first order.
    fn jacobian_gradient(&self, prepared: Tensor<2>) -> Option<(ParamId, Tensor<2>)> {
        let _ = prepared;
        None
    }

    /// The layer rule that the features belong to.
    fn feature_layer(&self) -> String;

    /// Standard deviation of the entries at the start, for each matrix.
    fn initial_std(&self) -> Vec<(String, f64)>;

    /// Layers that act on raw inputs: the teacher is compared with these only.
    fn input_layers(&self) -> Vec<String>;
}
