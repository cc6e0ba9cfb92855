//! `[gradients]`.

use serde::{Deserialize, Serialize};

/// What is measured of gradients beside their spectra, where `spectra.kinds` names `gradient`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GradientsConfig {
    /// The terms S1, S12, S2 and E of the two-layer network's gradient (arXiv 2510.01303). Needs full batches and data with
    /// spikes: `data.kind = "spiked"`, or `data.spikes` of images with signs.
    pub decompose: bool,
    /// Of every layer of any network: the share of the best low rank, and the alignment of the leading directions with the
    /// layer's mean input and mean back-propagated signal.
    pub means: bool,
}
