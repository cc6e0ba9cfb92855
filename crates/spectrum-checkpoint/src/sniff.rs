//! Which format a file is, from its bytes alone.

use crate::CheckpointError;
use crate::mapping::Mapping;
use crate::pickle_scan;

/// What the first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Safetensors,
    /// JSON, so the index of a sharded set.
    Index,
    /// PyTorch or npz.
    Zip,
    PytorchLegacy,
    /// A pickle that is no PyTorch checkpoint.
    Pickle,
    Burnpack,
    Npy,
}

/// The longest header that the safetensors format allows.
pub(crate) const SAFETENSORS_MAX_HEADER: u64 = 100_000_000;

/// The magic number 0x1950a86a20f9469cfc6c of PyTorch's legacy files as protocols 2 and up write it, and as text.
const LEGACY_MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const LEGACY_MAGIC_TEXT: &[u8] = b"119547037146038801333356";

/// Formats that are recognised in order to be refused by their name.
const OTHERS: [(&[u8], &str); 6] = [
    (b"\x89HDF\r\n", "an HDF5 file (Keras)"),
    (b"GGUF", "a GGUF file"),
    (b"ggjt", "a GGML file"),
    (b"\x1f\x8b", "a gzip file"),
    (b"7z\xbc\xaf", "a 7z file"),
    (b"TFL3", "a TensorFlow Lite file"),
];

/// Looks at the first bytes.
pub(crate) fn sniff(map: &Mapping) -> Result<Format, CheckpointError> {
    let bytes = map.bytes();
    let header = bytes.first_chunk::<8>().map(|b| u64::from_le_bytes(*b));
    let opens_json = bytes.get(8) == Some(&b'{');
    let has = |needle: &[u8]| bytes[..bytes.len().min(64)].windows(needle.len()).any(|w| w == needle);
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return Ok(Format::Zip);
    }
    // "BURN" as a little-endian number.
    if bytes.starts_with(b"NRUB") {
        return Ok(Format::Burnpack);
    }
    if bytes.starts_with(b"\x93NUMPY") {
        return Ok(Format::Npy);
    }
    if opens_json && header.is_some_and(|n| n <= SAFETENSORS_MAX_HEADER) {
        return Ok(Format::Safetensors);
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return Err(CheckpointError::Unsupported {
            file: map.file(),
            found: "a tar archive (PyTorch before 0.1.10 wrote such files)".to_owned(),
            instead: "load it with a PyTorch of that time and save it again",
        });
    }
    if has(&LEGACY_MAGIC) || has(LEGACY_MAGIC_TEXT) {
        return Ok(Format::PytorchLegacy);
    }
    if let Some((_, name)) = OTHERS.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(unknown(map, (*name).to_owned()));
    }
    match bytes[0] {
        0x80 if bytes.get(1).is_some_and(|&p| p <= 5) => return Ok(Format::Pickle),
        // Protocols 0 and 1 have no magic: a pickle is what reads as one to its end and imports something.
        b'c' | b'(' | b'}' | b']' if pickle_scan::imports(bytes).is_some_and(|names| !names.is_empty()) => {
            return Ok(Format::Pickle);
        }
        _ => {}
    }
    if bytes.iter().find(|c| !c.is_ascii_whitespace()) == Some(&b'{') {
        return Ok(Format::Index);
    }
    // A safetensors file whose header length cannot be true; its reader says so.
    if opens_json {
        return Ok(Format::Safetensors);
    }
    let first: Vec<String> = bytes.iter().take(8).map(|b| format!("{b:02x}")).collect();
    Err(unknown(map, first.join(" ")))
}

fn unknown(map: &Mapping, found: String) -> CheckpointError {
    let hint = match map.path().extension().and_then(|e| e.to_str()) {
        Some(e @ ("safetensors" | "pt" | "pth" | "bin" | "ckpt" | "bpk" | "npz" | "npy")) => {
            format!(" (the extension .{e} does not count; is the file damaged or a Git LFS pointer?)")
        }
        _ => String::new(),
    };
    CheckpointError::UnknownFormat { file: map.file(), found, hint }
}
