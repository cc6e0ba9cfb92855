//! Activations on numbers in f64, with what a decomposition needs of them.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, PI};
use std::fmt::Debug;

use super::quadrature::Rule;

/// An activation sigma with two derivatives and its Gaussian means.
///
/// The means have defaults by quadrature, which are good for functions that are smooth on the scale of the deviation;
/// activations with a kink or a closed form have their own.
pub trait Activation: Debug + Send + Sync {
    /// sigma(u).
    fn value(&self, u: f64) -> f64;

    /// sigma'(u).
    fn derivative(&self, u: f64) -> f64;

    /// sigma''(u); zero almost everywhere for functions of straight pieces.
    fn second(&self, u: f64) -> f64;

    /// sigma(u), sigma'(u), sigma''(u), for functions that have them together for less.
    fn jet(&self, u: f64) -> [f64; 3] {
        [self.value(u), self.derivative(u), self.second(u)]
    }

    /// The smoothed sigma, u -> E sigma(u + sqrt(variance) xi) with xi standard normal, and its first three derivatives by u.
    /// Where the variance is zero the third is not needed and may be anything finite.
    fn smoothed(&self, u: f64, variance: f64) -> [f64; 4] {
        if variance == 0.0 {
            let [value, first, second] = self.jet(u);
            return [value, first, second, 0.0];
        }
        let deviation = variance.sqrt();
        let mut means = Rule::quick().mean(|x| {
            let [value, first, second] = self.jet(u + deviation * x);
            // E sigma''' = E[sigma'' xi]/deviation, by parts.
            [value, first, second, second * x]
        });
        means[3] /= deviation;
        means
    }

    /// E sigma'(xi sqrt(variance)).
    fn mean_derivative(&self, variance: f64) -> f64 {
        let deviation = variance.sqrt();
        Rule::fine().mean(|x| [self.derivative(deviation * x)])[0]
    }
}

/// max(0, u); sigma'(0) = 0.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Relu;

impl Activation for Relu {
    fn value(&self, u: f64) -> f64 {
        u.max(0.0)
    }
    fn derivative(&self, u: f64) -> f64 {
        if u > 0.0 { 1.0 } else { 0.0 }
    }
    fn second(&self, _: f64) -> f64 {
        0.0
    }
    fn smoothed(&self, u: f64, variance: f64) -> [f64; 4] {
        if variance == 0.0 {
            return [self.value(u), self.derivative(u), 0.0, 0.0];
        }
        let deviation = variance.sqrt();
        let t = u / deviation;
        let density = (-0.5 * t * t).exp() / (2.0 * PI).sqrt();
        let below = 0.5 * libm::erfc(-t * FRAC_1_SQRT_2);
        [u * below + deviation * density, below, density / deviation, -t * density / variance]
    }
    /// 1/2, whatever the variance.
    fn mean_derivative(&self, _: f64) -> f64 {
        0.5
    }
}

/// tanh u.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tanh;

impl Activation for Tanh {
    fn value(&self, u: f64) -> f64 {
        u.tanh()
    }
    fn derivative(&self, u: f64) -> f64 {
        let t = u.tanh();
        1.0 - t * t
    }
    fn second(&self, u: f64) -> f64 {
        let t = u.tanh();
        -2.0 * t * (1.0 - t * t)
    }
    fn jet(&self, u: f64) -> [f64; 3] {
        let t = u.tanh();
        let first = 1.0 - t * t;
        [t, first, -2.0 * t * first]
    }
}

/// erf(scale u): the models' own with `scale` 1; the error function that saturates as a normal law, erf(u/sqrt 2), with
/// 1/sqrt 2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Erf {
    /// The factor inside.
    pub scale: f64,
}

impl Default for Erf {
    fn default() -> Self {
        Self { scale: 1.0 }
    }
}

impl Activation for Erf {
    fn value(&self, u: f64) -> f64 {
        libm::erf(self.scale * u)
    }
    fn derivative(&self, u: f64) -> f64 {
        FRAC_2_SQRT_PI * self.scale * (-(self.scale * u).powi(2)).exp()
    }
    fn second(&self, u: f64) -> f64 {
        -2.0 * self.scale * self.scale * u * self.derivative(u)
    }
    /// E erf(c(u + xi sqrt v)) = erf(c u/sqrt(1 + 2 c^2 v)).
    fn smoothed(&self, u: f64, variance: f64) -> [f64; 4] {
        let c = self.scale / (1.0 + 2.0 * self.scale * self.scale * variance).sqrt();
        let own = Self { scale: c };
        let (first, second) = (own.derivative(u), own.second(u));
        [own.value(u), first, second, -2.0 * c * c * (first + u * second)]
    }
    fn mean_derivative(&self, variance: f64) -> f64 {
        self.smoothed(0.0, variance)[1]
    }
}

/// 1/(1 + e^-u).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sigmoid;

impl Activation for Sigmoid {
    fn value(&self, u: f64) -> f64 {
        1.0 / (1.0 + (-u).exp())
    }
    fn derivative(&self, u: f64) -> f64 {
        // Of the smaller half, so that nothing overflows.
        let e = (-u.abs()).exp();
        e / ((1.0 + e) * (1.0 + e))
    }
    fn second(&self, u: f64) -> f64 {
        -(0.5 * u).tanh() * self.derivative(u)
    }
    fn jet(&self, u: f64) -> [f64; 3] {
        let value = self.value(u);
        let first = self.derivative(u);
        [value, first, (1.0 - 2.0 * value) * first]
    }
}

/// ln(1 + e^u).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Softplus;

impl Activation for Softplus {
    fn value(&self, u: f64) -> f64 {
        u.max(0.0) + (-u.abs()).exp().ln_1p()
    }
    fn derivative(&self, u: f64) -> f64 {
        Sigmoid.value(u)
    }
    fn second(&self, u: f64) -> f64 {
        Sigmoid.derivative(u)
    }
}

/// u + share tanh u, nearly linear for a small share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearLinear {
    /// The share of tanh.
    pub share: f64,
}

impl Default for NearLinear {
    fn default() -> Self {
        Self { share: 0.1 }
    }
}

impl Activation for NearLinear {
    fn value(&self, u: f64) -> f64 {
        u + self.share * u.tanh()
    }
    fn derivative(&self, u: f64) -> f64 {
        1.0 + self.share * Tanh.derivative(u)
    }
    fn second(&self, u: f64) -> f64 {
        self.share * Tanh.second(u)
    }
    fn jet(&self, u: f64) -> [f64; 3] {
        let [value, first, second] = Tanh.jet(u).map(|v| self.share * v);
        [u + value, 1.0 + first, second]
    }
}

/// Any function with its first two derivatives.
#[derive(Clone, Copy)]
pub struct Custom<F, G, H> {
    /// sigma.
    pub value: F,
    /// sigma'.
    pub derivative: G,
    /// sigma''.
    pub second: H,
}

impl<F, G, H> Debug for Custom<F, G, H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Custom")
    }
}

impl<F, G, H> Activation for Custom<F, G, H>
where
    F: Fn(f64) -> f64 + Send + Sync,
    G: Fn(f64) -> f64 + Send + Sync,
    H: Fn(f64) -> f64 + Send + Sync,
{
    fn value(&self, u: f64) -> f64 {
        (self.value)(u)
    }
    fn derivative(&self, u: f64) -> f64 {
        (self.derivative)(u)
    }
    fn second(&self, u: f64) -> f64 {
        (self.second)(u)
    }
}
