//! The inversion against the forward formula and against 50 spiked Gaussian matrices a strength (numpy).
#![allow(clippy::unwrap_used)]

mod common;

use common::table;
use proptest::prelude::*;
use spectrum_law::spike::threshold;
use spectrum_law::{LawError, MarchenkoPastur, Spike};

#[test]
fn outliers_and_overlaps_of_fifty_matrices_a_strength() {
    let lines = table(include_str!("fixtures/spiked_means.txt"), None);
    assert_eq!(lines.len(), 7);
    for l in lines {
        let law = MarchenkoPastur::new(l[0] as usize, l[1] as usize, 1.0).unwrap();
        let theta = l[2] * threshold(&law);
        let told = Spike::new(&law, theta).unwrap();
        // Means of 50: within three standard errors. What finite size adds is smaller.
        assert!((told.eigenvalue().unwrap() - l[3]).abs() < 3.0 * l[4], "{l:?}: {:?}", told.eigenvalue());
        assert!((told.left_overlap() - l[5]).abs() < 3.0 * l[6], "{l:?}: {}", told.left_overlap());
        assert!((told.right_overlap() - l[7]).abs() < 3.0 * l[8], "{l:?}: {}", told.right_overlap());
        // And back, from the measured position: d theta/d lambda carries the standard error over.
        let back = Spike::from_outlier(&law, l[3]).unwrap();
        let error = Spike::from_outlier(&law, l[3] + l[4]).unwrap().strength() - back.strength();
        assert!((back.strength() - theta).abs() < 3.0 * error, "{l:?}: {} for {theta}", back.strength());
        assert!((back.left_overlap() - l[5]).abs() < 0.03 && (back.right_overlap() - l[7]).abs() < 0.03, "{l:?}");
    }
}

#[test]
fn an_eigenvalue_within_the_bulk_is_no_spike() {
    let law = MarchenkoPastur::new(600, 400, 2.0).unwrap();
    let edge = law.upper_edge();
    for eigenvalue in [0.0, 1.0, edge * (1.0 - 1e-12)] {
        assert_eq!(Spike::from_outlier(&law, eigenvalue), Err(LawError::WithinBulk { eigenvalue, edge }));
    }
    for eigenvalue in [f64::NAN, f64::INFINITY, -1.0] {
        assert_eq!(Spike::from_outlier(&law, eigenvalue), Err(LawError::NotFinite));
    }
    assert_eq!(
        Spike::from_outlier(&MarchenkoPastur::new(2, 2, 1.0).unwrap(), 5.0).unwrap_err().to_string(),
        "the eigenvalue 5 lies within the bulk, whose edge is 8.000000000000002: no spike can be inferred from it"
    );
    // Just above the edge the spike is at the threshold, and it leaves the bulk.
    let least = Spike::from_outlier(&law, edge * (1.0 + 1e-12)).unwrap();
    assert!(least.leaves_the_bulk() && (least.strength() / threshold(&law) - 1.0).abs() < 1e-5);
}

proptest! {
    #[test]
    fn the_inversion_undoes_the_position(n in 1usize..3000, p in 1usize..3000, v in 1e-6f64..1e6, times in 1.001f64..1e4) {
        let law = MarchenkoPastur::new(n, p, v).unwrap();
        let spike = Spike::new(&law, times * threshold(&law)).unwrap();
        let back = Spike::from_outlier(&law, spike.eigenvalue().unwrap()).unwrap();
        // At the threshold lambda is stationary in theta: the rounding of lambda grows by 1/(times - 1).
        let slack = 1e-14 + 1e-15 * (1.0 + law.upper_edge() / (law.upper_edge() - law.lower_edge())) / (times - 1.0);
        prop_assert!((back.strength() / spike.strength() - 1.0).abs() < slack, "{} {}", back.strength(), spike.strength());
        prop_assert!((back.left_overlap() - spike.left_overlap()).abs() < 10.0 * slack);
    }

    #[test]
    fn transposing_swaps_the_sides(n in 1usize..500, p in 1usize..500, times in 1.01f64..50.0) {
        let tall = MarchenkoPastur::new(n, p, 1.0).unwrap();
        let wide = MarchenkoPastur::new(p, n, 1.0).unwrap();
        let eigenvalue = Spike::new(&tall, times * threshold(&tall)).unwrap().eigenvalue().unwrap();
        let (a, b) = (Spike::from_outlier(&tall, eigenvalue).unwrap(), Spike::from_outlier(&wide, eigenvalue).unwrap());
        prop_assert_eq!((a.left_overlap(), a.right_overlap()), (b.right_overlap(), b.left_overlap()));
    }
}
