//! What the measures cost. cargo test --release -p spectrum-measure --test cost -- --ignored --nocapture
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Instant;

use common::values;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use spectrum_core::{Kind, MatrixId, References, Sample, Spectrum, StepRows};
use spectrum_law::null::gaussian_bidiagonal;
use spectrum_measure::measures::{Bulk, Hill, Norms, Outliers, Ranks, Shape, Spread, Tail};
use spectrum_measure::{Battery, GaussianReference, comparison, goodness};
use spectrum_tail::{BootstrapOptions, FitOptions};

/// The spectrum of a Gaussian matrix.
fn gaussian(rows: usize, cols: usize) -> Spectrum {
    let (diagonal, beside) = gaussian_bidiagonal(rows, cols, &mut ChaCha8Rng::seed_from_u64(1));
    let eigenvalues = spectrum_linalg::symmetric_tridiagonal_eigenvalues(&diagonal, &beside).unwrap();
    values(rows, cols, 0.0, eigenvalues.iter().map(|v| v.max(0.0).sqrt()).collect())
}

fn milliseconds(times: usize, mut f: impl FnMut()) -> f64 {
    let mut all: Vec<f64> = (0..times)
        .map(|_| {
            let start = Instant::now();
            f();
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    all.sort_by(f64::total_cmp);
    all[times / 2]
}

#[test]
#[ignore = "prints times"]
fn cost_of_the_battery() {
    const KINDS: &[Kind] = &[Kind::Weight];
    for (rows, cols) in [(600, 400), (1500, 1000), (1000, 1000)] {
        let start = Instant::now();
        let g = GaussianReference::of(rows, cols).unwrap();
        println!(
            "{rows} x {cols}: reference {:.1} ms, hill {:.4} sd {:.4}",
            start.elapsed().as_secs_f64() * 1e3,
            g.hill,
            g.hill_sd
        );
        let spectrum = gaussian(rows, cols);
        let references = References::default();
        let id = MatrixId { step: 1, layer: "w".into(), kind: Kind::Weight, view: "matrix".into() };
        let cost = |battery: &Battery| {
            milliseconds(21, || {
                let sample = Sample {
                    matrix: None,
                    id: &id,
                    spectrum: &spectrum,
                    previous_weight: None,
                    current_weight: None,
                    references: &references,
                };
                battery.measure_sample(&sample, &mut StepRows::new(1));
            })
        };
        let single = [
            ("norms", Battery::empty().with(Norms, KINDS)),
            ("ranks", Battery::empty().with(Ranks, KINDS)),
            ("spread", Battery::empty().with(Spread, KINDS)),
            ("hill", Battery::empty().with(Hill, KINDS)),
            ("tail", Battery::empty().with(Tail::default(), KINDS)),
            ("bulk", Battery::empty().with(Bulk, KINDS)),
            ("outliers", Battery::empty().with(Outliers, KINDS)),
            ("shape", Battery::empty().with(Shape, KINDS)),
            ("all", Battery::standard()),
        ];
        for (name, battery) in &single {
            println!("  {name}: {:.3} ms", cost(battery));
        }
        let options = FitOptions::csn();
        let rivals = milliseconds(5, || comparison::measure(&id, Ok(&spectrum), &options, &mut StepRows::new(1)));
        let bootstrap = BootstrapOptions { precision: 0.05, ..BootstrapOptions::default() };
        let plausible =
            milliseconds(1, || goodness::measure(&id, Ok(&spectrum), &options, &bootstrap, &mut StepRows::new(1)));
        println!("  comparison: {rivals:.2} ms, goodness at precision 0.05: {plausible:.0} ms");
    }
}
