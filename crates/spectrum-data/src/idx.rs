//! The IDX format of MNIST and its relatives, read strictly.
//!
//! A file is four bytes `00 00 TYPE RANK`, RANK big-endian 32-bit dimensions, and the elements in row-major order. Here
//! the type is 08 (unsigned byte) and the rank is 3 for images and 1 for labels. Gzip is recognised by its magic bytes,
//! not by the file's name. Every file is read as hostile: memory grows with the bytes that are there, never with the
//! header's promise, and whatever is wrong is one [`DataError`] with the byte offset.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::DataError;

/// Images of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    /// Images there are.
    pub n: usize,
    /// Rows of an image.
    pub rows: usize,
    /// Columns of an image.
    pub cols: usize,
    /// `n * rows * cols` grey values, image by image, row by row.
    pub pixels: Vec<u8>,
}

/// Reads a file of images (raw or gzipped).
///
/// # Errors
/// Any [`DataError`] about files and the IDX format.
pub fn images(path: &Path) -> Result<Images, DataError> {
    images_from(open(path)?, &path.display().to_string())
}

/// Reads images from an open source; `file` is its name in errors.
///
/// # Errors
/// As [`images`].
pub fn images_from(source: impl Read, file: &str) -> Result<Images, DataError> {
    let ([n, rows, cols], pixels) = parse(source, file)?;
    Ok(Images { n, rows, cols, pixels })
}

/// Reads a file of labels (raw or gzipped), each of which must be below `classes`.
///
/// # Errors
/// As [`images`], and [`DataError::Label`].
pub fn labels(path: &Path, classes: u32) -> Result<Vec<u8>, DataError> {
    labels_from(open(path)?, &path.display().to_string(), classes)
}

/// Reads labels from an open source; `file` is its name in errors.
///
/// # Errors
/// As [`labels`].
pub fn labels_from(source: impl Read, file: &str, classes: u32) -> Result<Vec<u8>, DataError> {
    let (_, labels) = parse::<1>(source, file)?;
    match labels.iter().position(|&l| u32::from(l) >= classes) {
        Some(i) => Err(DataError::Label { file: file.to_owned(), offset: 8 + i as u64, found: labels[i], classes }),
        None => Ok(labels),
    }
}

fn open(path: &Path) -> Result<File, DataError> {
    File::open(path).map_err(DataError::io(path, "open"))
}

/// Header and elements of an IDX file of unsigned bytes with `RANK` dimensions.
fn parse<const RANK: usize>(mut source: impl Read, file: &str) -> Result<([usize; RANK], Vec<u8>), DataError> {
    let mut start = Vec::with_capacity(2);
    (&mut source).take(2).read_to_end(&mut start).map_err(DataError::io(Path::new(file), "read"))?;
    let gzip = start == [0x1f, 0x8b];
    let whole = Cursor::new(start).chain(source);
    if gzip { parse_plain(MultiGzDecoder::new(whole), file, true) } else { parse_plain(whole, file, false) }
}

fn parse_plain<const RANK: usize>(
    source: impl Read,
    file: &str,
    gzip: bool,
) -> Result<([usize; RANK], Vec<u8>), DataError> {
    let mut bytes = Bytes { source, file, gzip, offset: 0 };
    let expected = [0, 0, 8, RANK as u8];
    let header = 4 + 4 * RANK as u64;

    let magic = bytes.upto(4)?;
    if magic.is_empty() {
        return Err(DataError::Empty { file: file.to_owned(), expected });
    }
    let Ok(magic) = <[u8; 4]>::try_from(magic) else { return Err(bytes.truncated(header)) };
    if magic != expected {
        return Err(DataError::Magic { file: file.to_owned(), found: magic, expected });
    }

    let mut raw = [0_u32; RANK];
    for dim in &mut raw {
        let Ok(word) = <[u8; 4]>::try_from(bytes.upto(4)?) else { return Err(bytes.truncated(header)) };
        *dim = u32::from_be_bytes(word);
    }
    let mut dims = [0; RANK];
    let mut total: usize = 1;
    for (i, &dim) in raw.iter().enumerate() {
        let product = usize::try_from(dim).ok().and_then(|d| {
            dims[i] = d;
            total.checked_mul(d)
        });
        total = match product {
            Some(p) if dim > 0 && p <= isize::MAX as usize => p,
            _ => {
                let offset = 4 + 4 * i as u64;
                return Err(DataError::Dimensions { file: file.to_owned(), offset, dims: raw.to_vec() });
            }
        };
    }

    let elements = bytes.upto(total as u64)?;
    if elements.len() < total {
        return Err(bytes.truncated(header + total as u64));
    }
    if !bytes.upto(1)?.is_empty() {
        let expected = raw.map(|d| d.to_string()).join(" x ") + " elements";
        return Err(DataError::Trailing { file: file.to_owned(), offset: header + total as u64, expected });
    }
    Ok((dims, elements))
}

/// A source that knows how far it has been read.
struct Bytes<'a, R> {
    source: R,
    file: &'a str,
    gzip: bool,
    offset: u64,
}

impl<R: Read> Bytes<'_, R> {
    /// At most `n` bytes, fewer only at the end. The buffer grows as bytes arrive.
    fn upto(&mut self, n: u64) -> Result<Vec<u8>, DataError> {
        let mut buffer = Vec::new();
        let result = (&mut self.source).take(n).read_to_end(&mut buffer);
        self.offset += buffer.len() as u64;
        match result {
            Ok(_) => Ok(buffer),
            Err(e) if self.gzip && is_gzip_fault(&e) => {
                Err(DataError::Gzip { file: self.file.to_owned(), offset: self.offset, reason: e.to_string() })
            }
            Err(e) => Err(DataError::io(Path::new(self.file), "read")(e)),
        }
    }

    fn truncated(&self, expected: u64) -> DataError {
        DataError::Truncated { file: self.file.to_owned(), offset: self.offset, expected }
    }
}

/// The kinds of error that the decoder uses for bad content, as against errors of the system.
pub(crate) fn is_gzip_fault(e: &io::Error) -> bool {
    matches!(e.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof)
}
