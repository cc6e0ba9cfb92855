//! The flex kernels against correctly rounded values (`reference/activations.py`) and the functions' identities.
#![allow(clippy::unwrap_used)]

mod common;

use burn::tensor::{DType, Tensor, TensorData};
use common::{OPS, Op, flex, spread, tensor, ulps_f32, ulps_f64, values};

struct Row {
    x: f64,
    values: [f64; 5],
}

fn reference() -> Vec<Row> {
    let number = |hex: &str| f64::from_bits(u64::from_str_radix(hex, 16).unwrap());
    include_str!("reference/activations.csv")
        .lines()
        .skip(1)
        .map(|line| {
            let row: Vec<f64> = line.split(',').map(number).collect();
            Row { x: row[0], values: row[1..].try_into().unwrap() }
        })
        .collect()
}

fn worst(op: Op, column: usize) -> (u64, f64) {
    let rows = reference();
    assert!(rows.len() > 500);
    let x = tensor(rows.iter().map(|r| r.x).collect(), [rows.len()], &flex(), DType::F64);
    let found = values(op.fused(x));
    rows.iter().zip(found).map(|(row, y)| (ulps_f64(y, row.values[column]), row.x)).max_by_key(|r| r.0).unwrap()
}

#[test]
fn tanh_f64_is_within_one_ulp_of_the_rounded_value() {
    let (ulps, x) = worst(Op::Tanh, 0);
    assert!(ulps <= 1, "{ulps} ulps at {x}");
}

#[test]
fn sigmoid_f64_is_within_two_ulps() {
    let (ulps, x) = worst(Op::Sigmoid, 1);
    assert!(ulps <= 2, "{ulps} ulps at {x}");
}

#[test]
fn softplus_f64_is_within_two_ulps() {
    let (ulps, x) = worst(Op::Softplus, 2);
    assert!(ulps <= 2, "{ulps} ulps at {x}");
}

#[test]
fn erf_f64_is_within_two_ulps() {
    let (ulps, x) = worst(Op::Erf, 3);
    assert!(ulps <= 2, "{ulps} ulps at {x}");
}

#[test]
fn the_slope_of_erf_is_within_two_ulps() {
    let rows = reference();
    let device = flex().autodiff();
    let x = tensor(rows.iter().map(|r| r.x).collect(), [rows.len()], &device, DType::F64).require_grad();
    let gradients = spectrum_ops::erf(x.clone()).sum().backward();
    for (row, slope) in rows.iter().zip(values(x.grad(&gradients).unwrap())) {
        let ulps = ulps_f64(slope, row.values[4]);
        assert!(ulps <= 2, "{ulps} ulps at {}", row.x);
    }
}

/// f32 numbers of both signs and every exponent, infinities included.
fn f32_sample() -> Vec<f32> {
    (0..=0x7f80_0000u32).step_by(12_289).flat_map(|b| [f32::from_bits(b), -f32::from_bits(b)]).collect()
}

fn f32_worst(op: Op, truth: impl Fn(f64) -> f64) -> (u64, f32) {
    let sample = f32_sample();
    assert!(sample.len() > 100_000);
    let x = Tensor::<1>::from_data(TensorData::new(sample.clone(), [sample.len()]), (&flex(), DType::F32));
    let found = op.fused(x).into_data().try_to_vec::<f32>().unwrap();
    sample.iter().zip(found).map(|(&x, y)| (ulps_f32(y, truth(f64::from(x)) as f32), x)).max_by_key(|r| r.0).unwrap()
}

#[test]
fn f32_kernels_are_within_their_bounds_over_the_whole_range() {
    let (ulps, x) = f32_worst(Op::Tanh, f64::tanh);
    assert!(ulps <= 1, "tanh: {ulps} ulps at {x}");
    let (ulps, x) =
        f32_worst(Op::Sigmoid, |x| if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) });
    assert!(ulps <= 2, "sigmoid: {ulps} ulps at {x}");
    let (ulps, x) = f32_worst(Op::Softplus, |x| x.max(0.0) + (-x.abs()).exp().ln_1p());
    assert!(ulps <= 1, "softplus: {ulps} ulps at {x}");
}

#[test]
fn erf_f32_is_the_rounded_f64_value_of_another_implementation() {
    let sample = f32_sample();
    let wide: Vec<f64> = sample.iter().map(|&x| f64::from(x)).collect();
    let truth = values(tensor(wide, [sample.len()], &flex(), DType::F64).erf());
    let x = Tensor::<1>::from_data(TensorData::new(sample.clone(), [sample.len()]), (&flex(), DType::F32));
    let found = spectrum_ops::erf(x).into_data().try_to_vec::<f32>().unwrap();
    for ((x, y), t) in sample.iter().zip(found).zip(truth) {
        assert!(ulps_f32(y, t as f32) <= 1, "at {x}: {y} and {t}");
    }
}

#[test]
fn special_values_follow_the_functions() {
    let tiny = f64::from_bits(1);
    let x = [0.0, -0.0, tiny, -tiny, f64::MIN_POSITIVE, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, f64::NAN];
    let at = |op: Op| values(op.fused(tensor(x.to_vec(), [x.len()], &flex(), DType::F64)));
    let tanh = [0.0, -0.0, tiny, -tiny, f64::MIN_POSITIVE, 1.0, -1.0, 1.0, -1.0, f64::NAN];
    let ln2 = std::f64::consts::LN_2;
    let sigmoid = [0.5, 0.5, 0.5, 0.5, 0.5, 1.0, 0.0, 1.0, 0.0, f64::NAN];
    let softplus = [ln2, ln2, ln2, ln2, ln2, f64::INFINITY, 0.0, f64::MAX, 0.0, f64::NAN];
    for (op, expected) in [(Op::Tanh, tanh), (Op::Sigmoid, sigmoid), (Op::Softplus, softplus)] {
        for ((x, y), e) in x.iter().zip(at(op)).zip(expected) {
            let same = y.to_bits() == e.to_bits() || (y.is_nan() && e.is_nan());
            assert!(same, "{op:?}({x}) = {y}, expected {e}");
        }
    }
    let erf = at(Op::Erf);
    assert_eq!(erf[5..9], [1.0, -1.0, 1.0, -1.0]);
    assert!(erf[0].is_sign_positive() && erf[1].is_sign_negative() && erf[9].is_nan());
    // The smallest numbers times 2/sqrt(pi) round to themselves.
    assert_eq!(erf[2..4], [tiny, -tiny]);

    let tiny = f32::from_bits(1);
    let x = [0.0, -0.0, tiny, -tiny, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, f32::NAN];
    let data = Tensor::<1>::from_data(TensorData::new(x.to_vec(), [x.len()]), (&flex(), DType::F32));
    let found = spectrum_ops::tanh(data).into_data().try_to_vec::<f32>().unwrap();
    for ((x, y), e) in x.iter().zip(found).zip([0.0, -0.0, tiny, -tiny, 1.0, -1.0, 1.0, -1.0, f32::NAN]) {
        assert!(y.to_bits() == e.to_bits() || (y.is_nan() && e.is_nan()), "tanh({x}) = {y}, expected {e}");
    }
}

#[test]
fn slopes_of_special_values_are_finite() {
    let device = flex().autodiff();
    for dtype in [DType::F32, DType::F64] {
        for op in OPS {
            let x = vec![0.0, 1e-320, f64::INFINITY, f64::NEG_INFINITY, 1e30, -1e30];
            let x = tensor(x, [6], &device, dtype).require_grad();
            let gradients = op.fused(x.clone()).sum().backward();
            let slope = values(x.grad(&gradients).unwrap());
            let at_zero = match op {
                Op::Tanh => 1.0,
                Op::Sigmoid => 0.25,
                Op::Softplus => 0.5,
                Op::Erf => std::f64::consts::FRAC_2_SQRT_PI,
            };
            let far = f64::from(op == Op::Softplus);
            assert!((slope[0] - at_zero).abs() < 1e-7 && (slope[1] - at_zero).abs() < 1e-7, "{op:?}: {slope:?}");
            assert_eq!(slope[2..], [far, 0.0, far, 0.0], "{op:?}");
        }
    }
}

#[test]
fn symmetries_hold() {
    for dtype in [DType::F32, DType::F64] {
        let eps = if dtype == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        let x = tensor(spread(5_000, 12.0), [5_000], &flex(), dtype);
        let plus = |op: Op| values(op.fused(x.clone()));
        let minus = |op: Op| values(op.fused(-x.clone()));
        for op in [Op::Tanh, Op::Erf] {
            for (a, b) in plus(op).iter().zip(minus(op)) {
                assert_eq!(a.to_bits(), (-b).to_bits(), "{op:?}");
            }
        }
        for (a, b) in plus(Op::Sigmoid).iter().zip(minus(Op::Sigmoid)) {
            assert!((a + b - 1.0).abs() <= 2.0 * eps, "sigmoid: {a} {b}");
        }
        for ((a, b), x) in plus(Op::Softplus).iter().zip(minus(Op::Softplus)).zip(values(x.clone())) {
            assert!((a - b - x).abs() <= 2.0 * eps * a.max(b), "softplus at {x}: {a} {b}");
        }
        // tanh(x) = 2 sigmoid(2x) - 1.
        let doubled = values(Op::Sigmoid.fused(x.clone() * 2.0));
        for (t, s) in plus(Op::Tanh).iter().zip(doubled) {
            assert!((t - (2.0 * s - 1.0)).abs() <= 3.0 * eps, "{t} {s}");
        }
    }
}

#[test]
fn an_element_does_not_depend_on_its_neighbours() {
    let n = 100_003;
    for dtype in [DType::F32, DType::F64] {
        let x = spread(n, 9.0);
        for op in OPS {
            let whole = values(op.fused(tensor(x.clone(), [n], &flex(), dtype)));
            for i in [0, 1, 7, 31, 4_096, 32_767, 32_768, 65_537, n - 2, n - 1] {
                let alone = values(op.fused(tensor(vec![x[i]], [1], &flex(), dtype)));
                assert_eq!(alone[0].to_bits(), whole[i].to_bits(), "{op:?} {dtype:?} at {i}");
            }
        }
    }
}
