//! Stochastic Lanczos quadrature against exact traces, exact multiplicities and full spectra.
#![allow(clippy::unwrap_used)]

mod common;

use common::{dot, prescribed, product, transposed};
use proptest::prelude::*;
use spectrum_core::Route;
use spectrum_linalg::{Density, LinalgError, Plan};

/// Sums of four uniform numbers: variance 4/3, kurtosis near that of a Gaussian.
fn gaussian(len: usize, seed: u64) -> Vec<f64> {
    let u = common::noise(4 * len, seed);
    u.chunks_exact(4).map(|c| c.iter().sum()).collect()
}

fn density(a: &[f64], rows: usize, cols: usize, probes: usize, steps: usize, seed: u64) -> Density {
    let d = Plan::new().density(a, rows, cols, probes, steps, seed).unwrap();
    assert_eq!((d.rows, d.cols, d.probes), (rows, cols, probes));
    assert!(d.nodes.is_sorted_by(|a, b| a >= b) && d.weights.iter().all(|w| *w >= 0.0));
    let total: f64 = d.weights.iter().sum();
    assert!((total - rows.min(cols) as f64).abs() <= 1e-12 * total, "{total}");
    d
}

/// The estimates of tr A and tr A^2, A = W^T W, are unbiased, and scatter over seeds with the variance
/// 2 sum_{i != j} (A^k)_ij^2 (Avron and Toledo 2011, lemma 9), for one probe a seed; and what `standard_error` says of
/// many probes is that scatter too.
#[test]
fn moments_and_their_scatter() {
    let (m, n, seeds) = (48, 30, 400);
    let w = gaussian(m * n, 1);
    let a = product(&transposed(&w, m, n), &w, n, m, n);
    let a2 = product(&a, &a, n, n, n);
    let off = |a: &[f64]| 2.0 * (dot(a, a) - (0..n).map(|i| a[i + i * n].powi(2)).sum::<f64>());
    for (k, power) in [(1, &a), (2, &a2)] {
        let (exact, variance) = ((0..n).map(|i| power[i + i * n]).sum::<f64>(), off(power));
        let estimates: Vec<f64> = (0..seeds).map(|s| density(&w, m, n, 1, 2, s).moment(k)).collect();
        let mean = estimates.iter().sum::<f64>() / seeds as f64;
        let scatter = estimates.iter().map(|e| (e - exact).powi(2)).sum::<f64>() / seeds as f64;
        assert!((mean - exact).abs() <= 3.5 * (variance / seeds as f64).sqrt(), "{k}: {mean} {exact}");
        // A variance from 400 draws has a relative error of about sqrt(2/400) = 0.07; heavier than Gaussian tails add.
        assert!((scatter / variance - 1.0).abs() < 0.3, "{k}: {scatter} {variance}");
        let many = density(&w, m, n, 400, 3, 9);
        let said = many.standard_error(|s| (s * s).powi(k.cast_signed())).unwrap();
        assert!((said / (variance / 400.0).sqrt() - 1.0).abs() < 0.15);
        assert!((many.moment(k) - exact).abs() <= 3.5 * said);
    }
}

/// Few distinct values on a diagonal: signs see every multiplicity exactly, and the Krylov space ends by itself.
#[test]
fn few_distinct_values_are_exact() {
    let (m, n) = (50, 40);
    let value = |i: usize| [3.0, 1.5, 0.25, 0.0][if i < 5 { 0 } else { i / 12 }];
    let mut w = vec![0.0; m * n];
    (0..n).for_each(|i| w[i + i * m] = value(i));
    for (data, rows, cols) in [(w.clone(), m, n), (transposed(&w, m, n), n, m)] {
        let d = density(&data, rows, cols, 3, 30, 5);
        assert_eq!((d.steps, d.nodes.len()), (4, 12));
        assert!(d.resolved.iter().all(|r| *r));
        for v in [3.0, 1.5, 0.25, 0.0] {
            let multiplicity = (0..n).filter(|i| value(*i) == v).count() as f64;
            let seen = d.sum(|s| if (s - v).abs() <= d.floor { 1.0 } else { 0.0 });
            assert!((seen - multiplicity).abs() < 1e-12, "{v}: {seen} {multiplicity}");
        }
        let below = (0..n).filter(|i| value(*i) <= 1.6).count() as f64;
        assert!((d.cdf(1.6) - below / n as f64).abs() < 1e-13);
        // The quadrature of a signless function of any degree is exact here.
        assert!((d.moment(9) - (0..n).map(|i| value(i).powi(18)).sum::<f64>()).abs() <= 1e-12 * d.moment(9));
    }
}

fn distance(d: &Density, exact: &[f64]) -> f64 {
    let n = exact.len() as f64;
    // `exact` descends: at s_i the share of values at most s_i jumps from 1 - (i + 1)/n to 1 - i/n.
    exact.iter().enumerate().fold(0.0f64, |worst, (i, s)| {
        let (at, before) = (d.cdf(*s), d.cdf(s * (1.0 - 1e-12)));
        worst.max((at - (1.0 - i as f64 / n)).abs()).max((before - (1.0 - (i + 1) as f64 / n)).abs())
    })
}

/// Kolmogorov-Smirnov distance to the exact spectrum. One probe's count of a half scatters by sqrt(2/n)/2 = 0.035
/// (shares), 32 probes' by 0.006.
#[test]
fn a_gaussian_bulk() {
    let (m, n) = (600, 400);
    let w = gaussian(m * n, 3);
    let exact = Plan::new().spectrum_of(&w, m, n, Route::Svd, 0).unwrap();
    for seed in 0..3 {
        let d = density(&w, m, n, 32, 60, seed);
        let ks = distance(&d, &exact.singular_values);
        println!("seed {seed}: {ks}");
        assert!(ks < 0.02, "{ks}");
    }
}

/// Three spikes above a bulk are resolved, and counted within the standard error.
#[test]
fn spikes_stand_out() {
    let (m, n) = (150, 100);
    let mut w = gaussian(m * n, 3);
    let spikes = prescribed(&[400.0, 200.0, 100.0], m, n, 4);
    w.iter_mut().zip(&spikes).for_each(|(w, s)| *w += s);
    let exact = Plan::new().spectrum_of(&w, m, n, Route::Svd, 0).unwrap().singular_values;
    let d = density(&w, m, n, 64, 30, 1);
    for s in &exact[..3] {
        let near: Vec<f64> = d.nodes.iter().copied().filter(|x| (x - s).abs() < 1.0).collect();
        assert_eq!(near.len(), 64);
        assert!(near.iter().all(|x| (x - s).abs() <= 1e-10 * s));
    }
    let (above, error) = (d.count_above(60.0), d.standard_error(|s| f64::from(s > 60.0)).unwrap());
    assert!((above - 3.0).abs() <= 3.0 * error && error < 0.5, "{above} {error}");
}

#[test]
fn low_ranks() {
    let n = 80;
    for (rows, cols) in [(120, n), (n, 120)] {
        let w = prescribed(&[5.0, 2.0, 0.5], rows, cols, 6);
        let d = density(&w, rows, cols, 40, 50, 2);
        // Three directions and what the probe has outside of them.
        assert_eq!((d.steps, d.nodes.len()), (4, 160));
        assert!(d.resolved.iter().all(|r| *r));
        for (i, s) in d.nodes.iter().enumerate() {
            let want = [5.0, 2.0, 0.5, 0.0][i / 40];
            assert!((s - want).abs() <= d.floor, "{s} {want}");
        }
        let above = |s: f64| f64::from(s > 0.1);
        assert!((d.count_above(0.1) - 3.0).abs() <= 3.0 * d.standard_error(above).unwrap());
        let zero = density(&vec![0.0; rows * cols], rows, cols, 3, 50, 2);
        assert!(zero.nodes.iter().all(|s| *s == 0.0) && zero.floor == 0.0 && zero.steps == 0);
        assert_eq!((zero.moment(1), zero.count_above(0.0), zero.cdf(0.0)), (0.0, 0.0, 1.0));
    }
}

#[test]
fn small_shapes() {
    for steps in [1, 7] {
        let d = density(&[-3.0], 1, 1, 2, steps, 0);
        assert_eq!((d.nodes, d.weights, d.steps), (vec![3.0, 3.0], vec![0.5, 0.5], 1));
        let d = density(&[3.0, 4.0], 2, 1, 1, steps, 0);
        assert!((d.nodes[0] - 5.0).abs() < 1e-14 && d.nodes.len() == 1);
        let d = density(&[3.0, 4.0], 1, 2, 1, steps, 0);
        assert!((d.nodes[0] - 5.0).abs() < 1e-14 && d.nodes.len() == 1);
        for (rows, cols) in [(0, 0), (0, 3), (4, 0)] {
            let d = density(&[], rows, cols, 2, steps, 0);
            assert!(d.nodes.is_empty() && d.cdf(1.0) == 0.0 && d.count_above(0.0) == 0.0 && d.moment(0) == 0.0);
        }
    }
}

#[test]
fn hostile_input() {
    let mut plan = Plan::new();
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut a = vec![1.0; 600];
        a[599] = bad;
        assert_eq!(plan.density(&a, 30, 20, 2, 5, 0), Err(LinalgError::NotFinite));
    }
    assert!(matches!(plan.density(&[1.0; 5], 2, 3, 1, 1, 0), Err(LinalgError::Length { .. })));
    assert!(matches!(plan.density(&[1.0; 5], usize::MAX, 2, 1, 1, 0), Err(LinalgError::Length { .. })));
    assert!(matches!(plan.density(&[1.0], 1, 1, 0, 1, 0), Err(LinalgError::AtLeastOne(_))));
    assert!(matches!(plan.density(&[1.0], 1, 1, 1, 0, 0), Err(LinalgError::AtLeastOne(_))));
    // Entries are finite, the spectral norm is not.
    assert_eq!(plan.density(&[1.7e308; 256], 16, 16, 2, 5, 0), Err(LinalgError::NotFinite));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// With as many steps as there are dimensions every node is a singular value, each within the floor.
    #[test]
    fn all_steps_find_singular_values(m in 1usize..25, n in 1usize..25, seed in any::<u64>()) {
        let w = gaussian(m * n, seed);
        let exact = Plan::new().spectrum_of(&w, m, n, Route::Svd, 0).unwrap().singular_values;
        let d = density(&w, m, n, 2, m.min(n) + 3, seed);
        for s in &d.nodes {
            let nearest = exact.iter().map(|e| (e - s).abs()).fold(f64::INFINITY, f64::min);
            prop_assert!(nearest <= d.floor, "{s}: {nearest:e}");
        }
        prop_assert!((d.nodes[0] - exact[0]).abs() <= d.floor);
    }

    /// Same input, same bytes, whatever the plan did before; and no probe depends on those beside it.
    #[test]
    fn determinism(m in 2usize..30, n in 2usize..30, seed in any::<u32>(), probes in 1usize..20) {
        let w = gaussian(m * n, 7);
        let mut used = Plan::new();
        used.density(&gaussian(900, 8), 30, 30, 11, 9, 3).unwrap();
        used.spectrum_of(&w, m, n, Route::Vectors, 4).unwrap();
        let d = density(&w, m, n, probes, 6, u64::from(seed));
        prop_assert_eq!(&used.density(&w, m, n, probes, 6, u64::from(seed)).unwrap(), &d);
        let first = density(&w, m, n, 1, 6, u64::from(seed));
        let of_first = d.nodes.iter().zip(&d.probe).filter(|(_, p)| **p == 0).map(|(s, _)| *s);
        prop_assert_eq!(of_first.collect::<Vec<f64>>(), first.nodes);
    }

    /// A power of two changes no digit, a matrix and its transpose have one density, and a rotation of the long side
    /// changes nothing that a probe sees.
    #[test]
    fn scaling_transposition_rotation(m in 2usize..30, n in 2usize..30, seed in any::<u32>(), e in -1000i32..1000) {
        let (short, long) = (m.min(n), m.max(n));
        let w = gaussian(m * n, u64::from(seed));
        let d = density(&w, m, n, 3, 8, 1);
        let scale = |x: f64| x * 2f64.powi(e / 2) * 2f64.powi(e - e / 2);
        let b: Vec<f64> = w.iter().map(|x| scale(*x)).collect();
        let scaled = density(&b, m, n, 3, 8, 1);
        if e > -900 {
            prop_assert_eq!(scaled.nodes, d.nodes.iter().map(|x| scale(*x)).collect::<Vec<f64>>());
            prop_assert_eq!(&scaled.weights, &d.weights);
        }
        let mut tall = if m >= n { w.clone() } else { transposed(&w, m, n) };
        // A square matrix is taken as it is: its transpose meets the probes with other vectors.
        let t = if m == n { d.clone() } else { density(&transposed(&tall, long, short), short, long, 3, 8, 1) };
        common::rotate(&mut tall, long, 5);
        let r = density(&tall, long, short, 3, 8, 1);
        for k in 1..4 {
            for other in [&t, &r] {
                prop_assert!((other.moment(k) / d.moment(k) - 1.0).abs() <= 64.0 * long as f64 * f64::EPSILON);
            }
        }
    }
}
