//! `spectrum law`: numbers with a closed form, the unfolded recursion, and a picture.

#![allow(clippy::unwrap_used)]

mod common;

use common::spectrum;
use serde_json::Value;

fn law(args: &[&str]) -> Value {
    spectrum(["law"].iter().chain(args).chain(&["--json"])).ok().json()
}

fn edge(v: &Value, side: usize) -> f64 {
    v["edges"][0][side].as_f64().unwrap()
}

/// One layer on orthonormal samples: whatever the activation, the conjugate kernel's law is Marchenko-Pastur's.
#[test]
fn one_layer_on_orthonormal_samples_is_marchenko_pastur() {
    for activation in ["identity", "tanh", "relu", "softplus", "sigmoid", "erf", "sin", "arctan"] {
        let v = law(&["ck", "--depth-ratios", "0.25", "--activation", activation]);
        assert!((edge(&v, 0) - 0.25).abs() < 1e-8 && (edge(&v, 1) - 2.25).abs() < 1e-8, "{activation}: {}", v["edges"]);
        assert!((v["mean"].as_f64().unwrap() - 1.0).abs() < 1e-9);
        assert_eq!(v["certificate"]["converged"], true);
    }
    // The same support from the matrix's own command: 400 x 100, in units of 400.
    let mp = law(&["mp", "--rows", "400", "--cols", "100"]);
    assert!((edge(&mp, 0) / 400.0 - 0.25).abs() < 1e-12 && (edge(&mp, 1) / 400.0 - 2.25).abs() < 1e-12);
}

/// Lemma 3.5: the tangent kernel's mean is 1 + sum a^(L-l), its support lies above r_+ (specification, section 7.6).
#[test]
fn the_tangent_kernel_has_its_mean_and_lies_above_r_plus() {
    let v = law(&["ntk", "--depth-ratios", "0.5,0.6666666667", "--data-ratio", "0.6666666667"]);
    assert!((v["mean"].as_f64().unwrap() - 3.565).abs() < 1e-3, "{}", v["mean"]);
    assert!((v["r_plus"].as_f64().unwrap() - 0.7688).abs() < 1e-4);
    assert!((v["q"][0].as_f64().unwrap() - 0.8658).abs() < 1e-4 && (v["q"][1].as_f64().unwrap() - 0.9305).abs() < 1e-4);
    assert!(edge(&v, 0) > v["r_plus"].as_f64().unwrap());
    // A readout that does not train takes X_L^T X_L away: one less in the mean.
    let hidden = law(&["ntk", "--depth-ratios", "0.5", "--data-ratio", "0.6666666667", "--rates", "1,0"]);
    assert!((hidden["mean"].as_f64().unwrap() - 1.177807).abs() < 1e-5, "{}", hidden["mean"]);
}

#[test]
fn the_recursion_is_unfolded_level_by_level() {
    let done = spectrum(["law", "ntk", "--depth-ratios", "0.5,0.5,0.5", "--explain", "3,0.1"]).ok();
    for words in ["Level 3", "Level 2", "Level 1", "Level 0", "r_+ =", "t_3(z_vec, z_vec) = 1.000000000"] {
        assert!(done.stdout.contains(words), "`{words}` is not in\n{}", done.stdout);
    }
}

#[test]
fn a_picture_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("law.svg");
    let path = file.to_str().unwrap();
    spectrum(["law", "ck", "--depth-ratios", "0.5,0.5", "--data-ratio", "2", "--svg", path]).ok();
    let svg = std::fs::read_to_string(&file).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains("eigenvalue of the conjugate kernel") && !svg.contains("NaN"));
}
