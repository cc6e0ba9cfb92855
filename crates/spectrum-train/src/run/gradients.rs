//! Where a gradient has low rank: its terms for a two-layer network on spiked data, and the means of each layer's two sides.

use std::borrow::Cow;
use std::sync::Arc;

use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use spectrum_core::{Kind, MatrixId, Reason, Route, StepRows};
use spectrum_data::{Dataset, SpikedParts, Targets};
use spectrum_hook::Task;
use spectrum_linalg::Plan;
use spectrum_measure::gradient::{
    self, Beside, Decomposer, Erf, LayerGradient, Loss, MeanDerivative, NearLinear, Relu, Sigmoid, Softplus,
    SpikedInputs, Tanh, layer_gradient,
};
use spectrum_models::{Activation, ActivationKind, Network, SitePlace, Taps, TwoLayer, parameter, parameter_id};

use crate::config::LossKind;
use crate::loss::loss;
use crate::tensors::host;

/// The layer whose gradient has terms.
pub(super) const LAYER: &str = "hidden.weight";

/// An activation on numbers: (sigma - shift) * scale.
#[derive(Debug)]
struct Host {
    plain: Box<dyn gradient::Activation>,
    shift: f64,
    scale: f64,
}

impl gradient::Activation for Host {
    fn value(&self, u: f64) -> f64 {
        (self.plain.value(u) - self.shift) * self.scale
    }
    fn derivative(&self, u: f64) -> f64 {
        self.plain.derivative(u) * self.scale
    }
    fn second(&self, u: f64) -> f64 {
        self.plain.second(u) * self.scale
    }
    fn mean_derivative(&self, variance: f64) -> f64 {
        self.plain.mean_derivative(variance) * self.scale
    }
}

fn on_host(a: Activation) -> Host {
    let plain: Box<dyn gradient::Activation> = match a.kind {
        ActivationKind::Relu => Box::new(Relu),
        ActivationKind::Tanh => Box::new(Tanh),
        ActivationKind::Erf => Box::new(Erf { scale: 1.0 }),
        ActivationKind::ErfGaussian => Box::new(Erf { scale: std::f64::consts::FRAC_1_SQRT_2 }),
        ActivationKind::Sigmoid => Box::new(Sigmoid),
        ActivationKind::Softplus => Box::new(Softplus),
        ActivationKind::NearLinear => Box::new(NearLinear::default()),
        kind => Box::new(gradient::Custom {
            value: move |u| kind.at(u),
            derivative: move |u| kind.derivative_at(u),
            second: move |u| kind.second_derivative_at(u),
        }),
    };
    Host { plain, shift: a.shift, scale: a.scale }
}

/// Everything that the decompositions of a run share.
pub(super) struct Terms {
    parts: SpikedParts,
    targets: Vec<f64>,
    loss: Loss,
    activation: Host,
    output_scale: f64,
    input_scale: f64,
}

/// What a step saw, whose gradient is decomposed.
pub(super) struct Seen {
    /// The gradient of the loss alone, by autodiff, at the inputs that the recorded gradient saw.
    pub gradient: Option<Tensor<2>>,
    /// The recorded gradient, where it holds more than that.
    pub recorded: Option<Tensor<2>>,
    /// Noise in the inputs that the recorded gradient saw: tau, and tau xi for each input.
    pub noise: Option<(f64, Arc<Vec<f64>>)>,
}

impl Terms {
    /// `None` for data without spikes, or a loss or model that has no terms.
    pub fn new<M: Network>(
        parts: Option<&SpikedParts>,
        train: &Dataset,
        kind: LossKind,
        model: &M,
    ) -> Option<Arc<Self>> {
        let net = (model as &dyn std::any::Any).downcast_ref::<TwoLayer>()?;
        let Targets::Values(targets) = &train.targets else { return None };
        let loss = match kind {
            LossKind::Mse => Loss::SquaredError,
            LossKind::HalfMse => Loss::HalfSquaredError,
            LossKind::Logistic => Loss::Logistic,
            LossKind::CrossEntropy => return None,
        };
        Some(Arc::new(Self {
            parts: parts?.clone(),
            targets: targets.clone(),
            loss,
            activation: on_host(net.activation()),
            output_scale: net.scale(),
            input_scale: net.input_factor(),
        }))
    }

    /// The terms of the gradient at `model`, which is recorded at `step`.
    pub fn task<M: Network>(self: &Arc<Self>, model: &M, seen: Seen, step: u64) -> Task {
        let (all, model) = (self.clone(), model.clone());
        Box::new(move |plan| {
            let mut rows = StepRows::new(step);
            let id = MatrixId { step, layer: LAYER.into(), kind: Kind::Gradient, view: "matrix".into() };
            // Stored input x output row by row, which is output x input column by column.
            let found = parameter(&model, LAYER).zip(parameter(&model, "readout.weight"));
            let Some(((weight, _), (readout, _))) = found else { return rows };
            let network = gradient::TwoLayer {
                weight: &weight,
                readout: &readout,
                output_scale: all.output_scale,
                input_scale: all.input_scale,
                activation: &all.activation,
            };
            let p = &all.parts;
            // Noise joins the bulk: its covariance is that of the bulk plus tau^2.
            let (bulk, eigenvalues) = match &seen.noise {
                Some((tau, draws)) => (
                    Cow::Owned(p.bulk.iter().zip(draws.iter()).map(|(b, xi)| b + xi).collect()),
                    p.bulk_eigenvalues.as_ref().map(|e| Cow::Owned(e.iter().map(|e| e + tau * tau).collect())),
                ),
                None => (Cow::Borrowed(&p.bulk), p.bulk_eigenvalues.as_ref().map(Cow::Borrowed)),
            };
            let inputs =
                SpikedInputs { n: p.n, d: p.dim, bulk: &bulk, z: &p.z, q: &p.q, zeta: &p.zeta, targets: &all.targets };
            let mean = eigenvalues.as_deref().map_or(MeanDerivative::Empirical, |e| MeanDerivative::Population(e));
            let parts = Decomposer::new()
                .decompose(&network, &inputs, all.loss, mean)
                .map_err(|e| Reason::NotComputed(e.to_string()));
            let [gradient, recorded] = [seen.gradient, seen.recorded].map(|g| g.map(host));
            let beside = Beside { gradient: gradient.as_deref(), recorded: recorded.as_deref(), weight: Some(&weight) };
            gradient::measure(&id, parts.as_ref(), beside, plan, &mut rows);
            rows
        })
    }
}

/// The gradient of one layer with the means of its sides.
struct Layer {
    path: String,
    view: &'static str,
    rows: usize,
    cols: usize,
    /// Column-major.
    gradient: Vec<f64>,
    mean_input: Vec<f64>,
    mean_signal: Vec<f64>,
}

/// Mean over the first axis of n x k numbers, row-major.
fn mean(values: &[f64], n: usize) -> Vec<f64> {
    let mut out = vec![0.0; values.len() / n.max(1)];
    for row in values.chunks_exact(out.len().max(1)) {
        out.iter_mut().zip(row).for_each(|(o, v)| *o += v / n as f64);
    }
    out
}

/// What a convolution sees of a mean image, averaged over its places: patches are linear in the image.
fn mean_patch(image: &[f64], [channels, h, w]: [usize; 3], kernel: [usize; 2], padding: [usize; 2]) -> Vec<f64> {
    let mut out = Vec::with_capacity(channels * kernel[0] * kernel[1]);
    for plane in image.chunks_exact(h * w).take(channels) {
        for i in 0..kernel[0] {
            for j in 0..kernel[1] {
                // Rows and columns of the image that this place of the kernel meets.
                let meets = |size: usize, at: usize, pad: usize| {
                    at.saturating_sub(pad)..(size + at).saturating_sub(pad).min(size)
                };
                let rows = meets(h, i, padding[0]);
                let sum: f64 = rows.map(|y| plane[y * w..][meets(w, j, padding[1])].iter().sum::<f64>()).sum();
                out.push(sum / (h * w) as f64);
            }
        }
    }
    out
}

/// The layers of a model with the means of their inputs and signals for the loss on prepared inputs.
fn layers<M: Network>(model: &M, x: Tensor<2>, y: Tensor<2>, kind: LossKind) -> Vec<Layer> {
    let mut taps = Taps::Leaves(Vec::new());
    let outputs = model.forward_tapped(x, &mut taps);
    let mut gradients = loss(kind, outputs, y).backward();
    let parameters = GradientsParams::from_module(&mut gradients, model);
    let rules = model.rules();
    let mut found = Vec::new();
    for site in taps.into_sites() {
        let path = format!("{}.weight", site.path);
        let Some(id) = parameter_id(model, &path) else { continue };
        // As the hook names the layer's one matrix.
        let view = rules.iter().find(|r| r.name == path).map_or("matrix", |r| r.view.as_str());
        match site.place {
            SitePlace::Dense { input, zero } => {
                // Positions of a sequence are rows like samples.
                let n = input.dims()[0];
                let signal = zero.and_then(|z| z.grad(&gradients)).map(host);
                let (Some(signal), Some(g)) = (signal, parameters.get::<2>(id)) else { continue };
                let [cols, rows] = g.dims();
                let (mean_input, mean_signal) = (mean(&host(input), n), mean(&signal, n));
                found.push(Layer { path, view, rows, cols, gradient: host(g), mean_input, mean_signal });
            }
            SitePlace::Conv { input, zero, kernel, padding } => {
                let signal = zero.and_then(|z| z.grad(&gradients)).map(host);
                let (Some(signal), Some(g)) = (signal, parameters.get::<4>(id)) else { continue };
                let [outputs, inputs, kh, kw] = g.dims();
                let [n, c, h, w] = input.dims();
                let (rows, cols) = (outputs, inputs * kh * kw);
                let flat = host(g);
                let gradient = (0..rows * cols).map(|k| flat[(k % rows) * cols + k / rows]).collect();
                let mean_input = mean_patch(&mean(&host(input), n), [c, h, w], kernel, padding);
                let maps = mean(&signal, n);
                let mean_signal = maps.chunks_exact(h * w).map(|m| m.iter().sum::<f64>() / (h * w) as f64).collect();
                found.push(Layer { path, view, rows, cols, gradient, mean_input, mean_signal });
            }
        }
    }
    found
}

/// The low rank of every layer's gradient at `model`, recorded at `step`.
pub(super) fn means<M: Network>(model: &M, x: &Tensor<2>, y: &Tensor<2>, kind: LossKind, step: u64) -> Task {
    let (model, x, y) = (model.clone(), x.clone(), y.clone());
    Box::new(move |plan: &mut Plan| {
        let mut out = StepRows::new(step);
        for l in layers(&model, x, y, kind) {
            let id = MatrixId { step, layer: l.path, kind: Kind::Gradient, view: l.view.into() };
            let spectrum = plan.spectrum_of(&l.gradient, l.rows, l.cols, Route::Gram, 3).map_err(Reason::from);
            let sample = LayerGradient {
                id: &id,
                spectrum: spectrum.as_ref(),
                matrix: None,
                mean_input: Ok(&l.mean_input),
                mean_signal: Ok(&l.mean_signal),
            };
            layer_gradient(&sample, &mut out);
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectrum_measure::gradient::Activation as _;

    /// A 3 x 3 kernel with padding 1 on a 2 x 3 image: the mean over the six places of what each kernel entry meets, by hand.
    #[test]
    fn a_mean_patch_counts_the_border_as_zeros() {
        let image = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let found = mean_patch(&image, [1, 2, 3], [3, 3], [1, 1]);
        let sums = [3.0, 6.0, 5.0, 12.0, 21.0, 16.0, 9.0, 15.0, 11.0];
        for (f, s) in found.iter().zip(sums) {
            assert!((f - s / 6.0).abs() < 1e-15, "{found:?}");
        }
        assert_eq!(mean(&[1.0, 2.0, 3.0, 4.0], 2), [2.0, 3.0]);
    }

    #[test]
    fn activations_on_the_host_are_the_models() {
        for kind in ActivationKind::ALL {
            for a in [Activation::plain(kind), Activation::normalized(kind)] {
                let h = on_host(a);
                for u in [-1.7, -0.3, 0.6, 2.1] {
                    assert!((h.value(u) - (kind.at(u) - a.shift) * a.scale).abs() < 1e-13, "{kind:?} at {u}");
                    assert!((h.derivative(u) - kind.derivative_at(u) * a.scale).abs() < 1e-13, "{kind:?} at {u}");
                    assert!((h.second(u) - kind.second_derivative_at(u) * a.scale).abs() < 1e-13, "{kind:?} at {u}");
                }
            }
        }
    }
}
