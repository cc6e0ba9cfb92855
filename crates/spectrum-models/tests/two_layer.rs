//! The two-layer student against its formulas in plain numbers.
#![allow(clippy::unwrap_used)]

mod common;

use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use common::{D, H, KINDS, N, bound, deviation, host, moments, noise, places, reference, two_layer};
use spectrum_core::{Architecture, Order, View};
use spectrum_models::{
    ActivationKind, InputScale, ModelError, Network, Place, Scaling, TwoLayer, TwoLayerConfig, parameter_paths,
};

/// W (h x d) and a (h) as plain numbers; the parameters lie input x output.
fn weights(model: &TwoLayer) -> (Vec<Vec<f64>>, Vec<f64>) {
    let w = host(model.hidden.weight.val());
    assert_eq!(model.hidden.weight.dims(), [D, H]);
    assert_eq!(model.readout.weight.dims(), [H, 1]);
    ((0..H).map(|k| (0..D).map(|j| w[j * H + k]).collect()).collect(), host(model.readout.weight.val()))
}

fn factor(scaling: Scaling) -> f64 {
    match scaling {
        Scaling::Ntk => 1.0 / (H as f64).sqrt(),
        Scaling::MeanField => 1.0 / H as f64,
    }
}

/// Z = X W^T / sqrt(d), n x h.
fn preactivations(x: &[f64], w: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    x.chunks_exact(D).map(|x| w.iter().map(|w| dot(x, w) / (D as f64).sqrt()).collect()).collect()
}

fn prepared(model: &TwoLayer, place: &Place, x: &[f64]) -> Tensor<2> {
    model.prepare(place.upload_to(&place.recording(), x, [x.len() / D, D]))
}

#[test]
fn the_forward_pass_is_the_formula() {
    let x = noise(0.0, N * D);
    for place in places() {
        for (kind, normalized) in KINDS.into_iter().flat_map(|k| [(k, false), (k, true)]) {
            let sigma = reference(kind, normalized);
            for scaling in [Scaling::Ntk, Scaling::MeanField] {
                let model = two_layer(&place, kind, normalized, scaling);
                let (w, a) = weights(&model);
                let features: Vec<f64> = preactivations(&x, &w).iter().flatten().map(|z| sigma(*z).0).collect();
                let expected: Vec<f64> = features
                    .chunks_exact(H)
                    .map(|f| factor(scaling) * f.iter().zip(&a).map(|(f, a)| f * a).sum::<f64>())
                    .collect();
                let input = prepared(&model, &place, &x);
                let found = model.forward(input.clone());
                assert_eq!(found.dims(), [N, 1]);
                let error = deviation(&host(found), &expected);
                assert!(error < bound(&place), "{kind:?} {normalized} {scaling:?} {:?}: {error:e}", place.precision);
                let error = deviation(&host(model.features(input, 1.0)), &features);
                assert!(error < bound(&place), "features, {kind:?} {normalized} {:?}: {error:e}", place.precision);
            }
        }
    }
}

/// `input_scale` turns x / sqrt(d) into x / d: the features at the pre-activation Z / sqrt(d).
#[test]
fn the_input_scale_multiplies_the_preactivation() {
    let x = noise(0.3, N * D);
    for place in places() {
        let model = two_layer(&place, ActivationKind::Softplus, true, Scaling::Ntk);
        let sigma = reference(ActivationKind::Softplus, true);
        let scale = 1.0 / (D as f64).sqrt();
        let z = preactivations(&x, &weights(&model).0);
        let expected: Vec<f64> = z.iter().flatten().map(|z| sigma(z * scale).0).collect();
        let found = host(model.features(prepared(&model, &place, &x), scale));
        assert!(deviation(&found, &expected) < bound(&place));
    }
}

/// G = dL/dW = (2/n) (c / sqrt(d)) [(r 1^T) o (1 a^T) o sigma'(Z)]^T X for L = (1/n) |f - y|^2, with c the readout's
/// factor (1/sqrt(h) gives the form of the specification), and dL/da = (2/n) c sigma(Z)^T r.
#[test]
fn the_gradient_is_the_closed_formula() {
    let (x, y) = (noise(0.1, N * D), noise(0.2, N));
    for place in places() {
        for (kind, normalized) in KINDS.into_iter().flat_map(|k| [(k, false), (k, true)]) {
            let sigma = reference(kind, normalized);
            for scaling in [Scaling::Ntk, Scaling::MeanField] {
                let model = two_layer(&place, kind, normalized, scaling);
                let (w, a) = weights(&model);
                let c = factor(scaling);
                let z = preactivations(&x, &w);
                let residual: Vec<f64> = z
                    .iter()
                    .zip(&y)
                    .map(|(z, y)| c * z.iter().zip(&a).map(|(z, a)| sigma(*z).0 * a).sum::<f64>() - y)
                    .collect();
                let hidden = |j: usize, k: usize| {
                    let sum = (0..N).map(|i| residual[i] * a[k] * sigma(z[i][k]).1 * x[i * D + j]).sum::<f64>();
                    2.0 / N as f64 * c / (D as f64).sqrt() * sum
                };
                let readout =
                    |k: usize| 2.0 / N as f64 * c * (0..N).map(|i| residual[i] * sigma(z[i][k]).0).sum::<f64>();

                let target = place.upload_to::<2>(&place.recording(), &y, [N, 1]);
                let r = model.forward(prepared(&model, &place, &x)) - target;
                // Not div_scalar: its backward pass takes the reciprocal in f32 (Burn 0.22.1).
                let loss = (r.clone() * r).sum().mul_scalar(1.0 / N as f64);
                let grads = GradientsParams::from_grads(loss.backward(), &model);
                let found = host(grads.get::<2>(model.hidden.weight.id).unwrap());
                // Stored d x h.
                let expected: Vec<f64> =
                    (0..D).flat_map(|j| (0..H).map(move |k| (j, k))).map(|(j, k)| hidden(j, k)).collect();
                let error = deviation(&found, &expected);
                assert!(error < bound(&place), "{kind:?} {normalized} {scaling:?} {:?}: {error:e}", place.precision);
                let found = host(grads.get::<2>(model.readout.weight.id).unwrap());
                let error = deviation(&found, &(0..H).map(readout).collect::<Vec<_>>());
                assert!(error < bound(&place), "readout, {kind:?} {normalized} {:?}: {error:e}", place.precision);
            }
        }
    }
}

#[test]
fn normalised_activations_have_mean_zero_and_variance_one() {
    for kind in KINDS {
        let (mean, sd) = moments(kind);
        let a = common::own(kind, true);
        assert!((a.shift - mean).abs() < 1e-12, "{kind:?}: {} for {mean}", a.shift);
        assert!((a.scale - sd.recip()).abs() < 1e-12, "{kind:?}: {} for {}", a.scale, sd.recip());
    }
}

#[test]
fn the_layers_are_what_the_rules_say() {
    let model = two_layer(&places()[0], ActivationKind::Tanh, false, Scaling::Ntk);
    assert_eq!(parameter_paths(&model), ["hidden.weight", "readout.weight"]);
    for (rule, name) in model.rules().iter().zip(["hidden.weight", "readout.weight"]) {
        assert_eq!((rule.name.as_str(), rule.view, rule.order), (name, View::Matrix, Order::InOut));
        assert_eq!(rule.parameters, [name]);
    }
    assert_eq!(model.alignments().len(), 1);
    assert_eq!(model.feature_layer(), "hidden.weight");
    assert_eq!(model.input_layers(), ["hidden.weight"]);
    assert_eq!(model.sizes(), (D, H));
    assert!(model.initial_std().iter().all(|(_, s)| *s == 1.0));
}

#[test]
fn impossible_sizes_are_refused() {
    let place = &places()[0];
    let build = |inputs, width| {
        let config = TwoLayerConfig {
            inputs,
            width,
            activation: ActivationKind::Tanh,
            normalized: false,
            scaling: Scaling::Ntk,
            input_scale: InputScale::SqrtD,
            hidden_std: 1.0,
        };
        TwoLayer::new(&config, place, &mut 0u64).map(|_| ()).unwrap_err()
    };
    assert!(matches!(build(0, 4), ModelError::ZeroSize { .. }));
    assert!(matches!(build(4, 0), ModelError::ZeroSize { .. }));
    assert!(matches!(build(usize::MAX, 2), ModelError::TooLarge { .. }));
    assert!(matches!(build(1 << 32, 1 << 31), ModelError::TooLarge { .. }));
}

/// R = (1/n) sum_i |c s W^T (a o sigma'(z_i))|^2 in plain numbers.
fn penalty(x: &[f64], w: &[Vec<f64>], a: &[f64], c: f64, slope: &dyn Fn(f64) -> f64) -> f64 {
    let s = 1.0 / (D as f64).sqrt();
    let z = preactivations(x, w);
    let one = |z: &Vec<f64>| {
        (0..D).map(|j| (0..H).map(|k| c * s * a[k] * slope(z[k]) * w[k][j]).sum::<f64>().powi(2)).sum::<f64>()
    };
    z.iter().map(one).sum::<f64>() / z.len() as f64
}

/// The closed form of the Jacobian penalty's gradient against central differences of the penalty in plain numbers.
#[test]
fn the_jacobian_penaltys_gradient_is_its_difference_quotient() {
    let x = noise(0.4, N * D);
    for place in places() {
        for kind in KINDS.into_iter().filter(|k| *k != ActivationKind::Relu) {
            for (scaling, normalized) in [(Scaling::Ntk, false), (Scaling::MeanField, true)] {
                let model = two_layer(&place, kind, normalized, scaling);
                let (w, a) = weights(&model);
                let sigma = reference(kind, normalized);
                let slope = |z: f64| sigma(z).1;
                let (id, found) = model.jacobian_gradient(prepared(&model, &place, &x)).unwrap();
                assert_eq!((id, found.dims()), (model.hidden.weight.id, [D, H]));
                let found = host(found);
                let largest = found.iter().fold(0.0f64, |m, v| m.max(v.abs()));
                let c = factor(scaling);
                for (k, j) in [(0, 0), (3, 2), (H - 1, D - 1)] {
                    let h = 1e-4;
                    let moved = |by: f64| {
                        let mut w = w.clone();
                        w[k][j] += by;
                        penalty(&x, &w, &a, c, &slope)
                    };
                    let numeric = (moved(h) - moved(-h)) / (2.0 * h);
                    let gap = (found[j * H + k] - numeric).abs() / largest.max(1e-3);
                    assert!(gap < 1e-6_f64.max(bound(&place)), "{kind:?} {scaling:?} {:?}: {gap:e}", place.precision);
                }
            }
        }
    }
}
