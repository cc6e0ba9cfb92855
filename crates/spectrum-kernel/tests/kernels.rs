//! The kernels against PyTorch's Jacobians (`experiments/parity/ntk.py`), and the fast way against the slow one.
#![allow(clippy::unwrap_used)]

mod common;

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use common::gap;
use spectrum_core::Precision;
use spectrum_kernel::{KernelError, Outputs, Settings, conjugate_kernels, tangent_kernel};
use spectrum_models::{
    ActivationKind, InitRule, InputScale, Mlp, MlpConfig, Network, Parametrization, Place, Scaling, TwoLayer,
    TwoLayerConfig, freeze_except,
};

#[test]
fn kernels_agree_with_pytorch() {
    common::kernels_agree_with_pytorch(&common::places());
}

/// A network in the tangent parametrisation has the same outputs as the standard one whose weights carry the factors, and
/// its kernel is the standard one with each layer's part times 1/fan-in of that layer's input.
#[test]
fn the_tangent_parametrisation_moves_the_factors() {
    let place = Place::new(Device::flex(), Precision::F64);
    let config = |parametrization| MlpConfig {
        inputs: 6,
        hidden: vec![9, 5],
        outputs: 1,
        activation: ActivationKind::Tanh,
        normalized: true,
        bias: false,
        init: InitRule::Lecun,
        parametrization,
    };
    let ntk = Mlp::new(&config(Parametrization::Ntk), &place, &mut 5u64).unwrap();
    let mut standard = Mlp::new(&config(Parametrization::Standard), &place, &mut 5u64).unwrap();
    let same = |from: &Tensor<2>| {
        let fan_in = from.dims()[0] as f64;
        from.clone().mul_scalar(fan_in.sqrt().recip()).detach().require_grad()
    };
    for (to, from) in standard.hidden.iter_mut().zip(&ntk.hidden) {
        to.weight = Param::from_tensor(same(&from.weight.val()));
    }
    standard.readout.weight = Param::from_tensor(same(&ntk.readout.weight.val()));
    let values: Vec<f64> = (0..7 * 6).map(|i| (f64::from(i) * 0.7).sin()).collect();
    let x: Tensor<2> = place.upload(&values, [7, 6]);
    let out = |m: &Mlp| {
        let y = m.valid().forward(m.valid().prepare(x.clone()));
        y.into_data().iter::<f64>().collect::<Vec<_>>()
    };
    assert!(gap(&out(&ntk), &out(&standard)) < 1e-14);
    let settings = Settings::default();
    let ck = |m: &Mlp| conjugate_kernels(m, &m.prepare(x.clone()), &settings).unwrap();
    for (a, b) in ck(&ntk).iter().zip(&ck(&standard)) {
        assert!(gap(&a.kernel, &b.kernel) < 1e-14, "{}", a.layer);
    }
    let part = |m: &Mlp, p: &str| {
        let m = freeze_except(m.clone(), &[p.to_owned()]).unwrap();
        tangent_kernel(&m, &m.prepare(x.clone()), Outputs::Trace, &settings).unwrap()
    };
    for (path, fan_in) in [("hidden.0", 6.0), ("hidden.1", 9.0), ("readout", 5.0)] {
        let scaled: Vec<f64> = part(&standard, path).iter().map(|k| k / fan_in).collect();
        assert!(gap(&part(&ntk, path), &scaled) < 1e-13, "{path}");
    }
}

#[test]
fn what_cannot_be_a_kernel_is_refused() {
    let place = Place::new(Device::flex(), Precision::F32);
    let config = TwoLayerConfig {
        inputs: 4,
        width: 3,
        activation: ActivationKind::Relu,
        normalized: false,
        scaling: Scaling::Ntk,
        input_scale: InputScale::SqrtD,
        hidden_std: 1.0,
    };
    let model = TwoLayer::new(&config, &place, &mut 1u64).unwrap();
    let x = |n: usize| -> Tensor<2> { Tensor::from_data(TensorData::new(vec![0.5f32; n * 4], [n, 4]), &place.device) };
    let settings = Settings::default();
    assert_eq!(conjugate_kernels(&model, &x(1), &settings), Err(KernelError::TooFewSamples { found: 1 }));
    let one = tangent_kernel(&model, &x(1), Outputs::Trace, &settings);
    assert_eq!(one, Err(KernelError::TooFewSamples { found: 1 }));
    let out = tangent_kernel(&model, &x(2), Outputs::One(1), &settings);
    assert_eq!(out, Err(KernelError::NoSuchOutput { asked: 1, outputs: 1 }));
    let frozen = tangent_kernel(&model.clone().no_grad(), &x(2), Outputs::Trace, &settings);
    assert_eq!(frozen, Err(KernelError::NothingTrains));
    // Two equal samples have one row twice: a kernel of rank one, and no error.
    let k = tangent_kernel(&model, &x(2), Outputs::Trace, &settings).unwrap();
    assert!(k.iter().all(|v| (v - k[0]).abs() < 1e-6 * k[0].abs()));
}
