//! Link functions of a single-index teacher, with their Gaussian mean and standard deviation.

use std::f64::consts::SQRT_2;

use serde::{Deserialize, Serialize};

/// The scalar function of a single-index teacher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Link {
    /// log(1 + e^u).
    #[default]
    Softplus,
    /// tanh u.
    Tanh,
    /// max(u, 0).
    Relu,
    /// u.
    Identity,
    /// (u^2 - 1) / sqrt 2: the second Hermite polynomial (probabilists'), of unit Gaussian norm.
    Hermite2,
    /// (u^3 - 3u) / sqrt 6: the third.
    Hermite3,
}

impl Link {
    /// Every link, in the order of the docs.
    pub const ALL: [Self; 6] = [Self::Softplus, Self::Tanh, Self::Relu, Self::Identity, Self::Hermite2, Self::Hermite3];

    /// The name in configs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Softplus => "softplus",
            Self::Tanh => "tanh",
            Self::Relu => "relu",
            Self::Identity => "identity",
            Self::Hermite2 => "hermite2",
            Self::Hermite3 => "hermite3",
        }
    }

    /// The link at `u`, with the same bits on every platform.
    #[must_use]
    pub fn apply(self, u: f64) -> f64 {
        match self {
            // Written so that neither tail overflows or cancels.
            Self::Softplus => u.max(0.0) + libm::log1p(libm::exp(-u.abs())),
            Self::Tanh => libm::tanh(u),
            Self::Relu => u.max(0.0),
            Self::Identity => u,
            Self::Hermite2 => (u * u - 1.0) / SQRT_2,
            Self::Hermite3 => u * (u * u - 3.0) / SQRT_6,
        }
    }

    /// The link at `u`, less its Gaussian mean and over its Gaussian standard deviation where asked for.
    #[must_use]
    pub fn shaped(self, u: f64, centre: bool, normalise: bool) -> f64 {
        let centred = self.apply(u) - if centre { self.mean() } else { 0.0 };
        if normalise { centred / self.standard_deviation() } else { centred }
    }

    /// Its mean under u ~ N(0, 1).
    #[must_use]
    pub fn mean(self) -> f64 {
        match self {
            Self::Softplus => 0.806_059_183_347_439_8,
            // 1 / sqrt(2 pi).
            Self::Relu => 0.398_942_280_401_432_7,
            Self::Tanh | Self::Identity | Self::Hermite2 | Self::Hermite3 => 0.0,
        }
    }

    /// Its standard deviation under u ~ N(0, 1).
    #[must_use]
    pub fn standard_deviation(self) -> f64 {
        match self {
            Self::Softplus => 0.521_070_534_381_439_3,
            Self::Tanh => 0.627_928_730_349_106_7,
            // sqrt(1/2 - 1/(2 pi)).
            Self::Relu => 0.583_819_370_103_549,
            Self::Identity | Self::Hermite2 | Self::Hermite3 => 1.0,
        }
    }
}

const SQRT_6: f64 = 2.449_489_742_783_178;

#[cfg(test)]
mod tests {
    use super::*;

    /// Expectation under N(0, 1): the trapezoidal rule, which converges faster than any power for smooth functions.
    /// A grid point lies on the kink of relu, where the rule's error is step^2 / 12 / sqrt(2 pi).
    fn expectation(f: impl Fn(f64) -> f64) -> f64 {
        let step = 1.0 / 1024.0;
        (-12 * 1024..=12 * 1024)
            .map(|k| {
                let u = f64::from(k) * step;
                f(u) * (-u * u / 2.0).exp()
            })
            .sum::<f64>()
            * step
            / (2.0 * std::f64::consts::PI).sqrt()
    }

    #[test]
    fn means_and_deviations_are_those_of_a_quadrature() {
        for link in Link::ALL {
            let mean = expectation(|u| link.apply(u));
            let variance = expectation(|u| (link.apply(u) - mean).powi(2));
            let tolerance = if link == Link::Relu { 1e-7 } else { 1e-13 };
            assert!((mean - link.mean()).abs() < tolerance, "{link:?} {mean}");
            assert!((variance.sqrt() - link.standard_deviation()).abs() < tolerance, "{link:?} {}", variance.sqrt());
        }
    }

    #[test]
    fn softplus_and_tanh_have_the_constants_of_the_literature() {
        // arXiv 2406.04657's setting: E softplus, its sd, E tanh^2.
        assert!((Link::Softplus.mean() - 0.806059).abs() < 5e-7);
        assert!((Link::Softplus.standard_deviation() - 0.521071).abs() < 5e-7);
        assert!((Link::Tanh.standard_deviation().powi(2) - 0.394294).abs() < 5e-7);
    }

    #[test]
    fn hermite_links_are_orthonormal() {
        assert!(expectation(|u| Link::Hermite2.apply(u) * Link::Hermite3.apply(u)).abs() < 1e-13);
        assert!(expectation(|u| Link::Hermite3.apply(u) * u).abs() < 1e-13);
    }

    #[test]
    fn softplus_is_right_in_both_tails() {
        assert_eq!(Link::Softplus.apply(1e4), 1e4);
        assert_eq!(Link::Softplus.apply(-1e4), 0.0);
        // exp(-40) to first order.
        let got = Link::Softplus.apply(-40.0);
        assert!((got / (-40f64).exp() - 1.0).abs() < 1e-14);
    }
}
