//! `tensors.safetensors`: data, initial and final weights, so that a run can be replayed in any other framework.

use std::collections::HashMap;
use std::path::Path;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use safetensors::Dtype;
use safetensors::tensor::{TensorView, serialize};
use spectrum_data::{Split, Targets};
use spectrum_store::{RunDirectory, write_atomically};

use crate::TrainError;
use crate::config::Config;

/// One array of the bundle, row-major f64.
struct Array {
    name: String,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Array {
    fn new(name: impl Into<String>, shape: Vec<usize>, values: impl IntoIterator<Item = f64>) -> Self {
        Self { name: name.into(), shape, bytes: values.into_iter().flat_map(f64::to_le_bytes).collect() }
    }
}

struct Weights<'a> {
    prefix: &'a str,
    stack: Vec<String>,
    arrays: Vec<Array>,
}

impl ModuleVisitor for Weights<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.stack.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.stack.pop();
    }

    /// Dense weights are written output x input, as other frameworks keep them; one output becomes a vector.
    fn visit_float<const D: usize>(&mut self, p: &Param<Tensor<D>>) {
        let shape = p.val().dims().to_vec();
        let values: Vec<f64> = p.val().into_data().iter::<f64>().collect();
        let name = format!("{}.{}", self.prefix, self.stack.join("."));
        self.arrays.push(match shape[..] {
            [i, 1] => Array::new(name, vec![i], values),
            [i, o] => Array::new(name, vec![o, i], (0..o * i).map(|k| values[(k % i) * o + k / i])),
            _ => Array::new(name, shape, values),
        });
    }
}

fn weights<M: Module>(prefix: &str, model: &M) -> Vec<Array> {
    let mut w = Weights { prefix, stack: Vec::new(), arrays: Vec::new() };
    model.visit(&mut w);
    w.arrays
}

/// Writes the bundle beside and renames it.
pub(crate) fn write<M: Module>(
    dir: &Path,
    config: &Config,
    split: &Split,
    initial: &M,
    last: &M,
) -> Result<(), TrainError> {
    let path = RunDirectory::tensors_file(dir);
    let bad = |why: String| TrainError::Bundle { path: path.clone(), why };
    let mut arrays = Vec::new();
    let sets = [("train", Some(&split.train)), ("probe", split.probe.as_ref()), ("test", Some(&split.test))];
    for (name, set) in sets.into_iter().filter_map(|(n, s)| s.map(|s| (n, s))) {
        arrays.push(Array::new(format!("{name}.inputs"), vec![set.n, set.dim], set.inputs_f64()));
        let targets: Vec<f64> = match &set.targets {
            Targets::Values(v) => v.clone(),
            Targets::Classes { indices, .. } => indices.iter().map(|k| f64::from(*k)).collect(),
        };
        arrays.push(Array::new(format!("{name}.targets"), vec![set.n], targets));
    }
    if let Some(beta) = &split.teacher {
        arrays.push(Array::new("teacher", vec![beta.len()], beta.iter().copied()));
    }
    arrays.extend(weights("initial", initial));
    arrays.extend(weights("final", last));
    let views = arrays
        .iter()
        .map(|a| TensorView::new(Dtype::F64, a.shape.clone(), &a.bytes).map(|v| (a.name.clone(), v)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| bad(e.to_string()))?;
    let json = serde_json::to_string(config).map_err(|e| bad(e.to_string()))?;
    let bytes = serialize(views, Some(HashMap::from([("config".to_owned(), json)]))).map_err(|e| bad(e.to_string()))?;
    Ok(write_atomically(&path, &bytes)?)
}
