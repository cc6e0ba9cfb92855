//! The measures for checkpoints: rivals of the power law, its plausibility, the shuffled null, fixed-aspect submatrices.
#![allow(clippy::unwrap_used)]

mod common;

use common::{close, id, layer, outcome, rough, spectrum, value, values};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use spectrum_core::{Kind, Outcome, Reason, Route, Spectrum, StepRows};
use spectrum_linalg::Plan;
use spectrum_measure::farms::{self, Windows};
use spectrum_measure::{comparison, goodness, shuffled};
use spectrum_tail::{BootstrapOptions, FitOptions, hill_median};

fn gaussian(seed: u64, n: usize) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..n).map(|_| StandardNormal.sample(&mut rng)).collect()
}

/// Exact spectrum with these eigenvalues.
fn of_eigenvalues(mut eigenvalues: Vec<f64>) -> Spectrum {
    eigenvalues.sort_by(|a, b| b.total_cmp(a));
    let n = eigenvalues.len();
    values(n, n, 0.0, eigenvalues.iter().map(|v| v.sqrt()).collect())
}

/// Order statistics of a distribution, by its quantile function.
fn quantiles(n: usize, quantile: impl Fn(f64) -> f64) -> Spectrum {
    of_eigenvalues((0..n).map(|i| quantile((i as f64 + 0.5) / n as f64)).collect())
}

fn compared(s: &Spectrum) -> StepRows {
    let mut rows = StepRows::new(3);
    comparison::measure(&id(Kind::Weight), Ok(s), &FitOptions::csn(), &mut rows);
    assert_eq!(rows.records.iter().map(|r| r.metric.as_str()).collect::<Vec<_>>(), comparison::METRICS);
    rows
}

#[test]
fn the_true_distribution_wins() {
    // Pareto: the exponential is far off, and nothing beats one parameter.
    let rows = compared(&quantiles(500, |u| (1.0 - u).powf(-0.5)));
    assert!(value(&rows, "tail_vs_exponential_ratio") > 3.0 && value(&rows, "tail_vs_exponential_p") < 0.01);
    assert_eq!(value(&rows, "best_tail"), 0.0);
    // Exponential: the power law loses on its own tail.
    let rows = compared(&quantiles(500, |u| -(1.0 - u).ln()));
    assert!(value(&rows, "tail_vs_exponential_ratio") < 0.0);
    assert!(value(&rows, "best_tail") != 0.0);
}

#[test]
fn a_comparison_without_a_fit_has_its_reason() {
    let mut rows = StepRows::new(3);
    comparison::measure(&id(Kind::Weight), Err(&Reason::NoConvergence), &FitOptions::csn(), &mut rows);
    assert!(rows.records.len() == 9 && rows.records.iter().all(|r| r.outcome.reason() == Some(&Reason::NoConvergence)));
    let rows = compared(&values(30, 30, 0.0, vec![2.0; 30]));
    assert!(rows.records.iter().all(|r| r.outcome == Outcome::Missing(Reason::Degenerate)));
}

#[test]
fn a_pareto_law_is_plausible_and_a_bulk_is_not() {
    let p = |s: &Spectrum, seed| {
        let mut rows = StepRows::new(3);
        let bootstrap = BootstrapOptions { seed, precision: 0.05, ..BootstrapOptions::default() };
        goodness::measure(&id(Kind::Weight), Ok(s), &FitOptions::csn(), &bootstrap, &mut rows);
        assert_eq!(rows.records.iter().map(|r| r.metric.as_str()).collect::<Vec<_>>(), goodness::METRICS);
        (value(&rows, "tail_gof_p"), value(&rows, "tail_gof_p_error"), value(&rows, "tail_gof_draws"))
    };
    let pareto = quantiles(300, |u| (1.0 - u).powf(-0.5));
    let (plausible, error, draws) = p(&pareto, 0);
    assert!(plausible > 0.5 && error <= 0.06 && (25.0..=101.0).contains(&draws));
    assert_eq!(p(&pareto, 0), (plausible, error, draws));
    // Uniform eigenvalues with a hundred of them in the tail.
    let options = FitOptions { min_tail: 100, ..FitOptions::csn() };
    let mut rows = StepRows::new(3);
    let bootstrap = BootstrapOptions { precision: 0.05, ..BootstrapOptions::default() };
    goodness::measure(&id(Kind::Weight), Ok(&quantiles(300, |u| 1.0 + u)), &options, &bootstrap, &mut rows);
    assert!(value(&rows, "tail_gof_p") < 0.1, "{}", value(&rows, "tail_gof_p"));
    let mut rows = StepRows::new(3);
    goodness::measure(&id(Kind::Weight), Err(&Reason::NotFinite), &options, &bootstrap, &mut rows);
    assert!(rows.records.iter().all(|r| r.outcome.reason() == Some(&Reason::NotFinite)));
}

fn shuffle_measured(data: &[f64], rows: usize, cols: usize, seed: u64) -> StepRows {
    let s = spectrum(data, rows, cols, Route::Svd, 0);
    let m = layer(Kind::Weight, rows, cols, data.to_vec());
    let mut out = StepRows::new(3);
    shuffled::measure(&m, Ok(&s), seed, Route::Svd, &mut Plan::new(), &mut out);
    assert_eq!(out.records.iter().map(|r| r.metric.as_str()).collect::<Vec<_>>(), shuffled::METRICS);
    out
}

#[test]
fn a_shuffle_keeps_the_entries_and_loses_the_structure() {
    let w = rough();
    let m = layer(Kind::Weight, 60, 40, w.clone());
    let (mut a, mut b) = (shuffled::shuffled(&m, 1), w.clone());
    assert_ne!(a, b);
    a.sort_by(f64::total_cmp);
    b.sort_by(f64::total_cmp);
    assert_eq!(a, b);
    // One column stands out; its shuffled entries do not.
    let rows = shuffle_measured(&w, 60, 40, 1);
    let top = spectrum(&w, 60, 40, Route::Svd, 0).top().powi(2);
    let random = value(&rows, "shuffled_top");
    assert!(close(value(&rows, "ww_soft_rank"), random / top, 1e-12) && random < 0.5 * top);
    assert!(close(value(&rows, "ww_max_distance"), top - random, 1e-12));
    assert!(value(&rows, "random_distance") > 0.05);
    assert_eq!(shuffle_measured(&w, 60, 40, 1), rows);
    assert_ne!(shuffle_measured(&w, 60, 40, 2), rows);
}

#[test]
fn huge_entries_are_correlation_traps() {
    let mut w = gaussian(1, 120 * 80);
    assert_eq!(value(&shuffle_measured(&w, 120, 80, 0), "shuffled_outliers"), 0.0);
    for k in 0..3 {
        w[1000 * k + 7] = 60.0;
    }
    assert_eq!(value(&shuffle_measured(&w, 120, 80, 0), "shuffled_outliers"), 3.0);
}

#[test]
fn a_shuffle_of_nothing_says_why() {
    let rows = shuffle_measured(&[0.0; 200], 20, 10, 0);
    assert_eq!(value(&rows, "shuffled_top"), 0.0);
    for metric in ["random_distance", "ww_soft_rank", "shuffled_outliers"] {
        assert_eq!(outcome(&rows, metric), Outcome::Missing(Reason::Degenerate), "{metric}");
    }
    let mut rows = StepRows::new(3);
    let bad = layer(Kind::Weight, 2, 2, vec![1.0, f64::NAN, 0.0, 1.0]);
    shuffled::measure(&bad, Err(&Reason::NotFinite), 0, Route::Gram, &mut Plan::new(), &mut rows);
    assert!(rows.records.len() == 5 && rows.records.iter().all(|r| r.outcome.reason() == Some(&Reason::NotFinite)));
    // The distance is between 0 and sqrt(ln 2).
    assert_eq!(shuffled::random_distance(&[1.0, 0.0], &[1.0, 0.0]), Some(0.0));
    // Shares (1, 0) and (1/2, 1/2): sqrt(ln(4/3)/2 + ln(2/3)/4 + ln(2)/4).
    let apart = shuffled::random_distance(&[1.0, 0.0], &[1.0, 1.0]).unwrap();
    assert!((apart - 0.464_501_404_022_458_9).abs() < 1e-14, "{apart}");
    assert_eq!(shuffled::random_distance(&[1.0], &[1.0, 0.0]), None);
}

fn alpha_farms(data: &[f64], rows: usize, cols: usize, windows: Option<&Windows>) -> StepRows {
    let m = layer(Kind::Weight, rows, cols, data.to_vec());
    let mut out = StepRows::new(3);
    farms::measure(&m, windows, Route::Gram, &mut Plan::new(), &mut out);
    out
}

#[test]
fn one_aspect_ratio_gives_one_index_where_the_plain_one_differs() {
    // Square and 1:8. A Gaussian's index depends on the window's side too (as 1/side), so both have the same.
    let windows = Windows { aspect: 1.0, side: 40, positions: 5 };
    let (square, wide) = (gaussian(1, 200 * 200), gaussian(2, 80 * 640));
    let a = alpha_farms(&square, 200, 200, Some(&windows));
    let b = alpha_farms(&wide, 80, 640, Some(&windows));
    let hill = |data: &[f64], rows, cols| {
        hill_median(&spectrum(data, rows, cols, Route::Gram, 0).eigenvalues(), 0.0).unwrap().alpha
    };
    let (plain_a, plain_b) = (hill(&square, 200, 200), hill(&wide, 80, 640));
    assert!(plain_b - plain_a > 2.0, "{plain_a} {plain_b}");
    // An index of 40 values has a standard deviation of 3.5/40; 25 windows, not all disjoint, a fifth to a third of it.
    let (a, b) = (value(&a, "alpha_farms"), value(&b, "alpha_farms"));
    assert!((a - b).abs() < 0.1, "{a} {b}");
    assert!((a - 2.12).abs() < 0.1, "{a}");
}

#[test]
fn windows_are_those_of_the_published_code() {
    // fixed_sampling of a 10 x 8 matrix, windows of 4 x 4 at 3 positions: starts 0, 3, 6 and 0, 2, 4.
    let w = common::matrix(10, 8, 0.5);
    let windows = Windows { aspect: 1.0, side: 4, positions: 3 };
    let (fit, count) = farms::alpha(&w, 10, 8, &windows, Route::Svd, &mut Plan::new()).unwrap();
    assert_eq!(count, 9);
    assert!(close(fit.alpha, common::reference("alpha_farms"), 1e-10), "{}", fit.alpha);
    // Q = 2: the long side along the longer one, whichever that is.
    let windows = Windows { aspect: 2.0, ..windows };
    let (tall, _) = farms::alpha(&w, 10, 8, &windows, Route::Svd, &mut Plan::new()).unwrap();
    let transposed: Vec<f64> = (0..80).map(|k| w[k / 8 + k % 8 * 10]).collect();
    let (wide, _) = farms::alpha(&transposed, 8, 10, &windows, Route::Svd, &mut Plan::new()).unwrap();
    assert!(close(tall.alpha, wide.alpha, 1e-9));
}

#[test]
fn windows_that_do_not_fit_say_why() {
    let w = gaussian(3, 40 * 64);
    let rows = alpha_farms(&w, 40, 64, None);
    assert_eq!((value(&rows, "farms_side"), value(&rows, "farms_windows")), (20.0, 25.0));
    let small = alpha_farms(&w[..20 * 64], 20, 64, None);
    assert_eq!(outcome(&small, "alpha_farms"), Outcome::Missing(Reason::TooFewValues { found: 20, needed: 32 }));
    for windows in [
        Windows { aspect: 1.0, side: 41, positions: 5 },
        Windows { aspect: 0.5, side: 8, positions: 5 },
        Windows { aspect: f64::NAN, side: 8, positions: 5 },
        Windows { aspect: 4.0, side: 20, positions: 5 },
        Windows { aspect: 1.0, side: 8, positions: 0 },
        Windows { aspect: 1.0, side: 0, positions: 1 },
    ] {
        let rows = alpha_farms(&w, 40, 64, Some(&windows));
        assert!(matches!(outcome(&rows, "alpha_farms"), Outcome::Missing(Reason::NotApplicable(_))), "{windows:?}");
    }
    let rows = alpha_farms(&[f64::NAN; 4], 2, 2, None);
    assert_eq!(outcome(&rows, "farms_side"), Outcome::Missing(Reason::NotFinite));
}
