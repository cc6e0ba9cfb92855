//! The tables of section 10 of the specification of low-rank gradients, over five seeds. (Specification: a record of an independent numpy
//! implementation with draws of its own, so that numbers agree within the seeds' spread.)
//!
//! cargo test --release -p spectrum-measure --test gradient_tables -- --ignored --nocapture
#![allow(clippy::unwrap_used)]

mod gradient_common;

use std::f64::consts::FRAC_1_SQRT_2;
use std::time::Instant;

use gradient_common::{Case, PAPER, SMALL, id, norm, records, value};
use spectrum_core::{Route, StepRows};
use spectrum_linalg::{Plan, matvec};
use spectrum_measure::gradient::{
    Activation, Decomposer, Erf, Loss, MeanDerivative, NearLinear, Relu, Sigmoid, Tanh, measure,
};

const ERF: Erf = Erf { scale: FRAC_1_SQRT_2 };
const SEEDS: u64 = 5;

/// Mean and spread over the seeds, one number a metric.
fn summary(label: &str, names: &[&str], values: &[Vec<f64>]) {
    let mut line = format!("{label:<32}");
    for k in 0..names.len() {
        let column: Vec<f64> = values.iter().map(|v| v[k]).collect();
        let mean = column.iter().sum::<f64>() / column.len() as f64;
        let spread = (column.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (column.len() as f64 - 1.0)).sqrt();
        line += &format!(" {mean:.4} ({spread:.4})");
    }
    println!("{line}");
}

fn header(title: &str, names: &[&str]) {
    println!("\n{title}\n  mean (standard deviation) over {SEEDS} seeds: {}", names.join(", "));
}

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

/// G v for the rows of the paper's table, whose G is the transpose.
fn rows_of_table_4(g: &[f64], m: usize, d: usize, directions: [&[f64]; 2]) -> Vec<f64> {
    let s = Plan::new().spectrum_of(g, m, d, Route::Gram, 2).unwrap();
    let mut out = s.singular_values[..3].to_vec();
    let mut image = vec![0.0; m];
    for v in directions {
        matvec(g, m, d, v, &mut image);
        out.push(norm(&image) / norm(v));
    }
    out.push(spectrum_linalg::alignment(s.right.as_ref().unwrap().column(1), directions[1]));
    out
}

#[test]
#[ignore = "prints a table"]
fn table_4_regularisers() {
    let names = ["s_1", "s_2", "s_3", "|u1^T G|", "|q^T G|", "cos(U2, q)"];
    header("10.4: 750, 1000, 1250, NTK", &names);
    let cases: [(&str, &dyn Activation, Case); 5] = [
        ("tanh sphere 3/8 0", &Tanh, Case::new(PAPER, 0.375)),
        ("tanh sphere 1/8 8/9", &Tanh, Case { alpha: 8.0 / 9.0, ..Case::new(PAPER, 0.125) }),
        ("tanh biased 1/4 0", &Tanh, Case { biased: true, ..Case::new(PAPER, 0.25) }),
        ("relu biased 1/4 0", &Relu, Case { biased: true, ..Case::new(PAPER, 0.25) }),
        ("relu sphere 1/8 8/9", &Relu, Case { alpha: 8.0 / 9.0, ..Case::new(PAPER, 0.125) }),
    ];
    for (label, activation, case) in cases {
        let mut all: Vec<Vec<Vec<f64>>> = vec![Vec::new(); 7];
        let mut decomposer = Decomposer::new();
        for seed in 0..SEEDS {
            let setup = case.draw(seed);
            let (network, inputs) = (setup.network(activation, false), setup.inputs());
            let loss = Loss::HalfSquaredError;
            let parts = decomposer.decompose(&network, &inputs, loss, setup.population()).unwrap();
            let (g, q) = (parts.gradient(), &setup.draw.parts.q[0]);
            let direction = &parts.s1.pairs[0].1;
            let mut push = |k: usize, terms: &[(&[f64], f64)]| {
                let mut sum = g.clone();
                for (term, factor) in terms {
                    sum.iter_mut().zip(*term).for_each(|(g, t)| *g += factor * t);
                }
                all[k].push(rows_of_table_4(&sum, setup.m, setup.d, [direction, q]));
            };
            push(0, &[]);
            push(1, &[(&setup.weight, 0.01)]);
            push(2, &[(&setup.weight, 0.1)]);
            for (k, tau) in [(3, 0.5), (4, 1.0)] {
                let noise = decomposer.input_noise(&network, &inputs, loss, tau).unwrap();
                push(k, &[(&noise.smoothing, 1.0), (&noise.penalty, 1.0)]);
            }
            let jacobian = decomposer.jacobian_penalty(&network, &inputs).unwrap();
            for (k, lambda) in [(5, 1.0), (6, 10.0)] {
                push(k, &[(&jacobian.direct, lambda), (&jacobian.curvature, lambda)]);
            }
        }
        let terms = ["none", "decay 0.01", "decay 0.1", "noise 0.5", "noise 1", "jacobian 1", "jacobian 10"];
        for (term, all) in terms.iter().zip(&all) {
            summary(&format!("{label} {term}"), &names, all);
        }
    }
}

/// Input noise joins the bulk: the same parts on noisy copies of it, and the closed form of their mean beside 40 copies.
#[test]
#[ignore = "prints a table"]
fn table_4_parts_under_noise() {
    let names = ["s1_norm", "s2_norm", "s12_norm", "e_norm"];
    header("10.4, parts under noise: 750, 1000, 1250, NTK", &names);
    let cases: [(&str, &dyn Activation, Case); 4] = [
        ("tanh sphere 3/8 0", &Tanh, Case::new(PAPER, 0.375)),
        ("tanh biased 1/4 0", &Tanh, Case { biased: true, ..Case::new(PAPER, 0.25) }),
        ("relu biased 1/4 0", &Relu, Case { biased: true, ..Case::new(PAPER, 0.25) }),
        ("relu sphere 1/8 8/9", &Relu, Case { alpha: 8.0 / 9.0, ..Case::new(PAPER, 0.125) }),
    ];
    for (label, activation, case) in cases {
        for tau in [0.0, 1.0, 2.0] {
            let of = |seed| {
                let mut setup = case.draw(seed);
                noisy(&mut setup, tau, seed);
                let rows = records(&setup.decompose(activation, false), None);
                names.iter().map(|name| value(&rows, name)).collect()
            };
            let all: Vec<Vec<f64>> = (0..SEEDS).map(of).collect();
            summary(&format!("{label} tau {tau}"), &names, &all);
        }
    }
    println!("\nclosed form of the noise's mean part against 40 noisy copies, 450, 600, 750, nu 3/8, tau 1:");
    for (name, activation) in [("tanh", &Tanh as &dyn Activation), ("relu", &Relu)] {
        let setup = Case::new(SMALL, 0.375).draw(0);
        let plain = setup.decompose(activation, false).gradient();
        let mut mean = vec![0.0; plain.len()];
        for copy in 0..40 {
            let mut noised = Case::new(SMALL, 0.375).draw(0);
            noisy(&mut noised, 1.0, copy);
            let g = noised.decompose(activation, false).gradient();
            mean.iter_mut().zip(&g).zip(&plain).for_each(|((m, g), p)| *m += (g - p) / 40.0);
        }
        let network = setup.network(activation, false);
        let noise = Decomposer::new().input_noise(&network, &setup.inputs(), Loss::HalfSquaredError, 1.0).unwrap();
        let closed: Vec<f64> = noise.smoothing.iter().zip(&noise.penalty).map(|(a, b)| a + b).collect();
        let top = |g: &[f64]| {
            let s = Plan::new().spectrum_of(g, setup.m, setup.d, Route::Gram, 1).unwrap();
            (s.top(), s.left.unwrap().column(0).to_vec(), s.right.unwrap().column(0).to_vec())
        };
        let (found, sampled) = (top(&closed), top(&mean));
        println!(
            "  {name}: |part| {:.4} closed, {:.4} sampled; top pair agrees to {:.4}, {:.4}; |G| {:.4}",
            found.0,
            sampled.0,
            spectrum_linalg::alignment(&found.1, &sampled.1),
            spectrum_linalg::alignment(&found.2, &sampled.2),
            top(&plain).0
        );
    }
}

/// Adds noise to the bulk, and its variance to the population's.
fn noisy(setup: &mut gradient_common::Setup, tau: f64, copy: u64) {
    let mut rng = spectrum_data::stream(copy, "noise");
    let parts = &mut setup.draw.parts;
    parts.bulk.iter_mut().for_each(|x| *x += tau * spectrum_data::normal(&mut rng));
    parts.bulk_eigenvalues.iter_mut().flatten().for_each(|v| *v += tau * tau);
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
#[ignore = "prints a table"]
fn table_5_along_training() {
    let names =
        ["loss", "best rank 1", "best rank 2", "stable rank", "share u1", "share q", "|W q|", "stable rank of W"];
    header("10.5: 240, 320, 400, nu 3/8, alpha 0", &names);
    let rows: [(&str, &dyn Activation, bool, &str); 8] = [
        ("tanh NTK none", &Tanh, false, "none"),
        ("tanh NTK noise 1", &Tanh, false, "noise"),
        ("tanh NTK jacobian 0.3", &Tanh, false, "jacobian"),
        ("tanh NTK decay 0.01", &Tanh, false, "decay"),
        ("relu NTK none", &Relu, false, "none"),
        ("relu NTK noise 1", &Relu, false, "noise"),
        ("relu NTK jacobian 0.3", &Relu, false, "jacobian"),
        ("tanh MF none", &Tanh, true, "none"),
    ];
    for (label, activation, mean_field, term) in rows {
        let mut all: [Vec<Vec<f64>>; 4] = Default::default();
        for seed in 0..SEEDS {
            let mut setup = Case::new((240, 320, 400), 0.375).draw(seed);
            let (mut decomposer, mut plan) = (Decomposer::new(), Plan::new());
            let rate = 0.05 * if mean_field { setup.m as f64 } else { 1.0 };
            for step in 0..=120 {
                let (network, inputs) = (setup.network(activation, mean_field), setup.inputs());
                let loss = Loss::HalfSquaredError;
                let parts = decomposer.decompose(&network, &inputs, loss, setup.population()).unwrap();
                let mut g = parts.gradient();
                if let Some(k) = [0, 12, 36, 120].iter().position(|s| *s == step) {
                    let s = plan.spectrum_of(&g, setup.m, setup.d, Route::Gram, 0).unwrap().eigenvalues();
                    let sum: f64 = s.iter().sum();
                    let mut record = vec![parts.loss, s[0] / sum, (s[0] + s[1]) / sum, sum / s[0]];
                    let mut image = vec![0.0; setup.m];
                    let q = &setup.draw.parts.q[0];
                    for v in [&parts.s1.pairs[0].1, q] {
                        matvec(&g, setup.m, setup.d, v, &mut image);
                        record.push((norm(&image) / norm(v)).powi(2) / sum);
                    }
                    matvec(&setup.weight, setup.m, setup.d, q, &mut image);
                    record.push(norm(&image));
                    let w = plan.spectrum_of(&setup.weight, setup.m, setup.d, Route::Gram, 0).unwrap().eigenvalues();
                    record.push(w.iter().sum::<f64>() / w[0]);
                    all[k].push(record);
                }
                let add = |g: &mut [f64], t: &[f64], c: f64| g.iter_mut().zip(t).for_each(|(g, t)| *g += c * t);
                match term {
                    "noise" => {
                        let noise = decomposer.input_noise(&network, &inputs, loss, 1.0).unwrap();
                        add(&mut g, &noise.smoothing, 1.0);
                        add(&mut g, &noise.penalty, 1.0);
                    }
                    "jacobian" => {
                        let jacobian = decomposer.jacobian_penalty(&network, &inputs).unwrap();
                        add(&mut g, &jacobian.direct, 0.3);
                        add(&mut g, &jacobian.curvature, 0.3);
                    }
                    "decay" => add(&mut g, &setup.weight, 0.01),
                    _ => {}
                }
                setup.weight.iter_mut().zip(&g).for_each(|(w, g)| *w -= rate * g);
            }
        }
        for (step, all) in [0, 12, 36, 120].iter().zip(&all) {
            summary(&format!("{label} step {step}"), &names, all);
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
            measure(&id(), Ok(&parts), Some(&g), &mut plan, &mut StepRows::new(0));
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
