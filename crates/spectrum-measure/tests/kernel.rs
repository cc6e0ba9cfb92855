//! A kernel's numbers against numpy and scipy (tests/fixtures/kernel.py), closed forms, and what must not change them.
#![allow(clippy::unwrap_used)]

mod common;

use common::{close, id, matrix, outcome, value, values};
use proptest::prelude::*;
use spectrum_core::{Kind, MatrixId, Outcome, Precision, Reason, Route, Spectrum, StepRows};
use spectrum_linalg::Plan;
use spectrum_linalg::kernel::sample_gram;
use spectrum_measure::kernel::{
    CHANGE_METRICS, INITIAL_DISTANCE, InitialKernel, KernelSample, LABEL_METRICS, METRICS, measure, spectrum_distance,
};
use spectrum_measure::tolerance::{Coverage, PrecisionPair, Setting};

/// scipy's or numpy's value of `name`.
fn reference(name: &str) -> f64 {
    let text = include_str!("fixtures/kernel.txt");
    let line = text.lines().find(|l| l.split(' ').next() == Some(name));
    line.unwrap_or_else(|| panic!("no reference value {name}")).split(' ').next_back().unwrap().parse().unwrap()
}

/// The features of kernel.py.
fn features(h: usize, n: usize, phase: f64, stretch: f64) -> Vec<f64> {
    let mut f: Vec<f64> = matrix(h, n, phase).iter().map(|x| x + 1.0 / 3.0).collect();
    f.iter_mut().step_by(h).for_each(|x| *x *= stretch);
    f
}

/// The kernel of kernel.py.
fn kernel(h: usize, n: usize, phase: f64, stretch: f64) -> Vec<f64> {
    sample_gram(&features(h, n, phase, stretch), h, n, 1.0 / h as f64, 2)
}

fn labels(n: usize) -> Vec<f64> {
    let mut y = matrix(n, 2, 5.0);
    y[..n].iter_mut().for_each(|y| *y += 1.0);
    y
}

fn rows_of(k: &[f64], n: usize, y: Option<&[f64]>, initial: Option<&InitialKernel>) -> StepRows {
    let mut rows = StepRows::new(3);
    let id = id(Kind::Ntk);
    let _ = measure(&KernelSample { id: &id, kernel: k, n, labels: y, initial }, 0, &mut Plan::new(), &mut rows);
    rows
}

fn initial(k: &[f64], n: usize) -> InitialKernel {
    InitialKernel::new(k.to_vec(), &Plan::new().kernel(k, n, 0).unwrap())
}

fn reason(rows: &StepRows, metric: &str) -> Reason {
    outcome(rows, metric).reason().cloned().unwrap_or_else(|| panic!("{metric}: {:?}", outcome(rows, metric)))
}

#[test]
fn every_number_is_numpys() {
    let n = 80;
    let y = labels(n);
    let k0 = initial(&kernel(120, n, 1.0, 1.0), n);
    let full = rows_of(&kernel(120, n, 0.0, 8.0), n, Some(&y[..n]), Some(&k0));
    for metric in METRICS.iter().chain(&LABEL_METRICS).chain(&CHANGE_METRICS) {
        let expected = reference(&format!("full_{metric}"));
        assert!(close(value(&full, metric), expected, 1e-9), "{metric}: {} {expected}", value(&full, metric));
    }
    // Thirty features of eighty samples: fifty zeros.
    let narrow = rows_of(&kernel(30, n, 2.0, 1.0), n, Some(&y), None);
    for metric in METRICS.iter().chain(&LABEL_METRICS) {
        if matches!(*metric, "smallest_eigenvalue" | "condition_number") {
            assert_eq!(reason(&narrow, metric), Reason::BelowFloor);
            continue;
        }
        let expected = reference(&format!("narrow_{metric}"));
        assert!(close(value(&narrow, metric), expected, 1e-9), "{metric}: {} {expected}", value(&narrow, metric));
    }
}

#[test]
fn rows_are_complete_and_keep_what_was_asked_for() {
    let n = 40;
    let (k, y) = (kernel(60, n, 0.0, 1.0), labels(n));
    let k0 = initial(&k, n);
    let id = MatrixId { step: 3, layer: "l".into(), kind: Kind::Ck, view: "probe".into() };
    for (vectors, kept) in [(0, None), (3, Some(3)), (12, Some(12))] {
        for (y, k0) in [(None, None), (Some(&y[..]), Some(&k0)), (None, Some(&k0))] {
            let sample = KernelSample { id: &id, kernel: &k, n, labels: y, initial: k0 };
            let mut rows = StepRows::new(3);
            let spectrum = measure(&sample, vectors, &mut Plan::new(), &mut rows).unwrap();
            let names: Vec<&str> = rows.records.iter().map(|r| r.metric.as_str()).collect();
            assert_eq!(names, sample.metrics().collect::<Vec<_>>());
            assert_eq!(names.len(), 11 + if y.is_some() { 4 } else { 0 } + if k0.is_some() { 4 } else { 0 });
            assert_eq!((rows.spectra.len(), &rows.spectra[0].spectrum, &rows.spectra[0].id), (1, &spectrum, &id));
            assert_eq!((spectrum.rows, spectrum.cols, spectrum.route), (n, n, Route::Gram));
            assert_eq!(spectrum.left.as_ref().map(|v| (v.count, v.data.len() / n)), kept.map(|c| (c, c)));
            assert_eq!(spectrum.left, spectrum.right);
        }
    }
}

#[test]
fn the_identity() {
    let n = 30;
    let k: Vec<f64> = (0..n * n).map(|i| f64::from(u8::from(i / n == i % n))).collect();
    let y = labels(n);
    let rows = rows_of(&k, n, Some(&y[..n]), None);
    for (metric, exact) in [
        ("trace_mean", 1.0),
        ("top_eigenvalue", 1.0),
        ("smallest_eigenvalue", 1.0),
        ("condition_number", 1.0),
        ("stable_rank", n as f64),
        ("effective_rank", n as f64),
        ("eigenvalue_ratio_1_2", 1.0),
        ("eigenvalue_ratio_1_10", 1.0),
        ("eigenvalue_ratio_2_median", 1.0),
        // <I, y y^T> = |y|^2, |I|_F = sqrt n; H I H = H has norm sqrt(n - 1).
        ("kta", 1.0 / (n as f64).sqrt()),
        ("kta_centred", 1.0 / (n as f64 - 1.0).sqrt()),
    ] {
        assert!(close(value(&rows, metric), exact, 1e-13), "{metric}: {}", value(&rows, metric));
    }
    // No eigenvector stands out, and no tail.
    for metric in ["alpha_hill", "alpha_hill_top", "label_overlap", "label_overlap_10"] {
        assert_eq!(reason(&rows, metric), Reason::Degenerate, "{metric}");
    }
}

#[test]
fn the_labels_own_kernel() {
    let n = 50;
    let y = &labels(n)[..n];
    let k = sample_gram(y, 1, n, 2.0, 1);
    let rows = rows_of(&k, n, Some(y), None);
    for metric in LABEL_METRICS {
        assert!(close(value(&rows, metric), 1.0, 1e-13), "{metric}: {}", value(&rows, metric));
    }
    assert!(close(value(&rows, "stable_rank"), 1.0, 1e-13));
    for metric in ["smallest_eigenvalue", "condition_number", "eigenvalue_ratio_1_2", "eigenvalue_ratio_2_median"] {
        assert_eq!(reason(&rows, metric), Reason::BelowFloor, "{metric}");
    }
    assert_eq!(reason(&rows, "alpha_hill"), Reason::TooFewValues { found: 1, needed: 3 });
    // Three classes of 12, 9 and 5, one-hot: K = Y Y^T has their sizes for eigenvalues.
    let n = 26;
    let class = |i: usize| usize::from(i >= 12) + usize::from(i >= 21);
    let y: Vec<f64> = (0..3 * n).map(|k| f64::from(u8::from(class(k % n) == k / n))).collect();
    let k: Vec<f64> = (0..n * n).map(|k| f64::from(u8::from(class(k % n) == class(k / n)))).collect();
    let rows = rows_of(&k, n, Some(&y), None);
    for metric in LABEL_METRICS {
        assert!(close(value(&rows, metric), 1.0, 1e-13), "{metric}: {}", value(&rows, metric));
    }
    assert!(close(value(&rows, "eigenvalue_ratio_1_2"), 12.0 / 9.0, 1e-13));
    // A column given twice adds nothing to the span.
    let twice: Vec<f64> = y.iter().chain(&y).copied().collect();
    assert!(close(value(&rows_of(&k, n, Some(&twice), None), "label_overlap"), 1.0, 1e-13));
}

#[test]
fn hill_of_a_power_law() {
    // lambda_j = j^-a: the sum of ln(lambda_j/lambda_k) is a (k ln k - ln k!).
    let (n, a) = (120, 1.5);
    let diagonal = |f: &dyn Fn(usize) -> f64| -> Vec<f64> {
        (0..n * n).map(|i| if i / n == i % n { f(i / n + 1) } else { 0.0 }).collect()
    };
    let rows = rows_of(&diagonal(&|j| (j as f64).powf(-a)), n, None, None);
    let exact = |k: usize| {
        let log_factorial: f64 = (1..=k).map(|j| (j as f64).ln()).sum();
        1.0 + k as f64 / (a * (k as f64 * (k as f64).ln() - log_factorial))
    };
    assert!(close(value(&rows, "alpha_hill_top"), exact(12), 1e-12));
    assert!(close(
        value(&rows, "alpha_hill"),
        {
            // Ranks 1 to 60 with lambda_60 as cut-off.
            exact(60)
        },
        1e-12
    ));
    assert!(close(value(&rows, "eigenvalue_ratio_1_10"), 10f64.powf(a), 1e-12));
    assert!(close(value(&rows, "eigenvalue_ratio_2_median"), 30f64.powf(a), 1e-12));
    // A spectrum that decays through its floor has no certain number of nonzero values.
    let rows = rows_of(&diagonal(&|j| (-(j as f64)).exp()), n, None, None);
    assert_eq!(reason(&rows, "alpha_hill"), Reason::BelowFloor);
    assert!(close(value(&rows, "alpha_hill_top"), 1.0 + 12.0 / 66.0, 1e-12));
}

#[test]
fn changes_in_closed_form() {
    let n = 60;
    let k0 = kernel(90, n, 0.0, 1.0);
    let first = initial(&k0, n);
    let rows = rows_of(&k0, n, None, Some(&first));
    assert!(CHANGE_METRICS.iter().all(|m| value(&rows, m) == 0.0));
    let tripled: Vec<f64> = k0.iter().map(|x| 3.0 * x).collect();
    let rows = rows_of(&tripled, n, None, Some(&first));
    assert!(close(value(&rows, "change_frobenius"), 2.0, 1e-13) && close(value(&rows, "change_spectral"), 2.0, 1e-9));
    assert!(value(&rows, "change_ks") > 0.2 && value(&rows, "change_ks_matched") == 0.0);
    // The samples in another order: equal eigenvalues, and fifty zeros that are rounding in both.
    let k0 = kernel(10, n, 0.0, 1.0);
    let permuted: Vec<f64> = k0.iter().rev().copied().collect();
    let rows = rows_of(&permuted, n, None, Some(&initial(&k0, n)));
    assert!(value(&rows, "change_frobenius") > 0.1);
    assert_eq!((value(&rows, "change_ks"), value(&rows, "change_ks_matched")), (0.0, 0.0));
    // Another number of samples.
    let rows = rows_of(&kernel(90, 20, 0.0, 1.0), 20, None, Some(&first));
    assert!(CHANGE_METRICS.iter().all(|m| matches!(reason(&rows, m), Reason::NotApplicable(_))));
    let zero = initial(&vec![0.0; n * n], n);
    let rows = rows_of(&k0, n, None, Some(&zero));
    for metric in ["change_frobenius", "change_spectral", "change_ks_matched"] {
        assert_eq!(reason(&rows, metric), Reason::Degenerate, "{metric}");
    }
}

#[test]
fn degenerate_labels_are_reasons() {
    let n = 40;
    let k = kernel(60, n, 0.0, 1.0);
    let of = |y: &[f64]| rows_of(&k, n, Some(y), None);
    let constant = of(&[0.1; 40]);
    assert_eq!(reason(&constant, "kta_centred"), Reason::Degenerate);
    assert!(value(&constant, "kta") > 0.5 && value(&constant, "label_overlap") > 0.5);
    let zero = of(&[0.0; 40]);
    assert!(LABEL_METRICS.iter().all(|m| reason(&zero, m) == Reason::Degenerate));
    let mut broken = vec![1.0; 40];
    broken[7] = f64::NAN;
    let broken = of(&broken);
    assert!(LABEL_METRICS.iter().all(|m| reason(&broken, m) == Reason::NotFinite));
    assert!(value(&broken, "stable_rank") > 1.0);
    for wrong in [&[][..], &[1.0; 41]] {
        assert!(LABEL_METRICS.iter().all(|m| matches!(reason(&of(wrong), m), Reason::NotComputed(_))));
    }
    // A constant kernel has nothing beside its mean.
    let ones = rows_of(&vec![1.0; n * n], n, Some(&labels(n)), None);
    assert_eq!(reason(&ones, "kta_centred"), Reason::Degenerate);
    let nothing = rows_of(&vec![0.0; n * n], n, Some(&labels(n)), None);
    assert!(LABEL_METRICS.iter().all(|m| reason(&nothing, m) == Reason::Degenerate));
    assert_eq!((value(&nothing, "trace_mean"), value(&nothing, "smallest_eigenvalue")), (0.0, 0.0));
    assert_eq!(reason(&nothing, "stable_rank"), Reason::Degenerate);
    assert_eq!(reason(&nothing, "alpha_hill_top"), Reason::Degenerate);
}

#[test]
fn no_spectrum_is_one_reason_for_all() {
    let id = id(Kind::Ck);
    let k0 = InitialKernel { n: 2, kernel: vec![1.0, 0.0, 0.0, 1.0], eigenvalues: vec![1.0, 1.0] };
    for (kernel, n, expected) in [
        (vec![1.0], 1, "TooFewValues"),
        (vec![], 0, "TooFewValues"),
        (vec![1.0, f64::NAN, 0.0, 1.0], 2, "NotFinite"),
        (vec![0.0, 1.0, 1.0, 0.0], 2, "NotApplicable"),
        (vec![1.0; 3], 2, "NotComputed"),
    ] {
        let sample = KernelSample { id: &id, kernel: &kernel, n, labels: Some(&[1.0, 2.0]), initial: Some(&k0) };
        let mut rows = StepRows::new(3);
        let reason = measure(&sample, 1, &mut Plan::new(), &mut rows).unwrap_err();
        assert!(reason.to_string().starts_with(expected), "{reason}");
        assert_eq!((rows.records.len(), rows.spectra.len()), (19, 0));
        assert!(rows.records.iter().all(|r| r.outcome == Outcome::Missing(reason.clone())));
    }
}

#[test]
fn few_samples() {
    let k = kernel(20, 5, 0.0, 1.0);
    let rows = rows_of(&k, 5, Some(&[1.0, -1.0, 0.5, 0.0, 1.0]), None);
    assert_eq!(reason(&rows, "eigenvalue_ratio_1_10"), Reason::TooFewValues { found: 5, needed: 10 });
    assert_eq!(reason(&rows, "label_overlap_10"), Reason::TooFewValues { found: 5, needed: 11 });
    // The two largest.
    let ratio = value(&rows, "eigenvalue_ratio_1_2");
    assert!(close(value(&rows, "alpha_hill_top"), 1.0 + 2.0 / ratio.ln(), 1e-12));
}

/// Every sample twice: K (x) ((1, 1), (1, 1)) has the eigenvalues 2 lambda and as many zeros.
#[test]
fn duplicated_samples() {
    let n = 30;
    let (k, y) = (kernel(60, n, 0.0, 1.0), labels(n));
    let twice: Vec<f64> = (0..4 * n * n).map(|i| k[i % (2 * n) % n + i / (2 * n) % n * n]).collect();
    let twice_y: Vec<f64> = y.chunks_exact(n).flat_map(|y| [y, y]).flatten().copied().collect();
    let (once, twice) = (rows_of(&k, n, Some(&y), None), rows_of(&twice, 2 * n, Some(&twice_y), None));
    for metric in METRICS.iter().chain(&LABEL_METRICS) {
        match *metric {
            "smallest_eigenvalue" | "condition_number" => assert_eq!(reason(&twice, metric), Reason::BelowFloor),
            "top_eigenvalue" => assert!(close(value(&twice, metric), 2.0 * value(&once, metric), 1e-12)),
            // A tenth of all eigenvalues, zeros among them: six instead of three.
            "alpha_hill_top" => {}
            _ => assert!(close(value(&twice, metric), value(&once, metric), 1e-10), "{metric}"),
        }
    }
}

/// The alignment that the probe takes from the features.
#[test]
fn alignment_is_that_of_the_features() {
    let (h, n) = (40, 70);
    let (f, y) = (features(h, n, 3.0, 2.0), labels(n));
    let rows = rows_of(&sample_gram(&f, h, n, 1.0 / h as f64, 1), n, Some(&y), None);
    assert!(close(value(&rows, "kta"), spectrum_measure::kta(&f, h, n, &y).value().unwrap(), 1e-13));
}

#[test]
fn distances_of_spectra() {
    let of = |v: &[f64]| values(v.len(), v.len(), 0.0, v.to_vec());
    let distance = |a: &[f64], b: &[f64]| spectrum_distance(&of(a), &of(b)).value().unwrap();
    assert_eq!(distance(&[3.0, 2.0, 1.0], &[3.5, 2.5, 1.5]), 1.0 / 3.0);
    assert_eq!(distance(&[2.0, 1.0], &[4.0, 3.0]), 1.0);
    // scipy.stats.ks_2samp(a, b).statistic of samples of different size, with ties.
    assert!(close(distance(&[5.0, 3.0, 3.0, 1.0], &[4.0, 3.0, 0.5]), 1.0 / 3.0, 1e-13));
    assert!(close(distance(&[9.0, 4.0, 2.5, 2.0, 1.0], &[2.0, 2.0, 1.5]), 0.6, 1e-13));
    // Singular values and their squares.
    let (a, b): (Vec<f64>, Vec<f64>) =
        ((1..40).rev().map(f64::from).collect(), (1..40).rev().map(|i| 1.1 * f64::from(i)).collect());
    let squares = |v: &[f64]| v.iter().map(|x| x * x).collect::<Vec<_>>();
    assert_eq!(distance(&a, &b), distance(&squares(&a), &squares(&b)));
    // Rounding under the floor is no distance.
    let noisy = |tail: [f64; 2]| values(3, 3, 1e-12, vec![1.0, tail[0], tail[1]]);
    assert_eq!(spectrum_distance(&noisy([3e-13, 1e-13]), &noisy([8e-13, 0.0])), Outcome::Value(0.0));
    assert_eq!(spectrum_distance(&noisy([3e-3, 1e-13]), &noisy([8e-3, 0.0])).value(), Some(1.0 / 3.0));
    let short = Spectrum { singular_values: vec![1.0], ..noisy([0.0; 2]) };
    assert!(matches!(spectrum_distance(&short, &noisy([0.0; 2])).reason(), Some(Reason::NotComputed(_))));
    assert!(matches!(spectrum_distance(&of(&[]), &of(&[])).reason(), Some(Reason::TooFewValues { .. })));
}

#[test]
fn every_metric_has_a_place_in_the_contract() {
    let f32 = PrecisionPair(Precision::F32, Precision::F32);
    for metric in METRICS.iter().chain(&LABEL_METRICS).chain(&CHANGE_METRICS).chain([&INITIAL_DISTANCE]) {
        assert!(Setting::new(f32, 1).coverage(metric).is_some(), "{metric}");
    }
    // Features are rounded at step 0 too.
    let delta = |step, kind| Setting { kind, ..Setting::new(f32, step) }.delta();
    assert!(delta(0, Kind::Ntk) > 0.0 && delta(0, Kind::Ntk) == delta(1, Kind::Ck));
    assert_eq!(delta(0, Kind::Weight), 0.0);
}

/// Features that move by what two backends may differ by after a step move no metric out of its tolerance; thirty times as
/// much is seen.
#[test]
fn the_contract_holds_for_moved_features() {
    let (h, n) = (300, 200);
    let setting =
        Setting { kind: Kind::Ck, shape: (n, n), ..Setting::new(PrecisionPair(Precision::F32, Precision::F32), 1) };
    let f = features(h, n, 0.0, 4.0);
    let top = Plan::new().spectrum_of(&f, h, n, Route::Gram, 0).unwrap().top();
    let y = labels(n);
    let k0 = initial(&kernel(h, n, 1.0, 1.0), n);
    let rows = |size: f64| {
        // A direction moves by the standard deviation of an entry; delta/4 is 3.3 of those.
        let entry = size * setting.delta() / 4.0 * top / 3.3;
        let noise = matrix(h, n, 9.0);
        let moved: Vec<f64> = f.iter().zip(&noise).map(|(f, e)| f + e * 12f64.sqrt() * entry).collect();
        rows_of(&sample_gram(&moved, h, n, 1.0 / h as f64, 1), n, Some(&y[..n]), Some(&k0))
    };
    let (still, moved, far) = (rows(0.0), rows(1.0), rows(30.0));
    let mut seen = Vec::new();
    for metric in METRICS.iter().chain(&LABEL_METRICS).chain(&CHANGE_METRICS) {
        let (Some(Coverage::Always(t)), a, b) =
            (setting.coverage(metric), value(&still, metric), value(&moved, metric))
        else {
            continue;
        };
        assert!(t.allows(a, b), "{metric}: {a} {b} {t:?}");
        if !t.allows(a, value(&far, metric)) {
            seen.push(metric);
        }
    }
    assert!(seen.len() >= 5, "{seen:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Another order of the samples (with their labels) changes nothing; a factor of the kernel or of the labels changes only
    /// what has its unit.
    #[test]
    fn order_and_scale(
        n in 12usize..60,
        phase in 0.0f64..100.0,
        scale in 1e-3f64..1e3,
        shift in 1usize..11,
        power in -900i32..900,
    ) {
        let (k, y) = (kernel(2 * n, n, phase, 3.0), labels(n));
        let k0 = kernel(2 * n, n, phase + 1.0, 1.0);
        let plain = rows_of(&k, n, Some(&y), Some(&initial(&k0, n)));
        let stride = if n % 11 == 0 { 1 } else { 11 };
        let at = |i: usize| (i * stride + shift) % n;
        let permute = |k: &[f64]| -> Vec<f64> { (0..n * n).map(|i| k[at(i % n) + at(i / n) * n]).collect() };
        let labels: Vec<f64> = (0..2 * n).map(|i| scale * y[at(i % n) + i / n * n]).collect();
        let permuted = rows_of(&permute(&k), n, Some(&labels), Some(&initial(&permute(&k0), n)));
        let factor = 2f64.powi(power);
        let times = |k: &[f64]| -> Vec<f64> { k.iter().map(|x| x * factor).collect() };
        let scaled = rows_of(&times(&k), n, Some(&y), Some(&initial(&times(&k0), n)));
        let tolerance = 1e-11 + 1e-15 * n as f64 * value(&plain, "condition_number");
        for metric in METRICS.iter().chain(&LABEL_METRICS).chain(&CHANGE_METRICS) {
            let has_unit = ["trace_mean", "top_eigenvalue", "smallest_eigenvalue"].contains(metric);
            let expected = value(&plain, metric);
            let found = value(&permuted, metric);
            prop_assert!(close(found, expected, tolerance), "{} {} {}", metric, found, expected);
            let (found, expected) = (value(&scaled, metric), if has_unit { factor * expected } else { expected });
            prop_assert!(close(found, expected, tolerance), "{} {} {}", metric, found, expected);
        }
    }
}
