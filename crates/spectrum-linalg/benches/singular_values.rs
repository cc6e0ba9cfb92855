//! Singular values of 1024 x 1024 and 4096 x 1024 in f64 on one thread, and the record of one step.
//!
//! `cargo bench -p spectrum-linalg`. `benches/compare.py` puts the same figures beside numpy and scipy.

use divan::Bencher;
use spectrum_core::Route;
use spectrum_linalg::{Plan, kernel, rotate_left};

fn main() {
    divan::main();
}

fn noise(len: usize) -> Vec<f64> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 * 2f64.powi(-53)
    };
    (0..len).map(|_| next() + next() + next() + next() - 2.0).collect()
}

fn spectrum(bencher: Bencher<'_, '_>, rows: usize, cols: usize, route: Route, vectors: usize) {
    let (a, mut plan) = (noise(rows * cols), Plan::new());
    bencher.bench_local(|| plan.spectrum_of(divan::black_box(&a), rows, cols, route, vectors));
}

/// Values only.
#[divan::bench(args = [(1024, 1024), (4096, 1024)], sample_count = 10, sample_size = 1)]
fn gram(bencher: Bencher<'_, '_>, shape: (usize, usize)) {
    spectrum(bencher, shape.0, shape.1, Route::Gram, 0);
}

/// Values only.
#[divan::bench(args = [(1024, 1024), (4096, 1024)], sample_count = 10, sample_size = 1)]
fn svd(bencher: Bencher<'_, '_>, shape: (usize, usize)) {
    spectrum(bencher, shape.0, shape.1, Route::Svd, 0);
}

/// The hidden weight of the quickstart and of the paper size, with eight pairs.
#[divan::bench(args = [(600, 400), (1500, 1000)], sample_count = 10, sample_size = 1)]
fn gram_with_eight_pairs(bencher: Bencher<'_, '_>, shape: (usize, usize)) {
    spectrum(bencher, shape.0, shape.1, Route::Gram, 8);
}

/// Eight probes of fifty steps: fifty readings of the matrix.
#[divan::bench(args = [(4096, 1024), (1024, 4096)], sample_count = 10, sample_size = 1)]
fn density(bencher: Bencher<'_, '_>, shape: (usize, usize)) {
    let (a, mut plan) = (noise(shape.0 * shape.1), Plan::new());
    bencher.bench_local(|| plan.density(divan::black_box(&a), shape.0, shape.1, 8, 50, 0));
}

/// One layer's part of a neural tangent kernel: n samples, n/2 inputs and n/2 signals; (n, threads).
#[divan::bench(args = [(1000, 1), (1000, 2), (4000, 1), (4000, 2)], sample_count = 2, sample_size = 1)]
fn gram_product(bencher: Bencher<'_, '_>, case: (usize, usize)) {
    let (n, threads) = case;
    let p = n / 2;
    let (x, d, mut k) = (noise(p * n), noise(p * n), vec![0.0; n * n]);
    bencher.bench_local(|| kernel::add_gram_product(&mut k, n, &x, p, &d, p, 1.0 / p as f64, threads));
}

/// Eigenvalues of a kernel and its ten leading vectors.
#[divan::bench(args = [1000, 4000], sample_count = 1, sample_size = 1)]
fn kernel_with_ten_vectors(bencher: Bencher<'_, '_>, n: usize) {
    let (k, mut plan) = (kernel::sample_gram(&noise(n * n / 2), n / 2, n, 2.0 / n as f64, 2), Plan::new());
    bencher.bench_local(|| plan.kernel(divan::black_box(&k), n, 10).map(|s| s.top()));
}

/// How far two kernels of independent features are apart: no outlier, the norm lies at the edge of a bulk.
#[divan::bench(args = [1000, 4000], sample_count = 1, sample_size = 1)]
fn difference_norm(bencher: Bencher<'_, '_>, n: usize) {
    let features = noise(n * n);
    let half = |part: &[f64]| kernel::sample_gram(part, n / 2, n, 2.0 / n as f64, 2);
    let (a, b) = (half(&features[..n * n / 2]), half(&features[n * n / 2..]));
    bencher.bench_local(|| kernel::symmetric_difference_norm(divan::black_box(&a), &b, n));
}

/// A rotation of the quickstart's layer from its longer side; the draws are a congruential stream.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn rotation(bencher: Bencher<'_, '_>) {
    let (mut w, draws) = (noise(600 * 400), noise(600 * 601 / 2));
    bencher.bench_local(|| {
        let mut draw = draws.iter();
        rotate_left(&mut w, 600, 400, &mut || draw.next().copied().unwrap_or(1.0));
    });
}
