//! One Adam step against closed forms, a plain loop, and the composed tensor operations.
#![allow(clippy::unwrap_used)]

mod common;

use burn::tensor::{DType, Device, Tensor};
use common::{flex, ndarray, spread, tensor, values};
use proptest::prelude::*;
use spectrum_ops::{AdamScalars, adam_step};

fn composed<const D: usize>(
    w: Tensor<D>,
    g: Tensor<D>,
    m: Tensor<D>,
    v: Tensor<D>,
    s: AdamScalars,
) -> (Tensor<D>, Tensor<D>, Tensor<D>) {
    let g = if s.coupled_decay == 0.0 { g } else { g + w.clone() * s.coupled_decay };
    let m = m * s.beta1 + g.clone() * (1.0 - s.beta1);
    let v = v * s.beta2 + g.clone() * g * (1.0 - s.beta2);
    let d = v.clone().sqrt() / s.second_root + s.epsilon;
    let w = if s.shrink == 1.0 { w } else { w * s.shrink };
    (w - m.clone() / d * s.step_size, m, v)
}

fn arrays(n: usize) -> [Vec<f64>; 4] {
    let positive = spread(n, 1.0).iter().map(|x| x * x).collect();
    [spread(n, 2.0), spread(n, 0.3).into_iter().rev().collect(), spread(n, 0.1), positive]
}

fn bits<const D: usize>(x: &Tensor<D>) -> Vec<u64> {
    values(x.clone()).iter().map(|x| x.to_bits()).collect()
}

#[test]
fn the_first_step_has_a_closed_form() {
    // m / (1 - beta1) = g and sqrt(v / (1 - beta2)) = |g|, so w moves by lr g / (|g| + eps).
    let (lr, eps) = (0.01, 1e-8);
    let [w, g, ..] = arrays(50);
    let zeros = || tensor(vec![0.0; 50], [50], &flex(), DType::F64);
    let at = |x: &Vec<f64>| tensor(x.clone(), [50], &flex(), DType::F64);
    let scalars = AdamScalars::new(lr, 0.9, 0.999, eps, 1);
    let (next, m, v) = adam_step(at(&w), at(&g), zeros(), zeros(), scalars);
    for (i, next) in values(next).iter().enumerate() {
        assert!((next - (w[i] - lr * g[i] / (g[i].abs() + eps))).abs() < 1e-14);
    }
    for (i, (m, v)) in values(m).iter().zip(values(v)).enumerate() {
        assert!((m - 0.1 * g[i]).abs() < 1e-16 && (v - 0.001 * g[i] * g[i]).abs() < 1e-17);
    }
}

#[test]
fn fifty_steps_follow_kingma_and_ba() {
    // Loss sum(k w^2) / 2. The loop is the paper's algorithm 1 with its corrected moments.
    let n = 40;
    let (lr, b1, b2, eps) = (1e-2, 0.9, 0.999, 1e-8);
    let [mut w, k, ..] = arrays(n);
    let (mut m, mut v) = (vec![0.0; n], vec![0.0; n]);
    let at = |x: &Vec<f64>| tensor(x.clone(), [n], &flex(), DType::F64);
    let kt = at(&k);
    let (mut wt, mut mt, mut vt) = (at(&w), at(&m), at(&v));
    for t in 1..=50 {
        let g = wt.clone() * kt.clone();
        (wt, mt, vt) = adam_step(wt, g, mt, vt, AdamScalars::new(lr, b1, b2, eps, t));
        for i in 0..n {
            let g = w[i] * k[i];
            m[i] = b1 * m[i] + (1.0 - b1) * g;
            v[i] = b2 * v[i] + (1.0 - b2) * g * g;
            let (m_hat, v_hat) = (m[i] / (1.0 - b1.powi(t as i32)), v[i] / (1.0 - b2.powi(t as i32)));
            w[i] -= lr * m_hat / (v_hat.sqrt() + eps);
        }
    }
    for (a, b) in values(wt).iter().zip(w) {
        assert!((a - b).abs() < 1e-13, "{a} and {b}");
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Gradient {
    Plain,
    Transposed,
}

/// Whatever is shared or transposed, the bits are those of the composed operations, and no handle's tensor changes.
fn check(rows: usize, cols: usize, dtype: DType, s: AdamScalars, shared: [bool; 3], layout: Gradient, device: &Device) {
    let [w, g, m, v] = arrays(rows * cols).map(|x| tensor(x, [rows, cols], device, dtype));
    let g = if layout == Gradient::Plain { g } else { tensor(values(g), [cols, rows], device, dtype).transpose() };
    let expected = composed(w.clone(), g.clone(), m.clone(), v.clone(), s);
    // Copies without a second handle.
    let unique = |x: &Tensor<2>| tensor(values(x.clone()), [rows, cols], device, dtype);
    let give = |x: &Tensor<2>, shared: bool| if shared { x.clone() } else { unique(x) };
    let before = [bits(&w), bits(&g), bits(&m), bits(&v)];
    let found = adam_step(give(&w, shared[0]), g.clone(), give(&m, shared[1]), give(&v, shared[2]), s);
    assert_eq!(bits(&found.0), bits(&expected.0), "w");
    assert_eq!(bits(&found.1), bits(&expected.1), "m");
    assert_eq!(bits(&found.2), bits(&expected.2), "v");
    assert_eq!([bits(&w), bits(&g), bits(&m), bits(&v)], before, "an argument changed");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn the_bits_are_those_of_the_composed_operations(
        rows in 0usize..9,
        cols in 0usize..40,
        wide in any::<bool>(),
        on_flex in prop::bool::weighted(0.8),
        shared in any::<[bool; 3]>(),
        transposed in any::<bool>(),
        t in 1u64..1000,
        lr in 1e-5f64..2.0,
        coupled in prop_oneof![Just(0.0), 1e-5f64..0.1],
        decoupled in prop_oneof![Just(0.0), 1e-5f64..0.1],
    ) {
        let s = AdamScalars::new(lr, 0.9, 0.999, 1e-8, t).with_coupled_decay(coupled);
        let s = if decoupled == 0.0 { s } else { s.with_decoupled_decay(lr, decoupled) };
        let layout = if transposed { Gradient::Transposed } else { Gradient::Plain };
        let device = if on_flex { flex() } else { ndarray() };
        check(rows, cols, if wide { DType::F64 } else { DType::F32 }, s, shared, layout, &device);
    }
}

#[test]
fn large_arrays_take_the_threaded_path() {
    let s = AdamScalars::new(0.1, 0.9, 0.999, 1e-8, 3).with_decoupled_decay(0.1, 0.01);
    for dtype in [DType::F32, DType::F64] {
        for shared in [[false; 3], [true, false, false], [true; 3]] {
            check(401, 300, dtype, s, shared, Gradient::Plain, &flex());
        }
    }
}

#[test]
fn the_step_is_not_on_the_tape() {
    let device = flex().autodiff();
    let x = |k: usize| tensor(arrays(12)[k].clone(), [3, 4], &device, DType::F64);
    let (w, m, v) = adam_step(x(0).require_grad(), x(1), x(2), x(3), AdamScalars::new(0.1, 0.9, 0.999, 1e-8, 1));
    assert!(!w.is_require_grad() && !m.is_require_grad() && !v.is_require_grad());
    let plain = |k: usize| tensor(arrays(12)[k].clone(), [3, 4], &flex(), DType::F64);
    let expected = adam_step(plain(0), plain(1), plain(2), plain(3), AdamScalars::new(0.1, 0.9, 0.999, 1e-8, 1));
    assert_eq!(values(w), values(expected.0));
}
