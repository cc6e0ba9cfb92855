//! States are taken apart and rebuilt by hand: Burn's derive rebuilds tensors in the device's default dtype, on the
//! default device, so that an f64 run could not be continued and a missing GPU would be touched.

use burn::optim::{StateSink, StateSource};
use burn::tensor::{Device, Tensor};

pub(crate) fn put<const D: usize>(prefix: &str, name: &str, tensor: &Tensor<D>, out: &mut StateSink) {
    out.push_tensor(prefix, name, tensor.clone().into_data());
}

/// The tensor saved under `name`, in the dtype it was saved in. It is rebuilt on the CPU; `to_device` moves it at the
/// next step.
pub(crate) fn take<const D: usize>(prefix: &str, name: &str, source: &mut StateSource) -> Option<Tensor<D>> {
    let data = source.take_tensor(prefix, name)?;
    if data.rank() != D || !data.dtype().is_float() {
        return None;
    }
    let dtype = data.dtype();
    Some(Tensor::from_data(data, (&Device::flex(), dtype)))
}
