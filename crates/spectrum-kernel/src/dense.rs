//! The conjugate kernel of every layer.

use burn::tensor::Tensor;
use spectrum_linalg::kernel::sample_gram;
use spectrum_models::{Network, SitePlace, Taps};

use crate::host::{blocks, host};
use crate::{KernelError, Settings};

/// One layer's kernel.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerKernel {
    /// The layer whose features these are (`hidden.0`).
    pub layer: String,
    /// n x n, symmetric.
    pub kernel: Vec<f64>,
    /// Features of a sample: the kernel's rank is at most this.
    pub features: usize,
}

/// Conjugate kernels of the layers before the last, first to last, on prepared inputs (n x d).
///
/// CK_l = X_l^T X_l / d_l with the features after the activation (and pooling) of layer l; in the tangent parametrisation the
/// features carry 1/sqrt(d_l) themselves (Fan and Wang 2020, equation 5).
///
/// # Errors
/// [`KernelError::TooFewSamples`].
pub fn conjugate_kernels<M: Network>(
    model: &M,
    prepared: &Tensor<2>,
    settings: &Settings,
) -> Result<Vec<LayerKernel>, KernelError> {
    let n = prepared.dims()[0];
    if n < 2 {
        return Err(KernelError::TooFewSamples { found: n });
    }
    let plain = model.valid();
    let x = prepared.clone().without_autodiff();
    let mut layers: Vec<(String, f64, Vec<f64>)> = Vec::new();
    for range in blocks(n, settings.block) {
        let mut taps = Taps::Inputs(Vec::new());
        plain.forward_tapped(x.clone().slice([range]), &mut taps);
        let sites = taps.into_sites();
        // What enters a layer are the features of the one before.
        for (k, pair) in sites.windows(2).enumerate() {
            let features = match &pair[1].place {
                SitePlace::Dense { input, .. } => host(input.clone()),
                SitePlace::Conv { input, .. } => host(input.clone()),
            };
            match layers.get_mut(k) {
                Some((_, _, all)) => all.extend(features),
                None => layers.push((pair[0].path.clone(), pair[1].unit, features)),
            }
        }
    }
    Ok(layers
        .into_iter()
        .map(|(layer, unit, x)| {
            let features = x.len() / n;
            LayerKernel { layer, kernel: sample_gram(&x, features, n, unit.recip(), settings.threads), features }
        })
        .collect())
}
