//! Times the fused operations against Burn's stock ones on flex at 2000 x 1500, forward and backward.
//!
//! ```text
//! cargo run --release -p spectrum-ops --example fused_against_stock [rows cols]
//! ```
//!
//! Prints the best of ten runs in milliseconds, stock over fused, and the largest differences of the two results.
#![allow(clippy::unwrap_used)]

use std::time::Instant;

use burn::tensor::{DType, Device, Tensor, TensorData, activation};
use spectrum_ops::{AdamScalars, adam_step};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RUNS: usize = 10;

fn input(rows: usize, cols: usize, scale: f64, dtype: DType, device: &Device) -> Tensor<2> {
    let values: Vec<f64> =
        (0..rows * cols).map(|i| ((i as f64 * 0.618_033_988_749_894_9).fract() - 0.5) * 2.0 * scale).collect();
    Tensor::from_data(TensorData::new(values, [rows, cols]), (device, dtype))
}

fn difference(a: &Tensor<2>, b: &Tensor<2>) -> f64 {
    (a.clone() - b.clone()).abs().max().into_data().convert::<f64>().try_to_vec::<f64>().unwrap()[0]
}

/// Milliseconds forward and backward, the value, the gradient.
fn time(f: &dyn Fn(Tensor<2>) -> Tensor<2>, x: &Tensor<2>, grad: &Tensor<2>) -> ([f64; 2], [Tensor<2>; 2]) {
    let mut best = [f64::MAX; 2];
    let mut result = None;
    for _ in 0..RUNS {
        // As in a network: the input is an intermediate value that nobody else holds.
        let leaf = x.clone().require_grad();
        let inner = leaf.clone() + 0.0;
        let start = Instant::now();
        let y = f(inner);
        best[0] = best[0].min(start.elapsed().as_secs_f64() * 1e3);
        let value = y.clone().inner();
        let loss = (y * grad.clone()).sum();
        let start = Instant::now();
        let gradients = loss.backward();
        best[1] = best[1].min(start.elapsed().as_secs_f64() * 1e3);
        result = Some([value, leaf.grad(&gradients).unwrap()]);
    }
    (best, result.unwrap())
}

type Function = fn(Tensor<2>) -> Tensor<2>;

fn main() {
    let size: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let (rows, cols) = if size.len() == 2 { (size[0], size[1]) } else { (2000, 1500) };
    let device = Device::flex();
    let tracked = device.clone().autodiff();
    let functions: [(&str, Function, Function); 4] = [
        ("tanh", |x| x.tanh(), spectrum_ops::tanh),
        ("sigmoid", activation::sigmoid, spectrum_ops::sigmoid),
        ("softplus", |x| activation::softplus(x, 1.0), spectrum_ops::softplus),
        ("erf", |x| x.erf(), spectrum_ops::erf),
    ];
    println!("{rows} x {cols} on flex, best of {RUNS}, ms (the backward times hold the product and sum around it)");
    for dtype in [DType::F32, DType::F64] {
        let x = input(rows, cols, 3.0, dtype, &tracked);
        let grad = input(rows, cols, 1.0, dtype, &tracked);
        for (name, stock, fused) in functions {
            let (s, stock) = time(&stock, &x, &grad);
            let (f, fused) = time(&fused, &x, &grad);
            println!(
                "{name:9} {dtype:?}: stock {:7.2} + {:7.2}, fused {:6.2} + {:6.2}, ratio {:5.1}; differ by {:.1e}, gradients {:.1e}",
                s[0],
                s[1],
                f[0],
                f[1],
                (s[0] + s[1]) / (f[0] + f[1]),
                difference(&stock[0], &fused[0]),
                difference(&stock[1], &fused[1]),
            );
        }
        adam(rows, cols, dtype, &device);
    }
}

fn adam(rows: usize, cols: usize, dtype: DType, device: &Device) {
    let s = AdamScalars::new(1e-2, 0.9, 0.999, 1e-8, 5);
    let start = || {
        let v = input(rows, cols, 1.0, dtype, device);
        (input(rows, cols, 1.0, dtype, device), input(rows, cols, 0.1, dtype, device), v.clone() * v)
    };
    let g = input(rows, cols, 0.5, dtype, device);
    let run = |step: &dyn Fn(Tensor<2>, Tensor<2>, Tensor<2>) -> (Tensor<2>, Tensor<2>, Tensor<2>)| {
        let (mut w, mut m, mut v) = start();
        let mut best = f64::MAX;
        for _ in 0..RUNS {
            let begin = Instant::now();
            (w, m, v) = step(w, m, v);
            best = best.min(begin.elapsed().as_secs_f64() * 1e3);
        }
        (best, w)
    };
    let (stock, a) = run(&|w, m, v| {
        let m = m * s.beta1 + g.clone() * (1.0 - s.beta1);
        let v = v * s.beta2 + g.clone() * g.clone() * (1.0 - s.beta2);
        let d = v.clone().sqrt() / s.second_root + s.epsilon;
        (w - m.clone() / d * s.step_size, m, v)
    });
    let (fused, b) = run(&|w, m, v| adam_step(w, g.clone(), m, v, s));
    println!(
        "adam step {dtype:?}: composed {stock:7.2}, fused {fused:6.2}, ratio {:5.1}; differ by {:.1e}",
        stock / fused,
        difference(&a, &b)
    );
}
