//! The power law of a tail.

use crate::sample::{Sample, ln_ratio};
use crate::select::{Choice, Rule};
use crate::{Convention, Cutoff, Distance, FitOptions, TailError, hill_median};

/// A power-law tail: density (alpha - 1)/xmin (x/xmin)^(-alpha) from xmin on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TailFit {
    /// Exponent of the density, above 1.
    pub alpha: f64,
    /// Standard error of alpha, (alpha - 1)/sqrt(tail_size): asymptotic, for independent draws and a known xmin (CSN
    /// eq. 3.2). Eigenvalues repel each other, so that two random matrices differ by less than this; the choice of xmin
    /// adds to it.
    pub sigma: f64,
    /// The cut-off (unit of an eigenvalue). A cut-off that is an eigenvalue belongs to the tail.
    pub xmin: f64,
    /// Eigenvalues in the tail.
    pub tail_size: usize,
    /// The distance between the tail and the fit; which one, `metric` says.
    pub distance: f64,
    /// Which distance it is.
    pub metric: Distance,
    /// The convention of the fit.
    pub convention: Convention,
    /// Whether alpha is 1 + (n - 1)/sum instead of 1 + n/sum.
    pub small_sample: bool,
}

impl TailFit {
    /// ln of the density at x; negative infinity below xmin.
    #[must_use]
    pub fn ln_pdf(&self, x: f64) -> f64 {
        if x < self.xmin {
            return f64::NEG_INFINITY;
        }
        (self.alpha - 1.0).ln() - self.xmin.ln() - self.alpha * ln_ratio(x, self.xmin)
    }

    /// The density at x (unit: one over an eigenvalue).
    #[must_use]
    pub fn pdf(&self, x: f64) -> f64 {
        self.ln_pdf(x).exp().min(f64::MAX)
    }

    /// The share of the tail at or above x: (x/xmin)^(1 - alpha), 1 below xmin.
    #[must_use]
    pub fn ccdf(&self, x: f64) -> f64 {
        if x <= self.xmin { 1.0 } else { (-(self.alpha - 1.0) * ln_ratio(x, self.xmin)).exp() }
    }

    /// The share of the tail below x.
    #[must_use]
    pub fn cdf(&self, x: f64) -> f64 {
        if x <= self.xmin { 0.0 } else { -(-(self.alpha - 1.0) * ln_ratio(x, self.xmin)).exp_m1() }
    }
}

/// Fits a power law to the upper tail of a spectrum.
///
/// `eigenvalues` may be ascending or descending. `floor` is the smallest trustworthy eigenvalue, the square of a
/// spectrum's floor; 0 when all are exact. Cut-offs below it are not tried; zeros never belong to a tail.
///
/// Cost: the logarithms, then one exponential for most cut-offs and some dozens for those that come near the best;
/// 0.05 ms at n = 1000. ([`Distance::AndersonDarling`] has no such shortcut: n^2/2 logarithms, 6 ms.)
///
/// # Errors
/// [`TailError::NotFinite`], [`TailError::Unsorted`], [`TailError::TooFewValues`], [`TailError::EqualTail`] (the
/// values are equal up to rounding), [`TailError::BelowFloor`] and [`TailError::ZeroCutoff`] (a cut-off that was asked
/// for, or every eigenvalue), [`TailError::InvalidOption`].
pub fn fit(eigenvalues: &[f64], floor: f64, options: &FitOptions) -> Result<TailFit, TailError> {
    let sample = Sample::read(eigenvalues, floor, options.convention)?;
    let rule = Rule::new(&sample, options)?;
    let choice = rule.choose(&sample.logs, &mut Vec::new())?;
    let mut fit = assemble(&sample, &rule, options, choice);
    if options.convention == Convention::Hill && options.cutoff == Cutoff::Fraction(0.5) && !options.small_sample {
        // The same bits as the estimator on its own.
        let hill = hill_median(eigenvalues, floor)?;
        (fit.alpha, fit.sigma) = (hill.alpha, hill.standard_error);
    }
    Ok(fit)
}

fn assemble(sample: &Sample, rule: &Rule, options: &FitOptions, choice: Choice) -> TailFit {
    let xmin = match options.cutoff {
        Cutoff::Fixed(xmin) => xmin,
        _ => sample.kept()[choice.start],
    };
    TailFit {
        alpha: 1.0 + choice.rate,
        sigma: choice.rate / (choice.size as f64).sqrt(),
        xmin,
        tail_size: choice.size,
        distance: choice.distance,
        metric: rule.kind,
        convention: options.convention,
        small_sample: rule.small_sample,
    }
}

/// The fits at every cut-off that a convention admits, ascending in xmin. All vectors have the same length.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    /// The cut-offs (unit of an eigenvalue).
    pub xmin: Vec<f64>,
    /// The exponents.
    pub alpha: Vec<f64>,
    /// Their standard errors.
    pub sigma: Vec<f64>,
    /// The distances of `options.distance`.
    pub distance: Vec<f64>,
    /// The sizes of the tails.
    pub tail_size: Vec<usize>,
}

/// The curves D(xmin) and alpha(xmin) over every cut-off, with no early exit. [`Cutoff::Bounds`] are kept; a fixed
/// cut-off or a fraction is not: the curves show where it lies. Cut-offs whose tail is equal up to rounding are left
/// out.
///
/// # Errors
/// As [`fit`].
pub fn scan(eigenvalues: &[f64], floor: f64, options: &FitOptions) -> Result<Scan, TailError> {
    let sample = Sample::read(eigenvalues, floor, options.convention)?;
    let rule = Rule::new(&sample, options)?.scanning();
    let all = rule.every(&sample.logs)?;
    Ok(Scan {
        xmin: all.iter().map(|c| sample.kept()[c.start]).collect(),
        alpha: all.iter().map(|c| 1.0 + c.rate).collect(),
        sigma: all.iter().map(|c| c.rate / (c.size as f64).sqrt()).collect(),
        distance: all.iter().map(|c| c.distance).collect(),
        tail_size: all.iter().map(|c| c.size).collect(),
    })
}
