//! `spectrum sweep`: the grid of a config, and the same tables however it came about.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Bench, TINY, name, spectrum};

const GRID: &str = "\n[sweep]\n\"optimizer.lr\" = [0.01, 0.1]\nseed = [0, 1]\n";

/// The sweep's own folder.
fn folder(bench: &Bench) -> PathBuf {
    bench.runs().into_iter().find(|r| name(r).contains("-sweep-")).unwrap()
}

fn tables(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let files = ["sweep.toml", "table.csv", "table.json", "steps.csv", "summary.csv", "report.html"];
    files.map(|f| (f.to_owned(), fs::read(folder.join(f)).unwrap())).to_vec()
}

fn sweep(bench: &Bench, args: &[&str]) -> common::Done {
    let mut all = vec!["sweep", bench.config_name(), "--out", bench.out.to_str().unwrap()];
    all.extend(args);
    spectrum(all)
}

#[test]
fn done_points_are_skipped_and_missing_ones_give_the_same_bytes() {
    let bench = Bench::new(&format!("{TINY}{GRID}"));
    let done = sweep(&bench, &[]).ok();
    assert!(done.stdout.contains("4 points over optimizer.lr, seed: 0 done before"), "{}", done.stdout);
    let before = tables(&folder(&bench));
    let done = sweep(&bench, &["--jobs", "2"]).ok();
    assert!(done.stdout.contains("4 done before"), "{}", done.stdout);
    assert_eq!(tables(&folder(&bench)), before);
    // A lost run is done again.
    let lost = bench.runs().into_iter().find(|r| name(r).starts_with("tiny-1-")).unwrap();
    fs::remove_dir_all(lost).unwrap();
    let done = sweep(&bench, &["--jobs", "2", "--json"]).ok();
    assert!(done.json().is_object() || done.json().is_array());
    assert_eq!(tables(&folder(&bench)), before);
    // A point by itself, as a task of a job does it.
    let lost = bench.runs().into_iter().find(|r| name(r).starts_with("tiny-0-")).unwrap();
    fs::remove_dir_all(lost).unwrap();
    for index in 0..4 {
        sweep(&bench, &["--point", &index.to_string()]).ok();
    }
    sweep(&bench, &["--collect", "--quiet"]).ok();
    assert_eq!(tables(&folder(&bench)), before);
}

#[test]
fn a_grid_that_cannot_be_run_is_refused_before_anything_runs() {
    let refused = |text: &str, args: &[&str], words: &[&str]| {
        let bench = Bench::new(text);
        let done = sweep(&bench, args);
        done.one_error(2, words);
        assert!(bench.runs().is_empty(), "something was left behind");
    };
    refused(TINY, &[], &["sweep"]);
    refused(&format!("{TINY}\n[sweep]\n\"optimizer.lr\" = []\n"), &[], &["optimizer.lr"]);
    refused(&format!("{TINY}\n[sweep]\n\"optimizer.rate\" = [0.1]\n"), &[], &["optimizer.rate"]);
    refused(&format!("{TINY}{GRID}"), &["--set", "seed=3"], &["seed"]);
    refused(&format!("{TINY}{GRID}"), &["--engine", "pbs"], &["pbs", "local, slurm"]);
    refused(&format!("{TINY}{GRID}"), &["--point", "9"], &["9"]);
}
