//! What a forward pass leaves behind for kernels: each layer's input, and the derivative of the output with respect to
//! its pre-activation.

use burn::tensor::ops::AvgPoolOptions;
use burn::tensor::{Tensor, module};

use crate::{Conv, Dense};

/// One affine layer of one forward pass.
#[derive(Debug, Clone)]
pub struct Site {
    /// The layer's path (`hidden.0`).
    pub path: String,
    /// Whether the layer has a bias.
    pub bias: bool,
    /// The conjugate kernel of the input is its Gram matrix divided by this: the number of features, or 1 where they
    /// carry their 1/sqrt(width) already.
    pub unit: f64,
    /// What went in and where the derivative will be found.
    pub place: SitePlace,
}

/// The tensors of a [`Site`].
#[derive(Debug, Clone)]
pub enum SitePlace {
    /// A dense layer.
    Dense {
        /// Its input, n x d_in.
        input: Tensor<2>,
        /// A zero added to its output, n x d_out: the gradient with respect to it is that of the pre-activation.
        zero: Option<Tensor<2>>,
    },
    /// A convolution with stride 1.
    Conv {
        /// Its input, n x c_in x h x w.
        input: Tensor<4>,
        /// A zero added to its output, n x c_out x h x w.
        zero: Option<Tensor<4>>,
        /// Height and width of the kernel.
        kernel: [usize; 2],
        /// Zeros around the input.
        padding: [usize; 2],
    },
}

/// How much a forward pass leaves behind.
#[derive(Debug, Clone, Default)]
pub enum Taps {
    /// Nothing: the ordinary pass.
    #[default]
    Off,
    /// Each layer's input.
    Inputs(Vec<Site>),
    /// Each layer's input, and a leaf at each pre-activation whose gradient is asked for later. The model and its inputs
    /// may be plain tensors: then nothing else is recorded.
    Leaves(Vec<Site>),
}

impl Taps {
    /// What was left behind, in the order of the layers.
    #[must_use]
    pub fn into_sites(self) -> Vec<Site> {
        match self {
            Self::Off => Vec::new(),
            Self::Inputs(sites) | Self::Leaves(sites) => sites,
        }
    }

    fn leaf<const D: usize>(&self, output: &Tensor<D>) -> Option<Tensor<D>> {
        matches!(self, Self::Leaves(_)).then(|| output.zeros_like().without_autodiff().autodiff().require_grad())
    }

    fn keep(&mut self, site: Site) {
        if let Self::Inputs(sites) | Self::Leaves(sites) = self {
            sites.push(site);
        }
    }

    /// Passes `x` (n x d_in) through a dense layer. `unit` is the site's.
    pub fn dense(&mut self, path: &str, layer: &Dense, x: Tensor<2>, unit: f64) -> Tensor<2> {
        if matches!(self, Self::Off) {
            return layer.forward(x);
        }
        let output = layer.forward(x.clone());
        let zero = self.leaf(&output);
        let output = zero.clone().map_or(output.clone(), |z| output + z);
        let place = SitePlace::Dense { input: x, zero };
        self.keep(Site { path: path.to_owned(), bias: layer.bias.is_some(), unit, place });
        output
    }

    /// Passes `x` (n x c_in x h x w) through a convolution. The unit is the number of input pixels.
    pub fn conv(&mut self, path: &str, layer: &Conv, x: Tensor<4>) -> Tensor<4> {
        if matches!(self, Self::Off) {
            return layer.forward(x);
        }
        let output = layer.forward(x.clone());
        let zero = self.leaf(&output);
        let output = zero.clone().map_or(output.clone(), |z| output + z);
        let [_, c, h, w] = x.dims();
        let unit = (c * h * w) as f64;
        let [_, _, kh, kw] = layer.weight.dims();
        let place = SitePlace::Conv { input: x, zero, kernel: [kh, kw], padding: layer.padding() };
        self.keep(Site { path: path.to_owned(), bias: layer.bias.is_some(), unit, place });
        output
    }
}

/// Mean over 2 x 2 windows; an odd last row or column is left out, as PyTorch does.
pub(crate) fn halve(x: Tensor<4>) -> Tensor<4> {
    module::avg_pool2d(x, AvgPoolOptions::new([2, 2]))
}
