//! What the tests share: the fixtures and the values that torch and numpy recorded for them.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};

use serde_json::Value;
use spectrum_checkpoint::{Checkpoint, CheckpointError, TensorBytes};
use spectrum_core::Precision;

/// This package's folder, asked for when the test runs: a test binary that a shared target directory kept from another
/// checkout would have that one's compiled in.
pub fn package() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
}

pub fn fixture(name: &str) -> PathBuf {
    package().join("tests/fixtures").join(name)
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

/// A safetensors file of this header and these data.
pub fn safetensors_file(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
}

/// A zip of these entries, stored or deflated.
pub fn zip_file(entries: &[(&str, &[u8])], deflate: bool) -> Vec<u8> {
    use std::io::Write;
    let method = if deflate { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, zip::write::SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// What `torch.save` writes around a pickle.
pub fn torch_file(pickle: &[u8], storages: &[(&str, &[u8])]) -> Vec<u8> {
    let names: Vec<String> = storages.iter().map(|(key, _)| format!("model/data/{key}")).collect();
    let mut entries = vec![("model/data.pkl", pickle), ("model/version", b"3\n")];
    entries.extend(names.iter().zip(storages).map(|(n, (_, bytes))| (n.as_str(), *bytes)));
    zip_file(&entries, false)
}

/// The opcodes that build a tensor of f32 over storage `0` of `numel` elements.
pub fn tensor_pickle(numel: u32, shape: &[u32], stride: &[u32]) -> Vec<u8> {
    let int = |n: u32| [&b"J"[..], &n.to_le_bytes()].concat();
    let tuple = |ns: &[u32]| [&b"("[..], &ns.iter().flat_map(|&n| int(n)).collect::<Vec<_>>(), b"t"].concat();
    [
        &b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpu"[..],
        &int(numel),
        b"tQK\0",
        &tuple(shape),
        &tuple(stride),
        b"\x89ccollections\nOrderedDict\n)RtR",
    ]
    .concat()
}

/// A key of a dictionary.
pub fn key(name: &str) -> Vec<u8> {
    [&b"X"[..], &(name.len() as u32).to_le_bytes(), name.as_bytes()].concat()
}

/// A dictionary of these keys and values, as a whole pickle.
pub fn dict_pickle(items: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = b"\x80\x02}(".to_vec();
    for (name, value) in items {
        out.extend(key(name));
        out.extend(*value);
    }
    out.extend(b"u.");
    out
}

/// A numpy array with this header text.
pub fn npy_file(header: &str, data: &[u8]) -> Vec<u8> {
    [&b"\x93NUMPY\x01\0"[..], &(header.len() as u16).to_le_bytes(), header.as_bytes(), data].concat()
}

/// A burnpack of f32 tensors, by the crate that defines the format.
pub fn burnpack_file(tensors: &[(&str, &[usize], &[f32])]) -> Vec<u8> {
    let tensors = tensors.iter().map(|(name, shape, values)| {
        let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let bytes = burn_pack::Bytes::from_bytes_vec(raw);
        burn_pack::Tensor::new((*name).to_owned(), burn_pack::DType::F32, shape.to_vec(), None, bytes)
    });
    burn_pack::Writer::new(tensors.collect()).into_bytes().unwrap().to_vec()
}
