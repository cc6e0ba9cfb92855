//! The null's exact law, the p-value's rule, and the shuffle's bits.
#![allow(clippy::unwrap_used)]

mod common;

use common::{distance, tridiagonal};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use spectrum_law::ks::p_value;
use spectrum_law::null::gaussian_bidiagonal;
use spectrum_law::shuffle::{shuffle, stream};
use spectrum_law::{MarchenkoPastur, fit_bulk};

/// Mean and standard error.
fn mean(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    (mean, (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt())
}

#[test]
fn moments_are_those_of_a_wishart_matrix() {
    // E tr M = N p, E tr M^2 = N p (N + p + 1), E det M = N!/(N - p)! for M = W^T W (Muirhead, Aspects of Multivariate
    // Statistical Theory, 1982, sections 3.2 and 9.7), at every size: also the smallest, where chi-squared numbers of one
    // and two degrees are drawn.
    for (rows, cols) in [(1, 1), (2, 2), (3, 2), (5, 4), (4, 9), (30, 1)] {
        let (n, p) = (rows.max(cols) as f64, rows.min(cols));
        let (mut trace, mut square, mut determinant) = (vec![], vec![], vec![]);
        for i in 0..20_000 {
            let (d, e) = gaussian_bidiagonal(rows, cols, &mut stream(i, 0, "moments", "matrix"));
            assert_eq!((d.len(), e.len()), (p, p - 1));
            trace.push(d.iter().sum());
            square.push(d.iter().map(|x| x * x).sum::<f64>() + 2.0 * e.iter().map(|x| x * x).sum::<f64>());
            let (mut last, mut product) = (d[0], d[0]);
            for k in 1..p {
                last = d[k] - e[k - 1] * e[k - 1] / last;
                product *= last;
            }
            determinant.push(product);
        }
        let q = p as f64;
        let falling: f64 = (0..p).map(|k| n - k as f64).product();
        for (found, expected) in [(&trace, n * q), (&square, n * q * (n + q + 1.0)), (&determinant, falling)] {
            let (mean, error) = mean(found);
            assert!((mean - expected).abs() < 4.5 * error, "{rows} x {cols}: {mean} +- {error}, {expected}");
        }
    }
}

#[test]
fn one_entry_is_a_squared_normal_number() {
    // Kolmogorov-Smirnov at 1 %: 1.63/sqrt(n). P(x^2 <= t) = erf(sqrt(t/2)).
    let mut one: Vec<f64> = (0..20_000).map(|i| gaussian_bidiagonal(1, 1, &mut stream(i, 0, "a", "b")).0[0]).collect();
    assert!(distance(&mut one, |t| libm::erf((0.5 * t).sqrt())) < 1.63 / 20_000f64.sqrt());
    // Two: an exponential number of mean 2. Three: the Maxwell speed's square.
    let mut two: Vec<f64> = (0..20_000).map(|i| gaussian_bidiagonal(2, 1, &mut stream(i, 1, "a", "b")).0[0]).collect();
    assert!(distance(&mut two, |t| 1.0 - (-0.5 * t).exp()) < 1.63 / 20_000f64.sqrt());
    let mut three: Vec<f64> =
        (0..20_000).map(|i| gaussian_bidiagonal(1, 3, &mut stream(i, 2, "a", "b")).0[0]).collect();
    let maxwell = |t: f64| libm::erf((0.5 * t).sqrt()) - (2.0 * t / std::f64::consts::PI).sqrt() * (-0.5 * t).exp();
    assert!(distance(&mut three, maxwell) < 1.63 / 20_000f64.sqrt());
}

#[test]
fn an_empty_matrix_has_an_empty_null() {
    assert_eq!(gaussian_bidiagonal(0, 5, &mut stream(0, 0, "", "")), (vec![], vec![]));
}

/// Fitted distance of one null spectrum.
fn fitted(rows: usize, cols: usize, rng: &mut ChaCha8Rng) -> f64 {
    let (d, e) = gaussian_bidiagonal(rows, cols, rng);
    fit_bulk(&tridiagonal(d, e), rows, cols).unwrap().trimmed_distance
}

#[test]
fn the_distance_of_a_gaussian_matrix_has_a_uniform_p_value() {
    let mut rng = stream(1, 0, "null", "matrix");
    let null: Vec<f64> = (0..999).map(|_| fitted(40, 25, &mut rng)).collect();
    let mut p: Vec<f64> = (0..300).map(|_| p_value(fitted(40, 25, &mut rng), &null).0).collect();
    // 1 % point of the distance for 300 draws, and what a null of 999 adds: sqrt(1/300 + 1/999).
    let d = distance(&mut p, |u| u);
    assert!(d < 1.63 * (1.0 / 300f64 + 1.0 / 999.0).sqrt(), "{d}");
}

#[test]
fn the_known_variance_has_another_null_than_the_fitted_one() {
    // Why the null must be treated as the observed spectrum was: fitted distances are smaller.
    let mut rng = stream(2, 0, "null", "matrix");
    let law = MarchenkoPastur::new(60, 40, 1.0).unwrap();
    let (mut known, mut own) = (vec![], vec![]);
    for _ in 0..200 {
        let (d, e) = gaussian_bidiagonal(60, 40, &mut rng);
        let eigenvalues = tridiagonal(d, e);
        known.push(law.ks_distance(&eigenvalues).unwrap());
        own.push(fit_bulk(&eigenvalues, 60, 40).unwrap().trimmed_distance);
    }
    assert!(mean(&own).0 + 5.0 * mean(&own).1 < mean(&known).0, "{:?} {:?}", mean(&own), mean(&known));
}

#[test]
fn the_rule_of_plus_one() {
    assert_eq!(p_value(1.0, &[]).0, 1.0);
    assert_eq!(p_value(2.0, &[1.0, 1.5, 1.9]).0, 0.25);
    assert_eq!(p_value(1.5, &[1.0, 1.5, 1.9]).0, 0.75, "an equal distance counts");
    assert_eq!(p_value(f64::NAN, &[1.0; 99]).0, 1.0);
    assert_eq!(p_value(2.0, &[f64::NAN, 1.0, 1.0]).0, 0.5);
    // Standard deviation of beta(1, 100): sqrt(100/(101^2 102)).
    assert!((p_value(2.0, &[1.0; 99]).1 - (100.0 / (101f64 * 101.0 * 102.0)).sqrt()).abs() < 1e-16);
}

/// What spectrum-measure's null did before this module was written, draw by draw.
fn reference_shuffle(values: &mut [f64], seed: u64, step: u64, layer: &str, view: &str) {
    let fnv1a =
        |text: &str| text.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(1099511628211));
    let mut key = [0; 32];
    for (part, word) in key.chunks_exact_mut(8).zip([seed, step, fnv1a(layer), fnv1a(view)]) {
        part.copy_from_slice(&word.to_le_bytes());
    }
    let mut rng = ChaCha8Rng::from_seed(key);
    for i in (1..values.len()).rev() {
        values.swap(i, ((u128::from(rng.next_u64()) * (i as u128 + 1)) >> 64) as usize);
    }
}

#[test]
fn the_shuffle_is_the_recorders() {
    for (seed, step, layer, view) in
        [(0, 0, "hidden.weight", "matrix"), (7, 12, "a", "positions[1,2]"), (u64::MAX, 3, "", "")]
    {
        let mut a: Vec<f64> = (0..1000).map(f64::from).collect();
        let mut b = a.clone();
        shuffle(&mut a, &mut stream(seed, step, layer, view));
        reference_shuffle(&mut b, seed, step, layer, view);
        assert_eq!(a, b);
        a.sort_by(f64::total_cmp);
        assert_eq!(a, (0..1000).map(f64::from).collect::<Vec<_>>(), "the entries stay");
    }
}

#[test]
fn fnv_1a_of_the_published_vectors() {
    // Noll's test vectors: "" and "foobar" hash to these; they are words 3 and 4 of the key.
    let mut key = [0; 32];
    key[16..24].copy_from_slice(&0xcbf2_9ce4_8422_2325u64.to_le_bytes());
    key[24..].copy_from_slice(&0x8594_4171_f739_67e8u64.to_le_bytes());
    assert_eq!(stream(0, 0, "", "foobar").next_u64(), ChaCha8Rng::from_seed(key).next_u64());
}

#[test]
fn every_order_is_equally_likely() {
    let mut counts = std::collections::BTreeMap::new();
    let mut rng = stream(5, 0, "orders", "matrix");
    for _ in 0..24_000 {
        let mut order = [0, 1, 2, 3];
        shuffle(&mut order, &mut rng);
        *counts.entry(order).or_insert(0u32) += 1;
    }
    // Chi-squared with 23 degrees of freedom: 1 % point 41.6.
    let chi: f64 = counts.values().map(|c| (f64::from(*c) - 1000.0).powi(2) / 1000.0).sum();
    assert!(counts.len() == 24 && chi < 41.6, "{chi}");
}
