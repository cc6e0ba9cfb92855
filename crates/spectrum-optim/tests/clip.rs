//! Clipping by the global norm where PyTorch's record does not reach.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{DType, Device, Tensor, TensorData};
use common::{flex, param, wave};
use spectrum_optim::clip_global_norm;

#[derive(Module, Debug)]
struct Mixed {
    single: Param<Tensor<1>>,
    double: Param<Tensor<2>>,
}

fn mixed(device: &Device) -> Mixed {
    Mixed {
        single: param(wave([3], 1.0, 0.0, device, DType::F32)),
        double: param(wave([2, 2], 1.0, 0.0, device, DType::F64)),
    }
}

fn grads(model: &Mixed, single: [f64; 3], double: [[f64; 2]; 2]) -> GradientsParams {
    let device = Device::flex();
    let mut grads = GradientsParams::new();
    grads.register(model.single.id, Tensor::<1>::from_data(single, (&device, DType::F32)));
    grads.register(model.double.id, Tensor::<2>::from_data(double, (&device, DType::F64)));
    grads
}

fn list<const D: usize>(t: Tensor<D>) -> Vec<f64> {
    t.into_data().iter::<f64>().collect()
}

/// 3-4-12-13: a sum of squares that is exact in both precisions.
#[test]
fn precisions_may_be_mixed() {
    let model = mixed(&flex());
    let (out, norm) = clip_global_norm(&model, grads(&model, [3.0, 0.0, 4.0], [[0.0, 12.0], [0.0, 0.0]]), 1.3);
    assert_eq!(norm, 13.0);
    let factor = 1.3 / (13.0 + 1e-6);
    let single = out.get::<1>(model.single.id).unwrap();
    assert_eq!(single.dtype(), DType::F32);
    assert!((list(single)[2] - 4.0 * factor).abs() < 1e-7);
    assert_eq!(list(out.get::<2>(model.double.id).unwrap())[1], 12.0 * factor);
}

#[test]
fn below_the_bound_nothing_changes() {
    let model = mixed(&flex());
    let (out, norm) = clip_global_norm(&model, grads(&model, [0.1, 0.2, 0.3], [[0.0, 0.1], [0.0, 0.0]]), 5.0);
    assert!((norm - 0.15f64.sqrt()).abs() < 1e-7);
    assert_eq!(list(out.get::<2>(model.double.id).unwrap())[1].to_bits(), 0.1f64.to_bits());
}

#[test]
fn without_gradients_the_norm_is_zero() {
    let (out, norm) = clip_global_norm(&mixed(&flex()), GradientsParams::new(), 1.0);
    assert!(out.is_empty());
    assert_eq!(norm, 0.0);
}

/// A frozen parameter has no gradient and takes no part.
#[test]
fn a_missing_gradient_counts_nothing() {
    let model = mixed(&flex());
    let mut some = grads(&model, [3.0, 0.0, 4.0], [[0.0; 2]; 2]);
    some.remove::<2>(model.double.id);
    assert_eq!(clip_global_norm(&model, some, 100.0).1, 5.0);
}

/// NaN reaches every gradient, so that the run is seen to diverge.
#[test]
fn a_norm_that_is_not_finite_spoils_all() {
    let model = mixed(&flex());
    let (out, norm) = clip_global_norm(&model, grads(&model, [f64::NAN, 0.0, 4.0], [[1.0; 2]; 2]), 1.0);
    assert!(norm.is_nan());
    assert!(list(out.get::<2>(model.double.id).unwrap()).iter().all(|x| x.is_nan()));
    let (out, norm) = clip_global_norm(&model, grads(&model, [f64::INFINITY, 0.0, 4.0], [[1.0; 2]; 2]), 1.0);
    assert_eq!(norm, f64::INFINITY);
    // A factor of 0 would have made zeros of the finite ones.
    assert!(list(out.get::<1>(model.single.id).unwrap()).iter().all(|x| x.is_nan()));
    assert!(list(out.get::<2>(model.double.id).unwrap()).iter().all(|x| x.is_nan()));
}

/// Long enough for Burn's `sum` to split among its threads, in whichever order they are free.
#[test]
fn the_norm_of_a_long_gradient_is_the_same_every_time() {
    #[derive(Module, Debug)]
    struct Long {
        flat: Param<Tensor<1>>,
        column: Param<Tensor<2>>,
        wide: Param<Tensor<2>>,
    }
    let n: usize = 4 * 1024 * 1024 + 4096;
    let small = || param(wave([1, 1], 1.0, 0.0, &flex(), DType::F32));
    let model = Long { flat: param(wave([1], 1.0, 0.0, &flex(), DType::F32)), column: small(), wide: small() };
    let data: Vec<f32> = (0..n).map(|i| (1 + i % 7) as f32 * (1.0 + (i % 1013) as f32 * 1e-3)).collect();
    let exact = (3.0 * data.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>()).sqrt();
    let flat = Tensor::<1>::from_data(TensorData::new(data, [n]), (&Device::flex(), DType::F32));
    let norm = || {
        let mut grads = GradientsParams::new();
        grads.register(model.flat.id, flat.clone());
        grads.register(model.column.id, flat.clone().reshape([n, 1]));
        grads.register(model.wide.id, flat.clone().reshape([4096, n / 4096]));
        clip_global_norm(&model, grads, f64::INFINITY).1
    };
    let first = norm();
    assert!((first / exact - 1.0).abs() < 1e-3, "{first} {exact}");
    // Threads that come and go, so that the order in which workers are free changes.
    let done = AtomicBool::new(false);
    let other = thread::scope(|scope| {
        for k in 1..=4 {
            let done = &done;
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    let end = Instant::now() + Duration::from_micros(70 * k);
                    while Instant::now() < end {
                        std::hint::spin_loop();
                    }
                    thread::sleep(Duration::from_micros(90 * k));
                }
            });
        }
        let other = (0..50).map(|_| norm()).find(|n| n.to_bits() != first.to_bits());
        done.store(true, Ordering::Relaxed);
        other
    });
    assert_eq!(other, None, "{first}");
}

/// One tensor used by two layers is one parameter.
#[test]
fn a_shared_parameter_counts_once() {
    #[derive(Module, Debug)]
    struct Tied {
        encoder: Param<Tensor<1>>,
        decoder: Param<Tensor<1>>,
    }
    let encoder = param(wave([2], 1.0, 0.0, &flex(), DType::F64));
    let tied = Tied { decoder: encoder.clone(), encoder };
    let mut grads = GradientsParams::new();
    grads.register(tied.encoder.id, Tensor::<1>::from_data([3.0, 4.0], (&Device::flex(), DType::F64)));
    let (out, norm) = clip_global_norm(&tied, grads, 2.5);
    assert_eq!(norm, 5.0);
    let clipped = list(out.get::<1>(tied.encoder.id).unwrap());
    assert!((clipped[0] - 1.5).abs() < 1e-6 && (clipped[1] - 2.0).abs() < 1e-6);
}
