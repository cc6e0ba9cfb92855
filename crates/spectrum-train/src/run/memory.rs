//! Whether a run fits into this machine's memory, asked before anything large is made: an allocation that fails ends the
//! process, and nothing can catch that.

use spectrum_core::Precision;

use crate::TrainError;
use crate::config::{Batch, Config, DataConfig, ModelConfig};

/// What decides how much memory a run needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// Training samples.
    pub train: usize,
    /// Probe and test samples together.
    pub others: usize,
    /// Input dimension.
    pub inputs: usize,
    /// Output dimension.
    pub outputs: usize,
    /// Samples of a recorded kernel; 0 where none is recorded, or where that is not known yet.
    pub kernel: usize,
}

impl Sizes {
    /// Of a data set that is drawn, known before it is.
    pub fn of(config: &Config) -> Option<Self> {
        match &config.data {
            DataConfig::SingleIndex(d) => Some(Self {
                train: d.n,
                others: d.n_test.saturating_add(d.n_probe.max(d.n)),
                inputs: d.d,
                outputs: 1,
                kernel: 0,
            }),
            DataConfig::Spiked(d) => Some(Self {
                train: d.n,
                others: d.n_test.saturating_add(d.n_probe),
                inputs: d.d,
                outputs: 1,
                kernel: 0,
            }),
            // A larger modulus is refused by the data themselves.
            DataConfig::Modular(d) if d.p <= 4096 => {
                let p = d.p as usize;
                let train = (d.fraction.clamp(0.0, 1.0) * (p * p) as f64) as usize;
                let tokens = match config.model {
                    ModelConfig::Transformer(_) => POSITIONS * (p + 1),
                    _ => 2 * p,
                };
                Some(Self { train, others: p * p - train, inputs: tokens, outputs: p, kernel: 0 })
            }
            _ => None,
        }
    }
}

/// Tokens of a sequence: a, b and `=`.
const POSITIONS: usize = 3;

/// Bytes that a run needs at least.
fn needed(config: &Config, s: Sizes) -> u128 {
    let mut widths = vec![s.inputs];
    match &config.model {
        ModelConfig::TwoLayer(m) => widths.push(m.width),
        ModelConfig::Mlp(m) => widths.extend(&m.hidden),
        ModelConfig::SumEmbedding(m) => widths.extend([m.embedding, m.hidden]),
        // Of a block every position has its stacked projections, and the last one its hidden layer.
        ModelConfig::Transformer(m) => {
            let block = [m.width.saturating_mul(3 * POSITIONS), m.hidden()];
            widths.extend(block.into_iter().cycle().take(m.blocks.min(1024) * 2));
        }
        // Maps shrink to a quarter at each pooling.
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
    let pairs = |of: &[usize]| of.windows(2).fold(0u128, |sum, w| sum.saturating_add(mul(w[0], w[1])));
    // Parameter, gradient and two moments on the device; the draw, W_0 and the snapshots in f64 on the host.
    let weights = match &config.model {
        // A kernel's weights are shared by all positions of a map. The images' channels and the readout add a little.
        ModelConfig::ConvNet(m) => pairs(&m.channels).saturating_mul(mul(m.kernel, m.kernel)),
        ModelConfig::Transformer(m) => {
            let block =
                mul(m.width, 4 * m.width.min(1 << 40)).saturating_add(mul(m.width, m.hidden().saturating_mul(2)));
            block.saturating_mul(m.blocks as u128)
        }
        _ => pairs(&widths),
    };
    let weights = weights.saturating_mul(4 * element + 3 * 8);
    // Each layer keeps its output and its activation for the backward pass, and makes a gradient of each.
    let hidden =
        widths.iter().skip(1).fold(0u128, |sum, w| sum.saturating_add(mul(batch, *w))).saturating_mul(3 * element);
    // f32 on the host, f64 while it is uploaded, and the tensor.
    let data = mul(s.train.saturating_add(s.others), s.inputs).saturating_mul(4 + 8 + element);
    // A kernel in f64, and the copy in which it is diagonalised.
    let kernel = mul(s.kernel, s.kernel).saturating_mul(2 * 8);
    weights.saturating_add(hidden).saturating_add(data).saturating_add(kernel)
}

/// Memory that this machine can give, where it says so.
fn available() -> Option<u128> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u128>().ok()?.checked_mul(1024)
}

/// Refuses a run that cannot fit.
pub(crate) fn check(config: &Config, sizes: Sizes) -> Result<(), TrainError> {
    let needed = needed(config, sizes);
    match available() {
        Some(available) if needed > available => Err(TrainError::TooLarge { needed, available }),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::ConfigSource;

    const IMAGES: &str = r#"
name = "c"
precision = "f32"
[data]
kind = "fashion-1000"
[model]
kind = "conv-net"
channels = [512, 512]
kernel = 3
[optimizer]
kind = "sgd"
lr = 0.01
[training]
steps = 1
batch = 10
"#;

    const SIZES: Sizes = Sizes { train: 1000, others: 0, inputs: 28 * 28, outputs: 10, kernel: 0 };

    fn bytes(sizes: Sizes) -> u128 {
        let config = ConfigSource::parse(std::path::Path::new("c.toml"), IMAGES).unwrap().resolve(&[]).unwrap();
        needed(&config, sizes)
    }

    /// They were once counted as a matrix from map to map: 1.6 TB here.
    #[test]
    fn the_weights_of_a_convolution_are_those_of_its_kernel() {
        let weights = 512 * 512 * 9 * (4 * 4 + 3 * 8);
        let maps = 10 * (512 * 784 + 512 * 196 + 10) * 3 * 4;
        let data = 1000 * 784 * (4 + 8 + 4);
        assert_eq!(bytes(SIZES), weights + maps + data);
    }

    /// A failed allocation of a kernel ended the process.
    #[test]
    fn a_kernel_is_counted() {
        assert_eq!(bytes(Sizes { kernel: 60_000, ..SIZES }) - bytes(SIZES), 57_600_000_000);
    }
}
