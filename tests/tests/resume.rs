//! `kill -9` at any time, then `--resume`: the rows are byte for byte those of a run that nobody killed.
//!
//! `cargo test --workspace --release --test resume -- --ignored fifty_kills` kills fifty times; `SPECTRUM_KILLS` says
//! how often instead.

#![allow(clippy::unwrap_used)]

mod common;

use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::{Bench, Done, assert_same_rows, export, show, tree};
use spectrum_store::{Checkpoints, Existing, RunDirectory, RunReader};

/// Full-batch Adam. Checkpoints fall between recorded steps as often as on them, and every kind that looks back at
/// earlier weights is recorded.
const FULL_BATCH: &str = r#"
name = "full"
[data]
kind = "single-index"
n = 60
d = 20
n_test = 40
[model]
kind = "two-layer"
width = 30
[optimizer]
kind = "adam"
lr = 0.05
schedule = { kind = "cosine", warmup = 20 }
[training]
steps = 300
checkpoint_every = 7
[spectra]
every = 2
kinds = ["weight", "update", "displacement", "gradient"]
"#;

/// Mini-batches of images: the permutation of each epoch must be found again in its middle.
const MINI_BATCH: &str = r#"
name = "mini"
[data]
kind = "digits"
n = 200
n_test = 100
[model]
kind = "mlp"
hidden = [12]
[optimizer]
kind = "sgd"
lr = 0.05
momentum = 0.9
nesterov = true
[training]
steps = 300
batch = 24
checkpoint_every = 7
clip_norm = 1.0
[spectra]
every = 3
kinds = ["weight", "update", "displacement"]
"#;

/// A Transformer with interventions, and rows that are written to earlier steps at the end.
const DYNAMICS: &str = r#"
name = "dynamics"
[data]
kind = "modular"
p = 7
fraction = 0.6
[model]
kind = "transformer"
width = 12
heads = 2
hidden = 16
[optimizer]
kind = "adamw"
lr = 0.01
weight_decay = 0.5
[training]
steps = 300
checkpoint_every = 7
evaluate_every = 5
[spectra]
every = 10
kinds = ["weight"]
nulls = false
[dynamics]
[interventions]
every = 20
fractions = [0.25, 0.5]
[probe]
enabled = false
"#;

/// Pseudo-random numbers in [0, 1) (Knuth's MMIX generator): the kills of a test are the same in every run of it.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Where a killed run will go on: the step of its newest usable checkpoint.
fn resumes_from(bench: &Bench) -> Option<u64> {
    let run = bench.runs().pop()?;
    let last = RunReader::open(&run).ok()?.last_step().unwrap();
    Some(Checkpoints::new(&run).newest_within(last).unwrap()?.0)
}

/// Starts the run with `--resume` and kills it after `delay`; false when it ended before.
fn killed(bench: &Bench, delay: Duration) -> bool {
    let mut child = bench.command(&["--resume"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    sleep(delay);
    let ended = child.try_wait().unwrap().is_some();
    if !ended {
        child.kill().unwrap();
    }
    let done = Done::of(child.wait_with_output().unwrap());
    assert_eq!(done.stderr, "", "a resumed run said something");
    if done.code.is_some() {
        // Killed processes have no exit code; this one was done before the signal came.
        assert_eq!(done.code, Some(0), "{done:#?}");
    }
    done.code.is_none()
}

/// Kills a run `kills` times, resumes it each time, and compares with one that was left alone. When a run ends before
/// it was killed often enough, the next kills go to a fresh one.
fn survives(text: &str, kills: usize, seed: u64) {
    let whole = Bench::new(text);
    let start = Instant::now();
    let undisturbed = whole.finished(&[]);
    let length = start.elapsed();
    let expected = export(&undisturbed);
    let facts = show(&undisturbed);

    let mut random = Random(seed);
    let (mut done, mut from) = (0, Vec::new());
    while done < kills {
        let bench = Bench::new(text);
        // About five kills a run, anywhere between the first instruction and well into what is left.
        for _ in 0..5.min(kills - done) {
            if !killed(&bench, length.mul_f64(0.5 * random.next())) {
                break;
            }
            done += 1;
            from.push(resumes_from(&bench));
        }
        bench.run(&["--resume"]).ok();
        let run = bench.only_run();
        assert!(matches!(RunDirectory::inspect(&run), Existing::Finished(_)));
        assert_same_rows(&expected, &export(&run));
        let shown = show(&run);
        assert_eq!(shown["run"]["steps_done"], facts["run"]["steps_done"]);
        assert_eq!(shown["run"]["status"], "finished");
        assert_eq!(shown["run"]["initial_weights_sha256"], facts["run"]["initial_weights_sha256"]);
    }
    eprintln!("{kills} kills of a run of {length:?}; resumed from {from:?}");
    // A test whose kills all came before the first checkpoint would prove nothing.
    assert!(from.iter().any(|step| step.is_some_and(|s| s > 0)), "no kill left a checkpoint: {from:?}");
}

#[test]
fn full_batch_adam_survives_kills() {
    survives(FULL_BATCH, 4, 1);
}

#[test]
fn dynamics_survive_kills() {
    survives(DYNAMICS, 3, 5);
}

#[test]
fn mini_batches_survive_kills() {
    survives(MINI_BATCH, 4, 2);
}

/// Minutes in the dev profile: half of the kills for each of the two runs.
#[test]
#[ignore = "takes minutes; run in release"]
fn fifty_kills() {
    let kills: usize = std::env::var("SPECTRUM_KILLS").map_or(50, |k| k.parse().unwrap());
    survives(FULL_BATCH, kills.div_ceil(2), 3);
    survives(MINI_BATCH, kills / 2, 4);
}

#[test]
fn resuming_what_is_not_there_starts_and_resuming_what_is_done_prints() {
    let bench = Bench::new(&FULL_BATCH.replace("steps = 300", "steps = 9"));
    let run = bench.finished(&["--resume"]);
    let before = tree(&run);
    let mut again = common::program();
    again.arg("run").arg(&bench.config).arg("--out").arg(&bench.out).arg("--resume");
    let printed = Done::of(again.output().unwrap()).ok().stdout;
    assert!(printed.contains("done before") && printed.contains(run.to_str().unwrap()), "{printed}");
    assert_eq!(tree(&run), before);
    assert_same_rows(
        &export(&run),
        &export(&Bench::new(&FULL_BATCH.replace("steps = 300", "steps = 9")).finished(&[])),
    );
}

#[test]
fn an_unfinished_run_is_refused_with_the_hint_and_force_starts_afresh() {
    let bench = Bench::new(FULL_BATCH);
    let mut child = bench.command(&[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    while resumes_from(&bench).is_none_or(|s| s == 0) {
        assert!(start.elapsed() < Duration::from_secs(20), "no checkpoint came");
        assert!(child.try_wait().unwrap().is_none(), "the run ended before it could be killed");
        sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let run = bench.only_run();
    let before = tree(&run);
    bench.run(&[]).one_error(2, &[run.to_str().unwrap(), "unfinished", "--resume", "--force"]);
    let rows = |t: &std::collections::BTreeMap<String, Vec<u8>>| t.keys().cloned().collect::<Vec<_>>();
    assert_eq!(rows(&tree(&run)), rows(&before), "a refusal changes nothing");
    bench.run(&["--force"]).ok();
    assert_eq!(show(&run)["run"]["steps_done"], 300);
}
