//! The cross-backend contract: one config on two backends or in two precisions starts from the same bits and stays
//! within the tolerances of METRICS.md, and a run that computes something else does not.
//!
//! Trials on `wgpu` need a graphics adapter (Mesa's software Vulkan will do). Without one they are ignored and say so;
//! with `SPECTRUM_REQUIRE_GPU=1` they fail instead.

#![allow(clippy::unwrap_used)]

mod common;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use common::{Bench, Done, TINY, program};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

/// Five steps with every kind of matrix, at a rate where training is not chaotic.
fn tiny() -> Bench {
    Bench::new(&TINY.replace("steps = 3", "steps = 5"))
}

const TINY_SETS: &[&str] =
    &["spectra.kinds=['weight','update','displacement','gradient']", "spectra.layers=['hidden.weight']"];

/// Kernels, every null and the substituted weights beside the weights of both layers.
const KERNEL_SETS: &[&str] = &[
    "model.train=['hidden','readout']",
    "model.normalized=true",
    "spectra.kinds=['weight','ck','ntk']",
    "spectra.layers=['hidden.weight']",
    "spectra.nulls=['shuffled','rotated','rotated-updates']",
    "kernels={laws=true, on='train'}",
    "probe.substitutes=1",
    "training.normalize_weights=true",
    "training.loss='mse'",
];

/// A small ConvNet on two digits, its labels as numbers.
fn images() -> Bench {
    Bench::new(
        r#"
name = "images"
[data]
kind = "digits"
classes = [3, 8]
targets = "sign"
subset = "balanced"
n = 60
n_probe = 40
n_test = 40
[model]
kind = "conv-net"
channels = [4, 6]
activation = "tanh"
[optimizer]
kind = "sgd"
lr = 0.02
[training]
steps = 4
[spectra]
kinds = ["weight", "ck", "ntk"]
layers = ["conv.*"]
"#,
    )
}

/// A small Transformer on sequences of residues, with the dynamics of its weights.
fn transformer() -> Bench {
    Bench::new(
        r#"
name = "transformer"
[data]
kind = "modular"
p = 11
fraction = 0.6
[model]
kind = "transformer"
width = 16
heads = 2
blocks = 2
layer_norm = true
positions = "learned"
[optimizer]
kind = "adamw"
lr = 0.002
betas = [0.9, 0.98]
weight_decay = 0.1
[training]
steps = 6
[spectra]
every = 2
kinds = ["weight", "gradient"]
nulls = false
[dynamics]
[interventions]
every = 3
[probe]
enabled = false
"#,
    )
}

/// The quickstart's own file at a quarter of its sizes: the first step at 0.1, then nine at rate 1.
fn quickstart() -> Bench {
    let file = common::package().join("../configs/quickstart.toml");
    Bench::new(&std::fs::read_to_string(file).unwrap())
}

const QUICKSTART_SETS: &[&str] = &["data.n=200", "data.d=100", "data.n_test=200", "model.width=150"];

/// One experiment, whose run on flex in f32 is done once and compared with all others.
struct Experiment {
    name: &'static str,
    bench: Bench,
    sets: &'static [&'static str],
    /// What changes the learning rate by a twentieth.
    other_rate: &'static str,
    /// Metrics that must have been compared, beside losses and singular values.
    metrics: &'static [&'static str],
    reference: OnceLock<PathBuf>,
}

impl Experiment {
    fn run(&self, sets: &[&str], out: &str) -> PathBuf {
        // Each run has a folder of its own: trials run side by side.
        let out = self.bench.out.join(out);
        let mut command = program();
        command.arg("run").arg(&self.bench.config).arg("--out").arg(&out).arg("--json");
        for set in self.sets.iter().chain(sets) {
            command.args(["--set", set]);
        }
        let shown = Done::of(command.output().unwrap()).ok().json();
        PathBuf::from(shown["run"]["dir"].as_str().unwrap())
    }

    fn reference(&self) -> &Path {
        self.reference.get_or_init(|| self.run(&[], "reference"))
    }

    /// `spectrum compare REFERENCE OTHER --json`: its exit code and its document.
    fn compare(&self, sets: &[&str], out: &str) -> (i32, Value) {
        let other = self.run(sets, out);
        let done = Done::of(program().arg("compare").arg(self.reference()).arg(other).arg("--json").output().unwrap());
        assert_eq!(done.stderr, "");
        (done.code.unwrap(), done.json())
    }
}

fn broken(comparison: &Value) -> Vec<&Value> {
    comparison["rows"].as_array().unwrap().iter().filter(|r| r["holds"] == false).collect()
}

/// The contract holds, and it was about something.
fn holds(experiment: &Experiment, sets: &[&str], out: &str) -> Result<(), Failed> {
    let (code, c) = experiment.compare(sets, out);
    assert_eq!(c["initial_weights_equal"], true, "initial weights differ");
    assert_eq!(c["unpaired"], 0);
    assert_eq!(c["config_differences"].as_array().unwrap().len(), 0, "{}", c["config_differences"]);
    let broken = broken(&c);
    assert!(broken.is_empty(), "{}: {}", experiment.name, serde_json::to_string_pretty(&broken)?);
    assert_eq!((code, &c["holds"]), (0, &Value::Bool(true)));
    assert_eq!(c["horizon"], c["last_step"]);
    let rows = c["rows"].as_array().unwrap();
    for metric in ["train_loss", "test_loss", "singular_values"].iter().chain(experiment.metrics) {
        let of: Vec<&Value> = rows.iter().filter(|r| r["metric"] == *metric).collect();
        assert!(!of.is_empty() && of.iter().all(|r| r["holds"] == true), "{metric} was not compared");
    }
    let uncovered: Vec<&Value> =
        rows.iter().filter(|r| r["holds"].is_null() && r["note"].is_null()).map(|r| &r["metric"]).collect();
    assert!(uncovered.is_empty(), "no tolerance for {uncovered:?}");
    // Different arithmetic does differ: two runs that never do would be one run compared with itself.
    assert!(rows.iter().any(|r| r["deviation"].as_f64().is_some_and(|d| d > 0.0)), "nothing deviates at all");
    Ok(())
}

/// A run that computes something else breaks the contract in its numbers, not only in its config.
fn breaks(experiment: &Experiment, sets: &[&str], out: &str, same_start: bool) -> Result<(), Failed> {
    let (code, c) = experiment.compare(sets, out);
    assert_eq!((code, &c["holds"]), (1, &Value::Bool(false)));
    assert_eq!(c["initial_weights_equal"], same_start);
    assert_eq!(c["config_differences"].as_array().unwrap().len(), 1, "{}", c["config_differences"]);
    let broken = broken(&c);
    for metric in ["train_loss", "singular_values"] {
        assert!(broken.iter().any(|r| r["metric"] == metric), "{metric} does not notice");
    }
    Ok(())
}

/// The same run twice: no deviation anywhere.
fn equals_itself(experiment: &Experiment) -> Result<(), Failed> {
    let (code, c) = experiment.compare(&[], "twin");
    assert_eq!((code, &c["holds"]), (0, &Value::Bool(true)));
    assert!(c["rows"].as_array().unwrap().iter().all(|r| r["deviation"] == 0.0), "{c:#}");
    Ok(())
}

type Check = Box<dyn FnOnce(&Experiment) -> Result<(), Failed> + Send>;

/// Why no graphics adapter answers, if none does.
fn no_adapter() -> Option<String> {
    let listed = Done::of(program().args(["backends", "--json"]).output().unwrap()).ok().json();
    let wgpu = listed["backends"].as_array().unwrap().iter().find(|b| b["name"] == "wgpu").cloned().unwrap();
    (wgpu["answers"] != true).then(|| wgpu["reason"].as_str().unwrap_or("no reason given").to_owned())
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let missing = if arguments.list { None } else { no_adapter() };
    let required = std::env::var_os("SPECTRUM_REQUIRE_GPU").is_some_and(|v| v == "1");
    if let (Some(why), false) = (&missing, required) {
        eprintln!("trials on wgpu are ignored: {why} (SPECTRUM_REQUIRE_GPU=1 makes them fail)");
    }
    let experiment = |name, bench, sets, other_rate, metrics| {
        Arc::new(Experiment { name, bench, sets, other_rate, metrics, reference: OnceLock::new() })
    };
    let matrices: &[&str] = &["alpha_hill", "outliers", "teacher_alignment"];
    let kernels: &[&str] = &[
        "top_eigenvalue",
        "kta_train",
        "change_frobenius",
        "rotated_alpha_hill",
        "rotated_updates_alpha_hill",
        "ridge_test_loss_matched_norm",
        "initial_distance",
    ];
    let mut trials = Vec::new();
    // The quickstart's schedule names its rates itself.
    let paired = "optimizer.schedule=[[1, 0.1], [2, 0.95]]";
    for e in [
        experiment("tiny", tiny(), TINY_SETS, "optimizer.lr=0.095", matrices),
        experiment("quickstart", quickstart(), QUICKSTART_SETS, paired, matrices),
        experiment("kernels", tiny(), KERNEL_SETS, "optimizer.lr=0.095", kernels),
        experiment("transformer", transformer(), &[], "optimizer.lr=0.0019", &["effective_rank_mean", "alignment_top"]),
        experiment("images", images(), &[], "optimizer.lr=0.019", &["trace_mean", "kta", "change_frobenius"]),
    ] {
        let mut add = |what: &str, test: Check| {
            let e = e.clone();
            trials.push(Trial::test(format!("{}::{what}", e.name), move || test(&e)));
        };
        add("the_same_run_twice_is_equal", Box::new(equals_itself));
        add("flex_f32_and_ndarray_f32_agree", Box::new(|e| holds(e, &["backend=ndarray"], "ndarray")));
        add("flex_f32_and_flex_f64_agree", Box::new(|e| holds(e, &["precision=f64"], "f64")));
        add("another_seed_breaks_it", Box::new(|e| breaks(e, &["seed=1"], "seed", false)));
        add("another_rate_breaks_it", Box::new(|e| breaks(e, &[e.other_rate], "rate", true)));
        let why = missing.clone();
        add(
            "flex_f32_and_wgpu_f32_agree",
            Box::new(move |e| match why {
                Some(why) => Err(format!("backend wgpu: {why}").into()),
                None => holds(e, &["backend=wgpu"], "wgpu"),
            }),
        );
        if missing.is_some() && !required {
            let last = trials.pop().unwrap();
            trials.push(last.with_ignored_flag(true));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}
