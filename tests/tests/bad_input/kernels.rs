//! Kernels, limit laws, convolutions and nulls that cannot be.

use crate::common::{Bench, TINY, spectrum};

#[track_caller]
fn refused(sets: &[&str], words: &[&str]) {
    let bench = Bench::new(TINY);
    let args: Vec<&str> = sets.iter().flat_map(|s| ["--set", s]).collect();
    let done = bench.run(&args);
    done.one_error(2, &[bench.config_name()]);
    done.one_error(2, words);
    assert!(!bench.out.exists(), "{sets:?} left something behind");
}

const KERNELS: &str = "spectra.kinds=['ck','ntk']";

#[test]
fn kernels_that_cannot_be_formed_are_refused_before_the_run() {
    refused(&[KERNELS, "kernels.samples=1"], &["kernels.samples", "at least two"]);
    refused(&[KERNELS, "kernels.output=1"], &["kernels", "1 outputs", "no output 1"]);
    refused(&[KERNELS, "kernels.output=all"], &["kernels.output", "\"trace\""]);
    refused(&[KERNELS, "kernels.on=test"], &["kernels.on", "`probe`"]);
    refused(&[KERNELS, "kernels.every=0"], &["kernels.every"]);
    refused(&[KERNELS, "kernels.sample=9"], &["kernels.sample", "did you mean `samples`"]);
}

#[test]
fn a_law_that_does_not_apply_is_refused() {
    refused(&[KERNELS, "kernels.laws=true"], &["model.normalized", "expected true"]);
    refused(&["kernels.laws=true", "model.normalized=true"], &["kernels.laws", "spectra.kinds"]);
    let scaling = "model.scaling=mean-field";
    refused(&[KERNELS, "kernels.laws=true", "model.normalized=true", scaling], &["model.scaling", "`ntk`"]);
    for set in ["model.init=sphere", "model.input_scale=none"] {
        refused(&[KERNELS, "kernels.laws=true", "model.normalized=true", set], &["model.init", "`gaussian`"]);
    }
    let last = "kernels.layers=last";
    refused(&[KERNELS, "kernels.laws=true", "model.normalized=true", last], &["kernels.layers", "`all`"]);
}

#[test]
fn a_law_is_that_of_one_output() {
    let mlp = "model={kind='mlp', hidden=[9], normalized=true, bias=false, parametrization='ntk'}";
    let digits = "data={kind='digits', n=20, n_test=20}";
    refused(&[mlp, digits, KERNELS, "kernels.laws=true"], &["kernels.output", "below 10", "\"trace\""]);
}

#[test]
fn nulls_and_substitutes_are_named_when_they_are_unknown() {
    refused(&["spectra.nulls=['turned']"], &["spectra.nulls", "\"turned\"", "rotated-updates"]);
    refused(&["spectra.nulls=3"], &["spectra.nulls", "shuffled"]);
    refused(&["probe.substitutes=0"], &["probe.substitutes: 0 records nothing"]);
    refused(&["probe.substitutes=1", "probe.enabled=false"], &["probe.substitutes", "probe.enabled"]);
}

#[test]
fn a_convolution_needs_images_and_a_kernel_with_a_centre() {
    let model = |rest: &str| format!("model={{kind='conv-net', channels=[2], {rest}}}");
    refused(&[&model("")], &["model.kind", "images"]);
    refused(&["data={kind='modular', p=8, fraction=0.5}", &model("")], &["model.kind", "images"]);
    let digits = "data={kind='digits', n=20, n_test=20}";
    refused(&[digits, &model("kernel=2")], &["model.kernel", "odd"]);
    refused(&[digits, "model={kind='conv-net', channels=[]}"], &["model.channels", "at least one"]);
    refused(&[digits, "model={kind='conv-net', channels=[2, 2, 2, 2]}"], &["model.channels", "8 x 8"]);
    let two = "data={kind='digits', n=20, n_test=20, classes=[1, 11], targets='sign'}";
    refused(&[two, &model("")], &["class", "11"]);
    let three = "data={kind='digits', n=20, n_test=20, classes=[1, 2, 3], targets='sign'}";
    refused(&[three, &model("")], &["classes is 3", "expected two"]);
}

#[track_caller]
fn law(args: &[&str], words: &[&str]) {
    let args: Vec<&str> = ["law"].iter().chain(args).copied().collect();
    spectrum(args).one_error(2, words);
}

#[test]
fn a_limit_law_of_nothing_is_refused() {
    law(&["ck", "--depth-ratios", "0"], &["n/d_1", "positive", "found 0"]);
    law(&["ntk", "--depth-ratios", "0.5,-1"], &["n/d_2", "found -1"]);
    law(&["ck", "--depth-ratios", "0.5", "--data-ratio", "-2"], &["-2", "positive"]);
    law(&["ck", "--depth-ratios", "0.5", "--activation", "tahn"], &["--activation", "`tahn`", "tanh"]);
    law(&["ck", "--depth-ratios", "0.5", "--layer", "2"], &["--layer", "1 to 1"]);
    law(&["ck", "--depth-ratios", "0.5", "--explain"], &["--explain", "law ntk"]);
    law(&["ntk", "--depth-ratios", "0.5", "--layer", "1"], &["--layer", "law ck"]);
    law(&["ck", "--depth-ratios", &vec!["1"; 33].join(",")], &["--depth-ratios", "33", "at most 32"]);
    law(&["mp", "--rows", "5", "--cols", "5", "--variance", "1e308"], &["--variance", "range"]);
    law(&["ntk", "--depth-ratios", "0.5", "--rates", "1"], &["1", "2"]);
    law(&["ntk", "--depth-ratios", "0.5", "--rates", "0,0"], &["learning-rate weights", "zero"]);
    law(&["ntk", "--depth-ratios", "0.5", "--explain", "1,-1"], &["-1"]);
    law(&["mp", "--rows", "0", "--cols", "4"], &["0 x 4"]);
    law(&["mp", "--rows", "5", "--cols", "4", "--variance", "-1"], &["variance", "-1"]);
}
