//! The neural tangent kernel, layer by layer.

use burn::tensor::Tensor;
use spectrum_linalg::kernel::{add_gram, add_gram_product};
use spectrum_models::{Network, Site, SitePlace, Taps, trained_paths};

use crate::KernelError;
use crate::host::{blocks, host};
use crate::patches::{Parts, Shape};

/// Rows of the gradients of a convolution that are formed at a time.
const GRADIENT_ROWS: usize = 4096;

/// Which outputs of a network with several the tangent kernel speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outputs {
    /// sum over outputs k of d f_k(a)/d theta * d f_k(b)/d theta: the trace of the n x n blocks.
    #[default]
    Trace,
    /// One output alone, counted from 0.
    One(usize),
}

/// How the kernels are computed; no number depends on it beyond rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Samples that pass through the network at a time: bounds the memory on the device.
    pub block: usize,
    /// Threads of the Gram matrices. Their number changes no bit of the result.
    pub threads: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { block: 1024, threads: 1 }
    }
}

/// What one layer has gathered over all samples and outputs.
struct Gathered {
    path: String,
    parts: Parts,
    /// Inputs, one sample a column.
    input: Vec<f64>,
    /// Derivatives with respect to the pre-activation, one sample a column, for each output.
    deltas: Vec<Vec<f64>>,
    conv: Option<Shape>,
}

impl Gathered {
    fn new(site: &Site, parts: Parts, outputs: usize) -> Self {
        let conv = match &site.place {
            SitePlace::Dense { .. } => None,
            SitePlace::Conv { input, zero, kernel, padding } => {
                let [_, inputs, height, width] = input.dims();
                let outputs = zero.as_ref().map_or(0, |z| z.dims()[1]);
                Some(Shape { inputs, outputs, height, width, kernel: *kernel, padding: *padding })
            }
        };
        Self { path: site.path.clone(), parts, input: Vec::new(), deltas: vec![Vec::new(); outputs], conv }
    }

    fn add_to(self, kernel: &mut [f64], n: usize, threads: usize) {
        if let Some(shape) = self.conv {
            let rows = self.parts.rows(shape.patch()).max(1);
            for deltas in &self.deltas {
                for channels in blocks(shape.outputs, (GRADIENT_ROWS / rows).max(1)) {
                    let g = shape.gradients(&self.input, deltas, channels.clone(), self.parts, n);
                    add_gram(kernel, n, &g, channels.len() * rows, 1.0, threads);
                }
            }
            return;
        }
        // A bias is a weight of a constant input.
        let width = self.input.len() / n;
        let (mut x, mut p) = (Vec::new(), 0);
        if self.parts.weight && !self.parts.bias {
            (x, p) = (self.input, width);
        } else {
            for column in self.input.chunks_exact(width) {
                if self.parts.weight {
                    x.extend_from_slice(column);
                }
                x.push(1.0);
            }
            p += x.len() / n;
        }
        // Outputs share their inputs: sum_k X^T X o D_k^T D_k is X^T X o D^T D with the D_k below each other.
        let deltas = below_each_other(self.deltas, n);
        add_gram_product(kernel, n, &x, p, &deltas, deltas.len() / n, 1.0, threads);
    }
}

/// Matrices of n columns below each other, column-major.
fn below_each_other(mut parts: Vec<Vec<f64>>, n: usize) -> Vec<f64> {
    if parts.len() == 1 {
        return parts.pop().unwrap_or_default();
    }
    let mut out = Vec::with_capacity(parts.iter().map(Vec::len).sum());
    for i in 0..n {
        for part in &parts {
            let rows = part.len() / n;
            out.extend_from_slice(&part[i * rows..(i + 1) * rows]);
        }
    }
    out
}

/// The empirical tangent kernel (n x n, symmetric) of the parameters that train, on prepared inputs (n x d).
///
/// The sum over layers of the entrywise product of two Gram matrices; see the crate's documentation.
///
/// # Errors
/// [`KernelError`] for fewer than two samples, an output that is not there, a model of which nothing trains, or a parameter
/// that trains outside the layers which the model passes through its taps.
pub fn tangent_kernel<M: Network>(
    model: &M,
    prepared: &Tensor<2>,
    outputs: Outputs,
    settings: &Settings,
) -> Result<Vec<f64>, KernelError> {
    let n = prepared.dims()[0];
    if n < 2 {
        return Err(KernelError::TooFewSamples { found: n });
    }
    let mut trained = trained_paths(model);
    if trained.is_empty() {
        return Err(KernelError::NothingTrains);
    }
    let plain = model.valid();
    let x = prepared.clone().without_autodiff();
    let mut gathered: Vec<Gathered> = Vec::new();
    for range in blocks(n, settings.block) {
        let block = x.clone().slice([range]);
        let mut count = 1;
        let mut done = 0;
        while done < count {
            let mut taps = Taps::Leaves(Vec::new());
            let out = plain.forward_tapped(block.clone(), &mut taps);
            let sites = taps.into_sites();
            let width = out.dims()[1];
            let output = match outputs {
                Outputs::Trace => {
                    count = width;
                    done
                }
                Outputs::One(k) if k >= width => return Err(KernelError::NoSuchOutput { asked: k, outputs: width }),
                Outputs::One(k) => k,
            };
            if gathered.is_empty() {
                gathered =
                    sites.iter().filter_map(|s| trains(s, &mut trained).map(|p| Gathered::new(s, p, count))).collect();
                if let Some(path) = trained.pop() {
                    return Err(KernelError::NotTapped { path });
                }
            }
            let rows = out.dims()[0];
            let gradients = out.slice([0..rows, output..output + 1]).sum().backward();
            for g in &mut gathered {
                let Some(site) = sites.iter().find(|s| s.path == g.path) else { continue };
                let (input, delta) = match &site.place {
                    SitePlace::Dense { input, zero } => (
                        (done == 0).then(|| host(input.clone())),
                        zero.as_ref().and_then(|z| z.grad(&gradients)).map(host),
                    ),
                    SitePlace::Conv { input, zero, .. } => (
                        (done == 0).then(|| host(input.clone())),
                        zero.as_ref().and_then(|z| z.grad(&gradients)).map(host),
                    ),
                };
                g.input.extend(input.unwrap_or_default());
                g.deltas[done].extend(delta.unwrap_or_default());
            }
            done += 1;
        }
    }
    let mut kernel = vec![0.0; n * n];
    for g in gathered {
        g.add_to(&mut kernel, n, settings.threads);
    }
    Ok(kernel)
}

/// Which parameters of a layer are among those that train; takes them off the list.
fn trains(site: &Site, trained: &mut Vec<String>) -> Option<Parts> {
    let mut take = |name: &str| {
        let path = format!("{}.{name}", site.path);
        let found = trained.iter().position(|t| *t == path);
        found.map(|k| trained.remove(k)).is_some()
    };
    let parts = Parts { weight: take("weight"), bias: site.bias && take("bias") };
    (parts.weight || parts.bias).then_some(parts)
}
