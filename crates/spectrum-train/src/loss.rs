//! Losses and accuracy, written out in tensor operations so that precision is the tensors' own.

use burn::tensor::Tensor;

use crate::config::LossKind;

/// The mean loss of outputs (n x c) against targets (n x c; one-hot rows for classes), as a tensor of one element.
///
/// `Mse` is (1/n) sum over samples of |f - y|^2, without 1/2 (spec A, section 1). `CrossEntropy` is the mean of
/// -log softmax(f)_y; `HalfMse` and `Logistic` are those of arXiv 2510.01303. Cross-entropy goes through the log-sum-exp with the row's maximum taken out.
///
/// Means are products with 1/n: the backward pass of Burn 0.22.1's `div_scalar` takes the reciprocal in f32, which gave
/// f64 gradients a relative error of 2e-8.
pub(crate) fn loss(kind: LossKind, outputs: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    let n = outputs.dims()[0] as f64;
    match kind {
        LossKind::Mse => {
            let r = outputs - targets;
            total(r.clone() * r).mul_scalar(n.recip())
        }
        LossKind::HalfMse => {
            let r = outputs - targets;
            total(r.clone() * r).mul_scalar(0.5 / n)
        }
        // ln(1 + e^u) with u = -y f, without overflow.
        LossKind::Logistic => total(spectrum_ops::softplus((outputs * targets).mul_scalar(-1.0))).mul_scalar(n.recip()),
        LossKind::CrossEntropy => total(cross_entropy(outputs, targets)).mul_scalar(n.recip()),
    }
}

/// ln(sum_k e^(z_k - z_y)) of each row (n x 1), as M + log1p(e^-M - 1 + sum over k != y of e^(z_k - z_y - M)), with M the largest
/// margin or zero.
///
/// Once a sample is learned M is zero, and the loss is log1p of small numbers: neither it nor its gradient is a difference of
/// numbers near one. With log-softmax in f32 the loss and the gradient's own component, p_y - 1, vanish below 6e-8, which is
/// where runs without weight decay that should generalise late stand still or drift.
fn cross_entropy(outputs: Tensor<2>, targets: Tensor<2>) -> Tensor<2> {
    let own = (outputs.clone() * targets.clone()).sum_dim(1);
    let margins = outputs - own;
    // The value does not depend on M, so no gradient needs to flow through it. The own class has margin zero.
    let largest = margins.clone().detach().max_dim(1);
    let others = targets.mul_scalar(-1.0).add_scalar(1.0);
    let rest = ((margins - largest.clone()).exp() * others).sum_dim(1);
    let gap = largest.clone().mul_scalar(-1.0).exp().sub_scalar(1.0);
    (rest + gap).log1p() + largest
}

/// The sum in a fixed order: flex sums four million f32 and more in pieces whose order its threads decide, so rows come
/// first.
fn total(t: Tensor<2>) -> Tensor<1> {
    t.sum_dim(1).sum()
}

/// The one element of a tensor as f64; waits for the device.
pub(crate) fn value(t: Tensor<1>) -> f64 {
    let data = t.into_data();
    data.iter::<f64>().next().unwrap_or(f64::NAN)
}

/// Share of samples whose largest output is the target's class.
pub(crate) fn accuracy(outputs: Tensor<2>, classes: &[u32]) -> f64 {
    let c = outputs.dims()[1].max(1);
    let data = outputs.into_data();
    let wide: Vec<f64> = data.iter::<f64>().collect();
    // The first of equal outputs wins, on every backend alike.
    let hit = |row: &[f64]| row.iter().enumerate().fold(0, |best, (k, v)| if *v > row[best] { k } else { best });
    let right = wide.chunks_exact(c).zip(classes).filter(|(row, y)| hit(row) == **y as usize).count();
    right as f64 / classes.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, TensorData};

    fn t(dtype: DType, v: &[f64], shape: [usize; 2]) -> Tensor<2> {
        Tensor::from_data(TensorData::new(v.to_vec(), shape), (&Device::flex(), dtype))
    }

    /// Values from numpy: f = [[1, 2, 0.5], [-1, 0, 3]], y = (1, 2): -log softmax = 0.46436882, 0.06588...
    #[test]
    fn losses_agree_with_numpy_in_both_precisions() {
        for dtype in [DType::F32, DType::F64] {
            let f = t(dtype, &[1.0, 2.0, 0.5, -1.0, 0.0, 3.0], [2, 3]);
            let y = t(dtype, &[0.0, 1.0, 0.0, 0.0, 0.0, 1.0], [2, 3]);
            let expected = {
                let lse = |r: [f64; 3]| r.iter().map(|x| x.exp()).sum::<f64>().ln();
                ((lse([1.0, 2.0, 0.5]) - 2.0) + (lse([-1.0, 0.0, 3.0]) - 3.0)) / 2.0
            };
            let eps = if dtype == DType::F64 { 1e-14 } else { 1e-6 };
            assert!((value(loss(LossKind::CrossEntropy, f.clone(), y.clone())) - expected).abs() < eps);
            // (1 + 1 + 0.25 + 1 + 0 + 4) / 2
            assert!((value(loss(LossKind::Mse, f.clone(), y)) - 3.625).abs() < eps);
            assert!(
                (value(loss(LossKind::HalfMse, f.clone(), t(dtype, &[0.0, 1.0, 0.0, 0.0, 0.0, 1.0], [2, 3]))) - 1.8125)
                    .abs()
                    < eps
            );
            // f = (2, -300), y = (-1, 1): (ln(1 + e^2) + 300)/2.
            let logistic = loss(LossKind::Logistic, t(dtype, &[2.0, -300.0], [2, 1]), t(dtype, &[-1.0, 1.0], [2, 1]));
            assert!((value(logistic) - (2f64.exp().ln_1p() + 300.0) / 2.0).abs() < 100.0 * eps);
            assert_eq!(accuracy(f, &[1, 0]), 0.5);
        }
    }

    /// A learned sample in f32: z = (0, 25), y = 1. The loss is log1p(e^-25) = 1.388794386e-11 and its gradient (+-) e^-25/(1 + e^-25);
    /// log-softmax would give zero for the loss and for the own component.
    #[test]
    fn a_learned_sample_still_has_a_gradient_in_f32() {
        let device = Device::flex().autodiff();
        let z = Tensor::<2>::from_data(TensorData::new(vec![0.0, 25.0], [1, 2]), (&device, DType::F32)).require_grad();
        let y = Tensor::<2>::from_data(TensorData::new(vec![0.0, 1.0], [1, 2]), (&device, DType::F32));
        let l = loss(LossKind::CrossEntropy, z.clone(), y);
        assert!((value(l.clone()) / 1.388_794_386e-11 - 1.0).abs() < 1e-5);
        let g: Vec<f64> = z.grad(&l.backward()).unwrap().into_data().iter::<f64>().collect();
        assert!(
            (g[0] / 1.388_794_386e-11 - 1.0).abs() < 1e-5 && (g[1] / -1.388_794_386e-11 - 1.0).abs() < 1e-5,
            "{g:?}"
        );
    }

    /// Far from learned, and far beyond f32's exponent: no overflow, and the margin itself for a loss.
    #[test]
    fn a_wrong_sample_does_not_overflow() {
        let l = loss(
            LossKind::CrossEntropy,
            t(DType::F32, &[500.0, -500.0, 0.0], [1, 3]),
            t(DType::F32, &[0.0, 1.0, 0.0], [1, 3]),
        );
        assert_eq!(value(l), 1000.0);
        // The gradient is that of the margin: +1 at the winner, -1 at the own class, nothing between.
        let device = Device::flex().autodiff();
        let make = |v: &[f64]| Tensor::<2>::from_data(TensorData::new(v.to_vec(), [1, 3]), (&device, DType::F64));
        let z = make(&[500.0, -500.0, 0.0]).require_grad();
        let grads = loss(LossKind::CrossEntropy, z.clone(), make(&[0.0, 1.0, 0.0])).backward();
        let g: Vec<f64> = z.grad(&grads).unwrap().into_data().iter::<f64>().collect();
        assert_eq!(g, [1.0, -1.0, (-500f64).exp()]);
    }

    /// d/df of the mean squared error is 2 (f - y) / n, to the last digits of f64.
    #[test]
    fn f64_gradients_are_not_rounded_to_f32() {
        let device = Device::flex().autodiff();
        let make = |v: &[f64]| Tensor::<2>::from_data(TensorData::new(v.to_vec(), [3, 1]), (&device, DType::F64));
        let f = make(&[0.1, 0.7, -0.4]).require_grad();
        let grads = loss(LossKind::Mse, f.clone(), make(&[0.3, 0.2, 0.9])).backward();
        let g = f.grad(&grads).unwrap().into_data();
        for (g, r) in g.iter::<f64>().zip([-0.2, 0.5, -1.3]) {
            assert!((g - 2.0 * r / 3.0).abs() < 1e-15, "{g}");
        }
    }
}
