//! Data, host copies and plain-number references.
#![allow(dead_code, clippy::unwrap_used)]

use burn::tensor::{Device, Tensor};
use spectrum_core::Precision;
use spectrum_models::{Activation, ActivationKind, InputScale, Place, Scaling, TwoLayer, TwoLayerConfig};

pub const N: usize = 19;
pub const D: usize = 6;
pub const H: usize = 11;

pub const KINDS: [ActivationKind; 10] = [
    ActivationKind::Tanh,
    ActivationKind::Relu,
    ActivationKind::Softplus,
    ActivationKind::Sigmoid,
    ActivationKind::Erf,
    ActivationKind::Sin,
    ActivationKind::Arctan,
    ActivationKind::ErfGaussian,
    ActivationKind::NearLinear,
    ActivationKind::Identity,
];

#[allow(deprecated)]
pub fn ndarray() -> Device {
    Device::ndarray()
}

/// Every CPU backend in both precisions.
pub fn places() -> Vec<Place> {
    let both = [Precision::F64, Precision::F32];
    both.into_iter().flat_map(|p| [Place::new(Device::flex(), p), Place::new(ndarray(), p)]).collect()
}

/// Irregular numbers in about (-2, 2), exact in f32.
pub fn noise(phase: f64, n: usize) -> Vec<f64> {
    (0..n).map(|i| f64::from((2.0 * ((i as f64 * 12.9898 + phase).sin() * 43758.5453).fract()) as f32)).collect()
}

pub fn host<const R: usize>(t: Tensor<R>) -> Vec<f64> {
    t.into_data().iter::<f64>().collect()
}

pub fn two_layer(place: &Place, activation: ActivationKind, normalized: bool, scaling: Scaling) -> TwoLayer {
    let config = TwoLayerConfig {
        inputs: D,
        width: H,
        activation,
        normalized,
        scaling,
        input_scale: InputScale::SqrtD,
        hidden_std: 1.0,
    };
    TwoLayer::new(&config, place, &mut 3u64).unwrap()
}

/// Simpson's rule with `2 k` intervals.
fn integral(from: f64, to: f64, k: usize, f: impl Fn(f64) -> f64) -> f64 {
    let h = (to - from) / (2 * k) as f64;
    let weight = |i: usize| if i == 0 || i == 2 * k { 1.0 } else { [2.0, 4.0][i % 2] };
    (0..=2 * k).map(|i| weight(i) * f(from + i as f64 * h)).sum::<f64>() * h / 3.0
}

/// The activation and its derivative, from their definitions.
pub fn plain(kind: ActivationKind, x: f64) -> (f64, f64) {
    let logistic = 1.0 / (1.0 + (-x).exp());
    match kind {
        ActivationKind::Tanh => (x.tanh(), 1.0 - x.tanh().powi(2)),
        ActivationKind::Relu => (x.max(0.0), if x > 0.0 { 1.0 } else { 0.0 }),
        ActivationKind::Softplus => ((1.0 + x.exp()).ln(), logistic),
        ActivationKind::Sigmoid => (logistic, logistic * (1.0 - logistic)),
        ActivationKind::Sin => (x.sin(), x.cos()),
        ActivationKind::Arctan => (x.atan(), 1.0 / (1.0 + x * x)),
        ActivationKind::NearLinear => (x + 0.1 * x.tanh(), 1.1 - 0.1 * x.tanh().powi(2)),
        ActivationKind::ErfGaussian => {
            let (y, d) = plain(ActivationKind::Erf, x / 2f64.sqrt());
            (y, d / 2f64.sqrt())
        }
        ActivationKind::Erf => {
            // 2 / sqrt(pi) e^(-x^2) sum 2^n x^(2n+1) / (2n+1)!!: no term of the other sign (Abramowitz and Stegun 7.1.6).
            let density = 2.0 / std::f64::consts::PI.sqrt() * (-x * x).exp();
            let (mut term, mut sum) = (x, x);
            for n in 1..600 {
                term *= 2.0 * x * x / f64::from(2 * n + 1);
                sum += term;
            }
            (density * sum, density)
        }
        ActivationKind::Identity => (x, 1.0),
    }
}

/// Mean and standard deviation of the activation of a standard normal variable.
///
/// At a smooth point the errors of the two halves cancel; relu's kink lies where they meet and costs h^4 / 180, 1e-14
/// at this spacing.
pub fn moments(kind: ActivationKind) -> (f64, f64) {
    let normal = |x: f64| (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let (m1, m2) = [(-10.0, 0.0), (0.0, 10.0)].into_iter().fold((0.0, 0.0), |(m1, m2), (a, b)| {
        (
            m1 + integral(a, b, 4000, |x| normal(x) * plain(kind, x).0),
            m2 + integral(a, b, 4000, |x| normal(x) * plain(kind, x).0.powi(2)),
        )
    });
    (m1, (m2 - m1 * m1).sqrt())
}

/// An activation with its derivative, plain or normalised, built without the crate.
pub fn reference(kind: ActivationKind, normalized: bool) -> impl Fn(f64) -> (f64, f64) {
    let (mean, sd) = if normalized { moments(kind) } else { (0.0, 1.0) };
    move |x| {
        let (y, slope) = plain(kind, x);
        ((y - mean) / sd, slope / sd)
    }
}

/// The crate's own f64 constants of an activation, where only the network around it is tested.
pub fn own(kind: ActivationKind, normalized: bool) -> Activation {
    Activation::new(kind, normalized)
}

/// Largest absolute difference over the largest absolute expected value.
pub fn deviation(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let error = found.iter().zip(expected).fold(0.0f64, |m, (a, b)| if (a - b).abs() > m { (a - b).abs() } else { m });
    assert!(found.iter().all(|x| x.is_finite()));
    error / largest
}

/// The bound of a deviation in each precision.
pub fn bound(place: &Place) -> f64 {
    if place.precision == Precision::F64 { 1e-12 } else { 1e-5 }
}
