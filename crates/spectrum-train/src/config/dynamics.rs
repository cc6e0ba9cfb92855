//! `[dynamics]` and `[interventions]`.

use serde::{Deserialize, Serialize};
use spectrum_hook::Schedule;
use spectrum_linalg::Part;
use spectrum_measure::agreement::Reference;

/// What is known of the weights' dynamics once the run is over, computed from its rows: the mean effective rank of the recorded
/// matrices, when the network generalised, when half of the rank's fall had happened, and how the leading vectors agree with those
/// of other moments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DynamicsConfig {
    /// Moments with which each recorded weight's leading vectors are compared; needs `spectra.vectors`.
    pub agreement: Vec<Moment>,
    /// The test accuracy above which the network has generalised.
    pub threshold: f64,
}

impl Default for DynamicsConfig {
    fn default() -> Self {
        Self { agreement: vec![Moment::Initial, Moment::Previous, Moment::Final], threshold: 0.9 }
    }
}

/// A moment of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// Step 0.
    Initial,
    /// The recorded step before.
    Previous,
    /// The last recorded step.
    Final,
}

impl From<Moment> for Reference {
    fn from(m: Moment) -> Self {
        match m {
            Moment::Initial => Self::Initial,
            Moment::Previous => Self::Previous,
            Moment::Final => Self::Final,
        }
    }
}

/// One end of a spectrum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// The large singular values.
    Top,
    /// The small ones.
    Bottom,
}

impl From<Keep> for Part {
    fn from(k: Keep) -> Self {
        match k {
            Keep::Top => Self::Top,
            Keep::Bottom => Self::Bottom,
        }
    }
}

/// The model evaluated with part of its singular values kept, beside training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InterventionsConfig {
    /// Which part is kept: `top`, `bottom`.
    pub keep: Vec<Keep>,
    /// Shares of the singular values of each matrix, in (0, 1): `top` keeps the first ceil(f R), `bottom` the last floor(f R).
    pub fractions: Vec<f64>,
    /// Globs on the names of the parameters that are cut; empty means every matrix but the last.
    pub layers: Vec<String>,
    /// At which steps.
    pub every: Schedule,
}

impl Default for InterventionsConfig {
    fn default() -> Self {
        Self {
            keep: vec![Keep::Top, Keep::Bottom],
            fractions: vec![0.5],
            layers: Vec::new(),
            every: Schedule::Every(100),
        }
    }
}
