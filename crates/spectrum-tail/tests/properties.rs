//! The pruned search against the definition, invariants, and draws from known laws.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use spectrum_tail::{
    Alternative, BootstrapOptions, Cutoff, Distance, FitOptions, HillCurve, TailError, compare, fit, fit_alternative,
    goodness_of_fit, hill_curve, hill_median, scan, stable_region,
};

fn pareto(seed: u64, n: usize, alpha: f64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut values: Vec<f64> = (0..n).map(|_| (1.0 - rng.random::<f64>()).powf(-1.0 / (alpha - 1.0))).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// A distance by its definition, in powers and without a shortcut.
fn naive(tail: &[f64], xmin: f64, alpha: f64, kind: Distance) -> f64 {
    let n = tail.len() as f64;
    let f: Vec<f64> = tail.iter().map(|x| 1.0 - (x / xmin).powf(1.0 - alpha)).collect();
    let over = f.iter().enumerate().map(|(k, f)| f - k as f64 / n).fold(f64::NEG_INFINITY, f64::max);
    let under = f.iter().enumerate().map(|(k, f)| (k + 1) as f64 / n - f).fold(f64::NEG_INFINITY, f64::max);
    match kind {
        Distance::KolmogorovSmirnov => over.max(under),
        Distance::KolmogorovSmirnovOneSided => over.max(under - 1.0 / n),
        Distance::Kuiper => over + under,
        _ => unreachable!(),
    }
}

proptest! {
    /// Ties, clusters, one far value: every cut-off of a scan has the distance of the definition, and the fit is the
    /// first of the smallest.
    #[test]
    fn pruning_changes_nothing(
        logs in prop::collection::vec(-6.0f64..6.0, 20..160),
        round in prop::bool::ANY,
        kind in prop::sample::select(vec![
            Distance::KolmogorovSmirnov, Distance::KolmogorovSmirnovOneSided, Distance::Kuiper]),
    ) {
        let mut values: Vec<f64> =
            logs.iter().map(|l| if round { ((l * 4.0).round() / 4.0).exp() } else { l.exp() }).collect();
        values.sort_by(f64::total_cmp);
        let options = FitOptions { distance: kind, ..FitOptions::csn() };
        let all = scan(&values, 0.0, &options).unwrap();
        for i in 0..all.xmin.len() {
            let tail: Vec<f64> = values.iter().copied().filter(|x| *x >= all.xmin[i]).collect();
            prop_assert_eq!(tail.len(), all.tail_size[i]);
            let alpha = 1.0 + tail.len() as f64 / tail.iter().map(|x| (x / all.xmin[i]).ln()).sum::<f64>();
            prop_assert!((all.alpha[i] - alpha).abs() < 1e-11 * alpha);
            let d = naive(&tail, all.xmin[i], all.alpha[i], kind);
            prop_assert!((all.distance[i] - d).abs() < 1e-12, "{} {}", all.distance[i], d);
        }
        let best = fit(&values, 0.0, &options).unwrap();
        let least = all.distance.iter().copied().fold(f64::INFINITY, f64::min);
        let first = all.distance.iter().position(|d| *d == least).unwrap();
        prop_assert_eq!((best.xmin, best.alpha, best.distance), (all.xmin[first], all.alpha[first], least));
    }

    /// The order of the values and a power of two as a factor change no bit; another factor next to none.
    #[test]
    fn order_and_scale(seed in 0u64..500, exponent in -40i32..40, factor in 0.01f64..100.0) {
        let values = pareto(seed, 80, 2.3);
        let best = fit(&values, 0.0, &FitOptions::csn()).unwrap();
        let reversed: Vec<f64> = values.iter().rev().copied().collect();
        prop_assert_eq!(fit(&reversed, 0.0, &FitOptions::csn()).unwrap(), best);
        let scaled: Vec<f64> = values.iter().map(|v| v * 2f64.powi(exponent)).collect();
        let same = fit(&scaled, 0.0, &FitOptions::csn()).unwrap();
        prop_assert_eq!((same.alpha, same.distance, same.tail_size), (best.alpha, best.distance, best.tail_size));
        let scaled: Vec<f64> = values.iter().map(|v| v * factor).collect();
        let same = fit(&scaled, 0.0, &FitOptions { cutoff: Cutoff::Fixed(best.xmin * factor), ..FitOptions::csn() });
        prop_assert!((same.unwrap().alpha - best.alpha).abs() < 0.02 * best.alpha);
    }

    /// Whatever is given, the answer is a finite fit or an error.
    #[test]
    fn no_input_panics(
        mut values in prop::collection::vec(prop_oneof![
            Just(0.0), Just(1.0), Just(f64::MAX), Just(f64::MIN_POSITIVE), Just(5e-324), Just(1.0 + f64::EPSILON),
            any::<f64>(), 0.0f64..1e-4, 0.5f64..2.0], 0..40),
        floor in prop_oneof![Just(0.0), Just(1e-9), Just(f64::NAN), any::<f64>()],
        cutoff in prop_oneof![
            Just(Cutoff::Scan), any::<f64>().prop_map(Cutoff::Fixed), any::<f64>().prop_map(Cutoff::Fraction),
            (0.0f64..1.0).prop_map(Cutoff::Fraction),
            (any::<f64>(), any::<f64>()).prop_map(|(min, max)| Cutoff::Bounds { min, max })],
        distance in prop::sample::select(vec![
            Distance::KolmogorovSmirnov, Distance::KolmogorovSmirnovOneSided, Distance::Kuiper,
            Distance::AndersonDarling]),
        small_sample in prop::bool::ANY,
        sort in prop::bool::weighted(0.9),
        min_tail in 0usize..6,
    ) {
        if sort {
            values.iter_mut().for_each(|v| *v = if v.is_finite() { v.abs() } else { 1.0 });
            values.sort_by(f64::total_cmp);
        }
        for base in [FitOptions::csn(), FitOptions::ww(), FitOptions::hill()] {
            let options = FitOptions { cutoff, distance, small_sample, min_tail, ..base };
            let _ = scan(&values, floor, &options).map(|s| {
                assert!(s.alpha.iter().chain(&s.distance).chain(&s.sigma).all(|v| v.is_finite()));
            });
            let Ok(tail) = fit(&values, floor, &options) else { continue };
            prop_assert!(tail.alpha > 1.0 && tail.alpha.is_finite() && tail.sigma.is_finite());
            prop_assert!(tail.distance >= 0.0 && tail.distance.is_finite(), "{:?}", tail);
            for alternative in Alternative::ALL {
                let Ok(other) = fit_alternative(&values, &tail, alternative) else { continue };
                prop_assert!(other.parameters.iter().all(|p| p.is_finite()));
                if let Ok(vuong) = compare(&values, &tail, &other) {
                    prop_assert!(vuong.ratio.is_finite() && vuong.normalized.is_finite());
                    prop_assert!((0.0..=1.0).contains(&vuong.p));
                }
            }
            let few = BootstrapOptions { precision: 0.2, ..BootstrapOptions::default() };
            if let Ok(good) = goodness_of_fit(&values, floor, &options, &tail, &few) {
                prop_assert!((0.0..=1.0).contains(&good.p));
            }
        }
        if let Ok(curve) = hill_curve(&values, floor) {
            prop_assert!(curve.alpha.iter().all(|a| a.is_finite()));
            let _ = stable_region(&curve);
        }
    }
}

/// The standard error is the spread of the estimates (CSN eq. 3.2), and the corrected estimate has no bias: with n = 10
/// draws 1 + n/sum is too large by (alpha - 1)/(n - 1).
#[test]
fn spread_and_bias_of_alpha() {
    let (n, alpha, runs) = (10usize, 2.5, 4000u64);
    let fixed = FitOptions { cutoff: Cutoff::Fixed(1.0), ..FitOptions::csn() };
    let mean = |small_sample: bool| {
        let options = FitOptions { small_sample, ..fixed };
        (0..runs).map(|s| fit(&pareto(s, n, alpha), 0.0, &options).unwrap().alpha).sum::<f64>() / runs as f64
    };
    // One estimate spreads by about 1.5/sqrt(8): the mean of 4000 by 0.008.
    assert!((mean(true) - alpha).abs() < 0.034, "{}", mean(true));
    assert!((mean(false) - alpha - 1.5 / 9.0).abs() < 0.034, "{}", mean(false));
    let fits: Vec<_> = (0..400).map(|s| fit(&pareto(s, 500, alpha), 0.0, &fixed).unwrap()).collect();
    let deviation = (fits.iter().map(|f| (f.alpha - alpha).powi(2)).sum::<f64>() / 400.0).sqrt();
    // A standard deviation from 400 draws is known to 1/sqrt(800) = 3.5 %.
    assert!((deviation / fits[0].sigma - 1.0).abs() < 0.15, "{deviation} {}", fits[0].sigma);
}

/// An even fraction keeps its count, the bounds keep the cut-off, a fixed one keeps its value.
#[test]
fn cutoffs_do_as_they_say() {
    let values = pareto(3, 100, 2.5);
    let with = |cutoff| fit(&values, 0.0, &FitOptions { cutoff, ..FitOptions::csn() });
    assert_eq!(with(Cutoff::Fraction(0.07)).unwrap().tail_size, 7);
    assert_eq!(with(Cutoff::Fraction(1.0)).unwrap().tail_size, 100);
    let half = with(Cutoff::Fraction(0.5)).unwrap();
    assert_eq!((half.tail_size, half.xmin), (50, hill_median(&values, 0.0).unwrap().xmin));
    let between = with(Cutoff::Bounds { min: values[40], max: values[60] }).unwrap();
    assert!(between.xmin >= values[40] && between.xmin <= values[60]);
    let only = with(Cutoff::Bounds { min: values[40], max: values[40] }).unwrap();
    assert_eq!((only.xmin, only.tail_size), (values[40], 60));
    // A cut-off between two values belongs to neither; its law begins there.
    let fixed = with(Cutoff::Fixed(0.5 * (values[89] + values[90]))).unwrap();
    assert_eq!((fixed.tail_size, fixed.ccdf(fixed.xmin)), (10, 1.0));
    assert!((fixed.cdf(values[95]) + fixed.ccdf(values[95]) - 1.0).abs() < 1e-15);
    assert_eq!(with(Cutoff::Fixed(1e9)), Err(TailError::TooFewValues { found: 0, needed: 3 }));
    for bad in [Cutoff::Fixed(0.0), Cutoff::Fixed(f64::NAN), Cutoff::Fraction(0.0), Cutoff::Fraction(1.5)] {
        assert!(matches!(with(bad), Err(TailError::InvalidOption(_))), "{bad:?}");
    }
    assert!(matches!(with(Cutoff::Bounds { min: 2.0, max: 1.0 }), Err(TailError::InvalidOption(_))));
    let tails = scan(&values, 0.0, &FitOptions { min_tail: 30, ..FitOptions::csn() }).unwrap().tail_size;
    assert_eq!((tails[0], tails[tails.len() - 1]), (100, 30));
}

#[test]
fn what_has_no_answer_says_why() {
    let csn = FitOptions::csn();
    let equal = [3.0; 30];
    for options in [csn, FitOptions::ww(), FitOptions::hill()] {
        assert_eq!(fit(&equal, 0.0, &options), Err(TailError::EqualTail), "{options:?}");
        assert_eq!(fit(&[1.0, f64::NAN], 0.0, &options), Err(TailError::NotFinite));
        assert_eq!(fit(&[1.0, f64::INFINITY, 2.0], 0.0, &options), Err(TailError::NotFinite));
        assert_eq!(fit(&[-1.0, 1.0, 2.0, 3.0], 0.0, &options), Err(TailError::NotFinite));
        assert_eq!(fit(&[1.0, 3.0, 2.0, 4.0], 0.0, &options), Err(TailError::Unsorted));
        assert!(matches!(fit(&[], 0.0, &options), Err(TailError::TooFewValues { found: 0, .. })));
        assert!(matches!(fit(&[2.0], 0.0, &options), Err(TailError::TooFewValues { found: 1, .. })));
        assert!(fit(&[0.0; 20], 0.0, &options).is_err());
        let values = pareto(1, 40, 2.5);
        assert!(matches!(fit(&values, 1e9, &options), Err(TailError::BelowFloor { .. })), "{options:?}");
        assert!(matches!(fit(&values, f64::NAN, &options), Err(TailError::InvalidOption(_))));
    }
    // csn wants three distinct values above the last cut-off, as powerlaw does; WeightWatcher is content with two
    // values.
    assert_eq!(fit(&[1.0, 1.0, 1.0, 2.0], 0.0, &csn), Err(TailError::TooFewValues { found: 2, needed: 3 }));
    assert_eq!(fit(&[1.0, 2.0], 0.0, &csn), Err(TailError::TooFewValues { found: 2, needed: 3 }));
    assert_eq!(fit(&[1.0, 2.0], 0.0, &FitOptions::ww()).unwrap().alpha, 1.0 + 1.0 / 2f64.ln());
    // A floor inside: nothing under it is a cut-off.
    let values = pareto(2, 200, 2.5);
    let above = fit(&values, values[150], &csn).unwrap();
    assert!(above.xmin >= values[150]);
    assert!(scan(&values, values[150], &csn).unwrap().xmin[0] == values[150]);
    // Rounding is no tail.
    let nearly: Vec<f64> = (0..50).map(|i| 1.0 + f64::from(i / 10) * 2e-16).collect();
    assert_eq!(fit(&nearly, 0.0, &csn), Err(TailError::EqualTail));
}

/// Each family on data of its own: it has the true parameters, and beats the power law where it should.
#[test]
fn alternatives_find_the_truth() {
    let n = 4000;
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let mut draws = |f: &dyn Fn(f64) -> f64| {
        let mut v: Vec<f64> = (0..n).map(|_| f(-(1.0 - rng.random::<f64>()).ln())).collect();
        v.sort_by(f64::total_cmp);
        v
    };
    let fixed = FitOptions { cutoff: Cutoff::Fixed(2.0), ..FitOptions::csn() };
    // Inverse transforms of an exponential variable e, conditional on x >= 2.
    let exponential = draws(&|e| 2.0 + e / 0.7);
    let weibull = draws(&|e| ((0.5f64 * 2.0).powf(0.6) + e).powf(1.0 / 0.6) / 0.5);
    let tail = fit(&exponential, 0.0, &fixed).unwrap();
    let found = fit_alternative(&exponential, &tail, Alternative::Exponential).unwrap();
    assert!((found.parameters[0] - 0.7).abs() < 4.0 * 0.7 / 63.0);
    let ratio = compare(&exponential, &tail, &found).unwrap();
    assert!(ratio.ratio < 0.0 && ratio.p < 1e-6);
    // The truncated power law ends at its boundary alpha = 0, or near it.
    let found = fit_alternative(&exponential, &tail, Alternative::TruncatedPowerLaw).unwrap();
    assert!(found.parameters[0] < 0.3 && (found.parameters[1] - 0.7).abs() < 0.1, "{found:?}");
    let tail = fit(&weibull, 0.0, &fixed).unwrap();
    let found = fit_alternative(&weibull, &tail, Alternative::StretchedExponential).unwrap();
    assert!((found.parameters[1] - 0.6).abs() < 0.06 && (found.parameters[0] / 0.5).ln().abs() < 0.4, "{found:?}");
    // A normal distribution cut off at 0, drawn by rejection: mu = 1, sigma = 0.8 in ln x.
    let mut log_normal = Vec::new();
    while log_normal.len() < n {
        let (u, v): (f64, f64) = (rng.random(), rng.random());
        let z = (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos();
        if 1.0 + 0.8 * z >= 2f64.ln() {
            log_normal.push((1.0 + 0.8 * z).exp());
        }
    }
    log_normal.sort_by(f64::total_cmp);
    let tail = fit(&log_normal, 0.0, &fixed).unwrap();
    let found = fit_alternative(&log_normal, &tail, Alternative::LogNormal).unwrap();
    assert!((found.parameters[0] - 1.0).abs() < 0.2 && (found.parameters[1] - 0.8).abs() < 0.1, "{found:?}");
    assert!(found.distance < 1.5 / (n as f64).sqrt() && tail.distance > found.distance);
}

/// Densities integrate to the distribution functions (Simpson's rule), and the functions begin and end where they
/// should.
#[test]
fn densities_and_distribution_functions_agree() {
    let values: Vec<f64> = (1..300).map(|i| 0.4 + (f64::from(i) * 0.01).powi(2)).collect();
    let tail = fit(&values, 0.0, &FitOptions { cutoff: Cutoff::Fixed(0.5), ..FitOptions::csn() }).unwrap();
    let simpson = |f: &dyn Fn(f64) -> f64, b: f64| {
        let (a, cells) = (tail.xmin, 4000u32);
        let h = (b - a) / f64::from(cells);
        (0..=cells)
            .map(|i| f(a + f64::from(i) * h) * if i == 0 || i == cells { 1.0 } else { f64::from(2 + 2 * (i % 2)) })
            .sum::<f64>()
            * h
            / 3.0
    };
    for b in [0.7, 3.0, 9.0] {
        assert!((simpson(&|x| tail.pdf(x), b) - tail.cdf(b)).abs() < 1e-9);
    }
    for alternative in Alternative::ALL {
        let f = fit_alternative(&values, &tail, alternative).unwrap();
        for b in [0.7, 3.0, 9.0] {
            assert!((simpson(&|x| f.pdf(x), b) - f.cdf(b)).abs() < 1e-9, "{alternative} {b}");
            assert!((f.cdf(b) + f.ccdf(b) - 1.0).abs() < 1e-14);
        }
        assert_eq!((f.cdf(0.5), f.ccdf(0.1), f.pdf(0.4)), (0.0, 1.0, 0.0));
        assert!(f.ccdf(1e4) < 1e-6 && f.log_likelihood.is_finite());
        assert_eq!(fit_alternative(&values[..100], &tail, alternative), Err(TailError::ForeignFit));
    }
}

/// An unstable body below a Pareto tail of 400: the region lies in the tail and has its exponent.
#[test]
fn the_stable_region_lies_in_the_tail() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut values: Vec<f64> = (0..600).map(|_| rng.random::<f64>()).collect();
    values.extend(pareto(6, 400, 3.0));
    values.sort_by(f64::total_cmp);
    let curve = hill_curve(&values, 0.0).unwrap();
    let region = stable_region(&curve).unwrap();
    assert!(region.to <= 450 && (region.alpha - 3.0).abs() < 0.35, "{region:?}");
    let median = hill_median(&values, 0.0).unwrap();
    let at = curve.tail_size.iter().position(|k| *k == 500).unwrap();
    assert!((curve.alpha[at] - median.alpha).abs() < 1e-12);
    assert!(matches!(hill_curve(&[1.0], 0.0), Err(TailError::TooFewValues { found: 1, needed: 2 })));
    assert_eq!(hill_curve(&[1.0, 1.0, 1.0], 0.0), Err(TailError::EqualTail));
    let odd = HillCurve { tail_size: (2..50).collect(), alpha: vec![0.5; 48] };
    assert!(matches!(stable_region(&odd), Err(TailError::InvalidOption(_))));
    let short = HillCurve { tail_size: (2..15).collect(), alpha: vec![2.0; 13] };
    assert_eq!(stable_region(&short), Err(TailError::TooFewValues { found: 14, needed: 20 }));
}
