//! One memory layout for everything that an optimizer keeps, and one order of summation.

use burn::tensor::Tensor;

/// The same tensor in row-major order. A backward pass often leaves a gradient as a transposed view; what is computed
/// from it would inherit that layout, and matrix products and sums round in the order of the layout. A state that went
/// through a file comes back row-major and would go on with other bits than one that did not (Muon's did); so might a
/// weight that was updated while somebody held its handle. Free where the tensor is row-major already, else one copy.
pub(crate) fn row_major<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    let shape = tensor.shape();
    tensor.reshape([shape.num_elements()]).reshape(shape)
}

/// The sum of the squares of all entries (one number), along the last axis and then of what is left. Burn's own `sum`
/// splits a long contiguous f32 tensor (4 Mi entries on flex) into a tree whose shape depends on which thread is free,
/// and so does not give the same bits twice; a sum along an axis has one order.
pub(crate) fn sum_of_squares<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let tensor = row_major(tensor);
    let sums = (tensor.clone() * tensor).sum_dim(D - 1);
    let count = sums.shape().num_elements();
    sums.reshape([count]).sum_dim(0)
}
