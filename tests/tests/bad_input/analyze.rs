//! Checkpoints that cannot be analysed: one line, exit 2, and nothing written.

use std::fs;
use std::path::Path;

use crate::common::safetensors::{Tensor, write};
use crate::common::spectrum;

#[track_caller]
fn refused(path: &Path, args: &[&str], words: &[&str]) {
    let out = tempfile::tempdir().unwrap();
    let runs = out.path().join("runs");
    let mut all = vec!["analyze", path.to_str().unwrap(), "--out", runs.to_str().unwrap()];
    all.extend(args);
    let done = spectrum(all);
    done.one_error(2, words);
    assert!(!runs.exists(), "something was left behind");
}

#[track_caller]
fn file(name: &str, bytes: &[u8], words: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, bytes).unwrap();
    refused(&path, &[], &[&[path.to_str().unwrap()], words].concat());
}

#[test]
fn files_that_are_no_checkpoint() {
    file("empty.safetensors", b"", &["empty"]);
    file("letter.pt", b"Dear reader, this is not a checkpoint at all.", &[]);
    file("terabytes.safetensors", &[0, 0, 0, 0, 0, 16, 0, 0, b'{', b'}'], &["header"]);
    refused(Path::new("/nowhere/at/all.safetensors"), &[], &["/nowhere/at/all.safetensors"]);
}

#[test]
fn a_folder_without_a_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("README.txt"), "nothing here").unwrap();
    refused(dir.path(), &[], &[dir.path().to_str().unwrap()]);
}

#[test]
fn a_truncated_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cut.safetensors");
    write(&path, &[("w", Tensor::f64(&[4, 4], vec![1.0; 16]))]);
    let bytes = fs::read(&path).unwrap();
    for keep in [1, 7, 8, 20, bytes.len() - 1] {
        fs::write(&path, &bytes[..keep]).unwrap();
        refused(&path, &[], &["cut.safetensors"]);
    }
}

#[test]
fn options_that_match_nothing_or_mean_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("net.safetensors");
    write(
        &path,
        &[("encoder.query.weight", Tensor::f64(&[4, 4], vec![1.0; 16])), ("bias", Tensor::f64(&[4], vec![0.0; 4]))],
    );
    refused(&path, &["--layers", "encoder.qurey.weight"], &["encoder.qurey.weight", "encoder.query.weight"]);
    refused(&path, &["--layers", "[a"], &["[a"]);
    refused(&path, &["--convention", "cns"], &["--convention", "cns", "csn, ww, hill"]);
    refused(&path, &["--views", "gate"], &["--views", "gate", "gates"]);
    refused(&path, &["--route", "gramm"], &["--route", "gramm"]);
    refused(&path, &["--layout", "numpy"], &["--layout", "numpy"]);
    refused(&path, &["--with", "everything"], &["--with", "everything"]);
    refused(&path, &["--export", "xlsx"], &["xlsx"]);
    refused(&path, &["--base", "/nowhere.safetensors"], &["/nowhere.safetensors"]);
    let other = dir.path().join("other.safetensors");
    write(&other, &[("encoder.query.weight", Tensor::f64(&[2, 2], vec![1.0; 4]))]);
    refused(&path, &["--base", other.to_str().unwrap()], &["other.safetensors", "no tensor of equal name and shape"]);
    write(&other, &[("bias", Tensor::f64(&[4], vec![1.0; 4]))]);
    refused(&other, &[], &["holds no matrix", "fewer than two axes"]);
}
