//! Time of one optimizer step on a 1500 x 1000 weight on flex, in milliseconds (median of 20).
//!
//! `cargo run --release -p spectrum-optim --example step_time`; the same in PyTorch: `python step_time.py [threads]`.

use std::time::Instant;

use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{DType, Device, Tensor, TensorData};
use spectrum_optim::OptimizerConfig;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Module, Debug)]
struct Layer {
    weight: Param<Tensor<2>>,
}

fn wave(phase: f64, device: &Device, dtype: DType) -> Tensor<2> {
    let data: Vec<f64> = (0..1_500_000).map(|i| (f64::from(i) * 0.7 + phase).sin()).collect();
    Tensor::from_data(TensorData::new(data, [1500, 1000]), (device, dtype))
}

/// Median of 20 steps. With `held` somebody keeps the weight's handle during the step, as the recording hook may.
fn step_time(config: &OptimizerConfig, dtype: DType, held: bool) -> f64 {
    let mut optimizer = config.build();
    let mut layer = Layer { weight: Param::from_tensor(wave(0.0, &Device::flex().autodiff(), dtype)) };
    let gradient = wave(1.0, &Device::flex(), dtype);
    let mut times = Vec::new();
    for _ in 0..23 {
        // A fresh gradient, as a backward pass leaves it: the optimizer may overwrite it.
        let mut grads = GradientsParams::new();
        grads.register(layer.weight.id, gradient.clone() * 1.0);
        let handle = held.then(|| layer.weight.val());
        let start = Instant::now();
        layer = optimizer.step(1e-3, layer, grads);
        times.push(1e3 * start.elapsed().as_secs_f64());
        drop(handle);
    }
    let times = &mut times[3..];
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() -> Result<(), serde_json::Error> {
    for config in [
        r#"{"kind": "sgd"}"#,
        r#"{"kind": "sgd", "momentum": 0.9}"#,
        r#"{"kind": "adam"}"#,
        r#"{"kind": "adamw"}"#,
        r#"{"kind": "rmsprop"}"#,
        r#"{"kind": "muon"}"#,
        r#"{"kind": "sign"}"#,
    ] {
        let parsed = serde_json::from_str(config)?;
        for (precision, dtype) in [("f32", DType::F32), ("f64", DType::F64)] {
            let (free, held) = (step_time(&parsed, dtype, false), step_time(&parsed, dtype, true));
            println!("{config} {precision}: {free:.2} ms, weight held {held:.2} ms");
        }
    }
    Ok(())
}
