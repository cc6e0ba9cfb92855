//! Activation constants against closed forms, and what each input that makes no sense is answered with.
#![allow(clippy::unwrap_used)]

use std::f64::consts::PI;

use spectrum_law::LawError;
use spectrum_law::limit::{
    Complex, Constants, NetworkShape, Note, Population, Settings, conjugate_kernel, constants, explain,
    marchenko_pastur_map, stieltjes_recursion, tangent_kernel,
};

fn close(found: &Constants, mean: f64, sd: f64, b: f64, a: f64, tolerance: f64) {
    for (x, y) in [(found.mean, mean), (found.sd, sd), (found.b, b), (found.a, a)] {
        assert!((x - y).abs() <= tolerance, "{found:?}: {x} is not {y}");
    }
}

#[test]
fn constants_of_the_table() {
    // Gauss-Hermite, 200 nodes (specification, section 6).
    let tanh = constants(&f64::tanh, &|x| 1.0 - x.tanh().powi(2)).unwrap();
    close(&tanh, 0.0, 0.627929, 0.964609, 1.177807, 1e-6);
    let softplus = constants(&|x| x.max(0.0) + (-x.abs()).exp().ln_1p(), &|x| 1.0 / (1.0 + (-x).exp())).unwrap();
    close(&softplus, 0.806059, 0.521071, 0.959563, 1.080528, 1e-6);
}

#[test]
fn constants_in_closed_form() {
    let e = |x: f64| x.exp();
    // sin: E sin^2 = (1 - e^-2)/2, E cos = e^-1/2, E cos^2 = (1 + e^-2)/2.
    let variance = (1.0 - e(-2.0)) / 2.0;
    let sin = constants(&f64::sin, &f64::cos).unwrap();
    close(&sin, 0.0, variance.sqrt(), e(-0.5) / variance.sqrt(), (1.0 + e(-2.0)) / 2.0 / variance, 1e-13);
    // relu: mean 1/sqrt(2 pi), variance 1/2 - 1/(2 pi), E f' = E f'^2 = 1/2.
    let variance = 0.5 - 0.5 / PI;
    let relu = constants(&|x| x.max(0.0), &|x| f64::from(x > 0.0)).unwrap();
    close(&relu, (2.0 * PI).sqrt().recip(), variance.sqrt(), 0.5 / variance.sqrt(), 0.5 / variance, 1e-13);
    // exp: mean e^1/2, variance e^2 - e, E f' = e^1/2, E f'^2 = e^2.
    let variance = e(2.0) - e(1.0);
    let exp = constants(&f64::exp, &f64::exp).unwrap();
    close(&exp, e(0.5), variance.sqrt(), e(0.5) / variance.sqrt(), e(2.0) / variance, 1e-12);
    // A linear function, whatever its slope and offset; x^2 - 1 = sqrt(2) He_2, of slope variance 2.
    close(&constants(&|x| 3.0 - 2.0 * x, &|_| -2.0).unwrap(), 3.0, 2.0, -1.0, 1.0, 1e-13);
    close(&constants(&|x| x * x, &|x| 2.0 * x).unwrap(), 1.0, 2f64.sqrt(), 0.0, 2.0, 1e-13);
    // |x|: mean sqrt(2/pi), variance 1 - 2/pi, even.
    let variance = 1.0 - 2.0 / PI;
    let abs = constants(&f64::abs, &|x| x.signum()).unwrap();
    close(&abs, (2.0 / PI).sqrt(), variance.sqrt(), 0.0, 1.0 / variance, 1e-13);
    // A ramp with kinks at +-0.3, off the panels: b = E f' / sd = P(|x| < 0.3)/sd.
    let ramp = constants(&|x| x.clamp(-0.3, 0.3), &|x| f64::from(x.abs() < 0.3)).unwrap();
    // erf(0.3/sqrt 2) and E min(x^2, 0.09), by mpmath.
    let inside = 0.235_822_844_377_905_28;
    let density = (-0.045f64).exp() / (2.0 * PI).sqrt();
    let variance = inside - 0.6 * density + 0.09 * (1.0 - inside);
    close(&ramp, 0.0, variance.sqrt(), inside / variance.sqrt(), inside / variance, 1e-12);
}

#[test]
fn activations_that_are_none() {
    assert!(matches!(constants(&|_| 2.0, &|_| 0.0), Err(LawError::ConstantActivation { .. })));
    assert!(matches!(constants(&f64::sqrt, &|x| 0.5 / x.sqrt()), Err(LawError::ActivationNotFinite { .. })));
    // A derivative of another function, and a function with a jump.
    assert!(matches!(constants(&f64::tanh, &|_| 1.0), Err(LawError::Derivative { .. })));
    assert!(matches!(constants(&f64::signum, &|_| 0.0), Err(LawError::Derivative { .. })));
}

fn good() -> NetworkShape {
    let constants = Constants { mean: 0.0, sd: 1.0, b: 0.9, a: 1.2 };
    NetworkShape { population: Population::Point, ratios: vec![0.5, 0.7], constants }
}

fn refused(shape: &NetworkShape) -> LawError {
    let settings = Settings::default();
    let error = conjugate_kernel(shape, &settings).unwrap_err();
    let same = |other: LawError| assert_eq!(format!("{other:?}"), format!("{error:?}"));
    same(tangent_kernel(shape, None, &settings).unwrap_err());
    same(explain(shape, None, Complex::new(1.0, 0.1), &settings).unwrap_err());
    error
}

#[test]
fn shapes_that_are_none() {
    assert_eq!(refused(&NetworkShape { ratios: Vec::new(), ..good() }), LawError::NoLayers);
    for ratio in [0.0, -1.0, f64::INFINITY] {
        let shape = NetworkShape { ratios: vec![0.5, ratio], ..good() };
        assert_eq!(refused(&shape), LawError::Ratio { layer: 2, ratio });
        let data = NetworkShape { population: Population::MarchenkoPastur { ratio }, ..good() };
        assert_eq!(refused(&data), LawError::PopulationRatio(ratio));
        assert_eq!(
            marchenko_pastur_map(&Population::Point, ratio, &Settings::default()).unwrap_err(),
            LawError::Ratio { layer: 1, ratio }
        );
    }
    assert!(
        refused(&NetworkShape { ratios: vec![f64::NAN], ..good() })
            .to_string()
            .contains("n/d_1 must be positive and finite, found NaN")
    );
    for (b, a) in [(1.1, 1.2), (0.9, 0.9), (f64::NAN, 1.0), (0.5, f64::INFINITY)] {
        let shape = NetworkShape { constants: Constants { b, a, ..good().constants }, ..good() };
        assert!(matches!(refused(&shape), LawError::Constants { .. }));
    }
    let populations = [
        (Population::Eigenvalues(Vec::new()), "at least one eigenvalue"),
        (
            Population::Eigenvalues(vec![1.0, -0.5]),
            "eigenvalue 1 of the population must be finite and not negative, found -0.5",
        ),
        (Population::Eigenvalues(vec![f64::NAN]), "eigenvalue 0 of the population"),
        (
            Population::Weighted(vec![(1.0, -1.0)]),
            "weight 0 of the population must be finite and not negative, found -1",
        ),
        (Population::Weighted(vec![(1.0, 0.0)]), "at least one eigenvalue of positive weight"),
    ];
    for (population, message) in populations {
        let error = refused(&NetworkShape { population, ..good() }).to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn other_arguments_that_are_none() {
    let settings = Settings::default();
    let rates = |tau: &[f64]| tangent_kernel(&good(), Some(tau), &settings).unwrap_err();
    assert_eq!(rates(&[1.0, 1.0]), LawError::RateCount { found: 2, needed: 3 });
    assert_eq!(rates(&[1.0, -1.0, 1.0]), LawError::Rate { index: 2, rate: -1.0 });
    assert_eq!(rates(&[0.0, 0.0, 0.0]), LawError::NoRates);
    let one = Complex::new(1.0, 0.0);
    let below = Complex::new(0.5, -0.1);
    let recursion = |z: &[Complex], w: &[Complex]| stieltjes_recursion(&good(), z, w, &settings);
    assert_eq!(recursion(&[below; 3], &[one; 4]).unwrap_err(), LawError::VectorLength { found: 3, needed: 4 });
    assert!(matches!(recursion(&[one; 4], &[one; 4]), Err(LawError::HalfPlane { index: -1, .. })));
    assert!(matches!(
        recursion(&[below, one, below.conj(), one], &[one; 4]),
        Err(LawError::HalfPlane { index: 1, .. })
    ));
    assert!(recursion(&[below, one, one, one], &[one; 4]).is_ok());
    let law = conjugate_kernel(&good(), &settings).unwrap();
    assert!(matches!(law.stieltjes(one), Err(LawError::RealAxis { .. })));
    assert!(matches!(explain(&good(), None, below, &settings), Err(LawError::RealAxis { .. })));
    assert_eq!(law.quantile(1.5), Err(LawError::Probability(1.5)));
    assert_eq!(law.scaled(0.0).unwrap_err(), LawError::Factor(0.0));
    assert_eq!(law.ks_distance(&[]), Err(LawError::TooFewValues { found: 0, needed: 1 }));
    assert_eq!(law.ks_distance(&[1.0, 3.0, 2.0]), Err(LawError::Unsorted));
    assert_eq!(law.ks_distance(&[f64::NAN]), Err(LawError::NotFinite));
    assert_eq!(law.ks_distance(&[-1.0, 1.0]), Err(LawError::NotFinite));
    for bad in [
        Settings { points: 2, ..settings },
        Settings { tolerance: 0.0, ..settings },
        Settings { mass_tolerance: f64::NAN, ..settings },
    ] {
        assert!(matches!(conjugate_kernel(&good(), &bad), Err(LawError::Setting { .. })));
    }
}

#[test]
fn degenerate_inputs_are_answered_and_noted() {
    let settings = Settings::default();
    let note = |shape: &NetworkShape| conjugate_kernel(shape, &settings).unwrap().notes().to_vec();
    assert!(note(&good()).is_empty());
    let even = Constants { b: 0.0, a: 2.0, ..good().constants };
    assert_eq!(note(&NetworkShape { constants: even, ..good() }), [Note::EvenActivation]);
    let linear = Constants { b: -1.0, a: 1.0, ..good().constants };
    assert_eq!(note(&NetworkShape { constants: linear, ..good() }), [Note::LinearActivation]);
    let population = Population::Eigenvalues(vec![2.0, 2.0]);
    assert_eq!(note(&NetworkShape { population, ..good() }), [Note::PopulationMean(2.0)]);
    // No data at all: K_0 = 0, the first layer sees noise of variance 1 - b^2.
    let nothing = NetworkShape { population: Population::Eigenvalues(vec![0.0; 3]), ratios: vec![0.5], ..good() };
    let law = conjugate_kernel(&nothing, &settings).unwrap();
    assert!(law.certificate().converged && (law.mean() - 0.19).abs() < 1e-6);
    // A linear network without data is zero.
    let law = conjugate_kernel(&NetworkShape { constants: linear, ..nothing }, &settings).unwrap();
    assert!(law.atoms() == [(0.0, 1.0)] && law.edges().is_empty() && law.certificate().converged);
}

#[test]
fn a_law_that_did_not_converge_says_so() {
    // Ten Newton steps a start are enough for most points, and 16 grid points are refined; a tolerance on the mass that the
    // grid cannot meet is not.
    let strict = Settings { mass_tolerance: 1e-9, tolerance: 1e-13, ..Settings::default() };
    let law = conjugate_kernel(&good(), &strict).unwrap();
    let c = law.certificate();
    let whole = c.mass_error.abs() <= 1e-9 && c.mean_error.abs() <= 1e-9 * law.edges()[0].1;
    assert_eq!(c.converged, c.unconverged == 0 && whole, "{c}");
    assert!(c.to_string().starts_with(if c.converged { "converged" } else { "NOT converged" }));
}
