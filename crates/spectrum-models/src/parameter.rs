//! One parameter of a model, read or replaced by its path.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

use crate::Place;

struct Read<'a> {
    path: &'a str,
    stack: Vec<String>,
    found: Option<(Vec<f64>, Vec<usize>)>,
}

impl ModuleVisitor for Read<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.stack.push(name.to_owned());
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.stack.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if self.stack.join(".") == self.path {
            let tensor = param.val().without_autodiff();
            let shape = tensor.dims().to_vec();
            self.found = Some((tensor.into_data().iter::<f64>().collect(), shape));
        }
    }
}

/// The elements (row-major, widened to f64) and the shape of the parameter at a path; `None` where there is none. A dense
/// weight is input x output, so its elements are those of the output x input matrix, column-major.
pub fn parameter<M: Module>(model: &M, path: &str) -> Option<(Vec<f64>, Vec<usize>)> {
    let mut v = Read { path, stack: Vec::new(), found: None };
    model.visit(&mut v);
    v.found
}

struct Replace<'a> {
    path: &'a str,
    stack: Vec<String>,
    values: &'a [f64],
    place: &'a Place,
}

impl ModuleMapper for Replace<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.stack.push(name.to_owned());
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.stack.pop();
    }
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.stack.join(".") != self.path {
            return param;
        }
        let shape = param.val().shape();
        let tensor = self.place.upload::<D>(self.values, shape);
        param.map(|_| tensor)
    }
}

/// The model (without gradient recording) with other elements, row-major, at a path. A model without that parameter comes back
/// as it is; `values` must have as many elements as the parameter.
#[must_use]
pub fn with_parameter<M: Module>(model: &M, path: &str, values: &[f64], place: &Place) -> M {
    model.valid().map(&mut Replace { path, stack: Vec::new(), values, place })
}
