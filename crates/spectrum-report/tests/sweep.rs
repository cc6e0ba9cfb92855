//! The page of a sweep: what is in it, what is said of what is missing, and how large it can become.

#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;

use common::{Draws, sweep};
use serde_json::{Value, json};
use spectrum_core::{Kind, MatrixId, Reason, Record, Scalar, Sink as _, StepRows};
use spectrum_report::{ReportError, RunData, SweepPoint, sweep_html, write_sweep_report};
use spectrum_store::{RunInfo, RunWriter, Status};

/// The data inside the page.
fn data(html: &str) -> Value {
    let (_, rest) = html.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

fn page(points: &[SweepPoint]) -> String {
    sweep_html(points, Path::new("")).unwrap()
}

fn variable<'a>(data: &'a Value, name: &str, kind: Option<&str>) -> &'a Value {
    let of = |v: &&Value| v["matrix"].as_u64().map(|m| data["matrices"][m as usize]["kind"].as_str().unwrap());
    data["variables"].as_array().unwrap().iter().find(|v| v["name"] == name && of(v) == kind).unwrap()
}

/// A run with nothing but a test loss: its values at steps 0, 1, ...
fn losses(values: &[f64], seed: u64) -> RunData {
    let mut run = sweep::run(&[], 1.0, seed, 0);
    let loss = |(t, v): (usize, &f64)| Scalar { step: t as u64, name: "test_loss".into(), outcome: (*v).into() };
    run.scalars = values.iter().enumerate().map(loss).collect();
    run
}

#[test]
fn a_page_needs_nothing_but_itself_and_the_same_points_give_the_same_bytes() {
    let html = page(&sweep::rates());
    let rest = html.replace("http://www.w3.org/2000/svg", "");
    for outside in
        ["http:", "https:", "//cdn", "src=", "@import", "url(", "<link rel=\"stylesheet\"", "fetch(", "XMLHttp"]
    {
        assert!(!rest.contains(outside), "{outside}");
    }
    assert!(!html.contains("{{"), "an unfilled place");
    assert_eq!(html, page(&sweep::rates()));
}

/// `scipy.stats.t.interval(0.95, 2, loc=m, scale=scipy.stats.sem(a))` of a = [1.0, 1.5, 1.1] and [0.9, 1.0, 0.5];
/// rho: `scipy.stats.spearmanr`.
#[test]
fn statistics_are_over_the_seeds_of_a_setting() {
    let of = |rate: f64, seed: u64, values: &[f64]| {
        sweep::point(&[("optimizer.lr", json!(rate)), ("seed", json!(seed))], losses(values, seed))
    };
    let points = [
        of(1.0, 2, &[2.0, 1.1]),
        of(0.1, 0, &[2.0, 0.9]),
        of(1.0, 0, &[2.0, 1.0]),
        of(0.1, 1, &[2.0, 1.0]),
        of(0.1, 2, &[2.0, 0.5]),
        of(1.0, 1, &[2.0, 1.5]),
    ];
    let data = data(&page(&points));
    assert_eq!(data["settings"], json!([{"at": [0], "points": [1, 3, 4]}, {"at": [1], "points": [2, 5, 0]}]));
    assert_eq!((&data["at"], &data["last"]), (&json!([0, 1]), &json!(1)));
    let loss = variable(&data, "test_loss", None);
    assert_eq!(loss["v"], json!([2, 1.1, 2, 0.9, 2, 1, 2, 1, 2, 0.5, 2, 1.5]));
    assert_eq!(loss["mean"], json!([2, 0.8, 2, 1.2]));
    assert_eq!(loss["half"], json!([0, 0.65724, 0, 0.65724]));
}

#[test]
fn the_rate_sweep_has_its_classes_its_gaps_and_their_reasons() {
    let points = sweep::rates();
    let html = page(&points);
    let data = data(&html);
    assert_eq!(data["keys"][0]["name"], "optimizer.lr");
    assert_eq!(data["keys"][0]["values"].as_array().unwrap().len(), 9);
    assert_eq!((data["points"].as_array().unwrap().len(), data["settings"].as_array().unwrap().len()), (27, 9));
    let class = variable(&data, "shape_class", Some("weight"));
    let majority = class["mean"].as_array().unwrap();
    // Rate 0.001 at step 0, rate 10 at step 10, of which two seeds are left.
    assert_eq!((&majority[0], &majority[98]), (&json!(0), &json!(3)));
    for (cell, counts) in class["split"].as_object().unwrap() {
        let counts: Vec<u64> = counts.as_array().unwrap().iter().map(|c| c.as_u64().unwrap()).collect();
        assert!(counts.iter().filter(|c| **c > 0).count() > 1, "{cell}: {counts:?}");
        let code = majority[cell.parse::<usize>().unwrap()].as_u64().unwrap() as usize;
        assert_eq!(counts.iter().max(), Some(&counts[code]));
    }
    assert!(!class["split"].as_object().unwrap().is_empty());
    // Point 7 lacks the Hill index at steps 3 to 5, and the page says why.
    let hill = variable(&data, "alpha_hill", Some("weight"));
    let reason = data["reasons"].as_array().unwrap().iter().position(|r| r == "NoConvergence").unwrap();
    assert_eq!(hill["why"], json!([[7 * 11 + 3, 3, reason]]));
    assert_eq!(data["points"][26]["reason"], "the training loss is not finite at step 6");
    assert_eq!((&data["points"][22]["last"], &data["points"][26]["last"]), (&Value::Null, &json!(6)));
    assert!(html.contains("2 points have no finished run"));
    assert!(html.contains("<td class=\"n\">3</td><td class=\"n\">1 of 27</td><td>3 to 5</td><td>NoConvergence</td>"));
    // What never had a value is no figure, and is named with its reason.
    assert!(html.contains("<li>outliers_initial of hidden.weight · weight · matrix: NotApplicable: no W_0</li>"));
    assert!(data["variables"].as_array().unwrap().iter().all(|v| v["name"] != "outliers_initial"));
}

/// Runs of different lengths: "last" is each run's own last step, and a run that did not finish has none.
#[test]
fn the_last_step_is_each_runs_own() {
    let mut points = vec![
        sweep::point(&[("training.steps", json!(1))], losses(&[5.0, 4.0], 0)),
        sweep::point(&[("training.steps", json!(2))], losses(&[5.0, 4.0, 3.0], 0)),
        sweep::point(&[("training.steps", json!(3))], losses(&[5.0, 4.5], 0)),
    ];
    points[2].run.as_mut().unwrap().info.status = Status::Failed;
    let data = data(&page(&points));
    assert_eq!((&data["at"], &data["last"]), (&json!([0, 1, 2, null]), &json!(3)));
    let loss = variable(&data, "test_loss", None);
    assert_eq!(loss["mean"], json!([5, 4, null, 4, 5, 4, 3, 3, 5, 4.5, null, null]));
    assert_eq!(loss["half"], json!(vec![Value::Null; 12]), "one value has no band");
}

/// `scipy.stats.spearmanr(x, y)` is 0.67067 for eight points; of the means of each two of them,
/// ([2.375, 1.94, 1.975, 2.15], [0.93, 0.81, 0.815, 1.0]), it is 0.8.
#[test]
fn rank_correlations_stand_by_pairs() {
    let x = [2.31, 2.44, 2.05, 1.83, 1.9, 2.05, 2.6, 1.7];
    let y = [0.91, 0.95, 0.8, 0.82, 0.79, 0.84, 1.1, 0.9];
    let points: Vec<SweepPoint> = (0..8u64)
        .map(|i| {
            let mut run = losses(&[y[i as usize]], i % 2);
            for (name, value) in [("hill", x[i as usize]), ("still", 1.0)] {
                run.scalars.push(Scalar { step: 0, name: name.into(), outcome: value.into() });
            }
            sweep::point(&[("data.n", json!(i / 2)), ("seed", json!(i % 2))], run)
        })
        .collect();
    let data = data(&page(&points));
    let names: Vec<&str> = data["variables"].as_array().unwrap().iter().map(|v| v["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["hill", "still", "test_loss"]);
    let expected = json!({
        "variables": [0, 1, 2], "at": [0], "points": [[null, 0.6707, null]], "means": [[null, 0.8, null]],
    });
    assert_eq!(data["rho"], expected, "pairs (0, 1), (0, 2), (1, 2)");
}

#[test]
fn hostile_names_stay_text() {
    const EVIL: &str = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&";
    let mut points = sweep::rates();
    for p in &mut points {
        (p.status, p.reason) = (EVIL.into(), Some(EVIL.into()));
        p.keys.push((EVIL.into(), json!({ EVIL: EVIL })));
        let Some(run) = &mut p.run else { continue };
        run.info.name = EVIL.into();
        run.config = format!("name = '''{EVIL}'''\n# {{{{data}}}}\nx = {}", run.info.seed);
        run.records.iter_mut().for_each(|r| r.id.layer = EVIL.into());
        run.scalars.push(Scalar { step: 0, name: EVIL.into(), outcome: Reason::NotApplicable(EVIL.into()).into() });
    }
    points[0].keys[2].1 = json!(EVIL);
    let html = page(&points);
    assert!(!html.contains("<img"), "an element out of a name");
    assert_eq!((html.matches("<script").count(), html.matches("</script>").count()), (2, 2));
    assert_eq!(data(&html)["keys"][1]["name"], EVIL);
}

#[test]
fn three_hundred_points_of_a_hundred_steps_stay_a_page() {
    let mut draws = Draws(1);
    let mut points = Vec::new();
    for p in 0..300u64 {
        let mut run = losses(&[], p % 3);
        run.scalars =
            (0..=100).map(|t| Scalar { step: t, name: "test_loss".into(), outcome: draws.next().into() }).collect();
        for t in 0..=100 {
            let id = MatrixId { step: t, layer: "hidden.weight".into(), kind: Kind::Weight, view: "matrix".into() };
            let metric = |m: usize| if m == 0 { "alpha_hill".to_owned() } else { format!("other_{m:03}") };
            let record = |m| Record { id: id.clone(), metric: metric(m), outcome: draws.next().into() };
            run.records.extend((0..40).map(record));
        }
        points.push(sweep::point(&[("optimizer.lr", json!((p / 3 + 1) as f64)), ("seed", json!(p % 3))], run));
    }
    let html = page(&points);
    assert!(html.len() < 12 << 20, "{} bytes", html.len());
    let shown = data(&html);
    let steps = shown["at"].as_array().unwrap();
    assert!(
        (21..=101).contains(&steps.len()) && steps[0] == 0 && steps[shown["last"].as_u64().unwrap() as usize] == 100
    );
    assert!(html.contains(&format!("The page holds {} of 101 recorded steps", steps.len())));
    assert_eq!(shown["variables"].as_array().unwrap().len(), 41);
}

#[test]
fn links_are_relative_and_only_to_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut points = vec![
        sweep::point(&[("seed", json!(0))], losses(&[1.0], 0)),
        sweep::point(&[("seed", json!(1))], losses(&[1.0], 1)),
    ];
    for (p, name) in points.iter_mut().zip(["a run", "b"]) {
        p.run.as_mut().unwrap().dir = folder.path().join("runs").join(name);
    }
    std::fs::create_dir_all(folder.path().join("runs/a run")).unwrap();
    std::fs::write(folder.path().join("runs/a run/report.html"), "").unwrap();
    let path = folder.path().join("sweep.html");
    write_sweep_report(&points, &path).unwrap();
    let html = std::fs::read_to_string(&path).unwrap();
    let data = data(&html);
    assert_eq!(
        (&data["points"][0]["link"], &data["points"][1]["link"]),
        (&json!("runs/a%20run/report.html"), &Value::Null)
    );
    assert!(!html.contains(folder.path().to_str().unwrap()), "no absolute path");
}

#[test]
fn a_sweep_of_nothing_but_failures_is_a_page_too() {
    let failed = |seed: u64| SweepPoint {
        keys: vec![("seed".to_owned(), json!(seed))],
        run: None,
        status: "failed".to_owned(),
        reason: Some("no such file".to_owned()),
    };
    let html = page(&[failed(0), failed(1), failed(1)]);
    assert_eq!(data(&html)["points"][1]["reason"], "no such file");
    assert!(html.contains("1 of the points repeat") && html.contains("No recorded value is missing."));
    assert!(matches!(sweep_html(&[], Path::new("")), Err(ReportError::NoRuns)));
    let nowhere = write_sweep_report(&[failed(0)], Path::new("no/such/folder/sweep.html")).unwrap_err();
    assert!(matches!(nowhere, ReportError::Write { .. }));
}

#[test]
fn configs_that_differ_elsewhere_are_named() {
    let mut points = sweep::rates();
    points[0].run.as_mut().unwrap().config.push_str("momentum = 0.9\n");
    assert!(page(&points).contains("differ in more than the swept keys: <code>optimizer.momentum</code>"));
    assert!(!page(&sweep::rates()).contains("differ in more"));
}

#[test]
fn numbers_of_a_run_are_read_without_its_spectra() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let made = common::run(&common::quickstart());
    let mut writer = RunWriter::create(&dir, &RunInfo::default(), "a = 1\n").unwrap();
    for t in 0..=2 {
        let mut rows = StepRows::new(t);
        rows.scalars = made.scalars.iter().filter(|s| s.step == t).cloned().collect();
        rows.records = made.records.iter().filter(|r| r.id.step == t).cloned().collect();
        rows.spectra = made.spectra.iter().filter(|s| s.id.step == t).cloned().collect();
        rows.blobs = made.blobs.iter().filter(|b| b.id.step == t).cloned().collect();
        writer.step(&rows).unwrap();
    }
    drop(writer);
    let (all, numbers) = (RunData::read(&dir).unwrap(), RunData::read_numbers(&dir).unwrap());
    assert!(!all.spectra.is_empty() && !all.blobs.is_empty() && !all.scalars.is_empty() && !all.records.is_empty());
    assert_eq!((&numbers.scalars, &numbers.records), (&all.scalars, &all.records));
    assert_eq!((&numbers.dir, &numbers.config, &numbers.info.name), (&dir, &all.config, &all.info.name));
    assert!(numbers.spectra.is_empty() && numbers.blobs.is_empty());
}
