//! Runs whose loss stops being a number.

use serde_json::Value;

use crate::common::{Bench, export, name, rows, scalar, show, singular_values};

/// The output of a relu student grows with its weights, and each step at this rate multiplies them by thousands: the
/// loss leaves f32 after a few steps.
const DIVERGING: &str = r#"
name = "diverging"
[data]
kind = "single-index"
n = 60
d = 20
n_test = 40
[model]
kind = "two-layer"
width = 30
activation = "relu"
[optimizer]
kind = "sgd"
lr = 1e6
[training]
steps = 40
checkpoint_every = 2
"#;

/// `value` is null exactly where `reason` is set, in scalars and records.
fn null_exactly_where_a_reason_is(shown: &Value) {
    for row in shown["scalars"].as_array().unwrap().iter().chain(shown["records"].as_array().unwrap()) {
        let reason = row.get("reason").unwrap_or(&Value::Null);
        assert_eq!(row["value"].is_null(), reason.is_string(), "{row}");
        assert!(row["value"].as_f64().is_none_or(f64::is_finite), "{row}");
    }
}

#[test]
fn a_diverging_run_stops_at_the_step_and_keeps_all_before_it() {
    let bench = Bench::new(DIVERGING);
    let done = bench.run(&[]);
    let run = bench.only_run();
    let shown = show(&run);
    let losses = scalar(&shown, "train_loss");
    let (&last, end) = losses.last_key_value().unwrap();
    assert!((1..40).contains(&last), "{losses:?}");
    assert_eq!(*end, None, "the step at which it stopped has no loss");
    done.one_error(3, &[&name(&run), "diverged", &format!("step {last}")]);
    assert_eq!(shown["run"]["status"], "diverged");
    assert_eq!(shown["run"]["steps_done"], last);
    assert!(shown["run"]["message"].as_str().unwrap().contains("diverged"));
    // Every step before it is there, with its loss and its spectrum.
    assert_eq!(losses.keys().copied().collect::<Vec<_>>(), (0..=last).collect::<Vec<_>>());
    assert!(losses.range(..last).all(|(_, v)| v.is_some()), "{losses:?}");
    let weights = singular_values(&rows(&export(&run)), "hidden.weight", "weight");
    assert!((0..last).all(|t| weights[&t].len() == 20), "{:?}", weights.keys());
    null_exactly_where_a_reason_is(&shown);

    // A second call finds an unfinished run and says what can be done; a resumed one comes to the same end.
    bench.run(&[]).one_error(2, &[&name(&run), "--resume", "--force"]);
    bench.run(&["--resume"]).one_error(3, &["diverged", &format!("step {last}")]);
    assert_eq!(scalar(&show(&run), "train_loss"), losses);
}

#[test]
fn divergence_is_recorded_where_the_config_says_so() {
    let bench = Bench::new(DIVERGING);
    let run = bench.finished(&["--set", "training.on_divergence=record"]);
    let shown = show(&run);
    assert_eq!(shown["run"]["status"], "finished");
    assert_eq!(shown["run"]["steps_done"], 40);
    let losses = scalar(&shown, "train_loss");
    assert_eq!(losses.len(), 41);
    assert!(losses[&0].is_some() && losses[&40].is_none(), "{losses:?}");
    null_exactly_where_a_reason_is(&shown);
    let lost: Vec<&Value> = shown["scalars"].as_array().unwrap().iter().filter(|s| s["value"].is_null()).collect();
    assert!(lost.iter().all(|s| s["reason"] == "NotFinite"), "{lost:?}");
    // The weights of the last step are no numbers: each of their metrics says so, and there is no spectrum.
    let records = shown["records"].as_array().unwrap();
    let last = records.iter().filter(|r| r["step"] == 40 && r["kind"] == "weight" && r["layer"] == "hidden.weight");
    let last: Vec<&Value> = last.collect();
    assert!(last.iter().any(|r| r["metric"] == "alpha_hill"), "{last:?}");
    assert!(last.iter().all(|r| r["reason"] == "NotFinite"), "{last:?}");
    assert!(!singular_values(&rows(&export(&run)), "hidden.weight", "weight").contains_key(&40));
}
