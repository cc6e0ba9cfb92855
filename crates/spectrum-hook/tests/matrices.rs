//! The recorded spectra are those of the matrices that training really went through.
//!
//! Every row keeps all singular pairs, so that U S V^T gives the matrix back: it is compared entry by entry with host
//! copies of the parameters, which fixes values, orientation (output x input), kinds and step numbers at once.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;

use burn::module::{Module, ParamGroup};
use burn::nn::conv::Conv2dConfig;
use burn::nn::{LinearConfig, LinearLayout};
use burn::tensor::{DType, Device};
use common::{Collect, Net, SHAPE, Task, attach, host, ndarray, options};
use spectrum_core::{Kind, LayerRule, Order, References, Route, Spectrum, SpectrumRow, View};
use spectrum_hook::{Hook, HookOptions, default_rules};
use spectrum_linalg::Plan;

/// Output x input, as rows of outputs.
type Matrix = Vec<Vec<f64>>;

/// Burn stores input x output, row-major: entry (o, i) of the field's matrix is at `i * outputs + o`.
fn transposed(data: &[f64], inputs: usize, outputs: usize) -> Matrix {
    (0..outputs).map(|o| (0..inputs).map(|i| data[i * outputs + o]).collect()).collect()
}

fn minus(a: &Matrix, b: &Matrix) -> Matrix {
    a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a - b).collect()).collect()
}

fn assert_spectrum_of(expected: &Matrix, s: &Spectrum, what: &str) {
    let (rows, cols) = (expected.len(), expected[0].len());
    assert_eq!((s.rows, s.cols), (rows, cols), "{what}");
    let (u, v) = (s.left.as_ref().unwrap(), s.right.as_ref().unwrap());
    assert_eq!((u.len, v.len), (rows, cols), "{what}");
    assert_eq!((s.singular_values.len(), u.count), (rows.min(cols), rows.min(cols)), "{what}");
    for (i, row) in expected.iter().enumerate() {
        for (j, &entry) in row.iter().enumerate() {
            let sum: f64 = (0..u.count).map(|k| s.singular_values[k] * u.column(k)[i] * v.column(k)[j]).sum();
            assert!((sum - entry).abs() <= 1e-13 * s.top(), "{what} ({i}, {j}): {sum} for {entry}");
        }
    }
    // The same numbers to the last bit as the same route finds for the host copy.
    let column_major: Vec<f64> = (0..cols).flat_map(|j| expected.iter().map(move |row| row[j])).collect();
    let direct = Plan::new().spectrum_of(&column_major, rows, cols, s.route, rows.min(cols)).unwrap();
    assert_eq!(*s, direct, "{what}");
}

fn everything() -> HookOptions {
    HookOptions { route: Route::Vectors, vectors: 0, ..options() }
}

/// W_t and the gradient at W_t of one parameter.
#[derive(Default)]
struct History {
    weights: Vec<Matrix>,
    gradients: Vec<Option<Matrix>>,
}

/// Trains for three steps with the hook and beside it keeps what the host sees.
fn train(device: &Device, dtype: DType, frozen: bool) -> (BTreeMap<&'static str, History>, Vec<SpectrumRow>) {
    let (mut model, mut task) = (Net::new(device, dtype), Task::new(device, dtype));
    if frozen {
        let first = ParamGroup::from_ids(vec![model.first.weight.id]);
        model = model.freeze_group(first);
    }
    let sink = Collect::default();
    let hook = attach(&model, &everything(), sink.clone());
    let mut seen = BTreeMap::<_, History>::new();
    let [d, h, o] = SHAPE;
    for t in 0..=3 {
        let grads = task.grads(&model);
        for (name, layer, i, o) in [("first.weight", &model.first, d, h), ("second.weight", &model.second, h, o)] {
            let history = seen.entry(name).or_default();
            history.weights.push(transposed(&host(layer.weight.val()), i, o));
            history.gradients.push(grads.get::<2>(layer.weight.id).map(|g| transposed(&host(g), i, o)));
        }
        if t < 3 {
            model = task.step(&hook, model).unwrap();
        }
    }
    hook.finish().unwrap();
    (seen, sink.spectra())
}

fn check(device: &Device, dtype: DType, frozen: bool) {
    let (seen, spectra) = train(device, dtype, frozen);
    let mut expected = BTreeMap::new();
    for (layer, history) in &seen {
        let w = &history.weights;
        let trains = !(frozen && *layer == "first.weight");
        for t in 0..w.len() {
            expected.insert((t as u64, *layer, Kind::Weight), w[t].clone());
            if t > 0 {
                expected.insert((t as u64, *layer, Kind::Displacement), minus(&w[t], &w[0]));
                expected.insert((t as u64, *layer, Kind::Update), minus(&w[t], &w[t - 1]));
                // The gradient of row t was taken at W_{t-1}.
                assert_eq!(history.gradients[t - 1].is_some(), trains);
                if let Some(g) = &history.gradients[t - 1] {
                    expected.insert((t as u64, *layer, Kind::Gradient), g.clone());
                }
            }
        }
    }
    let found: Vec<_> = spectra.iter().map(|s| (s.id.step, s.id.layer.as_str(), s.id.kind)).collect();
    let mut sorted = found.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected.keys().copied().collect::<Vec<_>>());
    for (row, key) in spectra.iter().zip(found) {
        assert_eq!(row.id.view, "matrix");
        let matrix = &expected[&key];
        if matrix.iter().flatten().all(|x| *x == 0.0) {
            assert!(frozen && key.1 == "first.weight" && matches!(key.2, Kind::Displacement | Kind::Update));
            assert!(row.spectrum.singular_values.iter().all(|s| *s == 0.0));
        } else {
            assert_spectrum_of(matrix, &row.spectrum, &format!("{key:?}"));
        }
    }
}

#[test]
fn flex_f32() {
    check(&Device::flex(), DType::F32, false);
}

#[test]
fn flex_f64() {
    check(&Device::flex(), DType::F64, false);
}

/// A backend whose tensors are read through one transaction instead of flex's own memory.
#[test]
fn ndarray_in_both_precisions() {
    check(&ndarray(), DType::F32, false);
    check(&ndarray(), DType::F64, false);
}

#[test]
fn a_frozen_parameter_has_no_gradient_and_does_not_move() {
    check(&Device::flex(), DType::F64, true);
    check(&ndarray(), DType::F32, true);
}

/// `update_overlap_*` at t: cos^2 between the top singular vectors of W_{t-1} and of W_t - W_{t-1}; `..._after`: of W_t.
/// The vectors are those of the weights' own rows.
#[test]
fn an_update_is_compared_with_the_weight_before_it_and_after_it() {
    let (mut model, mut task) = Task::flex();
    let sink = Collect::default();
    let hook = attach(&model, &everything(), sink.clone());
    for _ in 0..3 {
        model = task.step(&hook, model).unwrap();
    }
    hook.finish().unwrap();
    let rows = sink.rows();
    let cos2 = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>().powi(2);
    let mut compared = 0;
    for (t, layer) in (1..=3).flat_map(|t| [(t, "first.weight"), (t, "second.weight")]) {
        let spectrum = |step: usize, kind| {
            let found = rows[step].spectra.iter().find(|r| r.id.layer == layer && r.id.kind == kind);
            &found.unwrap().spectrum
        };
        let update = spectrum(t, Kind::Update);
        for (weight, suffix) in [(spectrum(t - 1, Kind::Weight), ""), (spectrum(t, Kind::Weight), "_after")] {
            for (side, a, b) in [("left", &weight.left, &update.left), ("right", &weight.right, &update.right)] {
                let expected = cos2(a.as_ref().unwrap().column(0), b.as_ref().unwrap().column(0));
                let name = format!("update_overlap_{side}{suffix}");
                let record = rows[t].records.iter().find(|r| r.id.layer == layer && r.metric == name).unwrap();
                let found = record.outcome.value().unwrap();
                assert!((found - expected).abs() < 1e-12, "{layer} {name} at {t}: {found} for {expected}");
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 3 * 2 * 2 * 2);
}

fn at_start<M: Module>(model: &M, rules: &[LayerRule]) -> Vec<SpectrumRow> {
    let sink = Collect::default();
    let hook = Hook::attach(model, rules, &everything(), References::default(), Box::new(sink.clone())).unwrap();
    hook.finish().unwrap();
    sink.spectra()
}

/// A column layout is a transposed view of the parameter's memory, which no contiguous slice shows.
#[test]
fn a_parameter_with_strides_is_read_in_its_own_order() {
    let device = Device::flex().autodiff();
    let layer = LinearConfig::new(4, 9).with_layout(LinearLayout::Col).init(&device);
    let expected = transposed(&host(layer.weight.val()), 4, 9);
    let spectra = at_start(&layer, &default_rules(&layer));
    assert_eq!(spectra.len(), 1);
    assert_spectrum_of(&expected, &spectra[0].spectrum, "column layout");
}

#[test]
fn a_convolution_is_flattened_by_default_and_cut_into_positions_on_request() {
    let device = Device::flex().autodiff();
    let (c_in, c_out, kh, kw) = (3, 5, 2, 3);
    let model = Conv2dConfig::new([c_in, c_out], [kh, kw]).init(&device);
    let kernel = host(model.weight.val());
    assert_eq!(kernel.len(), c_out * c_in * kh * kw);

    let rules = default_rules(&model);
    assert_eq!(rules.len(), 1, "the bias is no matrix");
    assert_eq!((rules[0].name.as_str(), rules[0].view), ("weight", View::Flatten));
    let flat = at_start(&model, &rules);
    let expected: Matrix = kernel.chunks_exact(c_in * kh * kw).map(<[f64]>::to_vec).collect();
    assert_eq!((flat.len(), flat[0].id.view.as_str()), (1, "flatten"));
    assert_spectrum_of(&expected, &flat[0].spectrum, "flatten");

    let rule = LayerRule {
        name: "kernel".into(),
        parameters: vec!["weight".into()],
        view: View::Positions,
        order: Order::OutIn,
    };
    let positions = at_start(&model, &[rule]);
    assert_eq!(positions.len(), kh * kw);
    for (p, row) in positions.iter().enumerate() {
        assert_eq!(
            (row.id.layer.as_str(), row.id.view.clone()),
            ("kernel", format!("positions[{},{}]", p / kw, p % kw))
        );
        let entry = |o: usize, i: usize| kernel[(o * c_in + i) * kh * kw + p];
        let expected: Matrix = (0..c_out).map(|o| (0..c_in).map(|i| entry(o, i)).collect()).collect();
        assert_spectrum_of(&expected, &row.spectrum, &row.id.view);
    }
}
