//! `spectrum verify`: the claims of the repository at their smallest scale, and one whose effect is taken away.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::spectrum;

const TABLE: &str = "claims-tiny-flex.json";

fn topic(name: &str) -> PathBuf {
    common::package().parent().unwrap().join("experiments").join(name)
}

fn verify(topic: &Path, out: &Path, args: &[&str]) -> common::Done {
    let mut all = vec!["verify", topic.to_str().unwrap(), "--scale", "tiny", "--out", out.to_str().unwrap(), "--json"];
    all.extend(args);
    spectrum(all)
}

#[test]
fn every_claim_holds_at_the_smallest_scale() {
    // Of the laws and the gradients a part: all of them take half a minute each in a release build.
    let laws = &["--only", "ck-law,ntk-law,lemma-residual,linear"][..];
    let gradients = &["--only", "identity,one-spike-below"][..];
    for (name, at_least, only) in [
        ("heavy-tails", 15, &[][..]),
        ("linear-width", 6, &[]),
        ("limit-laws", 4, laws),
        ("low-rank-gradients", 2, gradients),
        ("grokking", 1, &[]),
        ("labels", 1, &[]),
    ] {
        let out = tempfile::tempdir().unwrap();
        let document = verify(&topic(name), out.path(), only).ok().json();
        let claims = document["claims"].as_array().unwrap();
        assert!(claims.len() >= at_least, "{name}: {} claims", claims.len());
        assert!(claims.iter().all(|c| c["holds"] == true), "{document:#}");
        let table = fs::read_to_string(out.path().join(TABLE)).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&table).unwrap()["claims"], document["claims"]);
    }
}

/// The tail claim at a rate that leaves no tail.
#[test]
fn a_claim_without_its_effect_does_not_hold() {
    let dir = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(topic("heavy-tails").join("claims.toml")).unwrap();
    let configs = topic("heavy-tails").join("../../configs");
    let text = text.replace("../../configs", configs.to_str().unwrap());
    let (before, claim) = text.split_once("id = \"tail-without-gradient-noise\"").unwrap();
    let (claim, after) = claim.split_once("[[claim]]").unwrap();
    let weak = claim.replace("\"optimizer.lr\" = 1.0", "\"optimizer.lr\" = 0.01");
    assert_ne!(claim, weak);
    let text = format!("{before}id = \"tail-without-gradient-noise\"{weak}[[claim]]{after}");
    fs::write(dir.path().join("claims.toml"), text).unwrap();
    let done = verify(dir.path(), &dir.path().join("runs"), &["--only", "tail-without-gradient-noise"]);
    assert_eq!(done.code, Some(1), "{done:#?}");
    assert_eq!(done.json()["claims"][0]["holds"], false);
}

#[test]
fn an_unknown_scale_or_claim_is_one_error() {
    let out = tempfile::tempdir().unwrap();
    let runs = out.path().join("runs");
    let refused = |path: &Path, args: &[&str], words: &[&str]| {
        let mut all = vec!["verify", path.to_str().unwrap(), "--out", runs.to_str().unwrap()];
        all.extend(args);
        spectrum(all).one_error(2, words);
        assert!(!runs.exists());
    };
    refused(&topic("heavy-tails"), &["--scale", "smal"], &["smal", "small"]);
    refused(&topic("heavy-tails"), &["--only", "tail-without"], &["tail-without"]);
    refused(Path::new("/nowhere"), &[], &["/nowhere"]);
}
