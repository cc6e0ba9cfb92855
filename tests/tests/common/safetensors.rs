//! Writes safetensors files by hand: eight bytes of header length, a JSON header, the tensors.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

/// A tensor of doubles.
#[derive(Clone)]
pub struct Tensor {
    pub shape: Vec<usize>,
    pub values: Vec<f64>,
}

impl Tensor {
    pub fn f64(shape: &[usize], values: Vec<f64>) -> Self {
        assert_eq!(shape.iter().product::<usize>(), values.len());
        Self { shape: shape.to_vec(), values }
    }
}

/// Writes the tensors in this order.
pub fn write(path: &Path, tensors: &[(&str, Tensor)]) {
    let (mut header, mut at) = (Map::new(), 0);
    for (name, t) in tensors {
        let end = at + 8 * t.values.len();
        header.insert((*name).to_owned(), json!({"dtype": "F64", "shape": t.shape, "data_offsets": [at, end]}));
        at = end;
    }
    let header = Value::Object(header).to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    tensors.iter().flat_map(|(_, t)| &t.values).for_each(|x| bytes.extend(x.to_le_bytes()));
    fs::write(path, bytes).unwrap();
}
