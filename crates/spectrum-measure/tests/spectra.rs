//! The measures of one spectrum against numpy, and what they answer when they must not.
#![allow(clippy::unwrap_used)]

mod common;

use common::{close, has, layer, measured, outcome, reference, rough, spectrum, value, values};
use proptest::prelude::*;
use spectrum_core::{Kind, Outcome, Reason, References, Route, StepRows, Vectors};
use spectrum_measure::Battery;
use spectrum_measure::measures::{effective_rank, gini, mass_rank};

const NO_AROUND: [Option<&spectrum_core::Spectrum>; 2] = [None, None];

fn plain(kind: Kind, s: &spectrum_core::Spectrum) -> StepRows {
    measured(kind, s, None, NO_AROUND, &References::default())
}

#[test]
fn every_number_equals_numpys() {
    let w = rough();
    let references =
        References { initial_std: vec![("hidden.weight".into(), reference("initial_std"))], ..References::default() };
    for route in [Route::Svd, Route::Gram] {
        let s = spectrum(&w, 60, 40, route, 0);
        let m = layer(Kind::Weight, 60, 40, w.clone());
        let rows = measured(Kind::Weight, &s, Some(&m), NO_AROUND, &references);
        for metric in [
            "frobenius_norm",
            "spectral_norm",
            "nuclear_norm",
            "stable_rank",
            "effective_rank",
            "effective_rank_normalized",
            "mass_rank_90",
            "gini",
            "alpha_hill",
            "outliers",
            "outliers_initial",
        ] {
            assert!(close(value(&rows, metric), reference(metric), 1e-10), "{metric}: {}", value(&rows, metric));
        }
        // The reference interpolates the distribution on a grid: 1e-9 of the support.
        for metric in ["mp_variance", "mp_edge", "mp_distance", "top_to_edge"] {
            assert!(close(value(&rows, metric), reference(metric), 1e-7), "{metric}: {}", value(&rows, metric));
        }
    }
}

#[test]
fn the_matrix_and_its_spectrum_have_one_frobenius_norm() {
    let w = rough();
    let s = spectrum(&w, 60, 40, Route::Svd, 0);
    let rows = plain(Kind::Weight, &s);
    assert!(close(value(&rows, "frobenius_norm"), reference("frobenius_norm"), 1e-13));
    assert!(close(value(&rows, "stable_rank"), reference("stable_rank"), 1e-13));
    // Entries whose squares leave the range of f64.
    let huge = layer(Kind::Weight, 1, 2, vec![3e200, 4e200]);
    let rows = measured(Kind::Weight, &values(1, 2, 0.0, vec![5e200]), Some(&huge), NO_AROUND, &References::default());
    assert!(close(value(&rows, "frobenius_norm"), 5e200, 1e-15) && close(value(&rows, "stable_rank"), 1.0, 1e-15));
    let tiny = layer(Kind::Weight, 1, 2, vec![3e-310, 4e-310]);
    let rows = measured(Kind::Weight, &values(1, 2, 0.0, vec![5e-310]), Some(&tiny), NO_AROUND, &References::default());
    assert!(close(value(&rows, "frobenius_norm"), 5e-310, 1e-10));
}

#[test]
fn ranks_of_simple_spectra() {
    // Acceptance test 1 of the specification of weight dynamics: an identity has full, a rank-one matrix rank 1.
    assert!(close(effective_rank(&[2.0; 7]).unwrap(), 7.0, 1e-14));
    assert_eq!(effective_rank(&[3.0, 0.0, 0.0]), Some(1.0));
    // Ten equal values: nine hold exactly 90 %, which is not more than 90 %.
    assert_eq!(mass_rank(&[1.0; 10], 0.9), Some(10));
    assert_eq!(mass_rank(&[8.0, 1.5, 0.5], 0.9), Some(2));
    assert_eq!(gini(&[1.0; 5]), Some(0.0));
    assert_eq!(gini(&[1.0, 0.0, 0.0, 0.0]), Some(0.75));
    // {3, 1}: sum |differences| = 4, over 2 n^2 mean = 16.
    assert_eq!(gini(&[3.0, 1.0]), Some(0.25));
    assert_eq!((effective_rank(&[0.0]), gini(&[]), mass_rank(&[0.0, 0.0], 0.9)), (None, None, None));
}

#[test]
fn a_zero_matrix_has_norms_and_reasons() {
    let rows = plain(Kind::Update, &values(20, 12, 0.0, vec![0.0; 12]));
    for metric in ["frobenius_norm", "spectral_norm", "nuclear_norm"] {
        assert_eq!(outcome(&rows, metric), Outcome::Value(0.0));
    }
    for metric in
        ["stable_rank", "effective_rank", "effective_rank_normalized", "mass_rank_90", "gini", "alpha_hill", "mp_edge"]
    {
        assert_eq!(outcome(&rows, metric), Outcome::Missing(Reason::Degenerate), "{metric}");
    }
}

#[test]
fn values_below_the_floor_matter_only_if_they_could_change_the_answer() {
    // 300 sound values and 100 below a floor of 5e-7 of the top: the entropy does not see them, the median of lambda
    // and the fitted bulk do not use them either.
    let mut s: Vec<f64> = (0..300).map(|i| 40.0 - 0.1 * f64::from(i)).collect();
    s.extend((0..100).map(|i| 1e-7 / f64::from(i + 1)));
    let rows = plain(Kind::Weight, &values(600, 400, 2e-5, s.clone()));
    assert!(close(value(&rows, "effective_rank"), effective_rank(&s).unwrap(), 1e-15));
    assert!(close(value(&rows, "nuclear_norm"), s.iter().sum(), 1e-15));
    assert!(outcome(&rows, "alpha_hill").value().is_some());
    // A floor at the size of the bulk: entropy, mass and bulk could be anything, the norms of the top could not.
    let mut s = vec![100.0];
    s.extend([0.5; 399]);
    let rows = plain(Kind::Weight, &values(600, 400, 1.0, s));
    for metric in [
        "nuclear_norm",
        "effective_rank",
        "effective_rank_normalized",
        "mass_rank_90",
        "gini",
        "alpha_hill",
        "mp_variance",
        "mp_edge",
        "mp_distance",
        "top_to_edge",
        "outliers",
    ] {
        assert_eq!(outcome(&rows, metric), Outcome::Missing(Reason::BelowFloor), "{metric}");
    }
    assert_eq!(value(&rows, "spectral_norm"), 100.0);
    assert!(outcome(&rows, "stable_rank").value().is_some());
}

#[test]
fn a_partial_spectrum_answers_what_it_can() {
    let mut w = rough();
    let references =
        References { initial_std: vec![("hidden.weight".into(), reference("initial_std"))], ..References::default() };
    let top = spectrum(&w, 60, 40, Route::Topk, 3);
    let m = layer(Kind::Weight, 60, 40, w.clone());
    let rows = measured(Kind::Weight, &top, Some(&m), NO_AROUND, &references);
    for metric in ["frobenius_norm", "spectral_norm", "stable_rank", "outliers_initial"] {
        assert!(close(value(&rows, metric), reference(metric), 1e-9), "{metric}");
    }
    for metric in ["nuclear_norm", "effective_rank", "mass_rank_90", "gini", "alpha_hill", "mp_variance", "outliers"] {
        let reason = outcome(&rows, metric).reason().cloned();
        assert_eq!(reason, Some(Reason::NotComputed("all 40 singular values; route topk kept 3".into())), "{metric}");
    }
    // One value, an outlier: there may be more below it.
    let one = spectrum(&w, 60, 40, Route::Topk, 1);
    let rows = measured(Kind::Weight, &one, None, NO_AROUND, &references);
    assert!(matches!(outcome(&rows, "outliers_initial"), Outcome::Missing(Reason::NotComputed(_))));
    assert!(matches!(outcome(&rows, "frobenius_norm"), Outcome::Missing(Reason::NotComputed(_))));
    // Initial weights without variance have no law.
    w.truncate(60 * 40);
    let flat = References { initial_std: vec![("hidden.weight".into(), 0.0)], ..References::default() };
    let rows = measured(Kind::Weight, &top, None, NO_AROUND, &flat);
    assert!(matches!(outcome(&rows, "outliers_initial"), Outcome::Missing(Reason::NotApplicable(_))));
}

#[test]
fn each_kind_has_its_metrics_and_no_other() {
    let s = values(20, 15, 0.0, (0..15).map(|i| 5.0 - 0.3 * f64::from(i)).collect());
    let battery = Battery::standard();
    for kind in [Kind::Weight, Kind::Displacement, Kind::Update, Kind::Gradient] {
        let rows = plain(kind, &s);
        let all: Vec<&str> = battery.metrics_of(kind).collect();
        assert!(rows.records.iter().all(|r| all.contains(&r.metric.as_str())));
        assert_eq!(has(&rows, "update_overlap_left"), kind == Kind::Update);
        assert!(has(&rows, "mp_edge"));
        assert!(has(&rows, "stable_rank"));
        // No run without W_0 or a teacher has records about them.
        assert!(!has(&rows, "outliers_initial") && !has(&rows, "teacher_alignment"));
    }
    // A kernel's numbers are those of spectrum_measure::kernel.
    assert!([Kind::Ck, Kind::Ntk].into_iter().all(|k| battery.metrics_of(k).next().is_none()));
}

#[test]
fn a_spectrum_that_is_not_finite_has_reasons_only() {
    let rows = plain(Kind::Weight, &values(20, 12, 0.0, vec![f64::NAN; 12]));
    assert!(rows.records.len() > 10);
    assert!(rows.records.iter().all(|r| r.outcome == Outcome::Missing(Reason::NotFinite)));
    // The same rows as for a matrix whose spectrum could not be computed at all.
    let mut missing = StepRows::new(3);
    let none = References::default();
    Battery::standard().missing(&common::id(Kind::Weight), &Reason::NotFinite, &none, &mut missing);
    assert_eq!(rows, missing);
}

/// A run's figures must not lose rows where a matrix has diverged: the same metrics with a spectrum and without.
#[test]
fn a_missing_spectrum_leaves_the_rows_of_a_spectrum() {
    let teacher = Vectors { len: 12, count: 1, data: [vec![1.0], vec![0.0; 11]].concat() };
    let layer = common::id(Kind::Weight).layer;
    let known = References {
        teacher: Some(std::sync::Arc::new(teacher)),
        input_layers: vec![layer.clone()],
        initial_std: vec![(layer, 0.1)],
        seed: 0,
    };
    let others = References { input_layers: vec![], initial_std: vec![], ..known.clone() };
    let s = values(20, 12, 0.0, (0..12).map(|i| 5.0 - 0.3 * f64::from(i)).collect());
    for references in [&known, &others, &References::default()] {
        for kind in [Kind::Weight, Kind::Displacement, Kind::Update, Kind::Gradient] {
            let whole = measured(kind, &s, None, NO_AROUND, references);
            let mut missing = StepRows::new(3);
            Battery::standard().missing(&common::id(kind), &Reason::NotFinite, references, &mut missing);
            let names = |rows: &StepRows| rows.records.iter().map(|r| r.metric.clone()).collect::<Vec<_>>();
            assert_eq!(names(&missing), names(&whole), "{kind:?}");
            for (without, with) in missing.records.iter().zip(&whole.records) {
                let later = with.metric.starts_with("teacher_")
                    && matches!(&with.outcome, Outcome::Missing(Reason::NotApplicable(_)));
                let expected = if later { with.outcome.clone() } else { Outcome::Missing(Reason::NotFinite) };
                assert_eq!(without.outcome, expected, "{kind:?} {}", with.metric);
            }
        }
    }
}

/// Eight values are too few for a bulk, whether one of them lies below the floor or none does.
#[test]
fn too_few_values_are_too_few_below_the_floor_too() {
    let mut s: Vec<f64> = (0..8).map(|i| 5.0 - 0.3 * f64::from(i)).collect();
    s[7] = 1e-9;
    let rows = plain(Kind::Weight, &values(20, 8, 1e-6, s));
    assert!(matches!(outcome(&rows, "mp_edge"), Outcome::Missing(Reason::TooFewValues { .. })));
}

proptest! {
    #[test]
    fn ranks_are_blind_to_scale_and_ordered(mut s in prop::collection::vec(1e-6f64..1e3, 1..60), exponent in -100i32..100) {
        s.sort_by(|a, b| b.total_cmp(a));
        let scaled: Vec<f64> = s.iter().map(|x| x * 2f64.powi(exponent)).collect();
        prop_assert_eq!(effective_rank(&s), effective_rank(&scaled));
        prop_assert_eq!(gini(&s), gini(&scaled));
        prop_assert_eq!(mass_rank(&s, 0.9), mass_rank(&scaled, 0.9));
        let n = s.len() as f64;
        let rank = effective_rank(&s).unwrap();
        prop_assert!(rank >= 1.0 - 1e-12 && rank <= n * (1.0 + 1e-12));
        prop_assert!(gini(&s).unwrap() <= 1.0 - 1.0 / n + 1e-12);
        // Stable rank is at most the exponential of the entropy of s^2 and so at most that of s.
        let stable = s.iter().map(|x| x * x).sum::<f64>() / (s[0] * s[0]);
        prop_assert!(stable <= rank * (1.0 + 1e-9));
    }
}
