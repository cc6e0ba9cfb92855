//! Kernel alignment, ridge refits and the linear baseline against the published formulas in numpy.
#![allow(clippy::unwrap_used)]

mod common;

use common::{close, id, matrix, reference, spectrum};
use spectrum_core::{Kind, Outcome, Reason, Route, StepRows};
use spectrum_linalg::LinalgError;
use spectrum_measure::baseline::linear_ridge;
use spectrum_measure::ridge::{Samples, linear_fit};
use spectrum_measure::{FeatureProbe, MeasureError, conjugate_kernel_spectrum, kta, ridge_refit};

const H: usize = 12;
const N: usize = 25;
const N_TEST: usize = 15;

fn shifted(n: usize, phase: f64, by: f64) -> Vec<f64> {
    matrix(n, 1, phase).iter().map(|y| y + by).collect()
}

fn one_hot(n: usize) -> Vec<f64> {
    (0..3 * n).map(|k| f64::from(k % n % 3 == k / n)).collect()
}

#[test]
fn alignment_and_refit_of_one_output() {
    let (f, ft) = (matrix(H, N, 1.0), matrix(H, N_TEST, 3.0));
    let (y, yt) = (shifted(N, 5.0, 0.3), shifted(N_TEST, 6.0, 0.3));
    let probe =
        FeatureProbe { features: &f, h: H, n: N, labels: &y, test_features: &ft, test_labels: &yt, ridge_lambda: 0.01 };
    let mut rows = StepRows::new(3);
    let loss = probe.measure(&id(Kind::Ck), &mut rows);
    let records = rows.records;
    assert_eq!(loss, records[2].outcome);
    assert_eq!(records.iter().map(|r| r.metric.as_str()).collect::<Vec<_>>(), FeatureProbe::METRICS);
    for r in records {
        assert!(close(r.outcome.value().unwrap(), reference(&r.metric), 1e-10), "{r:?}");
    }
    let train = Samples { inputs: &f, labels: &y, count: N };
    let test = Samples { inputs: &ft, labels: &yt, count: N_TEST };
    assert_eq!(ridge_refit(H, train, test, 0.01).unwrap(), probe.fit().unwrap().ridge);
}

#[test]
fn several_classes_use_y_y_transposed() {
    let (f, ft) = (matrix(H, N, 1.0), matrix(H, N_TEST, 3.0));
    let (y, yt) = (one_hot(N), one_hot(N_TEST));
    let fit =
        FeatureProbe { features: &f, h: H, n: N, labels: &y, test_features: &ft, test_labels: &yt, ridge_lambda: 0.01 }
            .fit()
            .unwrap();
    assert!(close(fit.kta.value().unwrap(), reference("classes_kta"), 1e-12));
    assert_eq!(kta(&f, H, N, &y), fit.kta);
    assert!(close(fit.ridge.test_loss, reference("classes_test_loss"), 1e-10));
}

#[test]
fn a_perfect_kernel_has_alignment_one() {
    let y = shifted(N, 5.0, 0.3);
    let mut probe =
        FeatureProbe { features: &y, h: 1, n: N, labels: &y, test_features: &y, test_labels: &y, ridge_lambda: 1e-9 };
    let fit = probe.fit().unwrap();
    assert!((fit.kta.value().unwrap() - 1.0).abs() < 1e-14);
    assert!(fit.ridge.train_loss < 1e-15);
    let zero = vec![0.0; N];
    probe.features = &zero;
    assert_eq!(probe.fit().unwrap().kta, Outcome::Missing(Reason::Degenerate));
}

#[test]
fn probes_that_do_not_fit_are_refused() {
    let (f, y) = (matrix(H, N, 1.0), shifted(N, 5.0, 0.3));
    let good =
        FeatureProbe { features: &f, h: H, n: N, labels: &y, test_features: &f, test_labels: &y, ridge_lambda: 0.01 };
    let error = |p: FeatureProbe<'_>| p.fit().unwrap_err().to_string();
    assert_eq!(error(FeatureProbe { h: H + 1, ..good }), "training inputs: 300 elements, 325 expected");
    assert_eq!(error(FeatureProbe { labels: &y[1..], ..good }), "training labels: 24 elements, 25 expected");
    assert_eq!(error(FeatureProbe { test_labels: &[], ..good }), "test labels is empty");
    assert_eq!(
        error(FeatureProbe { ridge_lambda: 0.0, ..good }),
        "the ridge parameter must be positive and finite, found 0"
    );
    assert_eq!(error(FeatureProbe { h: 0, ..good }), "training inputs is empty");
    let two: Vec<f64> = [y.as_slice(), &y].concat();
    assert!(matches!(
        FeatureProbe { labels: &two, ..good }.fit(),
        Err(MeasureError::Length { what: "test labels", .. })
    ));
    let mut broken = f.clone();
    broken[7] = f64::NAN;
    let mut rows = StepRows::new(3);
    let loss = FeatureProbe { features: &broken, ..good }.measure(&id(Kind::Ck), &mut rows);
    assert_eq!(loss, Outcome::Missing(Reason::NotFinite));
    let records = rows.records;
    assert!(records.len() == 3 && records.iter().all(|r| r.outcome == Outcome::Missing(Reason::NotFinite)));
}

#[test]
fn an_alignment_without_an_answer_says_why() {
    let (mut f, y) = (matrix(H, N, 1.0), one_hot(N));
    assert_eq!(kta(&vec![0.0; H * N], H, N, &y), Outcome::Missing(Reason::Degenerate));
    assert_eq!(kta(&f, H, N, &[0.0; N]), Outcome::Missing(Reason::Degenerate));
    assert!(matches!(kta(&f, H, N + 1, &y), Outcome::Missing(Reason::NotComputed(_))));
    assert!(matches!(kta(&f, H, N, &y[1..]), Outcome::Missing(Reason::NotComputed(_))));
    assert!(matches!(kta(&[], 0, 0, &[]), Outcome::Missing(Reason::NotComputed(_))));
    f[3] = f64::INFINITY;
    assert_eq!(kta(&f, H, N, &y), Outcome::Missing(Reason::NotFinite));
}

/// The fit may be sound where the test set, or a square, is not.
#[test]
fn a_loss_that_is_not_finite_is_an_error() {
    let (f, y) = (matrix(H, N, 1.0), shifted(N, 5.0, 0.3));
    for value in [f64::NAN, f64::INFINITY, 1e300] {
        let mut broken = f.clone();
        broken[7] = value;
        let test = Samples { inputs: &broken, labels: &y, count: N };
        let train = Samples { inputs: &f, labels: &y, count: N };
        let expected = MeasureError::Solve(LinalgError::NotFinite);
        assert_eq!(ridge_refit(H, train, test, 0.01), Err(expected.clone()), "{value}");
        assert_eq!(linear_ridge(&f, &y, &broken, &y, H, 0.01), Err(expected), "{value}");
    }
}

#[test]
fn the_kernels_spectrum_is_that_of_the_features_squared() {
    let f = matrix(H, N, 1.0);
    let ck = conjugate_kernel_spectrum(&spectrum(&f, H, N, Route::Svd, 0));
    assert!(ck.is_complete() && ck.singular_values.len() == N);
    assert!(close(ck.top(), reference("ck_1"), 1e-12) && close(ck.singular_values[11], reference("ck_12"), 1e-10));
    assert!(ck.singular_values[12..].iter().all(|s| *s == 0.0));
}

#[test]
fn linear_ridge_does_not_penalise_its_bias() {
    let shift = |x: Vec<f64>| x.iter().map(|v| v + 0.2).collect::<Vec<f64>>();
    let (x, xt) = (shift(matrix(8, 40, 7.0)), shift(matrix(8, 20, 8.0)));
    let (y, yt) = (shifted(40, 9.0, 2.0), shifted(20, 10.0, 2.0));
    let samples = |inputs, labels, count| Samples { inputs, labels, count };
    let fit = linear_fit(8, samples(&x, &y, 40), samples(&xt, &yt, 20), 0.05).unwrap();
    assert!(close(fit.train_loss, reference("linear_train_loss"), 1e-11));
    assert!(close(fit.test_loss, reference("linear_test_loss"), 1e-11));
    // A constant added to every label is the bias's business.
    let (high, high_test): (Vec<f64>, Vec<f64>) =
        (y.iter().map(|v| v + 100.0).collect(), yt.iter().map(|v| v + 100.0).collect());
    let raised = linear_fit(8, samples(&x, &high, 40), samples(&xt, &high_test, 20), 0.05).unwrap();
    assert_eq!(linear_ridge(&x, &y, &xt, &yt, 8, 0.05), Ok(fit.test_loss));
    assert!(matches!(linear_ridge(&x[1..], &y, &xt, &yt, 8, 0.05), Err(MeasureError::Length { .. })));
    assert!(close(raised.test_loss, fit.test_loss, 1e-10));
}
