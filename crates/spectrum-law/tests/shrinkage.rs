//! The thresholds against the paper's table and on a recorded spiked matrix.
#![allow(clippy::unwrap_used)]

mod common;

use common::table;
use spectrum_law::shrinkage::{lambda_star, omega, rank, threshold_known, threshold_unknown};
use spectrum_law::{LawError, MarchenkoPastur, Spike};

#[test]
fn the_papers_table() {
    // Gavish and Donoho, table IV: omega(beta) for beta = 0.05, 0.1, ..., 1. Their medians come from a numerical integral:
    // the third decimal is off by up to one (scipy's quad and brentq: 2.71062 at 0.9, 2.85836 at 1; theirs 2.7099, 2.8582).
    let published = [
        1.5194, 1.6089, 1.6896, 1.7650, 1.8371, 1.9061, 1.9741, 2.0403, 2.1060, 2.1711, 2.2365, 2.3021, 2.3679, 2.4339,
        2.5011, 2.5697, 2.6399, 2.7099, 2.7832, 2.8582,
    ];
    for (i, expected) in published.iter().enumerate() {
        let found = omega(20, i + 1).unwrap();
        assert!((found - expected).abs() < 1e-3, "{}: {found}, {expected}", 0.05 * (i + 1) as f64);
        assert_eq!(omega(i + 1, 20), Ok(found));
    }
    assert!((omega(7, 7).unwrap() - 2.858_36).abs() < 5e-6 && (omega(10, 9).unwrap() - 2.710_62).abs() < 5e-6);
    assert!((lambda_star(1.0) - 4.0 / 3f64.sqrt()).abs() < 1e-15);
    // For a vector the threshold is the noise's norm, where the bulk has shrunk to a point: lambda*(0) = sqrt 2.
    assert!((lambda_star(0.0) - 2f64.sqrt()).abs() < 1e-15);
}

#[test]
fn the_threshold_is_where_keeping_a_spike_costs_as_much_as_losing_it() {
    // The definition (section III): a spike theta costs theta^2 when dropped, theta^2 + y^2 - 2 theta y c_l c_r when kept,
    // y its singular value and c the cosines. At the threshold both are equal: y = 2 theta c_l c_r.
    for (rows, cols) in [(600, 400), (100, 100), (2000, 50), (40, 900)] {
        let law = MarchenkoPastur::new(rows, cols, 0.3).unwrap();
        let y = threshold_known(rows, cols, 0.3).unwrap();
        assert!(y * y > law.upper_edge());
        let spike = Spike::from_outlier(&law, y * y).unwrap();
        let kept = 2.0 * spike.strength() * (spike.left_overlap() * spike.right_overlap()).sqrt();
        assert!((kept / y - 1.0).abs() < 1e-12, "{rows} x {cols}: {kept} {y}");
    }
}

#[test]
fn known_and_unknown_noise_agree_on_a_bulk() {
    let eigenvalues = table(include_str!("fixtures/one_spike_300x200.txt"), None);
    let singular_values: Vec<f64> = eigenvalues.iter().map(|l| l[0].sqrt()).collect();
    let known = threshold_known(300, 200, 1.0).unwrap();
    let unknown = threshold_unknown(300, 200, &singular_values).unwrap();
    assert!((unknown / known - 1.0).abs() < 0.01, "{known} {unknown}");
    assert_eq!((rank(&singular_values, known), rank(&singular_values, unknown)), (1, 1));
    let gaussian = table(include_str!("fixtures/gaussian_300x200.txt"), None);
    assert_eq!(rank(&gaussian.iter().map(|l| l[0].sqrt()).collect::<Vec<_>>(), known), 0);
}

#[test]
fn what_has_no_threshold() {
    assert_eq!(threshold_known(0, 3, 1.0), Err(LawError::EmptyMatrix { rows: 0, cols: 3 }));
    assert_eq!(threshold_known(3, 3, -1.0), Err(LawError::Variance(-1.0)));
    assert_eq!(threshold_unknown(3, 3, &[1.0]), Err(LawError::Count { rows: 3, cols: 3, found: 1 }));
    assert_eq!(threshold_unknown(3, 3, &[1.0, f64::NAN, 0.0]), Err(LawError::NotFinite));
    assert_eq!(threshold_unknown(3, 3, &[1.0, 0.0, 0.0]), Err(LawError::ZeroMedian));
    // Even count: the mean of the two in the middle, in any order.
    let four = threshold_unknown(4, 4, &[1.0, 8.0, 3.0, 5.0]).unwrap();
    assert!((four / omega(4, 4).unwrap() - 4.0).abs() < 1e-15);
}
