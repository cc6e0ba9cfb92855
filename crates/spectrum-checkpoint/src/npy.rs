//! Numpy's array format: a magic, a header that is a Python dictionary, the elements.
//!
//! The header is read here: three keys with a string, a boolean and a tuple of integers need no parser of Python
//! literals, whose backtracking over nested brackets would be the easiest thing in this crate to attack.

use std::ops::Range;

use crate::checkpoint::{Opened, Source};
use crate::error::clip;
use crate::info::byte_length;
use crate::mapping::Mapping;
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
        let mut parser = Literal { text, at: 0, base: begin as u64 };
        let (descr, fortran, shape) = parser.header()?;
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

/// A reader of the one dictionary that a header is.
struct Literal<'a> {
    text: &'a [u8],
    at: usize,
    /// The offset of the text in the array's file.
    base: u64,
}

impl Literal<'_> {
    fn header(&mut self) -> Result<(String, bool, Vec<usize>), Wrong> {
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        self.expect(b'{', "a dictionary")?;
        while self.peek() != Some(b'}') {
            let key = self.string()?;
            self.expect(b':', "a colon")?;
            let fresh = match key.as_str() {
                "descr" => descr.replace(self.descr()?).is_none(),
                "fortran_order" => fortran.replace(self.boolean()?).is_none(),
                "shape" => shape.replace(self.shape()?).is_none(),
                _ => return Err(self.wrong("the keys descr, fortran_order and shape")),
            };
            if !fresh {
                return Err(self.wrong("each key once"));
            }
            if self.peek() != Some(b'}') {
                self.expect(b',', "a comma or the end of the dictionary")?;
            }
        }
        self.at += 1;
        if self.peek().is_some() {
            return Err(self.wrong("nothing after the dictionary"));
        }
        match (descr, fortran, shape) {
            (Some(d), Some(f), Some(s)) => Ok((d, f, s)),
            _ => Err(self.wrong("the keys descr, fortran_order and shape")),
        }
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn wrong(&self, expected: &'static str) -> Wrong {
        let rest = &self.text[self.at.min(self.text.len())..];
        let found = String::from_utf8_lossy(&rest[..rest.len().min(20)]).into_owned();
        (self.base + self.at as u64, if found.is_empty() { "the end".into() } else { clip(&found) }, expected)
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), Wrong> {
        if self.peek() != Some(byte) {
            return Err(self.wrong(what));
        }
        self.at += 1;
        Ok(())
    }

    fn string(&mut self) -> Result<String, Wrong> {
        let quote = self.peek().filter(|q| matches!(q, b'\'' | b'"')).ok_or_else(|| self.wrong("a string"))?;
        let begin = self.at + 1;
        let length = self.text[begin..].iter().position(|&c| c == quote).ok_or_else(|| self.wrong("a whole string"))?;
        self.at = begin + length + 1;
        Ok(String::from_utf8_lossy(&self.text[begin..begin + length]).into_owned())
    }

    /// A type: a string, or the list of a structured type, which is kept as text.
    fn descr(&mut self) -> Result<String, Wrong> {
        if self.peek() != Some(b'[') {
            return self.string();
        }
        let (begin, mut depth, mut quoted) = (self.at, 0usize, None);
        while let Some(&c) = self.text.get(self.at) {
            match (quoted, c) {
                (Some(q), c) if q == c => quoted = None,
                (None, b'\'' | b'"') => quoted = Some(c),
                (None, b'[' | b'(') => depth += 1,
                (None, b']' | b')') => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Ok(String::from_utf8_lossy(&self.text[begin..self.at]).into_owned());
            }
        }
        Err(self.wrong("the end of the type's list"))
    }

    fn boolean(&mut self) -> Result<bool, Wrong> {
        self.peek();
        for (word, value) in [(&b"True"[..], true), (b"False", false)] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.wrong("True or False"))
    }

    fn shape(&mut self) -> Result<Vec<usize>, Wrong> {
        self.expect(b'(', "a tuple")?;
        let mut shape = Vec::new();
        while self.peek() != Some(b')') {
            let digits = self.text[self.at..].iter().take_while(|c| c.is_ascii_digit()).count();
            let text = std::str::from_utf8(&self.text[self.at..self.at + digits]).unwrap_or_default();
            let extent = text.parse().map_err(|_| self.wrong("an extent below 2^64"))?;
            self.at += digits;
            // Python 2 wrote long integers as 3L.
            if self.peek() == Some(b'L') {
                self.at += 1;
            }
            shape.push(extent);
            if self.peek() != Some(b')') {
                self.expect(b',', "a comma or the end of the tuple")?;
            }
        }
        self.at += 1;
        Ok(shape)
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
