//! Gradients along a run: their terms, their regularisers, and what is recorded of them.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Bench, metric, npy, scalar, show};
use serde_json::Value;

const SPIKED: &str = r#"
name = "spiked"
precision = "f64"
[data]
kind = "spiked"
n = 60
d = 30
n_test = 20
noise = 0.1
spikes = [{ nu = 0.3 }]
[model]
kind = "two-layer"
width = 40
activation = "tanh"
init = "sphere"
readout = "sign"
[optimizer]
kind = "sgd"
lr = 0.5
[training]
steps = 3
loss = "half-mse"
[spectra]
kinds = ["weight", "gradient"]
layers = ["hidden.weight"]
nulls = false
[gradients]
decompose = true
means = true
[probe]
enabled = false
"#;

fn run(sets: &[&str]) -> Value {
    let args: Vec<&str> = sets.iter().flat_map(|s| ["--set", s]).collect();
    show(&Bench::new(SPIKED).finished(&args))
}

fn of(shown: &Value, name: &str, step: u64) -> f64 {
    metric(shown, "hidden.weight", "gradient", name)[&step].unwrap()
}

/// Acceptance test 8 of the specification, along a run, for every loss and scaling: autodiff's gradient is the sum of the terms.
#[test]
fn the_terms_add_up_to_the_gradient_of_autodiff_at_every_step() {
    for sets in [
        &[][..],
        &["model.scaling=mean-field", "optimizer.lr=20.0"],
        &["training.loss=mse", "model.activation=relu"],
        &["training.loss=logistic", "data.sign=true", "model.activation=softplus"],
        &["model.init=biased", "model.activation=erf-gaussian", "data.spikes=[{nu=0.3},{nu=0.2}]"],
        &["model.init=gaussian", "model.readout=gaussian", "model.activation=near-linear", "model.normalized=true"],
    ] {
        let shown = run(sets);
        for step in 1..=3 {
            let residue = of(&shown, "identity_residue", step);
            assert!(residue < 1e-12, "{sets:?}, step {step}: {residue:e}");
        }
        // Single precision rounds the gradient, not the identity.
        let single = run(&[sets, &["precision=f32"]].concat());
        let residue = of(&single, "identity_residue", 3);
        assert!(residue > 1e-9 && residue < 1e-4, "{sets:?} in f32: {residue:e}");
    }
}

/// Weight decay in the loop is the optimizer's coupled one, step by step.
#[test]
fn decay_in_the_loop_is_the_optimizers() {
    let loop_ = run(&["training.regularizers.weight_decay=0.3"]);
    let optimizer = run(&["optimizer.weight_decay=0.3"]);
    let none = run(&[]);
    for step in 0..=3 {
        let [a, b] = [&loop_, &optimizer].map(|s| scalar(s, "train_loss")[&step].unwrap());
        assert!((a - b).abs() < 1e-12 * b, "step {step}: {a} and {b}");
    }
    assert!((scalar(&loop_, "train_loss")[&3].unwrap() - scalar(&none, "train_loss")[&3].unwrap()).abs() > 1e-6);
}

/// With `logged = false` the recorded gradient is that of the loss alone, while the step takes the other one.
#[test]
fn the_switch_takes_a_regulariser_out_of_the_record_and_not_out_of_the_step() {
    let none = run(&[]);
    for regulariser in ["weight_decay=0.5", "input_noise=1.0", "jacobian=5.0"] {
        let set = format!("training.regularizers.{regulariser}");
        let logged = run(&[&set]);
        let hidden = run(&[&set, "training.regularizers.logged=false"]);
        let norm = |s: &Value, step| of(s, "frobenius_norm", step);
        assert_eq!(norm(&hidden, 1), norm(&none, 1), "{regulariser}: the first gradient");
        assert!((norm(&logged, 1) / norm(&none, 1) - 1.0).abs() > 1e-3, "{regulariser} is not in the record");
        for step in 0..=3 {
            let [a, b] = [&hidden, &logged].map(|s| scalar(s, "train_loss")[&step].unwrap());
            assert_eq!(a, b, "{regulariser}, step {step}: the steps differ");
        }
        assert_ne!(scalar(&hidden, "train_loss")[&3], scalar(&none, "train_loss")[&3], "{regulariser}");
        // The terms are those of the loss alone either way, with logged noise in the bulk; the lengths are the recorded gradient's.
        let same = |name: &str| of(&logged, name, 1) == of(&none, name, 1);
        assert_eq!(same("s1_norm"), regulariser != "input_noise=1.0", "{regulariser}");
        assert!(!same("input_side_s1_length") && !same("input_side_spike_length"), "{regulariser}");
        assert!(same("weight_spike_length") && of(&hidden, "s1_norm", 1) == of(&none, "s1_norm", 1));
        assert!(of(&logged, "identity_residue", 2) < 1e-12);
    }
}

/// Numbers of mean 0 and variance 1 (twelve uniform ones summed, less 6), the same on every machine.
fn noise(count: usize) -> Vec<f64> {
    let mut state = 1u64;
    let mut uniform = || {
        // Knuth's linear congruential generator (MMIX); the high bits are the good ones.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..count).map(|_| (0..12).map(|_| uniform()).sum::<f64>() - 6.0).collect()
}

/// The recipe for real data (specification, section 9.7) on a file: two spikes along known features in isotropic noise are taken
/// off as principal components, the terms add up to autodiff's gradient, and a second direction stands out of the remainder
/// (numpy gives 3.3 to 5.1 for six draws of such data and weights).
#[test]
fn the_terms_of_a_matrix_from_a_file_add_up() {
    let (n, d) = (300, 60);
    let draws = noise(n * (d + 2));
    let (latent, bulk) = draws.split_at(2 * n);
    let rows = |scale: f64, shift: f64| -> Vec<f64> {
        let mut x = bulk.to_vec();
        for (i, row) in x.chunks_exact_mut(d).enumerate() {
            row[3] += 8.0 * latent[2 * i];
            row[11] += 5.0 * latent[2 * i + 1];
            row.iter_mut().enumerate().for_each(|(j, x)| *x = scale * (*x + shift * j as f64));
        }
        x
    };
    let run = |values: &[f64]| {
        let data =
            "[data]\nkind = \"matrix\"\nfile = \"FILE\"\nteacher = \"triple-index\"\nn_test = 60\nspikes = 2\n[model]";
        let (head, rest) = SPIKED.split_once("[data]").unwrap();
        let (_, model) = rest.split_once("[model]").unwrap();
        let bench = Bench::new(&format!("{head}{data}{model}"));
        let file = bench.dir.path().join("embeddings.npy");
        npy::doubles(&file, &[n, d], values);
        let set = format!("data.file='{}'", file.display());
        let dir = bench.finished(&[
            "--set",
            &set,
            "--set",
            "training.steps=2",
            "--set",
            "model.width=100",
            "--set",
            "optimizer.lr=0.01",
        ]);
        let config = std::fs::read_to_string(dir.join("config.toml")).unwrap();
        assert!(config.contains(file.to_str().unwrap()) && config.contains("noise = 0.1"), "{config}");
        show(&dir)
    };
    let shown = run(&rows(1.0, 0.0));
    // Neither the file's unit nor its origin is part of the recipe.
    let again = run(&rows(50.0, 0.3));
    for step in 1..=2 {
        let residue = of(&shown, "identity_residue", step);
        assert!(residue < 1e-10, "step {step}: {residue:e}");
        let [a, b] = [&shown, &again].map(|s| of(s, "second_value_to_e", step));
        assert!(a > 1.5, "step {step}: {a}");
        assert!((a / b - 1.0).abs() < 1e-3, "step {step}: {a} and {b}");
    }
}

/// One layer, one sample: the gradient is delta x^T, and both alignments are 1.
#[test]
fn the_gradient_of_one_sample_is_along_its_means() {
    let shown = run(&["data.n=1", "gradients.decompose=false", "data.spikes=[]"]);
    for name in ["best_rank_1_share", "input_side_mean_alignment_1", "output_side_mean_alignment_1"] {
        assert!((of(&shown, name, 1) - 1.0).abs() < 1e-9, "{name}: {}", of(&shown, name, 1));
    }
}

/// The analogue for any network: layers of a ConvNet have their shares and alignments.
#[test]
fn every_layer_of_a_convnet_has_its_means() {
    let text = r#"
name = "conv"
[data]
kind = "digits"
n = 50
n_test = 20
[model]
kind = "conv-net"
channels = [4, 6]
[optimizer]
kind = "sgd"
lr = 0.05
[training]
steps = 2
[spectra]
kinds = ["gradient"]
[gradients]
means = true
"#;
    let shown = show(&Bench::new(text).finished(&[]));
    for layer in ["conv.0.weight", "conv.1.weight", "readout.weight"] {
        for name in ["best_rank_1_share", "input_side_mean_alignment_1", "output_side_mean_alignment_1"] {
            let v = metric(&shown, layer, "gradient", name)[&1].unwrap();
            assert!((0.0..=1.0 + 1e-12).contains(&v), "{layer} {name}: {v}");
        }
        // The same gradient as the hook's: its own rank says so.
        let (share, rank) = (
            metric(&shown, layer, "gradient", "best_rank_1_share")[&1].unwrap(),
            metric(&shown, layer, "gradient", "stable_rank")[&1].unwrap(),
        );
        assert!((share * rank - 1.0).abs() < 1e-4, "{layer}: {share} and {rank}");
    }
}
