//! What a run leaves behind, and what the same command does the second time.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use common::{
    Bench, Done, TINY, assert_same_rows, export, metric, name, program, rows, scalar, show, singular_values, tree,
};
use serde_json::Value;

#[test]
fn a_run_leaves_config_rows_checkpoint_and_report() {
    let bench = Bench::new(TINY);
    let run = bench.finished(&[]);
    let files = tree(&run);
    for file in
        ["config.toml", "run.sqlite", "report.html", "checkpoint/step-3/model.bpk", "checkpoint/step-3/state.json"]
    {
        assert!(files.get(file).is_some_and(|f| !f.is_empty()), "{file} is missing in {:?}", files.keys());
    }
    assert!(files.contains_key("checkpoint/step-3/optimizer.bpk"));
    for end in [".tmp", ".old", "-wal", "-shm", "-journal"] {
        assert!(!files.keys().any(|f| f.trim_end_matches('/').ends_with(end)), "leftovers in {:?}", files.keys());
    }
    assert!(!files.contains_key("tensors.safetensors"), "tensors are written only where they are asked for");
    let report = String::from_utf8(files["report.html"].clone()).unwrap();
    assert!(report.starts_with("<!doctype html>") || report.starts_with("<!DOCTYPE html>"), "{:.60}", report);
    for outside in ["src=\"http", "href=\"http", "@import", "url(http"] {
        assert!(!report.contains(outside), "the report loads something: {outside}");
    }
}

#[test]
fn the_resolved_config_leads_to_the_same_run() {
    let bench = Bench::new(TINY);
    let run = bench.finished(&[]);
    let resolved = fs::read_to_string(run.join("config.toml")).unwrap();
    for default in ["seed = 0", "backend = \"flex\"", "precision = \"f32\"", "link = \"softplus\"", "route = \"gram\""]
    {
        assert!(resolved.contains(default), "`{default}` is not written out:\n{resolved}");
    }
    let again = Bench::new(&resolved);
    let second = again.finished(&[]);
    assert_eq!(name(&run), name(&second));
    assert_eq!(fs::read_to_string(second.join("config.toml")).unwrap(), resolved);
    assert_same_rows(&export(&run), &export(&second));
}

#[test]
fn the_sweep_table_is_no_part_of_a_run() {
    let plain = Bench::new(TINY).finished(&[]);
    let swept = Bench::new(&format!("{TINY}\n[sweep]\n\"optimizer.lr\" = [0.1, 1.0]\n")).finished(&[]);
    assert_eq!(name(&plain), name(&swept));
}

#[test]
fn show_has_the_documented_form() {
    let bench = Bench::new(TINY);
    let run = bench.finished(&["--set", "spectra.kinds=['weight','update','displacement','gradient']"]);
    let shown = show(&run);
    let keys = |v: &Value| v.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let set = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(keys(&shown), set(&["run", "scalars", "records"]));
    let facts = &shown["run"];
    for (key, value) in [("name", "tiny"), ("backend", "flex"), ("precision", "f32"), ("status", "finished")] {
        assert_eq!(facts[key], value);
    }
    assert_eq!((facts["seed"].as_u64(), facts["steps_done"].as_u64()), (Some(0), Some(3)));
    assert_eq!(facts["dir"], run.to_str().unwrap());
    assert!(facts["recording_overhead"].as_f64().is_some_and(|x| x >= 0.0));
    // 30 x 20 hidden weights train; the readout is frozen but counted.
    assert_eq!(facts["parameters"], 30 * 20 + 30);
    let mut missing = 0;
    for row in shown["scalars"].as_array().unwrap() {
        let expected =
            if row["value"].is_null() { &["step", "name", "value", "reason"][..] } else { &["step", "name", "value"] };
        assert_eq!(keys(row), set(expected));
    }
    for row in shown["records"].as_array().unwrap() {
        assert_eq!(keys(row), set(&["step", "layer", "kind", "view", "metric", "value", "reason"]));
        assert_eq!(row["value"].is_null(), row["reason"].is_string(), "{row}");
        missing += usize::from(row["value"].is_null());
    }
    // A readout of one row has too few values for a tail: both sides of the rule above occur.
    assert!(missing > 0);
    let scalars: BTreeSet<&str> =
        shown["scalars"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    let documented =
        ["train_loss", "test_loss", "test_r2", "learning_rate", "linear_test_loss", "initial_kernel_test_loss"];
    assert_eq!(scalars, documented.into_iter().collect());
    assert_eq!(scalar(&shown, "learning_rate"), [(1, Some(0.1)), (2, Some(0.1)), (3, Some(0.1))].into());
    assert_eq!(scalar(&shown, "train_loss").into_keys().collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!(scalar(&shown, "test_loss").into_keys().collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!(scalar(&shown, "linear_test_loss").into_keys().collect::<Vec<_>>(), [0]);

    // `run --json` ends with the same document and nothing else.
    let args = ["run", bench.config_name(), "--out", bench.out.to_str().unwrap(), "--json"];
    let kinds = ["--set", "spectra.kinds=['weight','update','displacement','gradient']"];
    let ran = Done::of(program().args(args).args(kinds).output().unwrap()).ok();
    assert_eq!(ran.json(), shown);
}

/// Every number is a metric that METRICS.md lists.
#[test]
fn every_metric_is_documented() {
    let bench = Bench::new(TINY);
    let run = bench.finished(&["--set", "spectra.kinds=['weight','update','displacement','gradient']"]);
    let shown = show(&run);
    let table = fs::read_to_string(common::package().join("../METRICS.md")).unwrap();
    let names = shown["records"].as_array().unwrap().iter().map(|r| r["metric"].as_str().unwrap());
    let names = names.chain(shown["scalars"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()));
    for name in names.collect::<BTreeSet<_>>() {
        assert!(table.contains(&format!("| `{name}` |")), "{name} is not in METRICS.md");
    }
}

#[test]
fn the_same_config_gives_the_same_bytes() {
    for place in [["flex", "f32"], ["flex", "f64"], ["ndarray", "f32"]] {
        let args = ["--backend", place[0], "--set", &format!("precision={}", place[1])];
        let exports = [(); 2].map(|()| export(&Bench::new(TINY).finished(&args)));
        assert_same_rows(&exports[0], &exports[1]);
    }
}

#[test]
fn the_number_of_workers_changes_no_byte() {
    let kinds = "spectra.kinds=['weight','update','displacement','gradient']";
    let with = |workers: &str, queue: &str| {
        export(&Bench::new(TINY).finished(&["--set", kinds, "--set", workers, "--set", queue]))
    };
    let one = with("spectra.workers=1", "spectra.queue=1");
    assert_same_rows(&one, &with("spectra.workers=3", "spectra.queue=1"));
    assert_same_rows(&one, &with("spectra.workers=3", "spectra.queue=64"));
}

#[test]
fn a_finished_run_is_found_and_force_repeats_it() {
    let bench = Bench::new(TINY);
    let run = bench.finished(&[]);
    let before = tree(&run);
    let out = bench.out.to_str().unwrap();
    let call = |args: &[&str]| {
        Done::of(program().args(["run", bench.config_name(), "--out", out]).args(args).output().unwrap()).ok()
    };
    for args in [&[][..], &["--resume"]] {
        let found = call(args).stdout;
        assert!(
            found.contains("--force") && found.contains("train_loss") && found.contains(run.to_str().unwrap()),
            "{found}"
        );
        assert_eq!(tree(&run), before, "{args:?} changed a finished run");
    }
    let started = show(&run)["run"]["started_unix"].as_f64().unwrap();
    let rows = export(&run);
    let repeated = call(&["--force"]).stdout;
    assert!(!repeated.contains("--force"), "{repeated}");
    assert!(show(&run)["run"]["started_unix"].as_f64().unwrap() > started);
    assert_same_rows(&rows, &export(&run));
    assert_eq!(bench.only_run(), run);
}

#[test]
fn overrides_seed_and_backend_make_other_runs() {
    let bench = Bench::new(TINY);
    let plain = bench.finished(&[]);
    let seed = bench.finished(&["--seed", "7"]);
    let backend = bench.finished(&["--backend", "ndarray"]);
    let set = bench.finished(&["--set", "training.steps=2", "--set", "name=other"]);
    // <name>-<seed>-<backend>-<hash>, and the hash is that of everything else.
    let hash = |run: &Path| name(run).rsplit('-').next().unwrap().to_owned();
    assert_eq!(name(&plain), format!("tiny-0-flex-{}", hash(&plain)));
    assert_eq!(name(&seed), format!("tiny-7-flex-{}", hash(&plain)));
    assert_eq!(name(&backend), format!("tiny-0-ndarray-{}", hash(&plain)));
    assert_eq!(name(&set), format!("other-0-flex-{}", hash(&set)));
    assert_ne!(hash(&set), hash(&plain));
    let digest = |run: &Path| show(run)["run"]["initial_weights_sha256"].as_str().unwrap().to_owned();
    assert_eq!(digest(&plain), digest(&backend));
    assert_eq!(digest(&plain), digest(&set));
    assert_ne!(digest(&plain), digest(&seed));
    let shown = show(&seed);
    assert_ne!(scalar(&shown, "test_loss")[&0], scalar(&show(&plain), "test_loss")[&0], "another seed, other data");
    assert_eq!(shown["run"]["seed"], 7);
    assert_eq!(show(&backend)["run"]["backend"], "ndarray");
    assert_eq!(scalar(&show(&set), "train_loss").len(), 3);
    // A shorter run is the beginning of a longer one.
    let beginning = |run: &Path| scalar(&show(run), "train_loss").into_iter().take(3).collect::<Vec<_>>();
    assert_eq!(beginning(&plain), beginning(&set));
}

#[test]
fn precision_reaches_the_numbers() {
    let bench = Bench::new(TINY);
    let (single, double) = (bench.finished(&[]), bench.finished(&["--set", "precision=f64"]));
    let loss = |run: &Path| scalar(&show(run), "train_loss")[&3].unwrap();
    let (a, b) = (loss(&single), loss(&double));
    assert_eq!(show(&double)["run"]["precision"], "f64");
    assert!(a != b && (a - b).abs() < 1e-3 * b, "{a} {b}");
    assert_eq!(f64::from(a as f32), a, "an f32 loss is an f32 number");
    assert_ne!(f64::from(b as f32), b, "an f64 loss is none");
}

/// Step t: weights and displacement belong to W_t, update and gradient are those that produced W_t, so step 0 has
/// neither of the last three. At step 1 update and displacement are one matrix, and GD's update is rate times gradient.
#[test]
fn kinds_follow_the_step_index_rule() {
    let text = TINY.replace("kind = \"adam\"\nlr = 0.1", "kind = \"sgd\"\nlr = 0.5");
    let kinds = "spectra.kinds=['weight','update','displacement','gradient']";
    // In f64, so that the update, a difference of weights, keeps ten digits.
    let bench = Bench::new(&text);
    let run = bench.finished(&["--set", kinds, "--set", "precision=f64", "--set", "spectra.route=svd"]);
    let rows = rows(&export(&run));
    let of = |kind| singular_values(&rows, "hidden.weight", kind);
    let (weight, update, displacement, gradient) = (of("weight"), of("update"), of("displacement"), of("gradient"));
    assert_eq!(weight.keys().copied().collect::<Vec<_>>(), [0, 1, 2, 3]);
    for (kind, steps) in [("update", &update), ("displacement", &displacement), ("gradient", &gradient)] {
        assert_eq!(steps.keys().copied().collect::<Vec<_>>(), [1, 2, 3], "{kind}");
        assert!(steps.values().all(|s| s.len() == 20 && s[0] > 0.0), "{kind}");
    }
    let near = |a: &[f64], b: &[f64], what: &str| {
        let top = a[0].max(b[0]);
        let gap = a.iter().zip(b).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max) / top;
        assert!(gap < 1e-9, "{what}: {gap:e} of the largest");
    };
    near(&update[&1], &displacement[&1], "update and displacement at step 1");
    for t in 1..=3 {
        let scaled: Vec<f64> = gradient[&t].iter().map(|s| 0.5 * s).collect();
        near(&update[&t], &scaled, "update and rate times gradient");
    }
    // They part afterwards: the displacement at 2 is the sum of two updates.
    assert!((update[&2][0] - displacement[&2][0]).abs() > 1e-3 * displacement[&2][0]);
    assert!(displacement[&2][0] <= (update[&1][0] + update[&2][0]) * (1.0 + 1e-12), "triangle inequality");
    // The frozen readout does not move: its update is zero and its weights keep their values.
    let readout = singular_values(&rows, "readout.weight", "weight");
    assert!(readout.values().all(|s| *s == readout[&0]));
}

#[test]
fn schedules_choose_the_steps() {
    let steps = |every: &str| {
        let args = ["--set", "training.steps=12", "--set", every];
        let rows = rows(&export(&Bench::new(TINY).finished(&args)));
        let of = |kind| singular_values(&rows, "hidden.weight", kind).into_keys().collect::<Vec<u64>>();
        let losses = rows.iter().filter(|r| r["name"] == "train_loss").count();
        assert_eq!(losses, 13, "losses are recorded at every step");
        (of("weight"), of("update"))
    };
    assert_eq!(steps("spectra.every=5"), (vec![0, 5, 10], vec![5, 10]));
    assert_eq!(steps("spectra.every=[1, 2, 9]"), (vec![0, 1, 2, 9], vec![1, 2, 9]));
    assert_eq!(steps("spectra.every={ log = 2 }"), (vec![0, 1, 4, 10], vec![1, 4, 10]));
}

#[test]
fn layers_are_chosen_by_globs() {
    let layers = |globs: &str| {
        let rows = rows(&export(&Bench::new(TINY).finished(&["--set", globs])));
        let of = rows.iter().filter(|r| r["table"] == "spectra" && r["kind"] == "weight");
        of.map(|r| r["layer"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let set = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(layers("spectra.layers=['hidden.weight']"), set(&["hidden.weight"]));
    assert_eq!(layers("spectra.layers=['*.weight']"), set(&["hidden.weight", "readout.weight"]));
    assert_eq!(layers("spectra.layers=['{hidden,readout}.w*']"), set(&["hidden.weight", "readout.weight"]));
}

#[test]
fn without_spectra_the_scalars_are_still_recorded() {
    let bench = Bench::new(TINY);
    let (with, without) = (bench.finished(&[]), bench.finished(&["--set", "spectra.enabled=false"]));
    let rows = rows(&export(&without));
    assert!(rows.iter().all(|r| r["table"] == "scalars"), "spectra, kernels and baselines cost time");
    for name in ["train_loss", "test_loss", "learning_rate"] {
        assert_eq!(scalar(&show(&with), name), scalar(&show(&without), name), "{name}");
    }
}

#[test]
fn nulls_are_recorded_unless_they_are_turned_off() {
    let bench = Bench::new(TINY);
    let (with, without) = (show(&bench.finished(&[])), show(&bench.finished(&["--set", "spectra.nulls=false"])));
    let null = |shown: &Value| metric(shown, "hidden.weight", "weight", "null_alpha_hill");
    assert_eq!(null(&with).into_keys().collect::<Vec<_>>(), [1, 2, 3]);
    assert!(null(&without).is_empty());
}

#[test]
fn tensors_are_left_on_request() {
    let bench = Bench::new(TINY);
    let run = bench.finished(&["--tensors"]);
    let bytes = fs::read(run.join("tensors.safetensors")).unwrap();
    // safetensors: the header's length as a little-endian u64, then the header as JSON, then the data.
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    for (tensor, shape) in [
        ("train.inputs", vec![60, 20]),
        ("train.targets", vec![60]),
        ("test.inputs", vec![40, 20]),
        ("teacher", vec![20]),
        ("initial.hidden.weight", vec![30, 20]),
        ("final.hidden.weight", vec![30, 20]),
        ("initial.readout.weight", vec![30]),
    ] {
        assert_eq!(header[tensor]["shape"], serde_json::json!(shape), "{tensor}");
    }
    let config: Value = serde_json::from_str(header["__metadata__"]["config"].as_str().unwrap()).unwrap();
    assert_eq!(config["optimizer"]["kind"], "adam");
    let values = |tensor: &str| {
        let offsets = header[tensor]["data_offsets"].as_array().unwrap();
        let at = |k: usize| 8 + length + offsets[k].as_u64().unwrap() as usize;
        let (numbers, rest) = bytes[at(0)..at(1)].as_chunks::<8>();
        assert!(rest.is_empty());
        numbers.iter().map(|b| f64::from_le_bytes(*b)).collect::<Vec<_>>()
    };
    // Adam's first step moves every entry by the rate; the readout is frozen.
    let moved =
        values("initial.hidden.weight").iter().zip(values("final.hidden.weight")).filter(|(a, b)| **a != *b).count();
    assert_eq!(moved, 600);
    assert_eq!(values("initial.readout.weight"), values("final.readout.weight"));
    // The spectrum that the run recorded is that of these weights: the Frobenius norm is the sum over entries.
    let frobenius = values("final.hidden.weight").iter().map(|w| w * w).sum::<f64>().sqrt();
    let recorded = metric(&show(&run), "hidden.weight", "weight", "frobenius_norm")[&3].unwrap();
    assert!((frobenius - recorded).abs() < 1e-12 * frobenius, "{frobenius} {recorded}");
}

#[test]
fn exports_hold_the_same_numbers() {
    let bench = Bench::new(TINY);
    let run = bench.finished(&[]);
    let to = |format: &str, out: &str| {
        let path = bench.dir.path().join(out);
        let args = ["export", run.to_str().unwrap(), "--format", format, "--out", path.to_str().unwrap()];
        Done::of(program().args(args).output().unwrap()).ok();
        path
    };
    let lines = export(&run);
    assert_eq!(fs::read_to_string(to("jsonl", "rows.jsonl")).unwrap(), lines);
    let csv = fs::read_to_string(to("csv", "csv").join("scalars.csv")).unwrap();
    let loss = rows(&lines).into_iter().find(|r| r["name"] == "train_loss" && r["step"] == 3).unwrap();
    let line = csv.lines().find(|l| l.starts_with("3,train_loss,")).unwrap();
    let value: f64 = line.split(',').nth(2).unwrap().parse().unwrap();
    assert_eq!(loss["value"].as_f64(), Some(value));
    for table in ["scalars", "records", "spectra", "blobs"] {
        let bytes = fs::read(to("parquet", "parquet").join(format!("{table}.parquet"))).unwrap();
        assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"), "{table}");
    }
}

#[test]
fn images_train_and_are_recorded() {
    let text = r#"
name = "images"
[data]
kind = "digits"
n = 300
n_test = 200
[model]
kind = "mlp"
hidden = [32, 8]
[optimizer]
kind = "adam"
lr = 0.02
[training]
epochs = 10
batch = 50
[spectra]
every = 30
"#;
    let shown = show(&Bench::new(text).finished(&[]));
    assert_eq!(shown["run"]["steps_done"], 60, "ten epochs of six batches");
    // 64 x 32 + 32 x 8 + 8 x 10 weights and their biases.
    assert_eq!(shown["run"]["parameters"], 64 * 32 + 32 + 32 * 8 + 8 + 8 * 10 + 10);
    let accuracy = scalar(&shown, "test_accuracy");
    assert_eq!(accuracy.keys().copied().collect::<Vec<_>>(), (0..=60).step_by(6).collect::<Vec<_>>(), "once an epoch");
    assert!(accuracy[&60].unwrap() > 0.5 && accuracy[&0].unwrap() < 0.4, "{accuracy:?}");
    assert_eq!(scalar(&shown, "train_loss").into_keys().collect::<Vec<_>>(), (1..=60).collect::<Vec<_>>());
    assert!(scalar(&shown, "linear_test_loss").is_empty(), "a baseline of regression alone");
    for layer in ["hidden.0.weight", "hidden.1.weight", "readout.weight"] {
        let norms = metric(&shown, layer, "weight", "spectral_norm");
        assert_eq!(norms.into_keys().collect::<Vec<_>>(), [0, 30, 60], "{layer}");
    }
}
