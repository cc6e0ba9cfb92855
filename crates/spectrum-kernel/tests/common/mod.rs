//! The recorded networks, and the check of one of them.
#![allow(dead_code, clippy::unwrap_used)]

use burn::module::{ModuleMapper, Param};
use burn::tensor::{Device, Tensor};
use serde_json::Value;
use spectrum_core::Precision;
use spectrum_kernel::{Outputs, Settings, conjugate_kernels, tangent_kernel, tangent_kernel_by_samples};
use spectrum_models::{
    ActivationKind, ConvNet, ConvNetConfig, InitRule, InputScale, Mlp, MlpConfig, Network, Parametrization, Place,
    Scaling, TwoLayer, TwoLayerConfig, freeze_except,
};

const TEXT: &str = include_str!("../../../../experiments/parity/ntk.json");

/// Every CPU backend in both precisions.
#[allow(deprecated)]
pub fn places() -> Vec<Place> {
    let both = [Precision::F64, Precision::F32];
    both.into_iter().flat_map(|p| [Place::new(Device::flex(), p), Place::new(Device::ndarray(), p)]).collect()
}

fn numbers(v: &Value) -> Vec<f64> {
    v["values"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn sizes(v: &Value) -> Vec<usize> {
    v.as_array().unwrap().iter().map(|x| x.as_u64().unwrap() as usize).collect()
}

fn size(v: &Value) -> usize {
    v.as_u64().unwrap() as usize
}

fn activation(c: &Value) -> ActivationKind {
    ActivationKind::ALL.into_iter().find(|a| c["activation"] == a.as_str()).unwrap()
}

/// Puts the recorded weights, in PyTorch's layout, in place of the drawn ones.
struct Load<'a> {
    weights: &'a Value,
    place: &'a Place,
    stack: Vec<String>,
}

impl ModuleMapper for Load<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.stack.push(name.to_owned());
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.stack.pop();
    }
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let found = &self.weights[self.stack.join(".")];
        let (values, shape) = (numbers(found), sizes(&found["shape"]));
        let dims = param.val().dims().to_vec();
        let values = if let [inputs, outputs] = dims[..] {
            assert_eq!(shape, [outputs, inputs]);
            (0..values.len()).map(|k| values[(k % outputs) * inputs + k / outputs]).collect()
        } else {
            assert_eq!(shape, dims);
            values
        };
        let tensor = self.place.upload_to::<D>(&self.place.recording(), &values, dims);
        param.map(|_| tensor.require_grad())
    }
}

fn inputs(case: &Value, place: &Place) -> Tensor<2> {
    let n = size(&case["config"]["samples"]);
    let values = numbers(&case["inputs"]);
    place.upload(&values, [n, values.len() / n])
}

/// Largest difference, relative to the largest entry.
pub fn gap(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let top = expected.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    found.iter().zip(expected).fold(0.0f64, |m, (a, b)| m.max((a - b).abs())) / top
}

fn tolerance(place: &Place) -> f64 {
    if place.precision == Precision::F64 { 1e-10 } else { 1e-5 }
}

/// Conjugate kernels, tangent kernels of every recorded choice, and the slow way, of one network on one place.
fn check<M: Network>(model: M, case: &Value, place: &Place) {
    let model = model.map(&mut Load { weights: &case["weights"], place, stack: Vec::new() });
    let name = case["name"].as_str().unwrap();
    let prepared = model.prepare(inputs(case, place));
    let n = prepared.dims()[0];
    let outputs: Vec<f64> = model.valid().forward(prepared.clone()).into_data().iter::<f64>().collect();
    let off = gap(&outputs, &numbers(&case["outputs"]));
    assert!(off < tolerance(place), "{name}: outputs {off:e} on {place:?}");
    // Two blocks, so that their seam is tested.
    let settings = Settings { block: 4, threads: 2 };
    let found = conjugate_kernels(&model, &prepared, &settings).unwrap();
    let recorded: Vec<&Value> = case["ck"].as_array().unwrap().iter().collect();
    let conv = case["config"]["model"] == "conv";
    let expected: Vec<&Value> = recorded.into_iter().filter(|k| !conv || k["at"] == "pooled").collect();
    assert_eq!(found.len(), expected.len(), "{name}");
    for (k, e) in found.iter().zip(expected) {
        assert_eq!(e["layer"], k.layer.as_str());
        assert_eq!(size(&e["features"]), if conv { k.features } else { size(&e["features"]) });
        let gap = gap(&k.kernel, &numbers(e));
        assert!(gap < tolerance(place), "{name}, {}: {gap:e} on {place:?}", k.layer);
    }
    for e in case["ntk"].as_array().unwrap() {
        let names: Vec<String> =
            e["parameters"].as_array().unwrap().iter().map(|p| p.as_str().unwrap().to_owned()).collect();
        let outputs = e["outputs"].as_u64().map_or(Outputs::Trace, |k| Outputs::One(k as usize));
        let part = freeze_except(model.clone(), &names).unwrap();
        let fast = tangent_kernel(&part, &prepared, outputs, &settings).unwrap();
        let fast_gap = gap(&fast, &numbers(e));
        assert!(fast_gap < tolerance(place), "{name}, {names:?}: {fast_gap:e} on {place:?}");
        let slow =
            tangent_kernel_by_samples(&part, n, outputs, |m, i| m.forward(prepared.clone().autodiff().narrow(0, i, 1)));
        let slow_gap = gap(&fast, &slow.unwrap());
        assert!(slow_gap < tolerance(place), "{name}, {names:?}: {slow_gap:e} between the two ways on {place:?}");
    }
}

/// Every recorded network on these places.
pub fn kernels_agree_with_pytorch(places: &[Place]) {
    let file: Value = serde_json::from_str(TEXT).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() >= 20);
    for case in cases {
        let c = &case["config"];
        let (activation, normalized) = (activation(c), c["normalized"].as_bool().unwrap());
        for place in places {
            match c["model"].as_str().unwrap() {
                "two-layer" => {
                    let scaling = if c["scaling"] == "ntk" { Scaling::Ntk } else { Scaling::MeanField };
                    let (inputs, width) = (size(&c["inputs"]), size(&c["width"]));
                    let config = TwoLayerConfig {
                        inputs,
                        width,
                        activation,
                        normalized,
                        scaling,
                        input_scale: InputScale::SqrtD,
                        hidden_std: 1.0,
                    };
                    check(TwoLayer::new(&config, place, &mut 1u64).unwrap(), case, place);
                }
                "mlp" => {
                    let config = MlpConfig {
                        inputs: size(&c["inputs"]),
                        hidden: sizes(&c["hidden"]),
                        outputs: size(&c["outputs"]),
                        activation,
                        normalized,
                        bias: c["bias"].as_bool().unwrap(),
                        init: InitRule::He,
                        parametrization: Parametrization::Standard,
                    };
                    check(Mlp::new(&config, place, &mut 1u64).unwrap(), case, place);
                }
                _ => {
                    let image = sizes(&c["inputs"]);
                    let config = ConvNetConfig {
                        image: [image[0], image[1], image[2]],
                        channels: sizes(&c["channels"]),
                        kernel: 3,
                        outputs: size(&c["outputs"]),
                        activation,
                        normalized,
                        bias: c["bias"].as_bool().unwrap(),
                        init: InitRule::He,
                    };
                    check(ConvNet::new(&config, place, &mut 1u64).unwrap(), case, place);
                }
            }
        }
    }
}
