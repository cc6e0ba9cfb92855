//! Configs that cannot be run.

use crate::common::{Bench, TINY, spectrum};

/// Runs a config with these overrides: it must be refused in one line that names the file, and leave nothing.
#[track_caller]
fn refused(text: &str, sets: &[&str], words: &[&str]) {
    let bench = Bench::new(text);
    let args: Vec<&str> = sets.iter().flat_map(|s| ["--set", s]).collect();
    let done = bench.run(&args);
    done.one_error(2, &[bench.config_name()]);
    done.one_error(2, words);
    assert!(!bench.out.exists(), "{sets:?} left something behind");
}

/// The tiny config is good as it stands: what follows fails for its own reason.
#[test]
fn the_config_that_the_others_spoil_is_good() {
    Bench::new(TINY).finished(&[]);
}

#[test]
fn an_unknown_key_names_the_nearest_known_one() {
    refused(&TINY.replace("name =", "seeed = 1\nname ="), &[], &["seeed", "did you mean `seed`"]);
    refused(&TINY.replace("n_test", "ntest"), &[], &["data.ntest", "did you mean `n_test`"]);
    refused(TINY, &["model.activatoin=tanh"], &["model.activatoin", "did you mean `activation`"]);
    refused(TINY, &["optimizer.beta=[0.9, 0.99]"], &["optimizer.beta", "did you mean `betas`"]);
    refused(TINY, &["training.step=4"], &["training.step", "did you mean `steps`"]);
    refused(TINY, &["spectra.layer=['*']"], &["spectra.layer", "did you mean `layers`"]);
    refused(TINY, &["probe.ridge=1.0"], &["probe.ridge"]);
}

#[test]
fn an_unknown_name_of_a_choice_names_the_nearest_known_one() {
    refused(TINY, &["model.activation=tahn"], &["model.activation", "did you mean `tanh`"]);
    refused(TINY, &["model.kind=two-layers"], &["model", "did you mean `two-layer`"]);
    refused(TINY, &["data.kind=mnst"], &["data", "did you mean `mnist`"]);
    refused(TINY, &["optimizer.kind=adm"], &["optimizer", "did you mean `adam`"]);
    refused(TINY, &["data.link=softpluss"], &["data.link", "did you mean `softplus`"]);
    refused(TINY, &["spectra.route=gramm"], &["spectra.route", "did you mean `gram`"]);
    refused(TINY, &["spectra.kinds=['weights']"], &["spectra.kinds", "did you mean `weight`"]);
}

#[test]
fn a_missing_key_is_named() {
    refused(&TINY.replace("name = \"tiny\"", ""), &[], &["name", "missing"]);
    refused(&TINY.replace("\nn = 60", ""), &[], &["data", "missing", "`n`"]);
    refused(&TINY.replace("width = 30", ""), &[], &["model", "missing", "`width`"]);
    refused(&TINY.replace("[optimizer]\nkind = \"adam\"\nlr = 0.1", ""), &[], &["optimizer", "missing"]);
    refused(&TINY.replace("kind = \"adam\"", ""), &[], &["optimizer", "missing", "`kind`"]);
    refused(&TINY.replace("steps = 3", ""), &[], &["training", "`steps`", "`epochs`"]);
}

#[test]
fn an_ill_typed_key_is_named_with_what_was_expected() {
    refused(TINY, &["data.n=many"], &["data.n", "\"many\""]);
    refused(TINY, &["data.n=60.5"], &["data.n", "60.5"]);
    refused(TINY, &["data.n=-60"], &["data.n", "-60"]);
    refused(TINY, &["seed=-1"], &["seed", "-1"]);
    refused(TINY, &["seed=zero"], &["seed", "\"zero\""]);
    refused(TINY, &["model.width=true"], &["model.width", "true"]);
    refused(TINY, &["model.train=hidden"], &["model.train", "sequence"]);
    refused(TINY, &["optimizer.lr=fast"], &["optimizer.lr", "\"fast\""]);
    refused(TINY, &["training.steps=2.5"], &["training.steps", "2.5"]);
    refused(TINY, &["training.batch=half"], &["training.batch", "\"full\""]);
    refused(TINY, &["spectra.every=often"], &["spectra.every", "spacing", "log"]);
    refused(TINY, &["spectra.every={ log = 2, from = 3 }"], &["spectra.every", "spacing", "log"]);
    refused(TINY, &["spectra.enabled=1"], &["spectra.enabled", "boolean"]);
    refused(TINY, &["data=3"], &["data", "3"]);
}

#[test]
fn impossible_sizes_and_values_are_refused() {
    for key in ["data.n", "data.d", "data.n_test", "model.width", "training.batch", "spectra.every"] {
        refused(TINY, &[&format!("{key}=0")], &[key, "at least 1"]);
    }
    refused(TINY, &["model.width=99999999999"], &["model.width", "memory"]);
    refused(TINY, &["data.n=4611686018427387904"], &["data.n", "memory"]);
    refused(TINY, &["data.d=4611686018427387904"], &["memory"]);
    refused(TINY, &["data.noise=-0.1"], &["data.noise", "-0.1"]);
    refused(TINY, &["data.noise=nan"], &["data.noise"]);
    refused(TINY, &["optimizer.lr=-1"], &["optimizer", "lr", "-1"]);
    refused(TINY, &["optimizer.betas=[1.0, 0.999]"], &["optimizer", "betas[0]"]);
    refused(TINY, &["training.epochs=2"], &["training", "both"]);
    refused(TINY, &["training.batch=61"], &["training.batch", "61", "60"]);
    refused(TINY, &["training.loss=cross-entropy"], &["training.loss", "classes"]);
    refused(TINY, &["training.clip_norm=0.0"], &["training.clip_norm", "positive"]);
    refused(TINY, &["probe.ridge_lambda=0.0"], &["probe.ridge_lambda", "positive"]);
    refused(TINY, &["name=../up"], &["name", "folder"]);
    refused(TINY, &["precision=f16"], &["precision", "f32 or f64"]);
    refused(TINY, &["precision=double"], &["precision", "f64"]);
    refused(TINY, &["model={kind='mlp', hidden=[]}"], &["model.hidden", "at least one"]);
    refused(TINY, &["model={kind='mlp', hidden=[8, 0]}"], &["model.hidden", "at least 1"]);
}

#[test]
fn a_layer_glob_that_matches_nothing_lists_the_paths_there_are() {
    refused(
        TINY,
        &["spectra.layers=['hidden.weight', 'features.*']"],
        &["spectra.layers", "`features.*`", "hidden.weight", "readout.weight"],
    );
    refused(TINY, &["spectra.layers=['hidden.[weight']"], &["spectra.layers", "`hidden.[weight`", "not a glob"]);
    refused(TINY, &["spectra.layers=[]"], &["spectra.layers", "enabled"]);
    refused(TINY, &["model.train=['head']"], &["model.train", "`head`", "hidden.weight", "readout.weight"]);
}

#[test]
fn a_file_that_is_no_config_is_refused() {
    refused("name = \"tiny\"\n[data\n", &[], &["line 2"]);
    refused("name = \"tiny\"\nname = \"twice\"\n", &[], &["line 2"]);
    refused("", &[], &["name", "missing"]);
    let bench = Bench::new(TINY);
    let missing = bench.dir.path().join("missing.toml");
    let out = bench.out.to_str().unwrap();
    spectrum(["run", missing.to_str().unwrap(), "--out", out]).one_error(2, &["missing.toml", "cannot be read"]);
    let folder = bench.dir.path().to_str().unwrap();
    spectrum(["run", folder, "--out", out]).one_error(2, &[folder, "cannot be read"]);
    std::fs::write(&bench.config, [b'n', 0xff, 0xfe]).unwrap();
    bench.run(&[]).one_error(2, &[bench.config_name(), "UTF-8"]);
    assert!(!bench.out.exists());
}

#[test]
fn an_override_that_is_none_is_refused() {
    let bench = Bench::new(TINY);
    bench.run(&["--set", "data.n"]).one_error(2, &["--set data.n", "path.to.key=value"]);
    bench.run(&["--set", "data..n=3"]).one_error(2, &["data..n"]);
    bench.run(&["--set", "data.n.x=3"]).one_error(2, &["data.n.x", "`n` is no table"]);
    assert!(!bench.out.exists());
}
