//! One memory layout for everything that an optimizer keeps.

use burn::tensor::Tensor;

/// The same tensor in row-major order. A backward pass often leaves a gradient as a transposed view; what is computed
/// from it would inherit that layout, and matrix products and sums round in the order of the layout. A state that went
/// through a file comes back row-major and would go on with other bits than one that did not (Muon's did); so might a
/// weight that was updated while somebody held its handle. Free where the tensor is row-major already, else one copy.
pub(crate) fn row_major<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    let shape = tensor.shape();
    tensor.reshape([shape.num_elements()]).reshape(shape)
}
