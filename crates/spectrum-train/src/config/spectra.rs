//! `[spectra]` and `[probe]`.

use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use spectrum_core::{Kind, Route};
use spectrum_hook::Schedule;
use spectrum_measure::null;

/// What is recorded of the weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpectraConfig {
    /// Whether anything is.
    pub enabled: bool,
    /// At which steps.
    pub every: Schedule,
    /// Globs on layer names.
    pub layers: Vec<String>,
    /// Which matrices of each layer.
    pub kinds: Vec<Kind>,
    /// How singular values are computed.
    pub route: Route,
    /// Leading singular pairs kept.
    pub vectors: usize,
    /// Nulls measured beside each weight: `true` for `["shuffled"]`, `false` for none, or any of `shuffled`, `rotated`,
    /// `rotated-updates`.
    pub nulls: Nulls,
    /// Worker threads; 0 for one less than the machine has, and at least one.
    pub workers: usize,
    /// Tasks that may wait for a worker before training does.
    pub queue: usize,
}

impl Default for SpectraConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            every: Schedule::default(),
            layers: vec!["*".into()],
            kinds: vec![Kind::Weight, Kind::Update],
            route: Route::Gram,
            vectors: 8,
            nulls: Nulls(vec![null::Kind::Shuffled]),
            workers: 0,
            queue: 16,
        }
    }
}

/// Nulls of a weight; in the file `true`, `false` or a list of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nulls(pub Vec<null::Kind>);

impl Serialize for Nulls {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        // As before there was a choice: the resolved configs of finished runs keep their names.
        match self.0[..] {
            [] => s.serialize_bool(false),
            [null::Kind::Shuffled] => s.serialize_bool(true),
            _ => s.collect_seq(self.0.iter().map(|k| k.as_str())),
        }
    }
}

impl<'de> Deserialize<'de> for Nulls {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Nulls;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("true, false, or a list of shuffled, rotated, rotated-updates")
            }
            fn visit_bool<E: de::Error>(self, v: bool) -> Result<Nulls, E> {
                Ok(Nulls(if v { vec![null::Kind::Shuffled] } else { Vec::new() }))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Nulls, A::Error> {
                let mut kinds = Vec::new();
                while let Some(name) = seq.next_element::<String>()? {
                    let kind: null::Kind =
                        name.parse().map_err(|_| de::Error::invalid_value(de::Unexpected::Str(&name), &self))?;
                    if !kinds.contains(&kind) {
                        kinds.push(kind);
                    }
                }
                kinds.sort_unstable();
                Ok(Nulls(kinds))
            }
        }
        d.deserialize_any(Either)
    }
}

/// What is measured of the last hidden layer's features: alignment with the labels and the ridge refit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProbeConfig {
    /// Whether anything is; needs real targets.
    pub enabled: bool,
    /// The ridge parameter lambda of the refit.
    pub ridge_lambda: f64,
    /// Steps at which the refit is also made with W_t's norm, or its singular values, replaced by those of W_0 (metrics
    /// `ridge_test_loss_matched_norm`, `_initial_values`, `_final_values`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub substitutes: Option<Schedule>,
    /// The features' pre-activation: the network's own W x / sqrt(d), or W x / d.
    pub feature_scale: FeatureScale,
}

impl Default for ProbeConfig {
    fn default() -> Self {
        Self { enabled: true, ridge_lambda: 0.01, substitutes: None, feature_scale: FeatureScale::SqrtD }
    }
}

/// The factor of the first pre-activation when features are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureScale {
    /// sigma(W x / sqrt d): the network's own features.
    #[default]
    SqrtD,
    /// sigma(W x / d): the features behind the published curves of arXiv 2406.04657.
    D,
}
