//! The limit laws that belong to a run's network: their shape, and the population of the data's own Gram matrix.

use spectrum_core::Reason;
use spectrum_law::limit::{
    Coefficients, Constants, LimitLaw, NetworkShape, Population, Settings, conjugate_kernels, constants, tangent_kernel,
};
use spectrum_models::{ActivationKind, InputScale, Parametrization, Scaling};

use crate::config::{Config, FirstLayer, ModelConfig};

/// Laws of the conjugate kernel of every layer and of the tangent kernel.
pub(super) struct Limits {
    pub conjugate: Result<Vec<LimitLaw>, Reason>,
    pub tangent: Result<LimitLaw, Reason>,
    pub coefficients: Result<Coefficients, Reason>,
}

/// Widths and activation of a network to which the laws apply.
///
/// # Errors
/// The key that stands in the way, and what it should say.
pub(crate) fn applies(config: &Config) -> Result<(Vec<usize>, ActivationKind), (&'static str, String)> {
    let normalized = |on: bool| match on {
        true => Ok(()),
        false => {
            Err(("model.normalized", "kernels.laws needs a Gaussian-normalised activation: expected true".to_owned()))
        }
    };
    match &config.model {
        ModelConfig::TwoLayer(m) => {
            normalized(m.normalized)?;
            if m.scaling != Scaling::Ntk {
                return Err(("model.scaling", "kernels.laws needs the scale 1/sqrt(h): expected `ntk`".into()));
            }
            if m.init != FirstLayer::Gaussian || m.inputs() != InputScale::SqrtD {
                let why = "kernels.laws needs weights N(0, 1) and inputs x/sqrt(d): expected `gaussian`, with input_scale `sqrt_d`";
                return Err(("model.init", why.into()));
            }
            Ok((vec![m.width], m.activation))
        }
        ModelConfig::Mlp(m) => {
            normalized(m.normalized)?;
            if m.parametrization != Parametrization::Ntk {
                return Err((
                    "model.parametrization",
                    "kernels.laws needs 1/sqrt(fan-in) in the network: expected `ntk`".into(),
                ));
            }
            if m.bias {
                return Err(("model.bias", "kernels.laws needs a network without biases: expected false".into()));
            }
            Ok((m.hidden.clone(), m.activation))
        }
        ModelConfig::ConvNet(_) | ModelConfig::SumEmbedding(_) | ModelConfig::Transformer(_) => {
            Err(("kernels.laws", "there is no limit law of this model; expected `two-layer` or `mlp`".into()))
        }
    }
}

fn constants_of(kind: ActivationKind) -> Result<Constants, Reason> {
    constants(&|x| kind.at(x), &|x| kind.derivative_at(x)).map_err(words)
}

fn words(e: impl std::fmt::Display) -> Reason {
    Reason::NotComputed(e.to_string())
}

impl Limits {
    /// `population` are the eigenvalues of X_0^T X_0 on the n samples, `trained` the paths of the parameters that train: a layer
    /// that does not train has the learning-rate weight 0.
    pub fn new(
        widths: &[usize],
        kind: ActivationKind,
        n: usize,
        population: Vec<f64>,
        trained: &[String],
        deep: bool,
    ) -> Self {
        let rates: Vec<f64> = (0..widths.len())
            .map(|l| if deep { format!("hidden.{l}.weight") } else { "hidden.weight".to_owned() })
            .chain(std::iter::once("readout.weight".to_owned()))
            .map(|path| f64::from(u8::from(trained.contains(&path))))
            .collect();
        let shape = constants_of(kind).map(|constants| NetworkShape {
            population: Population::Eigenvalues(population),
            ratios: widths.iter().map(|d| n as f64 / *d as f64).collect(),
            constants,
        });
        let settings = Settings::default();
        let with = |f: &dyn Fn(&NetworkShape) -> Result<LimitLaw, Reason>| shape.clone().and_then(|s| f(&s));
        Self {
            conjugate: shape.clone().and_then(|s| conjugate_kernels(&s, &settings).map_err(words)),
            tangent: with(&|s| tangent_kernel(s, Some(&rates), &settings).map_err(words)),
            coefficients: shape.clone().and_then(|s| s.coefficients(Some(&rates)).map_err(words)),
        }
    }
}
