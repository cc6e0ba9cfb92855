//! Which layers are recorded: globs on layer names.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use globset::{GlobBuilder, GlobMatcher};
use spectrum_core::{LayerRule, MatrixView, Order, View};

use crate::HookError;

/// One layer that is recorded: a rule whose parameters exist, with the matrices of its view.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    pub name: String,
    /// Paths of the parameters that its matrices are made of.
    pub parameters: Vec<String>,
    pub views: Vec<MatrixView>,
}

struct Shapes {
    stack: Vec<String>,
    found: Vec<(String, Vec<usize>)>,
}

impl ModuleVisitor for Shapes {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.stack.push(name.to_owned());
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.stack.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.found.push((self.stack.join("."), param.val().dims().to_vec()));
    }
}

fn shapes<M: Module>(model: &M) -> Vec<(String, Vec<usize>)> {
    let mut v = Shapes { stack: Vec::new(), found: Vec::new() };
    model.visit(&mut v);
    v.found
}

/// Rules for a module that declares none: two axes are Burn's input x output, three and more a convolution kernel.
pub fn default_rules<M: Module>(model: &M) -> Vec<LayerRule> {
    shapes(model)
        .into_iter()
        .filter_map(|(path, shape)| match shape.len() {
            2 => Some(LayerRule::matrix(path, Order::InOut)),
            3.. => {
                Some(LayerRule { parameters: vec![path.clone()], name: path, view: View::Flatten, order: Order::OutIn })
            }
            _ => None,
        })
        .collect()
}

fn matcher(glob: &str) -> Result<GlobMatcher, HookError> {
    GlobBuilder::new(glob)
        .build()
        .map(|g| g.compile_matcher())
        .map_err(|e| HookError::Glob { glob: glob.to_owned(), why: e.kind().to_string() })
}

/// Which of the names the globs select, in the names' order. Every glob must match something.
///
/// # Errors
/// [`HookError::Glob`] and [`HookError::NoSuchLayer`].
pub fn matching(globs: &[String], names: &[String]) -> Result<Vec<String>, HookError> {
    let matchers = globs.iter().map(|g| matcher(g)).collect::<Result<Vec<_>, _>>()?;
    if let Some(k) = matchers.iter().position(|m| !names.iter().any(|n| m.is_match(n))) {
        return Err(HookError::NoSuchLayer { glob: globs[k].clone(), layers: names.to_vec() });
    }
    Ok(names.iter().filter(|n| matchers.iter().any(|m| m.is_match(n))).cloned().collect())
}

/// The layers that the globs select, in the rules' order. Every glob must match something.
pub(crate) fn select<M: Module>(model: &M, rules: &[LayerRule], globs: &[String]) -> Result<Vec<Layer>, HookError> {
    let names: Vec<String> = rules.iter().map(|r| r.name.clone()).collect();
    let chosen = matching(globs, &names)?;
    let shapes = shapes(model);
    let mut layers = Vec::new();
    for rule in rules.iter().filter(|r| chosen.contains(&r.name)) {
        let mut found: Vec<(&str, &[usize])> = Vec::new();
        for parameter in &rule.parameters {
            let Some((path, shape)) = shapes.iter().find(|(path, _)| path == parameter) else {
                let parameters = shapes.iter().map(|s| s.0.clone()).collect();
                let (layer, parameter) = (rule.name.clone(), parameter.clone());
                return Err(HookError::NoSuchParameter { layer, parameter, parameters });
            };
            found.push((path, shape));
        }
        let views = MatrixView::of(&found, rule.view, rule.order)?;
        layers.push(Layer { name: rule.name.clone(), parameters: rule.parameters.clone(), views });
    }
    Ok(layers)
}
