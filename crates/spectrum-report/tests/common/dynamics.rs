//! A run that no network ever made: a one-layer Transformer that first memorises and then generalises, with every row of
//! spectral dynamics.

use std::path::PathBuf;

use spectrum_core::{Blob, Kind, MatrixId, Outcome, Reason, Record, Route, Scalar, Spectrum, SpectrumRow};
use spectrum_report::RunData;
use spectrum_store::{RunInfo, Status};

use super::Draws;

/// Layer, rows, columns; in the model's order, which is not that of the names.
pub const LAYERS: [(&str, usize, usize); 6] = [
    ("embedding.weight", 64, 43),
    ("attention.in_proj.weight", 192, 64),
    ("attention.out_proj.weight", 64, 64),
    ("mlp.0.weight", 256, 64),
    ("mlp.2.weight", 64, 256),
    ("decoder.weight", 41, 64),
];
pub const REFERENCES: [&str; 3] = ["final", "initial", "previous"];

/// What is made up.
#[derive(Debug, Clone)]
pub struct Plan {
    pub name: &'static str,
    pub steps: Vec<u64>,
    /// Recorded steps among them.
    pub recorded: u64,
    /// Whether the network comes to generalise, with half of its rank gone.
    pub decay: bool,
    pub fractions: &'static [f64],
    /// Blobs with the diagonals.
    pub diagonals: bool,
}

/// 5000 steps, 101 recorded.
pub fn grokking() -> Plan {
    Plan {
        name: "grokking",
        steps: (0..=5000).collect(),
        recorded: 50,
        decay: true,
        fractions: &[0.05, 0.1, 0.25, 0.5, 0.75],
        diagonals: true,
    }
}

/// 0 to 1 around a step.
fn turn(t: f64, at: f64, width: f64) -> f64 {
    1.0 / (1.0 + (-(t - at) / width).exp())
}

fn ner(s: &[f64]) -> f64 {
    let sum: f64 = s.iter().sum();
    let entropy: f64 = s.iter().map(|v| -(v / sum) * (v / sum).ln()).sum();
    entropy.exp() / s.len() as f64
}

/// The run of a plan.
pub fn run(plan: &Plan) -> RunData {
    let mut draws = Draws(11);
    let last = *plan.steps.last().unwrap();
    let (mut scalars, mut records, mut spectra, mut blobs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for &t in &plan.steps {
        let x = t as f64;
        let mut scalar =
            |name: &str, outcome: Outcome| scalars.push(Scalar { step: t, name: name.to_owned(), outcome });
        let learnt = if plan.decay { turn(x, 2050.0, 180.0) } else { 0.0 };
        let test = 0.02 + 0.66 * (1.0 - (-x / 400.0).exp()) * (1.0 - 0.2 * (1.0 - learnt)) + 0.31 * learnt;
        scalar("train_loss", (3.7 * (-x / 160.0).exp() + 1e-4 + 1e-5 * draws.next()).into());
        if t % plan.recorded != 0 {
            continue;
        }
        scalar("test_loss", (3.7 * (1.0 - test) + 0.02).into());
        scalar("train_accuracy", (1.0 - 0.98 * (-x / 150.0).exp()).into());
        scalar("test_accuracy", test.into());
        for &f in plan.fractions {
            let top = test * (1.0 - (-f * 14.0).exp() * (1.0 - 0.5 * learnt));
            scalar(&format!("test_accuracy_top_{f}"), top.into());
            scalar(&format!("test_accuracy_bottom_{f}"), (0.02 + 0.01 * draws.next() + 0.5 * test * f.powi(6)).into());
            scalar(&format!("test_loss_top_{f}"), (3.7 * (1.0 - top) + 0.02).into());
            scalar(&format!("test_loss_bottom_{f}"), (3.8 + 0.2 * draws.next()).into());
        }
        let mut ranks = Vec::new();
        for (l, &(layer, rows, cols)) in LAYERS.iter().enumerate() {
            let id = MatrixId { step: t, layer: layer.to_owned(), kind: Kind::Weight, view: "matrix".to_owned() };
            let p = rows.min(cols);
            let fall = 2.2 * turn(x, 500.0, 200.0) + if plan.decay { 9.0 * turn(x, 3300.0, 350.0) } else { 0.0 };
            let fall = 1.2 + fall * [0.6, 1.2, 0.9, 0.8, 0.7, 0.4][l];
            let s: Vec<f64> = (0..p).map(|i| 2.9 * (-fall * i as f64 / p as f64).exp() + 1e-3).collect();
            let mut put = |id: &MatrixId, metric: &str, outcome: Outcome| {
                records.push(Record { id: id.clone(), metric: metric.to_owned(), outcome });
            };
            let norm = s.iter().map(|v| v * v).sum::<f64>();
            ranks.push(ner(&s));
            let rank: Outcome =
                if l == 5 && (400..=600).contains(&t) { Reason::BelowFloor.into() } else { ner(&s).into() };
            put(&id, "effective_rank_normalized", rank);
            put(&id, "effective_rank", (p as f64 * ner(&s)).into());
            put(&id, "stable_rank", (norm / (s[0] * s[0])).into());
            put(&id, "frobenius_norm", norm.sqrt().into());
            let settled = |i: f64| turn(x, 2300.0 + 30.0 * i, 350.0) * (-i / 22.0).exp();
            if l + 1 < LAYERS.len() {
                let pair = MatrixId { view: format!("meets[{}]", LAYERS[l + 1].0), ..id.clone() };
                if l == 1 {
                    for metric in ["alignment_score", "alignment_top", "alignment_baseline"] {
                        put(&pair, metric, Reason::NotApplicable("vectors of length 192 and 64".into()).into());
                    }
                } else {
                    let base = (2.0 / (std::f64::consts::PI * 64.0)).sqrt();
                    let most = if l == 3 { 0.0 } else { 0.95 };
                    let d: Vec<f64> = (0..p.min(64))
                        .map(|i| (base * (0.3 + 1.4 * draws.next()) + most * settled(i as f64)).min(1.0))
                        .collect();
                    put(&pair, "alignment_score", (d[..10].iter().sum::<f64>() / 10.0).into());
                    put(&pair, "alignment_top", d[0].into());
                    put(&pair, "alignment_baseline", base.into());
                    if plan.diagonals {
                        let name = "alignment_diagonal".to_owned();
                        blobs.push(Blob { id: pair, name, rows: d.len(), cols: 1, data: d });
                    }
                }
            }
            put(&id, "agreement_baseline", (2.0 / (std::f64::consts::PI * ((rows * cols) as f64).sqrt())).into());
            put(&id, "subspace_baseline", (10.0 / p as f64).into());
            for r in REFERENCES.into_iter().filter(|r| *r != "previous" || t > 0) {
                let d: Vec<f64> = (0..p)
                    .map(|i| {
                        let i = i as f64;
                        let v = match r {
                            "final" if t == last => 1.0,
                            "final" => settled(i),
                            "initial" => (-x / (900.0 + 10.0 * i)).exp(),
                            _ => 0.55 + 0.43 * settled(i),
                        };
                        (v + 0.03 * draws.next()).min(1.0)
                    })
                    .collect();
                let score = d[..10].iter().sum::<f64>() / 10.0;
                put(&id, &format!("agreement_score_{r}"), score.into());
                put(&id, &format!("subspace_agreement_{r}"), score.sqrt().into());
                if plan.diagonals {
                    blobs.push(Blob {
                        id: id.clone(),
                        name: format!("agreement_diagonal_{r}"),
                        rows: p,
                        cols: 1,
                        data: d,
                    });
                }
            }
            let spectrum = Spectrum {
                rows,
                cols,
                route: Route::Vectors,
                floor: 1e-6,
                singular_values: s,
                left: None,
                right: None,
            };
            spectra.push(SpectrumRow { id, spectrum });
        }
        scalar("effective_rank_mean", (ranks.iter().sum::<f64>() / ranks.len() as f64).into());
        if t == last {
            let event =
                |at: f64, why: &str| if plan.decay { at.into() } else { Reason::NotApplicable(why.into()).into() };
            scalar("generalization_step", event(2250.0, "the test accuracy never passes 0.9"));
            scalar("half_rank_drop_step", event(3050.0, "the rank does not fall"));
        }
    }
    let info = RunInfo {
        name: plan.name.to_owned(),
        backend: "flex".to_owned(),
        precision: "f32".to_owned(),
        spectrum_version: "0.1.0".to_owned(),
        status: Status::Finished,
        steps_done: last,
        ..RunInfo::default()
    };
    let config = format!("name = \"{}\"\nseed = 0\n[optimizer]\nweight_decay = {}\n", plan.name, u8::from(plan.decay));
    RunData { dir: PathBuf::from(format!("runs/{}", plan.name)), info, config, scalars, records, spectra, blobs }
}

/// Matrices that all lose rank, as many as named: what a deep network's heat map looks like.
pub fn deep(layers: usize, recorded: u64) -> RunData {
    let mut made = run(&Plan { name: "deep", recorded: 5000, fractions: &[], diagonals: false, ..grokking() });
    made.records.clear();
    made.spectra.clear();
    let mut draws = Draws(5);
    for step in 0..recorded {
        for l in 0..layers {
            let block = ["attention.query", "attention.output.dense", "mlp.up", "mlp.down"][l % 4];
            let id = MatrixId {
                step: step * step,
                layer: format!("encoder.layers.{}.{block}.weight", l / 4),
                kind: Kind::Weight,
                view: "matrix".to_owned(),
            };
            let rank = 0.95 - (0.1 + 0.15 * (l % 4) as f64) * turn(step as f64, 100.0 + l as f64, 40.0);
            let outcome = (rank + 0.02 * draws.next()).into();
            made.records.push(Record { id, metric: "effective_rank_normalized".to_owned(), outcome });
        }
    }
    made
}
