//! What was measured, and whether it holds.

use serde::{Serialize, Serializer};

use super::bounds::Bounds;
use super::check::{Check, Direction, Test};
use super::topic::{Finding, Mark};

/// The claims of a topic at a scale, judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verification {
    /// The topic's title.
    pub topic: String,
    /// The scale.
    pub scale: String,
    /// The backend of the runs.
    pub backend: String,
    /// In the file's order.
    pub claims: Vec<ClaimResult>,
    /// Runs that did not reach their end.
    pub run_failures: Vec<RunFailure>,
    /// Runs that were needed, each once.
    #[serde(skip)]
    pub runs: usize,
    /// How many of them were finished before.
    #[serde(skip)]
    pub found: usize,
}

/// A run that did not reach its end. Claims that need it are not judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunFailure {
    /// The run directory's name.
    pub run: String,
    /// The runner's message.
    pub why: String,
}

/// One claim, judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClaimResult {
    /// Its id.
    pub id: String,
    /// The statement.
    pub says: String,
    /// Paper and section.
    pub source: String,
    /// How the statement is known.
    pub mark: Mark,
    /// Whether it holds; none where it could not be judged.
    pub holds: Option<bool>,
    /// What that means.
    pub standing: Standing,
    /// What was measured, in words.
    pub measured: String,
    /// What it was held against, in words.
    pub bound: String,
    /// What was found where it does not hold, if that is expected at this scale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding: Option<Finding>,
    /// Its conditions.
    pub checks: Vec<CheckResult>,
    /// The names of the run directories that it was judged on.
    pub runs: Vec<String>,
}

/// What a claim's verdict means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It holds, as it should.
    Holds,
    /// It does not hold, and it should.
    Fails,
    /// It does not hold, as was found before: refuted, or different.
    Finding,
    /// It holds, and it was found not to.
    Surprise,
    /// It could not be judged.
    Unjudged,
}

impl Standing {
    /// Of a verdict, and of whether a finding expects it to be false.
    pub(crate) fn of(holds: Option<bool>, finding: bool) -> Self {
        match (holds, finding) {
            (None, _) => Self::Unjudged,
            (Some(true), false) => Self::Holds,
            (Some(true), true) => Self::Surprise,
            (Some(false), false) => Self::Fails,
            (Some(false), true) => Self::Finding,
        }
    }
}

/// One condition, judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckResult {
    /// What is looked at.
    pub what: String,
    /// The condition's type.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The bounds in words, with the rule for seeds where it is not every seed.
    pub bound: String,
    /// Whether it is true; none where that could not be judged.
    pub holds: Option<bool>,
    /// What was measured, in words: the range over seeds and points.
    pub measured: String,
    /// Seed by seed.
    pub seeds: Vec<SeedResult>,
}

/// One condition for one seed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeedResult {
    /// The seed; none for the mean.
    #[serde(serialize_with = "seed_or_mean")]
    pub seed: Option<u64>,
    /// Whether it is true; none where that could not be judged, or where only the mean is.
    pub holds: Option<bool>,
    /// What was measured: one number, or one for each point of the axis.
    pub values: Vec<Measured>,
    /// Why there is no number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

fn seed_or_mean<S: Serializer>(seed: &Option<u64>, s: S) -> Result<S::Ok, S::Error> {
    match seed {
        Some(seed) => s.serialize_u64(*seed),
        None => s.serialize_str("mean"),
    }
}

/// A number with the point of the axis that it belongs to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// The point's label; none without an axis.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// The number.
    pub value: f64,
}

impl CheckResult {
    pub(crate) fn new(check: &Check, bounds: Bounds, holds: Option<bool>, seeds: Vec<SeedResult>, total: bool) -> Self {
        // Of a mean the seeds are shown in the JSON only.
        let mean: Vec<&SeedResult> = seeds.iter().filter(|s| s.seed.is_none()).collect();
        let shown: Vec<&SeedResult> = if mean.is_empty() { seeds.iter().collect() } else { mean };
        let numbers: Vec<f64> = match total {
            // Of a rise or fall, how far it goes in all.
            true => shown.iter().filter_map(|s| Some(s.values.last()?.value - s.values.first()?.value)).collect(),
            false => shown.iter().flat_map(|s| s.values.iter().map(|v| v.value)).collect(),
        };
        let reason = seeds.iter().find_map(|s| {
            let why = s.reason.as_ref()?;
            Some(s.seed.map_or_else(|| why.clone(), |seed| format!("seed {seed}: {why}")))
        });
        let measured = [range(&numbers), reason].into_iter().flatten().collect::<Vec<_>>().join("; ");
        Self {
            what: check.what.clone(),
            kind: match check.test {
                Test::Value(_) => "value",
                Test::Change(_) => "change",
                Test::Compare(_) => "compare",
                Test::Monotone(_) => "monotone",
                Test::Exponent(_) => "exponent",
                Test::Correlation(_) => "correlation",
            },
            bound: bound(check, bounds),
            holds,
            measured,
            seeds,
        }
    }
}

fn bound(check: &Check, bounds: Bounds) -> String {
    let mut text = bounds.to_string();
    if let Test::Monotone(t) = &check.test {
        let word = if t.direction == Direction::Rising { "rising" } else { "falling" };
        let slack = if t.slack > 0.0 { format!(" (slack {})", t.slack) } else { String::new() };
        text = if text.is_empty() { format!("{word}{slack}") } else { format!("{word}{slack}, {text}") };
    }
    if check.seeds == super::check::Seeds::Every { text } else { format!("{text}, {}", check.seeds) }
}

fn range(numbers: &[f64]) -> Option<String> {
    let low = numbers.iter().copied().reduce(f64::min)?;
    let high = numbers.iter().copied().reduce(f64::max)?;
    let (low, high) = (number(low), number(high));
    Some(if low == high { low } else { format!("{low} to {high}") })
}

/// Four significant digits.
fn number(v: f64) -> String {
    if v == 0.0 {
        return "0".to_owned();
    }
    let exponent = v.abs().log10().floor() as i32;
    if !(-4..6).contains(&exponent) {
        return format!("{v:.2e}");
    }
    let text = format!("{v:.*}", (3 - exponent).max(0) as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

impl Verification {
    /// Whether the check as a whole did not hold (exit code 1): a claim that should hold does not, one that was found not to
    /// hold does, or one could not be judged.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.claims.iter().any(|c| !matches!(c.standing, Standing::Holds | Standing::Finding))
    }

    /// How many claims stand so.
    #[must_use]
    pub fn count(&self, standing: Standing) -> usize {
        self.claims.iter().filter(|c| c.standing == standing).count()
    }

    /// One sentence: how many claims hold, and how many do not in which way.
    #[must_use]
    pub fn summary(&self) -> String {
        let words = [
            (Standing::Holds, "hold"),
            (Standing::Fails, "do not hold"),
            (Standing::Finding, "do not hold, as was found before"),
            (Standing::Surprise, "hold although they were found not to"),
            (Standing::Unjudged, "could not be judged"),
        ];
        let parts = words.into_iter().map(|(s, w)| (self.count(s), w)).filter(|(n, _)| *n > 0);
        let parts: Vec<String> = parts.map(|(n, w)| format!("{n} {w}")).collect();
        format!("{} claims: {}.", self.claims.len(), parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        let texts: Vec<String> =
            [0.0, 79.0, 1.827_52, -0.004_37, 1979.8, 3.0e-7, 2.5e6, 0.3, 18_700.4].map(number).to_vec();
        assert_eq!(texts, ["0", "79", "1.828", "-0.00437", "1980", "3.00e-7", "2.50e6", "0.3", "18700"]);
        assert_eq!(range(&[1.828, 1.816]).as_deref(), Some("1.816 to 1.828"));
    }
}
