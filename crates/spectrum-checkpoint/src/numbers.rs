//! A tensor as numbers: data and labels that lie in the files that checkpoints lie in.
//!
//! [`Checkpoint::read`] hands out the bytes of floating-point tensors, which is what weights are. Labels are integers or
//! booleans more often than not, and one copy in f64 of a matrix of data does no harm.

use spectrum_core::Precision;

use crate::{Checkpoint, CheckpointError, Dtype, TensorInfo};

/// A tensor's elements, widened.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbers {
    /// The extents, slowest axis first.
    pub shape: Vec<usize>,
    /// The elements in row-major order. Every type but 64-bit integers widens without rounding; of those, numbers beyond
    /// 2^53 are rounded to the nearest f64.
    pub values: Vec<f64>,
}

impl Checkpoint {
    /// The tensor of this name. Where none is given: the file's only tensor, or else the only one of `axes` axes.
    ///
    /// # Errors
    /// [`CheckpointError::UnknownTensor`], or [`CheckpointError::Ambiguous`] with what there is to choose from.
    pub fn choose(&self, name: Option<&str>, axes: usize) -> Result<&TensorInfo, CheckpointError> {
        if let Some(name) = name {
            return Ok(self.find(name)?.1);
        }
        let all = self.tensors();
        if let [one] = all {
            return Ok(one);
        }
        let mut fitting = all.iter().filter(|t| t.shape.len() == axes);
        match (fitting.next(), fitting.next()) {
            (Some(one), None) => Ok(one),
            _ => Err(CheckpointError::Ambiguous {
                file: self.path().to_owned(),
                found: all.iter().map(|t| (t.name.clone(), t.shape.clone())).collect(),
                axes,
            }),
        }
    }

    /// Reads a tensor of numbers: floating-point, integer or boolean (0 and 1), of either byte order.
    ///
    /// # Errors
    /// [`CheckpointError::UnknownTensor`], [`CheckpointError::NotNumbers`] for complex numbers, texts, records and 8-bit
    /// floating-point numbers, [`CheckpointError::Memory`], and what reading the file can bring, as for
    /// [`Checkpoint::read`].
    pub fn numbers(&self, name: &str) -> Result<Numbers, CheckpointError> {
        let (index, info) = self.find(name)?;
        let Some(element) = Element::of(&info.dtype) else {
            return Err(CheckpointError::NotNumbers {
                file: self.path().to_owned(),
                name: name.to_owned(),
                dtype: info.dtype.to_string(),
            });
        };
        let values = self.sized(index, element.size(), |bytes| element.widen(bytes))?;
        self.release(name);
        let values = values.ok_or_else(|| CheckpointError::Memory {
            file: self.path().to_owned(),
            name: name.to_owned(),
            shape: info.shape.clone(),
        })?;
        Ok(Numbers { shape: info.shape.clone(), values })
    }
}

/// How an element is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Element {
    Float(Precision),
    Integer { bytes: usize, signed: bool, big_endian: bool },
    Bool,
}

impl Element {
    /// By the names that the formats give their types: numpy `<i8` (bytes), safetensors and burnpack `I64` (bits), PyTorch
    /// `int64` (bits).
    fn of(dtype: &Dtype) -> Option<Self> {
        let name = match dtype {
            Dtype::Other(name) => name.as_str(),
            known => return known.precision().map(Self::Float),
        };
        let integer = |signed, big_endian, bytes| {
            matches!(bytes, 1 | 2 | 4 | 8).then_some(Self::Integer { bytes, signed, big_endian })
        };
        if let Some(order @ ('<' | '>' | '|' | '=')) = name.chars().next() {
            let number = |letter| name[1..].strip_prefix(letter).and_then(|digits: &str| digits.parse::<usize>().ok());
            return match (number('i'), number('u'), number('b')) {
                (Some(bytes), ..) => integer(true, order == '>', bytes),
                (_, Some(bytes), _) => integer(false, order == '>', bytes),
                (.., Some(1)) => Some(Self::Bool),
                _ => None,
            };
        }
        if matches!(name, "bool" | "BOOL" | "Bool(Native)" | "Bool(U8)") {
            return Some(Self::Bool);
        }
        let bits = |prefixes: [&str; 2]| {
            let bits = prefixes.iter().find_map(|p| name.strip_prefix(p)?.parse::<usize>().ok());
            bits.filter(|b| b.is_multiple_of(8)).map(|b| b / 8)
        };
        match (bits(["int", "I"]), bits(["uint", "U"])) {
            (Some(bytes), _) => integer(true, false, bytes),
            (_, Some(bytes)) => integer(false, false, bytes),
            _ => None,
        }
    }

    /// Bytes of one.
    fn size(self) -> usize {
        match self {
            Self::Float(precision) => precision.bytes(),
            Self::Integer { bytes, .. } => bytes,
            Self::Bool => 1,
        }
    }

    /// The elements as f64; nothing where there is no memory for them.
    fn widen(self, bytes: &[u8]) -> Option<Vec<f64>> {
        match self {
            Self::Float(Precision::F16) => each(bytes, |b| half::f16::from_le_bytes(b).to_f64()),
            Self::Float(Precision::Bf16) => each(bytes, |b| half::bf16::from_le_bytes(b).to_f64()),
            Self::Float(Precision::F32) => each(bytes, |b| f64::from(f32::from_le_bytes(b))),
            Self::Float(Precision::F64) => each(bytes, f64::from_le_bytes),
            Self::Bool => each(bytes, |[b]| f64::from(u8::from(b != 0))),
            Self::Integer { bytes: size, signed, big_endian } => match size {
                1 => each::<1>(bytes, |b| integer(b, signed, big_endian)),
                2 => each::<2>(bytes, |b| integer(b, signed, big_endian)),
                4 => each::<4>(bytes, |b| integer(b, signed, big_endian)),
                _ => each::<8>(bytes, |b| integer(b, signed, big_endian)),
            },
        }
    }
}

fn each<const N: usize>(bytes: &[u8], widen: impl Fn([u8; N]) -> f64) -> Option<Vec<f64>> {
    let (elements, _) = bytes.as_chunks::<N>();
    let mut values = Vec::new();
    // The file decides the length: an allocation that fails must not end the process.
    values.try_reserve_exact(elements.len()).ok()?;
    values.extend(elements.iter().map(|b| widen(*b)));
    Some(values)
}

/// An integer of N bytes, at most 8, in two's complement where it is signed.
fn integer<const N: usize>(mut bytes: [u8; N], signed: bool, big_endian: bool) -> f64 {
    if big_endian {
        bytes.reverse();
    }
    let negative = signed && bytes.last().is_some_and(|b| b & 0x80 != 0);
    let mut wide = [if negative { 0xff } else { 0 }; 8];
    wide[..N].copy_from_slice(&bytes);
    if signed { i64::from_le_bytes(wide) as f64 } else { u64::from_le_bytes(wide) as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(name: &str) -> Option<Element> {
        Element::of(&Dtype::Other(name.to_owned()))
    }

    #[test]
    fn the_formats_names_of_one_type_mean_one_type() {
        let of = |bytes, signed| Some(Element::Integer { bytes, signed, big_endian: false });
        for (names, expected) in [
            (["<i8", "I64", "int64"], of(8, true)),
            (["|u1", "U8", "uint8"], of(1, false)),
            (["<u2", "U16", "uint16"], of(2, false)),
            (["=i4", "I32", "int32"], of(4, true)),
            (["|b1", "BOOL", "bool"], Some(Element::Bool)),
        ] {
            for name in names {
                assert_eq!(element(name), expected, "{name}");
            }
        }
        assert_eq!(element(">i2"), Some(Element::Integer { bytes: 2, signed: true, big_endian: true }));
        for name in
            ["<c8", "<U4", "|S3", "<M8", "[('a', '<i4')]", "C64", "F8_E4M3", "U", "I", "<i3", "I12", "quantized", ""]
        {
            assert_eq!(element(name), None, "{name}");
        }
        assert_eq!(element("Bool(U32)"), None);
        assert_eq!(Element::of(&Dtype::F16), Some(Element::Float(Precision::F16)));
    }

    #[test]
    fn integers_widen_with_their_sign_and_order() {
        let of = |name: &str, bytes: &[u8]| element(name).unwrap().widen(bytes).unwrap();
        assert_eq!(of("<i2", &(-300i16).to_le_bytes()), [-300.0]);
        assert_eq!(of(">i2", &(-300i16).to_be_bytes()), [-300.0]);
        assert_eq!(of("<u2", &65_000u16.to_le_bytes()), [65_000.0]);
        assert_eq!(of(">u4", &70_000u32.to_be_bytes()), [70_000.0]);
        assert_eq!(of("I8", &[0xff, 0x7f]), [-1.0, 127.0]);
        assert_eq!(of("int64", &i64::MIN.to_le_bytes()), [-(2f64.powi(63))]);
        assert_eq!(of("uint64", &u64::MAX.to_le_bytes()), [2f64.powi(64)]);
        assert_eq!(of("bool", &[0, 1, 2]), [0.0, 1.0, 1.0]);
    }
}
