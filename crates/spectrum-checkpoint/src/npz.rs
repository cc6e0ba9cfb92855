//! Numpy's archives: a zip of arrays.

use std::ops::Range;

use crate::archive::Archive;
use crate::checkpoint::{Opened, Source};
use crate::error::clip;
use crate::mapping::Mapping;
use crate::npy::{Header, PREFIX, Wrong};
use crate::{CheckpointError, Container, Skipped, TensorInfo};

/// One array: its entry, its header, and where its elements lie unpacked.
struct Array {
    entry: usize,
    header: Header,
    data: Range<u64>,
}

struct Arrays {
    map: Mapping,
    archive: Archive,
    arrays: Vec<Array>,
}

/// Reads the header of every array.
pub(crate) fn open(map: &Mapping, archive: Archive) -> Result<Opened, CheckpointError> {
    let (mut tensors, mut arrays, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
    for (index, entry) in archive.entries.iter().enumerate() {
        let Some(name) = entry.name.strip_suffix(".npy") else {
            if !entry.name.ends_with('/') {
                skipped.push(Skipped { name: entry.name.clone(), reason: "not a numpy array".into() });
            }
            continue;
        };
        let malformed = |(byte, found, expected): Wrong| CheckpointError::Malformed {
            file: map.file(),
            what: format!("npy header of `{}`", clip(name)),
            byte,
            found,
            expected,
        };
        let prefix = archive.read(index, PREFIX)?;
        let header = Header::parse(&prefix).map_err(malformed)?;
        if header.is_object() {
            let reason = "an array of pickled objects, which are never unpickled".into();
            skipped.push(Skipped { name: name.to_owned(), reason });
            continue;
        }
        let there = entry.size - header.start.min(entry.size);
        let bytes = header.bytes().map_err(malformed)?.unwrap_or(there);
        if bytes != there {
            let (shape, dtype) = (header.shape.clone(), header.dtype.to_string());
            let (file, name) = (map.file(), name.to_owned());
            return Err(CheckpointError::Size { file, name, shape, dtype, found: there, expected: bytes });
        }
        tensors.push(TensorInfo {
            name: name.to_owned(),
            shape: header.shape.clone(),
            dtype: header.dtype.clone(),
            bytes,
        });
        arrays.push(Array { entry: index, data: header.start..entry.size, header });
    }
    if tensors.is_empty() {
        let names: Vec<String> = archive.entries.iter().take(5).map(|e| clip(&e.name)).collect();
        return Err(CheckpointError::NoTensors {
            file: map.file(),
            found: format!("a zip of {} entries: {}", archive.entries.len(), names.join(", ")),
            imports: Vec::new(),
        });
    }
    Ok(Opened {
        order: Some((0..tensors.len()).collect()),
        container: Container::Npz,
        file_bytes: map.len(),
        tensors,
        skipped,
        root: None,
        source: Box::new(Arrays { map: map.clone(), archive, arrays }),
    })
}

impl Source for Arrays {
    fn with(&self, index: usize, f: &mut dyn FnMut(&[u8])) -> Result<(), CheckpointError> {
        let Array { entry, header, data } = &self.arrays[index];
        let place = &self.archive.entries[*entry];
        let show = |data: &[u8], f: &mut dyn FnMut(&[u8])| {
            if header.plain() { f(data) } else { f(&header.convert(data)) }
        };
        if place.stored {
            self.archive.check(*entry)?;
            let range = place.range.start + data.start..place.range.end;
            show(self.map.slice(&range).unwrap_or_default(), f);
        } else {
            let unpacked = self.archive.read(*entry, place.size)?;
            // As long as the directory says, which the header was held against.
            show(&unpacked[data.start as usize..], f);
        }
        Ok(())
    }

    fn release(&self, index: usize) {
        self.map.release(&self.archive.entries[self.arrays[index].entry].range);
    }
}
