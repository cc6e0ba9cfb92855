//! Limit laws whose population is the spectrum of an actual data Gram matrix: many bands, null spaces, point masses.
#![allow(clippy::unwrap_used)]

use spectrum_law::MarchenkoPastur;
use spectrum_law::limit::{
    Complex, Constants, LimitLaw, NetworkShape, Population, Settings, conjugate_kernel, tangent_kernel,
};

const TANH: Constants = Constants { mean: 0.0, sd: 0.627929, b: 0.96460901, a: 1.17780694 };

/// n eigenvalues i^-exponent of mean 1, about as those of images: a dense bulk, and some that stand apart.
fn decaying(n: usize, exponent: f64) -> Vec<f64> {
    let raw: Vec<f64> = (1..=n).map(|i| (i as f64).powf(-exponent)).collect();
    let mean = raw.iter().sum::<f64>() / n as f64;
    raw.into_iter().map(|x| x / mean).collect()
}

fn shape(values: Vec<f64>, ratio: f64, constants: Constants) -> NetworkShape {
    NetworkShape { population: Population::Eigenvalues(values), ratios: vec![ratio], constants }
}

/// Every band holds whole eigenvalues of the population, and the density's integral over it is that number.
fn whole_bands(law: &LimitLaw, n: usize, what: &str) {
    assert!(law.certificate().converged, "{what}: {}", law.certificate());
    assert!(law.edges().windows(2).all(|e| e[0].1 < e[1].0), "{what}: {:?}", law.edges());
    for (low, high) in law.edges() {
        let held = (law.cdf(*high) - law.cdf(low - 1e-12 * high)) * n as f64;
        assert!((held - held.round()).abs() < 1e-6 && held > 0.5, "{what}: {held} in {low}..{high}");
        // Midpoint rule in the angle in which edges are smooth: what a gap within the band would spoil.
        let points = 400;
        let by_density = (0..points).map(|j| {
            let (sin, cos) = ((f64::from(j) + 0.5) / f64::from(points) * std::f64::consts::PI).sin_cos();
            law.pdf(0.5 * (low + high) - 0.5 * (high - low) * cos) * 0.5 * (high - low) * sin
        });
        let sum: f64 = by_density.sum::<f64>() * std::f64::consts::PI / f64::from(points) * n as f64;
        // The lowest band spans decades, where so few points do not do.
        assert!((sum - held).abs() < 1e-3 * held || held > 20.0, "{what}: {sum} of {held} in {low}..{high}");
    }
}

#[test]
fn gaps_within_a_band_are_found() {
    for (n, exponent, ratio) in [(300, 1.5, 0.5), (300, 1.0, 0.5), (200, 1.2, 0.1)] {
        let shape = shape(decaying(n, exponent), ratio, TANH);
        let what = format!("{n} {exponent} {ratio}");
        whole_bands(&conjugate_kernel(&shape, &Settings::default()).unwrap(), n, &what);
        let law = tangent_kernel(&shape, None, &Settings::default()).unwrap();
        whole_bands(&law, n, &what);
        assert!(law.edges().len() > 10 && law.certificate().points < 8000, "{what}: {}", law.certificate());
    }
}

#[test]
fn the_rounding_of_a_null_space_is_an_atom() {
    // Rank 30 of 50: an eigenvalue routine gives the null space as 1e-16 of either sign; the caller makes that positive.
    let linear = Constants { mean: 0.0, sd: 1.0, b: 1.0, a: 1.0 };
    let exact: Vec<f64> = decaying(30, 0.5).into_iter().chain([0.0; 20]).collect();
    let rounded: Vec<f64> = decaying(30, 0.5).into_iter().chain((0..20).map(|i| 1e-17 * f64::from(i))).collect();
    for (ratio, c) in [(0.5, linear), (4.0, TANH)] {
        let law =
            |values: &[f64]| tangent_kernel(&shape(values.to_vec(), ratio, c), None, &Settings::default()).unwrap();
        let (one, other) = (law(&exact), law(&rounded));
        assert!(one.certificate().converged && one.atoms().len() == 1, "{} {:?}", one.certificate(), one.atoms());
        assert!(one == other);
    }
}

#[test]
fn a_law_of_point_masses_answers_everything() {
    // Only the first layer trained: r_+ + b^{2L} mu_0. Depth 1 and 2.
    let n = 300;
    let values = decaying(n, 1.2);
    for (depth, rates) in [(1, &[1.0, 0.0][..]), (2, &[1.0, 0.0, 0.0])] {
        let population = Population::Eigenvalues(values.clone());
        let shape = NetworkShape { population, ratios: vec![0.5; depth], constants: TANH };
        let law = tangent_kernel(&shape, Some(rates), &Settings::default()).unwrap();
        let power = depth as i32;
        let q = TANH.b.powi(2 * power);
        let moved: Vec<f64> = values.iter().map(|x| TANH.a.powi(power) - q + q * x).collect();
        assert!(law.edges().is_empty() && law.grid().is_empty() && law.atoms().len() == n);
        assert!(law.certificate().converged && (law.mass() - 1.0).abs() < 1e-12);
        assert!((law.mean() - TANH.a.powi(power)).abs() < 1e-12);
        // The sample itself, with and without rounding, and half of it.
        assert!(law.ks_distance(&moved).unwrap() < 1e-9);
        let noisy: Vec<f64> = moved.iter().enumerate().map(|(i, x)| x + 1e-9 * (i % 3) as f64).collect();
        assert!(law.ks_distance(&noisy).unwrap() < 1e-9);
        assert!((law.ks_distance(&moved[..n / 2]).unwrap() - 0.5).abs() < 1e-9);
        assert!((law.ks_distance(&[100.0 * moved[0]]).unwrap() - 1.0).abs() < 1e-9);
        for k in [0, 1, n / 2, n - 1] {
            let x = moved[n - 1 - k];
            assert!((law.quantile((k as f64 + 0.5) / n as f64).unwrap() - x).abs() < 1e-12, "{k}");
            assert!((law.cdf(x + 1e-9) - (k as f64 + 1.0) / n as f64).abs() < 1e-9 && law.pdf(x + 1e-9) == 0.0);
        }
        assert!((law.quantile(0.0).unwrap() - moved[n - 1]).abs() < 1e-12);
        assert!((law.quantile(1.0).unwrap() - moved[0]).abs() < 1e-12);
        let z = Complex::new(1.5, 0.2);
        let sum = moved.iter().fold(Complex::new(0.0, 0.0), |s, x| s + (Complex::new(*x, 0.0) - z).recip());
        assert!((law.stieltjes(z).unwrap() - sum * (1.0 / n as f64)).abs() < 1e-10);
    }
    // Gaussian data in the limit: the Marchenko-Pastur law moved, with edges.
    let population = Population::MarchenkoPastur { ratio: 0.5 };
    let shape = NetworkShape { population, ratios: vec![0.5], constants: TANH };
    let law = tangent_kernel(&shape, Some(&[1.0, 0.0]), &Settings::default()).unwrap();
    let closed = MarchenkoPastur::new(1000, 500, 1e-3).unwrap();
    let (q, r) = (TANH.b.powi(2), TANH.a - TANH.b.powi(2));
    let (low, high) = law.edges()[0];
    assert!(law.atoms().is_empty() && law.certificate().converged);
    assert!((low - r - q * closed.lower_edge()).abs() < 1e-9 && (high - r - q * closed.upper_edge()).abs() < 1e-9);
}
