//! Runs are done once, verdicts mean what they should, and the table comes out the same byte for byte.
#![allow(clippy::unwrap_used)]

mod claims_support;

use claims_support::{Bench, claim};
use spectrum_experiment::claims::{Standing, verify};

const TAIL: &str = "type = \"value\"\nof = { run = \"one\", metric = \"alpha_hill\", step = 4 }\nbelow = 2.2";
const NO_TAIL: &str = "type = \"value\"\nof = { run = \"one\", metric = \"alpha_hill\", step = 4 }\nabove = 2.2";

fn with_finding(check: &str) -> String {
    let finding = "finding = { verdict = \"differs\", our = \"Hill is 2.1\", holds_when = \"the rate is below 0.7\" }";
    claim("found", check).replace("mark = \"literature\"", &format!("mark = \"literature\"\n{finding}"))
}

#[test]
fn a_claim_whose_effect_is_removed_fails() {
    let bench = Bench::new(&claim("tail", TAIL));
    assert!(!bench.verify().unwrap().failed());
    let weak = std::fs::read_to_string(bench.folder.path().join("claims.toml")).unwrap();
    let weak = weak.replace(
        "[run.one]\nconfig = \"run.toml\"\nset = { \"optimizer.lr\" = 1.0 }",
        "[run.one]\nconfig = \"run.toml\"\nset = { \"optimizer.lr\" = 0.01 }",
    );
    std::fs::write(bench.folder.path().join("claims.toml"), weak).unwrap();
    let verification = bench.verify().unwrap();
    assert!(verification.failed());
    assert_eq!((verification.claims[0].holds, verification.claims[0].standing), (Some(false), Standing::Fails));
}

#[test]
fn a_finding_is_no_failure_and_its_end_is_a_surprise() {
    let expected = Bench::new(&with_finding(NO_TAIL)).verify().unwrap();
    assert!(!expected.failed());
    assert_eq!((expected.claims[0].holds, expected.claims[0].standing), (Some(false), Standing::Finding));
    assert!(expected.markdown().contains("**found** (differs): Hill is 2.1. Holds when the rate is below 0.7."));
    let surprise = Bench::new(&with_finding(TAIL)).verify().unwrap();
    assert!(surprise.failed());
    assert_eq!((surprise.claims[0].holds, surprise.claims[0].standing), (Some(true), Standing::Surprise));
}

#[test]
fn a_finding_at_another_scale_does_not_count() {
    let text = with_finding(NO_TAIL).replace("holds_when", "scales = [\"tiny\"], holds_when");
    assert_eq!(Bench::new(&text).verify().unwrap().claims[0].standing, Standing::Fails);
}

#[test]
fn every_condition_of_a_claim_must_be_true() {
    let both = format!("{}[[claim.check]]\n{NO_TAIL}\n", claim("both", TAIL));
    let verification = Bench::new(&both).verify().unwrap();
    assert_eq!(verification.claims[0].holds, Some(false));
    assert_eq!(verification.claims[0].checks.iter().map(|c| c.holds).collect::<Vec<_>>(), [Some(true), Some(false)]);
    // What is false stays false beside what cannot be judged; what is true does not decide.
    let broken = "type = \"value\"\nof = { run = \"one\", metric = \"broken\" }\nmin = 0";
    let verdict = |first: &str| {
        let text = format!("{}[[claim.check]]\n{broken}\n", claim("both", first));
        Bench::new(&text).verify().unwrap().claims[0].holds
    };
    assert_eq!((verdict(NO_TAIL), verdict(TAIL)), (Some(false), None));
}

#[test]
fn a_failed_run_leaves_its_claims_unjudged_and_the_others_as_they_are() {
    let text = format!("{}{}", claim("tail", TAIL), claim("lost", &TAIL.replace("\"one\"", "\"diverges\"")));
    let verification = Bench::new(&text).verify().unwrap();
    assert_eq!(verification.claims[0].standing, Standing::Holds);
    assert_eq!((verification.claims[1].holds, verification.claims[1].standing), (None, Standing::Unjudged));
    assert!(verification.claims[1].measured.contains("the run failed: the loss is not finite at step 3"));
    assert_eq!(verification.run_failures.len(), 3);
    assert!(verification.failed());
}

#[test]
fn equal_runs_are_done_once_and_finished_ones_are_found() {
    // `one` is the second point of `rates`.
    let axis = "type = \"value\"\nof = { run = \"rates\", metric = \"flat\" }\nequals = 1";
    let bench = Bench::new(&format!("{}{}", claim("a", TAIL), claim("b", axis)));
    let first = bench.verify().unwrap();
    assert_eq!((first.runs, first.found, bench.fake.ran.lock().unwrap().len()), (12, 0, 12));
    assert_eq!((first.claims[0].runs.len(), first.claims[1].runs.len()), (3, 12));
    let second = bench.verify().unwrap();
    assert_eq!((second.runs, second.found, bench.fake.ran.lock().unwrap().len()), (12, 12, 12));
    assert_eq!(first.claims, second.claims);
}

#[test]
fn only_what_is_asked_for_is_run() {
    let bench = Bench::new(&format!("{}{}", claim("a", TAIL), claim("b", &TAIL.replace("\"one\"", "\"half\""))));
    let mut options = bench.options();
    options.only = vec!["b".into()];
    let verification = verify(bench.folder.path(), &bench.fake, &options, &|_| {}).unwrap();
    assert_eq!((verification.claims.len(), bench.fake.ran.lock().unwrap().len()), (1, 3));
}

#[test]
fn the_backend_is_set_and_named() {
    let bench = Bench::new(&claim("a", TAIL));
    let mut options = bench.options();
    options.backend = Some("ndarray".into());
    let verification = verify(bench.folder.path(), &bench.fake, &options, &|_| {}).unwrap();
    assert!(bench.fake.ran.lock().unwrap().iter().all(|n| n.contains("backend_ndarray")));
    assert_eq!(verification.backend, "ndarray");
    assert!(options.out.join("claims-small-ndarray.md").exists());
}

#[test]
fn a_search_takes_as_few_runs_as_a_bisection_needs() {
    let check = "type = \"value\"\nof = { threshold = \"first\", at = { \"data.d\" = 100 } }\nmax = 1";
    let bench = Bench::new(&claim("t", check));
    bench.verify().unwrap();
    // Two ends, and ln(1000)/ln(1.01) = 694 brackets: 10 halvings, for three seeds.
    assert_eq!(bench.fake.ran.lock().unwrap().len(), 3 * 12);
}

#[test]
fn a_search_without_a_change_says_so() {
    let text = claim("t", "type = \"value\"\nof = { threshold = \"never\", at = { \"data.d\" = 100 } }\nmax = 1");
    let never = "[threshold.never]\nof = { run = \"sizes\", metric = \"flat\" }\nmin = 2\nalong = \"optimizer.lr\"\nlow = 0.1\nhigh = 1.0\nresolution = 0.1\n";
    let verification = Bench::new(&format!("{text}{never}")).verify().unwrap();
    assert_eq!(verification.claims[0].holds, None);
    assert!(
        verification.claims[0].measured.contains("not so at 1, the high end"),
        "{}",
        verification.claims[0].measured
    );
}

#[test]
fn the_written_table_is_the_same_byte_for_byte() {
    let text = format!(
        "{}{}{}",
        claim("tail", TAIL),
        with_finding(NO_TAIL),
        claim("lost", &TAIL.replace("\"one\"", "\"diverges\""))
    );
    let written = |jobs| {
        let bench = Bench::new(&text);
        let mut options = bench.options();
        options.jobs = jobs;
        let verification = verify(bench.folder.path(), &bench.fake, &options, &|_| {}).unwrap();
        let read = |ending| std::fs::read_to_string(options.out.join(format!("claims-small-flex.{ending}"))).unwrap();
        assert_eq!(read("md"), verification.markdown());
        assert_eq!(serde_json::from_str::<serde_json::Value>(&read("json")).unwrap(), verification.json());
        (read("md"), read("json"))
    };
    assert_eq!(written(1), written(4));
}

#[test]
fn the_json_has_the_names_that_others_script_against() {
    let text = format!("{}{}", claim("tail", TAIL), claim("lost", &TAIL.replace("\"one\"", "\"diverges\"")));
    let json = Bench::new(&text).verify().unwrap().json();
    let claim = &json["claims"][0];
    assert_eq!((claim["id"].as_str(), claim["holds"].as_bool()), (Some("tail"), Some(true)));
    assert_eq!(claim["measured"], "alpha_hill at 4: 2.1 to 2.102");
    assert_eq!((claim["bound"].as_str(), claim["source"].as_str()), (Some("< 2.2"), Some("A paper")));
    assert_eq!(claim["runs"].as_array().unwrap().len(), 3);
    assert_eq!(claim["checks"][0]["seeds"][1]["seed"], 1);
    assert!((claim["checks"][0]["seeds"][1]["values"][0]["value"].as_f64().unwrap() - 2.101).abs() < 1e-12);
    assert!(json["claims"][1]["holds"].is_null());
}

#[test]
fn the_terminals_table_keeps_its_width() {
    let verification = Bench::new(&format!("{}{}", claim("tail", TAIL), with_finding(NO_TAIL))).verify().unwrap();
    for width in [60, 80, 150] {
        let table = verification.table(width);
        assert!(table.lines().all(|l| l.chars().count() <= width), "{table}");
        assert!(table.contains("2 claims: 1 hold, 1 do not hold, as was found before."), "{table}");
    }
}

#[test]
fn progress_ends_with_every_run_done() {
    let bench = Bench::new(&claim("a", TAIL));
    let seen = std::sync::Mutex::new(Vec::new());
    verify(bench.folder.path(), &bench.fake, &bench.options(), &|p| {
        seen.lock().unwrap().push((p.step, p.steps, p.runs))
    })
    .unwrap();
    let seen = seen.into_inner().unwrap();
    assert!(seen.iter().all(|(step, steps, runs)| step <= steps && *runs == 3));
    assert_eq!(seen.iter().filter(|(step, steps, _)| step == steps && *steps == 4).count(), 3);
}
