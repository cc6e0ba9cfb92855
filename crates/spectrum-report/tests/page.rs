//! The page as a whole: what is in it, and what can never be.

#![allow(clippy::unwrap_used)]

mod common;

use common::Plan;
use serde_json::Value;
use spectrum_core::{Blob, Kind, MatrixId, Outcome, Reason, Scalar};
use spectrum_report::{ReportError, report_html, write_report};
use spectrum_store::Status;

/// The data inside the page.
fn data(html: &str) -> Value {
    let (_, rest) = html.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn a_page_needs_nothing_but_itself() {
    let html = report_html(&[common::run(&common::quickstart())]).unwrap();
    // The one address is SVG's namespace, which names and does not load.
    let rest = html.replace("http://www.w3.org/2000/svg", "");
    for outside in
        ["http:", "https:", "//cdn", "src=", "@import", "url(", "<link rel=\"stylesheet\"", "fetch(", "XMLHttpRequest"]
    {
        assert!(!rest.contains(outside), "{outside}");
    }
    assert!(!html.contains("{{"), "an unfilled place");
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let plan = common::quickstart();
    assert_eq!(report_html(&[common::run(&plan)]).unwrap(), report_html(&[common::run(&plan)]).unwrap());
}

#[test]
fn a_kernels_law_is_on_its_page() {
    let mut run = common::run(&common::quickstart());
    let mut kernel = run.spectra[0].clone();
    kernel.id.kind = Kind::Ck;
    let curve = |step, x: f64| Blob {
        id: MatrixId { step, ..kernel.id.clone() },
        name: "law".into(),
        rows: 3,
        cols: 2,
        data: vec![0.0, x, 2.0 * x, 0.0, 1.0, 0.0],
    };
    // One that is no curve is left alone; the newest holds.
    let broken = Blob { cols: 1, data: vec![1.0; 3], ..curve(7, 9.0) };
    run.blobs.extend([curve(0, 1.0), curve(5, 3.0), broken]);
    run.spectra.push(kernel.clone());
    let data = data(&report_html(&[run]).unwrap());
    let matrices = data["runs"][0]["matrices"].as_array().unwrap();
    let of =
        |kind: &str| matrices.iter().find(|m| m["kind"] == kind && m["layer"] == kernel.id.layer.as_str()).unwrap();
    assert_eq!(of("ck")["law"]["step"], 5);
    // base64.b64encode(struct.pack("<3f", 0, 3, 6)) and of 0, 1, 0.
    assert_eq!(
        (&of("ck")["law"]["x"], &of("ck")["law"]["density"]),
        (&"AAAAAAAAQEAAAMBA".into(), &"AAAAAAAAgD8AAAAA".into())
    );
    assert!(of("weight")["law"].is_null());
}

#[test]
fn hostile_names_stay_text() {
    const EVIL: &str = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&";
    let mut run = common::run(&common::quickstart());
    run.info.name = EVIL.into();
    run.info.status = Status::Failed;
    run.info.message = Some(EVIL.into());
    run.config = format!("name = '''{EVIL}'''\n# {{{{data}}}}");
    run.records.iter_mut().for_each(|r| r.id.layer = EVIL.into());
    run.spectra.iter_mut().for_each(|s| s.id.layer = EVIL.into());
    run.scalars.push(Scalar { step: 0, name: EVIL.into(), outcome: Reason::NotApplicable(EVIL.into()).into() });
    for runs in [vec![run.clone()], vec![run.clone(), run]] {
        let html = report_html(&runs).unwrap();
        assert!(!html.contains("<img"), "an element out of a name");
        assert!(!html.contains("<script>alert"), "a script out of a name");
        // The page's own two scripts and no more.
        assert_eq!(html.matches("<script").count(), 2);
        assert_eq!(html.matches("</script>").count(), 2);
        assert_eq!(data(&html)["runs"][0]["matrices"][0]["layer"], EVIL);
    }
}

#[test]
fn spectra_are_thinned_to_what_a_slider_can_hold() {
    let plan = Plan { layers: &[("hidden.weight", 12, 8)], steps: (0..1500).collect(), ..common::quickstart() };
    let html = report_html(&[common::run(&plan)]).unwrap();
    let data = data(&html);
    let weight = &data["runs"][0]["matrices"][0];
    assert_eq!(weight["kind"], "weight");
    let spectra = &weight["spectra"];
    let steps = spectra["t"].as_array().unwrap();
    assert_eq!((steps.len(), &spectra["all"]), (200, &Value::from(1500)));
    assert_eq!((&steps[0], &steps[199]), (&Value::from(0), &Value::from(1499)));
    // 200 spectra of 8 values of 4 bytes, four base64 letters for three bytes, padded.
    assert_eq!(spectra["data"].as_str().unwrap().len(), (200 * 8 * 4usize).div_ceil(3) * 4);
    assert_eq!(spectra["facts"]["mp_edge"].as_array().unwrap().len(), 200);
    assert!(weight["metrics"]["gini"]["t"].as_array().unwrap().len() <= 600);
    assert!(html.contains("of ${s.all} recorded spectra"), "the page says that it is thinned");
}

#[test]
fn a_missing_value_is_a_gap_with_its_reason() {
    let mut run = common::run(&common::quickstart());
    let why = Reason::NotFinite;
    for s in run.scalars.iter_mut().filter(|s| s.name == "test_loss" && s.step >= 9) {
        s.outcome = Outcome::Missing(why.clone());
    }
    let html = report_html(&[run]).unwrap();
    let data = data(&html);
    let loss = &data["runs"][0]["scalars"]["test_loss"];
    assert_eq!(loss["v"].as_array().unwrap().len(), 11);
    assert!(loss["v"][9].is_null() && loss["v"][10].is_null() && loss["v"][8].is_f64());
    assert_eq!(loss["why"], serde_json::json!({"NotFinite": [9, 10]}));
    assert!(html.contains("<td>scalar</td><td>test_loss</td><td>9 to 10 (2 recorded)</td><td>NotFinite</td>"));
}

#[test]
fn scalars_of_one_step_are_numbers_and_no_curves() {
    let run = common::run(&common::quickstart());
    let numbers = |runs: &[spectrum_report::RunData]| data(&report_html(runs).unwrap())["numbers"].clone();
    assert_eq!(
        numbers(std::slice::from_ref(&run)),
        serde_json::json!(["initial_kernel_test_loss", "linear_test_loss"])
    );
    let mut more = run.clone();
    let mut put = |step, name: &str, outcome| more.scalars.push(Scalar { step, name: name.into(), outcome });
    put(10, "rank_lag", Outcome::Missing(Reason::NotApplicable("the rank does not fall".into())));
    put(10, "data_bound", 1.5.into());
    put(3, "linear_test_loss", 0.8.into());
    assert_eq!(
        numbers(std::slice::from_ref(&more)),
        serde_json::json!(["data_bound", "initial_kernel_test_loss", "rank_lag"])
    );
    // What one run has a curve of is a curve beside another run too.
    assert_eq!(numbers(&[run, more]), serde_json::json!(["data_bound", "initial_kernel_test_loss", "rank_lag"]));
}

#[test]
fn a_run_without_spectra_or_rows_is_a_page_too() {
    let mut run = common::run(&common::quickstart());
    (run.spectra, run.blobs) = (Vec::new(), Vec::new());
    report_html(std::slice::from_ref(&run)).unwrap();
    (run.records, run.scalars) = (Vec::new(), Vec::new());
    assert!(report_html(&[run]).unwrap().contains("No value is missing."));
}

#[test]
fn facts_are_told_with_their_units() {
    let html = report_html(&[common::run(&common::quickstart())]).unwrap();
    for (name, text) in [("Recording overhead", "3.3 % of training time"), ("Wall time", "12.3 s"), ("Seed", "0")] {
        assert!(html.contains(&format!("<td class=\"key\">{name}</td><td>{text}</td>")), "{name}");
    }
}

#[test]
fn a_page_is_replaced_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    std::fs::write(&path, "old").unwrap();
    let run = common::run(&common::quickstart());
    write_report(std::slice::from_ref(&run), &path).unwrap();
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("<!DOCTYPE html>"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing left beside it");

    let nowhere = folder.path().join("no").join("report.html");
    let error = write_report(&[run], &nowhere).unwrap_err();
    assert!(matches!(error, ReportError::Write { .. }) && error.to_string().contains("report.html"), "{error}");
    assert!(matches!(write_report(&[], &path), Err(ReportError::NoRuns)));
}
