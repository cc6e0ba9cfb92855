//! `spectrum prune`: a checkpoint with the top or the bottom part of its singular values.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;

use common::safetensors::{Tensor, write};
use common::{program, spectrum};

/// diag(5, 4, 3) and a last layer.
fn network(path: &std::path::Path) {
    let diagonal = vec![5.0, 0.0, 0.0, 0.0, 4.0, 0.0, 0.0, 0.0, 3.0];
    let last = Tensor::f64(&[2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let bias = Tensor::f64(&[3], vec![0.0; 3]);
    write(path, &[("a.weight", Tensor::f64(&[3, 3], diagonal)), ("a.bias", bias), ("b.weight", last)]);
}

#[test]
fn a_part_is_written_shown_and_analysed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("net.safetensors");
    network(&file);
    let run = |args: &[&str]| {
        let mut command = program();
        command.current_dir(dir.path()).args(["prune", "net.safetensors"]).args(args);
        common::Done::of(command.output().unwrap())
    };
    let done = run(&["--keep", "top", "--json"]).ok().json();
    let layer = &done["prune"]["layers"][0];
    assert_eq!(done["prune"]["layers"].as_array().unwrap().len(), 1);
    assert_eq!(
        (layer["layer"].as_str(), layer["kept"].as_u64(), layer["of"].as_u64()),
        (Some("a.weight"), Some(2), Some(3))
    );
    assert!((layer["share"].as_f64().unwrap() - 41.0 / 50.0).abs() < 1e-14);
    assert_eq!((done["prune"]["last"].as_str(), done["prune"]["unchanged"].as_u64()), (Some("b.weight"), Some(2)));
    assert!(dir.path().join("net-top-0.5.safetensors").exists());

    // What was written is a checkpoint like any other: rank 2.
    let runs = dir.path().join("runs");
    let written = dir.path().join("net-top-0.5.safetensors");
    let read =
        spectrum(["analyze", written.to_str().unwrap(), "--out", runs.to_str().unwrap(), "--route", "svd", "--json"])
            .ok()
            .json();
    let records = read["records"].as_array().unwrap();
    let rank = records.iter().find(|r| r["layer"] == "a.weight" && r["metric"] == "rank").unwrap();
    assert_eq!(rank["value"].as_f64(), Some(2.0));

    let table = run(&["--keep", "bottom", "--fraction", "0.4", "--out", "low.safetensors"]).ok().stdout;
    for words in [
        "a.weight  matrix  3 x 3  1 of 3          0.1800",
        "the last layer: b.weight",
        "low.safetensors, 2 tensors as they were",
    ] {
        assert!(table.contains(words), "`{words}` is missing in\n{table}");
    }
    assert_eq!(run(&["--keep", "bottom", "--quiet", "--layers", "*"]).ok().stdout, "");
}

#[test]
fn bad_input_is_one_line_and_exit_2() {
    let dir = tempfile::tempdir().unwrap();
    let (file, out) = (dir.path().join("net.safetensors"), dir.path().join("out.safetensors"));
    network(&file);
    let refused = |args: &[&str], words: &[&str]| {
        let mut all = vec!["prune", file.to_str().unwrap(), "--out", out.to_str().unwrap()];
        all.extend(args);
        spectrum(all).one_error(2, words);
    };
    refused(&["--keep", "middle"], &["--keep", "`middle`", "top, bottom"]);
    for fraction in ["0", "-0.5", "1.5", "NaN"] {
        refused(&["--keep", "top", "--fraction", fraction], &["--fraction", fraction, "above 0 and at most 1"]);
    }
    refused(&["--keep", "top", "--layers", "c.*"], &["`c.*`", "matches none of the 2 matrices", "net.safetensors"]);
    refused(&["--keep", "top", "--last", "c"], &["`c`", "b.weight"]);
    assert!(!out.exists());
    fs::write(&out, "mine").unwrap();
    refused(&["--keep", "top"], &["out.safetensors exists", "--force"]);
    assert_eq!(fs::read_to_string(&out).unwrap(), "mine");
    spectrum(["prune", file.to_str().unwrap(), "--keep", "top", "--out", out.to_str().unwrap(), "--force"]).ok();
    assert_ne!(fs::read(&out).unwrap(), b"mine");
}
