//! Modular arithmetic, Transformers, dynamics and interventions that cannot be.

use crate::common::Bench;

const MODULAR: &str = r#"
name = "modular"
[data]
kind = "modular"
p = 7
fraction = 0.5
[model]
kind = "transformer"
width = 8
heads = 2
[optimizer]
kind = "adamw"
lr = 0.01
[training]
steps = 2
[spectra]
kinds = ["weight"]
nulls = false
[probe]
enabled = false
"#;

#[track_caller]
fn refused(sets: &[&str], words: &[&str]) {
    let bench = Bench::new(MODULAR);
    let args: Vec<&str> = sets.iter().flat_map(|s| ["--set", s]).collect();
    let done = bench.run(&args);
    done.one_error(2, words);
    assert!(!bench.out.exists() || bench.runs().is_empty(), "{sets:?} left something behind");
}

#[test]
fn tables_that_cannot_be_split() {
    refused(&["data.p=1"], &["modulus", "1", "2 to 4096"]);
    refused(&["data.p=0"], &["modulus", "0", "2 to 4096"]);
    refused(&["data.p=8", "data.operation=divide"], &["modulus", "8", "prime"]);
    refused(&["data.fraction=1.0"], &["fraction", "1", "test on"]);
    refused(&["data.fraction=0.001"], &["fraction", "0.001", "train on"]);
}

#[test]
fn transformers_that_cannot_be_built() {
    refused(&["model.heads=3"], &["model.heads", "3 heads", "width 8"]);
    refused(&["model.heads=0"], &["model.heads", "at least 1"]);
    refused(&["model.blocks=0"], &["model.blocks", "at least 1"]);
    refused(&["model.positions=rotary"], &["model", "rotary", "sinusoidal"]);
    refused(&["data={kind='digits', n=20, n_test=20}"], &["model.kind", "modular"]);
    refused(&["spectra.kinds=['ck']"], &["spectra.kinds", "positions"]);
    refused(&["training.regularizers.input_noise=0.1"], &["input_noise", "residues"]);
}

#[test]
fn dynamics_without_what_they_are_made_of() {
    refused(&["dynamics={}", "spectra.kinds=['update']"], &["spectra.kinds", "weight"]);
    refused(&["dynamics={}", "spectra.vectors=0"], &["spectra.vectors", "agreement"]);
    refused(&["dynamics={threshold=1.5}"], &["dynamics.threshold", "1.5"]);
    refused(&["dynamics={agreement=['last']}"], &["dynamics.agreement", "last", "final"]);
    refused(&["interventions={fractions=[1.0]}"], &["interventions.fractions", "between 0 and 1"]);
    refused(&["interventions={keep=[]}"], &["interventions.keep", "empty"]);
    refused(&["interventions={keep=['middle']}"], &["interventions.keep", "middle", "bottom"]);
    refused(&["interventions={fractions=[0.5,0.25,0.5]}"], &["interventions.fractions", "0.5", "twice"]);
    refused(&["interventions={keep=['top','top']}"], &["interventions.keep", "top", "twice"]);
    refused(&["data.p=100000"], &["modulus", "100000", "2 to 4096"]);
    refused(&["interventions={every=0}"], &["interventions.every", "0"]);
    refused(&["interventions={layers=['attention.*']}"], &["attention.*", "blocks.0.in_proj.weight"]);
}
