//! Singular values of 1024 x 1024 and 4096 x 1024 in f64 on one thread, and the record of one step.
//!
//! `cargo bench -p spectrum-linalg`. `benches/compare.py` puts the same figures beside numpy and scipy.

use divan::Bencher;
use spectrum_core::Route;
use spectrum_linalg::Plan;

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
