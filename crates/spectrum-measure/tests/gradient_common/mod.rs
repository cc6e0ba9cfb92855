//! What the tests of gradients share: a network of arXiv 2510.01303 on spiked data, and its records.
#![allow(dead_code, clippy::unwrap_used)]

pub mod tables;

use spectrum_core::{Kind, MatrixId, StepRows};
use spectrum_data::{
    BulkScale, Spike, Spiked, SpikedDraw, SpikedTarget, Targets, normals, signs, sphere_weights, stream,
};
use spectrum_linalg::Plan;
use spectrum_measure::gradient::{
    Activation, Beside, Decomposer, Decomposition, LAYER_METRICS, Loss, METRICS, MeanDerivative, SpikedInputs,
    TwoLayer, measure,
};

/// One draw of data and weights.
pub struct Setup {
    pub draw: SpikedDraw,
    pub y: Vec<f64>,
    /// m x d, column-major.
    pub weight: Vec<f64>,
    pub readout: Vec<f64>,
    pub n: usize,
    pub d: usize,
    pub m: usize,
}

/// Everything that a draw depends on beside the seed.
#[derive(Clone, Copy)]
pub struct Case {
    pub sizes: (usize, usize, usize),
    pub nu: f64,
    pub alpha: f64,
    pub biased: bool,
    pub sign: bool,
}

pub const SMALL: (usize, usize, usize) = (450, 600, 750);
pub const PAPER: (usize, usize, usize) = (750, 1000, 1250);

impl Case {
    pub fn new(sizes: (usize, usize, usize), nu: f64) -> Self {
        Self { sizes, nu, alpha: 0.0, biased: false, sign: false }
    }

    pub fn draw(&self, seed: u64) -> Setup {
        let (n, d, m) = self.sizes;
        let data = Spiked {
            n,
            d,
            n_test: 1,
            alpha: self.alpha,
            bulk: BulkScale::Raw,
            spikes: vec![Spike { nu: self.nu, direction: None }],
            target: SpikedTarget::Triple,
            noise: 0.1,
            sign: self.sign,
            ..Spiked::default()
        };
        let draw = data.draw(seed).unwrap();
        let q = draw.parts.q[0].clone();
        let bias = self.biased.then_some((q.as_slice(), n));
        let rows = sphere_weights(normals(&mut stream(seed, "hidden"), m * d), d, bias).unwrap();
        let weight = (0..m * d).map(|k| rows[k / m + k % m * d]).collect();
        let readout = signs(&normals(&mut stream(seed, "readout"), m));
        let y = match &draw.split.train.targets {
            Targets::Values(y) => y.clone(),
            Targets::Classes { .. } => unreachable!("a regression"),
        };
        Setup { draw, y, weight, readout, n, d, m }
    }
}

impl Setup {
    pub fn inputs(&self) -> SpikedInputs<'_> {
        let parts = &self.draw.parts;
        SpikedInputs {
            n: self.n,
            d: self.d,
            bulk: &parts.bulk,
            z: &parts.z,
            q: &parts.q,
            zeta: &parts.zeta,
            targets: &self.y,
        }
    }

    pub fn network<'a>(&'a self, activation: &'a dyn Activation, mean_field: bool) -> TwoLayer<'a> {
        let m = self.m as f64;
        TwoLayer {
            weight: &self.weight,
            readout: &self.readout,
            output_scale: if mean_field { m.recip() } else { m.sqrt().recip() },
            input_scale: 1.0,
            activation,
        }
    }

    pub fn population(&self) -> MeanDerivative<'_> {
        MeanDerivative::Population(self.draw.parts.bulk_eigenvalues.as_deref().unwrap())
    }

    pub fn decompose(&self, activation: &dyn Activation, mean_field: bool) -> Decomposition {
        let network = self.network(activation, mean_field);
        Decomposer::new().decompose(&network, &self.inputs(), Loss::HalfSquaredError, self.population()).unwrap()
    }
}

pub fn id() -> MatrixId {
    MatrixId { step: 1, layer: "hidden.weight".into(), kind: Kind::Gradient, view: "matrix".into() }
}

pub fn records(parts: &Decomposition, gradient: Option<&[f64]>) -> StepRows {
    let mut rows = StepRows::new(1);
    measure(&id(), Ok(parts), Beside { gradient, ..Beside::default() }, &mut Plan::new(), &mut rows);
    assert_eq!(rows.records.len(), METRICS.len());
    rows
}

pub fn value(rows: &StepRows, metric: &str) -> f64 {
    assert!(METRICS.contains(&metric) || LAYER_METRICS.contains(&metric), "{metric}");
    let record = rows.records.iter().find(|r| r.metric == metric).unwrap();
    record.outcome.value().unwrap_or_else(|| panic!("{metric}: {:?}", record.outcome))
}

pub fn norm(v: &[f64]) -> f64 {
    v.iter().map(|x| x * x).sum::<f64>().sqrt()
}

pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
