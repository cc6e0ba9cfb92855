//! `spectrum analyze`: a checkpoint becomes an ordinary run directory, with the hook's numbers.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;

use serde_json::Value;

use common::safetensors::{Tensor, write};
use common::{Bench, TINY, show, spectrum, tree};

/// A matrix of small whole numbers, without much structure.
fn matrix(rows: usize, cols: usize, seed: u64) -> Tensor {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % 2001) as f64 / 1000.0 - 1.0
    };
    Tensor::f64(&[rows, cols], (0..rows * cols).map(|_| next()).collect())
}

fn analyze(file: &Path, out: &Path, args: &[&str]) -> Value {
    let mut all = vec!["analyze", file.to_str().unwrap(), "--out", out.to_str().unwrap(), "--json"];
    all.extend(args);
    spectrum(all).ok().json()
}

/// Metric, value and reason of every record of a layer's matrix.
fn records(document: &Value, layer: &str, kind: &str, step: u64) -> Vec<(String, Value, Value)> {
    let all = document["records"].as_array().unwrap().iter();
    let of = all.filter(|r| r["layer"] == layer && r["kind"] == kind && r["step"] == step);
    of.map(|r| (r["metric"].as_str().unwrap().to_owned(), r["value"].clone(), r["reason"].clone())).collect()
}

#[test]
fn the_numbers_of_a_checkpoint_are_the_hooks_to_the_last_bit() {
    let bench = Bench::new(TINY);
    let run = bench.finished(&["--tensors", "--set", "spectra.nulls=false"]);
    let live = show(&run);
    let read = analyze(&run.join("tensors.safetensors"), &bench.out, &["--layers", "*.hidden.weight"]);
    for (name, step) in [("initial.hidden.weight", 0), ("final.hidden.weight", 3)] {
        let hook = records(&live, "hidden.weight", "weight", step);
        let file = records(&read, name, "weight", 0);
        let mut compared = 0;
        for (metric, value, reason) in &hook {
            // What only a run knows: its teacher, W_0, and which layers meet.
            let run_only = metric.starts_with("teacher_") || metric.starts_with("alignment_");
            if run_only || ["outliers_initial", "initial_distance"].contains(&metric.as_str()) {
                continue;
            }
            let theirs = file.iter().find(|(m, ..)| m == metric);
            let Some((_, v, r)) = theirs else { panic!("the file has no {metric}") };
            assert_eq!((value, reason), (v, r), "{metric} of {name}");
            compared += usize::from(!value.is_null());
        }
        assert!(compared > 15, "{compared} numbers of {name}: {file:?}");
    }
}

#[test]
fn an_analysis_is_an_ordinary_run_directory() {
    let bench = Bench::new(TINY);
    let file = bench.dir.path().join("net.safetensors");
    write(
        &file,
        &[
            ("a.weight", matrix(40, 30, 1)),
            ("a.bias", Tensor::f64(&[30], vec![0.0; 30])),
            ("b.weight", matrix(20, 40, 2)),
        ],
    );
    let document = analyze(&file, &bench.out, &["--export", "csv"]);
    assert_eq!(document["checkpoint"]["checkpoint"][0]["container"], "safetensors");
    assert_eq!(document["checkpoint"]["left_out"][0]["name"], "1 tensors");
    let run = bench.only_run();
    assert_eq!(document["records"], show(&run)["records"]);
    for file in ["config.toml", "run.sqlite", "report.html", "export/records.csv"] {
        assert!(run.join(file).exists(), "{file}");
    }
    // The same again is found, not repeated; --force gives the same bytes.
    let before = tree(&run.join("export"));
    let again = spectrum(["analyze", file.to_str().unwrap(), "--out", bench.out.to_str().unwrap()]).ok();
    assert!(again.stdout.contains("analysed before"), "{}", again.stdout);
    assert!(again.stdout.contains("left out: 1 tensors: fewer than two axes"), "{}", again.stdout);
    analyze(&file, &bench.out, &["--export", "csv", "--force", "--jobs", "3"]);
    assert_eq!(tree(&run.join("export")), before);
}

#[test]
fn a_base_leaves_the_difference() {
    let bench = Bench::new(TINY);
    let (base, tuned) = (bench.dir.path().join("base.safetensors"), bench.dir.path().join("tuned.safetensors"));
    let w = matrix(30, 20, 3);
    // A rank-one merge: 2 in the first row.
    let mut merged = w.clone();
    merged.values.iter_mut().take(20).for_each(|x| *x += 2.0);
    write(&base, &[("w", w)]);
    write(&tuned, &[("w", merged), ("new", matrix(4, 4, 4))]);
    let document = analyze(&tuned, &bench.out, &["--base", base.to_str().unwrap()]);
    let found = records(&document, "w", "displacement", 0);
    let value = |metric: &str| found.iter().find(|(m, ..)| m == metric).unwrap().1.as_f64().unwrap();
    // One singular value, sqrt(20 * 4).
    assert!((value("spectral_norm") - 80f64.sqrt()).abs() < 1e-12);
    assert!((value("stable_rank") - 1.0).abs() < 1e-12);
    let left: Vec<&Value> = document["checkpoint"]["left_out"].as_array().unwrap().iter().collect();
    assert_eq!(left[0]["why"], "the base does not have it");
}

#[test]
fn checkpoints_in_order_are_a_time_series_with_agreement() {
    let bench = Bench::new(TINY);
    let folder = bench.dir.path().join("saved");
    fs::create_dir(&folder).unwrap();
    let w = matrix(30, 20, 5);
    for (step, factor) in [(2, 1.0), (10, 3.0)] {
        let scaled = Tensor::f64(&[30, 20], w.values.iter().map(|x| factor * x).collect());
        write(&folder.join(format!("step-{step}.safetensors")), &[("w", scaled)]);
    }
    let document = analyze(&folder, &bench.out, &[]);
    let (first, second) = (records(&document, "w", "weight", 2), records(&document, "w", "weight", 10));
    assert!(!first.is_empty() && !first.iter().any(|(m, ..)| m.starts_with("agreement")));
    for metric in ["agreement_left", "agreement_score", "subspace_agreement_right"] {
        let value = second.iter().find(|(m, ..)| m == metric).unwrap().1.as_f64().unwrap();
        assert!((value - 1.0).abs() < 1e-10, "{metric} of a scaled matrix: {value}");
    }
}

#[test]
fn views_of_kernels_and_gates_are_picked() {
    let bench = Bench::new(TINY);
    let file = bench.dir.path().join("views.safetensors");
    let kernel = Tensor::f64(&[4, 3, 2, 2], (0..48).map(|k| f64::from(k % 7) - 3.0).collect());
    write(
        &file,
        &[("conv.weight", kernel), ("lstm.weight_ih_l0", matrix(16, 5, 6)), ("lstm.weight_hh_l0", matrix(16, 4, 7))],
    );
    let views = |document: &Value| {
        let mut views: Vec<String> = Vec::new();
        for r in document["records"].as_array().unwrap() {
            let view = format!("{} {}", r["layer"].as_str().unwrap(), r["view"].as_str().unwrap());
            if !views.contains(&view) {
                views.push(view);
            }
        }
        views
    };
    let usual = views(&analyze(&file, &bench.out, &[]));
    assert_eq!(usual, ["conv.weight flatten", "lstm.weight_hh_l0 stacked", "lstm.weight_ih_l0 stacked"]);
    let picked = views(&analyze(&file, &bench.out, &["--views", "positions,gates", "--layers", "conv*,*ih*"]));
    assert_eq!(picked.len(), 4 + 4, "{picked:?}");
    assert!(
        picked.contains(&"conv.weight positions[1,0]".to_owned())
            && picked.contains(&"lstm.weight_ih_l0 gates.forget".to_owned())
    );
}

/// NaN, infinity, zero, constant, 1 x 1, 0 x n, rank one: each has its reasons, and the others their numbers.
#[test]
fn layers_without_an_answer_say_why() {
    let bench = Bench::new(TINY);
    let file = bench.dir.path().join("odd.safetensors");
    let constant = |v: f64| Tensor::f64(&[12, 10], vec![v; 120]);
    let rank_one = Tensor::f64(&[12, 10], (0..120).map(|k| f64::from((k / 10 + 1) * (k % 10 + 1))).collect());
    write(
        &file,
        &[
            ("constant", constant(0.5)),
            ("empty", Tensor::f64(&[0, 10], vec![])),
            ("good", matrix(40, 30, 8)),
            ("infinite", constant(f64::INFINITY)),
            ("nan", constant(f64::NAN)),
            ("one", Tensor::f64(&[1, 1], vec![3.0])),
            ("rank_one", rank_one),
            ("zero", constant(0.0)),
        ],
    );
    let document = analyze(&file, &bench.out, &[]);
    let find = |layer: &str, metric: &str| {
        let all = records(&document, layer, "weight", 0);
        let (_, value, reason) =
            all.iter().find(|(m, ..)| m == metric).unwrap_or_else(|| panic!("{layer} {metric}")).clone();
        (value.as_f64(), reason.as_str().map(|r| r.split(':').next().unwrap().to_owned()))
    };
    for r in document["records"].as_array().unwrap() {
        assert_eq!(r["value"].is_null(), !r["reason"].is_null(), "{r}");
    }
    assert!(find("good", "alpha").0.is_some());
    assert_eq!(find("nan", "alpha"), (None, Some("NotFinite".into())));
    assert_eq!(find("infinite", "spectral_norm"), (None, Some("NotFinite".into())));
    assert_eq!(find("zero", "stable_rank"), (None, Some("Degenerate".into())));
    assert_eq!(find("one", "spectral_norm"), (Some(3.0), None));
    for layer in ["constant", "rank_one", "zero", "one", "empty"] {
        let (value, reason) = find(layer, "alpha");
        assert!(value.is_none() && reason.is_some(), "{layer}");
        let (value, reason) = find(layer, "training_warning");
        assert!(value.is_none() && reason.is_some(), "a failed fit warns of nothing: {layer}");
    }
}
