//! Tables 10.4 and 10.5 of the specification of low-rank gradients, over five seeds: regularisers on one gradient and along training.
//!
//! cargo test --release -p spectrum-measure --test gradient_tables_regularizer -- --ignored --nocapture
#![allow(clippy::unwrap_used)]

mod gradient_common;

use gradient_common::tables::{SEEDS, header, summary};
use gradient_common::{Case, PAPER, SMALL, dot, norm, records, value};
use spectrum_core::Route;
use spectrum_linalg::{Plan, matvec};
use spectrum_measure::gradient::{Activation, Decomposer, Loss, MeanDerivative, Relu, SpikedInputs, Tanh};

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
        // Two independent means: their inner product has no bias of the sampling.
        let mut means = [vec![0.0; plain.len()], vec![0.0; plain.len()]];
        for copy in 0..40 {
            let mut noised = Case::new(SMALL, 0.375).draw(0);
            noisy(&mut noised, 1.0, copy);
            let g = noised.decompose(activation, false).gradient();
            let mean = &mut means[copy as usize % 2];
            mean.iter_mut().zip(&g).zip(&plain).for_each(|((m, g), p)| *m += (g - p) / 20.0);
        }
        let network = setup.network(activation, false);
        let noise = Decomposer::new().input_noise(&network, &setup.inputs(), Loss::HalfSquaredError, 1.0).unwrap();
        let closed: Vec<f64> = noise.smoothing.iter().zip(&noise.penalty).map(|(a, b)| a + b).collect();
        let both = means.each_ref().map(|m| dot(m, &closed));
        let sampled = dot(&means[0], &means[1]).sqrt();
        println!(
            "  {name}: |part|_F {:.4} closed, {sampled:.4} sampled; cosine {:.4}; |G|_F {:.4}",
            norm(&closed),
            0.5 * (both[0] + both[1]) / sampled / norm(&closed),
            norm(&plain)
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
                    // A fresh draw a step, as in training.
                    "noise" => {
                        let mut rng = spectrum_data::stream(seed, &format!("noise.{step}"));
                        let bulk: Vec<f64> = inputs.bulk.iter().map(|x| x + spectrum_data::normal(&mut rng)).collect();
                        let noisy = SpikedInputs { bulk: &bulk, ..inputs };
                        g = decomposer.decompose(&network, &noisy, loss, MeanDerivative::Empirical).unwrap().gradient();
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
