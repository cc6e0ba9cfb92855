//! The file that is written: safetensors, one tensor in memory at a time, whole or not at all.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype as Type, View, serialize_to_file};
use spectrum_checkpoint::{Checkpoint, Dtype, TensorInfo};

use crate::AnalyzeError;

/// Gives the bytes of a tensor.
type Bytes<'a> = dyn FnMut(&str) -> Result<Vec<u8>, AnalyzeError> + 'a;

/// Writes all tensors of `checkpoint` with the bytes that `bytes` gives for their names. `format` is the one entry of the metadata.
pub(super) fn write(
    path: &Path,
    checkpoint: &Checkpoint,
    format: Option<&str>,
    bytes: &mut Bytes<'_>,
) -> Result<(), AnalyzeError> {
    let failed = |why: String| AnalyzeError::Write { path: path.to_owned(), why };
    let state = RefCell::new(State { bytes, failure: None });
    let views = checkpoint.tensors().iter().map(|info| {
        let no_type = || AnalyzeError::NoType {
            path: checkpoint.path().to_owned(),
            tensor: info.name.clone(),
            dtype: info.dtype.to_string(),
        };
        let dtype = of(info).ok_or_else(no_type)?;
        let length = usize::try_from(info.bytes).map_err(|_| no_type())?;
        Ok((info.name.as_str(), Lazy { info, dtype, length, checkpoint, state: &state }))
    });
    let views = views.collect::<Result<Vec<_>, AnalyzeError>>()?;
    let metadata = format.map(|format| [("format".to_owned(), format.to_owned())].into());

    let new = Beside::of(path);
    let written = serialize_to_file(views, metadata, &new.path);
    if let Some(failure) = state.into_inner().failure {
        return Err(failure);
    }
    written.map_err(|e| failed(e.to_string()))?;
    File::open(&new.path).and_then(|f| f.sync_all()).map_err(|e| failed(e.to_string()))?;
    fs::rename(&new.path, path).map_err(|e| failed(e.to_string()))?;
    if cfg!(unix) {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|d| d.sync_all()).map_err(|e| failed(e.to_string()))?;
    }
    Ok(())
}

/// The file beside its place, removed unless it was renamed.
struct Beside {
    path: PathBuf,
}

impl Beside {
    /// Named for the process too: two that write the same file do not share it.
    fn of(path: &Path) -> Self {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        Self { path: path.with_file_name(name) }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// What the tensors share: where their bytes come from, and the first error.
struct State<'a, 'b> {
    bytes: &'a mut Bytes<'b>,
    failure: Option<AnalyzeError>,
}

/// A tensor whose bytes are made when they are written. The writer knows no errors of its sources: after one, every tensor is empty and
/// the file is thrown away.
struct Lazy<'a, 's, 'b> {
    info: &'a TensorInfo,
    dtype: Type,
    length: usize,
    checkpoint: &'a Checkpoint,
    state: &'a RefCell<State<'s, 'b>>,
}

impl View for Lazy<'_, '_, '_> {
    fn dtype(&self) -> Type {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.info.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let mut state = self.state.borrow_mut();
        if state.failure.is_some() {
            return Cow::Borrowed(&[]);
        }
        let bytes = (state.bytes)(&self.info.name);
        self.checkpoint.release(&self.info.name);
        match bytes {
            Ok(bytes) => Cow::Owned(bytes),
            Err(e) => {
                state.failure = Some(e);
                Cow::Borrowed(&[])
            }
        }
    }

    fn data_len(&self) -> usize {
        self.length
    }
}

/// The format's type of a tensor, by the names that the readers give; none where there is no such type, or where the bytes are not those
/// of that many elements.
fn of(info: &TensorInfo) -> Option<Type> {
    let dtype = match &info.dtype {
        Dtype::F16 => Type::F16,
        Dtype::Bf16 => Type::BF16,
        Dtype::F32 => Type::F32,
        Dtype::F64 => Type::F64,
        Dtype::Other(name) => match name.as_str() {
            // safetensors and burnpack; PyTorch; numpy.
            "BOOL" | "Bool" | "Bool(Native)" | "bool" | "|b1" => Type::BOOL,
            "U8" | "uint8" | "|u1" => Type::U8,
            "I8" | "int8" | "|i1" => Type::I8,
            "U16" | "uint16" | "<u2" => Type::U16,
            "I16" | "int16" | "<i2" => Type::I16,
            "U32" | "uint32" | "<u4" => Type::U32,
            "I32" | "int32" | "<i4" => Type::I32,
            "U64" | "uint64" | "<u8" => Type::U64,
            "I64" | "int64" | "<i8" => Type::I64,
            "F4" => Type::F4,
            "F6_E2M3" => Type::F6_E2M3,
            "F6_E3M2" => Type::F6_E3M2,
            "F8_E5M2" => Type::F8_E5M2,
            "F8_E4M3" => Type::F8_E4M3,
            "F8_E8M0" => Type::F8_E8M0,
            _ => return None,
        },
    };
    let elements = match info.shape.contains(&0) {
        true => 0,
        false => info.shape.iter().try_fold(1u64, |n, &d| n.checked_mul(u64::try_from(d).ok()?))?,
    };
    let bits = elements.checked_mul(dtype.bitsize() as u64)?;
    (bits.div_ceil(8) == info.bytes).then_some(dtype)
}
