//! Spectral dynamics of a run: interventions beside training, and what is added at its end.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Bench, export, metric, rows, scalar, show};

const GROK: &str = r#"
name = "dynamics"
precision = "f64"
[data]
kind = "modular"
p = 11
fraction = 0.7
[model]
kind = "sum-embedding"
embedding = 12
hidden = 16
[optimizer]
kind = "adamw"
lr = 0.01
weight_decay = 0.3
[training]
steps = 60
evaluate_every = 10
[spectra]
every = 10
kinds = ["weight"]
nulls = false
[probe]
enabled = false
"#;

const INTERVENTIONS: &str = "interventions={every=20, fractions=[0.01,0.5,0.999]}";

fn finished(sets: &[&str]) -> std::path::PathBuf {
    let args: Vec<&str> = sets.iter().flat_map(|s| ["--set", s]).collect();
    let bench = Bench::new(GROK);
    let run = bench.finished(&args);
    // The bench's folder lives as long as the bench: the run is read while both are there.
    std::mem::forget(bench);
    run
}

/// Nearly everything kept is the model itself, nearly nothing kept has the readout's bias left, and neither moves the training.
#[test]
fn interventions_read_the_model_and_leave_it_alone() {
    let plain = finished(&[]);
    let cut = finished(&[INTERVENTIONS]);
    let shown = show(&cut);
    let at = |name: &str, step: u64| scalar(&shown, name)[&step].unwrap();
    for step in [0, 20, 40, 60] {
        // ceil(0.999 R) of R values is all of them.
        assert!((at("test_loss_top_0.999", step) - at("test_loss", step)).abs() < 1e-10, "step {step}");
        assert_eq!(at("test_accuracy_top_0.999", step), at("test_accuracy", step));
        // floor(0.01 R) is none: every sample has the outputs of the readout's bias.
        let bias = at("test_accuracy_bottom_0.01", step);
        assert!(bias < 0.35, "step {step}: {bias}");
    }
    // Of W2 nothing is cut: it is the last matrix. With the first two gone and biases that start at zero every output is zero.
    assert!((at("test_loss_bottom_0.01", 0) - 11f64.ln()).abs() < 1e-9);
    // What was learned is gone without them, and not all there with the first direction alone.
    let whole = at("train_loss_top_0.999", 60);
    for part in ["train_loss_bottom_0.01", "train_loss_top_0.01"] {
        assert!(at(part, 60) > whole + 0.1, "{part}: {} {whole}", at(part, 60));
    }
    let of = |run| rows(&export(run)).into_iter().filter(|r| !r.to_string().contains("_0.")).collect::<Vec<_>>();
    assert_eq!(of(&plain), of(&cut));
    let named = finished(&["interventions={every=60, layers=['hidden.*'], keep=['bottom']}"]);
    assert!(
        scalar(&show(&named), "test_loss_bottom_0.5").len() == 2
            && scalar(&show(&named), "test_loss_top_0.5").is_empty()
    );
}

/// What the end of the run adds to its steps.
#[test]
fn the_end_of_a_run_says_when_things_happened() {
    let shown = show(&finished(&["dynamics={}", "training.steps=400", "optimizer.weight_decay=2.0"]));
    let (ranks, accuracy) = (scalar(&shown, "effective_rank_mean"), scalar(&shown, "test_accuracy"));
    let layers = ["embedding.weight", "hidden.weight", "readout.weight"];
    for step in [0, 200, 400] {
        let of = |layer| metric(&shown, layer, "weight", "effective_rank_normalized")[&step].unwrap();
        let mean = layers.map(of).iter().sum::<f64>() / 3.0;
        assert!((ranks[&step].unwrap() - mean).abs() < 1e-15, "step {step}");
    }
    let last = |name: &str| scalar(&shown, name).get(&400).copied().flatten();
    // Found again from the series, by their definitions.
    let above = accuracy.iter().find(|(_, v)| v.unwrap() > 0.9).map(|(t, _)| *t as f64);
    let (start, least) = (ranks[&0].unwrap(), ranks.values().map(|v| v.unwrap()).fold(f64::INFINITY, f64::min));
    assert!(least < 0.9 * start, "no fall: {start} to {least}");
    let half = ranks.iter().find(|(_, v)| v.unwrap() <= (start + least) / 2.0).map(|(t, _)| *t as f64);
    assert_eq!((last("generalization_step"), last("half_rank_drop_step")), (above, half));
    assert_eq!(last("rank_lag"), above.zip(half).map(|(a, h)| h - a));
    for layer in layers {
        let of = |name: &str| metric(&shown, layer, "weight", name);
        assert!((of("agreement_score_final")[&400].unwrap() - 1.0).abs() < 1e-9, "{layer}");
        assert!((of("subspace_agreement_initial")[&0].unwrap() - 1.0).abs() < 1e-9, "{layer}");
        assert!(of("agreement_score_final")[&0].unwrap() < of("agreement_score_final")[&390].unwrap());
        assert!(!of("agreement_score_previous").contains_key(&0) && of("agreement_baseline").contains_key(&0));
        // Against the step before at t is against the final one at the last step but one.
        let (a, b) = (of("agreement_score_previous")[&400], of("agreement_score_final")[&390]);
        assert!((a.unwrap() - b.unwrap()).abs() < 1e-12);
    }
    // A run that does not generalise says so.
    let shown = show(&finished(&["dynamics={threshold=0.999}", "training.steps=10"]));
    assert_eq!(scalar(&shown, "generalization_step")[&10], None);
}
