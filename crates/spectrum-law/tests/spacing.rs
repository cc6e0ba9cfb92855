//! Spacing ratios of Gaussian matrices, of independent points, and of degenerate spectra.
#![allow(clippy::unwrap_used)]

mod common;

use common::tridiagonal;
use rand_chacha::rand_core::Rng;
use spectrum_law::LawError;
use spectrum_law::null::gaussian_bidiagonal;
use spectrum_law::shuffle::stream;
use spectrum_law::spacing::{GOE, GOE_SURMISE, MIN_RATIOS, POISSON, SpacingRatio, spacing_ratio};

fn gaussian(rows: usize, cols: usize, i: u64) -> Vec<f64> {
    let (d, e) = gaussian_bidiagonal(rows, cols, &mut stream(i, 0, "spacing", "matrix"));
    tridiagonal(d, e)
}

fn poisson(count: usize, i: u64) -> Vec<f64> {
    let mut rng = stream(i, 1, "spacing", "matrix");
    let mut points: Vec<f64> = (0..count).map(|_| (rng.next_u64() >> 11) as f64 * 2f64.powi(-53)).collect();
    points.sort_by(f64::total_cmp);
    points
}

/// Mean of the means, its own standard error, and the root mean square of the stated errors over the deviation of the means.
fn summary(ratios: &[SpacingRatio]) -> (f64, f64, f64) {
    let n = ratios.len() as f64;
    let mean = ratios.iter().map(|r| r.mean).sum::<f64>() / n;
    let deviation = (ratios.iter().map(|r| (r.mean - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let stated = (ratios.iter().map(|r| r.standard_error.powi(2)).sum::<f64>() / n).sqrt();
    (mean, deviation / n.sqrt(), stated / deviation)
}

#[test]
fn gaussian_matrices_repel_and_points_do_not() {
    let noise: Vec<SpacingRatio> = (0..150).map(|i| spacing_ratio(&gaussian(300, 200, i), 0).unwrap()).collect();
    let (mean, error, honesty) = summary(&noise);
    println!("GOE {mean} +- {error}, stated over true {honesty}");
    assert!((mean - GOE).abs() < 3.5 * error + 0.0005, "{mean} +- {error}");
    // 150 deviations: known to 6 %.
    assert!((honesty - 1.0).abs() < 0.2, "{honesty}");

    let points: Vec<SpacingRatio> = (0..600).map(|i| spacing_ratio(&poisson(200, i), 0).unwrap()).collect();
    let (mean, error, honesty) = summary(&points);
    println!("Poisson {mean} +- {error}, stated over true {honesty}");
    assert!((mean - POISSON).abs() < 3.5 * error, "{mean} +- {error}");
    assert!((honesty - 1.0).abs() < 0.1, "{honesty}");
    assert!(noise[0].z(POISSON) > 5.0 && noise[0].z(GOE).abs() < 4.0 && points[0].z(GOE) < -4.0);
}

#[test]
fn three_by_three_is_the_surmise() {
    // 4 - 2 sqrt 3 belongs to the GOE of 3 x 3; beside it, large matrices: 0.5307 (Atas et al., table I).
    assert!((GOE_SURMISE - (4.0 - 2.0 * 3f64.sqrt())).abs() < 1e-15);
    assert!((POISSON - 0.386_294_361_119_890_6).abs() < 1e-16);
}

#[test]
fn by_hand() {
    // Spacings 1, 2, 4, ..., so that each ratio is 1/2.
    let doubling: Vec<f64> = (0..12).map(|i| 2f64.powi(i)).collect();
    let all = spacing_ratio(&doubling, 0).unwrap();
    assert_eq!((all.mean, all.standard_error, all.count), (0.5, 0.0, 10));
    // Leaving out the top two leaves eight ratios; descending order changes nothing.
    let descending: Vec<f64> = doubling.iter().rev().copied().collect();
    assert_eq!(spacing_ratio(&descending, 2), spacing_ratio(&doubling, 2));
    assert_eq!(spacing_ratio(&doubling, 2).unwrap().count, MIN_RATIOS);
    assert_eq!(spacing_ratio(&doubling, 3), Err(LawError::TooFewValues { found: 9, needed: 10 }));
    assert_eq!(spacing_ratio(&doubling, 99), Err(LawError::TooFewValues { found: 0, needed: 10 }));
}

#[test]
fn equal_values() {
    // Two equal values: two ratios of 0. Three: 0/0, and that is a reason.
    let mut values: Vec<f64> = (0..12).map(f64::from).collect();
    values[5] = values[4];
    let ratio = spacing_ratio(&values, 0).unwrap();
    assert!((ratio.mean - (7.0 + 0.5) / 10.0).abs() < 1e-15, "{ratio:?}");
    values[6] = values[4];
    assert_eq!(spacing_ratio(&values, 0), Err(LawError::EqualValues { ratios: 1 }));
    assert_eq!(spacing_ratio(&[0.0; 20], 0), Err(LawError::EqualValues { ratios: 18 }));
    assert_eq!(spectrum_core::Reason::from(LawError::EqualValues { ratios: 1 }), spectrum_core::Reason::Degenerate);
    assert_eq!(spacing_ratio(&[3.0, 1.0, 2.0], 0), Err(LawError::Unsorted));
    assert_eq!(spacing_ratio(&[f64::NAN; 20], 0), Err(LawError::NotFinite));
}
