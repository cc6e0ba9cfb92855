//! The contract: what was measured lies inside, what would be a mistake lies outside, and no metric is forgotten.
#![allow(clippy::unwrap_used)]

use spectrum_core::{Kind, Precision};
use spectrum_measure::tolerance::{PrecisionPair, Setting, Tolerance, tolerance};
use spectrum_measure::{Battery, FeatureProbe, null};

const F32: PrecisionPair = PrecisionPair(Precision::F32, Precision::F32);
const MIXED: PrecisionPair = PrecisionPair(Precision::F32, Precision::F64);
const F64: PrecisionPair = PrecisionPair(Precision::F64, Precision::F64);

const SCALARS: [&str; 7] = [
    "train_loss",
    "test_loss",
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
fn every_metric_has_a_tolerance_and_a_line_in_the_table() {
    let table = include_str!("../../../METRICS.md");
    let battery = Battery::standard();
    let matrices = battery.metrics().chain(FeatureProbe::METRICS).chain(null::METRICS);
    for metric in matrices.chain(SCALARS).chain(["singular_values"]) {
        assert!(tolerance(metric, F32, 1).is_some(), "{metric} has no tolerance");
        assert!(table.contains(&format!("| `{metric}` |")), "{metric} is not in METRICS.md");
    }
    assert_eq!(tolerance("weight_entries", F32, 1), None);
}
