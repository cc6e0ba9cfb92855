//! The neural tangent kernel of any module, by one backward pass a sample and output.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use crate::host::host;
use crate::{KernelError, Outputs};

/// Appends the gradient of every parameter that has one.
struct Flatten<'a> {
    gradients: &'a GradientsParams,
    row: Vec<f64>,
}

impl ModuleVisitor for Flatten<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if !param.val().is_require_grad() {
            return;
        }
        match self.gradients.get::<D>(param.id) {
            Some(g) => self.row.extend(host(g)),
            // A parameter that this output does not depend on.
            None => self.row.resize(self.row.len() + param.val().shape().num_elements(), 0.0),
        }
    }
}

/// The empirical tangent kernel (n x n, symmetric) of any Burn module: `forward` gives the outputs (1 x outputs) of one
/// sample. It holds the whole Jacobian of one output, parameters x samples, and takes n backward passes an output: for
/// checks and small networks.
///
/// # Errors
/// [`KernelError`] for fewer than two samples, an output that is not there, or a model of which nothing trains.
pub fn tangent_kernel_by_samples<M: Module>(
    model: &M,
    n: usize,
    outputs: Outputs,
    forward: impl Fn(&M, usize) -> Tensor<2>,
) -> Result<Vec<f64>, KernelError> {
    if n < 2 {
        return Err(KernelError::TooFewSamples { found: n });
    }
    let width = forward(model, 0).dims()[1];
    let chosen = match outputs {
        Outputs::Trace => 0..width,
        Outputs::One(k) if k < width => k..k + 1,
        Outputs::One(k) => return Err(KernelError::NoSuchOutput { asked: k, outputs: width }),
    };
    let mut kernel = vec![0.0; n * n];
    for k in chosen {
        let jacobian: Vec<Vec<f64>> = (0..n)
            .map(|sample| {
                let out = forward(model, sample).slice([0..1, k..k + 1]).sum();
                let gradients = GradientsParams::from_grads(out.backward(), model);
                let mut flat = Flatten { gradients: &gradients, row: Vec::new() };
                model.visit(&mut flat);
                flat.row
            })
            .collect();
        if jacobian[0].is_empty() {
            return Err(KernelError::NothingTrains);
        }
        for (a, x) in jacobian.iter().enumerate() {
            for (b, y) in jacobian.iter().enumerate() {
                kernel[a * n + b] += x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
            }
        }
    }
    Ok(kernel)
}
