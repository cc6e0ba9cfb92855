//! What a run is measured against: the loss that needs no training.

use crate::MeasureError;
use crate::ridge::{Samples, linear_fit};

/// Test loss of the best linear function of the raw inputs with a bias: the scalar `linear_test_loss`.
///
/// `x` is d x n and `x_test` d x n_test, column-major, one sample a column; `y` and `y_test` are their labels (one or
/// several outputs, one after the other). The ridge parameter counts as in [`linear_fit`]. The other baseline,
/// `initial_kernel_test_loss`, is [`FeatureProbe`](crate::FeatureProbe)'s answer on the features of W_0.
///
/// # Errors
/// [`MeasureError`] when a length does not fit, the ridge parameter is not positive, or an input or the loss is not
/// finite.
pub fn linear_ridge(
    x: &[f64],
    y: &[f64],
    x_test: &[f64],
    y_test: &[f64],
    d: usize,
    lambda: f64,
) -> Result<f64, MeasureError> {
    let samples = |inputs: &'_ [f64]| inputs.len() / d.max(1);
    let train = Samples { inputs: x, labels: y, count: samples(x) };
    let test = Samples { inputs: x_test, labels: y_test, count: samples(x_test) };
    linear_fit(d, train, test, lambda).map(|fit| fit.test_loss)
}
