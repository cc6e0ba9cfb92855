//! Weight normalisation: every matrix that trains keeps its Frobenius norm.

use burn::module::{ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

use crate::Network;

struct Rescale {
    stack: Vec<String>,
    /// Paths with their norms.
    norms: Vec<(String, f64)>,
}

impl ModuleMapper for Rescale {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.stack.push(name.to_owned());
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.stack.pop();
    }
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let path = self.stack.join(".");
        let Some((_, norm)) = self.norms.iter().find(|(p, _)| *p == path) else { return param };
        if !param.val().is_require_grad() {
            return param;
        }
        let norm = *norm;
        param.map(|w| {
            let w = w.inner();
            let square = (w.clone() * w.clone()).sum();
            let factor = square.sqrt().recip().mul_scalar(norm);
            (w * factor.unsqueeze()).autodiff().require_grad()
        })
    }
}

/// Multiplies every matrix that trains by the number that gives it the Frobenius norm expected at the start,
/// std * sqrt(entries): |W|_F = sqrt(h d) for a student with standard normal weights (the switch of the code of
/// arXiv 2406.04657). Biases and frozen parameters are left alone.
#[must_use]
pub fn rescale<M: Network>(model: M) -> M {
    struct Sizes(Vec<String>, Vec<(String, usize)>);
    impl ModuleVisitor for Sizes {
        fn enter_module(&mut self, name: &str, _container: &str) {
            self.0.push(name.to_owned());
        }
        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.0.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.1.push((self.0.join("."), param.val().shape().num_elements()));
        }
    }
    let mut sizes = Sizes(Vec::new(), Vec::new());
    model.visit(&mut sizes);
    let norms = model
        .initial_std()
        .into_iter()
        .filter_map(|(path, std)| {
            let entries = sizes.1.iter().find(|(p, _)| *p == path)?.1;
            Some((path, std * (entries as f64).sqrt()))
        })
        .collect();
    model.map(&mut Rescale { stack: Vec::new(), norms })
}
