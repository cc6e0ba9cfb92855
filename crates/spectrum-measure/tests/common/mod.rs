//! What the tests share: the matrices and reference values of tests/fixtures/make.py, and a sample builder.
#![allow(dead_code, clippy::unwrap_used)]

use spectrum_core::{Kind, LayerMatrix, MatrixId, Outcome, Precision, References, Route, Sample, Spectrum, StepRows};
use spectrum_linalg::Plan;
use spectrum_measure::Battery;

/// numpy's value of `name`.
pub fn reference(name: &str) -> f64 {
    let text = include_str!("../fixtures/reference.txt");
    let line = text.lines().find(|l| l.split(' ').next() == Some(name));
    line.unwrap_or_else(|| panic!("no reference value {name}")).split(' ').next_back().unwrap().parse().unwrap()
}

/// The formula matrix of make.py, column-major.
pub fn matrix(rows: usize, cols: usize, phase: f64) -> Vec<f64> {
    (0..rows * cols)
        .map(|k| {
            let (i, j) = ((k % rows) as f64, (k / rows) as f64);
            let x = 437.58 * (12.9898 * (i + 1.0) + 78.233 * (j + 1.0) + phase).sin();
            x - x.floor() - 0.5
        })
        .collect()
}

/// The reference matrix of the spectrum's measures: 60 x 40, its first column one higher.
pub fn rough() -> Vec<f64> {
    let mut w = matrix(60, 40, 0.0);
    w[..60].iter_mut().for_each(|x| *x += 1.0);
    w
}

pub fn id(kind: Kind) -> MatrixId {
    MatrixId { step: 3, layer: "hidden.weight".into(), kind, view: "matrix".into() }
}

pub fn layer(kind: Kind, rows: usize, cols: usize, data: Vec<f64>) -> LayerMatrix {
    LayerMatrix::new("hidden.weight", kind, "matrix", 3, rows, cols, data, Precision::F64).unwrap()
}

pub fn spectrum(data: &[f64], rows: usize, cols: usize, route: Route, vectors: usize) -> Spectrum {
    Plan::new().spectrum_of(data, rows, cols, route, vectors).unwrap()
}

/// Singular values alone, as an exact spectrum.
pub fn values(rows: usize, cols: usize, floor: f64, singular_values: Vec<f64>) -> Spectrum {
    Spectrum { rows, cols, route: Route::Svd, floor, singular_values, left: None, right: None }
}

/// The rows of the standard battery.
pub fn measured(
    kind: Kind,
    spectrum: &Spectrum,
    matrix: Option<&LayerMatrix>,
    around: [Option<&Spectrum>; 2],
    references: &References,
) -> StepRows {
    let mut rows = StepRows::new(3);
    let id = id(kind);
    let sample =
        Sample { matrix, id: &id, spectrum, previous_weight: around[0], current_weight: around[1], references };
    Battery::standard().measure_sample(&sample, &mut rows);
    rows
}

/// The one record of `metric`.
pub fn outcome(rows: &StepRows, metric: &str) -> Outcome {
    let mut found = rows.records.iter().filter(|r| r.metric == metric);
    let record = found.next().unwrap_or_else(|| panic!("no record of {metric}"));
    assert!(found.next().is_none(), "two records of {metric}");
    record.outcome.clone()
}

pub fn value(rows: &StepRows, metric: &str) -> f64 {
    outcome(rows, metric).value().unwrap_or_else(|| panic!("{metric}: {:?}", outcome(rows, metric)))
}

pub fn has(rows: &StepRows, metric: &str) -> bool {
    rows.records.iter().any(|r| r.metric == metric)
}

pub fn close(found: f64, expected: f64, relative: f64) -> bool {
    (found - expected).abs() <= relative * expected.abs().max(1e-300)
}
