//! Fits of a Pareto sample and of a spectrum like Marchenko-Pastur's: `cargo bench -p spectrum-tail`.
#![allow(clippy::unwrap_used)]

use divan::Bencher;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use spectrum_tail::{
    Alternative, BootstrapOptions, Distance, FitOptions, Stop, fit, fit_alternative, goodness_of_fit, scan,
};

const SIZES: [usize; 4] = [500, 1000, 2048, 4096];

fn main() {
    divan::main();
}

/// Independent draws with alpha = 2.5.
fn pareto(n: usize) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(n as u64);
    let mut values: Vec<f64> = (0..n).map(|_| (1.0 - rng.random::<f64>()).powf(-1.0 / 1.5)).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// Quantiles of the Marchenko-Pastur law of ratio 2/3: evenly spaced, as eigenvalues are.
fn bulk(n: usize) -> Vec<f64> {
    let (low, high) = ((1.0 - (2.0f64 / 3.0).sqrt()).powi(2), (1.0 + (2.0f64 / 3.0).sqrt()).powi(2));
    let cells = 40 * n;
    let at = |i: usize| low + (high - low) * (i as f64 + 0.5) / cells as f64;
    let density: Vec<f64> = (0..cells).map(at).map(|x| ((x - low) * (high - x)).sqrt() / x).collect();
    let total: f64 = density.iter().sum();
    let (mut values, mut below) = (Vec::with_capacity(n), 0.0);
    for (i, d) in density.iter().enumerate() {
        below += d / total * n as f64;
        while values.len() < n && below >= values.len() as f64 + 0.5 {
            values.push(at(i) + values.len() as f64 * 1e-12);
        }
    }
    assert_eq!(values.len(), n);
    values
}

#[divan::bench(args = SIZES)]
fn csn_pareto(bencher: Bencher, n: usize) {
    let values = pareto(n);
    bencher.bench(|| fit(&values, 0.0, &FitOptions::csn()).unwrap());
}

#[divan::bench(args = SIZES)]
fn csn_bulk(bencher: Bencher, n: usize) {
    let values = bulk(n);
    bencher.bench(|| fit(&values, 0.0, &FitOptions::csn()).unwrap());
}

#[divan::bench(args = SIZES)]
fn ww_pareto(bencher: Bencher, n: usize) {
    let values = pareto(n);
    bencher.bench(|| fit(&values, 0.0, &FitOptions::ww()).unwrap());
}

#[divan::bench(args = SIZES)]
fn ww_bulk(bencher: Bencher, n: usize) {
    let values = bulk(n);
    bencher.bench(|| fit(&values, 0.0, &FitOptions::ww()).unwrap());
}

#[divan::bench(args = [1000], consts = [0, 1])]
fn csn_other_distance<const ANDERSON_DARLING: usize>(bencher: Bencher, n: usize) {
    let values = pareto(n);
    let distance = if ANDERSON_DARLING == 1 { Distance::AndersonDarling } else { Distance::Kuiper };
    bencher.bench(|| fit(&values, 0.0, &FitOptions { distance, ..FitOptions::csn() }).unwrap());
}

#[divan::bench(args = SIZES)]
fn whole_curves(bencher: Bencher, n: usize) {
    let values = pareto(n);
    bencher.bench(|| scan(&values, 0.0, &FitOptions::csn()).unwrap());
}

#[divan::bench(args = Alternative::ALL)]
fn alternative_on_1000(bencher: Bencher, alternative: Alternative) {
    // A tail that is lighter than a power law, so that every family has a maximum.
    let values = bulk(1000);
    let tail = fit(&values, 0.0, &FitOptions::hill()).unwrap();
    bencher.bench(|| fit_alternative(&values, &tail, alternative).unwrap());
}

#[divan::bench(sample_count = 5)]
fn bootstrap_2500_draws_of_1000(bencher: Bencher) {
    let values = pareto(1000);
    let options = FitOptions::csn();
    let tail = fit(&values, 0.0, &options).unwrap();
    let bootstrap = BootstrapOptions { stop: Stop::Never, ..BootstrapOptions::default() };
    bencher.bench(|| goodness_of_fit(&values, 0.0, &options, &tail, &bootstrap).unwrap());
}
