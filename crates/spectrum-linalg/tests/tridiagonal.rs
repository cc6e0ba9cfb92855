//! Eigenvalues of symmetric tridiagonal matrices against closed forms, and the model that they are needed for.
#![allow(clippy::unwrap_used)]

mod common;

use common::noise;
use proptest::prelude::*;
use spectrum_core::Route;
use spectrum_linalg::{LinalgError, Plan, symmetric_tridiagonal_eigenvalues};
use std::f64::consts::PI;

/// The second-difference matrix: 2 + 2 cos(k pi / (n + 1)), k = 1..n, from the largest down.
#[test]
fn second_difference() {
    for n in [1, 2, 3, 10, 128, 1000] {
        for scale in [1.0, 1e-300, 1e300] {
            let got = symmetric_tridiagonal_eigenvalues(&vec![2.0 * scale; n], &vec![-scale; n - 1]).unwrap();
            assert_eq!(got.len(), n);
            for (k, v) in got.iter().enumerate() {
                let exact = 2.0 + 2.0 * ((k + 1) as f64 * PI / (n + 1) as f64).cos();
                let error = (v / scale - exact).abs();
                assert!(error <= 8.0 * (n as f64).sqrt() * f64::EPSILON, "{n} {k}: {error:e}");
            }
        }
    }
}

/// The Jacobi matrix of the Hermite polynomials: its eigenvalues are their roots, here those of
/// H_4(x) = 16 x^4 - 48 x^2 + 12, and of Krawtchouk's (Kac's matrix, symmetrised): n, n - 2, ..., -n.
#[test]
fn jacobi_matrices() {
    let hermite: Vec<f64> = (1..4).map(|k| (f64::from(k) / 2.0).sqrt()).collect();
    let got = symmetric_tridiagonal_eigenvalues(&[0.0; 4], &hermite).unwrap();
    let (outer, inner) = (((3.0 + 6f64.sqrt()) / 2.0).sqrt(), ((3.0 - 6f64.sqrt()) / 2.0).sqrt());
    for (got, want) in got.iter().zip([outer, inner, -inner, -outer]) {
        assert!((got - want).abs() <= 8.0 * f64::EPSILON);
    }
    for n in [1u32, 6, 40, 127] {
        let kac: Vec<f64> = (1..=n).map(|k| (f64::from(k) * f64::from(n + 1 - k)).sqrt()).collect();
        let got = symmetric_tridiagonal_eigenvalues(&vec![0.0; n as usize + 1], &kac).unwrap();
        for (k, v) in got.iter().enumerate() {
            let want = f64::from(n) - 2.0 * k as f64;
            assert!((v - want).abs() <= 8.0 * f64::from(n) * (f64::from(n)).sqrt() * f64::EPSILON, "{n}: {v} {want}");
        }
    }
}

#[test]
fn sizes_and_hostile_input() {
    let values = symmetric_tridiagonal_eigenvalues;
    assert_eq!(values(&[], &[]), Ok(vec![]));
    assert_eq!(values(&[-7.5], &[]), Ok(vec![-7.5]));
    assert_eq!(values(&[1.0, 3.0, 2.0], &[0.0, 0.0]), Ok(vec![3.0, 2.0, 1.0]));
    for (d, e) in [(&[1.0; 3][..], &[1.0; 3][..]), (&[1.0; 3], &[1.0; 1]), (&[], &[1.0]), (&[1.0], &[1.0])] {
        assert!(matches!(values(d, e), Err(LinalgError::Length { .. })), "{d:?} {e:?}");
    }
    for bad in [f64::NAN, f64::INFINITY] {
        assert_eq!(values(&[1.0, bad], &[0.5]), Err(LinalgError::NotFinite));
        assert_eq!(values(&[1.0, 1.0], &[bad]), Err(LinalgError::NotFinite));
    }
    assert_eq!(values(&[1.5e308, 1.5e308], &[1.5e308]), Err(LinalgError::NotFinite));
}

/// The lower bidiagonal model of Dumitriu and Edelman 2002 (J. Math. Phys. 43, theorem 3.1): L L^T of any bidiagonal L
/// has the squares of its singular values.
#[test]
fn a_plan_is_used_again() {
    let mut plan = Plan::new();
    for (n, seed) in [(128, 1), (5, 2), (40, 3)] {
        let (a, b) = (noise(n, seed), noise(n, seed + 10));
        let mut l = vec![0.0; n * n];
        for i in 0..n {
            l[i + i * n] = a[i];
            if i > 0 {
                l[i + (i - 1) * n] = b[i];
            }
        }
        let d: Vec<f64> = (0..n).map(|i| a[i] * a[i] + if i > 0 { b[i] * b[i] } else { 0.0 }).collect();
        let e: Vec<f64> = (1..n).map(|i| b[i] * a[i - 1]).collect();
        let fresh = symmetric_tridiagonal_eigenvalues(&d, &e).unwrap();
        assert_eq!(plan.tridiagonal_eigenvalues(&d, &e).unwrap(), fresh);
        let s = plan.spectrum_of(&l, n, n, Route::Svd, 0).unwrap();
        for (lambda, s) in fresh.iter().zip(&s.singular_values) {
            assert!((lambda - s * s).abs() <= 16.0 * n as f64 * f64::EPSILON * fresh[0]);
        }
    }
}

proptest! {
    /// Sum and sum of squares are the trace and the Frobenius norm; a shift moves every eigenvalue.
    #[test]
    fn traces(n in 1usize..80, seed in any::<u32>(), shift in -3.0f64..3.0) {
        let (d, e) = (noise(n, u64::from(seed)), noise(n - 1, u64::from(seed) + 1));
        let values = symmetric_tridiagonal_eigenvalues(&d, &e).unwrap();
        prop_assert!(values.is_sorted_by(|a, b| a >= b));
        let tolerance = 32.0 * n as f64 * f64::EPSILON;
        let squares = |x: &[f64]| x.iter().map(|v| v * v).sum::<f64>();
        prop_assert!((values.iter().sum::<f64>() - d.iter().sum::<f64>()).abs() <= 3.0 * tolerance);
        prop_assert!((squares(&values) - squares(&d) - 2.0 * squares(&e)).abs() <= 9.0 * tolerance);
        let shifted: Vec<f64> = d.iter().map(|x| x + shift).collect();
        for (a, b) in values.iter().zip(symmetric_tridiagonal_eigenvalues(&shifted, &e).unwrap()) {
            prop_assert!((a + shift - b).abs() <= 3.0 * tolerance);
        }
    }
}
