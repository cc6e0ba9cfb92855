//! Layers are chosen by globs; what cannot be chosen is named before anything starts.
#![allow(clippy::unwrap_used)]

mod common;

use burn::module::Module;
use burn::nn::{Embedding, EmbeddingConfig, LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::Device;
use common::Collect;
use spectrum_core::{Kind, LayerRule, Order, References, View};
use spectrum_hook::{Hook, HookError, HookOptions, Schedule, default_rules};

#[derive(Module, Debug)]
struct Deep {
    tokens: Embedding,
    hidden: Vec<Linear>,
    norm: LayerNorm,
    readout: Linear,
}

fn deep() -> Deep {
    let d = Device::flex().autodiff();
    Deep {
        tokens: EmbeddingConfig::new(11, 4).init(&d),
        hidden: vec![LinearConfig::new(4, 6).init(&d), LinearConfig::new(6, 6).init(&d)],
        norm: LayerNormConfig::new(6).init(&d),
        readout: LinearConfig::new(6, 2).with_bias(false).init(&d),
    }
}

fn attach(globs: &[&str], rules: Option<Vec<LayerRule>>) -> Result<Vec<(String, usize, usize)>, HookError> {
    let model = deep();
    let rules = rules.unwrap_or_else(|| default_rules(&model));
    let options =
        HookOptions { layers: globs.iter().map(|g| (*g).to_owned()).collect(), workers: 1, ..HookOptions::default() };
    let sink = Collect::default();
    let checked = options.check(&model, &rules).map_err(|e| e.to_string());
    let attached = Hook::attach(&model, &rules, &options, References::default(), Box::new(sink.clone()));
    assert_eq!(checked.err(), attached.as_ref().err().map(ToString::to_string), "check says what attach does");
    attached?.finish()?;
    Ok(sink.spectra().into_iter().map(|r| (r.id.layer, r.spectrum.rows, r.spectrum.cols)).collect())
}

#[test]
fn every_matrix_is_output_by_input_in_the_order_of_the_module() {
    let all = attach(&["*"], None).unwrap();
    let expected = [
        // An embedding is stored vocabulary x width: width x vocabulary here.
        ("tokens.weight", 4, 11),
        ("hidden.0.weight", 6, 4),
        ("hidden.1.weight", 6, 6),
        ("readout.weight", 2, 6),
    ];
    assert_eq!(all, expected.map(|(n, r, c)| (n.to_owned(), r, c)));
}

#[test]
fn globs_choose_layers_and_keep_their_order() {
    let names = |globs: &[&str]| attach(globs, None).unwrap().into_iter().map(|l| l.0).collect::<Vec<_>>();
    assert_eq!(names(&["readout.*", "hidden.*"]), ["hidden.0.weight", "hidden.1.weight", "readout.weight"]);
    assert_eq!(names(&["hidden.[1-9].weight"]), ["hidden.1.weight"]);
    assert_eq!(names(&["hidden.?.weight", "hidden.0*"]), ["hidden.0.weight", "hidden.1.weight"]);
    assert_eq!(names(&["tokens.weight"]), ["tokens.weight"]);
}

#[test]
fn no_globs_record_no_layer() {
    assert_eq!(attach(&[], None).unwrap(), []);
}

#[test]
fn a_glob_without_a_layer_lists_the_layers_there_are() {
    let error = attach(&["hidden.*", "encoder.*"], None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "spectra.layers: `encoder.*` matches no layer; there are tokens.weight, hidden.0.weight, hidden.1.weight, readout.weight"
    );
    // Biases and norms are no matrices.
    assert!(matches!(attach(&["readout.bias"], None), Err(HookError::NoSuchLayer { .. })));
}

#[test]
fn a_glob_that_is_none_is_named() {
    let error = attach(&["hidden.[0"], None).unwrap_err();
    assert!(matches!(&error, HookError::Glob { glob, .. } if glob == "hidden.[0"), "{error}");
    assert!(error.to_string().starts_with("spectra.layers: `hidden.[0` is not a glob: "), "{error}");
}

#[test]
fn rules_that_do_not_fit_the_module_are_refused() {
    let error = attach(&["*"], Some(vec![LayerRule::matrix("hidden.7.weight", Order::InOut)])).unwrap_err();
    assert!(matches!(&error, HookError::NoSuchParameter { layer, .. } if layer == "hidden.7.weight"));
    assert!(
        error.to_string().contains("the module has no parameter `hidden.7.weight`; it has tokens.weight, "),
        "{error}"
    );
    let error = attach(&["*"], Some(vec![LayerRule::matrix("hidden.0.bias", Order::InOut)])).unwrap_err();
    assert_eq!(error.to_string(), "hidden.0.bias: the view `matrix` needs two axes (output, input), found shape [6]");
    let flat = LayerRule { view: View::Flatten, ..LayerRule::matrix("readout.weight", Order::OutIn) };
    assert!(matches!(attach(&["*"], Some(vec![flat])), Err(HookError::Core(_))));
}

#[test]
fn a_schedule_that_records_nothing_is_refused() {
    let model = deep();
    let options = HookOptions { schedule: Schedule::Every(0), kinds: vec![Kind::Weight], ..HookOptions::default() };
    let sink = Box::new(Collect::default());
    let error = Hook::attach(&model, &default_rules(&model), &options, References::default(), sink).unwrap_err();
    assert_eq!(error.to_string(), "spectra.every: 0 records nothing; expected a spacing of at least 1");
}
