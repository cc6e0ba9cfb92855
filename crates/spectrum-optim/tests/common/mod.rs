//! Two small models, their gradients, and access to their weights. Matrices are inputs x outputs as in our models, the
//! transposes of PyTorch's; `values` gives PyTorch's order.
#![allow(dead_code, clippy::unwrap_used)]

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{DType, Device, Tensor, TensorData};

pub fn flex() -> Device {
    Device::flex().autodiff()
}

#[allow(deprecated)]
pub fn ndarray() -> Device {
    Device::ndarray().autodiff()
}

/// sin(rate i + phase) for each entry.
pub fn wave<const D: usize>(shape: [usize; D], rate: f64, phase: f64, device: &Device, dtype: DType) -> Tensor<D> {
    let n: usize = shape.iter().product();
    let data: Vec<f64> = (0..n).map(|i| (rate * i as f64 + phase).sin()).collect();
    Tensor::from_data(TensorData::new(data, shape), (device, dtype))
}

/// The transpose of `wave` for a weight of PyTorch's shape [outputs, inputs], row-major.
pub fn weight([outputs, inputs]: [usize; 2], rate: f64, phase: f64, device: &Device, dtype: DType) -> Tensor<2> {
    let data: Vec<f64> = (0..inputs * outputs)
        .map(|k| (k % outputs * inputs + k / outputs) as f64)
        .map(|i| (rate * i + phase).sin())
        .collect();
    Tensor::from_data(TensorData::new(data, [inputs, outputs]), (device, dtype))
}

/// A matrix's entries in the order of its transpose; anything else as it is.
pub fn torch_order(data: &TensorData) -> Vec<f64> {
    let values: Vec<f64> = data.iter::<f64>().collect();
    let shape = data.shape().to_vec();
    let [rows, cols] = shape[..] else { return values };
    (0..rows * cols).map(|k| values[k % rows * cols + k / rows]).collect()
}

pub fn param<const D: usize>(tensor: Tensor<D>) -> Param<Tensor<D>> {
    Param::from_tensor(tensor)
}

/// Parameters of the polynomial problem.
#[derive(Module, Debug)]
pub struct Polynomial {
    pub tall: Param<Tensor<2>>,
    pub wide: Param<Tensor<2>>,
    pub bias: Param<Tensor<1>>,
}

impl Polynomial {
    pub fn new(device: &Device, dtype: DType) -> Self {
        Self {
            tall: param(weight([5, 3], 0.73, 0.0, device, dtype)),
            wide: param(weight([2, 4], 0.73, 0.4, device, dtype)),
            bias: param(wave([3], 0.73, 0.8, device, dtype)),
        }
    }

    /// a w + 0.3 w^3 - b, evaluated here and not by Burn, where the entry's index is PyTorch's.
    pub fn gradients(&self) -> GradientsParams {
        fn one<const D: usize>(p: &Param<Tensor<D>>, k: usize, out: &mut GradientsParams) {
            let w = p.val().inner();
            // The number of an entry in PyTorch's order.
            let place = |k: usize| match w.dims()[..] {
                [inputs, outputs] => k % outputs * inputs + k / outputs,
                _ => k,
            };
            let values: Vec<f64> = (w.to_data().iter::<f64>().enumerate())
                .map(|(i, w)| {
                    let i = place(i) as f64;
                    (1.0 + 0.5 * (0.9 * i).cos()) * w + 0.3 * (w * w * w) - (1.3 * i + k as f64).sin()
                })
                .collect();
            let data = TensorData::new(values, w.shape());
            out.register(p.id, Tensor::<D>::from_data(data, (&w.device(), w.dtype())));
        }
        let mut out = GradientsParams::new();
        one(&self.tall, 0, &mut out);
        one(&self.wide, 1, &mut out);
        one(&self.bias, 2, &mut out);
        out
    }
}

/// mean((tanh(x A^T + c) B^T - y)^2).
#[derive(Module, Debug)]
pub struct Network {
    pub a: Param<Tensor<2>>,
    pub c: Param<Tensor<1>>,
    pub b: Param<Tensor<2>>,
}

impl Network {
    pub fn new(device: &Device, dtype: DType) -> Self {
        Self {
            a: param(weight([5, 4], 0.73, 0.5, device, dtype) * 0.8),
            c: param(wave([5], 0.73, 1.5, device, dtype) * 0.8),
            b: param(weight([2, 5], 0.73, 2.5, device, dtype) * 0.8),
        }
    }

    /// Large enough that matrix products are cut into blocks.
    pub fn large(device: &Device, dtype: DType) -> Self {
        Self {
            a: param(weight([96, 70], 0.73, 0.5, device, dtype) * 0.2),
            c: param(wave([96], 0.73, 1.5, device, dtype) * 0.8),
            b: param(weight([33, 96], 0.73, 2.5, device, dtype) * 0.2),
        }
    }

    pub fn gradients(&self) -> GradientsParams {
        let (device, dtype) = (self.a.val().device(), self.a.val().dtype());
        let ([inputs, _], [_, outputs]) = (self.a.val().dims(), self.b.val().dims());
        let samples = inputs + 2;
        let x = wave([samples, inputs], 1.1, 0.2, &device, dtype);
        let y = wave([samples, outputs], 0.6, 1.0, &device, dtype);
        // Transposed products, so that the matrices' gradients arrive as views that are not row-major.
        let product = |x: Tensor<2>, w: &Param<Tensor<2>>| w.val().transpose().matmul(x.transpose()).transpose();
        let hidden = (product(x, &self.a) + self.c.val().unsqueeze()).tanh();
        let error = product(hidden, &self.b) - y;
        GradientsParams::from_grads((error.clone() * error).mean().backward(), self)
    }

    pub fn train(mut self, steps: usize, lr: f64, optimizer: &mut ModuleOptimizer) -> Self {
        for _ in 0..steps {
            let grads = self.gradients();
            self = optimizer.step(lr, self, grads);
        }
        self
    }
}

/// All parameters in the order of their declaration, with their dtypes and bytes.
pub fn parameters<M: Module>(model: &M) -> Vec<TensorData> {
    struct All(Vec<TensorData>);
    impl ModuleVisitor for All {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.push(param.val().into_data());
        }
    }
    let mut all = All(Vec::new());
    model.visit(&mut all);
    all.0
}

pub fn values<M: Module>(model: &M) -> Vec<f64> {
    parameters(model).iter().flat_map(torch_order).collect()
}

pub fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
}
