//! p-values on seeded Gaussian matrices, known and fitted variance, and on recorded spikes.
#![allow(clippy::unwrap_used)]

mod common;

use common::{distance, table, top_eigenvalue, tridiagonal};
use spectrum_law::bulk::fit_bulk;
use spectrum_law::null::gaussian_bidiagonal;
use spectrum_law::shuffle::stream;
use spectrum_law::{LawError, MarchenkoPastur, outlier_p_values, tracy_widom};

fn tops(rows: usize, cols: usize, count: u64) -> Vec<f64> {
    (0..count)
        .map(|i| {
            let (d, e) = gaussian_bidiagonal(rows, cols, &mut stream(i, 0, "outlier", "matrix"));
            top_eigenvalue(&d, &e)
        })
        .collect()
}

/// Share of p-values below a level.
fn size(p: &[f64], level: f64) -> f64 {
    p.iter().filter(|p| **p < level).count() as f64 / p.len() as f64
}

#[test]
fn the_largest_eigenvalue_of_a_gaussian_matrix_has_a_uniform_p_value() {
    // 4000 matrices: a Kolmogorov-Smirnov distance above 1.63/sqrt(4000) = 0.026 has probability 0.01, and a share of 5 %
    // a standard error of 0.0035. The law is a limit: its own error at these sizes is the 0.01 beside it.
    for (rows, cols) in [(60, 40), (40, 60), (200, 50), (30, 30)] {
        let law = MarchenkoPastur::new(rows, cols, 1.0).unwrap();
        let tops = tops(rows, cols, 4000);
        let mut p: Vec<f64> = tops.iter().map(|x| law.tracy_widom_p(*x)).collect();
        let d = distance(&mut p, |u| u);
        assert!(d < 0.026 + 0.01, "{rows} x {cols}: {d}");
        assert!((size(&p, 0.05) - 0.05).abs() < 0.012, "{rows} x {cols}: {}", size(&p, 0.05));
        assert!((size(&p, 0.01) - 0.01).abs() < 0.006, "{rows} x {cols}: {}", size(&p, 0.01));
        // What the halves are for: centred at the edge of the bulk itself the distance is larger.
        let (n, q) = ((rows as f64).sqrt(), (cols as f64).sqrt());
        let plain = |x: &f64| tracy_widom::sf((x - law.upper_edge()) / ((n + q) * (1.0 / n + 1.0 / q).cbrt()));
        let at_edge = distance(&mut tops.iter().map(plain).collect::<Vec<_>>(), |u| u);
        assert!(at_edge > d + 0.03, "{rows} x {cols}: {d} {at_edge}");
    }
}

fn spiked() -> Vec<f64> {
    table(include_str!("fixtures/spiked_300x200_k50.txt"), None).into_iter().map(|l| l[0]).collect()
}

#[test]
fn each_outlier_is_held_against_the_noise_that_the_larger_ones_leave() {
    let eigenvalues = spiked();
    let fit = fit_bulk(&eigenvalues, 300, 200).unwrap();
    let p = outlier_p_values(&eigenvalues, &fit, 300, 200).unwrap();
    assert_eq!(p.len(), 50);
    assert!(p.iter().all(|p| *p < 1e-10), "{p:?}");
    for k in [0, 20, 49] {
        let rest = MarchenkoPastur::new(300 - k, 200 - k, fit.variance).unwrap();
        assert_eq!(p[k], rest.tracy_widom_p(eigenvalues[k]));
    }
    let ascending: Vec<f64> = eigenvalues.iter().rev().copied().collect();
    assert_eq!(outlier_p_values(&ascending, &fit, 300, 200), Ok(p.clone()));
    assert_eq!(outlier_p_values(&eigenvalues, &fit, 200, 300), Ok(p));
}

#[test]
fn below_a_spike_the_next_eigenvalue_is_noise() {
    // numpy's means of the second eigenvalue beside one spike (fixtures/make.py): it stands where the largest eigenvalue of
    // the (N - 1) x (p - 1) noise does, a Tracy-Widom mean of -1.2065, and not where that of the N x p noise does.
    for l in table(include_str!("fixtures/spiked_means.txt"), None) {
        let (rows, cols, times) = (l[0] as usize, l[1] as usize, l[2]);
        let rest = MarchenkoPastur::new(rows - 1, cols - 1, 1.0).unwrap();
        let whole = MarchenkoPastur::new(rows, cols, 1.0).unwrap();
        let unit = rest.tracy_widom_score(l[9]) - rest.tracy_widom_score(l[9] - l[10]);
        let miss = (rest.tracy_widom_score(l[9]) - tracy_widom::MEAN) / unit;
        // Weak spikes repel the next eigenvalue a little: at 1.3 thresholds the law is not yet reached.
        assert!(miss.abs() < 3.0, "{rows} x {cols}, {times} thresholds: {miss} standard errors");
        assert!(whole.tracy_widom_score(l[9]) < rest.tracy_widom_score(l[9]));
    }
}

#[test]
fn a_fitted_variance_keeps_the_size_of_the_test() {
    // Known from 2000 matrices in release (the ignored test below): 0.053 at 5 %, 0.0155 at 1 %.
    let p: Vec<f64> = (0..400)
        .map(|i| {
            let (d, e) = gaussian_bidiagonal(60, 40, &mut stream(i, 1, "outlier", "matrix"));
            let eigenvalues = tridiagonal(d, e);
            let fit = fit_bulk(&eigenvalues, 60, 40).unwrap();
            MarchenkoPastur::new(60, 40, fit.variance).unwrap().tracy_widom_p(eigenvalues[39])
        })
        .collect();
    // 20 expected, standard deviation 4.4.
    assert!((size(&p, 0.05) - 0.05).abs() < 0.035, "{}", size(&p, 0.05));
    assert!((size(&p, 0.5) - 0.5).abs() < 0.1, "{}", size(&p, 0.5));
}

#[test]
fn without_outliers_or_with_a_strange_fit() {
    let eigenvalues = spiked();
    let mut fit = fit_bulk(&eigenvalues, 300, 200).unwrap();
    assert_eq!(
        outlier_p_values(&eigenvalues[1..], &fit, 300, 200),
        Err(LawError::Count { rows: 300, cols: 200, found: 199 })
    );
    fit.outliers = 0;
    assert_eq!(outlier_p_values(&eigenvalues, &fit, 300, 200), Ok(vec![]));
    fit.outliers = 200;
    assert!(matches!(outlier_p_values(&eigenvalues, &fit, 300, 200), Err(LawError::TooFewValues { .. })));
    // A single entry: the square of a normal number. No law of large matrices, but a number between 0 and 1.
    let one = MarchenkoPastur::new(1, 1, 1.0).unwrap();
    assert!(one.tracy_widom_p(4.0) > 0.0 && one.tracy_widom_p(4.0) < 0.2);
}

#[test]
#[ignore = "the figures of the documentation, run by hand in release"]
fn sizes_of_the_tests() {
    for (rows, cols) in [(10, 10), (40, 10), (150, 100)] {
        let law = MarchenkoPastur::new(rows, cols, 1.0).unwrap();
        let p: Vec<f64> = tops(rows, cols, 40_000).iter().map(|x| law.tracy_widom_p(*x)).collect();
        println!("{rows} x {cols}: {:.4} {:.4}", size(&p, 0.05), size(&p, 0.01));
    }
    for (rows, cols, count) in
        [(60, 40, 4000u64), (150, 100, 2000), (600, 400, 400), (100, 100, 2000), (1000, 100, 2000)]
    {
        let (mut p, mut v) = (Vec::new(), Vec::new());
        for i in 0..count {
            let (d, e) = gaussian_bidiagonal(rows, cols, &mut stream(i, 1, "outlier", "matrix"));
            let eigenvalues = tridiagonal(d, e);
            let fit = fit_bulk(&eigenvalues, rows, cols).unwrap();
            v.push(fit.variance);
            let law = MarchenkoPastur::new(rows, cols, fit.variance).unwrap();
            p.push(law.tracy_widom_p(eigenvalues[cols - 1]));
        }
        let mean = v.iter().sum::<f64>() / count as f64;
        let deviation = (v.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count as f64).sqrt();
        println!(
            "fitted {rows} x {cols}: 5 % {:.4}, 1 % {:.4}, 0.1 % {:.4}; variance {mean:.5} +- {deviation:.5}, least possible {:.5}",
            size(&p, 0.05),
            size(&p, 0.01),
            size(&p, 0.001),
            (2.0 / (rows * cols) as f64).sqrt()
        );
    }
}
