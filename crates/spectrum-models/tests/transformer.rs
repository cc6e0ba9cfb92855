//! The Transformer: its parameters, its two passes, its mask, its laws at the start.
#![allow(clippy::unwrap_used)]

mod common;

use burn::tensor::{Tensor, TensorData};
use common::{host, places};
use spectrum_core::{Architecture, View};
use spectrum_models::{
    ModelError, Network, Place, Positions, Taps, Transformer, TransformerConfig, parameter, parameter_paths,
};

const CONFIG: TransformerConfig = TransformerConfig {
    vocabulary: 7,
    length: 3,
    width: 8,
    heads: 2,
    hidden: 12,
    blocks: 2,
    outputs: 7,
    layer_norm: true,
    positions: Positions::Learned,
};

/// n sequences of tokens, one-hot.
fn tokens(place: &Place, n: usize, token: impl Fn(usize, usize) -> usize) -> Tensor<2> {
    let (t, v) = (CONFIG.length, CONFIG.vocabulary);
    let one = |k: usize| f64::from(u8::from(token(k / (t * v), k / v % t) == k % v));
    let data = TensorData::new((0..n * t * v).map(one).collect::<Vec<f64>>(), [n, t * v]);
    Tensor::from_data(data, (&place.recording(), place.dtype()))
}

#[test]
fn parameters_have_their_paths_and_layers_their_matrices() {
    let model = Transformer::new(&CONFIG, &places()[0], &mut 1u64).unwrap();
    let block = |k: usize| {
        ["in_proj.weight", "in_proj.bias", "out_proj.weight", "out_proj.bias", "linear1.weight", "linear1.bias"]
            .into_iter()
            .chain(["linear2.weight", "linear2.bias", "norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"])
            .map(move |p| format!("blocks.{k}.{p}"))
    };
    let mut expected: Vec<String> = vec!["embedding.weight".into(), "positions.weight".into()];
    expected.extend(block(0).chain(block(1)));
    expected.extend(["decoder.weight".into(), "decoder.bias".into()]);
    assert_eq!(parameter_paths(&model), expected);
    let rules = model.rules();
    let heads = rules.iter().find(|r| r.name == "blocks.1.heads").unwrap();
    assert!(matches!(heads.view, View::Heads { count: 2, .. }) && heads.parameters == ["blocks.1.in_proj.weight"]);
    // Every matrix has its deviation at the start, and every alignment names recorded layers.
    let stds = model.initial_std();
    // Products have none: their entries are not independent.
    let product = |v: View| matches!(v, View::Qk { .. } | View::Ov { .. });
    assert!(rules.iter().all(|r| product(r.view) != stds.iter().any(|(name, _)| *name == r.name)));
    for a in model.alignments() {
        assert!([&a.first, &a.second].iter().all(|s| rules.iter().any(|r| r.name == s.layer)), "{a:?}");
    }
    let plain = TransformerConfig { layer_norm: false, positions: Positions::Sinusoidal, blocks: 1, ..CONFIG };
    let plain = Transformer::new(&plain, &places()[0], &mut 1u64).unwrap();
    assert_eq!(parameter_paths(&plain).len(), 11);
}

/// The pass that computes the last position alone has the outputs and the gradients of the one that computes everything.
#[test]
fn the_last_position_alone_is_the_whole_pass() {
    for place in places() {
        for blocks in [1, 2] {
            let model = Transformer::new(&TransformerConfig { blocks, ..CONFIG }, &place, &mut 3u64).unwrap();
            let x = tokens(&place, 5, |i, t| (3 * i + 5 * t + i * t) % 7);
            let short = model.forward(x.clone());
            let whole = model.forward_tapped(x, &mut Taps::Inputs(Vec::new()));
            let tolerance = if place.dtype() == burn::tensor::DType::F64 { 1e-13 } else { 1e-5 };
            for (a, b) in host(short.clone()).iter().zip(host(whole.clone())) {
                assert!((a - b).abs() < tolerance, "{a} {b}");
            }
            let grad = |o: Tensor<2>| {
                let g = (o.clone() * o).sum().backward();
                host(model.blocks[0].in_proj.weight.val().grad(&g).unwrap())
            };
            for (a, b) in grad(short).iter().zip(grad(whole)) {
                assert!((a - b).abs() < 30.0 * tolerance, "{a} {b}");
            }
        }
    }
}

/// A value by hand: one block, one head, no hidden layer to speak of. With W1 zero the block is x + O softmax(q k) v.
#[test]
fn attention_is_its_formula() {
    let place = &places()[0];
    let config =
        TransformerConfig { heads: 1, blocks: 1, layer_norm: false, positions: Positions::Sinusoidal, ..CONFIG };
    let model = Transformer::new(&config, place, &mut 5u64).unwrap();
    let of = |path: &str| parameter(&model, path).unwrap().0;
    let (e, w, o) = (of("embedding.weight"), of("blocks.0.in_proj.weight"), of("blocks.0.out_proj.weight"));
    let (w1, b1) = (of("blocks.0.linear1.weight"), of("blocks.0.linear1.bias"));
    let (w2, b2) = (of("blocks.0.linear2.weight"), of("blocks.0.linear2.bias"));
    let decoder = of("decoder.weight");
    let (d, h, v) = (8usize, 12, 7);
    // x W for W input x output, row-major.
    let times = |x: &[f64], w: &[f64], cols: usize, from: usize, out: usize| -> Vec<f64> {
        (0..out).map(|j| x.iter().enumerate().map(|(i, x)| x * w[i * cols + from + j]).sum()).collect()
    };
    let sequence = [4usize, 1, 6];
    let x: Vec<Vec<f64>> = sequence
        .iter()
        .enumerate()
        .map(|(t, token)| {
            let angle = |k: usize| t as f64 / 10_000f64.powf((k - k % 2) as f64 / 8.0);
            let position = |k: usize| if k.is_multiple_of(2) { angle(k).sin() } else { angle(k).cos() };
            (0..d).map(|k| e[token * d + k] * 8f64.sqrt() + position(k)).collect()
        })
        .collect();
    let q = times(&x[2], &w, 3 * d, 0, d);
    let scores: Vec<f64> = x
        .iter()
        .map(|x| times(x, &w, 3 * d, d, d).iter().zip(&q).map(|(k, q)| k * q).sum::<f64>() / 8f64.sqrt())
        .map(f64::exp)
        .collect();
    let total: f64 = scores.iter().sum();
    let mut mixed = vec![0.0; d];
    for (x, s) in x.iter().zip(&scores) {
        times(x, &w, 3 * d, 2 * d, d).iter().zip(&mut mixed).for_each(|(v, m)| *m += s / total * v);
    }
    let mut y: Vec<f64> = times(&mixed, &o, d, 0, d).iter().zip(&x[2]).map(|(a, b)| a + b).collect();
    let hidden: Vec<f64> = times(&y, &w1, h, 0, h).iter().zip(&b1).map(|(a, b)| (a + b).max(0.0)).collect();
    let added = times(&hidden, &w2, d, 0, d);
    y.iter_mut().zip(added.iter().zip(&b2)).for_each(|(y, (a, b))| *y += a + b);
    let expected = times(&y, &decoder, v, 0, v);
    let found = host(model.forward(tokens(place, 1, |_, t| sequence[t])));
    for (a, b) in found.iter().zip(&expected) {
        assert!((a - b).abs() < 1e-5, "{found:?} {expected:?}");
    }
}

/// The causal mask: what stands at the last position does not reach the one before it.
#[test]
fn earlier_positions_do_not_see_later_ones() {
    let place = &places()[0];
    let model = Transformer::new(&CONFIG, place, &mut 2u64).unwrap();
    let read = |last: usize| {
        let mut taps = Taps::Inputs(Vec::new());
        model.forward_tapped(tokens(place, 1, |_, t| if t == 2 { last } else { t }), &mut taps);
        let sites = taps.into_sites();
        let site = sites.into_iter().find(|s| s.path == "blocks.1.linear1").unwrap();
        let spectrum_models::SitePlace::Dense { input, .. } = site.place else { panic!("a dense layer") };
        host(input)
    };
    let (a, b) = (read(3), read(5));
    assert_eq!(a[..16], b[..16]);
    assert!(a[16..].iter().zip(&b[16..]).all(|(a, b)| (a - b).abs() > 1e-6));
}

/// Weights lie within PyTorch's bounds and have the deviation that is declared.
#[test]
fn weights_start_uniform() {
    let config = TransformerConfig { width: 64, hidden: 256, vocabulary: 42, ..CONFIG };
    let model = Transformer::new(&config, &places()[0], &mut 7u64).unwrap();
    for (name, std) in model.initial_std() {
        let Some((values, _)) = parameter(&model, &name) else { continue };
        let square = values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64;
        let largest = values.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        // The deviation of a mean of n squares of uniform numbers is 0.89/sqrt(n) of it.
        let error = 4.0 * 0.89 / (values.len() as f64).sqrt();
        assert!((square / (std * std) - 1.0).abs() < error, "{name}: {} {std}", square.sqrt());
        assert!(largest <= std * 3f64.sqrt() * 1.0001 && largest > 0.95 * std * 3f64.sqrt(), "{name}");
    }
    let bound = (6.0 / 256.0_f64).sqrt();
    let (values, _) = parameter(&model, "blocks.0.in_proj.weight").unwrap();
    assert!(values.iter().all(|v| v.abs() <= bound));
}

#[test]
fn impossible_shapes_are_refused() {
    let refused = |config: TransformerConfig| Transformer::new(&config, &places()[0], &mut 1u64).unwrap_err();
    assert_eq!(refused(TransformerConfig { heads: 3, ..CONFIG }), ModelError::Heads { heads: 3, width: 8 });
    assert_eq!(refused(TransformerConfig { heads: 0, ..CONFIG }), ModelError::ZeroSize { key: "heads" });
    assert_eq!(refused(TransformerConfig { blocks: 0, ..CONFIG }), ModelError::ZeroSize { key: "blocks" });
    assert_eq!(refused(TransformerConfig { hidden: 0, ..CONFIG }), ModelError::ZeroSize { key: "width" });
}
