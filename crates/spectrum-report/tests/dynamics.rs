//! The pictures of spectral dynamics: what of a run reaches the page, and that a run without their rows has none of them.

#![allow(clippy::unwrap_used)]

mod common;

use common::dynamics::{LAYERS, Plan, grokking, run};
use serde_json::Value;
use spectrum_core::{Blob, Kind, MatrixId, Reason, Record, Scalar, StepRows};
use spectrum_report::{RunData, layers, report_html, show};
use spectrum_store::RunWriter;

const PLACES: [&str; 5] = ["rank-accuracy", "rank-map", "alignments", "agreements", "parts"];

fn data(html: &str) -> Value {
    let (_, rest) = html.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

/// The places of pictures on a run's page, in their order.
fn places(run: &RunData) -> Vec<&'static str> {
    let html = report_html(std::slice::from_ref(run)).unwrap();
    let found = PLACES.into_iter().filter(|p| html.contains(&format!("<div id=\"{p}\"></div>"))).collect::<Vec<_>>();
    assert_eq!(html.contains("<section id=\"dynamics\">"), !found.is_empty(), "no heading above nothing");
    assert_eq!(html.contains("<a href=\"#dynamics\">"), !found.is_empty());
    found
}

fn small() -> Plan {
    Plan { steps: (0..=40).collect(), recorded: 4, ..grokking() }
}

/// RFC 4648, without its padding.
fn bytes(base64: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u8> = base64.bytes().filter(|c| *c != b'=').map(digit).collect();
    let groups = digits.chunks(4).flat_map(|q| {
        let word = q.iter().fold(0_u32, |w, d| w << 6 | u32::from(*d)) << (6 * (4 - q.len()));
        word.to_be_bytes()[1..q.len()].to_vec()
    });
    groups.collect()
}

#[test]
fn a_run_without_these_rows_has_none_of_it() {
    let quick = common::run(&common::quickstart());
    assert!(places(&quick).is_empty());
    let page = data(&report_html(&[quick]).unwrap());
    assert_eq!(
        page["runs"][0].as_object().unwrap().keys().collect::<Vec<_>>(),
        ["matrices", "name", "scalars"],
        "nothing more in the payload"
    );
}

#[test]
fn each_picture_stands_where_its_rows_are() {
    let whole = run(&small());
    assert_eq!(places(&whole), PLACES);
    let without = |change: fn(&mut RunData)| {
        let mut run = run(&small());
        change(&mut run);
        places(&run)
    };
    let all_but = |gone: &str| PLACES.into_iter().filter(|p| *p != gone).collect::<Vec<_>>();
    assert_eq!(without(|r| r.scalars.retain(|s| s.name != "effective_rank_mean")), all_but("rank-accuracy"));
    assert_eq!(without(|r| r.scalars.retain(|s| !s.name.contains("_0."))), all_but("parts"));
    assert_eq!(without(|r| r.blobs.retain(|b| !b.name.starts_with("agreement"))), all_but("agreements"));
    let no_ranks = |r: &mut RunData| r.records.retain(|r| r.metric != "effective_rank_normalized");
    assert_eq!(without(no_ranks), all_but("rank-map"));
    // One matrix is a curve among the measures; two are a map.
    let layers = |n: usize| {
        let mut run = run(&small());
        (run.blobs, run.scalars) = (Vec::new(), Vec::new());
        run.records.retain(|r| r.id.view == "matrix" && LAYERS[..n].iter().any(|l| l.0 == r.id.layer));
        places(&run)
    };
    assert_eq!((layers(1), layers(2)), (vec![], vec!["rank-map"]));
    // The records of a pair are enough for its curves.
    let curves = without(|r| r.blobs.clear());
    assert_eq!(curves, all_but("agreements"));
    assert!(places(&run(&Plan { steps: vec![0], ..small() })).is_empty(), "nothing over time in one step");
}

#[test]
fn diagonals_are_packed_to_within_their_rounding() {
    let made = run(&small());
    let page = data(&report_html(std::slice::from_ref(&made)).unwrap());
    let diagonals = page["runs"][0]["diagonals"].as_array().unwrap();
    // Four of five pairs, and three references of six matrices.
    assert_eq!(diagonals.len(), 4 + 18);
    for d in diagonals {
        let name = match d["of"].as_str().unwrap() {
            "alignment" => "alignment_diagonal".to_owned(),
            of => format!("agreement_diagonal_{of}"),
        };
        let k = d["k"].as_u64().unwrap() as usize;
        let steps = d["t"].as_array().unwrap();
        let cells = bytes(d["data"].as_str().unwrap());
        assert_eq!(cells.len(), k * steps.len());
        for (j, t) in steps.iter().enumerate() {
            let of = |b: &&Blob| {
                let id = &b.id;
                b.name == name && d["layer"] == id.layer.as_str() && d["view"] == id.view.as_str() && *t == id.step
            };
            let blob = made.blobs.iter().find(of).unwrap();
            assert_eq!(blob.rows, k);
            for (cell, v) in cells[j * k..].iter().zip(&blob.data) {
                assert!((f64::from(*cell) / 254.0 - v).abs() <= 0.5 / 254.0 + 1e-12, "{cell} for {v}");
            }
        }
    }
}

#[test]
fn long_diagonals_are_thinned_and_broken_ones_left_out() {
    let mut made = run(&Plan { steps: (0..=999).collect(), recorded: 1, fractions: &[], ..small() });
    let keep = |b: &Blob| b.name == "agreement_diagonal_initial" && b.id.layer == "decoder.weight";
    made.blobs.retain(keep);
    made.spectra.clear();
    for b in &mut made.blobs {
        (b.rows, b.data) = (150, vec![0.5; 150]);
    }
    made.blobs[3].data[7] = f64::NAN;
    (made.blobs[999].rows, made.blobs[999].data) = (2, vec![1.0, 0.0]);
    let broken = Blob { cols: 2, rows: 75, ..made.blobs[5].clone() };
    made.blobs.push(Blob { id: MatrixId { step: 1000, ..broken.id.clone() }, ..broken });
    let page = data(&report_html(&[made]).unwrap());
    let diagonals = page["runs"][0]["diagonals"].as_array().unwrap();
    assert_eq!(diagonals.len(), 1);
    let (d, steps) = (&diagonals[0], diagonals[0]["t"].as_array().unwrap());
    assert_eq!((&d["k"], &d["all"], steps.len()), (&Value::from(100), &Value::from(1000), 200));
    assert_eq!((&steps[0], &steps[199]), (&Value::from(0), &Value::from(999)));
    let cells = bytes(d["data"].as_str().unwrap());
    assert_eq!(cells.len(), 200 * 100);
    // The last diagonal is shorter than the others: what it does not have is no zero.
    assert_eq!(cells[199 * 100..199 * 100 + 4], [254, 0, 255, 255]);
}

#[test]
fn two_layers_that_meet_are_no_matrix() {
    let made = run(&small());
    let page = data(&report_html(std::slice::from_ref(&made)).unwrap());
    let of = |key: &str, field: &str| {
        let list = page["runs"][0][key].as_array().unwrap();
        list.iter().map(|m| m[field].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of("matrices", "layer").len(), LAYERS.len());
    assert!(of("matrices", "view").iter().all(|v| v == "matrix"));
    assert_eq!(of("pairs", "layer").len(), LAYERS.len() - 1);
    assert!(of("pairs", "second").contains(&"decoder.weight".to_owned()));
    assert!(!layers(&made, 200).contains("meets"));
    // By name the decoder comes before the embedding; the pairs say what feeds what.
    let order: Vec<&str> = page["runs"][0]["layers"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(order, LAYERS.map(|l| l.0));
}

#[test]
fn heads_stand_behind_their_parameter_and_after_whole_matrices_in_choosers() {
    const ROWS: [(&str, &str); 13] = [
        ("blocks.0.heads", "heads.k[0]"),
        ("blocks.0.heads", "heads.q[0]"),
        ("blocks.0.heads", "heads.q[10]"),
        ("blocks.0.heads", "heads.q[2]"),
        ("blocks.0.heads", "meets[blocks.0.heads:heads.k]"),
        ("blocks.0.in_proj.weight", "stacked"),
        ("blocks.0.out_proj.weight", "matrix"),
        ("blocks.0.out_proj.weight", "meets[decoder:0]"),
        ("blocks.0.projections", "heads.v[0]"),
        ("blocks.0.projections", "meets[blocks.0.out_proj.weight]"),
        ("decoder:0", "matrix"),
        ("embedding.weight", "matrix"),
        ("embedding.weight", "meets[blocks.0.in_proj.weight]"),
    ];
    let mut made = common::run(&common::quickstart());
    let row = |(layer, view): &(&str, &str)| Record {
        id: MatrixId { step: 1, layer: (*layer).to_owned(), kind: Kind::Weight, view: (*view).to_owned() },
        metric: "stable_rank".to_owned(),
        outcome: 0.5.into(),
    };
    let mut page = |rows: &[(&str, &str)]| {
        (made.spectra, made.blobs) = (Vec::new(), Vec::new());
        made.records = rows.iter().map(row).collect();
        data(&report_html(std::slice::from_ref(&made)).unwrap())["runs"][0].clone()
    };
    let all = |of: &Value, keys: [&str; 2]| {
        let words = |m: &Value| keys.map(|k| m[k].as_str().unwrap_or("-").to_owned()).join(" ");
        of.as_array().unwrap().iter().map(words).collect::<Vec<_>>()
    };
    let run = page(&ROWS);
    let matrices = [
        "embedding.weight matrix",
        "blocks.0.in_proj.weight stacked",
        "blocks.0.heads heads.k[0]",
        "blocks.0.heads heads.q[0]",
        "blocks.0.heads heads.q[2]",
        "blocks.0.heads heads.q[10]",
        "blocks.0.projections heads.v[0]",
        "blocks.0.out_proj.weight matrix",
        "decoder:0 matrix",
    ];
    assert_eq!(all(&run["matrices"], ["layer", "view"]), matrices);
    // The part behind the colon is the views of the second side, unless it belongs to the name of a layer.
    assert_eq!(
        all(&run["pairs"], ["second", "views"]),
        ["blocks.0.in_proj.weight -", "decoder:0 -", "blocks.0.heads heads.k", "blocks.0.out_proj.weight -"]
    );
    // Nothing says what these are heads of: after the whole matrices. A layer's own matrix stands before its heads.
    let orphans = [("a.heads", "heads.q[0]"), ("b.query", "heads.q[0]"), ("b.query", "matrix"), ("c", "flatten")];
    let order = ["b.query matrix", "b.query heads.q[0]", "c flatten", "a.heads heads.q[0]"];
    assert_eq!(all(&page(&orphans)["matrices"], ["layer", "view"]), order);
}

#[test]
fn the_threshold_of_generalisation_is_that_of_the_config() {
    let mut made = run(&small());
    let threshold =
        |run: &RunData| data(&report_html(std::slice::from_ref(run)).unwrap())["runs"][0]["threshold"].clone();
    assert_eq!(threshold(&made), Value::Null);
    made.config.push_str("[dynamics]\nthreshold = 0.75\n");
    assert_eq!(threshold(&made), Value::from(0.75));
}

#[test]
fn an_order_respects_every_pair_and_a_circle_ends() {
    let mut made = common::run(&common::quickstart());
    let weight = |layer: &str, view: &str| Record {
        id: MatrixId { step: 1, layer: layer.to_owned(), kind: Kind::Weight, view: view.to_owned() },
        metric: "alignment_score".to_owned(),
        outcome: 0.5.into(),
    };
    let mut order = |pairs: &[(&str, &str)]| {
        made.records = ["a", "b", "c", "d", "e"].map(|l| weight(l, "matrix")).to_vec();
        made.records.extend(pairs.iter().map(|(first, second)| weight(first, &format!("meets[{second}]"))));
        made.spectra.clear();
        made.blobs.clear();
        let page = data(&report_html(std::slice::from_ref(&made)).unwrap());
        page["runs"][0]["layers"].as_array().unwrap().iter().map(|l| l.as_str().unwrap().to_owned()).collect::<String>()
    };
    assert_eq!(order(&[("e", "a"), ("a", "d")]), "bcead");
    assert_eq!(order(&[("c", "b"), ("b", "a"), ("e", "d")]), "cbaed");
    assert_eq!(order(&[("a", "b"), ("b", "a"), ("d", "c"), ("a", "a")]), "dceab");
    assert_eq!(order(&[("a", "nowhere")]), "abcde");
}

#[test]
fn shown_tables_have_the_recorded_steps_and_the_reasons() {
    let mut made = run(&Plan { decay: false, steps: (0..=4999).collect(), recorded: 49, ..grokking() });
    let why = Reason::NotApplicable("the test accuracy never passes 0.9".into());
    made.scalars.push(Scalar { step: 4999, name: "generalization_step".into(), outcome: why.into() });
    let text = show::tables(&made, 100);
    assert!(text.lines().all(|l| l.chars().count() <= 100), "{text}");
    // Scalars are written at every step and the others at every 49th: those columns say most.
    let row = text.lines().find(|l| l.trim_start().starts_with("test_accuracy_top_0.25")).unwrap();
    assert!(row.split_whitespace().count() >= 5, "{row}");
    assert!(text.contains("no generalization_step at step 4999: NotApplicable: the test accuracy never passes 0.9"));
    assert!(text.contains("mlp.2.weight · weight · meets[decoder.weight]"));
}

#[test]
fn names_of_pairs_stay_text() {
    const EVIL: &str = "</script><img src=x onerror=alert(2)>]";
    let mut made = run(&small());
    for id in made.records.iter_mut().map(|r| &mut r.id).chain(made.blobs.iter_mut().map(|b| &mut b.id)) {
        if id.view.starts_with("meets[") {
            id.view = format!("meets[{EVIL}]");
        }
    }
    let html = report_html(&[made]).unwrap();
    assert!(!html.contains("<img"));
    assert_eq!(data(&html)["runs"][0]["pairs"][0]["second"], EVIL);
}

#[test]
fn a_stored_run_brings_its_diagonals_and_a_light_page() {
    let made = run(&Plan { steps: (0..=2000).collect(), recorded: 10, fractions: &[0.5], ..grokking() });
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let mut writer = RunWriter::create(&dir, &made.info, &made.config).unwrap();
    for step in 0..=2000 {
        let rows = StepRows {
            step,
            scalars: made.scalars.iter().filter(|s| s.step == step).cloned().collect(),
            records: made.records.iter().filter(|r| r.id.step == step).cloned().collect(),
            spectra: made.spectra.iter().filter(|s| s.id.step == step).cloned().collect(),
            blobs: made.blobs.iter().filter(|b| b.id.step == step).cloned().collect(),
        };
        writer.write_step(&rows).unwrap();
    }
    writer.finish(&made.info).unwrap();
    let read = RunData::read(&dir).unwrap();
    assert_eq!(read.blobs.len(), made.blobs.len());
    let html = report_html(&[read]).unwrap();
    assert_eq!(data(&html)["runs"][0]["diagonals"].as_array().unwrap().len(), 22);
    assert!(html.len() < 3_000_000, "{} bytes", html.len());
}
