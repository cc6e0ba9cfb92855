//! Learning-rate schedules.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{OptimError, ensure, not_negative};

/// How the learning rate moves with the steps.
///
/// In a config it is a name (`"constant"`, `"cosine"`), a table (`{ kind = "step", every = 10, gamma = 0.5 }`) or a
/// list of pairs (`[[1, 0.1], [2, 1.0]]`). Steps are counted from 1: step s is the one that produces W_s. PyTorch's
/// schedulers count finished steps, s - 1.
///
/// ```
/// use spectrum_optim::Schedule;
///
/// let halve = Schedule::Step { every: 2, gamma: 0.5 };
/// let rates: Vec<f64> = (1..=5).map(|step| halve.rate(step, 0.8, 5)).collect();
/// assert_eq!(rates, [0.8, 0.8, 0.4, 0.4, 0.2]);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Schedule {
    /// The base rate.
    #[default]
    Constant,
    /// base γ^⌊(s-1)/every⌋, PyTorch's `StepLR`.
    Step {
        /// Steps between two changes.
        every: u64,
        /// γ, the factor of a change; 0.1 if not given.
        gamma: f64,
    },
    /// min + (base - min) (1 + cos(π t/T))/2, PyTorch's `CosineAnnealingLR` (Loshchilov and Hutter 2017, equation 5),
    /// with t the steps done after the warm-up and T = steps - warmup. Once at the minimum it stays there (PyTorch's
    /// would rise again).
    Cosine {
        /// Steps, with the warm-up, until the minimum; the run's if not given.
        steps: Option<u64>,
        /// The smallest rate; 0 if not given.
        min: f64,
        /// Steps of linear warm-up before; 0 if not given.
        warmup: u64,
    },
    /// base min(1, s/steps): the first step takes base/steps, step `steps` and all later ones take the base rate.
    /// PyTorch's `LinearLR(start_factor=1/steps, total_iters=steps-1)`.
    Warmup {
        /// Steps until the base rate.
        steps: u64,
    },
    /// Pairs of step and rate: a rate holds from its step on. Before the first pair the base rate holds.
    Pairs(Vec<(u64, f64)>),
}

/// The form with a `kind`, which serde reads and writes by itself.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Tagged {
    Constant {},
    Step {
        every: u64,
        #[serde(default = "tenth")]
        gamma: f64,
    },
    Cosine {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        steps: Option<u64>,
        #[serde(default)]
        min: f64,
        #[serde(default)]
        warmup: u64,
    },
    Warmup {
        steps: u64,
    },
}

fn tenth() -> f64 {
    0.1
}

fn linear(step: u64, steps: u64) -> f64 {
    if step >= steps { 1.0 } else { step as f64 / steps as f64 }
}

impl Schedule {
    /// The learning rate of `step` (from 1), given the base rate and the number of steps of the run.
    #[must_use]
    pub fn rate(&self, step: u64, base: f64, total: u64) -> f64 {
        let done = step.saturating_sub(1);
        match *self {
            Self::Constant => base,
            Self::Step { every, gamma } => base * gamma.powf((done / every.max(1)) as f64),
            Self::Cosine { warmup, .. } if step <= warmup => base * linear(step, warmup),
            Self::Cosine { steps, min, warmup } => {
                let length = steps.unwrap_or(total).saturating_sub(warmup).max(1);
                let t = (done - warmup.min(done)).min(length);
                min + (base - min) * (1.0 + (std::f64::consts::PI * t as f64 / length as f64).cos()) / 2.0
            }
            Self::Warmup { steps } => base * linear(step, steps),
            Self::Pairs(ref pairs) => {
                pairs.iter().take_while(|(from, _)| *from <= step).last().map_or(base, |(_, rate)| *rate)
            }
        }
    }

    /// Whether every setting is in its range.
    ///
    /// # Errors
    /// [`OptimError::Invalid`] names the first key that is not, relative to the optimizer's table.
    pub fn validate(&self) -> Result<(), OptimError> {
        match self {
            Self::Constant => Ok(()),
            Self::Step { every, gamma } => {
                ensure(*every >= 1, "schedule.every", every, "at least 1 step")?;
                not_negative("schedule.gamma", *gamma)
            }
            Self::Cosine { steps, min, warmup } => {
                not_negative("schedule.min", *min)?;
                match steps {
                    Some(0) => Err(OptimError::invalid("schedule.steps", 0, "at least 1 step")),
                    Some(n) => ensure(warmup < n, "schedule.warmup", warmup, "fewer steps than `schedule.steps`"),
                    None => Ok(()),
                }
            }
            Self::Warmup { steps } => ensure(*steps >= 1, "schedule.steps", steps, "at least 1 step"),
            Self::Pairs(pairs) => {
                ensure(!pairs.is_empty(), "schedule", "an empty list", "at least one pair [step, rate]")?;
                for (i, (step, rate)) in pairs.iter().enumerate() {
                    let after = if i == 0 { 0 } else { pairs[i - 1].0 };
                    let key = format!("schedule[{i}][0]");
                    ensure(*step > after, &key, step, "steps that begin at 1 or later and increase")?;
                    not_negative(&format!("schedule[{i}][1]"), *rate)?;
                }
                Ok(())
            }
        }
    }
}

impl From<Tagged> for Schedule {
    fn from(tagged: Tagged) -> Self {
        match tagged {
            Tagged::Constant {} => Self::Constant,
            Tagged::Step { every, gamma } => Self::Step { every, gamma },
            Tagged::Cosine { steps, min, warmup } => Self::Cosine { steps, min, warmup },
            Tagged::Warmup { steps } => Self::Warmup { steps },
        }
    }
}

impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Constant => serializer.serialize_str("constant"),
            Self::Step { every, gamma } => Tagged::Step { every, gamma }.serialize(serializer),
            Self::Cosine { steps, min, warmup } => Tagged::Cosine { steps, min, warmup }.serialize(serializer),
            Self::Warmup { steps } => Tagged::Warmup { steps }.serialize(serializer),
            Self::Pairs(ref pairs) => pairs.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyForm)
    }
}

/// Reads whichever form is there. Not serde's `untagged`, which can only say that no form matched.
struct AnyForm;

impl<'de> Visitor<'de> for AnyForm {
    type Value = Schedule;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a schedule: \"constant\", \"cosine\", a table with `kind` (constant, step, cosine, warmup), or pairs [[step, rate], ...]")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Schedule, E> {
        Tagged::deserialize(MapDeserializer::<_, E>::new(std::iter::once(("kind", name)))).map(Into::into)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Schedule, A::Error> {
        Tagged::deserialize(MapAccessDeserializer::new(map)).map(Into::into)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Schedule, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(seq)).map(Schedule::Pairs)
    }
}
