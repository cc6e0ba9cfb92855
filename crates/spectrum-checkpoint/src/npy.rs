//! Numpy's array format: a magic, a header that is a Python dictionary, the elements.
//!
//! The header is read here: three keys with a string, a boolean and a tuple of integers need no parser of Python
//! literals, whose backtracking over nested brackets would be the easiest thing in this crate to attack.

use std::ops::Range;

use crate::checkpoint::{Opened, Source};
use crate::error::clip;
use crate::info::byte_length;
use crate::mapping::Mapping;
use crate::npy_literal::Literal;
use crate::{CheckpointError, Container, Dtype, TensorInfo};

/// The longest header that is believed; numpy's own limit.
pub(crate) const MAX_HEADER: u64 = 10_000;
/// Enough bytes of a file for its header.
pub(crate) const PREFIX: u64 = 12 + MAX_HEADER;

/// What a header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub dtype: Dtype,
    /// Bytes of an element, where the type is one of numpy's plain ones.
    pub item: Option<usize>,
    pub big_endian: bool,
    pub fortran: bool,
    pub shape: Vec<usize>,
    /// Bytes before the elements.
    pub start: u64,
}

/// What is wrong with a header: the byte, what stands there, what should.
pub(crate) type Wrong = (u64, String, &'static str);

impl Header {
    /// Reads the header at the beginning of an array, of which `prefix` are the first [`PREFIX`] bytes (or all there
    /// are).
    pub fn parse(prefix: &[u8]) -> Result<Self, Wrong> {
        let byte = |i: usize| prefix.get(i).copied().ok_or((i as u64, "the end".to_owned(), "an npy header"));
        if !prefix.starts_with(b"\x93NUMPY") {
            return Err((0, "other bytes".into(), "\\x93NUMPY"));
        }
        let two = |i: usize| Ok::<_, Wrong>(u64::from(byte(i)?) | u64::from(byte(i + 1)?) << 8);
        let (length, begin) = match (byte(6)?, byte(7)?) {
            (1, 0) => (two(8)?, 10),
            (2 | 3, 0) => (two(8)? | two(10)? << 16, 12),
            (major, minor) => return Err((6, format!("version {major}.{minor}"), "version 1.0, 2.0 or 3.0")),
        };
        if length > MAX_HEADER {
            return Err((8, format!("a header of {length} bytes"), "at most 10000 bytes"));
        }
        let end = begin + length as usize;
        let text = prefix.get(begin..end).ok_or_else(|| {
            (prefix.len() as u64, format!("the end in a header of {length} bytes"), "a complete header")
        })?;
        let (descr, fortran, shape) = Literal::new(text, begin as u64).header()?;
        let (dtype, item, big_endian) = element(&descr);
        Ok(Self { dtype, item, big_endian, fortran, shape, start: end as u64 })
    }

    /// Bytes of the elements, `None` where the type has no known size, an error where they overflow.
    pub fn bytes(&self) -> Result<Option<u64>, Wrong> {
        let Some(item) = self.item else { return Ok(None) };
        byte_length(&self.shape, item).map(Some).ok_or_else(|| {
            (0, format!("shape {:?} of {}, more than 2^64 bytes", self.shape, self.dtype), "an array that fits a file")
        })
    }

    /// Whether the elements are little-endian and row-major as they lie.
    pub fn plain(&self) -> bool {
        // One long axis at most means that both orders are the same.
        !self.big_endian && (!self.fortran || self.shape.iter().filter(|&&d| d > 1).count() < 2)
    }

    /// The elements as little-endian and row-major. `data` must be the array's [`Header::bytes`].
    pub fn convert(&self, data: &[u8]) -> Vec<u8> {
        let item = self.item.unwrap_or(1).max(1);
        // Also where another extent is so large that the strides would overflow.
        if data.is_empty() {
            return Vec::new();
        }
        let mut out = Vec::with_capacity(data.len());
        if self.fortran {
            // An odometer over the row-major indices; stride k is the product of the extents before k.
            let strides: Vec<usize> =
                self.shape.iter().scan(1usize, |s, &d| Some(std::mem::replace(s, *s * d))).collect();
            let mut index = vec![0usize; self.shape.len()];
            let mut at = 0;
            while out.len() < data.len() {
                out.extend_from_slice(&data[at * item..(at + 1) * item]);
                for axis in (0..index.len()).rev() {
                    index[axis] += 1;
                    at += strides[axis];
                    if index[axis] < self.shape[axis] {
                        break;
                    }
                    at -= strides[axis] * self.shape[axis];
                    index[axis] = 0;
                }
            }
        } else {
            out.extend_from_slice(data);
        }
        if self.big_endian {
            out.chunks_exact_mut(item).for_each(<[u8]>::reverse);
        }
        out
    }

    /// An array of pickled objects.
    pub fn is_object(&self) -> bool {
        matches!(&self.dtype, Dtype::Other(name) if name.contains('O') && !name.starts_with('['))
            || matches!(&self.dtype, Dtype::Other(name) if name.starts_with('[') && name.contains("O'"))
    }
}

/// A type string (`<f4`) as type, size and whether it is big-endian.
fn element(descr: &str) -> (Dtype, Option<usize>, bool) {
    let other = |size| (Dtype::Other(clip(descr)), size, false);
    let mut chars = descr.chars();
    let (Some(order @ ('<' | '>' | '|' | '=')), Some(kind)) = (chars.next(), chars.next()) else { return other(None) };
    let digits: String = chars.as_str().chars().take_while(char::is_ascii_digit).collect();
    let size = digits.parse::<usize>().ok();
    let big = order == '>';
    match (kind, size) {
        ('f', Some(2)) => (Dtype::F16, size, big),
        ('f', Some(4)) => (Dtype::F32, size, big),
        ('f', Some(8)) => (Dtype::F64, size, big),
        ('b' | 'i' | 'u' | 'c' | 'S' | 'a' | 'V' | 'm' | 'M' | 'f', Some(_)) => other(size),
        ('U', Some(n)) => other(n.checked_mul(4)),
        _ => other(None),
    }
}

/// Opens a file that is one array. Its tensor is called by the file's name.
pub(crate) fn open(map: &Mapping) -> Result<Opened, CheckpointError> {
    let what = "npy header";
    let malformed = |(byte, found, expected): Wrong| CheckpointError::Malformed {
        file: map.file(),
        what: what.into(),
        byte,
        found,
        expected,
    };
    let prefix = map.bytes();
    let header = Header::parse(&prefix[..prefix.len().min(PREFIX as usize)]).map_err(malformed)?;
    if header.is_object() {
        return Err(CheckpointError::NoTensors {
            file: map.file(),
            found: "an array of pickled objects, which are never unpickled".into(),
            imports: Vec::new(),
        });
    }
    let there = map.len() - header.start;
    let bytes = header.bytes().map_err(malformed)?.unwrap_or(there);
    let end = header.start.saturating_add(bytes);
    if end > map.len() {
        let what = format!("the array of shape {:?}", header.shape);
        return Err(CheckpointError::Truncated { file: map.file(), what, expected: end, found: map.len() });
    }
    if end < map.len() {
        let what = "the end of the file".to_owned();
        return Err(CheckpointError::Hole { file: map.file(), what, found: map.len(), expected: end });
    }
    let name = map.path().file_stem().map_or_else(|| "array".to_owned(), |s| s.to_string_lossy().into_owned());
    let info = TensorInfo { name, shape: header.shape.clone(), dtype: header.dtype.clone(), bytes };
    Ok(Opened {
        order: Some(vec![0]),
        container: Container::Npy,
        file_bytes: map.len(),
        tensors: vec![info],
        skipped: Vec::new(),
        root: None,
        source: Box::new(Array { map: map.clone(), range: header.start..end, header }),
    })
}

struct Array {
    map: Mapping,
    range: Range<u64>,
    header: Header,
}

impl Source for Array {
    fn with(&self, _index: usize, f: &mut dyn FnMut(&[u8])) -> Result<(), CheckpointError> {
        let data = self.map.slice(&self.range).unwrap_or_default();
        if self.header.plain() {
            f(data)
        } else {
            f(&self.header.convert(data))
        }
        Ok(())
    }

    fn release(&self, _index: usize) {
        self.map.release(&self.range);
    }
}

#[cfg(test)]
#[path = "npy_tests.rs"]
mod tests;
