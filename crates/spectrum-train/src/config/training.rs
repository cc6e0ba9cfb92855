//! `[training]`.

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// Steps, batches, loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingConfig {
    /// Optimizer steps. Either this or `epochs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// Passes over the training set. Either this or `steps`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<u64>,
    /// Samples in a batch.
    #[serde(default)]
    pub batch: Batch,
    /// The loss; by default mean squared error for real targets and cross-entropy for classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<LossKind>,
    /// Largest global norm of the gradient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
    /// Before every step, scale each matrix that trains to the Frobenius norm it has at the start on average,
    /// std * sqrt(entries).
    #[serde(default)]
    pub normalize_weights: bool,
    /// What is added to the loss.
    #[serde(default, skip_serializing_if = "Regularizers::is_none")]
    pub regularizers: Regularizers,
    /// Steps between evaluations on the test set; 0 means every step in full-batch runs and once an epoch otherwise.
    #[serde(default)]
    pub evaluate_every: u64,
    /// Steps between checkpoints; 0 writes none but the last.
    #[serde(default = "fifty")]
    pub checkpoint_every: u64,
    /// What to do when the loss is no longer finite.
    #[serde(default)]
    pub on_divergence: OnDivergence,
}

/// What is added to the loss, in tensor operations on any backend.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Regularizers {
    /// lambda of lambda |W|_F^2 / 2 over the matrices that train. (The optimizers' own `weight_decay` is not part of the
    /// gradient that is logged.)
    pub weight_decay: f64,
    /// tau of x -> x + tau xi, xi fresh standard normal numbers in every step. Losses are recorded without it.
    pub input_noise: f64,
    /// lambda of lambda (1/n) sum |grad_x f(x)|^2, for the two-layer network, by the closed form.
    pub jacobian: f64,
    /// Whether the recorded gradient holds them; without, it is that of the loss alone.
    pub logged: bool,
}

impl Default for Regularizers {
    fn default() -> Self {
        Self { weight_decay: 0.0, input_noise: 0.0, jacobian: 0.0, logged: true }
    }
}

impl Regularizers {
    /// Whether nothing is added.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.weight_decay == 0.0 && self.input_noise == 0.0 && self.jacobian == 0.0
    }
}

/// Samples in a batch: `"full"` or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Batch {
    /// The whole training set: no gradient noise.
    #[default]
    Full,
    /// So many samples; the last batch of an epoch may be smaller.
    Size(usize),
}

impl Serialize for Batch {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Full => s.serialize_str("full"),
            Self::Size(n) => s.serialize_u64(*n as u64),
        }
    }
}

impl<'de> Deserialize<'de> for Batch {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Batch;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("\"full\" or a number of samples of at least 1")
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Batch, E> {
                if v == "full" { Ok(Batch::Full) } else { Err(E::invalid_value(de::Unexpected::Str(v), &self)) }
            }
            fn visit_i64<E: de::Error>(self, v: i64) -> Result<Batch, E> {
                match usize::try_from(v) {
                    Ok(n) if n > 0 => Ok(Batch::Size(n)),
                    _ => Err(E::invalid_value(de::Unexpected::Signed(v), &self)),
                }
            }
            fn visit_u64<E: de::Error>(self, v: u64) -> Result<Batch, E> {
                match usize::try_from(v) {
                    Ok(n) if n > 0 => Ok(Batch::Size(n)),
                    _ => Err(E::invalid_value(de::Unexpected::Unsigned(v), &self)),
                }
            }
        }
        d.deserialize_any(Either)
    }
}

/// The training loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossKind {
    /// (1/n) sum (f - y)^2, without 1/2. Classes are compared with one-hot rows.
    Mse,
    /// (1/2n) sum (f - y)^2.
    HalfMse,
    /// (1/n) sum ln(1 + exp(-y f)) of labels -1 and +1.
    Logistic,
    /// Cross-entropy of the softmax.
    CrossEntropy,
}

/// What to do when the loss is no longer finite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnDivergence {
    /// Stop at the step and keep all before it; the run has failed.
    #[default]
    Stop,
    /// Go on and record it.
    Record,
}

fn fifty() -> u64 {
    50
}
