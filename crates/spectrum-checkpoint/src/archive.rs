//! A zip in a mapped file, whose directory has been held against the file's size before anything is unpacked.

use std::io::{self, Cursor, Read};
use std::ops::Range;

use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive, ZipReadOptions};

use crate::CheckpointError;
use crate::error::clip;
use crate::mapping::Mapping;

/// The most that one byte of a deflate stream can become (zlib's technical notes: 1032:1 in the limit).
const DEFLATE_LIMIT: u64 = 1032;

/// One file in the zip.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub name: String,
    /// Where its bytes lie in the file, packed as they are.
    pub range: Range<u64>,
    /// Bytes when unpacked.
    pub size: u64,
    /// Whether it is not compressed.
    pub stored: bool,
}

/// The checked directory.
#[derive(Clone)]
pub(crate) struct Archive {
    map: Mapping,
    zip: ZipArchive<Cursor<Mapping>>,
    pub entries: Vec<Entry>,
}

impl Archive {
    /// Reads the directory. Every entry lies in the file, none in another; a stored one is as long as it says; a
    /// deflated one claims no more than deflate can give.
    pub fn open(map: &Mapping) -> Result<Self, CheckpointError> {
        let bad = |entry: &str, found: String, expected| CheckpointError::Zip {
            file: map.file(),
            entry: clip(entry),
            found: clip(&found),
            expected,
        };
        let mut zip = ZipArchive::new(Cursor::new(map.clone()))
            .map_err(|e| bad("(directory)", e.to_string(), "a complete zip directory at the end of the file"))?;
        if zip.has_duplicate_names() {
            return Err(bad("(directory)", "two entries of one name".into(), "each name once"));
        }
        let mut entries = Vec::with_capacity(zip.len());
        for index in 0..zip.len() {
            let raw =
                zip.by_index_raw(index).map_err(|e| bad(&format!("number {index}"), e.to_string(), "an entry"))?;
            let name = raw.name().map_err(|e| bad(&format!("number {index}"), e.to_string(), "a name"))?.into_owned();
            if raw.encrypted() {
                return Err(bad(&name, "encrypted".into(), "an entry without a password"));
            }
            let stored = match raw.compression() {
                CompressionMethod::Stored => true,
                CompressionMethod::Deflated => false,
                other => return Err(bad(&name, format!("compression {other}"), "stored or deflated")),
            };
            let (packed, size) = (raw.compressed_size(), raw.size());
            let range = raw.data_start().and_then(|start| Some(start..start.checked_add(packed)?));
            let Some(range) = range.filter(|r| r.end <= map.len()) else {
                return Err(CheckpointError::Truncated {
                    file: map.file(),
                    what: format!("zip entry `{}`", clip(&name)),
                    expected: raw.data_start().unwrap_or(0).saturating_add(packed),
                    found: map.len(),
                });
            };
            let limit = if stored { packed } else { packed.saturating_mul(DEFLATE_LIMIT) };
            if size > limit || (stored && size != packed) {
                return Err(CheckpointError::Claim {
                    file: map.file(),
                    what: format!("zip entry `{}` ({packed} bytes packed)", clip(&name)),
                    claimed: size.to_string(),
                    limit,
                    file_bytes: map.len(),
                });
            }
            entries.push(Entry { name, range, size, stored });
        }
        let mut order: Vec<&Entry> = entries.iter().filter(|e| !e.range.is_empty()).collect();
        order.sort_by_key(|e| (e.range.start, e.range.end));
        if let Some(pair) = order.windows(2).find(|w| w[1].range.start < w[0].range.end) {
            let found = format!("its bytes begin at {}, inside `{}`", pair[1].range.start, pair[0].name);
            return Err(bad(&pair[1].name, found, "entries that do not overlap"));
        }
        Ok(Self { map: map.clone(), zip, entries })
    }

    /// Whether this is a PyTorch checkpoint: a `data.pkl` at the root or in a folder.
    pub fn holds_pytorch(&self) -> bool {
        self.entries.iter().any(|e| e.name == "data.pkl" || e.name.ends_with("/data.pkl"))
    }

    /// The first `most` bytes of an entry, unpacked; all of them, checksum included, where `most` is its size.
    pub fn read(&self, index: usize, most: u64) -> Result<Vec<u8>, CheckpointError> {
        let entry = &self.entries[index];
        let most = most.min(entry.size);
        let mut bytes = Vec::new();
        usize::try_from(most).ok().and_then(|n| bytes.try_reserve_exact(n).ok()).ok_or_else(|| {
            CheckpointError::Claim {
                file: self.map.file(),
                what: format!("zip entry `{}`", clip(&entry.name)),
                claimed: most.to_string(),
                limit: entry.range.end - entry.range.start,
                file_bytes: self.map.len(),
            }
        })?;
        self.stream(index, |reader| {
            (&mut *reader).take(most).read_to_end(&mut bytes)?;
            // The checksum is looked at when the end is reached, which a bounded read leaves alone.
            if most == entry.size && io::copy(&mut reader.take(1), &mut io::sink())? != 0 {
                return Err(io::Error::other("more bytes than it declares"));
            }
            Ok(())
        })?;
        if (bytes.len() as u64) < most {
            return Err(self.broken(index, format!("ends after {} of {} bytes", bytes.len(), entry.size)));
        }
        Ok(bytes)
    }

    /// Reads an entry to its end for the checksum alone.
    pub fn check(&self, index: usize) -> Result<(), CheckpointError> {
        self.stream(index, |reader| io::copy(reader, &mut io::sink()).map(drop))
    }

    fn stream(&self, index: usize, f: impl FnOnce(&mut dyn Read) -> io::Result<()>) -> Result<(), CheckpointError> {
        let mut zip = self.zip.clone();
        let failed = |e: ZipError| self.broken(index, e.to_string());
        // A checksum of 0 is none: torch.save writes it under compute_crc32=False.
        let none = zip.by_index_raw(index).map_err(failed)?.crc32() == 0;
        let options = ZipReadOptions::new().ignore_crc32(none);
        let mut reader = zip.by_index_with_options(index, options).map_err(failed)?;
        f(&mut reader).map_err(|e| self.broken(index, e.to_string()))
    }

    fn broken(&self, index: usize, found: String) -> CheckpointError {
        CheckpointError::Zip {
            file: self.map.file(),
            entry: clip(&self.entries[index].name),
            found: clip(&found),
            expected: "an entry as the directory declares it",
        }
    }
}
