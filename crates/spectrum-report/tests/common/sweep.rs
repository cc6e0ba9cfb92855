//! A sweep that nobody ran: nine learning rates by three seeds, whose classes, tails and losses go as in the papers.

use std::path::PathBuf;

use serde_json::json;
use spectrum_core::{Kind, MatrixId, Outcome, Reason, Record, Scalar};
use spectrum_report::{RunData, SweepPoint};
use spectrum_store::{RunInfo, Status};

use super::Draws;

pub const RATES: [f64; 9] = [1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];
pub const STEPS: u64 = 10;

/// One run: the further log10(rate) + 0.4 t goes, the heavier its tail.
pub fn run(layers: &[&str], rate: f64, seed: u64, steps: u64) -> RunData {
    let mut draws = Draws(1000 * seed + (7.0 * (rate * 1e4).ln()) as u64);
    // The generator's first numbers hardly depend on a small seed.
    (0..20).for_each(|_| {
        draws.next();
    });
    let luck = 0.5 * (draws.next() - 0.5);
    let (mut scalars, mut records) = (Vec::new(), Vec::new());
    for t in 0..=steps {
        let push = (rate.log10() + 2.2 + 0.12 * t as f64 + luck) * if t == 0 { 0.0 } else { 1.0 };
        let noise = 0.02 * draws.next();
        let mut scalar =
            |name: &str, outcome: Outcome| scalars.push(Scalar { step: t, name: name.to_owned(), outcome });
        let best = (push - 2.2).powi(2);
        scalar("test_loss", (0.80 + 0.05 * best.min(40.0) + 0.1 / (1.0 + t as f64) + noise).into());
        if t == 0 {
            scalar("linear_test_loss", 0.8.into());
        } else {
            scalar("train_loss", (0.9 * (-1.1 * push.max(0.0)).exp() + 0.002 + noise / 10.0).into());
            scalar("learning_rate", rate.into());
        }
        for (l, layer) in layers.iter().enumerate() {
            let push = push - 0.4 * l as f64;
            let mut put = |kind: Kind, metric: &str, outcome: Outcome| {
                let id = MatrixId { step: t, layer: (*layer).to_owned(), kind, view: "matrix".to_owned() };
                records.push(Record { id, metric: metric.to_owned(), outcome });
            };
            let class = [0.9, 1.9, 2.6].iter().filter(|edge| push > **edge).count();
            let hill = 2.46 - 0.27 * push.clamp(0.0, 2.8) + noise;
            put(Kind::Weight, "shape_class", (class as f64).into());
            put(Kind::Weight, "alpha_hill", hill.into());
            let fit = if class == 0 {
                Reason::TooFewValues { found: 7, needed: 10 }.into()
            } else {
                (hill + 0.9 + noise).into()
            };
            put(Kind::Weight, "alpha", fit);
            put(Kind::Weight, "outliers", (3.0 * push.max(0.0).powi(3)).floor().into());
            put(Kind::Weight, "frobenius_norm", (490.0 * (1.0 + 0.3 * rate * (t as f64).sqrt())).into());
            put(Kind::Weight, "teacher_alignment", (0.95 - 0.9 / (1.0 + push.max(0.0).powi(3))).into());
            put(Kind::Weight, "outliers_initial", Reason::NotApplicable("no W_0".into()).into());
            put(Kind::Ck, "kta", (0.1 + 0.25 * push.max(0.0) / (1.0 + push.max(0.0)) + noise).into());
            if t > 0 {
                put(Kind::Update, "alpha_hill", (1.9 + noise).into());
            }
        }
    }
    let info = RunInfo {
        name: "rates".to_owned(),
        seed,
        backend: "flex".to_owned(),
        status: Status::Finished,
        steps_done: steps,
        ..RunInfo::default()
    };
    let config = format!("name = \"rates\"\nseed = {seed}\n\n[optimizer]\nkind = \"adam\"\nlr = {rate:?}\n");
    let dir = PathBuf::from(format!("runs/rates-{seed}-flex-{:08x}", rate.to_bits() >> 32));
    RunData { dir, info, config, scalars, records, spectra: Vec::new(), blobs: Vec::new() }
}

/// A finished point.
pub fn point(keys: &[(&str, serde_json::Value)], run: RunData) -> SweepPoint {
    let keys = keys.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
    SweepPoint { keys, run: Some(run), status: "finished".to_owned(), reason: None }
}

/// Nine rates by three seeds by eleven steps; one diverged after six steps, one never ran, one lacks a metric, one was not
/// measured at some steps.
pub fn rates() -> Vec<SweepPoint> {
    let mut points: Vec<SweepPoint> = Vec::new();
    for rate in RATES {
        for seed in 0..3 {
            let keys = [("optimizer.lr", json!(rate)), ("seed", json!(seed))];
            points.push(point(&keys, run(&["hidden.weight"], rate, seed, STEPS)));
        }
    }
    // Rate 10, seed 2: stopped by a loss that is no number.
    let diverged = points.len() - 1;
    let mut stopped = run(&["hidden.weight"], 10.0, 2, 6);
    stopped.info.status = Status::Diverged;
    for s in stopped.scalars.iter_mut().filter(|s| s.name == "test_loss" && s.step == 6) {
        s.outcome = Reason::NotFinite.into();
    }
    points[diverged].run = Some(stopped);
    points[diverged].status = "diverged".to_owned();
    points[diverged].reason = Some("the training loss is not finite at step 6".to_owned());
    // Rate 3, seed 1: never came to its first step.
    let failed = points.len() - 5;
    points[failed].run = None;
    points[failed].status = "failed".to_owned();
    points[failed].reason = Some("slurmstepd: error: task 22 was killed: out of memory".to_owned());
    // Rate 0.01, seed 0: without the Hill index at all; seed 1: not converged at some steps.
    if let Some(run) = &mut points[6].run {
        run.records.retain(|r| r.metric != "alpha_hill");
    }
    if let Some(run) = &mut points[7].run {
        let of = |r: &&mut Record| r.metric == "alpha_hill" && (3..=5).contains(&r.id.step);
        run.records.iter_mut().filter(of).for_each(|r| r.outcome = Reason::NoConvergence.into());
    }
    points
}

/// Two optimizers by five widths by three rates by two seeds, two layers, runs of two lengths.
pub fn three_keys() -> Vec<SweepPoint> {
    let mut points = Vec::new();
    for (o, kind) in ["adam", "sgd"].into_iter().enumerate() {
        for (w, width) in [100, 200, 400, 800, 1600].into_iter().enumerate() {
            for rate in [0.0, 0.1, 1.0] {
                for seed in [11, 5] {
                    let size = (rate + 0.01) * (1.0 + w as f64) / (1.0 + 3.0 * o as f64);
                    let steps = if kind == "adam" { 10 } else { 20 };
                    let made = run(&["layers.0.weight", "layers.10.weight"], size, seed, steps);
                    let keys = [
                        ("optimizer.kind", json!(kind)),
                        ("model.width", json!(width)),
                        ("optimizer.lr", json!(rate)),
                        ("seed", json!(seed)),
                    ];
                    points.push(point(&keys, made));
                }
            }
        }
    }
    points
}
