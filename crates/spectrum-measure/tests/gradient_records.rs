//! The records of a gradient's parts, and of any layer's gradient, against numpy (fixtures/gradient.py).
#![allow(clippy::unwrap_used)]

mod common;
mod gradient_common;

use std::collections::HashSet;

use common::{close, matrix};
use gradient_common::{Case, dot, id, norm, value};
use spectrum_core::{Kind, LayerMatrix, Outcome, Precision, Reason, Route, StepRows};
use spectrum_linalg::Plan;
use spectrum_measure::Battery;
use spectrum_measure::gradient::{
    Activation, Beside, Decomposer, Erf, LAYER_METRICS, LayerGradient, Loss, METRICS, MeanDerivative, NearLinear, Relu,
    Sigmoid, Softplus, SpikedInputs, Tanh, TwoLayer, layer_gradient, measure,
};
use spectrum_measure::tolerance::{Coverage, PrecisionPair, Setting};

const N: usize = 30;
const D: usize = 24;
const M: usize = 36;

fn reference(name: &str) -> f64 {
    let text = include_str!("fixtures/gradient.txt");
    let line = text.lines().find(|l| l.split(' ').next() == Some(name));
    line.unwrap_or_else(|| panic!("no reference value {name}")).split(' ').next_back().unwrap().parse().unwrap()
}

/// The matrices of gradient.py.
struct Fixture {
    bulk: Vec<f64>,
    weight: Vec<f64>,
    readout: Vec<f64>,
    y: Vec<f64>,
    z: Vec<Vec<f64>>,
    q: Vec<Vec<f64>>,
}

fn times(m: &[f64], factor: f64) -> Vec<f64> {
    m.iter().map(|x| factor * x).collect()
}

fn fixture() -> Fixture {
    let bulk = matrix(N, D, 0.0);
    let z = times(&matrix(N, 2, 4.0), 3.0);
    let q = matrix(D, 2, 5.0);
    // Gram-Schmidt with the signs of the first components made positive, as in the script.
    let mut first = q[..D].to_vec();
    let mut second = q[D..].to_vec();
    let c = dot(&first, &second) / dot(&first, &first);
    second.iter_mut().zip(&first).for_each(|(s, f)| *s -= c * f);
    for v in [&mut first, &mut second] {
        let size = norm(v) * v[0].signum();
        v.iter_mut().for_each(|x| *x /= size);
    }
    Fixture {
        bulk: (0..N * D).map(|k| 2.0 * bulk[k / D + k % D * N]).collect(),
        weight: times(&matrix(M, D, 1.0), 1.5),
        readout: times(&matrix(M, 1, 2.0), 2.0),
        y: times(&matrix(N, 1, 3.0), 3.0),
        z: vec![z[..N].to_vec(), z[N..].to_vec()],
        q: vec![first, second],
    }
}

/// The rows of both measures for one case of the script, after its loss is compared.
fn rows_of(name: &str, activation: &dyn Activation, loss: Loss, zeta: &[f64], scales: (f64, f64)) -> StepRows {
    let mut f = fixture();
    if loss == Loss::Logistic {
        f.y.iter_mut().for_each(|y| *y = y.signum());
    }
    let spikes = zeta.len();
    let inputs = SpikedInputs { n: N, d: D, bulk: &f.bulk, z: &f.z[..spikes], q: &f.q[..spikes], zeta, targets: &f.y };
    let network =
        TwoLayer { weight: &f.weight, readout: &f.readout, output_scale: scales.0, input_scale: scales.1, activation };
    let parts = Decomposer::new().decompose(&network, &inputs, loss, MeanDerivative::Empirical).unwrap();
    assert!(close(parts.loss, reference(&format!("{name}_loss")), 1e-12));
    let g = parts.gradient();
    let mut rows = StepRows::new(1);
    let mut plan = Plan::new();
    let recorded: Vec<f64> = g.iter().zip(&f.weight).map(|(g, w)| g + 0.3 * w).collect();
    let beside = Beside { gradient: Some(&g), recorded: Some(&recorded), weight: Some(&f.weight) };
    measure(&id(), Ok(&parts), beside, &mut plan, &mut rows);

    // Means of the layer's input and of the signal, from sigma' again.
    let mut x = f.bulk.clone();
    for (i, row) in x.chunks_exact_mut(D).enumerate() {
        for ((zeta, z), q) in zeta.iter().zip(&f.z).zip(&f.q) {
            row.iter_mut().zip(q).for_each(|(x, q)| *x += zeta * z[i] * q);
        }
    }
    let mut mean = vec![0.0; D];
    x.chunks_exact(D).for_each(|row| mean.iter_mut().zip(row).for_each(|(m, x)| *m += x / N as f64));
    let mut signal = vec![0.0; M];
    for (i, row) in x.chunks_exact(D).enumerate() {
        for (j, signal) in signal.iter_mut().enumerate() {
            let u: f64 = (0..D).map(|k| f.weight[j + k * M] * row[k]).sum();
            *signal += parts.residual[i] * activation.derivative(scales.1 * u) * f.readout[j];
        }
    }
    let spectrum = plan.spectrum_of(&g, M, D, Route::Vectors, 3).unwrap();
    let sample = LayerGradient {
        id: &id(),
        spectrum: Ok(&spectrum),
        matrix: None,
        mean_input: Ok(&mean),
        mean_signal: Ok(&signal),
    };
    layer_gradient(&sample, &mut rows);
    rows
}

#[test]
fn every_number_is_numpys() {
    let (ntk, mean_field) = ((M as f64).sqrt().recip(), (M as f64).recip());
    type Named<'a> = (&'a str, &'a dyn Activation, Loss, &'a [f64], (f64, f64));
    let cases: [Named<'_>; 6] = [
        ("tanh", &Tanh, Loss::HalfSquaredError, &[2.0], (ntk, 1.0)),
        ("relu", &Relu, Loss::SquaredError, &[2.0], (mean_field, 1.0)),
        ("erf", &Erf::default(), Loss::Logistic, &[3.0], (ntk, (D as f64).sqrt().recip())),
        ("sigmoid", &Sigmoid, Loss::HalfSquaredError, &[2.0, 1.0], (ntk, 1.0)),
        ("softplus", &Softplus, Loss::Logistic, &[1.5, 1.0], (mean_field, 0.7)),
        ("near", &NearLinear::default(), Loss::SquaredError, &[2.0, 0.5], (ntk, 1.0)),
    ];
    for (name, activation, loss, zeta, scales) in cases {
        let rows = rows_of(name, activation, loss, zeta, scales);
        assert_eq!(rows.records.len(), METRICS.len() + LAYER_METRICS.len());
        for metric in METRICS.iter().chain(&LAYER_METRICS) {
            let found = value(&rows, metric);
            if *metric == "identity_residue" {
                assert!(found < 1e-14, "{found}");
                continue;
            }
            let expected = reference(&format!("{name}_{metric}"));
            assert!((found - expected).abs() < 1e-8 * expected.abs() + 1e-10, "{name} {metric}: {found} {expected}");
        }
    }
}

#[test]
fn the_residue_sees_another_gradient() {
    let p = Case::new((20, 15, 25), 0.3).draw(0).decompose(&Tanh, false);
    let mut g = p.gradient();
    let size = norm(&g);
    g[3] += 1e-4 * size;
    let of = |g: &[f64]| {
        let mut rows = StepRows::new(1);
        measure(&id(), Ok(&p), Beside { gradient: Some(g), ..Beside::default() }, &mut Plan::new(), &mut rows);
        rows.records[0].outcome.clone()
    };
    assert!((of(&g).value().unwrap() - 1e-4).abs() < 1e-7);
    assert!(matches!(of(&g[1..]).reason(), Some(Reason::NotApplicable(_))));
    // The transposed gradient, and one of another loss factor.
    let transposed: Vec<f64> = (0..g.len()).map(|k| g[k / 15 + k % 15 * 25]).collect();
    assert!(of(&transposed).value().unwrap() > 0.5);
    assert!((of(&times(&p.gradient(), 2.0)).value().unwrap() - 0.5).abs() < 1e-12);
    // In f32, as a run records it.
    let rounded: Vec<f64> = p.gradient().iter().map(|x| f64::from(*x as f32)).collect();
    assert!(of(&rounded).value().unwrap() < 1e-7);
}

#[test]
fn missing_answers_have_reasons() {
    let rows = |parts: Result<_, &Reason>, g: Option<&[f64]>| {
        let mut rows = StepRows::new(1);
        measure(
            &id(),
            parts,
            Beside { gradient: g, weight: Some(&[0.5; 25 * 15]), ..Beside::default() },
            &mut Plan::new(),
            &mut rows,
        );
        let named: Vec<(String, Outcome)> = rows.records.into_iter().map(|r| (r.metric, r.outcome)).collect();
        assert!(named.iter().map(|(m, _)| m.as_str()).eq(METRICS));
        named
    };
    let reason = Reason::NoConvergence;
    assert!(rows(Err(&reason), None).iter().all(|(_, o)| *o == Outcome::Missing(reason.clone())));

    // Data without spikes: S1 and E alone.
    let setup = Case::new((20, 15, 25), 0.3).draw(0);
    let inputs = SpikedInputs { z: &[], q: &[], zeta: &[], ..setup.inputs() };
    let network = setup.network(&Tanh, false);
    let parts = Decomposer::new().decompose(&network, &inputs, Loss::SquaredError, MeanDerivative::Empirical).unwrap();
    for (metric, outcome) in rows(Ok(&parts), None) {
        match metric.as_str() {
            "identity_residue" => assert!(matches!(outcome.reason(), Some(Reason::NotComputed(_)))),
            // What is left beside S1 and a part that is not there.
            "residual_s1_sq" => assert!(outcome.value().is_some()),
            m if ["s2", "s12", "sq", "spike", "latent"].iter().any(|t| m.contains(t)) => {
                assert!(matches!(outcome.reason(), Some(Reason::NotApplicable(_))), "{m}: {outcome:?}");
            }
            m => assert!(outcome.value().is_some(), "{m}: {outcome:?}"),
        }
    }
    // A perfect fit has no gradient.
    let plain = TwoLayer { readout: &[0.0; 25], ..network };
    let zero = SpikedInputs { targets: &[0.0; 20], ..setup.inputs() };
    let parts = Decomposer::new().decompose(&plain, &zero, Loss::SquaredError, MeanDerivative::Empirical).unwrap();
    assert!(rows(Ok(&parts), None).iter().all(|(_, o)| *o == Outcome::Missing(Reason::Degenerate)));
    // One neuron: a gradient of one direction.
    let one = Case::new((20, 15, 1), 0.3).draw(0);
    for (metric, outcome) in rows(Ok(&one.decompose(&Tanh, false)), None) {
        if metric.ends_with("_2") && metric.contains("alignment") || metric == "second_value_to_e" {
            assert!(matches!(outcome.reason(), Some(Reason::TooFewValues { .. })), "{metric}: {outcome:?}");
        }
    }
}

#[test]
fn a_layers_gradient_without_what_it_needs() {
    let g = matrix(12, 9, 1.0);
    let (mean_input, mean_signal) = (vec![1.0; 9], vec![1.0; 12]);
    let of = |route, vectors, input: Result<&[f64], &Reason>, with_matrix: bool| {
        let spectrum = Plan::new().spectrum_of(&g, 12, 9, route, vectors).unwrap();
        let m = LayerMatrix::new("l", Kind::Gradient, "matrix", 1, 12, 9, g.clone(), Precision::F64).unwrap();
        let sample = LayerGradient {
            id: &id(),
            spectrum: Ok(&spectrum),
            matrix: with_matrix.then_some(&m),
            mean_input: input,
            mean_signal: Ok(&mean_signal),
        };
        let mut rows = StepRows::new(1);
        layer_gradient(&sample, &mut rows);
        rows.records.into_iter().map(|r| r.outcome).collect::<Vec<_>>()
    };
    let full = of(Route::Vectors, 3, Ok(&mean_input), false);
    assert!(full.iter().all(|o| o.value().is_some()));
    // The leading values with the matrix's own norm say the same.
    let leading = of(Route::Topk, 3, Ok(&mean_input), true);
    for (a, b) in full.iter().zip(&leading) {
        assert!(close(a.value().unwrap(), b.value().unwrap(), 1e-8));
    }
    let no_norm = of(Route::Topk, 3, Ok(&mean_input), false);
    assert!(no_norm[..3].iter().all(|o| matches!(o.reason(), Some(Reason::NotComputed(_)))));
    let no_vectors = of(Route::Svd, 0, Ok(&mean_input), false);
    assert!(no_vectors[..3].iter().all(|o| o.value().is_some()));
    assert!(no_vectors[3..].iter().all(|o| matches!(o.reason(), Some(Reason::NotComputed(_)))));
    let why = Reason::NotApplicable("a convolution".into());
    let no_mean = of(Route::Vectors, 3, Err(&why), false);
    assert!(no_mean[3..6].iter().all(|o| o.reason() == Some(&why)) && no_mean[6].value().is_some());
    let wrong = of(Route::Vectors, 3, Ok(&[1.0; 4]), false);
    assert!(matches!(wrong[3].reason(), Some(Reason::NotApplicable(_))));
    assert_eq!(of(Route::Vectors, 3, Ok(&[0.0; 9]), false)[3].reason(), Some(&Reason::Degenerate));
    assert_eq!(of(Route::Vectors, 3, Ok(&[f64::NAN; 9]), false)[3].reason(), Some(&Reason::NotFinite));

    // A rank-one gradient has no second direction.
    let (u, v) = (matrix(12, 1, 2.0), matrix(9, 1, 3.0));
    let rank_one: Vec<f64> = (0..108).map(|k| u[k % 12] * v[k / 12]).collect();
    let spectrum = Plan::new().spectrum_of(&rank_one, 12, 9, Route::Vectors, 3).unwrap();
    let sample =
        LayerGradient { id: &id(), spectrum: Ok(&spectrum), matrix: None, mean_input: Ok(&v), mean_signal: Ok(&u) };
    let mut rows = StepRows::new(1);
    layer_gradient(&sample, &mut rows);
    for metric in ["best_rank_1_share", "input_side_mean_alignment_1", "output_side_mean_alignment_1"] {
        assert!(close(value(&rows, metric), 1.0, 1e-13));
    }
    assert_eq!(rows.records[4].outcome, Outcome::Missing(Reason::Degenerate));
}

/// A gradient's rows have one key each: no name is the battery's, which measures the same matrix.
#[test]
fn names_are_new_and_have_a_place_in_the_contract() {
    let battery = Battery::standard();
    let all: Vec<&str> = METRICS.into_iter().chain(LAYER_METRICS).chain(battery.metrics_of(Kind::Gradient)).collect();
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
    assert!(battery.metrics_of(Kind::Gradient).any(|m| m == "stable_rank"));
    let f32 = PrecisionPair(Precision::F32, Precision::F32);
    for metric in METRICS.iter().chain(&LAYER_METRICS) {
        let setting = Setting { kind: Kind::Gradient, ..Setting::new(f32, 1) };
        assert!(setting.coverage(metric).is_some(), "{metric}");
    }
}

/// Weights that differ by what two backends may differ by after a step move no metric out of its tolerance; a thousand times as
/// much is seen.
#[test]
fn the_contract_holds_for_moved_weights() {
    let setup = Case::new((90, 60, 120), 0.375).draw(0);
    let (m, d) = (setup.m, setup.d);
    let pair = PrecisionPair(Precision::F32, Precision::F32);
    let weights = Setting { shape: (m, d), ..Setting::new(pair, 1) };
    let gradients = Setting { kind: Kind::Gradient, ..weights };
    let top = Plan::new().spectrum_of(&setup.weight, m, d, Route::Gram, 0).unwrap().top();
    let rows = |size: f64| {
        let noise = matrix(m, d, 9.0);
        let entry = size * weights.delta() * top / 3.3 * 12f64.sqrt();
        let moved: Vec<f64> = setup.weight.iter().zip(&noise).map(|(w, e)| w + entry * e).collect();
        let network = TwoLayer { weight: &moved, ..setup.network(&Tanh, false) };
        let parts = Decomposer::new()
            .decompose(&network, &setup.inputs(), Loss::SquaredError, MeanDerivative::Empirical)
            .unwrap();
        let mut rows = StepRows::new(1);
        let beside = Beside { weight: Some(&moved), ..Beside::default() };
        measure(&id(), Ok(&parts), beside, &mut Plan::new(), &mut rows);
        rows
    };
    let (still, moved, far) = (rows(0.0), rows(1.0), rows(1000.0));
    let mut seen = Vec::new();
    for metric in &METRICS[1..] {
        let Some(Coverage::Always(t)) = gradients.coverage(metric) else { continue };
        let (a, b) = (value(&still, metric), value(&moved, metric));
        assert!(t.allows(a, b), "{metric}: {a} {b} {t:?}");
        if !t.allows(a, value(&far, metric)) {
            seen.push(metric);
        }
    }
    assert!(seen.len() >= 5, "{seen:?}");
}
