//! A checkpoint that no network ever made: thirty layers with bulks, spikes and heavy tails, one constant layer and one
//! with NaN.

use std::path::PathBuf;

use spectrum_core::{Kind, MatrixId, Outcome, Reason, Record, Route, Spectrum, SpectrumRow};
use spectrum_law::{MarchenkoPastur, fit_bulk};
use spectrum_report::RunData;
use spectrum_store::{RunInfo, Status};
use spectrum_tail::FitOptions;

use super::{Draws, hill};

/// What a made-up layer's spectrum looks like.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Marchenko-Pastur with this many spikes.
    Bulk(usize),
    /// A bulk whose upper `share` is a power law of this exponent.
    Tail { share: f64, alpha: f64 },
    /// Log-normal eigenvalues.
    LogNormal(f64),
    /// Every singular value the same.
    Constant,
    /// A matrix that holds NaN: no spectrum.
    NotFinite,
}

/// One layer of a made-up checkpoint.
#[derive(Debug, Clone)]
pub struct Layer {
    pub name: String,
    pub view: &'static str,
    pub rows: usize,
    pub cols: usize,
    pub shape: Shape,
}

fn layer(name: impl Into<String>, rows: usize, cols: usize, shape: Shape) -> Layer {
    Layer { name: name.into(), view: "matrix", rows, cols, shape }
}

/// Four Transformer blocks of width 384 with an embedding, a convolution and a head: thirty layers.
pub fn layers() -> Vec<Layer> {
    let mut out = vec![
        Layer { view: "flatten", ..layer("frontend.conv1.weight", 128, 147, Shape::Bulk(2)) },
        layer("embeddings.word_embeddings.weight", 384, 8000, Shape::Tail { share: 0.3, alpha: 3.0 }),
    ];
    for b in 0..4 {
        let name = |part: &str| format!("encoder.layer.{b}.{part}.weight");
        let heavier = 3.8 - 0.3 * f64::from(b);
        out.push(layer(name("attention.self.query"), 384, 384, Shape::Tail { share: 0.35, alpha: heavier }));
        out.push(layer(name("attention.self.key"), 384, 384, Shape::Tail { share: 0.2, alpha: heavier + 0.4 }));
        out.push(layer(name("attention.self.value"), 384, 384, Shape::Bulk(6 + b as usize)));
        out.push(layer(name("attention.output.dense"), 384, 384, Shape::LogNormal(0.9)));
        out.push(layer(name("intermediate.dense"), 1536, 384, Shape::Tail { share: 0.15, alpha: heavier }));
        out.push(layer(name("output.dense"), 384, 1536, Shape::Bulk(1)));
    }
    out.push(layer("encoder.norm.scale_matrix", 64, 64, Shape::Constant));
    out.push(layer("adapter.broken.weight", 384, 384, Shape::NotFinite));
    out.push(layer("pooler.dense.weight", 384, 384, Shape::Bulk(0)));
    out.push(layer("lm_head.weight", 4096, 384, Shape::Tail { share: 0.05, alpha: 2.6 }));
    out
}

/// Eigenvalues, descending.
fn eigenvalues(l: &Layer, u: f64, draws: &mut Draws) -> Vec<f64> {
    let p = l.rows.min(l.cols);
    let variance = 0.02 * 0.02;
    let edge = MarchenkoPastur::new(l.rows, l.cols, variance).unwrap().upper_edge();
    let bulk = |n: usize, draws: &mut Draws| -> Vec<f64> {
        let law = MarchenkoPastur::new(l.rows - (p - n), l.cols - (p - n), variance).unwrap();
        (0..n).map(|i| law.quantile((i as f64 + 0.15 + 0.7 * draws.next()) / n as f64).unwrap()).collect()
    };
    let mut lambda = match l.shape {
        Shape::Bulk(k) => {
            let mut v = bulk(p - k, draws);
            v.extend((0..k).map(|i| edge * (1.3 + (0.2 + u) * (k - i) as f64)));
            v
        }
        Shape::Tail { share, alpha } => {
            let k = (share * (0.5 + 0.5 * u) * p as f64) as usize;
            let mut v = bulk(p - k, draws);
            v.extend((0..k).map(|_| 0.75 * edge * (1.0 - draws.next()).powf(-1.0 / (alpha - 1.0))));
            v
        }
        Shape::LogNormal(sd) => {
            let normal =
                |d: &mut Draws| (-2.0 * (1.0 - d.next()).ln()).sqrt() * (std::f64::consts::TAU * d.next()).cos();
            (0..p).map(|_| 0.3 * edge * (sd * normal(draws)).exp()).collect()
        }
        Shape::Constant => vec![0.49; p],
        Shape::NotFinite => Vec::new(),
    };
    lambda.sort_by(|a, b| b.total_cmp(a));
    lambda
}

const METRICS: [&str; 18] = [
    "frobenius_norm",
    "spectral_norm",
    "stable_rank",
    "effective_rank",
    "effective_rank_normalized",
    "alpha_hill",
    "alpha",
    "alpha_sigma",
    "alpha_distance",
    "xmin",
    "tail_size",
    "mp_variance",
    "mp_edge",
    "mp_distance",
    "top_to_edge",
    "outliers",
    "shape_class",
    "alpha_weighted",
];

fn measure(id: &MatrixId, s: Result<&Spectrum, Reason>, records: &mut Vec<Record>) {
    let mut put =
        |metric: &str, outcome: Outcome| records.push(Record { id: id.clone(), metric: metric.to_owned(), outcome });
    let s = match s {
        Ok(s) => s,
        Err(why) => return METRICS.iter().for_each(|m| put(m, why.clone().into())),
    };
    let v = &s.singular_values;
    let lambda = s.eigenvalues();
    let (sum, squares): (f64, f64) = (v.iter().sum(), lambda.iter().sum());
    let entropy: f64 = v.iter().map(|s| -(s / sum) * (s / sum).ln()).sum();
    let p = v.len() as f64;
    put("frobenius_norm", squares.sqrt().into());
    put("spectral_norm", v[0].into());
    put("stable_rank", (squares / lambda[0]).into());
    put("effective_rank", entropy.exp().into());
    put("effective_rank_normalized", (entropy.exp() / p).into());
    let hill_now = if v[0] > v[v.len() - 1] { hill(v).into() } else { Reason::Degenerate.into() };
    put("alpha_hill", hill_now);
    match spectrum_tail::fit(&lambda, s.floor * s.floor, &FitOptions::csn()) {
        Ok(fit) => {
            put("alpha", fit.alpha.into());
            put("alpha_sigma", fit.sigma.into());
            put("alpha_distance", fit.distance.into());
            put("xmin", fit.xmin.into());
            put("tail_size", (fit.tail_size as f64).into());
            put("alpha_weighted", (fit.alpha * lambda[0].log10()).into());
        }
        Err(e) => {
            let why = Reason::from(e);
            for m in ["alpha", "alpha_sigma", "alpha_distance", "xmin", "tail_size", "alpha_weighted"] {
                put(m, why.clone().into());
            }
        }
    }
    let gaussian = MarchenkoPastur::new(s.rows, s.cols, 1.0).unwrap();
    let typical: Vec<f64> =
        (0..v.len()).rev().map(|i| gaussian.quantile((i as f64 + 0.5) / p).unwrap().sqrt()).collect();
    put("alpha_hill_gaussian", hill(&typical).into());
    put("alpha_hill_gaussian_sd", (0.6 / p).into());
    match fit_bulk(&lambda, s.rows, s.cols) {
        Ok(bulk) => {
            put("mp_variance", bulk.variance.into());
            put("mp_edge", bulk.edge.into());
            put("mp_distance", bulk.distance.into());
            put("top_to_edge", bulk.top_to_edge.into());
            put("outliers", (bulk.outliers as f64).into());
            let heavy = bulk.distance >= 0.12 && bulk.outliers as f64 > 0.1 * p;
            let smeared = bulk.distance >= 0.03;
            let class = if heavy {
                3.0
            } else if smeared {
                2.0
            } else {
                f64::from(u8::from(bulk.outliers > 0))
            };
            put("shape_class", class.into());
        }
        Err(e) => {
            for m in ["mp_variance", "mp_edge", "mp_distance", "top_to_edge", "outliers", "shape_class"] {
                put(m, Reason::NotApplicable(e.to_string()).into());
            }
        }
    }
}

/// The run directory that an analysis of these layers would write, `checkpoints` of them in a row.
pub fn run(layers: &[Layer], checkpoints: u64) -> RunData {
    let (mut records, mut spectra) = (Vec::new(), Vec::new());
    for t in 0..checkpoints {
        let u = (t + 1) as f64 / checkpoints as f64;
        for (i, l) in layers.iter().enumerate() {
            let mut draws = Draws(11 + i as u64 + 1000 * t);
            let id = MatrixId { step: t, layer: l.name.clone(), kind: Kind::Weight, view: l.view.to_owned() };
            if matches!(l.shape, Shape::NotFinite) {
                measure(&id, Err(Reason::NotFinite), &mut records);
                continue;
            }
            let singular_values: Vec<f64> = eigenvalues(l, u, &mut draws).into_iter().map(f64::sqrt).collect();
            let floor = 5e-7 * singular_values[0];
            let (rows, cols, route) = (l.rows, l.cols, Route::Gram);
            let s = Spectrum { rows, cols, route, floor, singular_values, left: None, right: None };
            measure(&id, Ok(&s), &mut records);
            if t > 0 {
                for side in ["agreement_left", "agreement_right"] {
                    let outcome = (0.6 + 0.35 * draws.next()).into();
                    records.push(Record { id: id.clone(), metric: side.to_owned(), outcome });
                }
            }
            spectra.push(SpectrumRow { id, spectrum: s });
        }
    }
    let info = RunInfo {
        name: "minilm-like.safetensors".to_owned(),
        backend: "checkpoint".to_owned(),
        precision: "f32".to_owned(),
        spectrum_version: "0.1.0".to_owned(),
        status: Status::Finished,
        steps_done: checkpoints.saturating_sub(1),
        wall_seconds: 3.4,
        parameters: layers.iter().map(|l| (l.rows * l.cols) as u64).sum(),
        cpu_threads: 2,
        ..RunInfo::default()
    };
    let config = "name = \"minilm-like\"\n\n[spectra]\nroute = \"gram\"\nconvention = \"csn\"\n".to_owned();
    RunData {
        dir: PathBuf::from("runs/minilm-like-0-checkpoint-1a2b3c4d"),
        info,
        config,
        scalars: Vec::new(),
        records,
        spectra,
        blobs: Vec::new(),
    }
}
