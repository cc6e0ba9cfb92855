//! A number of a run: a metric at a step, or a threshold that was searched for.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};
use spectrum_core::Kind;
use toml::Value;

/// Which number of which run.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantity {
    /// A `[run.NAME]`.
    #[serde(default)]
    pub run: Option<String>,
    /// A `[threshold.NAME]` in place of run and metric.
    #[serde(default)]
    pub threshold: Option<String>,
    /// A metric of a matrix, or a scalar (`test_loss`).
    #[serde(default)]
    pub metric: Option<String>,
    /// The layer; by default the only one that has the metric.
    #[serde(default)]
    pub layer: Option<String>,
    /// The kind; by default `weight` if it has the metric, otherwise the only one that has.
    #[serde(default)]
    pub kind: Option<Kind>,
    /// The view; by default the only one that has the metric.
    #[serde(default)]
    pub view: Option<String>,
    /// The step; by default the last.
    #[serde(default)]
    pub step: Option<At>,
    /// One point of the run's axis, by some or all of its keys; by default all points.
    #[serde(default)]
    pub at: BTreeMap<String, Value>,
    /// A number of the run's resolved config by which the metric is divided (`data.d`).
    #[serde(default)]
    pub per: Option<String>,
    /// Another number of the same run by which it is divided. What it does not say is as in this one.
    #[serde(default)]
    pub over: Option<Box<Quantity>>,
    /// Another number of the same run that is subtracted. What it does not say is as in this one.
    #[serde(default)]
    pub minus: Option<Box<Quantity>>,
}

/// At which recorded step a metric is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub enum At {
    /// This step.
    Step(u64),
    /// The first that has the metric.
    First,
    /// The last that has it.
    #[default]
    Last,
    /// Whichever has the largest value.
    Largest,
    /// Whichever has the smallest value.
    Smallest,
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct StepOrWord;
        impl Visitor<'_> for StepOrWord {
            type Value = At;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a step (0 or more), \"first\", \"last\", \"largest\" or \"smallest\"")
            }
            fn visit_i64<E: de::Error>(self, v: i64) -> Result<At, E> {
                u64::try_from(v).map(At::Step).map_err(|_| E::invalid_value(de::Unexpected::Signed(v), &self))
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<At, E> {
                Ok(match v {
                    "first" => At::First,
                    "last" => At::Last,
                    "largest" => At::Largest,
                    "smallest" => At::Smallest,
                    _ => return Err(E::invalid_value(de::Unexpected::Str(v), &self)),
                })
            }
        }
        d.deserialize_any(StepOrWord)
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(s) => write!(f, "at {s}"),
            Self::First => f.write_str("at the start"),
            Self::Last => f.write_str("at the end"),
            Self::Largest => f.write_str("at its largest"),
            Self::Smallest => f.write_str("at its smallest"),
        }
    }
}

impl Quantity {
    /// The step.
    pub(crate) fn step(&self) -> At {
        self.step.unwrap_or_default()
    }

    /// The same number at another step.
    pub(crate) fn moved(&self, step: At) -> Self {
        Self { step: Some(step), ..self.clone() }
    }

    /// `over` or `minus`, with what it leaves out taken from this one.
    pub(crate) fn complete(&self, part: &Self) -> Self {
        let or = |a: &Option<String>, b: &Option<String>| a.clone().or_else(|| b.clone());
        Self {
            run: self.run.clone(),
            threshold: None,
            metric: or(&part.metric, &self.metric),
            layer: or(&part.layer, &self.layer),
            kind: part.kind.or(self.kind),
            view: or(&part.view, &self.view),
            step: part.step.or(self.step),
            at: self.at.clone(),
            per: part.per.clone(),
            over: None,
            minus: None,
        }
    }

    /// What is wrong with it by itself: the key and why.
    pub(crate) fn fault(&self) -> Option<(&'static str, String)> {
        if self.threshold.is_some() {
            let others = self.run.is_some() || self.metric.is_some() || self.layer.is_some() || self.kind.is_some();
            let more = self.view.is_some() || self.step.is_some() || self.per.is_some();
            let parts = self.over.is_some() || self.minus.is_some();
            return (others || more || parts).then(|| {
                ("threshold", "stands alone, or with `at`: the run and the metric are the threshold's".into())
            });
        }
        if self.run.is_none() {
            return Some(("run", "is missing; expected the name of a run, or `threshold`".into()));
        }
        if self.metric.is_none() {
            return Some(("metric", "is missing".into()));
        }
        if self.over.is_some() && self.minus.is_some() {
            return Some(("minus", "stands beside `over`; expected one of them".into()));
        }
        for (key, part) in [("over", &self.over), ("minus", &self.minus)] {
            let Some(part) = part else { continue };
            if part.run.is_some() || part.threshold.is_some() || !part.at.is_empty() {
                return Some((
                    key,
                    "is of the same run and point; numbers of two runs are compared by `compare`".into(),
                ));
            }
            if part.over.is_some() || part.minus.is_some() {
                return Some((key, "has an `over` or `minus` of its own; one is all there is".into()));
            }
        }
        None
    }

    /// The metric with what tells it apart, without the run: `alpha_hill at 10`.
    pub(crate) fn text(&self) -> String {
        if let Some(threshold) = &self.threshold {
            return threshold.clone();
        }
        let mut text = self.metric.clone().unwrap_or_default();
        let place = [self.layer.clone(), self.kind.map(|k| k.to_string()), self.view.clone()];
        let place: Vec<String> = place.into_iter().flatten().collect();
        if !place.is_empty() {
            text.push_str(&format!(" of {}", place.join(" ")));
        }
        text.push_str(&format!(" {}", self.step()));
        if let Some(per) = &self.per {
            text.push_str(&format!(" per {per}"));
        }
        for (word, part) in [("over", &self.over), ("less", &self.minus)] {
            if let Some(part) = part {
                text.push_str(&format!(" {word} {}", self.complete(part).text()));
            }
        }
        text
    }
}
