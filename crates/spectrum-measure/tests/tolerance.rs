//! The contract: what was measured lies inside, what would be a mistake lies outside, and no metric is forgotten.
#![allow(clippy::unwrap_used)]

mod common;

use common::{measured, outcome, spectrum, values};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use spectrum_core::{Kind, Outcome, Precision, References, Route, Spectrum, StepRows};
use spectrum_measure::tolerance::{Coverage, PrecisionPair, Setting, Tolerance, tolerance};
use spectrum_measure::{
    Battery, FeatureProbe, agreement, comparison, farms, goodness, gradient, kernel, layers, null, shuffled,
};

const F32: PrecisionPair = PrecisionPair(Precision::F32, Precision::F32);
const MIXED: PrecisionPair = PrecisionPair(Precision::F32, Precision::F64);
const F64: PrecisionPair = PrecisionPair(Precision::F64, Precision::F64);

/// Of the feature probe with part of the weight replaced.
const SUBSTITUTES: [&str; 6] = [
    "kta_matched_norm",
    "kta_initial_values",
    "kta_final_values",
    "ridge_test_loss_matched_norm",
    "ridge_test_loss_initial_values",
    "ridge_test_loss_final_values",
];

const SCALARS: [&str; 16] = [
    "effective_rank_mean",
    "generalization_step",
    "half_rank_drop_step",
    "rank_lag",
    "rank_drop_before_generalization",
    "data_epsilon",
    "data_rms_product",
    "data_bound",
    "train_loss",
    "test_loss",
    "test_r2",
    "linear_test_loss",
    "initial_kernel_test_loss",
    "train_accuracy",
    "test_accuracy",
    "learning_rate",
];

#[test]
fn measured_deviations_are_inside() {
    // Ten Adam steps of rate 1 at 600 x 400, flex against ndarray, f32 (DESIGN, section 8).
    let at = |metric| tolerance(metric, F32, 10).unwrap();
    assert!(at("singular_values").relative > 7e-6);
    assert!(at("train_loss").relative > 8e-6);
    assert!(at("alpha_hill").absolute > 2e-5);
    // A 128 x 64 layer: 3e-6 after the first Adam step, 6.4e-5 after fifty, and 4e-15 in f64 (specification of Burn, section 2).
    let small = |p, step| Setting { shape: (128, 64), ..Setting::new(p, step) }.delta();
    assert!(small(F32, 1) > 3e-6 && small(F32, 50) > 6.4e-5 && small(F64, 50) > 4.2e-15);
}

#[test]
fn mistakes_are_outside() {
    // An epsilon inside Adam's root, a transposed matrix or a lost step move singular values by a thousandth and more.
    assert!(tolerance("singular_values", F32, 10).unwrap().relative < 1e-3);
    assert!(tolerance("alpha_hill", F32, 10).unwrap().absolute < 1e-2);
    assert!(tolerance("singular_values", F64, 50).unwrap().relative < 3e-12);
    // The numbers in the module's documentation.
    assert!((Setting::new(F32, 1).delta() / 3.1e-5 - 1.0).abs() < 0.02, "{:e}", Setting::new(F32, 1).delta());
    assert!((Setting::new(F64, 1).delta() / 6e-14 - 1.0).abs() < 0.05, "{:e}", Setting::new(F64, 1).delta());
}

#[test]
fn the_start_is_equal_and_the_coarser_side_decides() {
    assert_eq!(Setting::new(F32, 0).delta(), 0.0);
    assert_eq!(tolerance("outliers", F32, 0).unwrap().absolute, 0.0);
    assert_eq!(tolerance("alpha_hill", F32, 0).unwrap().absolute, 0.0);
    // A forward pass is rounded even at step 0.
    assert!(tolerance("train_loss", F32, 0).unwrap().relative > 1e-7);
    assert_eq!(tolerance("gini", MIXED, 5), tolerance("gini", F32, 5));
    assert_eq!(tolerance("learning_rate", F32, 9), Some(Tolerance::EXACT));
    let kind = |kind| Setting { kind, ..Setting::new(F32, 4) }.delta();
    assert!(kind(Kind::Update) > kind(Kind::Displacement) && kind(Kind::Displacement) > kind(Kind::Weight));
}

#[test]
fn allowed_is_absolute_plus_relative_to_the_larger() {
    let t = Tolerance { relative: 0.1, absolute: 1.0 };
    assert!(t.allows(10.0, 12.2) && !t.allows(10.0, 12.3) && t.allows(-1.0, 0.0));
    assert!(Tolerance::EXACT.allows(0.0, -0.0) && !Tolerance::EXACT.allows(1.0, 1.0 + f64::EPSILON));
    assert!(!t.allows(f64::NAN, 1.0));
}

#[test]
fn every_metric_has_a_place_in_the_contract_and_a_line_in_the_table() {
    let table = include_str!("../../../METRICS.md");
    let battery = Battery::standard();
    let matrices =
        battery.metrics().chain(FeatureProbe::METRICS).chain(agreement::METRICS).chain(agreement::REFERENCE_METRICS);
    let nulls = null::Kind::ALL.into_iter().flat_map(null::Kind::metrics);
    let kernels = kernel::METRICS.into_iter().chain(kernel::LABEL_METRICS).chain(kernel::CHANGE_METRICS);
    let laws = kernel::LAW_METRICS.into_iter().chain(kernel::SURROGATE_METRICS);
    let gradients = gradient::METRICS.into_iter().chain(gradient::LAYER_METRICS).chain(layers::METRICS);
    let others = nulls.chain(kernels).chain(laws).chain(gradients).chain([kernel::INITIAL_DISTANCE]).chain(SUBSTITUTES);
    let extras =
        comparison::METRICS.into_iter().chain(goodness::METRICS).chain(shuffled::METRICS).chain(farms::METRICS);
    for metric in matrices.chain(extras).chain(others).chain(SCALARS).chain(["singular_values"]) {
        let coverage = Setting::new(F32, 1).coverage(metric).unwrap_or_else(|| panic!("{metric} has no place"));
        // Whoever asks for a tolerance only is never told one that holds under a condition.
        let always = if let Coverage::Always(t) = coverage { Some(t) } else { None };
        assert_eq!(tolerance(metric, F32, 1), always, "{metric}");
        assert!(table.contains(&format!("| `{metric}` |")), "{metric} is not in METRICS.md");
    }
    assert_eq!(tolerance("weight_entries", F32, 1), None);
    assert_eq!(Setting::new(F32, 1).coverage("weight_entries"), None);
}

#[test]
fn numbers_that_may_jump_are_compared_under_a_condition_or_not_at_all() {
    let at = |metric| Setting::new(F32, 10).coverage(metric).unwrap();
    for metric in ["tail_size", "shape_class", "training_warning", "rank", "condition_number"] {
        assert!(matches!(at(metric), Coverage::Not(why) if !why.is_empty()), "{metric}");
    }
    for (metric, anchor) in
        [("alpha", "tail_size"), ("xmin", "tail_size"), ("erg_edge", "erg_size"), ("spike_strength", "outliers")]
    {
        assert!(matches!(at(metric), Coverage::Where { equal, .. } if equal == anchor), "{metric}");
    }
    // The distance is a minimum of suprema, and moves no further than they do.
    assert!(matches!(at("alpha_distance"), Coverage::Always(_)));
    // Nothing may differ where nothing differs.
    let start = Setting::new(F32, 0);
    for metric in Battery::standard().metrics() {
        match start.coverage(metric).unwrap() {
            Coverage::Always(t) | Coverage::Where { tolerance: t, .. } => {
                assert!(t.allows(1.0, 1.0 + 1e-13) && !t.allows(1.0, 1.0 + 1e-11), "{metric} {t:?}");
            }
            Coverage::Not(_) => {}
        }
    }
}

/// A matrix of `rows` x `cols` Gaussian entries and rank-one terms of the given strengths.
fn spiked(seed: u64, strengths: &[f64]) -> Spectrum {
    const ROWS: usize = 300;
    const COLS: usize = 200;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut normals = |n: usize| (0..n).map(|_| StandardNormal.sample(&mut rng)).collect::<Vec<f64>>();
    let mut w = normals(ROWS * COLS);
    for strength in strengths {
        let (u, v) = (normals(ROWS), normals(COLS));
        let norm = |x: &[f64]| x.iter().map(|a| a * a).sum::<f64>().sqrt();
        let scale = strength / norm(&u) / norm(&v);
        w.iter_mut().enumerate().for_each(|(k, w)| *w += scale * u[k % ROWS] * v[k / ROWS]);
    }
    spectrum(&w, ROWS, COLS, Route::Svd, 0)
}

/// Every singular value moved as far as the contract says: delta is 3.3 standard deviations.
fn moved(s: &Spectrum, delta: f64, seed: u64) -> Spectrum {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut step = || -> f64 { StandardNormal.sample(&mut rng) };
    let mut moved: Vec<f64> = s.singular_values.iter().map(|v| v + s.top() * delta / 3.3 * step()).collect();
    moved.sort_by(|a, b| b.total_cmp(a));
    values(s.rows, s.cols, s.floor, moved)
}

/// What the tolerances are derived for: whatever moves by delta, every metric keeps to its coverage.
#[test]
fn metrics_of_moved_values_stay_inside() {
    let power: Vec<f64> = (1..=200).map(|i| 30.0 * f64::from(i).powf(-0.55)).collect();
    let spectra = [spiked(1, &[]), spiked(2, &[60.0]), spiked(3, &[40.0, 90.0, 200.0]), values(300, 200, 0.0, power)];
    for (precisions, step) in [(F32, 1), (F32, 40), (F64, 10)] {
        let mut jumps = 0;
        for (k, s) in spectra.iter().enumerate() {
            let setting = Setting { shape: (s.rows, s.cols), ..Setting::new(precisions, step) };
            let rows = |s: &Spectrum| measured(Kind::Weight, s, None, [None, None], &References::default());
            let here = rows(s);
            for seed in 0..20 {
                let there = rows(&moved(s, setting.delta(), 100 * step + seed));
                for record in &here.records {
                    jumps += usize::from(!inside(&setting, &record.metric, &here, &there, k));
                }
            }
        }
        // f64 leaves every choice as it is; f32 moves some.
        assert!(precisions != F64 || jumps == 0, "{jumps}");
    }
}

/// Checks one metric; whether its condition held.
fn inside(setting: &Setting, metric: &str, here: &StepRows, there: &StepRows, k: usize) -> bool {
    let pair = |metric| (outcome(here, metric), outcome(there, metric));
    let (allowed, held) = match setting.coverage(metric).unwrap() {
        Coverage::Always(t) => (t, true),
        Coverage::Where { equal, tolerance } => {
            let (a, b) = pair(equal);
            (tolerance, a == b)
        }
        Coverage::Not(_) => return true,
    };
    if held {
        match pair(metric) {
            (Outcome::Value(a), Outcome::Value(b)) => {
                assert!(allowed.allows(a, b), "{metric} of spectrum {k}: {a} and {b}, {allowed:?}");
            }
            (a, b) => assert_eq!(a, b, "{metric} of spectrum {k}"),
        }
    }
    held
}
