//! Kernels: Gram matrices against the double loop, spectra and norms against closed forms.
#![allow(clippy::unwrap_used)]

mod common;

use common::{dot, noise, prescribed, product, transposed};
use proptest::prelude::*;
use spectrum_core::Reason;
use spectrum_linalg::kernel::{
    add_gram, add_gram_product, floor, sample_gram, symmetric_difference_norm, symmetric_operator_norm,
};
use spectrum_linalg::{LinalgError, Plan};

fn gram(x: &[f64], p: usize, n: usize) -> Vec<f64> {
    (0..n * n).map(|k| dot(&x[k % n * p..][..p], &x[k / n * p..][..p])).collect()
}

/// Sizes on both sides of a block, of a tile of rows, and of a row of blocks.
#[test]
fn grams_are_the_double_loop_on_any_number_of_threads() {
    for (n, p, q) in [(1, 1, 1), (2, 3, 1), (15, 4, 2), (16, 1, 5), (17, 2, 3), (130, 7, 4), (700, 3, 2)] {
        let (x, d) = (noise(p * n, 1), noise(q * n, 2));
        let (gx, gd) = (gram(&x, p, n), gram(&d, q, n));
        let start = gram(&noise(2 * n, 3), 2, n);
        let bound = 8.0 * (p + q) as f64 * f64::EPSILON;
        let mut results = Vec::new();
        for threads in [1, 2, 5, 100] {
            let mut k = start.clone();
            add_gram_product(&mut k, n, &x, p, &d, q, 0.3, threads);
            let exact = |i: usize| start[i] + 0.3 * gx[i] * gd[i];
            let worst = (0..n * n).map(|i| (k[i] - exact(i)).abs()).fold(0.0, f64::max);
            assert!(worst <= bound * q as f64 * p as f64, "{n}: {worst:e}");
            add_gram(&mut k, n, &x, p, -2.0, threads);
            let worst = (0..n * n).map(|i| (k[i] - exact(i) + 2.0 * gx[i]).abs()).fold(0.0, f64::max);
            assert!(worst <= bound * (2 + q) as f64 * p as f64, "{n}: {worst:e}");
            assert!((0..n * n).all(|i| k[i].to_bits() == k[i / n + i % n * n].to_bits()), "{n}: not symmetric");
            results.push((k, sample_gram(&x, p, n, 0.3, threads)));
        }
        assert!(results.iter().all(|r| r == &results[0]), "{n}: threads");
        let (scaled, worst) = (&results[0].1, |i: usize| (results[0].1[i] - 0.3 * gx[i]).abs());
        assert!((0..scaled.len()).all(|i| worst(i) <= bound * p as f64), "{n}");
    }
}

#[test]
fn the_lower_triangle_is_what_is_added_to() {
    let n = 40;
    let x = noise(2 * n, 5);
    let mut poisoned: Vec<f64> = (0..n * n).map(|k| if k % n < k / n { f64::NAN } else { 1.0 }).collect();
    add_gram(&mut poisoned, n, &x, 2, 1.0, 2);
    let mut clean = vec![1.0; n * n];
    add_gram(&mut clean, n, &x, 2, 1.0, 2);
    assert_eq!(poisoned, clean);
}

#[test]
fn nothing_to_add() {
    let mut k = vec![1.0; 9];
    add_gram(&mut k, 3, &[], 0, 1.0, 2);
    add_gram_product(&mut k, 3, &[], 0, &[1.0, 2.0, 3.0], 1, 1.0, 2);
    assert_eq!(k, [1.0; 9]);
    assert_eq!(sample_gram(&[], 4, 0, 1.0, 2), [0.0; 0]);
    assert_eq!(sample_gram(&[], 0, 2, 1.0, 2), [0.0; 4]);
}

#[test]
#[should_panic(expected = "X must be 2 x 3")]
fn a_wrong_length_is_named() {
    add_gram(&mut [0.0; 9], 3, &[0.0; 5], 2, 1.0, 1);
}

/// K_ij = min(i, j), the covariance of a random walk: lambda_k = 1/(4 sin^2((2k - 1) pi/(4n + 2))), k = 1, ..., n.
fn walk(n: usize) -> (Vec<f64>, Vec<f64>) {
    let k = (0..n * n).map(|k| (1 + (k % n).min(k / n)) as f64).collect();
    let angle = |i: usize| (2 * i + 1) as f64 * std::f64::consts::PI / (4 * n + 2) as f64;
    (k, (0..n).map(|i| 0.25 / angle(i).sin().powi(2)).collect())
}

#[test]
fn the_random_walks_kernel() {
    let mut plan = Plan::new();
    for n in [1, 2, 3, 60, 200] {
        let (k, exact) = walk(n);
        let s = plan.kernel(&k, n, 4).unwrap();
        assert_eq!((s.rows, s.cols, s.singular_values.len(), s.floor), (n, n, n, floor(n, s.top())));
        for (found, exact) in s.singular_values.iter().zip(&exact) {
            assert!((found - exact).abs() <= s.floor, "{n}: {found} {exact}");
        }
        let u = s.left.clone().unwrap();
        assert_eq!((u.count, s.left), (n.min(4), s.right));
        for (u, lambda) in u.columns().zip(&s.singular_values) {
            let image = product(&k, u, n, n, 1);
            let residual = image.iter().zip(u).map(|(a, b)| (a - lambda * b).powi(2)).sum::<f64>().sqrt();
            assert!(residual <= 4.0 * s.floor && (dot(u, u) - 1.0).abs() < 1e-14, "{n}: {residual:e}");
            // u_1 has one sign; the sign of every vector is fixed by its largest component.
            assert!(u.iter().fold(0.0f64, |m, x| if x.abs() > m.abs() { *x } else { m }) > 0.0);
        }
        assert!(u.column(0).iter().all(|x| *x > 0.0));
        assert!(plan.kernel(&k, n, 0).unwrap().left.is_none());
    }
}

#[test]
fn a_kernel_of_low_rank_has_zeros_and_as_many_vectors() {
    let (n, p) = (120, 7);
    let x = noise(p * n, 9);
    let k = sample_gram(&x, p, n, 0.5, 2);
    let mut plan = Plan::new();
    let s = plan.kernel(&k, n, 20).unwrap();
    let features = plan.spectrum_of(&x, p, n, spectrum_core::Route::Svd, 0).unwrap();
    for (lambda, sigma) in s.singular_values.iter().zip(&features.singular_values) {
        assert!((lambda - 0.5 * sigma * sigma).abs() <= s.floor);
    }
    assert!(s.singular_values[p..].iter().all(|l| (0.0..=s.floor).contains(l)));
    assert_eq!(s.left.unwrap().count, p);
}

#[test]
fn scale_and_ends_of_the_range() {
    let (k, _) = walk(30);
    let mut plan = Plan::new();
    let s = plan.kernel(&k, 30, 2).unwrap();
    for exponent in [-900, -300, 3, 300, 900] {
        let factor = 2f64.powi(exponent);
        let scaled: Vec<f64> = k.iter().map(|x| x * factor).collect();
        let t = plan.kernel(&scaled, 30, 2).unwrap();
        for (s, t) in s.singular_values.iter().zip(&t.singular_values) {
            assert!((s * factor - t).abs() <= t * 1e-12, "{exponent}");
        }
        let norm = symmetric_operator_norm(&scaled, 30).unwrap();
        assert!((norm / factor / s.top() - 1.0).abs() < 1e-12);
    }
}

#[test]
fn what_is_no_kernel_is_refused() {
    let mut plan = Plan::new();
    assert_eq!(plan.kernel(&[1.0, 2.0, 2.0, 1.0], 2, 0), Err(LinalgError::NotPositiveSemidefinite(1)));
    assert_eq!(plan.kernel(&[-1.0, 0.0, 0.0, -2.0], 2, 0), Err(LinalgError::NotPositiveSemidefinite(2)));
    assert_eq!(plan.kernel(&[1.0, f64::NAN, 0.0, 1.0], 2, 0), Err(LinalgError::NotFinite));
    assert_eq!(plan.kernel(&[1.0; 3], 2, 0), Err(LinalgError::Length { rows: 2, cols: 2, found: 3 }));
    assert!(matches!(Reason::from(LinalgError::NotPositiveSemidefinite(1)), Reason::NotApplicable(_)));
    let nothing = plan.kernel(&[], 0, 3).unwrap();
    assert!(nothing.singular_values.is_empty() && nothing.left.unwrap().count == 0);
    let zero = plan.kernel(&[0.0; 9], 3, 3).unwrap();
    assert_eq!((zero.singular_values, zero.floor, zero.left.unwrap().count), (vec![0.0; 3], 0.0, 0));
    // A perturbation of one single-precision unit makes a rank-one kernel indefinite.
    let y: Vec<f64> = noise(50, 1);
    let k: Vec<f64> = gram(&y, 1, 50).iter().map(|x| f64::from(*x as f32)).collect();
    assert!(matches!(plan.kernel(&k, 50, 0), Err(LinalgError::NotPositiveSemidefinite(_))));
}

/// -1, 2 shifted: the second difference has lambda_k = 2 - 2 cos(k pi/(n + 1)), and shifted by c the largest |lambda| is at
/// whichever end is further from zero. Ends that tie up to `gap` must not be confused.
#[test]
fn norms_of_second_differences() {
    for n in [1, 2, 50, 96, 97, 150, 250] {
        let (low, high) = {
            let lambda = |k: usize| 2.0 - 2.0 * (k as f64 * std::f64::consts::PI / (n + 1) as f64).cos();
            (lambda(1), lambda(n))
        };
        let shifted = |c: f64, sign: f64| -> Vec<f64> {
            let entry = |i: usize, j: usize| match i.abs_diff(j) {
                0 => 2.0 - c,
                1 => -1.0,
                _ => 0.0,
            };
            (0..n * n).map(|k| sign * entry(k % n, k / n)).collect()
        };
        for c in [0.0, 1.0, 1.999, 2.0, 2.001, 3.0, 4.0] {
            for sign in [1.0, -1.0] {
                let exact = (low - c).abs().max((high - c).abs());
                let norm = symmetric_operator_norm(&shifted(c, sign), n).unwrap();
                assert!((norm - exact).abs() <= 1e-9 * exact + 1e-15, "{n} {c} {sign}: {norm} {exact}");
            }
        }
        let difference = symmetric_difference_norm(&shifted(0.0, 1.0), &shifted(0.5, 1.0), n).unwrap();
        assert!((difference - 0.5).abs() < 1e-14, "{n}: {difference}");
    }
}

#[test]
fn norms_of_nothing() {
    assert_eq!(symmetric_operator_norm(&[], 0), Ok(0.0));
    assert_eq!(symmetric_operator_norm(&[0.0; 4], 2), Ok(0.0));
    let (k, _) = walk(150);
    assert_eq!(symmetric_difference_norm(&k, &k, 150), Ok(0.0));
    assert_eq!(symmetric_operator_norm(&[1.0, f64::INFINITY, 0.0, 1.0], 2), Err(LinalgError::NotFinite));
    assert_eq!(
        symmetric_difference_norm(&[1.0; 4], &[1.0; 3], 2),
        Err(LinalgError::Length { rows: 2, cols: 2, found: 3 })
    );
}

/// Q diag(values) Q^T by reflections: symmetric to rounding, made symmetric exactly.
fn symmetric(values: &[f64], seed: u64) -> Vec<f64> {
    let n = values.len();
    let root: Vec<f64> = values.iter().map(|v| v.abs().sqrt()).collect();
    let half = prescribed(&root, n, n, seed);
    // half = U S V^T; half^T half = V S^2 V^T.
    let k = product(&transposed(&half, n, n), &half, n, n, n);
    (0..n * n).map(|i| 0.5 * (k[i] + k[i / n + i % n * n])).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Prescribed eigenvalues come back; a permutation of the samples and the triangle that was summed first change nothing
    /// beyond the floor.
    #[test]
    fn prescribed_eigenvalues(n in 2usize..140, seed in any::<u32>(), decay in prop::sample::select(vec![1.0, 0.9, 0.5])) {
        let steep = |(i, x): (usize, &f64)| (1.5 + x) * f64::powi(decay, i as i32);
        let mut values: Vec<f64> = noise(n, u64::from(seed)).iter().enumerate().map(steep).collect();
        let k = symmetric(&values, u64::from(seed) + 1);
        values.sort_by(|a, b| b.total_cmp(a));
        let s = Plan::new().kernel(&k, n, 3).unwrap();
        for (found, exact) in s.singular_values.iter().zip(&values) {
            prop_assert!((found - exact).abs() <= 16.0 * s.floor, "{} {}", found, exact);
        }
        let norm = symmetric_operator_norm(&k, n).unwrap();
        prop_assert!((norm - s.top()).abs() <= 1e-9 * s.top());
        let reversed: Vec<f64> = k.iter().rev().copied().collect();
        let r = Plan::new().kernel(&reversed, n, 3).unwrap();
        for (a, b) in s.singular_values.iter().zip(&r.singular_values) {
            // Each is within its floor of the exact value.
            prop_assert!((a - b).abs() <= s.floor + r.floor, "{} {}", a, b);
        }
    }

    /// Against all eigenvalues, for matrices with both signs: D1 - D2 in a common basis.
    #[test]
    fn difference_norms(n in 90usize..130, seed in any::<u32>()) {
        let seed = u64::from(seed);
        let positive = |seed| -> Vec<f64> { noise(n, seed).iter().map(|x| 1.0 + x).collect() };
        let (a, b) = (positive(seed), positive(seed + 1));
        let exact = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        let norm = symmetric_difference_norm(&symmetric(&a, 7), &symmetric(&b, 7), n).unwrap();
        prop_assert!((norm - exact).abs() <= 1e-9 * exact, "{} {}", norm, exact);
    }
}
