//! Activations, plain or Gaussian-normalised.

use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

/// Which function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActivationKind {
    /// Hyperbolic tangent.
    #[default]
    Tanh,
    /// max(0, x).
    Relu,
    /// ln(1 + e^x).
    Softplus,
    /// 1 / (1 + e^-x).
    Sigmoid,
    /// The error function 2/sqrt(pi) int_0^x e^(-t^2) dt.
    Erf,
    /// sin x.
    Sin,
    /// arctan x.
    Arctan,
    /// erf(x / sqrt 2) = 2 Phi(x) - 1: the error function in the Gaussian's own unit.
    ErfGaussian,
    /// x + 0.1 tanh x: nearly linear.
    NearLinear,
    /// x.
    Identity,
}

impl ActivationKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Tanh,
        Self::Relu,
        Self::Softplus,
        Self::Sigmoid,
        Self::Erf,
        Self::Sin,
        Self::Arctan,
        Self::ErfGaussian,
        Self::NearLinear,
        Self::Identity,
    ];

    /// The name in configs and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tanh => "tanh",
            Self::Relu => "relu",
            Self::Softplus => "softplus",
            Self::Sigmoid => "sigmoid",
            Self::Erf => "erf",
            Self::Sin => "sin",
            Self::Arctan => "arctan",
            Self::ErfGaussian => "erf-gaussian",
            Self::NearLinear => "near-linear",
            Self::Identity => "identity",
        }
    }

    /// The function on one number, in f64; the reference for quadrature and tests.
    #[must_use]
    pub fn at(self, x: f64) -> f64 {
        match self {
            Self::Tanh => x.tanh(),
            Self::Relu => x.max(0.0),
            Self::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
            Self::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Self::Erf => erf(x),
            Self::Sin => x.sin(),
            Self::Arctan => x.atan(),
            Self::ErfGaussian => erf(x * std::f64::consts::FRAC_1_SQRT_2),
            Self::NearLinear => x + 0.1 * x.tanh(),
            Self::Identity => x,
        }
    }

    /// The derivative at one number, in f64; at the kink of relu it is 1/2, the mean of both sides.
    #[must_use]
    pub fn derivative_at(self, x: f64) -> f64 {
        match self {
            Self::Tanh => 1.0 - x.tanh().powi(2),
            Self::Relu if x == 0.0 => 0.5,
            Self::Relu => f64::from(x > 0.0),
            Self::Softplus => 1.0 / (1.0 + (-x).exp()),
            Self::Sigmoid => {
                let y = 1.0 / (1.0 + (-x).exp());
                y * (1.0 - y)
            }
            Self::Erf => std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp(),
            Self::Sin => x.cos(),
            Self::Arctan => 1.0 / (1.0 + x * x),
            // sqrt(2/pi) exp(-x^2/2).
            Self::ErfGaussian => {
                std::f64::consts::FRAC_1_SQRT_2 * std::f64::consts::FRAC_2_SQRT_PI * (-0.5 * x * x).exp()
            }
            Self::NearLinear => 1.0 + 0.1 * (1.0 - x.tanh().powi(2)),
            Self::Identity => 1.0,
        }
    }

    /// The second derivative at one number, in f64; 0 for relu, whose kink carries all of it.
    #[must_use]
    pub fn second_derivative_at(self, x: f64) -> f64 {
        match self {
            Self::Tanh => -2.0 * x.tanh() * (1.0 - x.tanh().powi(2)),
            Self::Relu | Self::Identity => 0.0,
            Self::Softplus => Self::Sigmoid.derivative_at(x),
            Self::Sigmoid => {
                let y = 1.0 / (1.0 + (-x).exp());
                y * (1.0 - y) * (1.0 - 2.0 * y)
            }
            Self::Erf => -2.0 * x * self.derivative_at(x),
            Self::Sin => -x.sin(),
            Self::Arctan => -2.0 * x / (1.0 + x * x).powi(2),
            Self::ErfGaussian => -x * self.derivative_at(x),
            Self::NearLinear => 0.1 * Self::Tanh.second_derivative_at(x),
        }
    }

    /// Mean and standard deviation of the function of a standard normal variable.
    ///
    /// Trapezoidal rule on [-12, 12]: for functions analytic near the real line its error falls faster than any power
    /// of the step. The kink of relu lies on a node and has a closed form.
    #[must_use]
    pub fn gaussian_moments(self) -> (f64, f64) {
        if self == Self::Relu {
            let pi = std::f64::consts::PI;
            return ((2.0 * pi).sqrt().recip(), (0.5 - 0.5 / pi).sqrt());
        }
        let h = 1.0 / 128.0;
        let (mut m1, mut m2) = (0.0, 0.0);
        for i in -1536..=1536 {
            let x = f64::from(i) * h;
            let weight = (-0.5 * x * x).exp() * h / (2.0 * std::f64::consts::PI).sqrt();
            let y = self.at(x);
            m1 += weight * y;
            m2 += weight * y * y;
        }
        (m1, (m2 - m1 * m1).sqrt())
    }
}

/// The error function by its Taylor series (|x| < 3) or its continued fraction: for the moments only, not hot.
fn erf(x: f64) -> f64 {
    let a = x.abs();
    if a > 6.0 {
        return 1f64.copysign(x);
    }
    if a < 3.0 {
        let (mut term, mut sum, mut n) = (a, a, 0.0);
        while term.abs() > 1e-17 * sum.abs() {
            n += 1.0;
            term *= -a * a / n;
            sum += term / (2.0 * n + 1.0);
            if n > 200.0 {
                break;
            }
        }
        return (2.0 / std::f64::consts::PI.sqrt() * sum).copysign(x);
    }
    // Lentz would do; at a >= 3 sixty levels from the bottom are exact to rounding.
    let mut f = a;
    for k in (1..=60).rev() {
        f = a + (f64::from(k) / 2.0) / f;
    }
    (1.0 - (-a * a).exp() / (f * std::f64::consts::PI.sqrt())).copysign(x)
}

/// An activation, plain or normalised to mean 0 and variance 1 under a standard normal input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Activation {
    /// The function.
    pub kind: ActivationKind,
    /// Subtracted from the function's value.
    pub shift: f64,
    /// Multiplies the shifted value.
    pub scale: f64,
}

impl Activation {
    /// The plain function.
    #[must_use]
    pub fn plain(kind: ActivationKind) -> Self {
        Self { kind, shift: 0.0, scale: 1.0 }
    }

    /// (f - E f(xi)) / sd f(xi), xi standard normal (Fan and Wang 2020, section 2).
    #[must_use]
    pub fn normalized(kind: ActivationKind) -> Self {
        let (mean, sd) = kind.gaussian_moments();
        // Odd functions have mean zero exactly; quadrature leaves rounding.
        let mean = if mean.abs() < 1e-14 { 0.0 } else { mean };
        Self { kind, shift: mean, scale: sd.recip() }
    }

    /// Plain or normalised.
    #[must_use]
    pub fn new(kind: ActivationKind, normalized: bool) -> Self {
        if normalized { Self::normalized(kind) } else { Self::plain(kind) }
    }

    /// First and second derivative, entry by entry, of tensors that record no gradients.
    #[must_use]
    pub fn derivatives<const D: usize>(&self, x: Tensor<D>) -> [Tensor<D>; 2] {
        let one_minus_square = |t: Tensor<D>| (t.clone() * t).mul_scalar(-1.0).add_scalar(1.0);
        let [first, second] = match self.kind {
            ActivationKind::Tanh => {
                let t = spectrum_ops::tanh(x);
                let d = one_minus_square(t.clone());
                [d.clone(), (t * d).mul_scalar(-2.0)]
            }
            ActivationKind::Relu => {
                let zero = x.zeros_like();
                [x.clone().sign().add_scalar(1.0).mul_scalar(0.5), zero]
            }
            ActivationKind::Softplus => {
                let y = spectrum_ops::sigmoid(x);
                [y.clone(), y.clone() * y.mul_scalar(-1.0).add_scalar(1.0)]
            }
            ActivationKind::Sigmoid => {
                let y = spectrum_ops::sigmoid(x);
                let d = y.clone() * y.clone().mul_scalar(-1.0).add_scalar(1.0);
                [d.clone(), d * y.mul_scalar(-2.0).add_scalar(1.0)]
            }
            ActivationKind::Erf => {
                let d = (x.clone() * x.clone()).mul_scalar(-1.0).exp().mul_scalar(std::f64::consts::FRAC_2_SQRT_PI);
                [d.clone(), (x * d).mul_scalar(-2.0)]
            }
            ActivationKind::ErfGaussian => {
                let factor = std::f64::consts::FRAC_1_SQRT_2 * std::f64::consts::FRAC_2_SQRT_PI;
                let d = (x.clone() * x.clone()).mul_scalar(-0.5).exp().mul_scalar(factor);
                [d.clone(), (x * d).mul_scalar(-1.0)]
            }
            ActivationKind::Sin => [x.clone().cos(), x.sin().mul_scalar(-1.0)],
            ActivationKind::Arctan => {
                let d = (x.clone() * x.clone()).add_scalar(1.0).recip();
                [d.clone(), (x * d.clone() * d).mul_scalar(-2.0)]
            }
            ActivationKind::NearLinear => {
                let t = spectrum_ops::tanh(x);
                let d = one_minus_square(t.clone());
                [d.clone().mul_scalar(0.1).add_scalar(1.0), (t * d).mul_scalar(-0.2)]
            }
            ActivationKind::Identity => [x.ones_like(), x.zeros_like()],
        };
        if self.scale == 1.0 { [first, second] } else { [first.mul_scalar(self.scale), second.mul_scalar(self.scale)] }
    }

    /// Entry by entry.
    #[must_use]
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let y = match self.kind {
            ActivationKind::Tanh => spectrum_ops::tanh(x),
            ActivationKind::Relu => activation::relu(x),
            ActivationKind::Softplus => spectrum_ops::softplus(x),
            ActivationKind::Sigmoid => spectrum_ops::sigmoid(x),
            ActivationKind::Erf => spectrum_ops::erf(x),
            ActivationKind::Sin => x.sin(),
            ActivationKind::Arctan => x.atan(),
            ActivationKind::ErfGaussian => spectrum_ops::erf(x.mul_scalar(std::f64::consts::FRAC_1_SQRT_2)),
            ActivationKind::NearLinear => x.clone() + spectrum_ops::tanh(x).mul_scalar(0.1),
            ActivationKind::Identity => x,
        };
        let y = if self.shift == 0.0 { y } else { y.sub_scalar(self.shift) };
        if self.scale == 1.0 { y } else { y.mul_scalar(self.scale) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spec, section 6: constants by 200 Gauss-Hermite nodes (numpy), six decimals.
    #[test]
    fn moments_agree_with_the_published_constants() {
        for (kind, mean, sd) in [
            (ActivationKind::Tanh, 0.0, 0.627929),
            (ActivationKind::Softplus, 0.806059, 0.521071),
            (ActivationKind::Relu, 0.398942, 0.583819),
            (ActivationKind::Identity, 0.0, 1.0),
            (ActivationKind::Sin, 0.0, 0.657520),
            // Var erf(xi) = (2/pi) asin(2/3) (Williams 1997, equation 11 with unit prior).
            (ActivationKind::Erf, 0.0, (2.0 / std::f64::consts::PI * (2f64 / 3.0).asin()).sqrt()),
        ] {
            let (m, s) = kind.gaussian_moments();
            assert!((m - mean).abs() < 1e-6, "{kind:?} mean {m}");
            assert!((s - sd).abs() < 1e-6, "{kind:?} sd {s}");
        }
    }

    /// The list holds every variant: a new one does not compile here until it is counted.
    #[test]
    fn all_of_them_are_listed_once() {
        let place = |kind: ActivationKind| match kind {
            ActivationKind::Tanh => 0,
            ActivationKind::Relu => 1,
            ActivationKind::Softplus => 2,
            ActivationKind::Sigmoid => 3,
            ActivationKind::Erf => 4,
            ActivationKind::Sin => 5,
            ActivationKind::Arctan => 6,
            ActivationKind::ErfGaussian => 7,
            ActivationKind::NearLinear => 8,
            ActivationKind::Identity => 9,
        };
        assert!(ActivationKind::ALL.into_iter().map(place).eq(0..10));
    }

    #[test]
    fn derivatives_agree_with_central_differences() {
        for kind in ActivationKind::ALL {
            for x in [-2.3, -0.4, 0.7, 1.9] {
                let h = 1e-5;
                let numeric = (kind.at(x + h) - kind.at(x - h)) / (2.0 * h);
                assert!((kind.derivative_at(x) - numeric).abs() < 1e-9, "{kind:?} at {x}");
                let numeric = (kind.derivative_at(x + h) - kind.derivative_at(x - h)) / (2.0 * h);
                assert!((kind.second_derivative_at(x) - numeric).abs() < 1e-9, "{kind:?} at {x}");
            }
        }
    }

    #[test]
    fn derivatives_of_tensors_are_those_of_numbers() {
        let xs = [-2.3, -0.4, 0.0, 0.7, 1.9];
        let x: Tensor<1> = Tensor::from_data(
            burn::tensor::TensorData::new(xs.to_vec(), [xs.len()]),
            (&burn::tensor::Device::flex(), burn::tensor::DType::F64),
        );
        for kind in ActivationKind::ALL {
            for activation in [Activation::plain(kind), Activation::normalized(kind)] {
                let [first, second] =
                    activation.derivatives(x.clone()).map(|t| t.into_data().iter::<f64>().collect::<Vec<_>>());
                for (k, x) in xs.iter().enumerate() {
                    assert!((first[k] - activation.scale * kind.derivative_at(*x)).abs() < 1e-13, "{kind:?} at {x}");
                    let expected = activation.scale * kind.second_derivative_at(*x);
                    assert!((second[k] - expected).abs() < 1e-13, "{kind:?} at {x}");
                }
            }
        }
    }

    #[test]
    fn erf_has_known_values() {
        for (x, y) in [(0.5, 0.520_499_877_813_046_5), (2.0, 0.995_322_265_018_952_7), (3.5, 0.999_999_256_901_627_7)] {
            assert!((erf(x) - y).abs() < 1e-15, "{x}: {}", erf(x));
            assert_eq!(erf(-x), -erf(x));
        }
    }
}
