//! Acceptance tests 1 to 3 of the specification of weight dynamics, from matrices to numbers.
#![allow(clippy::unwrap_used)]

mod common;

use common::{id, measured, spectrum, value};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal, Uniform};
use spectrum_core::{Kind, References, Route, Spectrum, StepRows};
use spectrum_measure::agreement::{Pairs, REFERENCE_METRICS, Reference, against, baselines};
use spectrum_measure::tolerance::{Coverage, PrecisionPair, Setting};

fn normalised_rank(data: &[f64], rows: usize, cols: usize) -> f64 {
    let s = spectrum(data, rows, cols, Route::Svd, 0);
    value(&measured(Kind::Weight, &s, None, [None, None], &References::default()), "effective_rank_normalized")
}

fn gaussian(rng: &mut ChaCha8Rng, count: usize) -> Vec<f64> {
    (0..count).map(|_| StandardNormal.sample(rng)).collect()
}

/// Test 1: an identity has 1, a rank-one matrix 1/R; neither scale nor orthogonal factors on either side matter.
#[test]
fn effective_rank_of_identities_and_of_rotated_matrices() {
    const K: usize = 12;
    let identity: Vec<f64> = (0..K * K).map(|k| if k % (K + 1) == 0 { 1.0 } else { 0.0 }).collect();
    assert!((normalised_rank(&identity, K, K) - 1.0).abs() < 1e-14);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (u, v) = (gaussian(&mut rng, 20), gaussian(&mut rng, K));
    let one: Vec<f64> = (0..20 * K).map(|k| u[k % 20] * v[k / 20]).collect();
    assert!((normalised_rank(&one, 20, K) - 1.0 / K as f64).abs() < 1e-12);

    let mut a = gaussian(&mut rng, 20 * K);
    let before = normalised_rank(&a, 20, K);
    a.iter_mut().for_each(|x| *x *= -0.37);
    let mut noise = || StandardNormal.sample(&mut rng);
    spectrum_linalg::rotate_left(&mut a, 20, K, &mut noise);
    spectrum_linalg::rotate_right(&mut a, 20, K, &mut noise);
    assert!((normalised_rank(&a, 20, K) - before).abs() < 1e-12);
    // And it does depend on what is between the factors.
    a[..20].iter_mut().for_each(|x| *x *= 3.0);
    assert!((normalised_rank(&a, 20, K) - before).abs() > 1e-3);
}

/// Test 2: uniform initial weights.
#[test]
fn effective_rank_of_uniform_weights() {
    for seed in 0..4 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let uniform = Uniform::new(-0.125, 0.125).unwrap();
        let mut draw = |count: usize| (0..count).map(|_| uniform.sample(&mut rng)).collect::<Vec<f64>>();
        let (tall, square) = (normalised_rank(&draw(128 * 64), 128, 64), normalised_rank(&draw(64 * 64), 64, 64));
        assert!((tall - 0.93).abs() < 0.01, "{tall}");
        assert!((square - 0.81).abs() < 0.02, "{square}");
    }
}

fn compared(now: &Spectrum, then: &Spectrum) -> StepRows {
    let mut rows = StepRows::new(3);
    let id = id(Kind::Weight);
    against(&id, Reference::Final, Pairs::of(now), Pairs::of(then), &mut rows);
    baselines(&id, Pairs::of(now), &mut rows);
    rows
}

/// Test 3, first half: a matrix agrees with itself in every pair, and with no pair but its own.
#[test]
fn a_matrix_agrees_with_itself() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut s = spectrum(&gaussian(&mut rng, 128 * 96), 128, 96, Route::Vectors, 0);
    let rows = compared(&s, &s);
    assert!((value(&rows, "agreement_score_final") - 1.0).abs() < 1e-14);
    assert!((value(&rows, "subspace_agreement_final") - 1.0).abs() < 1e-12);
    assert_eq!((rows.blobs[0].name.as_str(), rows.blobs[0].rows), ("agreement_diagonal_final", 96));
    assert!(rows.blobs[0].data.iter().all(|x| (x - 1.0).abs() < 1e-12));
    // Each pair moved by one place: the off-diagonal entries, all zero, while nine of ten directions stay in the subspace.
    let t = s.clone();
    for v in [s.left.as_mut().unwrap(), s.right.as_mut().unwrap()] {
        let len = v.len;
        v.data.rotate_left(len);
    }
    let rows = compared(&s, &t);
    assert!(rows.blobs[0].data.iter().all(|x| *x < 1e-24));
    assert!((value(&rows, "subspace_agreement_final") - 0.9).abs() < 1e-12);
}

/// Test 3, second half: independent matrices lie at the baselines.
#[test]
fn independent_matrices_lie_at_the_baselines() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    for (m, n) in [(128, 128), (128, 40)] {
        const DRAWS: usize = 8;
        let pairs = m.min(n);
        let (mut diagonal, mut subspace, mut expected) = (0.0, 0.0, [0.0; 2]);
        for _ in 0..DRAWS {
            let mut draw = || spectrum(&gaussian(&mut rng, m * n), m, n, Route::Vectors, 0);
            let (a, b) = (draw(), draw());
            let rows = compared(&a, &b);
            assert_eq!(rows.blobs[0].rows, pairs);
            diagonal += rows.blobs[0].data.iter().sum::<f64>() / (pairs * DRAWS) as f64;
            subspace += value(&rows, "subspace_agreement_final") / DRAWS as f64;
            expected = ["agreement_baseline", "subspace_baseline"].map(|metric| value(&rows, metric));
        }
        let (d1, d2) = (m as f64, n as f64);
        assert!((expected[0] - 2.0 / (std::f64::consts::PI * (d1 * d2).sqrt())).abs() < 1e-15);
        assert!((expected[1] - 5.0 * (1.0 / d1 + 1.0 / d2)).abs() < 1e-15);
        // A term has second moment 1/(d1 d2) and mean 2/pi of its root: deviation 0.771/sqrt(d1 d2).
        let error = 0.771 / (d1 * d2).sqrt() / ((pairs * DRAWS) as f64).sqrt();
        // The baseline is the limit of large dimension, short by 1/(4 d1) + 1/(4 d2) of itself.
        let limit = expected[0] * 0.25 * (1.0 / d1 + 1.0 / d2);
        assert!((diagonal - expected[0]).abs() < 4.0 * error + limit, "{diagonal} {}", expected[0]);
        // 100 squared cosines of deviation sqrt(2)/d a side, over 10, and half of each side.
        let error = 0.5 * (2.0f64 / (d1 * d1) + 2.0 / (d2 * d2)).sqrt() / (DRAWS as f64).sqrt();
        assert!((subspace - expected[1]).abs() < 4.0 * error, "{subspace} {}", expected[1]);
    }
}

#[test]
fn every_metric_of_a_reference_has_a_place_in_the_contract() {
    use spectrum_core::Precision::F32;
    let setting = Setting::new(PrecisionPair(F32, F32), 1);
    for metric in REFERENCE_METRICS {
        let scores = !metric.ends_with("baseline");
        let found = setting.coverage(metric).unwrap_or_else(|| panic!("{metric} has no place"));
        assert!(!scores || matches!(found, Coverage::Not(_)), "{metric}");
    }
}
