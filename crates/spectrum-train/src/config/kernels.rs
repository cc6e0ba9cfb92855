//! `[kernels]`.

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use spectrum_hook::Schedule;
use spectrum_kernel::Outputs;

/// How the kinds `ck` and `ntk` are recorded, where `spectra.kinds` names them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KernelsConfig {
    /// At which steps; without it those of `spectra.every`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<Schedule>,
    /// The samples.
    pub on: KernelSamples,
    /// The first so many of them; 0 means all.
    pub samples: usize,
    /// Which layers' conjugate kernels.
    pub layers: KernelLayers,
    /// Which outputs the tangent kernel speaks of.
    pub output: KernelOutput,
    /// Leading eigenvectors kept.
    pub vectors: usize,
    /// Hold each kernel against its limit law (Fan and Wang 2020); needs a normalised activation in the tangent
    /// parametrisation, without biases.
    pub laws: bool,
}

impl Default for KernelsConfig {
    fn default() -> Self {
        Self {
            every: None,
            on: KernelSamples::Probe,
            samples: 0,
            layers: KernelLayers::All,
            output: KernelOutput(Outputs::Trace),
            vectors: 0,
            laws: false,
        }
    }
}

/// The samples of a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KernelSamples {
    /// Fresh samples, where the data are drawn; otherwise the first 2000 training samples.
    #[default]
    Probe,
    /// The training set.
    Train,
}

impl KernelSamples {
    /// The view's name in the rows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Train => "train",
        }
    }
}

/// Layers whose conjugate kernels are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KernelLayers {
    /// Every hidden layer.
    #[default]
    All,
    /// The last hidden layer.
    Last,
}

/// `"trace"` or the number of an output, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KernelOutput(pub Outputs);

impl Serialize for KernelOutput {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Outputs::Trace => s.serialize_str("trace"),
            Outputs::One(k) => s.serialize_u64(k as u64),
        }
    }
}

impl<'de> Deserialize<'de> for KernelOutput {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = KernelOutput;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("\"trace\" or the number of an output, counted from 0")
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<KernelOutput, E> {
                match v {
                    "trace" => Ok(KernelOutput(Outputs::Trace)),
                    _ => Err(E::invalid_value(de::Unexpected::Str(v), &self)),
                }
            }
            fn visit_i64<E: de::Error>(self, v: i64) -> Result<KernelOutput, E> {
                let k = usize::try_from(v).map_err(|_| E::invalid_value(de::Unexpected::Signed(v), &self))?;
                Ok(KernelOutput(Outputs::One(k)))
            }
            fn visit_u64<E: de::Error>(self, v: u64) -> Result<KernelOutput, E> {
                let k = usize::try_from(v).map_err(|_| E::invalid_value(de::Unexpected::Unsigned(v), &self))?;
                Ok(KernelOutput(Outputs::One(k)))
            }
        }
        d.deserialize_any(Either)
    }
}
