//! Whether a run fits into this machine's memory, asked before anything large is made: an allocation that fails ends the
//! process, and nothing can catch that.

use spectrum_core::Precision;

use crate::TrainError;
use crate::config::{Batch, Config, DataConfig, ModelConfig};

/// What decides how much memory a run needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    /// Training samples.
    pub train: usize,
    /// Probe and test samples together.
    pub others: usize,
    /// Input dimension.
    pub inputs: usize,
    /// Output dimension.
    pub outputs: usize,
}

impl Sizes {
    /// Of a data set that is drawn, known before it is.
    pub fn of(config: &Config) -> Option<Self> {
        match &config.data {
            DataConfig::SingleIndex(d) => {
                Some(Self { train: d.n, others: d.n_test.saturating_add(d.n_probe.max(d.n)), inputs: d.d, outputs: 1 })
            }
            DataConfig::Spiked(d) => {
                Some(Self { train: d.n, others: d.n_test.saturating_add(d.n_probe), inputs: d.d, outputs: 1 })
            }
            _ => None,
        }
    }
}

/// Bytes that a run needs at least.
fn needed(config: &Config, s: Sizes) -> u128 {
    let mut widths = vec![s.inputs];
    match &config.model {
        ModelConfig::TwoLayer(m) => widths.push(m.width),
        ModelConfig::Mlp(m) => widths.extend(&m.hidden),
        ModelConfig::SumEmbedding(m) => widths.extend([m.embedding, m.hidden]),
        // Maps shrink to a quarter at each pooling; weights are few beside them.
        ModelConfig::ConvNet(m) => {
            widths.extend(m.channels.iter().enumerate().map(|(i, c)| c.saturating_mul(s.inputs >> (2 * i).min(63))));
        }
    }
    widths.push(s.outputs);
    let element = if config.precision == Precision::F64 { 8 } else { 4 };
    let batch = match config.training.batch {
        Batch::Full => s.train,
        Batch::Size(b) => b.min(s.train),
    };
    let mul = |a: usize, b: usize| (a as u128).saturating_mul(b as u128);
    // Parameter, gradient and two moments on the device; the draw, W_0 and the snapshots in f64 on the host.
    let weights = widths.windows(2).fold(0u128, |sum, w| sum.saturating_add(mul(w[0], w[1])));
    let weights = weights.saturating_mul(4 * element + 3 * 8);
    // Each layer keeps its output and its activation for the backward pass, and makes a gradient of each.
    let hidden =
        widths.iter().skip(1).fold(0u128, |sum, w| sum.saturating_add(mul(batch, *w))).saturating_mul(3 * element);
    // f32 on the host, f64 while it is uploaded, and the tensor.
    let data = mul(s.train.saturating_add(s.others), s.inputs).saturating_mul(4 + 8 + element);
    weights.saturating_add(hidden).saturating_add(data)
}

/// Memory that this machine can give, where it says so.
fn available() -> Option<u128> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u128>().ok()?.checked_mul(1024)
}

/// Refuses a run that cannot fit.
pub(super) fn check(config: &Config, sizes: Sizes) -> Result<(), TrainError> {
    let needed = needed(config, sizes);
    match available() {
        Some(available) if needed > available => Err(TrainError::TooLarge { needed, available }),
        _ => Ok(()),
    }
}
