//! From Flex tensors to slices and back, in place where a tensor is the only owner of its storage.

use burn::backend::{Flex, tensor::FloatTensor};
use burn::tensor::{Element, TensorData};

use crate::kernel::{self, Binary, Unary};

/// Flex's tensor: shared bytes with a layout (shape, strides, offset) and a run-time precision.
pub(crate) type FlexTensor = FloatTensor<Flex>;

/// The two precisions that have kernels.
pub(crate) trait Real: Element + bytemuck::Pod {}
impl Real for f32 {}
impl Real for f64 {}

/// Whether the storage holds the tensor's elements and nothing else (in whatever order).
fn fills_storage<T: Real>(x: &FlexTensor) -> bool {
    x.bytes().len() == x.layout().num_elements() * size_of::<T>()
}

/// A tensor of the same elements whose storage is those elements in row-major order.
pub(crate) fn row_major<T: Real>(x: FlexTensor) -> FlexTensor {
    let as_it_is = x.layout().is_contiguous() && x.layout().start_offset() == 0 && fills_storage::<T>(&x);
    if as_it_is { x } else { x.to_contiguous() }
}

/// A tensor of zeros with storage of its own and the layout of `x`, whose storage `x` fills.
pub(crate) fn zeros_like<T: Real>(x: &FlexTensor) -> FlexTensor {
    let layout = x.layout().clone();
    let data = vec![T::zeroed(); layout.num_elements()];
    FlexTensor::from_data(TensorData::new(data, layout.shape().clone())).with_layout(layout)
}

/// `f` of every element.
pub(crate) fn unary<T: Real>(x: FlexTensor, f: impl Unary<T>) -> FlexTensor {
    // A transposed tensor stays transposed: the order of the storage does not matter to an elementwise function.
    let mut x = if fills_storage::<T>(&x) { x } else { x.to_contiguous() };
    if let Some(data) = x.try_storage_mut::<T>() {
        kernel::assign(data, f);
        return x;
    }
    let mut out = zeros_like::<T>(&x);
    kernel::write(x.storage::<T>(), out.storage_mut(), f);
    out
}

/// `f(grad, kept)`, element by element; both have one shape.
pub(crate) fn binary<T: Real>(grad: FlexTensor, kept: FlexTensor, f: impl Binary<T>) -> FlexTensor {
    let aligned = grad.layout() == kept.layout() && fills_storage::<T>(&grad) && fills_storage::<T>(&kept);
    let (mut grad, mut kept) = if aligned { (grad, kept) } else { (row_major::<T>(grad), row_major::<T>(kept)) };
    if let Some(data) = grad.try_storage_mut::<T>() {
        kernel::assign_with(data, kept.storage(), f);
        return grad;
    }
    if let Some(data) = kept.try_storage_mut::<T>() {
        kernel::assign_with(data, grad.storage(), move |kept, grad| f(grad, kept));
        return kept;
    }
    let mut out = zeros_like::<T>(&grad);
    out.storage_mut::<T>().copy_from_slice(grad.storage());
    kernel::assign_with(out.storage_mut(), kept.storage(), f);
    out
}
