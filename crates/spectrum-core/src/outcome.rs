//! A measure answers with a value or with the reason why it has none: never with a sentinel.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The answer of a measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// A finite number.
    Value(f64),
    /// No answer, and why.
    Missing(Reason),
}

impl Outcome {
    /// The number, if there is one.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        match self {
            Self::Value(v) => Some(*v),
            Self::Missing(_) => None,
        }
    }

    /// The reason, if there is no number.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Value(_) => None,
            Self::Missing(r) => Some(r),
        }
    }
}

/// A finite number is a value (-0.0 becomes 0.0, so that stores agree); anything else is [`Reason::NotFinite`].
impl From<f64> for Outcome {
    fn from(v: f64) -> Self {
        if v.is_finite() { Self::Value(if v == 0.0 { 0.0 } else { v }) } else { Self::Missing(Reason::NotFinite) }
    }
}

impl From<Reason> for Outcome {
    fn from(r: Reason) -> Self {
        Self::Missing(r)
    }
}

impl<E: Into<Reason>> From<Result<f64, E>> for Outcome {
    fn from(r: Result<f64, E>) -> Self {
        match r {
            Ok(v) => v.into(),
            Err(e) => Self::Missing(e.into()),
        }
    }
}

/// Why a measure has no answer. Its text begins with the variant's name, which scripts may match on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// The measure needs more values than the spectrum has.
    TooFewValues {
        /// Values there are.
        found: usize,
        /// Values needed.
        needed: usize,
    },
    /// Values below the spectrum's floor could change the answer.
    BelowFloor,
    /// The matrix or the result holds NaN or infinity.
    NotFinite,
    /// An iteration did not converge.
    NoConvergence,
    /// The matrix is zero, or all its singular values are equal where they must differ.
    Degenerate,
    /// The measure is not defined for this matrix; the text says why.
    NotApplicable(String),
    /// The spectrum was computed by a route that does not give what the measure needs (vectors, say).
    NotComputed(String),
    /// A reason read from a file written by a newer version.
    Other(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFewValues { found, needed } => write!(f, "TooFewValues: {found} found, {needed} needed"),
            Self::BelowFloor => f.write_str("BelowFloor"),
            Self::NotFinite => f.write_str("NotFinite"),
            Self::NoConvergence => f.write_str("NoConvergence"),
            Self::Degenerate => f.write_str("Degenerate"),
            Self::NotApplicable(why) => write!(f, "NotApplicable: {why}"),
            Self::NotComputed(what) => write!(f, "NotComputed: {what}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// Reads what [`Display`](fmt::Display) wrote, so that a store can keep reasons as text.
impl From<&str> for Reason {
    fn from(s: &str) -> Self {
        let after = |p: &str| s.strip_prefix(p).map(str::to_owned);
        match s {
            "BelowFloor" => Self::BelowFloor,
            "NotFinite" => Self::NotFinite,
            "NoConvergence" => Self::NoConvergence,
            "Degenerate" => Self::Degenerate,
            _ => {
                if let Some(why) = after("NotApplicable: ") {
                    return Self::NotApplicable(why);
                }
                if let Some(what) = after("NotComputed: ") {
                    return Self::NotComputed(what);
                }
                let counts = s.strip_prefix("TooFewValues: ").and_then(|t| {
                    let (found, needed) = t.split_once(" found, ")?;
                    Some((found.parse().ok()?, needed.strip_suffix(" needed")?.parse().ok()?))
                });
                match counts {
                    Some((found, needed)) => Self::TooFewValues { found, needed },
                    None => Self::Other(s.to_owned()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_survives_its_text() {
        for r in [
            Reason::TooFewValues { found: 3, needed: 10 },
            Reason::BelowFloor,
            Reason::NotFinite,
            Reason::NoConvergence,
            Reason::Degenerate,
            Reason::NotApplicable("no teacher".into()),
            Reason::NotComputed("vectors".into()),
            Reason::Other("Strange".into()),
        ] {
            assert_eq!(Reason::from(r.to_string().as_str()), r);
        }
    }

    #[test]
    fn negative_zero_and_infinity_are_normalised() {
        assert_eq!(Outcome::from(-0.0).value().map(f64::to_bits), Some(0));
        assert_eq!(Outcome::from(f64::INFINITY), Outcome::Missing(Reason::NotFinite));
    }
}
