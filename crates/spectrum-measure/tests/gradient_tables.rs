//! The tables of section 10 of the specification of low-rank gradients, over five seeds. (Specification: a record of an independent numpy
//! implementation with draws of its own, so that numbers agree within the seeds' spread.)
//!
//! cargo test --release -p spectrum-measure --test gradient_tables -- --ignored --nocapture
#![allow(clippy::unwrap_used)]

mod gradient_common;

use std::f64::consts::FRAC_1_SQRT_2;
use std::time::Instant;

use gradient_common::tables::{SEEDS, header, summary};
use gradient_common::{Case, PAPER, SMALL, id, records, value};
use spectrum_core::{Route, StepRows};
use spectrum_linalg::{Plan, matvec};
use spectrum_measure::gradient::{
    Activation, Beside, Decomposer, Erf, Loss, MeanDerivative, NearLinear, Relu, Sigmoid, Tanh, measure,
};

const ERF: Erf = Erf { scale: FRAC_1_SQRT_2 };
fn metrics(case: Case, seed: u64, activation: &dyn Activation, mean_field: bool, names: &[&str]) -> Vec<f64> {
    let rows = records(&case.draw(seed).decompose(activation, mean_field), None);
    names.iter().map(|name| value(&rows, name)).collect()
}

#[test]
#[ignore = "prints a table"]
fn table_1_shares_and_residuals() {
    let names = [
        "s1_share",
        "s2_share",
        "s12_share",
        "joint_share",
        "residual_s1",
        "residual_s1_s2",
        "residual_s1_sq",
        "input_side_s1_alignment_1",
        "input_side_spike_alignment_1",
    ];
    header("10.1: 450, 600, 750, alpha 0, sphere", &names);
    let near = NearLinear::default();
    let rows: [(&str, &dyn Activation, bool, f64); 14] = [
        ("relu MF 1/8", &Relu, true, 0.125),
        ("relu NTK 1/8", &Relu, false, 0.125),
        ("tanh MF 1/8", &Tanh, true, 0.125),
        ("tanh NTK 1/8", &Tanh, false, 0.125),
        ("erf MF 1/8", &ERF, true, 0.125),
        ("erf NTK 1/8", &ERF, false, 0.125),
        ("near-linear NTK 1/8", &near, false, 0.125),
        ("relu MF 3/8", &Relu, true, 0.375),
        ("relu NTK 3/8", &Relu, false, 0.375),
        ("tanh MF 3/8", &Tanh, true, 0.375),
        ("tanh NTK 3/8", &Tanh, false, 0.375),
        ("erf NTK 3/8", &ERF, false, 0.375),
        ("relu NTK 1/2", &Relu, false, 0.5),
        ("tanh NTK 1/2", &Tanh, false, 0.5),
    ];
    for (label, activation, mean_field, nu) in rows {
        let case = Case::new(SMALL, nu);
        let all: Vec<Vec<f64>> = (0..SEEDS).map(|seed| metrics(case, seed, activation, mean_field, &names)).collect();
        summary(label, &names, &all);
    }
}

#[test]
#[ignore = "prints a table"]
fn table_2_size_of_the_spikes() {
    let names = [
        "s1_norm",
        "s2_norm",
        "s12_norm",
        "sq_norm",
        "e_norm",
        "second_value_to_e",
        "input_side_spike_alignment_1",
        "input_side_spike_alignment_2",
        "input_side_overlap",
    ];
    header("10.2: 750, 1000, 1250, alpha 0, NTK", &names);
    for (activation, name) in [(&Relu as &dyn Activation, "relu"), (&Tanh, "tanh")] {
        for biased in [false, true] {
            for nu in [0.0, 0.125, 0.25, 0.375, 0.5] {
                if biased && !(0.1..0.3).contains(&nu) {
                    continue;
                }
                let case = Case { biased, ..Case::new(PAPER, nu) };
                let all: Vec<Vec<f64>> =
                    (0..SEEDS).map(|seed| metrics(case, seed, activation, false, &names)).collect();
                summary(&format!("{} {name} nu {nu}", if biased { "biased" } else { "sphere" }), &names, &all);
            }
        }
    }
}

#[test]
#[ignore = "prints a table"]
fn table_3_conditioning_and_activation() {
    let names = ["s1_norm", "s2_norm", "s12_norm", "e_norm", "s1_to_s2", "s1_to_e", "input_side_s1_alignment_1"];
    header("10.3: 750, 1000, 1250, nu 1/8, NTK, sphere", &names);
    for (alpha, label) in [(0.0, "0"), (5.0 / 9.0, "5/9"), (8.0 / 9.0, "8/9")] {
        let all: [(&str, &dyn Activation); 4] =
            [("relu", &Relu), ("tanh", &Tanh), ("erf", &ERF), ("sigmoid", &Sigmoid)];
        for (name, activation) in all {
            let case = Case { alpha, ..Case::new(PAPER, 0.125) };
            let all: Vec<Vec<f64>> = (0..SEEDS).map(|seed| metrics(case, seed, activation, false, &names)).collect();
            summary(&format!("alpha {label} {name}"), &names, &all);
        }
    }
}

/// With biased weights the derivatives of all neurons follow z together, and the remainder has a spike of its own, along
/// X_B^T (r o z).
#[test]
#[ignore = "prints a table"]
fn the_remainder_of_biased_weights() {
    let names = ["|E|", "stable rank of E", "second value of E", "cos(v_1(E), X_B^T (r o z))", "cos(v_1(G), v_1(E))"];
    header("remainder: 750, 1000, 1250, NTK, nu 1/4", &names);
    for (name, activation) in [("relu", &Relu as &dyn Activation), ("tanh", &Tanh)] {
        for biased in [false, true] {
            let case = Case { biased, ..Case::new(PAPER, 0.25) };
            let of = |seed| {
                let setup = case.draw(seed);
                let p = setup.decompose(activation, false);
                let mut plan = Plan::new();
                let e = plan.spectrum_of(&p.remainder, setup.m, setup.d, Route::Gram, 1).unwrap();
                let g = plan.spectrum_of(&p.gradient(), setup.m, setup.d, Route::Topk, 1).unwrap();
                let parts = &setup.draw.parts;
                let rz: Vec<f64> = p.residual.iter().zip(&parts.z[0]).map(|(r, z)| r * z).collect();
                let mut along = vec![0.0; setup.d];
                matvec(&parts.bulk, setup.d, setup.n, &rz, &mut along);
                let v = |s: &spectrum_core::Spectrum| s.right.as_ref().unwrap().column(0).to_vec();
                let s = &e.singular_values;
                let square: f64 = s.iter().map(|x| x * x).sum();
                let cos = |a: &[f64], b: &[f64]| spectrum_linalg::alignment(a, b);
                vec![s[0], square / (s[0] * s[0]), s[1], cos(&v(&e), &along), cos(&v(&e), &v(&g))]
            };
            let all: Vec<Vec<f64>> = (0..SEEDS).map(of).collect();
            summary(&format!("{} {name}", if biased { "biased" } else { "sphere" }), &names, &all);
        }
    }
}

#[test]
#[ignore = "prints times"]
fn cost() {
    for sizes in [SMALL, PAPER] {
        let setup = Case::new(sizes, 0.375).draw(0);
        let (network, inputs) = (setup.network(&Tanh, false), setup.inputs());
        let (mut decomposer, mut plan) = (Decomposer::new(), Plan::new());
        let mut g = vec![];
        for round in 0..3 {
            let time = |start: Instant| start.elapsed().as_secs_f64() * 1e3;
            let start = Instant::now();
            let parts =
                decomposer.decompose(&network, &inputs, Loss::HalfSquaredError, MeanDerivative::Empirical).unwrap();
            let split = time(start);
            g.clear();
            g.extend(parts.gradient());
            let start = Instant::now();
            measure(
                &id(),
                Ok(&parts),
                Beside { gradient: Some(&g), ..Beside::default() },
                &mut plan,
                &mut StepRows::new(0),
            );
            let measured = time(start);
            let start = Instant::now();
            decomposer.jacobian_penalty(&network, &inputs).unwrap();
            let jacobian = time(start);
            let start = Instant::now();
            decomposer.input_noise(&network, &inputs, Loss::HalfSquaredError, 1.0).unwrap();
            let noise = time(start);
            let start = Instant::now();
            plan.spectrum_of(&g, setup.m, setup.d, Route::Gram, 8).unwrap();
            println!(
                "{sizes:?} round {round}: decompose {split:.0} ms, measure {measured:.0}, jacobian {jacobian:.0}, noise {noise:.0}, spectrum of G by gram {:.0}",
                time(start)
            );
        }
    }
}
