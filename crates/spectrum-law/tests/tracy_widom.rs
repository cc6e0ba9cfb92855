//! The law against Painleve II (another road than the table's), published values and itself.
#![allow(clippy::unwrap_used)]

mod common;

use common::table;
use proptest::prelude::*;
use spectrum_law::LawError;
use spectrum_law::tracy_widom::{MEAN, VARIANCE, cdf, ln_sf, pdf, quantile, sf};

const REFERENCE: &str = include_str!("fixtures/tracy_widom.txt");

/// The accuracy that the documentation states.
fn stated(value: f64) -> f64 {
    2e-15 + 4e-16 * value.ln().abs()
}

fn relative(found: f64, reference: f64) -> f64 {
    (found / reference - 1.0).abs()
}

#[test]
fn both_tails_and_the_density_equal_painleve() {
    let lines = table(REFERENCE, Some("s "));
    assert_eq!(lines.len(), 91);
    for l in lines {
        let [s, below, above, density] = l[..] else { panic!("{l:?}") };
        assert!(relative(cdf(s), below) < stated(below), "cdf({s}): {:e}", relative(cdf(s), below));
        assert!(relative(sf(s), above) < stated(above), "sf({s}): {:e}", relative(sf(s), above));
        assert!(relative(pdf(s), density) < stated(density), "pdf({s}): {:e}", relative(pdf(s), density));
        assert!((ln_sf(s) - above.ln()).abs() < 2e-15 + 4e-16 * above.ln().abs(), "ln_sf({s})");
    }
}

#[test]
fn the_expansions_at_infinity_equal_high_precision() {
    for l in table(REFERENCE, Some("l ")) {
        assert!(relative(cdf(l[0]), l[1]) < stated(l[1]), "cdf({}): {:e}", l[0], relative(cdf(l[0]), l[1]));
    }
    for l in table(REFERENCE, Some("r ")) {
        assert!(relative(sf(l[0]), l[1]) < stated(l[1]), "sf({}): {:e}", l[0], relative(sf(l[0]), l[1]));
        assert!(relative(pdf(l[0]), l[2]) < stated(l[2]), "pdf({}): {:e}", l[0], relative(pdf(l[0]), l[2]));
    }
}

#[test]
fn published_values() {
    // Bornemann, Math. Comp. 79 (2010) 871 (arXiv 0904.1581).
    assert!((cdf(0.0) - 0.831_908_066_202_95).abs() < 1e-14);
    // Johnstone, Ann. Statist. 29 (2001) 295, table 1: percentage points to two decimals.
    for (s, p) in [(-3.90, 0.01), (-3.18, 0.05), (-2.78, 0.10), (-1.91, 0.30), (-1.27, 0.50), (-0.59, 0.70)] {
        assert!((quantile(p).unwrap() - s).abs() < 0.006, "{p}: {}", quantile(p).unwrap());
    }
    // Critical points as R's AssocTests prints them, from Bejan's tables (2005); their last digit is off by up to two.
    for (s, p) in [(0.4501, 0.90), (0.9793, 0.95), (2.0234, 0.99), (2.4224, 0.995), (3.2724, 0.999)] {
        assert!((quantile(p).unwrap() - s).abs() < 2.5e-4, "{p}: {}", quantile(p).unwrap());
    }
}

#[test]
fn moments_are_the_published_ones() {
    // Trapezoidal sums: the density and all its derivatives vanish at both ends.
    let h = 1.0 / 64.0;
    let grid: Vec<(f64, f64)> = (-14 * 64..20 * 64).map(|i| f64::from(i) * h).map(|s| (s, h * pdf(s))).collect();
    let moment = |k: i32| grid.iter().map(|(s, w)| w * (s - MEAN).powi(k)).sum::<f64>();
    assert!((moment(0) - 1.0).abs() < 1e-13, "{}", moment(0));
    let mean = grid.iter().map(|(s, w)| w * s).sum::<f64>();
    // Bornemann, table 4, all digits that he gives.
    assert!((mean + 1.206_533_574_582_0).abs() < 1e-12, "{mean:.16}");
    assert!((mean - MEAN).abs() < 1e-13, "{mean:.16}");
    assert!((moment(2) - 1.607_781_034_581).abs() < 1e-11, "{:.16}", moment(2));
    assert!((moment(2) - VARIANCE).abs() < 1e-12, "{:.16}", moment(2));
    assert!((moment(3) / VARIANCE.powf(1.5) - 0.293_464_524_08).abs() < 1e-10);
    assert!((moment(4) / VARIANCE.powi(2) - 3.0 - 0.165_242_938_4).abs() < 1e-9);
}

#[test]
fn far_out_it_stays_finite() {
    assert_eq!((cdf(f64::NEG_INFINITY), sf(f64::NEG_INFINITY), pdf(f64::NEG_INFINITY)), (0.0, 1.0, 0.0));
    assert_eq!((cdf(f64::INFINITY), sf(f64::INFINITY), pdf(f64::INFINITY)), (1.0, 0.0, 0.0));
    assert_eq!((cdf(-1e150), sf(1e150), pdf(-1e150), pdf(1e150)), (0.0, 0.0, 0.0, 0.0));
    // Where the value underflows its logarithm still says how far: -2/3 s^1.5 - ln(4 sqrt pi s^0.75).
    let expected = -2.0 / 3.0 * 1e6 - (4.0 * std::f64::consts::PI.sqrt() * 1e4f64.powf(0.75)).ln();
    assert!((ln_sf(1e4) - expected).abs() < 1e-5, "{}", ln_sf(1e4));
    assert!(cdf(f64::NAN).is_nan());
}

#[test]
fn quantiles_of_an_unbounded_law() {
    for p in [0.0, 1.0, -0.1, 1.1, f64::NAN] {
        assert!(matches!(quantile(p), Err(LawError::OpenProbability(_))), "{p}");
    }
    for p in [f64::MIN_POSITIVE, 1e-300, 1e-100, 1e-20, 1e-6] {
        assert!(relative(cdf(quantile(p).unwrap()), p) < 1e-12, "{p}");
    }
    let most = 1.0 - f64::EPSILON / 2.0;
    assert!(relative(sf(quantile(most).unwrap()), f64::EPSILON / 2.0) < 1e-12);
}

proptest! {
    #[test]
    fn the_quantile_inverts_the_distribution(p in 1e-6f64..0.999_999) {
        let s = quantile(p).unwrap();
        prop_assert!((cdf(s) - p).abs() < 1e-15 + 1e-13 * p.min(1.0 - p));
    }

    #[test]
    fn the_two_tails_add_up_and_are_monotone(s in -13.0f64..17.0, ds in 1e-6f64..0.1) {
        prop_assert!((cdf(s) + sf(s) - 1.0).abs() < 3e-16);
        prop_assert!(cdf(s + ds) >= cdf(s) && sf(s + ds) <= sf(s));
        // The density is the slope: a central difference of the smaller tail.
        let h = 1e-5;
        let slope = if s < -1.0 { cdf(s + h) - cdf(s - h) } else { sf(s - h) - sf(s + h) } / (2.0 * h);
        prop_assert!(relative(slope, pdf(s)) < 1e-7, "{} {}", slope, pdf(s));
    }
}

#[test]
fn pieces_meet() {
    for k in -12..=16 {
        let s = f64::from(k);
        let below = s - 1e-13 * s.abs().max(1.0);
        let drift = (s - below) * pdf(s);
        assert!((cdf(s) - cdf(below) - drift).abs() < 2.0 * stated(cdf(s)) * cdf(s), "{s}");
        assert!((sf(below) - sf(s) - drift).abs() < 2.0 * stated(sf(s)) * sf(s), "{s}");
        // d ln pdf/ds is at most s^2/8: 18, times the step.
        assert!(relative(pdf(below), pdf(s)) < 2.0 * stated(pdf(s)) + 20.0 * (s - below), "{s}");
    }
}

#[test]
#[ignore = "a timing, run by hand in release"]
fn time_of_one_call() {
    let start = std::time::Instant::now();
    let sum: f64 = (0..1_000_000).map(|i| sf(-12.0 + 28e-6 * f64::from(i))).sum();
    println!("{:?} for a million calls of sf ({sum})", start.elapsed());
    assert!(start.elapsed().as_micros() < 1_000_000);
}
