//! Other distributions on the tail that a power law was fitted to.

mod log_normal;
mod stretched;
mod truncated;

use std::fmt;
use std::str::FromStr;

use crate::distance::{AtTail, distance};
use crate::error::UnknownName;
use crate::sample::{ascending, ln_ratio};
use crate::{TailError, TailFit};
use log_normal::LogNormal;
use stretched::Stretched;
use truncated::Truncated;

/// A distribution that may describe a tail better than the power law does (CSN, Table 2.1). Each is normalised on
/// x >= xmin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alternative {
    /// x^(-alpha) e^(-lambda x) with alpha >= 0 and lambda >= 0. lambda = 0 is the power law, which it therefore nests.
    TruncatedPowerLaw,
    /// x^(-1) exp(-(ln x - mu)^2/(2 sigma^2)).
    LogNormal,
    /// e^(-lambda x).
    Exponential,
    /// x^(beta - 1) e^(-(lambda x)^beta), a Weibull tail.
    StretchedExponential,
}

impl Alternative {
    /// All alternatives.
    pub const ALL: [Self; 4] =
        [Self::TruncatedPowerLaw, Self::LogNormal, Self::Exponential, Self::StretchedExponential];

    /// The name in options and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TruncatedPowerLaw => "truncated_power_law",
            Self::LogNormal => "log_normal",
            Self::Exponential => "exponential",
            Self::StretchedExponential => "stretched_exponential",
        }
    }

    /// Names of the parameters, as many as it has, in the order of [`AlternativeFit::parameters`].
    #[must_use]
    pub fn parameter_names(self) -> &'static [&'static str] {
        match self {
            Self::TruncatedPowerLaw => &["alpha", "lambda"],
            Self::LogNormal => &["mu", "sigma"],
            Self::Exponential => &["lambda"],
            Self::StretchedExponential => &["lambda", "beta"],
        }
    }

    /// Whether the power law is one of its members, so that a likelihood ratio follows Wilks' law and not Vuong's.
    #[must_use]
    pub fn nests_power_law(self) -> bool {
        self == Self::TruncatedPowerLaw
    }
}

impl fmt::Display for Alternative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Alternative {
    type Err = UnknownName;

    fn from_str(s: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|a| a.name() == s).ok_or_else(|| UnknownName {
            what: "distribution",
            name: s.to_owned(),
            known: "truncated_power_law, log_normal, exponential, stretched_exponential",
        })
    }
}

/// An alternative, fitted by maximum likelihood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlternativeFit {
    /// The family.
    pub alternative: Alternative,
    /// `[alpha, lambda]`, `[mu, sigma]`, `[lambda, 0]` (the exponential has one parameter) or `[lambda, beta]`; lambda
    /// in one over the unit of an eigenvalue, mu in its logarithm.
    pub parameters: [f64; 2],
    /// The sum of ln pdf over the tail.
    pub log_likelihood: f64,
    /// The distance between the tail and the fit, of the kind that the power law's fit has.
    pub distance: f64,
    /// The cut-off, the power law's.
    pub xmin: f64,
    /// Eigenvalues in the tail, the power law's.
    pub tail_size: usize,
    shape: Shape,
}

/// A distribution of u = x/xmin >= 1: no unit, no overflow.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Shape {
    Truncated(Truncated),
    LogNormal(LogNormal),
    /// The rate: density rate e^(-rate (u - 1)).
    Exponential(f64),
    Stretched(Stretched),
}

impl AlternativeFit {
    /// ln of the density at x; negative infinity below xmin.
    #[must_use]
    pub fn ln_pdf(&self, x: f64) -> f64 {
        if x < self.xmin {
            return f64::NEG_INFINITY;
        }
        let (w, excess) = self.position(x);
        let of_u = match &self.shape {
            Shape::Truncated(s) => s.ln_pdf(w, excess),
            Shape::LogNormal(s) => s.ln_pdf(w),
            Shape::Exponential(rate) => rate.ln() - rate * excess,
            Shape::Stretched(s) => s.ln_pdf(w),
        };
        of_u - self.xmin.ln()
    }

    /// The density at x (unit: one over an eigenvalue).
    #[must_use]
    pub fn pdf(&self, x: f64) -> f64 {
        self.ln_pdf(x).exp().min(f64::MAX)
    }

    /// The share of the tail at or above x, 1 below xmin.
    #[must_use]
    pub fn ccdf(&self, x: f64) -> f64 {
        self.ln_ccdf(x).exp()
    }

    /// The share of the tail below x.
    #[must_use]
    pub fn cdf(&self, x: f64) -> f64 {
        -self.ln_ccdf(x).exp_m1()
    }

    fn ln_ccdf(&self, x: f64) -> f64 {
        if x <= self.xmin {
            return 0.0;
        }
        let (w, excess) = self.position(x);
        let ln = match &self.shape {
            Shape::Truncated(s) => s.ln_ccdf(w, excess),
            Shape::LogNormal(s) => s.ln_ccdf(w),
            Shape::Exponential(rate) => -rate * excess,
            Shape::Stretched(s) => s.ln_ccdf(w),
        };
        ln.min(0.0)
    }

    /// ln(x/xmin) and x/xmin - 1.
    fn position(&self, x: f64) -> (f64, f64) {
        (ln_ratio(x, self.xmin), (x - self.xmin) / self.xmin)
    }
}

/// What the families' likelihoods need of a tail.
struct Tail {
    /// ln(x/xmin), ascending.
    w: Vec<f64>,
    mean_w: f64,
    /// Mean of x/xmin - 1.
    mean_excess: f64,
    xmin: f64,
}

/// Fits an alternative to the tail of a power law: the same eigenvalues, the same xmin.
///
/// The likelihood of each family is concave in parameters of its own (all but the Weibull tail are exponential
/// families, and that one's profile over beta is concave too), so that the maximum found is the only one.
///
/// The power law is the limit of the log-normal (mu to minus infinity) and of the stretched exponential (beta to 0).
/// Both likelihoods have a maximum exactly when the mean square of w = ln(x/xmin) is under twice its squared mean,
/// that is, when w varies less than an exponential variable; otherwise the answer is [`TailError::TowardsPowerLaw`].
/// For draws from a power law that is half of all cases. (`powerlaw` 2.0.0 then reports wherever its search stopped.
/// For the log-normal that is where erfc underflows and its density no longer integrates to 1: mu = -308 on a Pareto
/// sample of tests/fixtures/peers.txt, "better" than the power law with p = 0.0002, though nothing in the family is.)
///
/// # Errors
/// [`TailError::TowardsPowerLaw`], [`TailError::NoConvergence`], [`TailError::ForeignFit`] when the eigenvalues are
/// not those of the fit, [`TailError::Unsorted`], [`TailError::NotFinite`].
pub fn fit_alternative(
    eigenvalues: &[f64],
    fit: &TailFit,
    alternative: Alternative,
) -> Result<AlternativeFit, TailError> {
    let values = tail_of(eigenvalues, fit)?;
    let w: Vec<f64> = values.iter().map(|&x| ln_ratio(x, fit.xmin)).collect();
    let n = values.len() as f64;
    let tail = Tail {
        mean_w: w.iter().sum::<f64>() / n,
        mean_excess: values.iter().map(|x| (x - fit.xmin) / fit.xmin / n).sum(),
        xmin: fit.xmin,
        w,
    };
    if !(tail.mean_excess.is_finite() && tail.mean_excess > 0.0) {
        return Err(TailError::NoConvergence);
    }
    let (parameters, shape) = match alternative {
        Alternative::TruncatedPowerLaw => {
            let s = Truncated::fit(&tail)?;
            ([s.alpha, s.z / fit.xmin], Shape::Truncated(s))
        }
        Alternative::LogNormal => {
            let s = LogNormal::fit(&tail)?;
            ([s.mu(fit.xmin), s.sigma], Shape::LogNormal(s))
        }
        Alternative::Exponential => {
            let rate = 1.0 / tail.mean_excess;
            ([rate / fit.xmin, 0.0], Shape::Exponential(rate))
        }
        Alternative::StretchedExponential => {
            let s = Stretched::fit(&tail)?;
            ([s.lambda(fit.xmin), s.beta], Shape::Stretched(s))
        }
    };
    let mut found = AlternativeFit {
        alternative,
        parameters,
        log_likelihood: 0.0,
        distance: 0.0,
        xmin: fit.xmin,
        tail_size: fit.tail_size,
        shape,
    };
    found.log_likelihood = values.iter().map(|&x| found.ln_pdf(x)).sum();
    let at_tail = FitAtTail { fit: &found, values: &values };
    found.distance = distance(&at_tail, fit.metric, f64::INFINITY, &mut 0).ok_or(TailError::NoConvergence)?;
    let numbers = [parameters[0], parameters[1], found.log_likelihood, found.distance];
    if numbers.iter().all(|v| v.is_finite()) { Ok(found) } else { Err(TailError::NoConvergence) }
}

/// The eigenvalues of a fitted tail, ascending.
pub(crate) fn tail_of(eigenvalues: &[f64], fit: &TailFit) -> Result<Vec<f64>, TailError> {
    let mut all = ascending(eigenvalues)?;
    let sound = fit.xmin > 0.0 && fit.xmin.is_finite() && fit.alpha > 1.0 && fit.alpha.is_finite();
    let start = all.len().checked_sub(fit.tail_size).filter(|_| sound && fit.tail_size > 0);
    let start = start.ok_or(TailError::ForeignFit)?;
    if all[start] < fit.xmin || (start > 0 && all[start - 1] > fit.xmin) {
        return Err(TailError::ForeignFit);
    }
    all.drain(..start);
    Ok(all)
}

struct FitAtTail<'a> {
    fit: &'a AlternativeFit,
    values: &'a [f64],
}

impl AtTail for FitAtTail<'_> {
    fn len(&self) -> usize {
        self.values.len()
    }
    fn cdf(&self, k: usize) -> f64 {
        self.fit.cdf(self.values[k])
    }
    fn ln_cdf_ccdf(&self, k: usize) -> (f64, f64) {
        let ln = self.fit.ln_ccdf(self.values[k]);
        ((-ln.exp_m1()).ln(), ln)
    }
    fn above(&self, k: usize) -> bool {
        self.values[k] > self.fit.xmin
    }
}
