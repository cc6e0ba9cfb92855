//! Decompositions of what does not fit, is not finite, or comes in another unit.
#![allow(clippy::unwrap_used)]

mod gradient_common;

use gradient_common::{Case, Setup, records};
use proptest::prelude::*;
use spectrum_core::{Outcome, Reason};
use spectrum_measure::gradient::{Decomposer, GradientError, Loss, MeanDerivative, SpikedInputs, Tanh, TwoLayer};

#[test]
fn a_workspace_leaves_no_trace() {
    let mut decomposer = Decomposer::new();
    let (large, small) = (Case::new((40, 30, 50), 0.4).draw(0), Case::new((12, 9, 7), 0.2).draw(1));
    let mut of = |setup: &Setup| {
        let network = setup.network(&Tanh, false);
        decomposer.decompose(&network, &setup.inputs(), Loss::SquaredError, MeanDerivative::Empirical).unwrap()
    };
    let (first, _, again) = (of(&large), of(&small), of(&large));
    assert_eq!(first, again);
}

#[test]
fn what_does_not_fit_is_refused() {
    let setup = Case::new((6, 5, 4), 0.2).draw(0);
    let (network, inputs) = (setup.network(&Tanh, false), setup.inputs());
    let decompose = |network: &TwoLayer<'_>, inputs: &SpikedInputs<'_>, mean| {
        Decomposer::new().decompose(network, inputs, Loss::SquaredError, mean).unwrap_err().to_string()
    };
    let empirical = MeanDerivative::Empirical;
    let short: Vec<Vec<f64>> = vec![vec![1.0; 3]];
    for (text, expected) in [
        (decompose(&TwoLayer { weight: &[1.0; 19], ..network }, &inputs, empirical), "weight: 19 elements, 20"),
        (decompose(&TwoLayer { readout: &[], ..network }, &inputs, empirical), "readout is empty"),
        (decompose(&network, &SpikedInputs { n: 0, ..inputs }, empirical), "samples is empty"),
        (decompose(&network, &SpikedInputs { d: 0, ..inputs }, empirical), "inputs is empty"),
        (decompose(&network, &SpikedInputs { bulk: &[0.0; 7], ..inputs }, empirical), "bulk: 7 elements, 30"),
        (decompose(&network, &SpikedInputs { targets: &[], ..inputs }, empirical), "targets: 0 elements, 6"),
        (decompose(&network, &SpikedInputs { z: &[], ..inputs }, empirical), "z: 0 elements, 1"),
        (decompose(&network, &SpikedInputs { z: &short, ..inputs }, empirical), "a spike's z: 3 elements, 6"),
        (decompose(&network, &SpikedInputs { q: &short, ..inputs }, empirical), "direction: 3 elements, 5"),
        (decompose(&network, &SpikedInputs { zeta: &[], ..inputs }, empirical), "zeta: 0 elements, 1"),
        (decompose(&network, &inputs, MeanDerivative::Given(&[1.0])), "mean derivatives: 1 elements, 4"),
        (decompose(&network, &inputs, MeanDerivative::Population(&[1.0])), "eigenvalues: 1 elements, 5"),
    ] {
        assert!(text.contains(expected), "{text}");
    }
    let mut decomposer = Decomposer::new();
    let noise = |d: &mut Decomposer, loss, tau| d.input_noise(&network, &inputs, loss, tau).unwrap_err();
    assert_eq!(noise(&mut decomposer, Loss::Logistic, 0.1), GradientError::Loss("input noise"));
    assert_eq!(noise(&mut decomposer, Loss::SquaredError, -0.1), GradientError::Noise(-0.1));
    assert!(matches!(noise(&mut decomposer, Loss::SquaredError, f64::NAN), GradientError::Noise(_)));
}

#[test]
fn numbers_that_are_not_finite_are_recorded_as_such() {
    let mut setup = Case::new((6, 5, 4), 0.2).draw(0);
    setup.y[2] = f64::NAN;
    let rows = records(&setup.decompose(&Tanh, false), None);
    assert!(rows.records.iter().all(|r| r.outcome == Outcome::Missing(Reason::NotFinite)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Shares, quotients and directions do not see the unit of the readout; norms have it. Under a squared error with zero
    /// targets the residual has it once more.
    #[test]
    fn the_unit_of_the_readout(seed in 0u64..1000, nu in 0.0f64..0.6, factor in 0.1f64..10.0, shape in 0usize..3) {
        let mut setup = Case::new([(20, 15, 25), (25, 30, 8), (9, 12, 14)][shape], nu).draw(seed);
        setup.y.fill(0.0);
        let plain = records(&setup.decompose(&Tanh, false), None);
        setup.readout.iter_mut().for_each(|a| *a *= factor);
        let scaled = records(&setup.decompose(&Tanh, false), None);
        // The first needs the gradient of automatic differentiation.
        for (a, b) in plain.records.iter().zip(&scaled.records).skip(1) {
            // Not given here: the weights, which have no unit of the readout.
            if a.metric == "weight_spike_length" {
                continue;
            }
            let of_g = a.metric.ends_with("_norm") || a.metric.ends_with("_length");
            let unit = if of_g { factor * factor } else { 1.0 };
            let (metric, a, b) = (&a.metric, a.outcome.value().unwrap(), b.outcome.value().unwrap());
            prop_assert!((b - unit * a).abs() < 1e-7 * (unit * a).max(1e-3), "{} {} {} {}", metric, a, b, unit);
        }
    }
}
