//! Host data sets as device tensors.

use burn::tensor::{Int, Tensor, TensorData};
use spectrum_data::{Dataset, Targets};
use spectrum_models::Place;

/// One data set on a device: prepared inputs, targets, and the host labels for accuracy.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// Inputs as the model's `prepare` left them, n x d.
    pub x: Tensor<2>,
    /// Targets, n x 1 or one-hot n x classes.
    pub y: Tensor<2>,
    /// Class indices, if these are classes.
    pub classes: Option<Vec<u32>>,
    /// Samples.
    pub n: usize,
}

impl Part {
    /// Uploads a data set and prepares its inputs. On the recording device for training, on the plain one otherwise.
    pub fn new(place: &Place, recording: bool, set: &Dataset, prepare: impl FnOnce(Tensor<2>) -> Tensor<2>) -> Self {
        let device = if recording { place.recording() } else { place.device.clone() };
        let x = prepare(place.upload_to(&device, &set.inputs_f64(), [set.n, set.dim]));
        let (y, classes) = match &set.targets {
            Targets::Values(v) => (place.upload_to(&device, v, [set.n, 1]), None),
            Targets::Classes { indices, count } => {
                let c = *count as usize;
                let mut rows = vec![0.0; set.n * c];
                for (i, k) in indices.iter().enumerate() {
                    rows[i * c + *k as usize] = 1.0;
                }
                (place.upload_to(&device, &rows, [set.n, c]), Some(indices.clone()))
            }
        };
        Self { x, y, classes, n: set.n }
    }

    /// The samples with these indices.
    pub fn batch(&self, indices: &[u32]) -> (Tensor<2>, Tensor<2>) {
        let host: Vec<i32> = indices.iter().map(|i| *i as i32).collect();
        let index = Tensor::<1, Int>::from_data(TensorData::new(host, [indices.len()]), &self.x.device());
        (self.x.clone().select(0, index.clone()), self.y.clone().select(0, index))
    }

    /// The first samples, at most `n`.
    pub fn first(&self, n: usize) -> Self {
        let n = n.min(self.n);
        let rows = |t: &Tensor<2>| t.clone().slice([0..n, 0..t.dims()[1]]);
        Self { x: rows(&self.x), y: rows(&self.y), classes: self.classes.as_ref().map(|c| c[..n].to_vec()), n }
    }

    /// The same tensors without gradient recording.
    pub fn inner(&self) -> Self {
        Self { x: self.x.clone().inner(), y: self.y.clone().inner(), classes: self.classes.clone(), n: self.n }
    }
}

/// Elements of a tensor as f64, row-major.
pub(crate) fn host<const D: usize>(t: Tensor<D>) -> Vec<f64> {
    let data = t.into_data();
    if let Ok(s) = data.as_slice::<f32>() {
        return s.iter().map(|x| f64::from(*x)).collect();
    }
    match data.as_slice::<f64>() {
        Ok(s) => s.to_vec(),
        Err(_) => data.iter::<f64>().collect(),
    }
}
