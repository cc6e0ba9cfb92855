//! A small network of Burn's own layers, a sink that keeps its rows, and host copies to compare with.
#![allow(dead_code, clippy::unwrap_used)]

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{DType, Device, Tensor, TensorData, activation};
use spectrum_core::{Kind, References, Sink, SinkError, SpectrumRow, StepRows};
use spectrum_hook::{Hook, HookOptions, default_rules};

/// Input, hidden and output widths: all different, so that no orientation is another's by chance.
pub const SHAPE: [usize; 3] = [7, 12, 5];
pub const SAMPLES: usize = 16;
pub const ALL: [Kind; 4] = [Kind::Weight, Kind::Displacement, Kind::Update, Kind::Gradient];

#[derive(Module, Debug)]
pub struct Net {
    pub first: Linear,
    pub second: Linear,
}

#[allow(deprecated)]
pub fn ndarray() -> Device {
    Device::ndarray()
}

/// Irregular numbers in (-1, 1): the fractional parts of sin times a large number.
pub fn noise(phase: f64, n: usize) -> Vec<f64> {
    (0..n).map(|i| ((i as f64 * 12.9898 + phase).sin() * 43758.5453).fract()).collect()
}

pub fn tensor<const D: usize>(device: &Device, dtype: DType, phase: f64, shape: [usize; D]) -> Tensor<D> {
    let data = noise(phase, shape.iter().product());
    Tensor::from_data(TensorData::new(data, shape).convert_dtype(dtype), (device, dtype))
}

fn linear(device: &Device, dtype: DType, phase: f64, inputs: usize, outputs: usize) -> Linear {
    Linear {
        weight: Param::from_tensor(tensor(device, dtype, phase, [inputs, outputs])),
        bias: Some(Param::from_tensor(tensor(device, dtype, phase + 0.5, [outputs]))),
    }
}

impl Net {
    pub fn new(device: &Device, dtype: DType) -> Self {
        let device = device.clone().autodiff();
        let [d, h, o] = SHAPE;
        Self { first: linear(&device, dtype, 1.0, d, h), second: linear(&device, dtype, 2.0, h, o) }
    }

    pub fn loss(&self, x: Tensor<2>, y: Tensor<2>) -> Tensor<1> {
        (self.second.forward(activation::tanh(self.first.forward(x))) - y).square().mean()
    }
}

/// What a loop needs beside the model.
pub struct Task {
    pub x: Tensor<2>,
    pub y: Tensor<2>,
    pub optimizer: ModuleOptimizer,
}

impl Task {
    pub fn new(device: &Device, dtype: DType) -> Self {
        let device = device.clone().autodiff();
        Self {
            x: tensor(&device, dtype, 3.0, [SAMPLES, SHAPE[0]]),
            y: tensor(&device, dtype, 4.0, [SAMPLES, SHAPE[2]]),
            // Without momentum a step depends on the weights alone, so a run can go on from a copy of them.
            optimizer: SgdConfig::new().init(),
        }
    }

    pub fn flex() -> (Net, Self) {
        (Net::new(&Device::flex(), DType::F64), Self::new(&Device::flex(), DType::F64))
    }

    pub fn grads(&self, model: &Net) -> GradientsParams {
        GradientsParams::from_grads(model.loss(self.x.clone(), self.y.clone()).backward(), model)
    }

    /// One step of gradient descent with the hook around it.
    pub fn step(&mut self, hook: &Hook, model: Net) -> Result<Net, spectrum_hook::HookError> {
        let grads = self.grads(&model);
        hook.around(model, grads, |model, grads| self.optimizer.step(0.3, model, grads))
    }
}

/// Keeps all rows.
#[derive(Clone, Default)]
pub struct Collect(pub Arc<Mutex<Vec<StepRows>>>);

impl Collect {
    pub fn rows(&self) -> Vec<StepRows> {
        self.0.lock().unwrap().clone()
    }

    pub fn spectra(&self) -> Vec<SpectrumRow> {
        self.rows().into_iter().flat_map(|r| r.spectra).collect()
    }
}

impl Sink for Collect {
    fn step(&mut self, rows: &StepRows) -> Result<(), SinkError> {
        self.0.lock().unwrap().push(rows.clone());
        Ok(())
    }
}

/// Takes steps below `.0`, refuses the rest.
pub struct Refuse(pub u64);

impl Sink for Refuse {
    fn step(&mut self, rows: &StepRows) -> Result<(), SinkError> {
        if rows.step < self.0 { Ok(()) } else { Err(SinkError("no space left".into())) }
    }
}

pub fn options() -> HookOptions {
    HookOptions { kinds: ALL.to_vec(), workers: 1, ..HookOptions::default() }
}

pub fn attach(model: &Net, options: &HookOptions, sink: impl Sink + 'static) -> Hook {
    Hook::attach(model, &default_rules(model), options, References::default(), Box::new(sink)).unwrap()
}

/// Runs `steps` steps on flex in f64 and gives back all rows.
pub fn rows_of(steps: usize, options: &HookOptions) -> Vec<StepRows> {
    let (mut model, mut task) = Task::flex();
    let sink = Collect::default();
    let hook = attach(&model, options, sink.clone());
    for _ in 0..steps {
        model = task.step(&hook, model).unwrap();
    }
    hook.finish().unwrap();
    sink.rows()
}

/// The elements of a tensor, row-major, in f64.
pub fn host<const D: usize>(t: Tensor<D>) -> Vec<f64> {
    t.into_data().iter::<f64>().collect()
}

/// Fails instead of hanging when `body` does not come back.
pub fn within<T: Send + 'static>(seconds: u64, body: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, wait) = channel();
    let thread = std::thread::spawn(move || {
        let _ = done.send(body());
    });
    match wait.recv_timeout(Duration::from_secs(seconds)) {
        Ok(value) => value,
        Err(RecvTimeoutError::Timeout) => panic!("still waiting after {seconds} s"),
        // The body panicked: pass its words on.
        Err(RecvTimeoutError::Disconnected) => match thread.join() {
            Err(words) => std::panic::resume_unwind(words),
            Ok(()) => unreachable!("the thread ended without a word"),
        },
    }
}
