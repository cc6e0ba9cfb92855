//! Spiked data, the terms of a gradient, and regularisers that cannot be.

use crate::common::Bench;

const SPIKED: &str = r#"
name = "spiked"
[data]
kind = "spiked"
n = 40
d = 20
n_test = 20
noise = 0.1
spikes = [{ nu = 0.3 }]
[model]
kind = "two-layer"
width = 30
init = "sphere"
readout = "sign"
[optimizer]
kind = "sgd"
lr = 0.01
[training]
steps = 2
loss = "half-mse"
[spectra]
kinds = ["weight", "gradient"]
layers = ["hidden.weight"]
[gradients]
decompose = true
means = true
"#;

#[track_caller]
fn refused(sets: &[&str], words: &[&str]) {
    let bench = Bench::new(SPIKED);
    let args: Vec<&str> = sets.iter().flat_map(|s| ["--set", s]).collect();
    let done = bench.run(&args);
    done.one_error(2, &[bench.config_name()]);
    done.one_error(2, words);
    assert!(!bench.out.exists(), "{sets:?} left something behind");
}

#[test]
fn the_config_that_the_others_spoil_is_good() {
    Bench::new(SPIKED).finished(&[]);
}

#[test]
fn spikes_out_of_range_are_named() {
    refused(&["data.spikes=[{nu=2.0}]"], &["nu", "2"]);
    refused(&["data.spikes=[{nu=-0.1}]"], &["nu", "-0.1"]);
    refused(&["data.alpha=-1.0"], &["alpha", "-1"]);
    let zero = format!("data.spikes=[{{nu=0.3, direction={:?}}}]", vec![0.0; 20]);
    refused(&[&zero], &["direction", "zero"]);
    refused(&["data.spikes=[{nu=0.3, direction=[1.0]}]"], &["direction is 1", "expected d"]);
    refused(&["data.spikes=[{mu=0.3}]"], &["mu"]);
}

#[test]
fn terms_need_a_two_layer_network_on_spiked_data_in_full_batches() {
    refused(&["spectra.kinds=['weight']"], &["spectra.kinds", "gradient"]);
    refused(&["training.batch=10"], &["gradients.decompose", "full"]);
    refused(&["model={kind='mlp', hidden=[10]}"], &["gradients.decompose", "two-layer"]);
    let single = "data={kind='single-index', n=40, d=20, n_test=20}";
    refused(&[single, "training.loss=mse"], &["gradients.decompose", "spiked"]);
    refused(&[single, "gradients.decompose=false", "model.init=biased"], &["model.init", "spike"]);
}

#[test]
fn a_regulariser_that_the_model_or_the_loss_does_not_support_is_refused() {
    let mlp = "model={kind='mlp', hidden=[10]}";
    refused(&[mlp, "gradients.decompose=false", "training.regularizers.jacobian=0.1"], &["jacobian", "two-layer"]);
    let both = "model.train=['hidden','readout']";
    refused(&[both, "training.regularizers.jacobian=0.1"], &["jacobian", "[\"hidden\"]"]);
    refused(&["training.regularizers.weight_decay=-1.0"], &["weight_decay", "-1"]);
    refused(&["training.regularizers.input_noise=nan"], &["input_noise"]);
    refused(&["training.regularizers.noise=1.0"], &["noise"]);
    refused(&["training.loss=logistic"], &["training.loss", "-1 and +1"]);
    refused(&["training.loss=cross-entropy"], &["training.loss", "classes"]);
}
