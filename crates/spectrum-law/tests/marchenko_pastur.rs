//! The law against numerical quadrature (scipy), published positions and its own invariants.
#![allow(clippy::unwrap_used)]

mod common;

use common::table;
use proptest::prelude::*;
use spectrum_law::{LawError, MarchenkoPastur, Spike, spike};

const REFERENCE: &str = include_str!("fixtures/mp_reference.txt");

fn law(rows: f64, cols: f64, variance: f64) -> MarchenkoPastur {
    MarchenkoPastur::new(rows as usize, cols as usize, variance).unwrap()
}

#[test]
fn distribution_and_density_equal_quadrature() {
    let lines = table(REFERENCE, None);
    assert_eq!(lines.len(), 40);
    for l in lines {
        let (law, x) = (law(l[0], l[1], l[2]), l[4]);
        let wide = MarchenkoPastur::new(l[1] as usize, l[0] as usize, l[2]).unwrap();
        assert!((law.cdf(x) - l[6]).abs() < 1e-11, "{l:?}: {}", law.cdf(x));
        assert!((law.pdf(x) / l[5] - 1.0).abs() < 1e-9, "{l:?}: {}", law.pdf(x));
        assert_eq!(law.cdf(x), wide.cdf(x), "a matrix and its transpose have one law");
    }
}

/// Nodes and weights of Gauss-Legendre quadrature on -1..1, by Newton's method on the polynomial.
fn gauss_legendre(count: usize) -> Vec<(f64, f64)> {
    let polynomial = |x: f64| {
        let (mut last, mut own) = (1.0, x);
        for k in 2..=count {
            (last, own) = (own, ((2 * k - 1) as f64 * x * own - (k - 1) as f64 * last) / k as f64);
        }
        (own, count as f64 * (last - x * own) / (1.0 - x * x))
    };
    (0..count)
        .map(|i| {
            let mut x = (std::f64::consts::PI * (i as f64 + 0.75) / (count as f64 + 0.5)).cos();
            for _ in 0..50 {
                let (value, slope) = polynomial(x);
                x -= value / slope;
            }
            (x, 2.0 / ((1.0 - x * x) * polynomial(x).1.powi(2)))
        })
        .collect()
}

#[test]
fn distribution_equals_our_own_quadrature_over_many_shapes() {
    // The density is integrated from the nearer edge over t, the root of the distance to it, on panels that halve towards
    // t = 0: beside a lower edge near zero it varies on the scale of that edge.
    let rule = gauss_legendre(20);
    let share = |at_edge: f64, to_other: f64, sign: f64, reach: f64, factor: f64| {
        let density = |t: f64| 2.0 * t * t * (to_other - t * t).max(0.0).sqrt() / (factor * (at_edge + sign * t * t));
        (0..60).fold(0.0, |sum, k| {
            let (middle, half) = (0.75 * reach * 0.5f64.powi(k), 0.25 * reach * 0.5f64.powi(k));
            sum + rule.iter().map(|(x, w)| half * w * density(middle + half * x)).sum::<f64>()
        })
    };
    let shapes = [
        (1, 1),
        (2, 1),
        (100, 1),
        (2, 2),
        (3, 2),
        (50, 50),
        (51, 50),
        (1000, 999),
        (100_000, 99_999),
        (3000, 3000),
        (600, 400),
        (7, 1000),
        (1000, 10),
        (10_000, 100),
        (1_000_000, 10_000),
        (768, 3072),
        (64, 576),
    ];
    let mut worst = 0.0f64;
    for (n, p) in shapes {
        for v in [1.0, 3e-4] {
            let law = MarchenkoPastur::new(n, p, v).unwrap();
            // The edges by a product and a quotient: their difference N - p is exact.
            let (long, short) = (n.max(p) as f64, n.min(p) as f64);
            let b = v * (long.sqrt() + short.sqrt()).powi(2);
            let a = v * ((long - short) / (long.sqrt() + short.sqrt())).powi(2);
            let factor = 2.0 * std::f64::consts::PI * v * short;
            let whole = share(a, b - a, 1.0, (0.5 * (b - a)).sqrt(), factor)
                + share(b, b - a, -1.0, (0.5 * (b - a)).sqrt(), factor);
            assert!((whole - 1.0).abs() < 1e-13, "{n} x {p}: the quadrature itself, {whole}");
            for u in [1e-12, 1e-8, 1e-5, 1e-3, 0.02, 0.1, 0.25, 0.5, 0.6, 0.8, 0.95, 0.999, 1.0 - 1e-6] {
                let x = a + u * (b - a);
                let expected = if u <= 0.5 {
                    share(a, b - a, 1.0, (u * (b - a)).sqrt(), factor)
                } else {
                    1.0 - share(b, b - a, -1.0, ((1.0 - u) * (b - a)).sqrt(), factor)
                };
                let miss = (law.cdf(x) - expected).abs();
                worst = worst.max(miss);
                assert!(miss < 1e-10, "{n} x {p}, variance {v}, {u} of the support: {miss:e}");
            }
        }
    }
    println!("largest difference {worst:e}");
}

#[test]
fn quantiles_equal_root_finding() {
    for l in table(REFERENCE, Some("q ")) {
        let q = law(l[0], l[1], l[2]).quantile(l[3]).unwrap();
        assert!((q / l[4] - 1.0).abs() < 1e-10, "{l:?}: {q}");
    }
}

#[test]
fn the_mean_is_the_variance_times_the_longer_side() {
    // E tr(W^T W)/p = sigma^2 N, whatever the shape: a midpoint sum of the quantile function.
    for (n, p, v) in [(600, 400, 1.0), (300, 300, 0.5), (40, 1000, 2.0)] {
        let law = MarchenkoPastur::new(n, p, v).unwrap();
        let grid: Vec<f64> = (0..4000).map(|i| (f64::from(i) + 0.5) / 4000.0).collect();
        let mean = law.quantiles(&grid).unwrap().iter().sum::<f64>() / 4000.0;
        assert!((mean / (v * n.max(p) as f64) - 1.0).abs() < 1e-5, "{n} x {p}: {mean}");
    }
}

#[test]
fn edges_and_width_of_the_paper_sizes() {
    // specification, section 2: edge 1979.8 = 44.5^2 at 600 x 400, 4949.5 at 1500 x 1000.
    let small = MarchenkoPastur::new(600, 400, 1.0).unwrap();
    assert!((small.upper_edge() - 1979.796).abs() < 1e-3);
    assert!((MarchenkoPastur::new(1500, 1000, 1.0).unwrap().upper_edge() - 4949.490).abs() < 1e-3);
    assert!((small.lower_edge() - 20.204).abs() < 1e-3);
    let (a, b) = (600f64.sqrt(), 20.0);
    assert!((small.edge_width() - (a + b) * (1.0 / a + 1.0 / b).powf(1.0 / 3.0)).abs() < 1e-12);
}

#[test]
fn the_distance_sees_both_sides_of_each_jump() {
    // One value at the median: the empirical function jumps from 0 to 1 there, half on each side.
    let law = MarchenkoPastur::new(600, 400, 1.0).unwrap();
    let at = |q: f64| law.quantile(q).unwrap();
    assert!((law.ks_distance(&[at(0.5)]).unwrap() - 0.5).abs() < 1e-12);
    // Values at 0.1 and 0.6: the largest gap is before the jump to 1, at 1 - 0.6; at 0.7 and 0.9 it is below the first.
    assert!((law.ks_distance(&[at(0.1), at(0.6)]).unwrap() - 0.4).abs() < 1e-12);
    assert!((law.ks_distance(&[at(0.9), at(0.7)]).unwrap() - 0.7).abs() < 1e-12);
    assert_eq!(law.ks_distance(&[]), Err(LawError::TooFewValues { found: 0, needed: 1 }));
    assert_eq!(law.ks_distance(&[1.0, 3.0, 2.0]), Err(LawError::Unsorted));
    assert_eq!(law.ks_distance(&[1.0, f64::NAN]), Err(LawError::NotFinite));
}

#[test]
fn spikes_stand_where_the_theory_and_numpy_put_them() {
    let law = MarchenkoPastur::new(600, 400, 1.0).unwrap();
    assert!((spike::threshold(&law) - 22.134).abs() < 1e-3);
    // (strength, eigenvalue by the formula in the specification, squared cosines measured by numpy: mean of 12 seeded
    // matrices W_0 + theta u v^T at 600 x 400, standard error 0.010 and 0.004)
    for (theta, eigenvalue, left, right, error) in
        [(30.0, 2167.0, 0.431, 0.495, 0.03), (50.0, 3596.0, 0.777, 0.831, 0.012)]
    {
        let s = Spike::new(&law, theta).unwrap();
        assert!((s.eigenvalue().unwrap() - eigenvalue).abs() < 0.5);
        assert!((s.left_overlap() - left).abs() < error);
        assert!((s.right_overlap() - right).abs() < error);
    }
    assert!((Spike::new(&law, 100.0).unwrap().eigenvalue().unwrap() - 11024.0).abs() < 0.5);
    let weak = Spike::new(&law, 22.0).unwrap();
    assert_eq!((weak.eigenvalue(), weak.left_overlap()), (None, 0.0));
    // At the threshold the outlier is the edge itself.
    let at = Spike::new(&law, spike::threshold(&law) * (1.0 + 1e-9)).unwrap().eigenvalue().unwrap();
    assert!((at / law.upper_edge() - 1.0).abs() < 1e-12);
    assert_eq!(
        Spike::new(&law, f64::NAN).unwrap_err().to_string(),
        "the strength of a spike must be positive and finite, found NaN"
    );
}

#[test]
fn impossible_laws_are_refused() {
    assert_eq!(MarchenkoPastur::new(0, 3, 1.0), Err(LawError::EmptyMatrix { rows: 0, cols: 3 }));
    assert_eq!(MarchenkoPastur::new(3, 3, 0.0), Err(LawError::Variance(0.0)));
    let law = MarchenkoPastur::new(3, 3, 1.0).unwrap();
    assert_eq!(law.quantile(1.5), Err(LawError::Probability(1.5)));
    assert!(law.quantile(f64::NAN).is_err());
    assert_eq!((law.pdf(0.0), law.pdf(-1.0), law.pdf(13.0)), (f64::INFINITY, 0.0, 0.0));
    let near = law.singular_value_pdf(1e-6);
    assert!((law.singular_value_pdf(0.0) / near - 1.0).abs() < 1e-6);
}

proptest! {
    #[test]
    fn the_quantile_inverts_the_distribution(n in 1usize..3000, p in 1usize..3000, q in 1e-6f64..0.999_999, v in 1e-8f64..1e8) {
        let law = MarchenkoPastur::new(n, p, v).unwrap();
        let x = law.quantile(q).unwrap();
        prop_assert!(x >= law.lower_edge() && x <= law.upper_edge());
        // The support is 4 sigma^2 sqrt(N p) wide: an eigenvalue rounded in its last place moves F by eps b/(b - a).
        let slack = 1e-13 + 1e-15 * law.upper_edge() / (law.upper_edge() - law.lower_edge());
        prop_assert!((law.cdf(x) - q).abs() < 50.0 * slack, "F(quantile) - q = {}", law.cdf(x) - q);
    }

    #[test]
    fn the_distribution_rises_from_0_to_1(n in 1usize..500, p in 1usize..500, u in 0f64..1.0, du in 0f64..0.1) {
        let law = MarchenkoPastur::new(n, p, 1.0).unwrap();
        let at = |u: f64| law.lower_edge() + u * (law.upper_edge() - law.lower_edge());
        prop_assert_eq!(law.cdf(at(-0.1)), 0.0);
        prop_assert_eq!(law.cdf(at(1.1)), 1.0);
        prop_assert!(law.cdf(at(u + du)) >= law.cdf(at(u)) - 1e-13);
    }
}
