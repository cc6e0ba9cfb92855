//! Sharded sets, sound and wrong.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::fs;
use std::path::PathBuf;

use common::{dict_pickle, safetensors_file, tensor_pickle, torch_file};
use spectrum_checkpoint::{Checkpoint, CheckpointError as E, Container};

/// A folder with two shards (`a`, `b` in the first, `c` in the second) and this weight map.
fn set(weight_map: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let entry = |n: &str, at: u32| format!(r#""{n}":{{"dtype":"F32","shape":[1],"data_offsets":[{at},{}]}}"#, at + 4);
    let one = safetensors_file(&format!("{{{},{}}}", entry("a.10", 0), entry("a.9", 4)), &[1, 0, 0, 0, 2, 0, 0, 0]);
    fs::write(dir.path().join("one.safetensors"), one).unwrap();
    fs::write(dir.path().join("two.safetensors"), safetensors_file(&format!("{{{}}}", entry("c", 0)), &[3, 0, 0, 0]))
        .unwrap();
    let index = dir.path().join("model.safetensors.index.json");
    fs::write(&index, format!(r#"{{"metadata":{{"total_size":12}},"weight_map":{{{weight_map}}}}}"#)).unwrap();
    (dir, index)
}

fn error(weight_map: &str) -> E {
    let (_dir, index) = set(weight_map);
    let error = Checkpoint::open(&index).expect_err("a bad set");
    assert!(error.to_string().contains("model.safetensors.index.json"), "{error}");
    error
}

const SOUND: &str = r#""a.9":"one.safetensors","c":"two.safetensors","a.10":"one.safetensors""#;

#[test]
fn a_sound_set() {
    let (dir, index) = set(SOUND);
    let checkpoint = Checkpoint::open(&index).unwrap();
    assert_eq!(checkpoint.container(), Container::ShardedSafetensors);
    let names: Vec<&str> = checkpoint.tensors().iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["a.9", "a.10", "c"]);
    for (name, first) in [("a.9", 2), ("a.10", 1), ("c", 3)] {
        assert_eq!(checkpoint.read(name, |t| t.bytes[0]).unwrap(), first);
        checkpoint.release(name);
    }
    let sizes: u64 = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().metadata().unwrap().len()).sum();
    assert_eq!(checkpoint.file_bytes(), sizes);
}

#[test]
fn a_set_of_pytorch_files() {
    let dir = tempfile::tempdir().unwrap();
    let shard = torch_file(&dict_pickle(&[("w", &tensor_pickle(1, &[1], &[1]))]), &[("0", &[5; 4])]);
    fs::write(dir.path().join("part.bin"), shard).unwrap();
    let index = dir.path().join("pytorch_model.bin.index.json");
    fs::write(&index, r#"{"weight_map":{"w":"part.bin"}}"#).unwrap();
    let checkpoint = Checkpoint::open(&index).unwrap();
    assert_eq!(checkpoint.container(), Container::ShardedPytorch);
    assert_eq!(checkpoint.read("w", |t| t.bytes.to_vec()).unwrap(), [5; 4]);
}

#[test]
fn tensors_that_the_index_does_not_name_are_listed() {
    let (_dir, index) = set(r#""a.9":"one.safetensors""#);
    let checkpoint = Checkpoint::open(&index).unwrap();
    let skipped: Vec<&str> = checkpoint.skipped().iter().map(|s| s.name.as_str()).collect();
    assert_eq!(skipped, ["a.10"]);
}

#[test]
fn a_missing_shard() {
    let error = error(r#""a.9":"three.safetensors""#);
    assert!(
        matches!(&error, E::ShardMissing { shard, tensor, .. } if shard == "three.safetensors" && tensor == "a.9"),
        "{error}"
    );
}

#[test]
fn a_tensor_that_is_not_in_its_shard() {
    let error = error(r#""c":"one.safetensors""#);
    assert!(
        matches!(&error, E::TensorNotInShard { shard, tensor, .. } if shard == "one.safetensors" && tensor == "c"),
        "{error}"
    );
}

#[test]
fn a_shard_outside_the_folder() {
    for shard in ["../one.safetensors", "/etc/passwd", "sub/../../x", "./one.safetensors", "..", ".", "", "a\\\\b"] {
        let error = error(&format!(r#""a.9":"{shard}""#));
        assert!(matches!(&error, E::ShardOutside { .. }), "{shard}: {error}");
    }
}

#[test]
fn a_tensor_named_twice() {
    let error = error(r#""a.9":"one.safetensors","a.9":"one.safetensors""#);
    assert!(matches!(&error, E::DuplicateName { name, .. } if name == "a.9"), "{error}");
}

#[test]
fn an_index_of_nothing_and_one_that_is_no_index() {
    assert!(matches!(error(""), E::NoTensors { .. }));
    for text in ["{}", "{\"weight_map\":3}", "{\"weight_map\":{\"a\":1}}", "{\"weight_map\":{"] {
        let (_dir, path) = common::file(text.as_bytes());
        let error = Checkpoint::open(&path).unwrap_err();
        assert!(matches!(error, E::Malformed { .. }), "{text}: {error}");
    }
}

#[test]
fn an_index_in_an_index() {
    let (_dir, index) = set(r#""a":"model.safetensors.index.json""#);
    let error = Checkpoint::open(&index).unwrap_err();
    assert!(matches!(error, E::Unsupported { .. }), "{error}");
}

#[test]
fn a_broken_shard_is_named() {
    let (dir, index) = set(SOUND);
    let shard = dir.path().join("two.safetensors");
    let bytes = fs::read(&shard).unwrap();
    fs::write(&shard, &bytes[..bytes.len() - 1]).unwrap();
    let error = Checkpoint::open(&index).unwrap_err();
    assert!(matches!(&error, E::Truncated { file, .. } if file == &shard), "{error}");
}
