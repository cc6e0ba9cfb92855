//! Initial weights are the same numbers everywhere, and frozen ones stay the same bits.
#![allow(clippy::unwrap_used)]

mod common;

use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig};
use common::{D, N, host, noise, places, two_layer};
use spectrum_models::{
    ActivationKind, InitRule, Mlp, MlpConfig, ModelError, Network, Parametrization, Place, Scaling, TwoLayer,
    freeze_except,
};

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|x| x.to_bits()).collect()
}

fn mlp(place: &Place, hidden: &[usize], seed: u64) -> Mlp {
    let config = MlpConfig {
        inputs: D,
        hidden: hidden.to_vec(),
        outputs: 4,
        activation: ActivationKind::Relu,
        normalized: false,
        bias: true,
        init: InitRule::He,
        parametrization: Parametrization::Standard,
    };
    Mlp::new(&config, place, &mut { seed }).unwrap()
}

#[test]
fn every_backend_and_precision_starts_from_the_same_bits() {
    let all: Vec<_> = places()
        .iter()
        .map(|place| {
            let student = two_layer(place, ActivationKind::Tanh, false, Scaling::Ntk);
            assert_eq!(student.hidden.weight.val().dtype(), place.dtype());
            let deep = mlp(place, &[7, 5], 3);
            let dense = [&student.hidden, &student.readout].into_iter().chain(&deep.hidden).chain([&deep.readout]);
            dense.map(|l| bits(&host(l.weight.val()))).collect::<Vec<_>>()
        })
        .collect();
    assert!(all.iter().all(|weights| *weights == all[0]));
    // Different layers are different draws.
    assert!(all[0][0][..5] != all[0][2][..5]);
}

#[test]
fn a_layer_depends_on_seed_and_name_alone() {
    let place = &places()[0];
    let first = |m: &Mlp| host(m.hidden[0].weight.val());
    assert_eq!(first(&mlp(place, &[7, 5], 3)), first(&mlp(place, &[7, 9, 2], 3)), "a deeper network starts alike");
    assert_ne!(first(&mlp(place, &[7], 3)), first(&mlp(place, &[7], 4)));
}

/// Three steps of gradient descent.
fn trained(place: &Place, model: TwoLayer) -> TwoLayer {
    let mut optimizer: ModuleOptimizer = SgdConfig::new().init();
    let (x, y) = (noise(0.0, N * D), noise(1.0, N));
    let device = place.recording();
    let mut model = model;
    for _ in 0..3 {
        let input = model.prepare(place.upload_to(&device, &x, [N, D]));
        let r = model.forward(input) - place.upload_to::<2>(&device, &y, [N, 1]);
        let grads = GradientsParams::from_grads((r.clone() * r).mean().backward(), &model);
        model = optimizer.step(0.5, model, grads);
    }
    model
}

#[test]
fn frozen_layers_keep_their_bits_and_the_others_move() {
    for place in places() {
        for (train, frozen) in [("hidden", "readout"), ("readout.weight", "hidden")] {
            let model = two_layer(&place, ActivationKind::Tanh, false, Scaling::Ntk);
            let before = [host(model.hidden.weight.val()), host(model.readout.weight.val())];
            let model = freeze_except(model, &[train.to_owned()]).unwrap();
            let (input, device) = (noise(0.0, N * D), place.recording());
            let loss = model.forward(place.upload_to(&device, &input, [N, D])).mean();
            let grads = GradientsParams::from_grads(loss.backward(), &model);
            let trains = [train.starts_with("hidden"), train.starts_with("readout")];
            assert_eq!(grads.get::<2>(model.hidden.weight.id).is_some(), trains[0]);
            assert_eq!(grads.get::<2>(model.readout.weight.id).is_some(), trains[1]);

            let model = trained(&place, model);
            let after = [host(model.hidden.weight.val()), host(model.readout.weight.val())];
            for k in 0..2 {
                assert_eq!(bits(&before[k]) != bits(&after[k]), trains[k], "{frozen} should stay");
            }
        }
    }
}

#[test]
fn all_prefixes_together_freeze_nothing() {
    let place = &places()[0];
    let model = two_layer(place, ActivationKind::Tanh, false, Scaling::Ntk);
    let model = freeze_except(model, &["hidden".into(), "readout".into()]).unwrap();
    assert!(model.hidden.weight.is_require_grad() && model.readout.weight.is_require_grad());
    assert_eq!(model.num_params(), D * common::H + common::H);
}

#[test]
fn a_prefix_is_made_of_whole_components() {
    let place = &places()[0];
    let deep = || mlp(place, &[7, 5], 0);
    let model = freeze_except(deep(), &["hidden.1".into()]).unwrap();
    let active: Vec<bool> = model.hidden.iter().chain([&model.readout]).map(|l| l.weight.is_require_grad()).collect();
    assert_eq!(active, [false, true, false]);
    assert!(model.hidden[1].bias.as_ref().unwrap().is_require_grad());

    let error = freeze_except(deep(), &["readout".into(), "hid".into()]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "model.train: no parameter begins with `hid`; there are hidden.0.weight, hidden.0.bias, hidden.1.weight, \
         hidden.1.bias, readout.weight, readout.bias"
    );
    assert!(matches!(freeze_except(deep(), &[]), Err(ModelError::NothingToTrain)));
}
