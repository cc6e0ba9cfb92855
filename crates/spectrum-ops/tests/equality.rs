//! The fused functions against Burn's stock ones, forward and through autodiff, over shapes, layouts and backends.
#![allow(clippy::unwrap_used)]

mod common;

use burn::tensor::{DType, Device, DeviceKind, Tensor};
use common::{OPS, Op, flex, ndarray, spread, tensor, values};
use proptest::prelude::*;

/// How the tensor that the function sees lies in memory.
#[derive(Debug, Clone, Copy)]
enum View {
    Plain,
    Transposed,
    Sliced,
    Flipped,
    Expanded,
}

fn view(x: Tensor<3>, how: View) -> Tensor<3> {
    let [a, b, c] = x.dims();
    match how {
        View::Transposed => x.swap_dims(0, 2),
        View::Sliced if a * b * c > 0 => x.slice([a / 2..a, 0..b, 0..c.div_ceil(2)]),
        View::Flipped if a * b * c > 0 => x.flip([1]),
        View::Expanded if a * b * c > 0 => x.slice([0..1, 0..b, 0..c]).expand([3, b, c]),
        _ => x,
    }
}

/// Value and gradient of `sum(weights * f(view(x)))`.
fn run(f: impl Fn(Tensor<3>) -> Tensor<3>, x: &Tensor<3>, how: View, weighted: bool) -> (Vec<f64>, Vec<f64>) {
    let x = x.clone().require_grad();
    let y = f(view(x.clone(), how));
    let found = values(y.clone());
    let n = y.shape().num_elements();
    // Without weights the gradient that arrives is an expanded scalar, a layout of its own.
    let loss = if weighted { y.clone() * tensor(spread(n, 2.0), y.dims(), &y.device(), y.dtype()) } else { y };
    let gradients = loss.sum().backward();
    (found, values(x.grad(&gradients).unwrap()))
}

/// The forward bound is 4 roundings of the value (2 of ours, 2 of the C library's), the gradient's 8 roundings of the
/// largest gradient: `1 - y^2` cancels, in the stock operations as here.
fn compare(op: Op, device: &Device, dtype: DType, shape: [usize; 3], how: View, scale: f64, weighted: bool) {
    let eps = if dtype == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    let smallest = if dtype == DType::F32 { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE };
    let on = |device: &Device| tensor(spread(shape.iter().product(), scale), shape, device, dtype);
    let (fused, fused_grad) = run(|x| op.fused(x), &on(device), how, weighted);
    // The stock operations of flex: Burn's default sigmoid, which ndarray takes, is less accurate than this.
    let (stock, stock_grad) = run(|x| op.stock(x), &on(&flex().autodiff()), how, weighted);
    assert_eq!(fused.len(), stock.len());
    for (a, b) in fused.iter().zip(&stock) {
        assert!((a - b).abs() <= 4.0 * eps * b.abs().max(smallest), "{op:?} {dtype:?} {how:?}: {a} and {b}");
    }
    assert_eq!(fused_grad.len(), stock_grad.len());
    // An expanded element gathers three gradients.
    for (a, b) in fused_grad.iter().zip(&stock_grad) {
        assert!((a - b).abs() <= 24.0 * eps, "{op:?} {dtype:?} {how:?}: gradients {a} and {b}");
    }
}

fn any_view() -> impl Strategy<Value = View> {
    prop_oneof![
        Just(View::Plain),
        Just(View::Transposed),
        Just(View::Sliced),
        Just(View::Flipped),
        Just(View::Expanded)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn fused_equals_stock(
        op in prop::sample::select(OPS.to_vec()),
        wide in any::<bool>(),
        on_flex in prop::bool::weighted(0.7),
        shape in [0usize..6, 0usize..8, 0usize..21],
        how in any_view(),
        scale in 0.001f64..19.0,
        weighted in any::<bool>(),
    ) {
        let device = if on_flex { flex() } else { ndarray() }.autodiff();
        compare(op, &device, if wide { DType::F64 } else { DType::F32 }, shape, how, scale, weighted);
    }
}

#[test]
fn large_arrays_take_the_threaded_path() {
    for dtype in [DType::F32, DType::F64] {
        for op in OPS {
            for how in [View::Plain, View::Transposed, View::Sliced] {
                compare(op, &flex().autodiff(), dtype, [3, 170, 301], how, 6.0, true);
            }
        }
    }
}

#[test]
fn vectors_and_matrices_work_too() {
    for op in OPS {
        let vector = tensor(spread(17, 3.0), [17], &flex(), DType::F64);
        let matrix = tensor(spread(35, 3.0), [5, 7], &flex(), DType::F64).transpose();
        for (a, b) in values(op.fused(vector.clone())).iter().zip(values(op.stock(vector))) {
            assert!((a - b).abs() <= 4.0 * f64::EPSILON * b.abs());
        }
        let fused = op.fused(matrix.clone());
        assert_eq!(fused.dims(), [7, 5]);
        for (a, b) in values(fused).iter().zip(values(op.stock(matrix))) {
            assert!((a - b).abs() <= 4.0 * f64::EPSILON * b.abs());
        }
        assert!(values(op.fused(tensor(vec![], [0], &flex(), DType::F32))).is_empty());
    }
}

/// In-place work must not reach a tensor that someone else still holds.
#[test]
fn shared_inputs_survive() {
    for dtype in [DType::F32, DType::F64] {
        for op in OPS {
            let device = flex().autodiff();
            let x = tensor(spread(70_000, 3.0), [70_000], &device, dtype).require_grad();
            let before = values(x.clone());
            // x enters twice and y three times; a clobbered tensor would change the gradient.
            let loss = |f: &dyn Fn(Tensor<1>) -> Tensor<1>| {
                let y = f(x.clone());
                let z = f(y.clone());
                let gradients = (x.clone() * y.clone() + z * y).sum().backward();
                values(x.grad(&gradients).unwrap())
            };
            let fused = loss(&|x| op.fused(x));
            let stock = loss(&|x| op.stock(x));
            let eps = if dtype == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
            for (a, b) in fused.iter().zip(stock) {
                assert!((a - b).abs() <= 100.0 * eps, "{op:?}: {a} and {b}");
            }
            assert_eq!(values(x), before);
        }
    }
}

/// Precisions without a kernel take the stock operations.
#[test]
fn half_precision_takes_the_stock_operations() {
    let x = tensor(spread(64, 3.0), [64], &flex(), DType::F16);
    for op in OPS {
        let y = op.fused(x.clone());
        assert_eq!(y.dtype(), DType::F16);
        for (a, b) in values(y).iter().zip(values(op.stock(x.clone()))) {
            assert!((a - b).abs() <= 4e-3 * b.abs().max(1.0), "{op:?}: {a} and {b}");
        }
    }
}

/// The slope against a central difference of the function itself, so that a shared error of both derivatives shows.
#[test]
fn gradients_are_the_slopes() {
    let h = 1e-5;
    for op in OPS {
        let x = tensor(spread(400, 4.0), [400], &flex().autodiff(), DType::F64).require_grad();
        let gradients = op.fused(x.clone()).sum().backward();
        let plain = x.clone().inner();
        let up = values(op.stock(plain.clone() + h));
        let down = values(op.stock(plain - h));
        for ((slope, up), down) in values(x.grad(&gradients).unwrap()).iter().zip(up).zip(down) {
            assert!((slope - (up - down) / (2.0 * h)).abs() < 1e-9, "{op:?}");
        }
    }
}

#[test]
#[ignore = "needs a graphics adapter; software Vulkan will do"]
fn wgpu_falls_back_to_the_stock_operations() {
    let device = Device::wgpu(DeviceKind::DefaultDevice).autodiff();
    let x = tensor(spread(120, 4.0), [2, 6, 10], &device, DType::F32);
    for op in OPS {
        let (fused, fused_grad) = run(|x| op.fused(x), &x, View::Transposed, true);
        let (stock, stock_grad) = run(|x| op.stock(x), &x, View::Transposed, true);
        for (a, b) in fused.iter().chain(&fused_grad).zip(stock.iter().chain(&stock_grad)) {
            assert!((a - b).abs() <= 2e-5, "{op:?}: {a} and {b}");
        }
    }
}
