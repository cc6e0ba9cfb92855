//! What is known of a checkpoint without reading a tensor.

use std::fmt;

use spectrum_core::Precision;

/// The kind of file that a checkpoint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Container {
    /// One safetensors file.
    Safetensors,
    /// An `*.index.json` over safetensors files.
    ShardedSafetensors,
    /// PyTorch 1.6 and later: a zip with a pickle in it.
    PytorchZip,
    /// PyTorch 0.1.10 to 1.5: pickles, then the storages.
    PytorchLegacy,
    /// An `*.index.json` over PyTorch files.
    ShardedPytorch,
    /// Burn's burnpack.
    Burnpack,
    /// A zip of numpy arrays.
    Npz,
    /// One numpy array.
    Npy,
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Safetensors => "safetensors",
            Self::ShardedSafetensors => "sharded safetensors",
            Self::PytorchZip => "PyTorch (zip)",
            Self::PytorchLegacy => "PyTorch (legacy pickle)",
            Self::ShardedPytorch => "sharded PyTorch",
            Self::Burnpack => "burnpack",
            Self::Npz => "npz",
            Self::Npy => "npy",
        })
    }
}

/// The type of a tensor's elements.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Dtype {
    /// IEEE half.
    F16,
    /// bfloat16.
    Bf16,
    /// IEEE single.
    F32,
    /// IEEE double.
    F64,
    /// Anything else (integers, booleans, 8-bit floats, complex numbers), by the name that the file gives it. Such a
    /// tensor is listed and can be copied, but not read.
    Other(String),
}

impl Dtype {
    /// The precision of the four types that can be read.
    #[must_use]
    pub fn precision(&self) -> Option<Precision> {
        match self {
            Self::F16 => Some(Precision::F16),
            Self::Bf16 => Some(Precision::Bf16),
            Self::F32 => Some(Precision::F32),
            Self::F64 => Some(Precision::F64),
            Self::Other(_) => None,
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(name) => f.write_str(name),
            known => f.write_str(known.precision().map_or("", Precision::as_str)),
        }
    }
}

/// A tensor of a checkpoint, unread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// Its name, dots between the levels of nested dictionaries.
    pub name: String,
    /// Its extents, slowest axis first. Empty for a scalar.
    pub shape: Vec<usize>,
    /// The type of its elements.
    pub dtype: Dtype,
    /// Bytes of its elements in row-major order.
    pub bytes: u64,
}

/// Something in a checkpoint that is not offered as a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its name: a key, a path of keys or what a pickle imports (`os.system`).
    pub name: String,
    /// Why it was left out.
    pub reason: String,
}

/// A tensor's elements.
#[derive(Debug, Clone, Copy)]
pub struct TensorBytes<'a> {
    /// The type of the elements.
    pub precision: Precision,
    /// The extents, slowest axis first.
    pub shape: &'a [usize],
    /// The elements: little-endian, row-major, at any alignment; `shape` times `precision.bytes()` of them.
    pub bytes: &'a [u8],
}

/// The most axes of a tensor: numpy's and PyTorch's own limit.
pub(crate) const MAX_RANK: usize = 64;

/// Bytes of a tensor of `shape` with elements of `size` bytes, or nothing where the product overflows.
pub(crate) fn byte_length(shape: &[usize], size: usize) -> Option<u64> {
    // An extent of zero makes the tensor empty, whatever the others are.
    if shape.contains(&0) {
        return Some(0);
    }
    let elements = shape.iter().try_fold(1u64, |n, &d| n.checked_mul(u64::try_from(d).ok()?))?;
    elements.checked_mul(size as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_lengths_do_not_wrap() {
        assert_eq!(byte_length(&[], 4), Some(4));
        assert_eq!(byte_length(&[2, 3], 8), Some(48));
        assert_eq!(byte_length(&[usize::MAX, 2], 1), None);
        assert_eq!(byte_length(&[1 << 62], 8), None);
        assert_eq!(byte_length(&[usize::MAX, usize::MAX, 0], 8), Some(0));
    }

    #[test]
    fn names_of_types() {
        assert_eq!(Dtype::Bf16.to_string(), "bf16");
        assert_eq!(Dtype::Other("I64".into()).to_string(), "I64");
        assert_eq!(Dtype::Other("I64".into()).precision(), None);
        assert_eq!(Container::PytorchZip.to_string(), "PyTorch (zip)");
    }
}
