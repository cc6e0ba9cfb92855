//! Weights with norm, values or vectors replaced: what was asked for is there, and the rest is kept.
#![allow(clippy::unwrap_used)]

mod common;

use common::{matrix, rough, spectrum};
use spectrum_core::{Precision, Reason, Route, Spectrum};
use spectrum_linalg::Plan;
use spectrum_measure::substitute::{combined, decomposed, final_values, initial_values, matched_norm};
use spectrum_measure::tolerance::{Coverage, PrecisionPair, Setting};

const ROWS: usize = 60;
const COLS: usize = 40;

fn initial() -> Vec<f64> {
    matrix(ROWS, COLS, 1.0)
}

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn apart(a: &[f64], b: &[f64]) -> f64 {
    norm(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>()) / norm(b)
}

fn values(m: &[f64]) -> Vec<f64> {
    spectrum(m, ROWS, COLS, Route::Svd, 0).singular_values
}

/// numpy 2.4.6, with `matrix` of tests/fixtures/make.py:
///
/// ```text
/// w = matrix(60, 40, 0.0); w[:, 0] += 1; w0 = matrix(60, 40, 1.0)
/// u, s, v = np.linalg.svd(w, full_matrices=False); u0, s0, v0 = np.linalg.svd(w0, full_matrices=False)
/// for x in w * np.linalg.norm(w0) / np.linalg.norm(w), u * s0 @ v, u0 * s @ v0:
///     print(x[0, 0], x[59, 0], x[17, 23], x[59, 39])
/// ```
#[test]
fn numpy_agrees() {
    let (w, w0, mut plan) = (rough(), initial(), Plan::new());
    let found = [
        matched_norm(&w, &w0).unwrap(),
        initial_values(&w, &w0, ROWS, COLS, &mut plan).unwrap(),
        final_values(&w, &w0, ROWS, COLS, &mut plan).unwrap(),
    ];
    let expected = [
        [0.507_947_768_419_638_7, 1.109_947_897_772_488, 0.177_262_295_035_383_27, 0.371_060_347_322_002_4],
        [0.294_850_989_693_422_3, 0.571_032_045_427_401_2, 0.165_132_935_789_543_52, 0.389_220_434_478_288_9],
        [0.279_796_877_076_575_63, 0.351_319_142_275_958_7, -0.117_990_179_728_088_91, 0.275_909_367_868_828_9],
    ];
    for (found, expected) in found.iter().zip(expected) {
        for ((i, j), expected) in [(0, 0), (59, 0), (17, 23), (59, 39)].into_iter().zip(expected) {
            assert!((found[i + j * ROWS] - expected).abs() < 1e-12, "{i} {j}: {}", found[i + j * ROWS]);
        }
    }
}

#[test]
fn values_and_norms_are_those_asked_for() {
    let (w, w0, mut plan) = (rough(), initial(), Plan::new());
    let swapped = [
        (initial_values(&w, &w0, ROWS, COLS, &mut plan).unwrap(), &w0),
        (final_values(&w, &w0, ROWS, COLS, &mut plan).unwrap(), &w),
    ];
    for (swapped, like) in &swapped {
        let (a, b) = (values(swapped), values(like));
        assert!(a.iter().zip(&b).all(|(x, y)| (x - y).abs() < 1e-12 * b[0]));
        assert!((norm(swapped) / norm(like) - 1.0).abs() < 1e-13);
    }
    let matched = matched_norm(&w, &w0).unwrap();
    assert!((norm(&matched) / norm(&w0) - 1.0).abs() < 1e-14);
    // The shape of the spectrum stays: every value in one proportion.
    let ratio = norm(&w0) / norm(&w);
    assert!(values(&matched).iter().zip(values(&w)).all(|(a, b)| (a - ratio * b).abs() < 1e-12));
    // Both at once: the shape of W_t's spectrum with the vectors and the norm of W_0.
    let both = matched_norm(&swapped[1].0, &w0).unwrap();
    assert!((norm(&both) / norm(&w0) - 1.0).abs() < 1e-13);
    assert!(values(&both).iter().zip(values(&w)).all(|(a, b)| (a - ratio * b).abs() < 1e-12));
}

#[test]
fn vectors_stay_and_the_way_back_leads_home() {
    let (w, w0, mut plan) = (rough(), initial(), Plan::new());
    let there = initial_values(&w, &w0, ROWS, COLS, &mut plan).unwrap();
    // W and what has its vectors commute: W^T X and W X^T are symmetric.
    for (n, entry) in [
        (
            COLS,
            &(|i: usize, j: usize| (0..ROWS).map(|k| w[k + i * ROWS] * there[k + j * ROWS]).sum::<f64>())
                as &dyn Fn(_, _) -> f64,
        ),
        (ROWS, &|i: usize, j: usize| (0..COLS).map(|k| w[i + k * ROWS] * there[j + k * ROWS]).sum::<f64>()),
    ] {
        for (i, j) in (0..n).flat_map(|i| (0..i).map(move |j| (i, j))) {
            assert!((entry(i, j) - entry(j, i)).abs() < 1e-11, "{i} {j}");
        }
    }
    let home = initial_values(&there, &w, ROWS, COLS, &mut plan).unwrap();
    assert!(apart(&home, &w) < 1e-11);
    assert!(apart(&initial_values(&w, &w, ROWS, COLS, &mut plan).unwrap(), &w) < 1e-13);
    // A matrix and its transpose give the same.
    let t = |m: &[f64]| -> Vec<f64> { (0..m.len()).map(|k| m[k / COLS + k % COLS * ROWS]).collect() };
    let turned = initial_values(&t(&w), &t(&w0), COLS, ROWS, &mut plan).unwrap();
    assert!(apart(&turned, &t(&there)) < 1e-11);
}

#[test]
fn the_scale_of_the_matrices_does_not_matter() {
    let (w, w0) = (rough(), initial());
    let matched = matched_norm(&w, &w0).unwrap();
    for (a, b) in [(1e-200, 1.0), (1e200, 1.0), (1.0, 1e-200), (1.0, 1e200)] {
        let scaled = |m: &[f64], c: f64| m.iter().map(|x| x * c).collect::<Vec<f64>>();
        let found = matched_norm(&scaled(&w, a), &scaled(&w0, b)).unwrap();
        assert!(found.iter().zip(&matched).all(|(x, y)| (x / b - y).abs() < 1e-13), "{a} {b}");
        let (one, other) = (scaled(&w, a), scaled(&w0, b));
        let found = initial_values(&one, &other, ROWS, COLS, &mut Plan::new()).unwrap();
        let expected = initial_values(&w, &w0, ROWS, COLS, &mut Plan::new()).unwrap();
        assert!(found.iter().zip(&expected).all(|(x, y)| (x / b - y).abs() < 1e-11), "{a} {b}");
    }
}

#[test]
fn what_is_not_determined_is_refused() {
    let (w, w0, mut plan) = (rough(), initial(), Plan::new());
    let zero = vec![0.0; ROWS * COLS];
    assert_eq!(matched_norm(&zero, &w0), Err(Reason::Degenerate));
    assert_eq!(matched_norm(&w, &zero).unwrap(), zero);
    assert_eq!(matched_norm(&[f64::INFINITY], &[1.0]), Err(Reason::NotFinite));
    assert_eq!(matched_norm(&[1.0], &[f64::NAN]), Err(Reason::NotFinite));
    assert_eq!(matched_norm(&[1.0, 0.0, 0.0, 0.0], &[f64::MAX; 4]), Err(Reason::NotFinite));
    assert_eq!(matched_norm(&[1.0], &[1.0; 2]), Err(Reason::NotApplicable("W_0 has 2 elements, the weight 1".into())));
    assert_eq!(matched_norm(&[], &[]), Err(Reason::Degenerate));

    // Vectors of a zero matrix, or of one of lower rank, do not carry forty values; the other way round forty carry one.
    assert_eq!(initial_values(&zero, &w0, ROWS, COLS, &mut plan), Err(Reason::Degenerate));
    assert_eq!(initial_values(&w, &zero, ROWS, COLS, &mut plan).unwrap(), zero);
    assert_eq!(initial_values(&zero, &zero, ROWS, COLS, &mut plan).unwrap(), zero);
    let flat = vec![1.0; ROWS * COLS];
    assert_eq!(initial_values(&flat, &w0, ROWS, COLS, &mut plan), Err(Reason::BelowFloor));
    let one = final_values(&flat, &w0, ROWS, COLS, &mut plan).unwrap();
    let top = values(&one);
    assert!((top[0] / norm(&flat) - 1.0).abs() < 1e-12 && top[1] < 1e-10 * top[0]);
    // One value on one pair of vectors is determined.
    let double = vec![2.0; ROWS * COLS];
    assert!(apart(&initial_values(&flat, &double, ROWS, COLS, &mut plan).unwrap(), &double) < 1e-12);

    let mut bad = w.clone();
    bad[7] = f64::NAN;
    assert_eq!(initial_values(&bad, &w0, ROWS, COLS, &mut plan), Err(Reason::NotFinite));
    assert_eq!(final_values(&bad, &w0, ROWS, COLS, &mut plan), Err(Reason::NotFinite));
    assert!(matches!(initial_values(&w, &w0, ROWS, ROWS, &mut plan), Err(Reason::NotComputed(_))));

    let own = decomposed(&w, ROWS, COLS, &mut plan).unwrap();
    let turned = decomposed(&w, COLS, ROWS, &mut plan).unwrap();
    assert!(matches!(combined(&own, &turned), Err(Reason::NotApplicable(why)) if why.contains("40 x 60")));
    let bare = Spectrum { left: None, right: None, ..own.clone() };
    assert_eq!(combined(&bare, &own), Err(Reason::NotComputed("all singular vectors".into())));
    let leading = spectrum(&w, ROWS, COLS, Route::Topk, 3);
    assert_eq!(combined(&own, &leading), Err(Reason::NotComputed("all singular values".into())));
    for few in [leading, spectrum(&w, ROWS, COLS, Route::Gram, 3)] {
        assert_eq!(combined(&few, &own), Err(Reason::NotComputed("all singular vectors".into())));
    }
    assert!(initial_values(&[], &[], 0, 4, &mut plan).unwrap().is_empty());
}

#[test]
fn probes_of_substitutes_are_under_the_contract() {
    let setting = Setting::new(PrecisionPair(Precision::F32, Precision::F32), 10);
    for own in ["kta", "ridge_test_loss"] {
        let Some(Coverage::Always(base)) = setting.coverage(own) else { panic!("{own}") };
        for name in ["matched_norm", "initial_values", "final_values"] {
            let Some(Coverage::Always(t)) = setting.coverage(&format!("{own}_{name}")) else { panic!("{own}_{name}") };
            assert!(t.absolute == 0.0 && t.relative >= base.relative && t.relative < 2.1 * base.relative);
        }
    }
}
