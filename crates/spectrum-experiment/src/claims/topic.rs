//! What a claim file says.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use toml::Value;

use super::bounds::Bounds;
use super::check::Check;

/// Dotted keys with their values, as `--set` takes them.
pub type Sets = BTreeMap<String, Value>;

/// A claim file, read and checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Topic {
    /// The file.
    pub file: PathBuf,
    /// What the claims are about.
    pub title: String,
    /// `[scale.NAME]`.
    pub scales: BTreeMap<String, Scale>,
    /// `[run.NAME]`.
    pub runs: BTreeMap<String, RunSpec>,
    /// `[threshold.NAME]`.
    pub thresholds: BTreeMap<String, Threshold>,
    /// `[[claim]]`, in the file's order.
    pub claims: Vec<Claim>,
    /// `[[figure]]`, in the file's order.
    pub figures: Vec<super::figure::FigureSpec>,
}

/// How large the runs are.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// Each run is done once with each of these.
    pub seeds: Vec<u64>,
    /// Set over the config of every run, before the run's own.
    #[serde(default)]
    pub set: Sets,
}

/// A run, or one for each point of an axis; each with every seed.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSpec {
    /// The config file, relative to the claim file in the text.
    pub config: PathBuf,
    /// Set over the config, after the scale's.
    pub set: Sets,
    /// The axis, if there is one.
    pub axis: Option<Axis>,
    /// What is different at a scale.
    pub scale: BTreeMap<String, RunAtScale>,
}

/// What is different about a run at a scale; what is not given stays as it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunAtScale {
    /// Another config file.
    pub config: Option<PathBuf>,
    /// Set after the run's own.
    pub set: Sets,
    /// Another axis.
    pub axis: Option<Axis>,
    /// Other seeds.
    pub seeds: Option<Vec<u64>>,
}

/// Points of a sweep inside a topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// The key that orders the points and labels them; the size of an exponent unless it names another.
    pub key: String,
    /// What each point sets.
    pub points: Vec<Sets>,
}

/// A searched number: the smallest value of a key at which a metric keeps the bounds, by bisection in the logarithm.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// What is looked at, and the bounds that make it so.
    pub reaches: Reaches,
    /// The key that is searched along.
    pub along: String,
    /// A value at which it is not so.
    pub low: f64,
    /// A value at which it is.
    pub high: f64,
    /// The search ends when the bracket's ends differ by less than this fraction.
    pub resolution: f64,
}

/// The condition of a threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct Reaches {
    /// The number.
    pub of: super::quantity::Quantity,
    /// Its bounds.
    pub bounds: Bounds,
}

/// What a paper states, or what follows, or what was measured before.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Short and unique.
    pub id: String,
    /// The statement, in plain words.
    pub says: String,
    /// Paper and section.
    pub source: String,
    /// How the statement is known.
    pub mark: Mark,
    /// Where it is judged; every scale of the topic if not given.
    pub scales: Vec<String>,
    /// All of them must be true.
    pub checks: Vec<Check>,
    /// What was found where the statement does not hold.
    pub finding: Option<Finding>,
}

/// How a statement is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// Read in the paper or in its authors' code.
    ReadInSource,
    /// Known of the paper without having its text.
    Literature,
    /// Measured with an independent implementation.
    Measured,
    /// Follows by calculation.
    Derived,
}

/// Our result where a statement does not hold: the claim is kept, and is expected not to hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Refuted, or only different from what the statement is remembered to say.
    pub verdict: FindingVerdict,
    /// Our figure.
    pub our: String,
    /// The condition under which the statement does hold.
    pub holds_when: String,
    /// The scales at which it is found; all of the claim's if not given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scales: Vec<String>,
}

/// What a finding is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingVerdict {
    /// Only of a statement that was read in its source.
    Refuted,
    /// Only of a statement known from the literature.
    Differs,
}

impl Claim {
    /// The finding that is expected at a scale.
    #[must_use]
    pub fn finding_at(&self, scale: &str) -> Option<&Finding> {
        self.finding.as_ref().filter(|f| f.scales.is_empty() || f.scales.iter().any(|s| s == scale))
    }
}

impl RunSpec {
    /// The axis at a scale.
    #[must_use]
    pub fn axis_at(&self, scale: &str) -> Option<&Axis> {
        self.scale.get(scale).and_then(|s| s.axis.as_ref()).or(self.axis.as_ref())
    }
}

/// Whether two TOML values are the same, a whole number being equal to the same number with a point.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (number(a), number(b)) {
        (Some(x), Some(y)) => x == y,
        _ => a == b,
    }
}

/// A TOML number.
pub(crate) fn number(v: &Value) -> Option<f64> {
    v.as_float().or_else(|| v.as_integer().map(|i| i as f64))
}

impl Axis {
    /// The number that orders a point.
    pub(crate) fn coordinate(&self, point: usize, key: &str) -> Option<f64> {
        self.points.get(point).and_then(|p| p.get(key)).and_then(number)
    }

    /// A point's label: `optimizer.lr=0.1`.
    pub(crate) fn label(&self, point: usize) -> String {
        let value = self.points.get(point).and_then(|p| p.get(&self.key));
        value.map_or_else(|| format!("point {}", point + 1), |v| format!("{}={v}", self.key))
    }

    /// The points that `at` picks.
    pub(crate) fn matching(&self, at: &Sets) -> Vec<usize> {
        let fits = |p: &Sets| at.iter().all(|(k, v)| p.get(k).is_some_and(|w| same(v, w)));
        self.points.iter().enumerate().filter(|(_, p)| fits(p)).map(|(i, _)| i).collect()
    }
}
