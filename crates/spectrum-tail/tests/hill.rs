//! Hill's estimator against the authors' formula in numpy, closed forms and its invariants.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use spectrum_core::Reason;
use spectrum_tail::{TailError, hill_median};

/// numpy's eigenvalues, descending, and the Hill indices of all and of the 199 smallest (tests/fixtures/make.py).
fn gaussian() -> (Vec<f64>, f64, f64) {
    let text = include_str!("fixtures/gaussian_300x200.txt");
    let head: Vec<&str> = text.lines().next().unwrap().split([' ', ';']).collect();
    let values = text.lines().skip(1).map(|l| l.parse().unwrap()).collect();
    (values, head[2].parse().unwrap(), head.last().unwrap().parse().unwrap())
}

#[test]
fn the_authors_formula_on_a_gaussian_matrix() {
    let (values, all, smallest) = gaussian();
    let fit = hill_median(&values, 0.0).unwrap();
    assert!((fit.alpha - all).abs() < 1e-12, "{fit:?}");
    assert_eq!(fit.tail_size, 100);
    // An odd count: N = 199, i = 99, a tail of 100.
    let odd = hill_median(&values[1..], 0.0).unwrap();
    assert!((odd.alpha - smallest).abs() < 1e-12, "{odd:?}");
    assert_eq!(odd.tail_size, 100);
    // The specification: 2.41 to 2.48 for Gaussian matrices of ratio 2/3 down to p = 100.
    assert!(fit.alpha > 2.41 && fit.alpha < 2.48);
}

#[test]
fn small_cases_by_hand() {
    // N = 4: i = 2, xmin = 3, tail {3, 4}.
    let fit = hill_median(&[4.0, 3.0, 2.0, 1.0], 0.0).unwrap();
    assert_eq!((fit.xmin, fit.tail_size), (3.0, 2));
    assert!((fit.alpha - (1.0 + 2.0 / (4.0f64 / 3.0).ln())).abs() < 1e-13);
    assert!((fit.standard_error - (fit.alpha - 1.0) / 2f64.sqrt()).abs() < 1e-15);
    // N = 3: i = 1, tail {2, 8}.
    let fit = hill_median(&[1.0, 2.0, 8.0], 0.0).unwrap();
    assert_eq!((fit.xmin, fit.tail_size), (2.0, 2));
    assert!((fit.alpha - (1.0 + 2.0 / 4f64.ln())).abs() < 1e-14);
}

/// The Gram eigenvalues of a matrix with orthonormal columns come back as 1 within some roundings. Their exponent would
/// be 1e15.
#[test]
fn a_tail_that_is_equal_up_to_rounding_has_no_exponent() {
    let mut values: Vec<f64> = (0..200).map(|i| 1.0 + f64::from(i * 37 % 11 - 5) * 2e-16).collect();
    values.sort_by(f64::total_cmp);
    assert!(values[199] > values[100]);
    assert_eq!(hill_median(&values, 0.0), Err(TailError::EqualTail));
    assert_eq!(Reason::from(TailError::EqualTail), Reason::Degenerate);
    // A spread of a thousandth of a thousandth is a tail, however steep.
    let narrow: Vec<f64> = (0..200).map(|i| 1.0 + f64::from(i) * 1e-8).collect();
    assert!(hill_median(&narrow, 0.0).unwrap().alpha > 1e5);
}

#[test]
fn what_has_no_answer_says_why() {
    assert_eq!(hill_median(&[2.0, 1.0], 0.0), Err(TailError::TooFewValues { found: 2, needed: 3 }));
    assert_eq!(hill_median(&[], 0.0), Err(TailError::TooFewValues { found: 0, needed: 3 }));
    assert_eq!(hill_median(&[0.0, 0.0, 0.0, 1.0], 0.0), Err(TailError::ZeroCutoff));
    assert_eq!(hill_median(&[5.0, 2.0, 2.0, 2.0, 2.0], 0.0).unwrap().xmin, 2.0);
    assert_eq!(hill_median(&[2.0; 6], 0.0), Err(TailError::EqualTail));
    assert_eq!(hill_median(&[3.0, 1.0, 2.0], 0.0), Err(TailError::Unsorted));
    assert_eq!(hill_median(&[3.0, f64::NAN, 1.0], 0.0), Err(TailError::NotFinite));
    assert_eq!(hill_median(&[3.0, 2.0, -1.0], 0.0), Err(TailError::NotFinite));
    // The cut-off is 1e-13: fine for an exact spectrum, not for a Gram route's, whose floor is 5e-7 of the top value.
    let values = [1.0, 1e-1, 1e-13, 1e-14, 1e-15];
    assert!(hill_median(&values, 0.0).is_ok());
    let floor = (5e-7f64).powi(2);
    assert_eq!(hill_median(&values, floor), Err(TailError::BelowFloor { xmin: 1e-13, floor }));
    assert_eq!(Reason::from(TailError::BelowFloor { xmin: 1e-13, floor }), Reason::BelowFloor);
    assert_eq!(Reason::from(TailError::ZeroCutoff), Reason::Degenerate);
    // Extreme values do not overflow.
    assert!(hill_median(&[1e-300, 1e-200, 1e300], 0.0).unwrap().alpha > 1.0);
}

proptest! {
    #[test]
    fn neither_order_nor_scale_matters(mut values in prop::collection::vec(1e-6f64..1e6, 3..80), exponent in -60i32..60) {
        values.sort_by(f64::total_cmp);
        let fit = hill_median(&values, 0.0);
        values.reverse();
        prop_assert_eq!(&hill_median(&values, 0.0), &fit);
        if let Ok(fit) = fit {
            let scaled: Vec<f64> = values.iter().map(|v| v * 2f64.powi(exponent)).collect();
            let other = hill_median(&scaled, 0.0).unwrap();
            // The logarithms are rounded at the size of ln(xmin), so the spread of a narrow tail loses digits.
            let spread = fit.tail_size as f64 / (fit.alpha - 1.0);
            prop_assert!(((other.alpha - 1.0) / (fit.alpha - 1.0) - 1.0).abs() < 1e-12 * (1.0 + fit.tail_size as f64 / spread));
        }
    }

    #[test]
    fn squaring_the_eigenvalues_halves_the_distance_to_one(mut values in prop::collection::vec(1e-3f64..1e3, 10..60)) {
        values.sort_by(f64::total_cmp);
        let one = hill_median(&values, 0.0).unwrap();
        let squares: Vec<f64> = values.iter().map(|v| v * v).collect();
        let two = hill_median(&squares, 0.0).unwrap();
        prop_assert!(((two.alpha - 1.0) * 2.0 / (one.alpha - 1.0) - 1.0).abs() < 1e-9);
    }
}
