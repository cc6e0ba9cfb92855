//! Tensors as host arrays.

use burn::tensor::Tensor;

/// Elements in f64, row-major: n x k comes back as k x n column-major, one sample a column.
pub(crate) fn host<const D: usize>(t: Tensor<D>) -> Vec<f64> {
    let data = t.without_autodiff().into_data();
    if let Ok(s) = data.as_slice::<f32>() {
        return s.iter().map(|x| f64::from(*x)).collect();
    }
    match data.as_slice::<f64>() {
        Ok(s) => s.to_vec(),
        Err(_) => data.iter::<f64>().collect(),
    }
}

/// Ranges of at most `block` samples that cover 0..n.
pub(crate) fn blocks(n: usize, block: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let block = block.max(1);
    (0..n).step_by(block).map(move |from| from..(from + block).min(n))
}
