//! Verdicts of `spectrum compare`.

#![allow(clippy::unwrap_used)]

mod common;

use spectrum_core::{Outcome, Reason};
use spectrum_report::RunData;
use spectrum_report::compare::{Unit, compare};

fn two() -> (RunData, RunData) {
    let a = common::run(&common::quickstart());
    let b = common::run(&common::Plan { backend: "ndarray", ..common::quickstart() });
    (a, b)
}

fn scalar<'a>(run: &'a mut RunData, name: &str, step: u64) -> &'a mut Outcome {
    &mut run.scalars.iter_mut().find(|s| s.name == name && s.step == step).unwrap().outcome
}

#[test]
fn equal_runs_on_two_backends_hold() {
    let (a, b) = two();
    let c = compare(&a, &b);
    assert!(c.holds, "{}", c.table(200));
    assert_eq!((c.initial_weights_equal, c.unpaired, c.horizon), (Some(true), 0, Some(10)));
    assert!(c.config_differences.is_empty(), "the backend is no difference: {:?}", c.config_differences);
    assert!(c.rows.iter().all(|r| r.deviation == Some(0.0)));
    assert!(c.rows.iter().any(|r| r.metric == "singular_values" && r.unit == Unit::RelativeToTop && r.pairs == 11));
    assert!(c.table(100).contains("the contract holds"));
}

#[test]
fn rounding_holds_and_more_than_rounding_breaks_with_its_place() {
    let (a, mut b) = two();
    let value = scalar(&mut b, "test_loss", 7).value().unwrap();
    *scalar(&mut b, "test_loss", 7) = Outcome::Value(value * (1.0 + 1e-7));
    let c = compare(&a, &b);
    assert!(c.holds, "{}", c.table(200));
    let row = c.rows.iter().find(|r| r.metric == "test_loss").unwrap();
    assert!((row.deviation.unwrap() - 1e-7).abs() < 1e-12 && row.step == 7 && row.unit == Unit::Relative);

    *scalar(&mut b, "test_loss", 7) = Outcome::Value(value * 1.1);
    let c = compare(&a, &b);
    assert!(!c.holds);
    assert_eq!((c.horizon, c.last_step), (Some(6), Some(10)));
    let row = c.rows.iter().find(|r| r.metric == "test_loss").unwrap();
    assert_eq!((row.holds, row.step), (Some(false), 7));
    assert!(row.tolerance.unwrap() < 0.1);
    assert!(c.table(200).contains("BROKEN") && c.table(200).contains("does NOT hold"));
}

#[test]
fn singular_values_are_held_against_the_largest() {
    let (a, mut b) = two();
    let spectrum = &mut b.spectra.iter_mut().find(|s| s.id.step == 3).unwrap().spectrum.singular_values;
    let top = spectrum[0];
    // The smallest value moves by a tenth of the largest.
    *spectrum.last_mut().unwrap() += 0.1 * top;
    let c = compare(&a, &b);
    let row = c.rows.iter().find(|r| r.metric == "singular_values" && r.holds == Some(false)).unwrap();
    assert!((row.deviation.unwrap() - 0.1).abs() < 1e-12);
    assert_eq!((row.step, row.layer.as_deref(), c.horizon), (3, Some("hidden.weight"), Some(2)));
}

#[test]
fn other_initial_weights_break_and_unknown_ones_do_not() {
    let (a, mut b) = two();
    b.info.initial_weights_sha256 = Some("b".repeat(64));
    assert_eq!(compare(&a, &b).initial_weights_equal, Some(false));
    assert!(!compare(&a, &b).holds);
    b.info.initial_weights_sha256 = None;
    assert_eq!(compare(&a, &b).initial_weights_equal, None);
    assert!(compare(&a, &b).holds);
}

#[test]
fn another_config_or_another_set_of_rows_is_not_under_the_contract() {
    let (a, mut b) = two();
    b.config = b.config.replace("lr = 1.0", "lr = 0.5");
    let c = compare(&a, &b);
    assert!(!c.holds);
    assert_eq!(c.config_differences[0].key, "optimizer.lr");

    let (a, mut b) = two();
    b.scalars.pop();
    let c = compare(&a, &b);
    assert_eq!((c.unpaired, c.holds), (1, false));
}

#[test]
fn a_value_that_only_one_run_has_breaks() {
    let (a, mut b) = two();
    *scalar(&mut b, "test_loss", 4) = Reason::NotFinite.into();
    let c = compare(&a, &b);
    let row = c.rows.iter().find(|r| r.metric == "test_loss").unwrap();
    assert_eq!((row.deviation, row.holds, row.step), (None, Some(false), 4));
    assert_eq!(row.values.1, "NotFinite");
    assert!(!c.holds);
}

#[test]
fn steps_beyond_the_horizon_are_counted_and_not_judged() {
    let plan = common::Plan { layers: &[("hidden.weight", 24, 16)], steps: (0..=60).collect(), ..common::quickstart() };
    let (a, mut b) = (common::run(&plan), common::run(&plan));
    *scalar(&mut b, "test_loss", 60) = Outcome::Value(1e3);
    let c = compare(&a, &b);
    assert!(c.holds && c.beyond > 0, "{}", c.table(200));
    assert_eq!(c.last_step, Some(50));
}

#[test]
fn json_has_one_row_a_metric_and_kind() {
    let (a, b) = two();
    let json = compare(&a, &b).json();
    let rows = json["rows"].as_array().unwrap();
    let hill = rows.iter().filter(|r| r["metric"] == "alpha_hill" && r["kind"] == "weight");
    assert_eq!(hill.count(), 1);
    assert_eq!((json["holds"].as_bool(), json["initial_weights_equal"].as_bool()), (Some(true), Some(true)));
}
