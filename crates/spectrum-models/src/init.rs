//! Initial weights: drawn on the host, rounded to f32 for both precisions.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal, StandardUniform};

/// Draws the initial weights of one model from named streams.
pub trait Draw {
    /// `count` standard normal numbers of the stream that belongs to `parameter`.
    fn normals(&mut self, parameter: &str, count: usize) -> Vec<f64>;

    /// `count` numbers uniform in (-1, 1) of that stream.
    fn uniforms(&mut self, parameter: &str, count: usize) -> Vec<f64>;
}

/// How a dense layer's weights are scaled at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InitRule {
    /// N(0, 2 / fan-in): He et al. 2015, equation 10.
    #[default]
    He,
    /// N(0, 1 / fan-in): LeCun et al. 1998, section 4.6.
    Lecun,
    /// N(0, 2 / (fan-in + fan-out)): Glorot and Bengio 2010, equation 12.
    Glorot,
    /// Uniform in ±1/sqrt(fan-in), biases too: the default of PyTorch's linear layers.
    Pytorch,
}

impl InitRule {
    /// Standard deviation of the entries of a layer with `inputs` and `outputs`.
    #[must_use]
    pub fn std(self, inputs: usize, outputs: usize) -> f64 {
        match self {
            Self::He => (2.0 / inputs as f64).sqrt(),
            Self::Lecun => (1.0 / inputs as f64).sqrt(),
            Self::Glorot => (2.0 / (inputs + outputs) as f64).sqrt(),
            Self::Pytorch => (1.0 / (3.0 * inputs as f64)).sqrt(),
        }
    }
}

/// Scales host draws and rounds them to f32, so that an f32 and an f64 run start from the same numbers.
pub(crate) fn scaled(draw: &mut dyn Draw, parameter: &str, count: usize, std: f64) -> Vec<f64> {
    let mut values = draw.normals(parameter, count);
    values.iter_mut().for_each(|v| *v = f64::from((*v * std) as f32));
    values
}

/// Numbers uniform in (-bound, bound), rounded to f32.
pub(crate) fn uniform(draw: &mut dyn Draw, parameter: &str, count: usize, bound: f64) -> Vec<f64> {
    let mut values = draw.uniforms(parameter, count);
    values.iter_mut().for_each(|v| *v = f64::from((*v * bound) as f32));
    values
}

/// A plain seeded generator: one stream for all parameters in the order they are asked for. For examples and tests.
impl Draw for ChaCha8Rng {
    fn normals(&mut self, _parameter: &str, count: usize) -> Vec<f64> {
        (0..count).map(|_| StandardNormal.sample(self)).collect()
    }
    fn uniforms(&mut self, _parameter: &str, count: usize) -> Vec<f64> {
        (0..count).map(|_| 2.0 * Distribution::<f64>::sample(&StandardUniform, self) - 1.0).collect()
    }
}

/// A seed alone, for examples and tests.
impl Draw for u64 {
    fn normals(&mut self, parameter: &str, count: usize) -> Vec<f64> {
        named(*self, parameter).normals(parameter, count)
    }
    fn uniforms(&mut self, parameter: &str, count: usize) -> Vec<f64> {
        named(*self, parameter).uniforms(parameter, count)
    }
}

fn named(seed: u64, parameter: &str) -> ChaCha8Rng {
    let name =
        parameter.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    ChaCha8Rng::seed_from_u64(seed ^ name)
}
