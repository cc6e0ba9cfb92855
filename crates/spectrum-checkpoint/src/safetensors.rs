//! Safetensors: a 64-bit header length, a JSON header, and the tensors without gaps.
//!
//! The header is read here and not by the `safetensors` crate (which the tests compare with): that one reads a header
//! into a map, so that of two tensors of one name the last silently wins; it refuses a whole file for one element type
//! it does not know; and its errors name neither the bytes nor the neighbour. The rules are the format's own: offsets
//! begin at the end of the header, every byte belongs to exactly one tensor, at most 100 MB of header.

use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::checkpoint::{Opened, Source};
use crate::error::clip;
use crate::info::{MAX_RANK, byte_length};
use crate::mapping::Mapping;
use crate::sniff::SAFETENSORS_MAX_HEADER;
use crate::{CheckpointError, Container, Dtype, TensorInfo, natural_order};

/// One entry of the header.
#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

/// The header as a list, so that a name that stands twice is seen.
struct Header(Vec<(String, Entry)>);

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Header;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tensors")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let mut entries = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        map.next_value::<IgnoredAny>()?;
                    } else {
                        entries.push((name, map.next_value()?));
                    }
                }
                Ok(Header(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// The types of the format: what is read, and the bits of an element of what is only listed.
fn element(name: &str) -> (Dtype, Option<u64>) {
    let bits = match name {
        "F16" => return (Dtype::F16, Some(16)),
        "BF16" => return (Dtype::Bf16, Some(16)),
        "F32" => return (Dtype::F32, Some(32)),
        "F64" => return (Dtype::F64, Some(64)),
        "F4" => Some(4),
        "F6_E2M3" | "F6_E3M2" => Some(6),
        "BOOL" | "U8" | "I8" | "F8_E5M2" | "F8_E4M3" | "F8_E8M0" | "F8_E5M2FNUZ" | "F8_E4M3FNUZ" => Some(8),
        "I16" | "U16" => Some(16),
        "I32" | "U32" => Some(32),
        "I64" | "U64" | "C64" => Some(64),
        _ => None,
    };
    (Dtype::Other(clip(name)), bits)
}

/// Reads and checks the header.
pub(crate) fn open(map: &Mapping) -> Result<Opened, CheckpointError> {
    let file = || map.file();
    let total = map.len();
    let Some(length) = map.bytes().first_chunk::<8>().map(|b| u64::from_le_bytes(*b)) else {
        return Err(CheckpointError::Truncated {
            file: file(),
            what: "the header length".into(),
            expected: 8,
            found: total,
        });
    };
    if length > SAFETENSORS_MAX_HEADER {
        return Err(CheckpointError::Claim {
            file: file(),
            what: "the safetensors header (byte 0)".into(),
            claimed: length.to_string(),
            limit: SAFETENSORS_MAX_HEADER.min(total - 8),
            file_bytes: total,
        });
    }
    let start = 8 + length;
    let Some(text) = map.slice(&(8..start)) else {
        return Err(CheckpointError::Truncated {
            file: file(),
            what: "the header".into(),
            expected: start,
            found: total,
        });
    };
    let malformed = |byte: u64, found: String| CheckpointError::Malformed {
        file: file(),
        what: "safetensors header".into(),
        byte,
        found: clip(&found),
        expected: "a JSON object of { dtype, shape, data_offsets }",
    };
    let text = std::str::from_utf8(text).map_err(|e| malformed(8 + e.valid_up_to() as u64, e.to_string()))?;
    let Header(entries) =
        serde_json::from_str(text).map_err(|e| malformed(8 + byte_of(text, e.line(), e.column()), e.to_string()))?;
    map.release(&(0..start));

    let mut rows = Vec::with_capacity(entries.len());
    for (name, entry) in entries {
        rows.push(check(map, start, name, &entry)?);
    }
    covers(map, start, &mut rows)?;
    rows.sort_by(|a, b| natural_order(&a.0.name, &b.0.name));
    let (tensors, ranges): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    Ok(Opened {
        order: None,
        container: Container::Safetensors,
        file_bytes: total,
        tensors,
        skipped: Vec::new(),
        root: None,
        source: Box::new(Mapped { map: map.clone(), ranges }),
    })
}

/// The byte that serde_json's line (from one) and column (bytes, from one) mean.
fn byte_of(text: &str, line: usize, column: usize) -> u64 {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (before + column.saturating_sub(1)) as u64
}

/// One entry's numbers against each other and against the file.
fn check(map: &Mapping, start: u64, name: String, entry: &Entry) -> Result<(TensorInfo, Range<u64>), CheckpointError> {
    let (dtype, bits) = element(&entry.dtype);
    let (from, to) = entry.data_offsets;
    let overflow = || CheckpointError::Claim {
        file: map.file(),
        what: format!(
            "tensor `{}` with shape {:?} at {from} to {to}",
            clip(&name),
            &entry.shape[..entry.shape.len().min(8)]
        ),
        claimed: "more than 2^64".into(),
        limit: map.len() - start,
        file_bytes: map.len(),
    };
    let shape: Vec<usize> =
        entry.shape.iter().map(|&d| usize::try_from(d).map_err(|_| overflow())).collect::<Result<_, _>>()?;
    let (begin, end) = start.checked_add(from).zip(start.checked_add(to)).ok_or_else(overflow)?;
    if to < from {
        return Err(CheckpointError::Overlap {
            file: map.file(),
            other: clip(&name),
            name,
            found: end,
            expected: begin,
        });
    }
    // A type that is not known here can have any size.
    if let Some(bits) = bits {
        let bits = byte_length(&shape, 1).and_then(|n| n.checked_mul(bits)).ok_or_else(overflow)?;
        let expected = bits.div_ceil(8);
        if expected != to - from {
            let (dtype, found, shape) = (dtype.to_string(), to - from, shape[..shape.len().min(MAX_RANK)].to_vec());
            return Err(CheckpointError::Size { file: map.file(), name, shape, dtype, found, expected });
        }
    }
    if end > map.len() {
        return Err(CheckpointError::Truncated {
            file: map.file(),
            what: format!("tensor `{}`", clip(&name)),
            expected: end,
            found: map.len(),
        });
    }
    Ok((TensorInfo { name, shape, dtype, bytes: to - from }, begin..end))
}

/// Every byte after the header belongs to exactly one tensor.
fn covers(map: &Mapping, start: u64, rows: &mut [(TensorInfo, Range<u64>)]) -> Result<(), CheckpointError> {
    rows.sort_by(|a, b| (a.1.start, a.1.end, &a.0.name).cmp(&(b.1.start, b.1.end, &b.0.name)));
    let (mut expected, mut other) = (start, "the header");
    for (info, range) in rows.iter() {
        let found = range.start;
        if found < expected {
            let (name, other) = (info.name.clone(), clip(other));
            return Err(CheckpointError::Overlap { file: map.file(), name, other, found, expected });
        }
        if found > expected {
            let what = format!("tensor `{}`", clip(&info.name));
            return Err(CheckpointError::Hole { file: map.file(), what, found, expected });
        }
        (expected, other) = (range.end, &info.name);
    }
    if expected != map.len() {
        let what = "the end of the file".to_owned();
        return Err(CheckpointError::Hole { file: map.file(), what, found: map.len(), expected });
    }
    Ok(())
}

/// Tensors that lie in a mapped file as they are.
pub(crate) struct Mapped {
    pub map: Mapping,
    pub ranges: Vec<Range<u64>>,
}

impl Source for Mapped {
    fn with(&self, index: usize, f: &mut dyn FnMut(&[u8])) -> Result<(), CheckpointError> {
        // The ranges were checked against the mapping when the file was opened.
        f(self.map.slice(&self.ranges[index]).unwrap_or_default());
        Ok(())
    }

    fn release(&self, index: usize) {
        self.map.release(&self.ranges[index]);
    }
}
