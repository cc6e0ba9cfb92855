//! Parts of a decomposition: the sums that a part must be, whatever computes it.
#![allow(clippy::unwrap_used)]

mod common;

use common::{noise, prescribed, product, rotate, transposed};
use proptest::prelude::*;
use spectrum_linalg::{LinalgError, Part, Plan, Triplets};

fn kept(a: &[f64], m: usize, n: usize, part: Part, fraction: f64) -> (usize, Vec<f64>) {
    let mut out = vec![f64::NAN; m * n];
    let count = Triplets::of(&mut Plan::new(), a, m, n).unwrap().kept(part, fraction, &mut out).unwrap();
    (count, out)
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

fn norm(a: &[f64]) -> f64 {
    distance(a, &vec![0.0; a.len()])
}

/// Acceptance test 6 of the specification.
#[test]
fn half_of_a_matrix_of_half_rank() {
    for (m, n) in [(24, 16), (16, 24), (20, 20)] {
        let r = m.min(n) / 2;
        let a = product(&noise(m * r, 1), &noise(r * n, 2), m, r, n);
        let (count, top) = kept(&a, m, n, Part::Top, 0.5);
        assert_eq!(count, r);
        assert!(distance(&top, &a) < 1e-13 * norm(&a), "{:e}", distance(&top, &a));
        let (count, bottom) = kept(&a, m, n, Part::Bottom, 0.5);
        assert_eq!((count, norm(&bottom)), (r, 0.0));
        let triplets = Triplets::of(&mut Plan::new(), &a, m, n).unwrap();
        assert!((triplets.share(Part::Top, 0.5).unwrap() - 1.0).abs() < 1e-15);
        assert!(triplets.share(Part::Bottom, 0.5).unwrap() < 1e-28);
    }
}

/// Known triplets: a part of them is the matrix with the other values set to zero, and its share is that of their squares.
#[test]
fn a_part_is_the_matrix_of_its_values() {
    let s = [9.0, 7.0, 4.0, 3.0, 1.0];
    let a = prescribed(&s, 8, 5, 3);
    for (part, fraction, of) in [
        (Part::Top, 0.3, vec![9.0, 7.0, 0.0, 0.0, 0.0]),
        (Part::Top, 0.6, vec![9.0, 7.0, 4.0, 0.0, 0.0]),
        (Part::Bottom, 0.3, vec![0.0, 0.0, 0.0, 0.0, 1.0]),
        (Part::Bottom, 0.4, vec![0.0, 0.0, 0.0, 3.0, 1.0]),
    ] {
        let expected = prescribed(&of, 8, 5, 3);
        let (count, found) = kept(&a, 8, 5, part, fraction);
        assert_eq!(count, of.iter().filter(|s| **s > 0.0).count());
        assert!(distance(&found, &expected) < 1e-13, "{part} {fraction}");
        let squares: f64 = of.iter().map(|s| s * s).sum();
        let share = Triplets::of(&mut Plan::new(), &a, 8, 5).unwrap().share(part, fraction).unwrap();
        assert!((share - squares / 156.0).abs() < 1e-14);
    }
}

#[test]
fn the_ends_of_the_range() {
    let a = noise(35, 5);
    for e in [-960, 960] {
        let b: Vec<f64> = a.iter().map(|x| x * 2f64.powi(e)).collect();
        let (_, top) = kept(&b, 7, 5, Part::Top, 0.4);
        let (_, expected) = kept(&a, 7, 5, Part::Top, 0.4);
        let back: Vec<f64> = top.iter().map(|x| x * 2f64.powi(-e)).collect();
        assert!(distance(&back, &expected) < 1e-13);
    }
    assert_eq!(kept(&a, 7, 5, Part::Top, 0.0), (0, vec![0.0; 35]));
    assert!(distance(&kept(&a, 7, 5, Part::Bottom, 1.0).1, &a) < 1e-14);
    assert_eq!(kept(&[0.0; 6], 2, 3, Part::Top, 0.5), (1, vec![0.0; 6]));
    assert_eq!(kept(&[], 0, 3, Part::Top, 0.5), (0, vec![]));
}

#[test]
fn what_cannot_be_kept_says_why() {
    let mut plan = Plan::new();
    let of = |plan: &mut Plan, a: &[f64]| Triplets::of(plan, a, 2, 2).map(|_| ());
    assert_eq!(of(&mut plan, &[1.0, f64::NAN, 0.0, 1.0]), Err(LinalgError::NotFinite));
    assert_eq!(of(&mut plan, &[1.0; 3]), Err(LinalgError::Length { rows: 2, cols: 2, found: 3 }));
    let triplets = Triplets::of(&mut plan, &[1.0, 2.0, 3.0, 4.0], 2, 2).unwrap();
    let mut out = [0.0; 4];
    assert_eq!(triplets.kept(Part::Top, 1.5, &mut out), Err(LinalgError::Fraction("1.5".into())));
    assert_eq!(triplets.kept(Part::Top, f64::NAN, &mut out), Err(LinalgError::Fraction("NaN".into())));
    assert_eq!(triplets.kept(Part::Top, 0.5, &mut out[..3]), Err(LinalgError::Length { rows: 2, cols: 2, found: 3 }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The top with f and the bottom with 1 - f add up to the matrix, are orthogonal, and share out its squares.
    #[test]
    fn parts_are_complementary((m, n) in (1usize..30, 1usize..30), seed in any::<u64>(), f in 0.0f64..=1.0) {
        let a = noise(m * n, seed);
        let ((i, top), (j, bottom)) = (kept(&a, m, n, Part::Top, f), kept(&a, m, n, Part::Bottom, 1.0 - f));
        prop_assert_eq!(i + j, m.min(n));
        let sum: Vec<f64> = top.iter().zip(&bottom).map(|(a, b)| a + b).collect();
        prop_assert!(distance(&sum, &a) <= 1e-13 * norm(&a));
        prop_assert!(common::dot(&top, &bottom).abs() <= 1e-13 * norm(&a).powi(2));
        let triplets = Triplets::of(&mut Plan::new(), &a, m, n).unwrap();
        let share = triplets.share(Part::Top, f).unwrap();
        prop_assert!((share - norm(&top).powi(2) / norm(&a).powi(2)).abs() < 1e-13);
        prop_assert!((share + triplets.share(Part::Bottom, 1.0 - f).unwrap() - 1.0).abs() < 1e-14);
    }

    /// Rotations of outputs and of inputs rotate what is kept: kept(Q A P) = Q kept(A) P, where the cut lies in a gap.
    #[test]
    fn rotations_pass_through(
        (m, n) in (2usize..24, 2usize..24),
        seed in any::<u32>(),
        f in 0.0f64..=1.0,
        bottom in any::<bool>(),
    ) {
        let part = if bottom { Part::Bottom } else { Part::Top };
        let s: Vec<f64> = (0..m.min(n)).map(|i| 30.0 - i as f64).collect();
        let a = prescribed(&s, m, n, u64::from(seed));
        let turned = |a: &[f64]| {
            let mut b = a.to_vec();
            rotate(&mut b, m, u64::from(seed) + 20);
            let mut b = transposed(&b, m, n);
            rotate(&mut b, n, u64::from(seed) + 30);
            transposed(&b, n, m)
        };
        let ((i, x), (j, y)) = (kept(&a, m, n, part, f), kept(&turned(&a), m, n, part, f));
        prop_assert_eq!(i, j);
        prop_assert!(distance(&turned(&x), &y) < 1e-11);
    }
}
