//! A run that no network ever made: Marchenko-Pastur bulks from the law's quantiles, spikes and tails put on by hand.
#![allow(dead_code, clippy::unwrap_used)]

pub mod checkpoint;
pub mod dynamics;
pub mod sweep;

use std::path::PathBuf;

use spectrum_core::{Blob, Kind, MatrixId, Outcome, Reason, Record, Route, Scalar, Spectrum, SpectrumRow};
use spectrum_law::MarchenkoPastur;
use spectrum_report::RunData;
use spectrum_store::{RunInfo, Status};
use spectrum_tail::{FitOptions, TailFit};

/// Uniform numbers in 0..1 (Knuth's MMIX generator).
pub struct Draws(pub u64);

impl Draws {
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// What a made-up run looks like.
pub struct Plan {
    pub name: &'static str,
    pub backend: &'static str,
    pub seed: u64,
    pub lr: f64,
    /// Layer, rows, columns.
    pub layers: &'static [(&'static str, usize, usize)],
    pub steps: Vec<u64>,
    pub accuracy: bool,
}

/// Ten steps of one 600 x 400 layer, as in the quickstart.
pub fn quickstart() -> Plan {
    Plan {
        name: "quickstart",
        backend: "flex",
        seed: 0,
        lr: 1.0,
        layers: &[("hidden.weight", 600, 400)],
        steps: (0..=10).collect(),
        accuracy: false,
    }
}

fn id(step: u64, layer: &str, kind: Kind) -> MatrixId {
    MatrixId { step, layer: layer.to_owned(), kind, view: "matrix".to_owned() }
}

/// Singular values, descending: a bulk of the law with noise, `k` of them drawn out into a power law.
fn spectrum(rows: usize, cols: usize, variance: f64, k: usize, draws: &mut Draws) -> Spectrum {
    let p = rows.min(cols);
    let law = MarchenkoPastur::new(rows - k, cols - k, variance).unwrap();
    let edge = MarchenkoPastur::new(rows, cols, variance).unwrap().upper_edge();
    let mut lambda: Vec<f64> =
        (0..p - k).map(|i| law.quantile((i as f64 + 0.15 + 0.7 * draws.next()) / (p - k) as f64).unwrap()).collect();
    lambda.extend((0..k).map(|i| 1.12 * edge * ((k as f64 + 0.5) / (i as f64 + 0.6)).powf(0.9)));
    lambda.sort_by(|a, b| b.total_cmp(a));
    let singular_values: Vec<f64> = lambda.into_iter().map(f64::sqrt).collect();
    Spectrum {
        rows,
        cols,
        route: Route::Gram,
        floor: 5e-7 * singular_values[0],
        singular_values,
        left: None,
        right: None,
    }
}

/// Hill with median cut-off (DESIGN section 4), so that the made-up numbers look like real ones.
pub fn hill(s: &[f64]) -> f64 {
    let lambda: Vec<f64> = s.iter().rev().map(|s| s * s).collect();
    let i = lambda.len() / 2;
    1.0 + (lambda.len() - i) as f64 / lambda[i..].iter().map(|x| (x / lambda[i]).ln()).sum::<f64>()
}

fn measures(id: &MatrixId, s: &Spectrum, variance: f64, k: usize, records: &mut Vec<Record>) {
    let v = &s.singular_values;
    let sum: f64 = v.iter().sum();
    let squares: f64 = v.iter().map(|s| s * s).sum();
    let entropy: f64 = v.iter().map(|s| -(s / sum) * (s / sum).ln()).sum();
    let p = v.len() as f64;
    let law = MarchenkoPastur::new(s.rows, s.cols, variance).unwrap();
    let mut put =
        |metric: &str, outcome: Outcome| records.push(Record { id: id.clone(), metric: metric.to_owned(), outcome });
    put("frobenius_norm", squares.sqrt().into());
    put("spectral_norm", v[0].into());
    put("nuclear_norm", sum.into());
    put("stable_rank", (squares / (v[0] * v[0])).into());
    put("effective_rank", entropy.exp().into());
    put("effective_rank_normalized", (entropy.exp() / p).into());
    put("gini", (0.28 + 0.3 * k as f64 / p).into());
    if id.kind == Kind::Weight {
        put("alpha_hill", hill(v).into());
        put("null_alpha_hill", 2.44.into());
        put("mp_variance", variance.into());
        put("mp_edge", law.upper_edge().into());
        put("mp_distance", (0.004 + 0.8 * k as f64 / p).into());
        put("null_mp_distance", 0.004.into());
        put("top_to_edge", (v[0] * v[0] / law.upper_edge()).into());
        put("outliers", (k as f64).into());
        put("null_outliers", 0.0.into());
        let lambda = s.eigenvalues();
        let fit = if id.step % 4 == 1 {
            Err(Reason::TooFewValues { found: 7, needed: 10 })
        } else {
            spectrum_tail::fit(&lambda, s.floor * s.floor, &FitOptions::csn()).map_err(Reason::from)
        };
        let mut of_fit = |metric: &str, value: fn(&TailFit) -> f64| {
            put(metric, fit.as_ref().map(value).map_err(Clone::clone).into())
        };
        of_fit("alpha", |f| f.alpha);
        of_fit("alpha_sigma", |f| f.sigma);
        of_fit("alpha_distance", |f| f.distance);
        of_fit("xmin", |f| f.xmin);
        of_fit("tail_size", |f| f.tail_size as f64);
        let teacher = if id.layer.starts_with("hidden") {
            (1.0 - 0.9 / (1.0 + id.step as f64)).into()
        } else {
            Reason::NotApplicable("the layer does not act on raw inputs".into()).into()
        };
        put("teacher_alignment", teacher);
    } else {
        put("mp_variance", Reason::NotApplicable("an update is no random matrix".into()).into());
    }
}

fn overlap(id: &MatrixId, name: &str, top: f64, draws: &mut Draws) -> Blob {
    let k = 8;
    let cell = |i: usize, j: usize, d: &mut Draws| {
        if i == j { top * 0.8f64.powi(i as i32) } else { 0.06 * d.next() / (1.0 + i.abs_diff(j) as f64) }
    };
    let data = (0..k * k).map(|c| cell(c % k, c / k, draws)).collect();
    Blob { id: id.clone(), name: name.to_owned(), rows: k, cols: k, data }
}

/// The run of a plan.
pub fn run(plan: &Plan) -> RunData {
    let mut draws = Draws(plan.seed + 7);
    let last = *plan.steps.last().unwrap() as f64;
    let (mut scalars, mut records, mut spectra, mut blobs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for &t in &plan.steps {
        let u = t as f64 / last;
        let mut scalar =
            |name: &str, outcome: Outcome| scalars.push(Scalar { step: t, name: name.to_owned(), outcome });
        let noise = 0.02 * draws.next();
        scalar("test_loss", (0.86 + 0.9 * (-4.0 * plan.lr * u).exp() + noise).into());
        if t == 0 {
            scalar("train_loss", Reason::NotComputed("no step done yet".into()).into());
            scalar("linear_test_loss", 0.792.into());
            scalar("initial_kernel_test_loss", 0.938.into());
        } else {
            scalar("train_loss", (1.6 * (-5.0 * plan.lr * u).exp() + 0.02 + noise).into());
            scalar("learning_rate", (plan.lr * if t == 1 { 0.1 } else { 1.0 }).into());
        }
        if plan.accuracy {
            scalar("test_accuracy", (0.95 - 0.85 * (-9.0 * u).exp() - noise).into());
            scalar("train_accuracy", (0.99 - 0.89 * (-9.0 * u).exp() - noise).into());
        }
        for (i, &(layer, rows, cols)) in plan.layers.iter().enumerate() {
            let p = rows.min(cols);
            let k = (plan.lr * 0.19 * p as f64 * u.powf(1.6) / (1.0 + i as f64)) as usize;
            let variance = 1.0 + 0.4 * u * plan.lr;
            let s = spectrum(rows, cols, variance, k, &mut draws);
            let weight = id(t, layer, Kind::Weight);
            measures(&weight, &s, variance, k, &mut records);
            spectra.push(SpectrumRow { id: weight, spectrum: s });
            if t > 0 {
                let update = id(t, layer, Kind::Update);
                let s = spectrum(rows, cols, 0.1 * plan.lr, 1 + k / 2, &mut draws);
                measures(&update, &s, 0.1, 1 + k / 2, &mut records);
                spectra.push(SpectrumRow { id: update.clone(), spectrum: s });
                blobs.push(overlap(&update, "overlap_left", if t == 1 { 0.03 } else { 0.95 }, &mut draws));
                blobs.push(overlap(&update, "overlap_right", if t == 1 { 0.02 } else { 0.5 }, &mut draws));
            }
        }
    }
    let info = RunInfo {
        name: plan.name.to_owned(),
        seed: plan.seed,
        backend: plan.backend.to_owned(),
        precision: "f32".to_owned(),
        spectrum_version: "0.1.0".to_owned(),
        burn_version: "0.22.1".to_owned(),
        config_hash: "1a2b3c4d".to_owned(),
        initial_weights_sha256: Some("a".repeat(64)),
        status: Status::Finished,
        steps_done: last as u64,
        started_unix: 1_767_225_599.0,
        wall_seconds: 12.34,
        training_seconds: 3.21,
        recording_seconds: 8.7,
        waited_seconds: 0.105,
        recording_overhead: Some(0.105 / 3.21),
        parameters: 240_600,
        cpu_threads: 2,
        ..RunInfo::default()
    };
    let config = format!(
        "name = \"{}\"\nseed = {}\nbackend = \"{}\"\nprecision = \"f32\"\n\n[optimizer]\nkind = \"adam\"\nlr = {:?}\n",
        plan.name, plan.seed, plan.backend, plan.lr
    );
    RunData {
        dir: PathBuf::from(format!("runs/{}-{}-{}-1a2b3c4d", plan.name, plan.seed, plan.backend)),
        info,
        config,
        scalars,
        records,
        spectra,
        blobs,
    }
}
