//! Which parameters train.

use burn::module::{Module, ModuleVisitor, Param, ParamGroup, ParamId};
use burn::tensor::Tensor;

use crate::ModelError;

struct Paths {
    stack: Vec<String>,
    found: Vec<(String, ParamId)>,
}

impl ModuleVisitor for Paths {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.stack.push(name.to_owned());
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.stack.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.found.push((self.stack.join("."), param.id));
    }
}

fn parameters<M: Module>(model: &M) -> Vec<(String, ParamId)> {
    let mut v = Paths { stack: Vec::new(), found: Vec::new() };
    model.visit(&mut v);
    v.found
}

/// Paths of all float parameters, in declaration order.
pub fn parameter_paths<M: Module>(model: &M) -> Vec<String> {
    parameters(model).into_iter().map(|p| p.0).collect()
}

/// The id of the parameter at a path.
pub fn parameter_id<M: Module>(model: &M, path: &str) -> Option<ParamId> {
    parameters(model).into_iter().find(|p| p.0 == path).map(|p| p.1)
}

/// Paths of the parameters that train, in declaration order.
pub fn trained_paths<M: Module>(model: &M) -> Vec<String> {
    struct Trained(Paths);
    impl ModuleVisitor for Trained {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.0.enter_module(name, container);
        }
        fn exit_module(&mut self, name: &str, container: &str) {
            self.0.exit_module(name, container);
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if param.val().is_require_grad() {
                self.0.visit_float(param);
            }
        }
    }
    let mut v = Trained(Paths { stack: Vec::new(), found: Vec::new() });
    model.visit(&mut v);
    v.0.found.into_iter().map(|p| p.0).collect()
}

/// Freezes every parameter whose path begins with none of `prefixes` (whole path components). The optimizer then leaves
/// its bits alone.
///
/// # Errors
/// [`ModelError::NoSuchParameter`] for a prefix that matches nothing, [`ModelError::NothingToTrain`] for no prefix.
pub fn freeze_except<M: Module>(model: M, prefixes: &[String]) -> Result<M, ModelError> {
    if prefixes.is_empty() {
        return Err(ModelError::NothingToTrain);
    }
    let begins = |path: &str, prefix: &str| {
        path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let all = parameters(&model);
    if let Some(prefix) = prefixes.iter().find(|p| !all.iter().any(|(q, _)| begins(q, p))) {
        let paths = all.into_iter().map(|p| p.0).collect();
        return Err(ModelError::NoSuchParameter { prefix: prefix.clone(), paths });
    }
    let frozen: Vec<ParamId> =
        all.into_iter().filter(|(path, _)| !prefixes.iter().any(|q| begins(path, q))).map(|p| p.1).collect();
    Ok(if frozen.is_empty() { model } else { model.freeze_group(ParamGroup::from_ids(frozen)) })
}
