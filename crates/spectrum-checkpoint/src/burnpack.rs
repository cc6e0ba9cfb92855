//! Burn's burnpack, through the crate that defines it.
//!
//! `burn-pack` checks the sizes of tensors against the file and reads them one by one. Two things are done before it is
//! called: the claimed length of the metadata is held against the file (it allocates that much before it reads), and
//! what it does not check is checked after it: tensors that share bytes.

use crate::checkpoint::{Opened, Source};
use crate::error::clip;
use crate::info::byte_length;
use crate::mapping::Mapping;
use crate::{CheckpointError, Container, Dtype, TensorInfo, natural_order};

/// Reads and checks the metadata.
pub(crate) fn open(map: &Mapping) -> Result<Opened, CheckpointError> {
    let reader_error = |what: &str, e: &burn_pack::Error| CheckpointError::Reader {
        file: map.file(),
        what: what.to_owned(),
        found: clip(&e.to_string()),
    };
    let header = burn_pack::Header::from_bytes(map.bytes()).map_err(|_| CheckpointError::Truncated {
        file: map.file(),
        what: "the burnpack header".into(),
        expected: burn_pack::HEADER_SIZE as u64,
        found: map.len(),
    })?;
    if header.version > burn_pack::FORMAT_VERSION {
        return Err(CheckpointError::Malformed {
            file: map.file(),
            what: "burnpack header".into(),
            byte: 4,
            found: format!("version {}", header.version),
            expected: "version 1",
        });
    }
    let metadata_end = burn_pack::HEADER_SIZE as u64 + u64::from(header.metadata_size);
    if metadata_end > map.len() {
        return Err(CheckpointError::Truncated {
            file: map.file(),
            what: "the burnpack metadata".into(),
            expected: metadata_end,
            found: map.len(),
        });
    }
    let reader = burn_pack::Reader::from_file_exact(map.path()).map_err(|e| reader_error("burnpack metadata", &e))?;
    let packed = reader.into_tensors().map_err(|e| reader_error("burnpack metadata", &e))?;

    let mut rows = Vec::with_capacity(packed.len());
    let mut sum = 0u64;
    for tensor in packed {
        let (dtype, bytes) = (element(tensor.dtype), tensor.byte_len() as u64);
        let shape = tensor.shape.to_vec();
        sum = sum.saturating_add(bytes);
        if let Some(precision) = dtype.precision() {
            let expected = byte_length(&shape, precision.bytes()).unwrap_or(u64::MAX);
            if expected != bytes {
                let (file, name, dtype) = (map.file(), tensor.name, dtype.to_string());
                return Err(CheckpointError::Size { file, name, shape, dtype, found: bytes, expected });
            }
        }
        rows.push((TensorInfo { name: tensor.name.clone(), shape, dtype, bytes }, tensor));
    }
    let section = map.len() - metadata_end;
    if sum > section {
        return Err(CheckpointError::Claim {
            file: map.file(),
            what: "all tensors together (some share bytes)".into(),
            claimed: sum.to_string(),
            limit: section,
            file_bytes: map.len(),
        });
    }
    if rows.is_empty() {
        let found = "a burnpack without one".into();
        return Err(CheckpointError::NoTensors { file: map.file(), found, imports: Vec::new() });
    }
    rows.sort_by(|a, b| natural_order(&a.0.name, &b.0.name));
    let (tensors, packed) = rows.into_iter().unzip();
    Ok(Opened {
        order: None,
        container: Container::Burnpack,
        file_bytes: map.len(),
        tensors,
        skipped: Vec::new(),
        root: None,
        source: Box::new(Packed { map: map.clone(), packed }),
    })
}

fn element(dtype: burn_pack::DType) -> Dtype {
    use burn_pack::DType as D;
    match dtype {
        D::F16 => Dtype::F16,
        D::BF16 => Dtype::Bf16,
        // Flex32 is stored as single precision; only its arithmetic is looser.
        D::F32 | D::Flex32 => Dtype::F32,
        D::F64 => Dtype::F64,
        D::QFloat(_) => Dtype::Other("quantized".into()),
        other => Dtype::Other(format!("{other:?}")),
    }
}

struct Packed {
    map: Mapping,
    packed: Vec<burn_pack::Tensor>,
}

impl Source for Packed {
    fn with(&self, index: usize, f: &mut dyn FnMut(&[u8])) -> Result<(), CheckpointError> {
        let tensor = &self.packed[index];
        let failed = |found: String| CheckpointError::Reader {
            file: self.map.file(),
            what: format!("tensor `{}`", clip(&tensor.name)),
            found: clip(&found),
        };
        // A fresh window into the file: the one that is kept would keep what it has read. `read` and not a dereference,
        // which panics where the file cannot be read any more.
        let window = tensor.to_bytes().map_err(|e| failed(e.to_string()))?;
        let bytes = window.read(Default::default()).map_err(|e| failed(e.to_string()))?;
        f(bytes);
        Ok(())
    }
}
