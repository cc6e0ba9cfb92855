//! The `[optimizer]` table as it is written in TOML.
#![allow(clippy::unwrap_used)]

use serde::Deserialize;
use spectrum_optim::{AdjustLr, OptimError, OptimizerConfig, Schedule};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    optimizer: OptimizerConfig,
}

fn read(table: &str) -> Result<OptimizerConfig, String> {
    toml::from_str::<File>(&format!("[optimizer]\n{table}")).map(|f| f.optimizer).map_err(|e| e.to_string())
}

fn schedule(value: &str) -> Result<Schedule, String> {
    read(&format!("kind = \"sgd\"\nschedule = {value}")).map(|c| c.schedule().clone())
}

#[test]
fn every_form_of_a_schedule_is_read() {
    assert_eq!(schedule("\"constant\""), Ok(Schedule::Constant));
    assert_eq!(schedule("{ kind = \"constant\" }"), Ok(Schedule::Constant));
    assert_eq!(schedule("\"cosine\""), Ok(Schedule::Cosine { steps: None, min: 0.0, warmup: 0 }));
    assert_eq!(
        schedule("{ kind = \"cosine\", steps = 9, min = 0.1, warmup = 2 }"),
        Ok(Schedule::Cosine { steps: Some(9), min: 0.1, warmup: 2 })
    );
    assert_eq!(schedule("{ kind = \"step\", every = 1, gamma = 0.6 }"), Ok(Schedule::Step { every: 1, gamma: 0.6 }));
    assert_eq!(schedule("{ kind = \"step\", every = 3 }"), Ok(Schedule::Step { every: 3, gamma: 0.1 }));
    assert_eq!(schedule("{ kind = \"warmup\", steps = 10 }"), Ok(Schedule::Warmup { steps: 10 }));
    // Whole numbers are rates too.
    assert_eq!(schedule("[[1, 0.1], [2, 1]]"), Ok(Schedule::Pairs(vec![(1, 0.1), (2, 1.0)])));
}

#[test]
fn a_wrong_schedule_says_what_is_wrong() {
    for (value, says) in [
        ("\"linear\"", "unknown variant `linear`, expected one of `constant`, `step`, `cosine`, `warmup`"),
        ("\"step\"", "missing field `every`"),
        ("{ kind = \"step\", every = 1, gama = 0.6 }", "unknown field `gama`, expected `every` or `gamma`"),
        ("{ every = 1 }", "missing field `kind`"),
        ("{ kind = \"warmup\", steps = -1 }", "invalid value: integer `-1`, expected u64"),
        ("3", "invalid type: integer `3`, expected a schedule"),
        ("[[1, 0.1, 2]]", "invalid length 3, expected 2 elements"),
    ] {
        let error = schedule(value).unwrap_err();
        assert!(error.contains(says), "{value}: {error}");
    }
}

#[test]
fn defaults_are_pytorchs() {
    let json = |kind: &str| serde_json::to_string(&read(&format!("kind = \"{kind}\"")).unwrap()).unwrap();
    assert_eq!(
        json("sgd"),
        r#"{"kind":"sgd","lr":0.001,"schedule":"constant","momentum":0.0,"dampening":0.0,"nesterov":false,"weight_decay":0.0}"#
    );
    assert_eq!(
        json("adam"),
        r#"{"kind":"adam","lr":0.001,"schedule":"constant","betas":[0.9,0.999],"eps":1e-8,"weight_decay":0.0}"#
    );
    assert_eq!(
        json("adamw"),
        r#"{"kind":"adamw","lr":0.001,"schedule":"constant","betas":[0.9,0.999],"eps":1e-8,"weight_decay":0.01}"#
    );
    assert_eq!(
        json("rmsprop"),
        r#"{"kind":"rmsprop","lr":0.01,"schedule":"constant","alpha":0.99,"eps":1e-8,"momentum":0.0,"centered":false,"weight_decay":0.0}"#
    );
    assert_eq!(
        json("muon"),
        r#"{"kind":"muon","lr":0.001,"schedule":"constant","momentum":0.95,"nesterov":true,"ns_coefficients":[3.4445,-4.775,2.0315],"ns_steps":5,"eps":1e-7,"weight_decay":0.1,"adjust_lr_fn":"original","fallback":{"betas":[0.9,0.999],"eps":1e-8,"weight_decay":0.01}}"#
    );
    assert_eq!(json("sign"), r#"{"kind":"sign","lr":0.001,"schedule":"constant"}"#);
}

/// What is written into a run's config.toml reads back as the same optimizer.
#[test]
fn a_resolved_config_reads_back() {
    for table in [
        "kind = \"adam\"\nlr = 1\nschedule = [[1, 0.1], [2, 1]]",
        "kind = \"sgd\"\nmomentum = 0.9\nnesterov = true\nschedule = { kind = \"step\", every = 1, gamma = 0.6 }",
        "kind = \"muon\"\nadjust_lr_fn = \"match_rms_adamw\"\nschedule = \"cosine\"\n[optimizer.fallback]\nlr = 1e-4",
        "kind = \"rmsprop\"\nschedule = { kind = \"cosine\", steps = 7 }",
        "kind = \"sign\"\nschedule = { kind = \"warmup\", steps = 7 }",
    ] {
        let config = read(table).unwrap();
        config.validate().unwrap();
        let written = toml::to_string(&config).unwrap();
        assert_eq!(toml::from_str::<OptimizerConfig>(&written).unwrap(), config, "{written}");
    }
}

#[test]
fn an_unknown_key_or_kind_is_refused() {
    for (table, says) in [
        (
            "kind = \"adamax\"",
            "unknown variant `adamax`, expected one of `sgd`, `adam`, `adamw`, `rmsprop`, `muon`, `sign`",
        ),
        ("lr = 0.1", "missing field `kind`"),
        ("kind = \"sgd\"\nbetas = [0.9, 0.99]", "unknown field `betas`, expected one of `lr`, `schedule`"),
        ("kind = \"adam\"\nbetas = [0.9]", "expected an array of length 2"),
        ("kind = \"adam\"\nlr = \"fast\"", "expected f64"),
        (
            "kind = \"muon\"\nadjust_lr_fn = \"none\"",
            "expected one of `original`, `match_rms_adamw`, `spectral_unclamped`",
        ),
        ("kind = \"muon\"\n[optimizer.fallback]\nmomentum = 0.9", "unknown field `momentum`"),
    ] {
        let error = read(table).unwrap_err();
        assert!(error.contains(says), "{table}: {error}");
    }
}

#[test]
fn a_setting_out_of_range_is_named() {
    for (table, key) in [
        ("kind = \"adam\"\nlr = -0.1", "lr"),
        ("kind = \"sign\"\nlr = inf", "lr"),
        ("kind = \"sgd\"\nlr = nan", "lr"),
        ("kind = \"adam\"\nbetas = [1.0, 0.9]", "betas[0]"),
        ("kind = \"adamw\"\nbetas = [0.9, -0.1]", "betas[1]"),
        ("kind = \"adam\"\neps = -1e-8", "eps"),
        ("kind = \"adamw\"\nweight_decay = -1", "weight_decay"),
        ("kind = \"sgd\"\nnesterov = true", "nesterov"),
        ("kind = \"sgd\"\nnesterov = true\nmomentum = 0.9\ndampening = 0.1", "nesterov"),
        ("kind = \"sgd\"\nmomentum = -0.9", "momentum"),
        ("kind = \"rmsprop\"\nalpha = 1", "alpha"),
        ("kind = \"muon\"\nmomentum = 1", "momentum"),
        ("kind = \"muon\"\nns_steps = 100", "ns_steps"),
        ("kind = \"muon\"\n[optimizer.fallback]\nbetas = [2, 0.9]", "fallback.betas[0]"),
        ("kind = \"muon\"\nlr = 0\n[optimizer.fallback]\nlr = 0.1", "lr"),
        ("kind = \"sgd\"\nschedule = []", "schedule"),
        ("kind = \"sgd\"\nschedule = [[0, 0.1]]", "schedule[0][0]"),
        ("kind = \"sgd\"\nschedule = [[2, 0.1], [2, 0.2]]", "schedule[1][0]"),
        ("kind = \"sgd\"\nschedule = [[1, -0.1]]", "schedule[0][1]"),
        ("kind = \"sgd\"\nschedule = { kind = \"step\", every = 0 }", "schedule.every"),
        ("kind = \"sgd\"\nschedule = { kind = \"step\", every = 1, gamma = -1 }", "schedule.gamma"),
        ("kind = \"sgd\"\nschedule = { kind = \"warmup\", steps = 0 }", "schedule.steps"),
        ("kind = \"sgd\"\nschedule = { kind = \"cosine\", steps = 5, warmup = 5 }", "schedule.warmup"),
        ("kind = \"sgd\"\nschedule = { kind = \"cosine\", min = -1 }", "schedule.min"),
    ] {
        let error = read(table).unwrap().validate().unwrap_err();
        assert!(matches!(&error, OptimError::Invalid { key: k, .. } if k == key), "{table}: {error}");
    }
    let error = read("kind = \"adam\"\nbetas = [1.2, 0.9]").unwrap().validate().unwrap_err();
    assert_eq!(error.to_string(), "`betas[0]` is 1.2; expected a number in [0, 1)");
}

/// Beyond what PyTorch's schedulers were recorded for.
#[test]
fn schedules_at_their_edges() {
    // A cosine stays at its minimum, and a run shorter than the warm-up never leaves it.
    let cosine = Schedule::Cosine { steps: Some(4), min: 0.01, warmup: 0 };
    assert_eq!((cosine.rate(5, 1.0, 4), cosine.rate(500, 1.0, 4)), (0.01, 0.01));
    let warm = Schedule::Cosine { steps: None, min: 0.0, warmup: 10 };
    assert_eq!((warm.rate(5, 1.0, 6), warm.rate(10, 1.0, 6), warm.rate(11, 1.0, 6)), (0.5, 1.0, 1.0));
    // Step 0 is no step: it takes the first one's rate.
    assert_eq!(cosine.rate(0, 1.0, 4), cosine.rate(1, 1.0, 4));
    assert_eq!(Schedule::Step { every: 1, gamma: 0.5 }.rate(u64::MAX, 1.0, 1), 0.0);
}

/// Shapes from PyTorch's documentation of `adjust_lr_fn`: A = rows = outputs, B = columns = inputs.
#[test]
fn muons_factor_follows_the_shape() {
    assert_eq!(AdjustLr::Original.factor(64, 16), 2.0);
    assert_eq!(AdjustLr::Original.factor(16, 64), 1.0);
    assert_eq!(AdjustLr::MatchRmsAdamw.factor(16, 100), 2.0);
    assert_eq!(AdjustLr::SpectralUnclamped.factor(16, 64), 0.5);
}
