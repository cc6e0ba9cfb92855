//! WeightWatcher 0.7.7's layer metrics on the spectra of experiments/parity, and where ours differ and why.
#![allow(clippy::unwrap_used)]

mod common;

use common::{close, has, id, outcome, value, values};
use proptest::prelude::*;
use spectrum_core::{Kind, Outcome, Reason, References, Sample, Spectrum, StepRows};
use spectrum_measure::Battery;
use spectrum_measure::measures::{entropy, erg_tail, participation_ratio};
use spectrum_measure::shuffled::random_distance;
use spectrum_tail::Convention;

/// Name and spectrum (exact, descending singular values).
fn spectra() -> Vec<(String, Spectrum)> {
    let text = include_str!("../../../experiments/parity/spectra.json");
    let all: serde_json::Value = serde_json::from_str(text).unwrap();
    let number = |v: &serde_json::Value| v.as_u64().unwrap() as usize;
    let read = |s: &serde_json::Value| {
        let mut eigenvalues: Vec<f64> =
            s["eigenvalues"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
        eigenvalues.sort_by(|a, b| b.total_cmp(a));
        let (rows, cols) = match s["shape"].as_array() {
            Some(shape) => (number(&shape[0]), number(&shape[1])),
            None => (eigenvalues.len(), eigenvalues.len()),
        };
        let s_values = eigenvalues.iter().map(|v| v.sqrt()).collect();
        (s["name"].as_str().unwrap().to_owned(), values(rows, cols, 0.0, s_values))
    };
    all["spectra"].as_array().unwrap().iter().map(read).collect()
}

fn theirs(spectrum: &str, metric: &str) -> f64 {
    let text = include_str!("fixtures/layer_metrics.txt");
    let line = text.lines().find_map(|l| l.strip_prefix(&format!("{spectrum} {metric} ")));
    line.unwrap_or_else(|| panic!("{spectrum} {metric}")).parse().unwrap()
}

fn measured_with(convention: Convention, spectrum: &Spectrum) -> StepRows {
    let (id, references) = (id(Kind::Weight), References::default());
    let mut rows = StepRows::new(3);
    let sample = Sample {
        matrix: None,
        id: &id,
        spectrum,
        previous_weight: None,
        current_weight: None,
        references: &references,
    };
    Battery::standard_with(convention).measure_sample(&sample, &mut rows);
    rows
}

#[test]
fn every_layer_metric_is_weightwatchers() {
    for (name, spectrum) in spectra() {
        let rows = measured_with(Convention::Ww, &spectrum);
        for metric in ["rank", "erg_size"] {
            assert_eq!(value(&rows, metric), theirs(&name, metric), "{name} {metric}");
        }
        for metric in [
            "alpha",
            "xmin",
            "alpha_distance",
            "alpha_sigma",
            "log_norm",
            "log_spectral_norm",
            "alpha_weighted",
            "log_alpha_norm",
            "stable_rank",
            "erg_edge",
        ] {
            let (ours, theirs) = (value(&rows, metric), theirs(&name, metric));
            assert!(close(ours, theirs, 1e-9), "{name} {metric}: {ours} {theirs}");
        }
        // They add 1e-10 to each share and to the rank.
        assert!((value(&rows, "entropy") - theirs(&name, "entropy")).abs() < 1e-6, "{name}");
        let gap = value(&rows, "erg_gap");
        assert_eq!(gap, value(&rows, "erg_size") - value(&rows, "tail_size"), "{name}");
        // Squares of roots: the cut-off itself may fall just below theirs.
        assert!((gap - theirs(&name, "erg_gap")).abs() <= 1.0, "{name}: {gap}");
        let alpha = value(&rows, "alpha");
        let expected = if alpha < 2.0 {
            2.0
        } else if alpha > 6.0 {
            1.0
        } else {
            0.0
        };
        assert_eq!(value(&rows, "training_warning"), expected, "{name}");
    }
}

#[test]
fn the_distance_of_two_spectra_is_weightwatchers() {
    for (name, spectrum) in spectra() {
        let s = &spectrum.singular_values;
        let mut ascending = s.clone();
        ascending.reverse();
        let n = s.len();
        let median = 0.5 * (ascending[(n - 1) / 2].powi(2) + ascending[n / 2].powi(2));
        let drawn: Vec<f64> = s.iter().map(|v| (0.5 * (v * v + median)).sqrt()).collect();
        let distance = random_distance(s, &drawn).unwrap();
        assert!((distance - theirs(&name, "random_distance")).abs() < 1e-9, "{name}: {distance}");
    }
}

#[test]
fn a_failed_fit_is_never_a_warning() {
    // WeightWatcher 0.7.7 calls these over-trained: its alpha of a failed fit is -1.
    for s in [vec![2.0; 40], vec![0.0; 40], vec![1.0], vec![3.0, 1.0]] {
        let rows = measured_with(Convention::Csn, &values(s.len(), s.len(), 0.0, s));
        for metric in ["alpha", "training_warning", "alpha_weighted", "log_alpha_norm", "erg_gap"] {
            let found = outcome(&rows, metric);
            assert_eq!(found, outcome(&rows, "xmin"), "{metric}");
            assert!(matches!(found, Outcome::Missing(Reason::Degenerate | Reason::TooFewValues { .. })), "{found:?}");
        }
    }
}

#[test]
fn powers_that_overflow_do_not() {
    // lambda_1^alpha = 1e300^3.
    let s: Vec<f64> = (1..=200).map(|i| 1e150 / f64::from(i).sqrt()).collect();
    let rows = measured_with(Convention::Csn, &values(200, 200, 0.0, s));
    let alpha = value(&rows, "alpha");
    assert!(close(value(&rows, "alpha_weighted"), 300.0 * alpha, 1e-12));
    assert!(value(&rows, "log_alpha_norm") > 300.0 * alpha && value(&rows, "log_alpha_norm") < 300.0 * alpha + 1.0);
    assert!(close(value(&rows, "log_spectral_norm"), 300.0, 1e-12));
    assert!(value(&rows, "entropy") < 1.0 && value(&rows, "participation_ratio") > 1.0);
}

#[test]
fn spreads_of_simple_spectra() {
    assert!((entropy(&[3.0; 7], 7).unwrap() - 1.0).abs() < 1e-14);
    assert!((entropy(&[2.0, 2.0, 0.0, 0.0], 2).unwrap() - 1.0).abs() < 1e-14);
    assert_eq!((entropy(&[2.0, 0.0], 1), entropy(&[0.0], 0), participation_ratio(&[])), (None, None, None));
    assert!((participation_ratio(&[5.0; 6]).unwrap() - 6.0).abs() < 1e-12);
    // Squares 4, 1: 25/17.
    assert!((participation_ratio(&[2.0, 1.0]).unwrap() - 25.0 / 17.0).abs() < 1e-14);
    // Mean 1: 2.5, 0.4, 0.1 (sum 3): products 2.5, 1, 0.1. Rounding decides about the second, not about 2.4, 0.4, 0.2.
    let s: Vec<f64> = [2.4f64, 0.4, 0.2].iter().map(|l| l.sqrt()).collect();
    let tail = erg_tail(&values(3, 3, 0.0, s)).unwrap();
    assert!(tail.size == 2 && (tail.edge - 0.4).abs() < 1e-14);
    // The walk below the floor is no answer; the floor far below is no obstacle.
    assert_eq!(erg_tail(&values(3, 3, 0.9, vec![1.5, 0.8, 0.7])), Err(Reason::BelowFloor));
    assert!(erg_tail(&values(3, 3, 0.1, vec![1.5, 0.3, 0.01])).is_ok());
}

#[test]
fn floors_bound_rank_and_condition() {
    let s = vec![10.0, 1.0, 1e-7];
    let rows = measured_with(Convention::Csn, &values(3, 3, 1e-6, s.clone()));
    assert_eq!(value(&rows, "rank"), 2.0);
    assert_eq!(outcome(&rows, "condition_number"), Outcome::Missing(Reason::BelowFloor));
    let rows = measured_with(Convention::Csn, &values(3, 3, 1e-9, s));
    assert_eq!((value(&rows, "rank"), value(&rows, "condition_number")), (3.0, 1e8));
    let rows = measured_with(Convention::Csn, &values(3, 3, 0.0, vec![1.0, 1.0, 0.0]));
    assert_eq!(outcome(&rows, "condition_number"), Outcome::Missing(Reason::Degenerate));
    let rows = measured_with(Convention::Csn, &values(3, 3, 0.0, vec![0.0; 3]));
    assert_eq!(value(&rows, "rank"), 0.0);
    assert_eq!(outcome(&rows, "log_norm"), Outcome::Missing(Reason::Degenerate));
}

#[test]
fn another_convention_is_another_fit() {
    let (_, spectrum) = spectra().into_iter().find(|(name, _)| name == "bulk_spikes").unwrap();
    let alpha = |c| value(&measured_with(c, &spectrum), "alpha");
    assert!((alpha(Convention::Csn) - alpha(Convention::Ww)).abs() > 0.1);
    let rows = measured_with(Convention::Hill, &spectrum);
    assert_eq!(value(&rows, "alpha"), value(&rows, "alpha_hill"));
    assert!(has(&rows, "erg_size"));
}

proptest! {
    #[test]
    fn layer_metrics_are_blind_to_scale(mut s in prop::collection::vec(1e-3f64..1e3, 4..80), exponent in -60i32..60) {
        s.sort_by(|a, b| b.total_cmp(a));
        let scaled: Vec<f64> = s.iter().map(|x| x * 2f64.powi(exponent)).collect();
        let n = s.len();
        let (a, b) = (values(n, n, 0.0, s), values(n, n, 0.0, scaled));
        prop_assert_eq!(erg_tail(&a).unwrap().size, erg_tail(&b).unwrap().size);
        let (x, y) = (measured_with(Convention::Csn, &a), measured_with(Convention::Csn, &b));
        for metric in ["rank", "entropy", "participation_ratio", "condition_number", "tail_size", "erg_size"] {
            prop_assert_eq!(outcome(&x, metric), outcome(&y, metric), "{}", metric);
        }
        let ratio = value(&x, "participation_ratio");
        prop_assert!(ratio >= 1.0 - 1e-12 && ratio <= n as f64 * (1.0 + 1e-12));
        prop_assert!(value(&x, "entropy") <= 1.0 + 1e-12);
    }
}
