//! What the tests share: the fixtures and the values that torch and numpy recorded for them.
#![allow(dead_code)]

use std::path::{Path, PathBuf};

use serde_json::Value;
use spectrum_checkpoint::{Checkpoint, CheckpointError, TensorBytes};
use spectrum_core::Precision;

pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

pub fn expected() -> Value {
    serde_json::from_slice(&std::fs::read(fixture("expected.json")).unwrap()).unwrap()
}

/// The elements as f64, decoded with the crate `half` and the standard library.
pub fn values(tensor: TensorBytes<'_>) -> Vec<f64> {
    let b = tensor.bytes;
    match tensor.precision {
        Precision::F16 => b.chunks_exact(2).map(|c| half::f16::from_le_bytes(c.try_into().unwrap()).to_f64()).collect(),
        Precision::Bf16 => {
            b.chunks_exact(2).map(|c| half::bf16::from_le_bytes(c.try_into().unwrap()).to_f64()).collect()
        }
        Precision::F32 => b.chunks_exact(4).map(|c| f64::from(f32::from_le_bytes(c.try_into().unwrap()))).collect(),
        Precision::F64 => b.chunks_exact(8).map(|c| f64::from_le_bytes(c.try_into().unwrap())).collect(),
    }
}

/// Opens and reads every tensor that can be read: what a hostile file has to survive. Returns the bytes read.
pub fn exhaust(path: &Path) -> Result<u64, CheckpointError> {
    let checkpoint = Checkpoint::open(path)?;
    let mut sum = 0;
    for info in checkpoint.tensors() {
        if info.dtype.precision().is_some() {
            sum += checkpoint.read(&info.name, |t| t.bytes.len() as u64)?;
            checkpoint.release(&info.name);
        }
    }
    Ok(sum)
}

/// A file of these bytes in a directory of its own.
pub fn file(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.bin");
    std::fs::write(&path, bytes).unwrap();
    (dir, path)
}

/// The error of opening these bytes or reading a tensor of theirs.
pub fn error(bytes: &[u8]) -> CheckpointError {
    let (_dir, path) = file(bytes);
    let error = exhaust(&path).expect_err("a bad file");
    // Every error says which file.
    assert!(error.to_string().contains("model.bin"), "{error}");
    error
}
