//! Which power-law fit is meant: conventions by name, and the options behind them.

use std::fmt;
use std::str::FromStr;

use crate::error::UnknownName;

/// A power-law fit by the name of the people who use it.
///
/// | | `csn` (default) | `ww` | `hill` |
/// |---|---|---|---|
/// | eigenvalues | positive, from the floor on | above 1e-5, from the floor on | all |
/// | candidates for xmin | distinct values but the two largest | every value but the largest | the median |
/// | distance that picks xmin | two-sided Kolmogorov-Smirnov | one-sided, i/n only | none (two-sided is reported) |
/// | alpha | 1 + n/sum ln(x/xmin) | the same; under 20 values 1 + (n - 1)/sum and n >= 8 | 1 + n/sum |
/// | equal best distances | the smallest xmin | the smallest xmin | - |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Convention {
    /// Clauset, Shalizi and Newman, SIAM Rev. 51 (2009) 661: continuous maximum likelihood (eq. 3.1), xmin by the
    /// smallest Kolmogorov-Smirnov distance (eq. 3.9).
    ///
    /// `powerlaw` 2.0.0 takes the same candidates. It differs in three ways. (1) Its distance, like that of the
    /// authors' own script `plfit.m`, compares the model only with i/n, i = 0..n-1, the empirical distribution just
    /// *before* each value, and misses the supremum just after it; [`Distance::KolmogorovSmirnovOneSided`] gives its
    /// xmin. (2) By default it bounds alpha by 3 and throws every steeper cut-off away: compare with
    /// `parameter_ranges={'alpha': [0, None]}`. (3) Outside 1.5 < alpha <= 3 it searches numerically (tolerance 1e-4)
    /// and drops what it calls noisy; ours is the closed form everywhere.
    #[default]
    Csn,
    /// WeightWatcher 0.7.7 on a CPU (`fit_powerlaw` and `WWFit`, `fit='PL'`, no `xmax`).
    ///
    /// Its filter of 1e-5 is absolute, so this fit depends on the matrix's scale (with a GPU in the machine
    /// WeightWatcher uses 1e-4). Under 20 values it announces an objective of its own for xmin, then chooses by the
    /// plain distance all the same, and so do we. Under 8 values the whole sample is the tail, and its sigma is
    /// -1/sqrt(n); ours stays (alpha - 1)/sqrt(n). Where it would answer with an infinite exponent, or with alpha = 0
    /// for a constant sample, this crate has a typed error. Given an `xmin` it still scans, from there on: that is
    /// [`Cutoff::Bounds`] here.
    Ww,
    /// Hill's estimator over the upper half of the eigenvalues ([`hill_median`](crate::hill_median)).
    Hill,
}

impl Convention {
    /// All conventions, the default first.
    pub const ALL: [Self; 3] = [Self::Csn, Self::Ww, Self::Hill];

    /// The name in options and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Csn => "csn",
            Self::Ww => "ww",
            Self::Hill => "hill",
        }
    }
}

impl fmt::Display for Convention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Convention {
    type Err = UnknownName;

    fn from_str(s: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|c| c.name() == s).ok_or_else(|| UnknownName {
            what: "convention",
            name: s.to_owned(),
            known: "csn, ww, hill",
        })
    }
}

/// How the cut-off xmin is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cutoff {
    /// Every candidate is tried; the smallest distance wins.
    Scan,
    /// This value (unit of an eigenvalue), whether or not it is an eigenvalue: the tail is everything from it on.
    Fixed(f64),
    /// The largest eigenvalues: this fraction of all of them (zeros included), rounded up to a whole number. The
    /// smallest of them is xmin. 0.5 is the median cut-off.
    Fraction(f64),
    /// Every candidate with min <= xmin <= max is tried.
    Bounds {
        /// The least cut-off allowed.
        min: f64,
        /// The greatest cut-off allowed.
        max: f64,
    },
}

/// The distance between the n eigenvalues of a tail (ascending x_0..x_(n-1)) and a fitted distribution F.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Distance {
    /// The supremum of |S - F| with S the empirical distribution function: the larger of max(F(x_i) - i/n) and
    /// max((i + 1)/n - F(x_i)). Between 1/(2n) and 1.
    #[default]
    KolmogorovSmirnov,
    /// max |F(x_i) - i/n|: S is only looked at just before each value. What WeightWatcher 0.7.7 and, for values
    /// without ties (of which it looks at the first), `powerlaw` 2.0.0 call D. Never larger than the two-sided
    /// distance, and at most 1/n smaller.
    KolmogorovSmirnovOneSided,
    /// max(F(x_i) - i/n) + max((i + 1)/n - F(x_i)) (Kuiper 1960): as sensitive at the ends as in the middle.
    Kuiper,
    /// The Anderson-Darling statistic over the size, A^2/n, the mean of (S - F)^2/(F(1 - F)): the weight falls on both
    /// ends. Taken over the values above xmin, since F(xmin) = 0 has infinite weight; divided by n, so that cut-offs
    /// with tails of different sizes compare (`powerlaw` sums, and so favours short tails).
    AndersonDarling,
}

/// What a fit does. Start from a convention and change fields.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FitOptions {
    /// The convention: which eigenvalues and candidates count.
    pub convention: Convention,
    /// How xmin is chosen.
    pub cutoff: Cutoff,
    /// The distance that is reported, and by which [`Cutoff::Scan`] and [`Cutoff::Bounds`] choose.
    pub distance: Distance,
    /// alpha = 1 + (n - 1)/sum instead of 1 + n/sum: removes the bias of order 1/n at every cut-off,
    /// before the distance is taken. `ww` does so by itself under 20 values.
    pub small_sample: bool,
    /// The fewest eigenvalues in a tail, at least 2. 3 in `csn` (which the candidates without the two largest imply), 2
    /// elsewhere. Fits of a scan that rest on a handful of values are common in spectra: look at the tail's size, or
    /// raise this (CSN call alpha reliable from about 50 values on).
    pub min_tail: usize,
}

impl FitOptions {
    /// Clauset, Shalizi and Newman.
    #[must_use]
    pub fn csn() -> Self {
        Self {
            convention: Convention::Csn,
            cutoff: Cutoff::Scan,
            distance: Distance::KolmogorovSmirnov,
            small_sample: false,
            min_tail: 3,
        }
    }

    /// WeightWatcher 0.7.7.
    #[must_use]
    pub fn ww() -> Self {
        Self { convention: Convention::Ww, distance: Distance::KolmogorovSmirnovOneSided, min_tail: 2, ..Self::csn() }
    }

    /// Hill's estimator with the median as cut-off.
    #[must_use]
    pub fn hill() -> Self {
        Self { convention: Convention::Hill, cutoff: Cutoff::Fraction(0.5), min_tail: 2, ..Self::csn() }
    }

    /// The options of a convention.
    #[must_use]
    pub fn of(convention: Convention) -> Self {
        match convention {
            Convention::Csn => Self::csn(),
            Convention::Ww => Self::ww(),
            Convention::Hill => Self::hill(),
        }
    }
}

impl Default for FitOptions {
    fn default() -> Self {
        Self::csn()
    }
}
