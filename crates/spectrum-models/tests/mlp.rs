//! The multilayer perceptron: shapes, paths, formula, initial scales.
#![allow(clippy::unwrap_used)]

mod common;

use burn::module::Param;
use common::{bound, deviation, host, noise, places, reference};
use spectrum_core::{Architecture, Meeting};
use spectrum_models::{
    ActivationKind, InitRule, Mlp, MlpConfig, ModelError, Network, Parametrization, parameter_paths,
};

fn config(hidden: &[usize]) -> MlpConfig {
    MlpConfig {
        inputs: 5,
        hidden: hidden.to_vec(),
        outputs: 3,
        activation: ActivationKind::Tanh,
        normalized: false,
        bias: true,
        init: InitRule::He,
        parametrization: Parametrization::Standard,
    }
}

#[test]
fn parameters_have_their_paths_and_shapes() {
    let place = &places()[0];
    let model = Mlp::new(&config(&[8, 7, 6]), place, &mut 1u64).unwrap();
    let expected = [
        "hidden.0.weight",
        "hidden.0.bias",
        "hidden.1.weight",
        "hidden.1.bias",
        "hidden.2.weight",
        "hidden.2.bias",
        "readout.weight",
        "readout.bias",
    ];
    assert_eq!(parameter_paths(&model), expected);
    let dims: Vec<_> = model.hidden.iter().chain([&model.readout]).map(|l| l.weight.dims()).collect();
    assert_eq!(dims, [[5, 8], [8, 7], [7, 6], [6, 3]]);
    let names: Vec<String> = model.rules().into_iter().map(|r| r.name).collect();
    assert_eq!(names, ["hidden.0.weight", "hidden.1.weight", "hidden.2.weight", "readout.weight"]);
    let meet: Vec<_> = model.alignments().into_iter().map(|a| (a.first.layer, a.second.layer, a.meeting)).collect();
    let pairs: Vec<_> = names.windows(2).map(|w| (w[0].clone(), w[1].clone(), Meeting::Consecutive)).collect();
    assert_eq!(meet, pairs);
    assert_eq!(model.feature_layer(), "hidden.2.weight");
    assert_eq!(model.input_layers(), ["hidden.0.weight"]);

    let bare = Mlp::new(&MlpConfig { bias: false, ..config(&[4]) }, place, &mut 1u64).unwrap();
    assert_eq!(parameter_paths(&bare), ["hidden.0.weight", "readout.weight"]);
}

/// Every layer as written: z = x W + b, sigma between the layers, none after the last.
#[test]
fn the_forward_pass_is_the_formula() {
    let (n, d) = (9, 5);
    let x = noise(0.7, n * d);
    for place in places() {
        for (activation, normalized) in [(ActivationKind::Relu, false), (ActivationKind::Sigmoid, true)] {
            let mut model =
                Mlp::new(&MlpConfig { activation, normalized, ..config(&[8, 6]) }, &place, &mut 5u64).unwrap();
            // Biases start at zero; give them values, so that a forgotten one shows.
            for (k, layer) in model.hidden.iter_mut().chain([&mut model.readout]).enumerate() {
                let count = layer.weight.dims()[1];
                assert!(host(layer.bias.as_ref().unwrap().val()).iter().all(|b| *b == 0.0));
                let values = noise(k as f64, count);
                layer.bias = Some(Param::from_tensor(place.upload_to(&place.recording(), &values, [count])));
            }
            let sigma = reference(activation, normalized);
            let mut rows: Vec<Vec<f64>> = x.chunks_exact(d).map(<[f64]>::to_vec).collect();
            let mut features = Vec::new();
            for (k, layer) in model.hidden.iter().chain([&model.readout]).enumerate() {
                let [inputs, outputs] = layer.weight.dims();
                let (w, b) = (host(layer.weight.val()), host(layer.bias.as_ref().unwrap().val()));
                let z = |x: &[f64], o: usize| b[o] + (0..inputs).map(|i| x[i] * w[i * outputs + o]).sum::<f64>();
                let after = |z: f64| if k < 2 { sigma(z).0 } else { z };
                rows = rows.iter().map(|x| (0..outputs).map(|o| after(z(x, o))).collect()).collect();
                if k == 1 {
                    features = rows.concat();
                }
            }
            let input = model.prepare(place.upload(&x, [n, d]));
            let output = model.forward(input.clone());
            assert_eq!(output.dims(), [n, 3]);
            assert!(deviation(&host(output), &rows.concat()) < bound(&place), "{activation:?}");
            let found = model.features(input, 1.0);
            assert_eq!(found.dims(), [n, 6]);
            assert!(deviation(&host(found), &features) < bound(&place), "{activation:?}");
        }
    }
}

/// Standard deviations of He, LeCun and Glorot, each within four standard errors of what was drawn.
#[test]
fn initial_weights_have_the_scale_of_their_rule() {
    let (i, o) = (120, 200);
    for (init, variance) in
        [(InitRule::He, 2.0 / i as f64), (InitRule::Lecun, 1.0 / i as f64), (InitRule::Glorot, 2.0 / (i + o) as f64)]
    {
        let config = MlpConfig { inputs: i, hidden: vec![o], outputs: 2, init, ..config(&[1]) };
        let model = Mlp::new(&config, &places()[0], &mut 9u64).unwrap();
        let (name, declared) = model.initial_std().swap_remove(0);
        assert_eq!(name, "hidden.0.weight");
        assert!((declared - variance.sqrt()).abs() < 1e-15);
        let w = host(model.hidden[0].weight.val());
        let count = w.len() as f64;
        let found = w.iter().map(|x| x * x).sum::<f64>() / count;
        // The variance of a mean of n squared normal numbers is 2 / n.
        assert!((found / variance - 1.0).abs() < 4.0 * (2.0 / count).sqrt(), "{init:?}: {found} for {variance}");
        assert!((w.iter().sum::<f64>() / count).abs() < 4.0 * (variance / count).sqrt());
    }
}

#[test]
fn impossible_shapes_are_refused() {
    let build = |config: MlpConfig| Mlp::new(&config, &places()[0], &mut 0u64).map(|_| ()).unwrap_err();
    assert_eq!(build(config(&[])).to_string(), "model.hidden: must be at least 1, found 0");
    assert!(matches!(build(config(&[4, 0])), ModelError::ZeroSize { .. }));
    assert!(matches!(build(MlpConfig { outputs: 0, ..config(&[4]) }), ModelError::ZeroSize { .. }));
    assert!(matches!(build(MlpConfig { inputs: usize::MAX, ..config(&[4]) }), ModelError::TooLarge { .. }));
}
