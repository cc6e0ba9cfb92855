//! A saved and resumed optimizer goes on with the same bits.
#![allow(clippy::unwrap_used)]

mod common;

use burn::module::Module;
use burn::optim::OptimizerRecord;
use burn::store::ModuleRecord;
use burn::tensor::{DType, Tensor};
use common::{Network, flex, ndarray, parameters};
use spectrum_optim::{OptimError, OptimizerConfig};

fn config(text: &str) -> OptimizerConfig {
    serde_json::from_str(text).unwrap()
}

const ALL: [&str; 11] = [
    r#"{"kind": "sgd", "lr": 0.1}"#,
    r#"{"kind": "sgd", "lr": 0.1, "momentum": 0.9}"#,
    r#"{"kind": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": true}"#,
    r#"{"kind": "adam", "lr": 0.1}"#,
    r#"{"kind": "adam", "lr": 0.1, "weight_decay": 0.1}"#,
    r#"{"kind": "adamw", "lr": 0.1}"#,
    r#"{"kind": "rmsprop", "lr": 0.1}"#,
    r#"{"kind": "rmsprop", "lr": 0.1, "momentum": 0.5, "centered": true}"#,
    r#"{"kind": "muon", "lr": 0.1}"#,
    r#"{"kind": "muon", "lr": 0.1, "nesterov": false, "fallback": {"lr": 0.01}}"#,
    r#"{"kind": "sign", "lr": 0.1}"#,
];

/// Five steps, through bytes as a file would hold them into a fresh model, five more; against ten at once.
fn resumed_equals_uninterrupted(text: &str, new: impl Fn() -> Network) {
    let config = config(text);
    let mut optimizer = config.build();
    let half = new().train(5, config.lr(), &mut optimizer);

    let model_bytes = half.clone().into_record().into_bytes().unwrap();
    let state_bytes = optimizer.into_bytes().unwrap();
    let whole = half.train(5, config.lr(), &mut optimizer);

    let fresh = new().try_load_record(ModuleRecord::from_bytes(model_bytes).unwrap()).unwrap();
    let mut optimizer = config.resume(OptimizerRecord::from_bytes(state_bytes).unwrap()).unwrap();
    let resumed = fresh.train(5, config.lr(), &mut optimizer);

    for (a, b) in parameters(&whole).iter().zip(parameters(&resumed)) {
        assert_eq!(a.dtype(), b.dtype());
        assert_eq!(a.as_bytes(), b.as_bytes(), "{text} {:?}", a.dtype());
    }
}

#[test]
fn every_optimizer_resumes_to_the_bit() {
    for text in ALL {
        for device in [flex(), ndarray()] {
            for dtype in [DType::F32, DType::F64] {
                resumed_equals_uninterrupted(text, || Network::new(&device, dtype));
                resumed_equals_uninterrupted(text, || Network::large(&device, dtype));
            }
        }
    }
}

/// The recording hook may hold the weights and gradients of a step while the optimizer makes the next: neither the
/// optimizer's result nor what was recorded may depend on it.
#[test]
fn who_holds_the_weights_makes_no_difference() {
    for text in ALL {
        for device in [flex(), ndarray()] {
            for dtype in [DType::F32, DType::F64] {
                let config = config(text);
                let (mut alone, mut watched) = (Network::large(&device, dtype), Network::large(&device, dtype));
                let (mut a, mut b) = (config.build(), config.build());
                for _ in 0..6 {
                    alone = alone.train(1, config.lr(), &mut a);

                    let grads = watched.gradients();
                    let (before, gradient) = (watched.a.val(), grads.get::<2>(watched.a.id).unwrap());
                    let seen = (bytes(before.clone()), bytes(gradient.clone()));
                    watched = b.step(config.lr(), watched, grads);
                    assert_eq!(seen, (bytes(before), bytes(gradient)), "{text} {dtype:?}: recorded values changed");
                }
                for (x, y) in parameters(&alone).iter().zip(parameters(&watched)) {
                    assert_eq!(x.as_bytes(), y.as_bytes(), "{text} {dtype:?}");
                }
            }
        }
    }
}

fn bytes(tensor: Tensor<2>) -> Vec<u8> {
    tensor.into_data().as_bytes().to_vec()
}

/// Burn would drop such a state silently and begin anew.
#[test]
fn a_state_of_another_optimizer_is_refused() {
    let trained = |text: &str| {
        let config = config(text);
        let mut optimizer = config.build();
        Network::new(&flex(), DType::F64).train(2, 0.01, &mut optimizer);
        optimizer.to_record()
    };
    for (saved, resumed) in [(3, 1), (3, 6), (1, 3), (3, 10), (6, 8), (8, 3), (3, 0)] {
        let error = config(ALL[resumed]).resume(trained(ALL[saved])).err();
        assert!(matches!(error, Some(OptimError::StatesLost { .. })), "{} into {}", ALL[saved], ALL[resumed]);
    }
    // Adam's moments mean the same under AdamW.
    assert!(config(ALL[5]).resume(trained(ALL[3])).is_ok());
}

/// The count of states after a resume shows that none was dropped.
#[test]
fn the_number_of_states_is_kept() {
    let config = config(ALL[3]);
    let mut optimizer = config.build();
    Network::new(&flex(), DType::F64).train(1, 0.01, &mut optimizer);
    // Three parameters with two moments each.
    assert_eq!(optimizer.to_record().len(), 6);
    assert_eq!(config.resume(optimizer.to_record()).unwrap().to_record().len(), 6);
}
