//! From a parameter on a device to f64 elements on the host, with as few copies as the backend allows.
//!
//! On flex the training thread only clones the tensor's handle; a worker widens the elements through a view of the
//! tensor's own memory into a pooled buffer. On every other backend one [`Transaction`] reads all tensors of a step, and
//! the worker widens what came back.

use std::sync::{Arc, OnceLock};

use burn::backend::{BackendTensor, DispatchTensor, DispatchTensorKind};
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{DType, Tensor, TensorData, Transaction};
use spectrum_core::{CoreError, Elements, Kind, LayerMatrix, MatrixView, Pool, Precision, StridedView, multiply};

use crate::HookError;
use crate::select::Layer;

/// Where a parameter's elements are while they wait for a worker.
enum Source {
    /// A handle to flex's own memory.
    Flex(Box<DispatchTensor>),
    /// A host copy.
    Host(TensorData),
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Flex(_) => "Flex",
            Self::Host(_) => "Host",
        })
    }
}

/// One matrix of one layer at one step, widened when a worker first asks for it.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// Of each parameter of the layer.
    sources: Vec<Arc<Source>>,
    pub layer: String,
    pub kind: Kind,
    pub step: u64,
    pub view: MatrixView,
    matrix: OnceLock<Result<LayerMatrix, CoreError>>,
}

impl Snapshot {
    /// The matrix, widened once and then shared.
    pub fn matrix(&self, pool: &Pool) -> Result<LayerMatrix, CoreError> {
        self.matrix.get_or_init(|| self.widen(pool)).clone()
    }

    fn widen(&self, pool: &Pool) -> Result<LayerMatrix, CoreError> {
        let (rows, cols) = self.view.shape();
        let mut out = pool.take(rows * cols);
        let precision = match &self.view {
            MatrixView::Window(w) => self.fill(0, w, &mut out),
            MatrixView::Product { left, right, transposed, .. } => {
                let factor = |(at, w): &(usize, StridedView)| {
                    let mut values = vec![0.0; w.rows * w.cols];
                    let precision = self.fill(*at, w, &mut values);
                    (values, precision)
                };
                let ((a, precision), (b, _)) = (factor(left), factor(right));
                multiply(&a, &b, right.1.rows, *transposed, &mut out);
                precision
            }
        };
        let name = self.view.name().to_owned();
        LayerMatrix::new(self.layer.clone(), self.kind, name, self.step, rows, cols, out, precision)
    }

    /// Widens a window of the layer's parameter number `at`.
    fn fill(&self, at: usize, w: &StridedView, out: &mut [f64]) -> Precision {
        match &*self.sources[at] {
            Source::Flex(tensor) => widen_flex(tensor, w, out),
            Source::Host(data) => widen_data(data, w, out),
        }
    }
}

fn widen_flex(tensor: &DispatchTensor, window: &StridedView, out: &mut [f64]) -> Precision {
    if let DispatchTensorKind::Flex(BackendTensor::Float(t)) = &tensor.kind {
        match t.dtype() {
            DType::F32 => {
                if let Some(s) = t.as_slice::<f32>() {
                    window.fill(Elements::F32(s), out);
                    return Precision::F32;
                }
            }
            DType::F64 => {
                if let Some(s) = t.as_slice::<f64>() {
                    window.fill(Elements::F64(s), out);
                    return Precision::F64;
                }
            }
            _ => {}
        }
        // Strided (a transposed gradient, say) or half precision: flex lays it out first.
        return widen_data(&t.clone().into_data(), window, out);
    }
    out.fill(f64::NAN);
    Precision::F32
}

fn widen_data(data: &TensorData, window: &StridedView, out: &mut [f64]) -> Precision {
    if let Ok(s) = data.as_slice::<f32>() {
        window.fill(Elements::F32(s), out);
        return Precision::F32;
    }
    if let Ok(s) = data.as_slice::<f64>() {
        window.fill(Elements::F64(s), out);
        return Precision::F64;
    }
    let precision = if data.dtype() == DType::BF16 { Precision::Bf16 } else { Precision::F16 };
    let wide: Vec<f32> = data.iter::<f32>().collect();
    window.fill(Elements::F32(&wide), out);
    precision
}

/// Collects the tensors of one step; [`Collector::read`] brings them to the host in one go.
#[derive(Default)]
pub(crate) struct Collector {
    transaction: Transaction,
    /// One a parameter: its handle, or nothing where it is in the transaction.
    tensors: Vec<Option<DispatchTensor>>,
    entries: Vec<Entry>,
}

struct Entry {
    layer: usize,
    /// The parameter's number in the layer.
    part: usize,
    kind: Kind,
    step: u64,
    /// Its number among the tensors.
    tensor: usize,
}

/// Parameters of one layer, each with its number in the layer.
type Parts = Vec<(usize, Arc<Source>)>;

/// What one visit takes: weights, or the gradients that belong to them.
enum Take<'a> {
    Weights,
    Gradients(&'a GradientsParams),
}

struct Visit<'a> {
    layers: &'a [Layer],
    take: Take<'a>,
    kind: Kind,
    step: u64,
    stack: Vec<String>,
    into: &'a mut Collector,
}

impl ModuleVisitor for Visit<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.stack.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.stack.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let path = self.stack.join(".");
        let layers = self.layers;
        // The gradient of a product is no product of gradients.
        let wanted = |l: &Layer| self.kind != Kind::Gradient || l.views.iter().any(is_window);
        let of =
            |(k, l): (usize, &Layer)| Some((k, l.parameters.iter().position(|p| *p == path).filter(|_| wanted(l))?));
        let meant: Vec<(usize, usize)> = layers.iter().enumerate().filter_map(of).collect();
        if meant.is_empty() {
            return;
        }
        let tensor = match &self.take {
            Take::Weights => Some(param.val().inner()),
            Take::Gradients(g) => g.get::<D>(param.id),
        };
        // A frozen parameter has no gradient and leaves no row of that kind.
        let Some(tensor) = tensor else { return };
        let tensor = self.into.add(tensor);
        let (kind, step) = (self.kind, self.step);
        let entries = meant.into_iter().map(|(layer, part)| Entry { layer, part, kind, step, tensor });
        self.into.entries.extend(entries);
    }
}

fn is_window(view: &MatrixView) -> bool {
    matches!(view, MatrixView::Window(_))
}

impl Collector {
    /// Takes the selected layers' weights as matrices of `step`.
    pub fn weights<M: Module>(&mut self, model: &M, layers: &[Layer], step: u64) {
        self.visit(model, layers, Take::Weights, Kind::Weight, step);
    }

    /// Takes the selected layers' gradients as matrices of `step`.
    pub fn gradients<M: Module>(&mut self, model: &M, layers: &[Layer], grads: &GradientsParams, step: u64) {
        self.visit(model, layers, Take::Gradients(grads), Kind::Gradient, step);
    }

    fn visit<M: Module>(&mut self, model: &M, layers: &[Layer], take: Take<'_>, kind: Kind, step: u64) {
        let mut visit = Visit { layers, take, kind, step, stack: Vec::new(), into: self };
        model.visit(&mut visit);
    }

    /// Takes a tensor once for all layers that read it, and gives its number.
    fn add<const D: usize>(&mut self, tensor: Tensor<D>) -> usize {
        let dispatch = tensor.clone().into_dispatch();
        let handle = matches!(dispatch.kind, DispatchTensorKind::Flex(_)).then_some(dispatch);
        if handle.is_none() {
            let transaction = std::mem::take(&mut self.transaction);
            self.transaction = transaction.register(tensor);
        }
        self.tensors.push(handle);
        self.tensors.len() - 1
    }

    /// The snapshots, with one read of the device for all that need one.
    pub fn read(self, layers: &[Layer]) -> Result<Vec<(usize, Snapshot)>, HookError> {
        let mut read = if self.tensors.iter().any(Option::is_none) {
            self.transaction.try_execute().map_err(|e| HookError::Device(e.to_string()))?.into_iter()
        } else {
            Vec::new().into_iter()
        };
        let mut sources = Vec::with_capacity(self.tensors.len());
        for handle in self.tensors {
            sources.push(Arc::new(match handle {
                Some(handle) => Source::Flex(Box::new(handle)),
                None => match read.next() {
                    Some(data) => Source::Host(data),
                    None => return Err(HookError::Device("fewer tensors came back than were asked for".into())),
                },
            }));
        }
        // A layer's parameters together, in the order in which the first of them was met.
        let mut together: Vec<(Entry, Parts)> = Vec::new();
        for entry in self.entries {
            let part = (entry.part, sources[entry.tensor].clone());
            let same =
                |(e, _): &&mut (Entry, Vec<_>)| (e.layer, e.kind, e.step) == (entry.layer, entry.kind, entry.step);
            match together.iter_mut().find(same) {
                Some((_, parts)) => parts.push(part),
                None => together.push((entry, vec![part])),
            }
        }
        let mut snapshots = Vec::new();
        for (entry, mut parts) in together {
            let layer = &layers[entry.layer];
            // A parameter without a tensor (frozen, and a gradient was asked for) leaves no matrix of its layer.
            if parts.len() != layer.parameters.len() {
                continue;
            }
            parts.sort_by_key(|(part, _)| *part);
            let sources: Vec<Arc<Source>> = parts.into_iter().map(|(_, source)| source).collect();
            let formed = |v: &&MatrixView| entry.kind != Kind::Gradient || is_window(v);
            snapshots.extend(layer.views.iter().filter(formed).map(|view| {
                let snapshot = Snapshot {
                    sources: sources.clone(),
                    layer: layer.name.clone(),
                    kind: entry.kind,
                    step: entry.step,
                    view: view.clone(),
                    matrix: OnceLock::new(),
                };
                (entry.layer, snapshot)
            }));
        }
        Ok(snapshots)
    }
}
