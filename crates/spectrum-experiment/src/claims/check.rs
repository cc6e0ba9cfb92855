//! Conditions: what must be true of a claim's runs.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::bounds::Bounds;
use super::quantity::{At, Quantity};

/// One condition of a claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What is looked at, in words; made from the quantity if not given.
    pub what: String,
    /// The condition itself.
    pub test: Test,
    /// Bounds on what it measures. A `monotone` may have none: it must then rise or fall at all.
    pub bounds: Bounds,
    /// Bounds that take their place at a scale.
    pub at_scale: BTreeMap<String, Bounds>,
    /// For how many seeds it must be true.
    pub seeds: Seeds,
    /// The part of the axis that counts.
    pub window: Option<Window>,
}

impl Check {
    /// The bounds at a scale.
    #[must_use]
    pub fn bounds_at(&self, scale: &str) -> Bounds {
        self.at_scale.get(scale).copied().unwrap_or(self.bounds)
    }

    /// Keys that every condition may have.
    pub(crate) const KEYS: [&str; 5] = ["type", "what", "seeds", "window", "scale"];
}

/// The types of conditions.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// A number, at each point of its axis.
    Value(ValueTest),
    /// How far a metric has moved between two steps.
    Change(ChangeTest),
    /// One number beside another.
    Compare(CompareTest),
    /// A number along an axis rises or falls.
    Monotone(MonotoneTest),
    /// The slope of a log-log least-squares fit along an axis.
    Exponent(ExponentTest),
    /// The correlation of two numbers along an axis.
    Correlation(CorrelationTest),
}

impl Test {
    /// The names.
    pub(crate) const NAMES: [&str; 6] = ["value", "change", "compare", "monotone", "exponent", "correlation"];

    /// The quantities it reads, each with its key.
    pub(crate) fn quantities(&self) -> Vec<(&'static str, &Quantity)> {
        match self {
            Self::Value(t) => vec![("of", &t.of)],
            Self::Change(t) => vec![("of", &t.of)],
            Self::Compare(t) => vec![("of", &t.of), ("with", &t.with)],
            Self::Monotone(t) => vec![("of", &t.of)],
            Self::Exponent(t) => vec![("of", &t.of)],
            Self::Correlation(t) => vec![("of", &t.of), ("with", &t.with)],
        }
    }

    /// Whether it is about a whole axis.
    pub(crate) fn along(&self) -> bool {
        matches!(self, Self::Monotone(_) | Self::Exponent(_) | Self::Correlation(_))
    }

    /// What is looked at, in words.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Value(t) => t.of.text(),
            Self::Change(t) => {
                let (a, b) = (t.from.to_string(), t.to.to_string());
                format!(
                    "{} of {} from {} to {}",
                    t.by,
                    name(&t.of),
                    a.trim_start_matches("at "),
                    b.trim_start_matches("at ")
                )
            }
            Self::Compare(t) => match t.by {
                By::Difference => format!("{} less {}", t.of.text(), t.with.text()),
                By::Relative => format!("{} relative to {}", t.of.text(), t.with.text()),
                By::Ratio => format!("{} over {}", t.of.text(), t.with.text()),
            },
            Self::Monotone(t) => {
                format!("{} of {}", if t.direction == Direction::Rising { "rise" } else { "fall" }, t.of.text())
            }
            Self::Exponent(t) => match &t.size {
                Some(size) => format!("exponent of {} in {size}", t.of.text()),
                None => format!("exponent of {}", t.of.text()),
            },
            Self::Correlation(t) => {
                let method = if t.method == Method::Spearman { "Spearman" } else { "Pearson" };
                format!("{method} correlation of {} with {}", t.of.text(), t.with.text())
            }
        }
    }
}

fn name(q: &Quantity) -> &str {
    q.metric.as_deref().or(q.threshold.as_deref()).unwrap_or_default()
}

/// `type = "value"`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueTest {
    /// The number.
    pub of: Quantity,
}

/// `type = "change"`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeTest {
    /// The number; its own step is not used.
    pub of: Quantity,
    /// Where it starts; the first step if not given.
    #[serde(default = "first")]
    pub from: At,
    /// Where it ends; the last step if not given.
    #[serde(default)]
    pub to: At,
    /// What is taken of the two.
    #[serde(default)]
    pub by: By,
}

/// `type = "compare"`. Two runs are compared seed by seed, and point by point if both have an axis.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompareTest {
    /// The number.
    pub of: Quantity,
    /// What it is compared with.
    pub with: Quantity,
    /// What is taken of the two.
    #[serde(default)]
    pub by: By,
}

/// `type = "monotone"`. Measured, and bounded, is the number at the axis' end less that at its start.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MonotoneTest {
    /// The number.
    pub of: Quantity,
    /// Which way it goes.
    pub direction: Direction,
    /// How far it may go the other way from one point to the next.
    #[serde(default)]
    pub slack: f64,
}

/// `type = "exponent"`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExponentTest {
    /// The number.
    pub of: Quantity,
    /// The axis' key that is the size; its own if not given.
    #[serde(default)]
    pub size: Option<String>,
}

/// `type = "correlation"`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrelationTest {
    /// One number.
    pub of: Quantity,
    /// The other, along the same axis.
    pub with: Quantity,
    /// Of ranks or of values.
    #[serde(default)]
    pub method: Method,
}

/// How two numbers a (the later, or `of`) and b (the earlier, or `with`) become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// a - b.
    #[default]
    Difference,
    /// (a - b)/|b|.
    Relative,
    /// a/b.
    Ratio,
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Difference => "change",
            Self::Relative => "relative change",
            Self::Ratio => "ratio",
        })
    }
}

/// Which way a number goes along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Up.
    Rising,
    /// Down.
    Falling,
}

/// Which correlation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Of ranks: any monotone relation.
    #[default]
    Spearman,
    /// Of values: a linear relation.
    Pearson,
}

/// The part of an axis that counts, ends included.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// From here on.
    #[serde(default = "lowest")]
    pub min: f64,
    /// Up to here.
    #[serde(default = "highest")]
    pub max: f64,
}

/// For how many of the scale's seeds a condition must be true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "String")]
pub enum Seeds {
    /// `"every"`.
    #[default]
    Every,
    /// `"any"`: at least one.
    Any,
    /// `"at least K"`.
    AtLeast(usize),
    /// `"mean"`: the mean over the seeds of what is measured.
    Mean,
}

impl TryFrom<String> for Seeds {
    type Error = String;
    fn try_from(s: String) -> Result<Self, String> {
        let count = |k: &str| k.trim().parse().ok().filter(|k| *k > 0).map(Self::AtLeast);
        match s.as_str() {
            "every" => Ok(Self::Every),
            "any" => Ok(Self::Any),
            "mean" => Ok(Self::Mean),
            other => other
                .strip_prefix("at least ")
                .and_then(count)
                .ok_or_else(|| format!("found `{other}`; expected \"every\", \"any\", \"mean\" or \"at least K\"")),
        }
    }
}

impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every => f.write_str("every seed"),
            Self::Any => f.write_str("any seed"),
            Self::AtLeast(k) => write!(f, "at least {k} seeds"),
            Self::Mean => f.write_str("mean over seeds"),
        }
    }
}

fn first() -> At {
    At::First
}
fn lowest() -> f64 {
    f64::NEG_INFINITY
}
fn highest() -> f64 {
    f64::INFINITY
}
