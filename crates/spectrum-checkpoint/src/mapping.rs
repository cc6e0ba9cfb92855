//! A file in the address space.

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memmap2::Mmap;

use crate::CheckpointError;

/// A regular, non-empty file, mapped for reading. A clone is another handle to the same mapping.
#[derive(Debug, Clone)]
pub(crate) struct Mapping {
    path: Arc<PathBuf>,
    map: Arc<Mmap>,
}

impl Mapping {
    /// Maps a file. What is not a regular file is refused before it is opened: opening a pipe would wait for a writer.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let io_error = |action, source| CheckpointError::Io { file: path.to_owned(), action, source };
        let meta = fs::metadata(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => CheckpointError::NotFound { file: path.to_owned() },
            _ => io_error("read the metadata", source),
        })?;
        if !meta.is_file() {
            return Err(CheckpointError::NotAFile { file: path.to_owned(), found: kind(&meta) });
        }
        let file = File::open(path).map_err(|source| io_error("open the file", source))?;
        if meta.len() == 0 {
            return Err(CheckpointError::Empty { file: path.to_owned() });
        }
        // SAFETY: the mapping is read-only and private to this process; nothing here writes through it. What a mapping
        // cannot be defended against is another process that changes the file while it is mapped: bytes that are not
        // checked twice may then differ between two looks (every bound is computed once, from owned numbers, and no
        // value's validity depends on the bytes: they are only ever read as `u8`), and a file that is shortened makes
        // the access fault (SIGBUS). The crate's documentation says so.
        let map = unsafe { Mmap::map(&file) }.map_err(|source| io_error("map the file into memory", source))?;
        Ok(Self { path: Arc::new(path.to_owned()), map: Arc::new(map) })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn file(&self) -> PathBuf {
        self.path.as_ref().clone()
    }

    pub fn bytes(&self) -> &[u8] {
        &self.map
    }

    pub fn len(&self) -> u64 {
        self.map.len() as u64
    }

    /// The bytes of a range in file offsets, or nothing where it reaches past the end.
    pub fn slice(&self, range: &Range<u64>) -> Option<&[u8]> {
        let (start, end) = (usize::try_from(range.start).ok()?, usize::try_from(range.end).ok()?);
        self.map.get(start..end)
    }

    /// Tells the operating system that these pages are not needed for now, so that they do not count as this process's
    /// memory. They come back from the file when they are touched again.
    pub fn release(&self, range: &Range<u64>) {
        if self.slice(range).is_none_or(<[u8]>::is_empty) {
            return;
        }
        #[cfg(unix)]
        {
            // The range lies in the mapping, so both numbers fit a usize.
            let (start, len) = (range.start as usize, (range.end - range.start) as usize);
            // SAFETY: MADV_DONTNEED on a shared, read-only, file-backed mapping only drops page-table entries: the next
            // access reads the same bytes from the page cache or the file. (It would lose data on anonymous or
            // privately modified pages; there are none: `Mmap::map` maps shared and without write access.) A
            // concurrent reader of these or the neighbouring pages, which rounding to whole pages may catch, takes a
            // page fault and sees the same bytes.
            let advised = unsafe { self.map.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, start, len) };
            // Advice that is not taken costs memory, not correctness.
            drop(advised);
        }
    }
}

impl AsRef<[u8]> for Mapping {
    fn as_ref(&self) -> &[u8] {
        self.bytes()
    }
}

/// What a path that is no regular file is.
fn kind(meta: &fs::Metadata) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let t = meta.file_type();
        if t.is_socket() {
            return "a socket";
        } else if t.is_fifo() {
            return "a pipe";
        } else if t.is_char_device() || t.is_block_device() {
            return "a device";
        }
    }
    if meta.is_dir() { "a directory" } else { "neither a file nor a directory" }
}
