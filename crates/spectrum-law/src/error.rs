//! What can be wrong with the input of a law.

use spectrum_core::Reason;
use thiserror::Error;

/// Why a law could not answer.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum LawError {
    /// A matrix without rows or columns.
    #[error("a {rows} x {cols} matrix has no eigenvalues")]
    EmptyMatrix {
        /// Rows.
        rows: usize,
        /// Columns.
        cols: usize,
    },
    /// The entry variance is not a positive finite number.
    #[error("the entry variance must be positive and finite, found {0}")]
    Variance(f64),
    /// A probability outside 0..=1.
    #[error("a probability lies between 0 and 1, found {0}")]
    Probability(f64),
    /// The quantile of an unbounded law at probability 0 or 1, or outside.
    #[error("the law has no bounds: its quantiles need a probability strictly between 0 and 1, found {0}")]
    OpenProbability(f64),
    /// An eigenvalue within the bulk, where there is no spike to infer.
    #[error("the eigenvalue {eigenvalue} lies within the bulk, whose edge is {edge}: no spike can be inferred from it")]
    WithinBulk {
        /// The eigenvalue.
        eigenvalue: f64,
        /// The upper edge of the bulk.
        edge: f64,
    },
    /// Two neighbouring spacings are both zero: their ratio is not defined.
    #[error("{ratios} spacing ratios are 0/0: eigenvalues are equal three or more at a time")]
    EqualValues {
        /// How many ratios are not defined.
        ratios: usize,
    },
    /// The median singular value is zero: there is no noise to scale a threshold by.
    #[error("the median singular value is zero")]
    ZeroMedian,
    /// The strength of a spike is not a positive finite number.
    #[error("the strength of a spike must be positive and finite, found {0}")]
    Strength(f64),
    /// Too few eigenvalues, or too few left after the outliers.
    #[error("{found} eigenvalues, at least {needed} are needed")]
    TooFewValues {
        /// Eigenvalues there are.
        found: usize,
        /// Eigenvalues needed.
        needed: usize,
    },
    /// Not as many eigenvalues as the shape has.
    #[error("a {rows} x {cols} matrix has {} eigenvalues, found {found}", rows.min(cols))]
    Count {
        /// Rows.
        rows: usize,
        /// Columns.
        cols: usize,
        /// Eigenvalues found.
        found: usize,
    },
    /// The eigenvalues are in neither ascending nor descending order.
    #[error("the eigenvalues must be sorted, ascending or descending")]
    Unsorted,
    /// An eigenvalue is NaN, infinite or negative.
    #[error("the eigenvalues must be finite and not negative")]
    NotFinite,
    /// The bulk of the matrix is zero: there is no variance to fit.
    #[error("the bulk of the eigenvalues is zero")]
    ZeroBulk,
    /// The activation does not vary: it cannot be normalised.
    #[error("the activation is constant ({value}): its standard deviation must be positive")]
    ConstantActivation {
        /// Its value.
        value: f64,
    },
    /// The activation or its derivative is NaN or infinite somewhere.
    #[error("the activation or its derivative is not finite at {at}")]
    ActivationNotFinite {
        /// Where.
        at: f64,
    },
    /// E f'(xi) and E xi f(xi) differ, though they are equal for a continuous f with derivative f' (Stein).
    #[error(
        "the derivative does not belong to the activation: E f'(x) = {derivative}, E x f(x) = {function}, expected equal"
    )]
    Derivative {
        /// E f'(xi).
        derivative: f64,
        /// E xi f(xi).
        function: f64,
    },
    /// Constants that no activation has.
    #[error("the activation's constants must satisfy b^2 <= 1 <= a, found b = {b}, a = {a}")]
    Constants {
        /// E sigma'.
        b: f64,
        /// E sigma'^2.
        a: f64,
    },
    /// A network without layers.
    #[error("a network needs at least one ratio n/d_l, found none")]
    NoLayers,
    /// A layer's n/d_l is not a positive finite number.
    #[error("the ratio n/d_{layer} must be positive and finite, found {ratio}")]
    Ratio {
        /// l.
        layer: usize,
        /// n/d_l.
        ratio: f64,
    },
    /// The data's n/d_0 is not a positive finite number.
    #[error("the ratio n/d_0 must be positive and finite, found {0}")]
    PopulationRatio(f64),
    /// A population without points, or without weight.
    #[error("the population needs at least one eigenvalue of positive weight, found none")]
    EmptyPopulation,
    /// An eigenvalue of the population is negative, NaN or infinite.
    #[error("eigenvalue {index} of the population must be finite and not negative, found {value}")]
    PopulationEigenvalue {
        /// Its index, from 0.
        index: usize,
        /// The eigenvalue.
        value: f64,
    },
    /// A weight of the population is negative, NaN or infinite.
    #[error("weight {index} of the population must be finite and not negative, found {weight}")]
    PopulationWeight {
        /// Its index, from 0.
        index: usize,
        /// The weight.
        weight: f64,
    },
    /// A learning-rate weight is negative, NaN or infinite.
    #[error("the learning-rate weight tau_{index} must be finite and not negative, found {rate}")]
    Rate {
        /// l of tau_l, from 1.
        index: usize,
        /// tau_l.
        rate: f64,
    },
    /// Not one learning-rate weight for each layer and the readout.
    #[error("{found} learning-rate weights, {needed} are needed: one for each layer and one for the readout")]
    RateCount {
        /// Weights there are.
        found: usize,
        /// Layers plus one.
        needed: usize,
    },
    /// All learning-rate weights are zero: the kernel is zero.
    #[error("all learning-rate weights are zero: at least one must be positive")]
    NoRates,
    /// A vector of the recursion has another length than the depth asks for.
    #[error("the recursion's vectors have {needed} entries (-1, 0, .., L), found {found}")]
    VectorLength {
        /// Entries there are.
        found: usize,
        /// L + 2.
        needed: usize,
    },
    /// An argument of the recursion is not in the lower half plane.
    #[error(
        "z_{index} = {re} + {im} i must be finite, with an imaginary part below zero (z_-1) or not above it (the others)"
    )]
    HalfPlane {
        /// -1, 0, .., L.
        index: isize,
        /// Real part.
        re: f64,
        /// Imaginary part.
        im: f64,
    },
    /// A Stieltjes transform was asked for on the real axis, or at a place that is not finite.
    #[error("z = {re} + {im} i must be finite and off the real axis (above it, for an explanation)")]
    RealAxis {
        /// Real part.
        re: f64,
        /// Imaginary part.
        im: f64,
    },
    /// The fixed point was not reached.
    #[error("the fixed point was not reached: relative residual {residual:.1e}")]
    NoFixedPoint {
        /// What was left.
        residual: f64,
    },
    /// A factor to scale a law by is not a positive finite number.
    #[error("a law is scaled by a positive finite factor, found {0}")]
    Factor(f64),
    /// A setting outside its range.
    #[error("the setting `{name}` must lie within {expected}, found {value}")]
    Setting {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: f64,
        /// Its range.
        expected: &'static str,
    },
}

impl From<LawError> for Reason {
    fn from(e: LawError) -> Self {
        match e {
            LawError::TooFewValues { found, needed } => Self::TooFewValues { found, needed },
            LawError::NotFinite => Self::NotFinite,
            LawError::ZeroBulk | LawError::ZeroMedian | LawError::EqualValues { .. } => Self::Degenerate,
            LawError::Count { .. } => Self::NotComputed(e.to_string()),
            other => Self::NotApplicable(other.to_string()),
        }
    }
}
