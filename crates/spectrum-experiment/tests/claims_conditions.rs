//! Each type of condition on runs whose records are known in closed form, once true and once false.
#![allow(clippy::unwrap_used)]

mod claims_support;

use claims_support::{Bench, claim, holds, why};

#[track_caller]
fn judged(holding: &str, failing: &str) {
    assert_eq!(holds(holding), Some(true), "{holding}");
    assert_eq!(holds(failing), Some(false), "{failing}");
}

const HILL: &str = r#"of = { run = "one", metric = "alpha_hill", step = 4 }"#;

#[test]
fn value_at_a_step() {
    // 2.1 + 0.001 seed.
    judged(
        &format!("type = \"value\"\n{HILL}\nmin = 2.09\nmax = 2.11"),
        &format!("type = \"value\"\n{HILL}\nabove = 2.11"),
    );
}

#[test]
fn value_at_the_first_and_last_and_extreme_steps() {
    for (step, value) in [("first", 1.0), ("last", 0.2), ("largest", 1.0), ("smallest", 0.2)] {
        let check = |v: f64| {
            format!(
                "type = \"value\"\nof = {{ run = \"one\", metric = \"test_loss\", step = \"{step}\" }}\nequals = {v}"
            )
        };
        judged(&check(value), &check(0.5));
    }
}

#[test]
fn value_at_every_point_of_an_axis_and_at_one() {
    let all = |max: f64| format!("type = \"value\"\nof = {{ run = \"rates\", metric = \"kta\" }}\nmax = {max}");
    judged(&all(0.0), &all(-1.0));
    let one = |v: f64| {
        format!(
            "type = \"value\"\nof = {{ run = \"rates\", at = {{ \"optimizer.lr\" = 2 }}, metric = \"kta\" }}\nequals = {v}"
        )
    };
    judged(&one(-4.0), &one(0.0));
}

#[test]
fn value_over_another_one_and_per_a_number_of_the_config() {
    // t d^0.5/(3 d) with d = 100 at t = 4: 4/30.
    let over = |v: f64| {
        format!(
            "type = \"value\"\nof = {{ run = \"sizes\", at = {{ \"data.d\" = 100 }}, metric = \"frobenius_norm\", kind = \"displacement\", over = {{ kind = \"weight\", step = 0 }} }}\nmin = {}\nmax = {}",
            v - 1e-9,
            v + 1e-9
        )
    };
    judged(&over(4.0 / 30.0), &over(4.0));
    let per = |v: f64| {
        format!(
            "type = \"value\"\nof = {{ run = \"sizes\", metric = \"frobenius_norm\", kind = \"weight\", per = \"data.d\" }}\nequals = {v}"
        )
    };
    judged(&per(3.0), &per(300.0));
    let minus = |v: f64| {
        format!(
            "type = \"value\"\nof = {{ run = \"one\", metric = \"alpha_hill\", kind = \"weight\", minus = {{ metric = \"alpha_hill_gaussian\" }} }}\nmin = {}\nmax = {}",
            v - 0.01,
            v + 0.01
        )
    };
    judged(&minus(-0.4), &minus(0.4));
}

#[test]
fn change_between_steps() {
    let check = |more: &str| format!("type = \"change\"\nof = {{ run = \"one\", metric = \"alpha_hill\" }}\n{more}");
    // From 2.5 to 2.1 for seed 0.
    judged(&check("min = -0.41\nmax = -0.39"), &check("within = 0.3"));
    judged(&check("from = 1\nto = 2\nmin = -0.11\nmax = -0.09"), &check("from = 1\nto = 2\nabove = 0"));
    judged(&check("by = \"ratio\"\nmin = 0.839\nmax = 0.841"), &check("by = \"ratio\"\nabove = 1"));
    judged(&check("by = \"relative\"\nmin = -0.161\nmax = -0.159"), &check("by = \"relative\"\nabove = 0"));
}

#[test]
fn compare_two_runs_seed_by_seed() {
    let check = |more: &str| {
        format!("type = \"compare\"\n{HILL}\nwith = {{ run = \"half\", metric = \"alpha_hill\", step = 4 }}\n{more}")
    };
    // -0.2 exactly for each seed: the seed's own part cancels.
    judged(&check("min = -0.2001\nmax = -0.1999"), &check("above = 0"));
    judged(&check("by = \"ratio\"\nbelow = 0.92"), &check("by = \"ratio\"\nabove = 1"));
}

#[test]
fn compare_points_of_an_axis_with_one_of_them() {
    let check = |max: f64| {
        format!(
            "type = \"compare\"\nof = {{ run = \"rates\", metric = \"kta\" }}\nwith = {{ run = \"rates\", at = {{ \"optimizer.lr\" = 2.0 }}, metric = \"kta\" }}\nmin = {max}"
        )
    };
    judged(&check(0.0), &check(0.1));
}

#[test]
fn monotone_along_an_axis() {
    let check = |direction: &str, metric: &str, more: &str| {
        format!(
            "type = \"monotone\"\nof = {{ run = \"rates\", metric = \"{metric}\" }}\ndirection = \"{direction}\"\n{more}"
        )
    };
    judged(&check("falling", "alpha_hill", ""), &check("rising", "alpha_hill", ""));
    // What does not move neither rises nor falls.
    assert_eq!(holds(&check("falling", "flat", "")), Some(false));
    assert_eq!(holds(&check("rising", "flat", "slack = 1.0")), Some(false));
    // -1.75, -3, -4, 0: it rises in all, falling by 1.25 at most in between.
    judged(&check("rising", "kta", "slack = 1.3"), &check("rising", "kta", "slack = 1.2"));
    judged(&check("rising", "kta", "window = { min = 2.0 }"), &check("rising", "kta", "window = { max = 2.0 }"));
    judged(&check("falling", "alpha_hill", "max = -1.3"), &check("falling", "alpha_hill", "max = -1.5"));
}

#[test]
fn exponent_along_an_axis() {
    let check = |low: f64| {
        format!(
            "type = \"exponent\"\nof = {{ run = \"sizes\", metric = \"frobenius_norm\", kind = \"displacement\", over = {{ kind = \"weight\" }} }}\nmin = {low}\nmax = {}",
            low + 0.02
        )
    };
    judged(&check(-0.51), &check(0.49));
}

#[test]
fn threshold_by_bisection_and_its_exponent() {
    // 10/d (1 + seed/100): 0.1 to 0.102 at d = 100.
    let at = |min: f64, max: f64| {
        format!(
            "type = \"value\"\nof = {{ threshold = \"first\", at = {{ \"data.d\" = 100 }} }}\nmin = {min}\nmax = {max}"
        )
    };
    judged(&at(0.1, 0.1031), &at(0.11, 0.2));
    let exponent = |low: f64| {
        format!(
            "type = \"exponent\"\nof = {{ threshold = \"first\" }}\nsize = \"data.d\"\nmin = {low}\nmax = {}",
            low + 0.04
        )
    };
    judged(&exponent(-1.02), &exponent(-0.52));
    let ratio = |v: f64| {
        format!(
            "type = \"compare\"\nof = {{ threshold = \"first\", at = {{ \"data.d\" = 100 }} }}\nwith = {{ threshold = \"first\", at = {{ \"data.d\" = 800 }} }}\nby = \"ratio\"\nmin = {}\nmax = {}",
            0.98 * v,
            1.02 * v
        )
    };
    judged(&ratio(8.0), &ratio(1.0));
}

#[test]
fn correlation_along_an_axis() {
    let check = |with: &str, more: &str| {
        format!(
            "type = \"correlation\"\nof = {{ run = \"rates\", metric = \"alpha_hill\" }}\nwith = {{ run = \"rates\", metric = \"{with}\" }}\n{more}"
        )
    };
    // Hill falls with the rate; kta falls up to 2: together there, against each other beyond.
    judged(&check("kta", "window = { max = 2.0 }\nabove = 0.9"), &check("kta", "window = { max = 2.0 }\nbelow = 0"));
    // Over the whole axis ranks 4 3 2 1 against 3 2 1 4: -1/5.
    judged(&check("kta", "min = -0.21\nmax = -0.19"), &check("kta", "above = 0"));
    // Pearson of (0.5, 1, 2, 4) with minus (-1.75, -3, -4, 0), by numpy.corrcoef: -0.5658496191724011.
    judged(
        &check("kta", "method = \"pearson\"\nmin = -0.56585\nmax = -0.56584"),
        &check("kta", "method = \"pearson\"\nabove = 0"),
    );
}

#[test]
fn rules_for_seeds() {
    // +1, -1, +1 for seeds 0, 1, 2.
    let check = |seeds: &str, more: &str| {
        format!("type = \"value\"\nof = {{ run = \"one\", metric = \"noisy\" }}\nseeds = \"{seeds}\"\n{more}")
    };
    assert_eq!(holds(&check("every", "above = 0")), Some(false));
    judged(&check("any", "below = 0"), &check("any", "above = 1"));
    judged(&check("at least 2", "above = 0"), &check("at least 2", "below = 0"));
    judged(&check("mean", "min = 0.33\nmax = 0.34"), &check("mean", "above = 0.5"));
}

#[test]
fn bounds_of_a_scale_take_the_place_of_the_others() {
    let text = claim("c", &format!("type = \"value\"\n{HILL}\nabove = 100\nscale.tiny = {{ below = 3.0 }}"));
    let bench = Bench::new(&text);
    assert_eq!(bench.verify().unwrap().claims[0].holds, Some(false));
    let mut options = bench.options();
    options.scale = "tiny".into();
    let tiny = spectrum_experiment::claims::verify(bench.folder.path(), &bench.fake, &options, &|_| {}).unwrap();
    assert_eq!((tiny.claims[0].holds, tiny.claims[0].bound.as_str()), (Some(true), "< 3"));
}

#[test]
fn what_cannot_be_judged_says_why() {
    let value = |of: &str| why(&format!("type = \"value\"\nof = {{ run = \"one\", {of} }}\nmin = 0"));
    assert!(value("metric = \"broken\"").contains("`broken` at step 4: BelowFloor"));
    assert!(value("metric = \"alpha_hil\"").contains("no `alpha_hil`, did you mean `alpha_hill`?"));
    assert!(
        value("metric = \"alpha_hill\", step = 7")
            .contains("no `alpha_hill` at step 7; it is recorded at 0, 1, 2, 3, 4")
    );
    assert!(
        value("metric = \"gini\"").contains("tell apart hidden.weight weight matrix, readout.weight weight matrix")
    );
    assert!(value("metric = \"gini\", layer = \"hidden\"").contains("there is one of hidden.weight weight matrix"));
    assert!(value("metric = \"outliers\", kind = \"update\"").contains("there is one of hidden.weight weight matrix"));
    assert!(value("metric = \"flat\", per = \"data.width\"").contains("the run's config has no number `data.width`"));
    assert!(
        value("metric = \"flat\", over = { metric = \"outliers\", step = 0 }")
            .contains("is 0 and cannot be divided by")
    );
    let ratio = why("type = \"change\"\nof = { run = \"one\", metric = \"outliers\" }\nby = \"ratio\"\nmin = 0");
    assert!(ratio.contains("a ratio to 0"), "{ratio}");
    let flat = why(
        "type = \"correlation\"\nof = { run = \"rates\", metric = \"flat\" }\nwith = { run = \"rates\", metric = \"kta\" }\nmin = 0",
    );
    assert!(flat.contains("needs numbers that differ"), "{flat}");
    let few = why(
        "type = \"exponent\"\nof = { run = \"sizes\", metric = \"frobenius_norm\" }\nwindow = { max = 200 }\nmin = 0",
    );
    assert!(few.contains("needs 3 sizes, found 2"), "{few}");
    let window = why("type = \"value\"\nof = { run = \"sizes\", metric = \"flat\" }\nwindow = { min = 1000 }\nmin = 0");
    assert!(window.contains("holds no point"), "{window}");
}

#[test]
fn a_layer_tells_two_apart() {
    let check = |v: f64| {
        format!(
            "type = \"value\"\nof = {{ run = \"one\", metric = \"gini\", layer = \"readout.weight\" }}\nequals = {v}"
        )
    };
    judged(&check(0.2), &check(0.1));
}
