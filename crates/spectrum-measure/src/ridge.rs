//! Ridge regression on fixed features: what a linear readout makes of them.

use spectrum_linalg::{LinalgError, gram_of_features, matvec, matvec_transposed, ridge};

use crate::MeasureError;

/// Mean squared errors of a ridge fit, over all samples and outputs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RidgeFit {
    /// On the samples that it was fitted to.
    pub train_loss: f64,
    /// On the test samples.
    pub test_loss: f64,
}

/// Samples with labels. `inputs` holds one sample a column (size x count, column-major); `labels` one output after the
/// other (count x outputs, column-major).
#[derive(Debug, Clone, Copy)]
pub struct Samples<'a> {
    /// Features or inputs.
    pub inputs: &'a [f64],
    /// Labels.
    pub labels: &'a [f64],
    /// How many samples.
    pub count: usize,
}

impl Samples<'_> {
    /// Checks the lengths and answers with the number of outputs.
    pub(crate) fn outputs(&self, size: usize, names: [&'static str; 2]) -> Result<usize, MeasureError> {
        if size == 0 || self.count == 0 || self.labels.is_empty() {
            return Err(MeasureError::Empty(if self.labels.is_empty() { names[1] } else { names[0] }));
        }
        let expected = size * self.count;
        if self.inputs.len() != expected {
            return Err(MeasureError::Length { what: names[0], found: self.inputs.len(), expected });
        }
        let outputs = self.labels.len() / self.count;
        if outputs == 0 || outputs * self.count != self.labels.len() {
            let expected = outputs.max(1) * self.count;
            return Err(MeasureError::Length { what: names[1], found: self.labels.len(), expected });
        }
        Ok(outputs)
    }
}

/// Refits a linear readout without bias on features Z = F^T/sqrt(h), F being h x n:
///
/// ```text
/// a = (Z^T Z + (lambda/h) n I)^{-1} Z^T y,    loss = mean (Z a - y)^2
/// ```
///
/// Source: the ridge refit of Kothapalli et al. (arXiv 2406.04657; section 3, item 8 of the specification). Multiplied by
/// h it is c = (F F^T + lambda n I)^{-1} F y with predictions F^T c, which is what is solved.
///
/// # Errors
/// [`MeasureError`] when a length does not fit, the ridge parameter is not positive, or an input or a loss is not finite.
pub fn ridge_refit(size: usize, train: Samples<'_>, test: Samples<'_>, lambda: f64) -> Result<RidgeFit, MeasureError> {
    let gram = gram_checked(size, &train, &test, lambda)?;
    solve(size, gram, train, test, lambda)
}

/// Ridge regression on raw inputs with a bias that is not penalised: inputs and labels are centred by their training
/// means; then the same normal equations as in [`ridge_refit`] with the inputs for features, (X X^T + lambda n I) w = X y.
///
/// `d` inputs a sample.
///
/// # Errors
/// [`MeasureError`], as [`ridge_refit`].
pub fn linear_fit(d: usize, train: Samples<'_>, test: Samples<'_>, lambda: f64) -> Result<RidgeFit, MeasureError> {
    check(d, &train, &test, lambda)?;
    let input_mean = mean_column(train.inputs, d, train.count);
    let label_mean: Vec<f64> =
        train.labels.chunks_exact(train.count).map(|y| y.iter().sum::<f64>() / train.count as f64).collect();
    let centred = |s: &Samples<'_>| {
        let x: Vec<f64> =
            s.inputs.chunks_exact(d).flat_map(|x| x.iter().zip(&input_mean).map(|(x, m)| x - m)).collect();
        let y: Vec<f64> =
            s.labels.chunks_exact(s.count).zip(&label_mean).flat_map(|(y, m)| y.iter().map(move |y| y - m)).collect();
        (x, y)
    };
    let ((x, y), (xt, yt)) = (centred(&train), centred(&test));
    let train = Samples { inputs: &x, labels: &y, count: train.count };
    let test = Samples { inputs: &xt, labels: &yt, count: test.count };
    solve(d, gram_of_features(&x, d, train.count), train, test, lambda)
}

fn mean_column(x: &[f64], d: usize, n: usize) -> Vec<f64> {
    let mut mean = vec![0.0; d];
    for column in x.chunks_exact(d) {
        mean.iter_mut().zip(column).for_each(|(m, v)| *m += v);
    }
    mean.iter_mut().for_each(|m| *m /= n as f64);
    mean
}

fn check(size: usize, train: &Samples<'_>, test: &Samples<'_>, lambda: f64) -> Result<(), MeasureError> {
    let outputs = train.outputs(size, ["training inputs", "training labels"])?;
    let found = test.outputs(size, ["test inputs", "test labels"])?;
    if outputs != found {
        let expected = outputs * test.count;
        return Err(MeasureError::Length { what: "test labels", found: test.labels.len(), expected });
    }
    if lambda.is_finite() && lambda > 0.0 { Ok(()) } else { Err(MeasureError::Ridge(lambda)) }
}

/// Checks everything and forms F F^T.
pub(crate) fn gram_checked(
    size: usize,
    train: &Samples<'_>,
    test: &Samples<'_>,
    lambda: f64,
) -> Result<Vec<f64>, MeasureError> {
    check(size, train, test, lambda)?;
    Ok(gram_of_features(train.inputs, size, train.count))
}

/// Solves the normal equations with a Gram matrix that is already there, and destroys it.
pub(crate) fn solve(
    size: usize,
    mut gram: Vec<f64>,
    train: Samples<'_>,
    test: Samples<'_>,
    lambda: f64,
) -> Result<RidgeFit, MeasureError> {
    let mut coefficients = project(size, &train);
    ridge(&mut gram, size, lambda * train.count as f64, &mut coefficients)?;
    let train_loss = mean_squared_error(size, &train, &coefficients);
    let test_loss = mean_squared_error(size, &test, &coefficients);
    if train_loss.is_finite() && test_loss.is_finite() {
        Ok(RidgeFit { train_loss, test_loss })
    } else {
        Err(LinalgError::NotFinite.into())
    }
}

/// F Y: size x outputs.
pub(crate) fn project(size: usize, s: &Samples<'_>) -> Vec<f64> {
    let mut out = vec![0.0; size * (s.labels.len() / s.count)];
    for (c, y) in out.chunks_exact_mut(size).zip(s.labels.chunks_exact(s.count)) {
        matvec(s.inputs, size, s.count, y, c);
    }
    out
}

fn mean_squared_error(size: usize, s: &Samples<'_>, coefficients: &[f64]) -> f64 {
    let mut predicted = vec![0.0; s.count];
    let mut sum = 0.0;
    for (c, y) in coefficients.chunks_exact(size).zip(s.labels.chunks_exact(s.count)) {
        matvec_transposed(s.inputs, size, s.count, c, &mut predicted);
        sum += predicted.iter().zip(y).map(|(p, y)| (p - y) * (p - y)).sum::<f64>();
    }
    sum / s.labels.len() as f64
}
