//! Where tensors live and in which precision: the one value that goes everywhere.

use burn::tensor::{DType, Device, Shape, Tensor, TensorData};
use spectrum_core::Precision;

/// A device with the precision of its float tensors. Nothing promotes in Burn: mixing f32 and f64 panics, so every
/// tensor is made here and `Device::configure` is never called.
#[derive(Debug, Clone)]
pub struct Place {
    /// The device, without gradient recording.
    pub device: Device,
    /// F32 or F64.
    pub precision: Precision,
}

impl Place {
    /// A place on a plain device.
    #[must_use]
    pub fn new(device: Device, precision: Precision) -> Self {
        Self { device, precision }
    }

    /// Burn's name of the precision.
    #[must_use]
    pub fn dtype(&self) -> DType {
        match self.precision {
            Precision::F64 => DType::F64,
            Precision::F32 | Precision::F16 | Precision::Bf16 => DType::F32,
        }
    }

    /// The device with gradient recording on.
    #[must_use]
    pub fn recording(&self) -> Device {
        self.device.clone().autodiff()
    }

    /// Uploads row-major values to this place, on the given (recording or plain) device.
    #[must_use]
    pub fn upload_to<const D: usize>(&self, device: &Device, values: &[f64], shape: impl Into<Shape>) -> Tensor<D> {
        let data = match self.dtype() {
            DType::F64 => TensorData::new(values.to_vec(), shape),
            _ => TensorData::new(values.iter().map(|x| *x as f32).collect::<Vec<_>>(), shape),
        };
        Tensor::from_data(data, (device, self.dtype()))
    }

    /// Uploads row-major values to the plain device.
    #[must_use]
    pub fn upload<const D: usize>(&self, values: &[f64], shape: impl Into<Shape>) -> Tensor<D> {
        self.upload_to(&self.device, values, shape)
    }
}
