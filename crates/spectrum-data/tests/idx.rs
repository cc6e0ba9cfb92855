//! The IDX reader on good, hostile and arbitrary bytes.
#![allow(clippy::unwrap_used)]

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use spectrum_data::DataError;
use spectrum_data::idx::{Images, images, images_from, labels_from};

fn header(kind: u8, dims: &[u32]) -> Vec<u8> {
    let mut bytes = vec![0, 0, kind, dims.len() as u8];
    dims.iter().for_each(|d| bytes.extend(d.to_be_bytes()));
    bytes
}

fn with(mut header: Vec<u8>, elements: &[u8]) -> Vec<u8> {
    header.extend(elements);
    header
}

fn gz(raw: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(raw).unwrap();
    encoder.finish().unwrap()
}

fn image_error(bytes: &[u8]) -> String {
    images_from(bytes, "f.idx").unwrap_err().to_string()
}

#[test]
fn raw_and_gzipped_files_read_the_same() {
    let file = with(header(8, &[2, 2, 3]), &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    let expected = Images { n: 2, rows: 2, cols: 3, pixels: (1..=12).collect() };
    assert_eq!(images_from(&file[..], "f").unwrap(), expected);
    assert_eq!(images_from(&gz(&file)[..], "f").unwrap(), expected);
    // Two gzip members, as `cat a.gz b.gz` makes.
    let members = [gz(&file[..7]), gz(&file[7..])].concat();
    assert_eq!(images_from(&members[..], "f").unwrap(), expected);

    let labels = with(header(8, &[3]), &[0, 9, 5]);
    assert_eq!(labels_from(&gz(&labels)[..], "l", 10).unwrap(), [0, 9, 5]);
}

#[test]
fn an_empty_file() {
    assert_eq!(image_error(&[]), "f.idx: the file is empty, expected an IDX file that begins with 00 00 08 03");
    // An empty file, gzipped.
    assert!(image_error(&gz(&[])).contains("empty"));
}

#[test]
fn wrong_magic() {
    for (bytes, found) in [
        (&b"<!DOCTYPE html>"[..], "3c 21 44 4f"),
        (&header(8, &[3])[..], "00 00 08 01"),
        (&header(13, &[1, 2, 2])[..], "00 00 0d 03"),
        (&[3, 8, 0, 0, 0, 0, 0, 0], "03 08 00 00"),
    ] {
        let error = image_error(bytes);
        assert!(error.starts_with(&format!("f.idx: byte 0: found {found}, expected 00 00 08 03")), "{error}");
    }
}

#[test]
fn a_file_that_ends_too_soon() {
    let whole = with(header(8, &[2, 2, 2]), &[0; 8]);
    for cut in 1..whole.len() {
        let error = image_error(&whole[..cut]);
        let expected = if cut < 16 { 16 } else { 24 };
        assert_eq!(error, format!("f.idx: the file ends at byte {cut}, expected {expected} bytes"));
        // The same cut, then gzipped: offsets count the content.
        assert_eq!(image_error(&gz(&whole[..cut])), error);
    }
}

#[test]
fn a_gzip_stream_that_ends_too_soon_or_is_damaged() {
    let noise: Vec<u8> = (0..4000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let packed = gz(&with(header(8, &[40, 10, 10]), &noise));
    for cut in [2, 3, 10, 30, packed.len() / 2, packed.len() - 1] {
        let error = images_from(&packed[..cut], "f").unwrap_err();
        assert!(matches!(error, DataError::Gzip { .. }), "{cut}: {error}");
    }
    let mut damaged = packed.clone();
    // The CRC is the fifth byte from the end of the trailer's eight.
    let place = damaged.len() - 8;
    damaged[place] ^= 1;
    let error = images_from(&damaged[..], "f").unwrap_err();
    assert!(matches!(error, DataError::Gzip { offset: 4016, .. }), "{error}");
    // Rubbish after the stream.
    let error = images_from(&[&packed[..], b"rubbish"].concat()[..], "f").unwrap_err();
    assert!(matches!(error, DataError::Gzip { .. }), "{error}");
}

#[test]
fn trailing_bytes() {
    let long = with(header(8, &[1, 2, 2]), &[0; 5]);
    assert_eq!(image_error(&long), "f.idx: byte 20: more bytes follow, expected the end of 1 x 2 x 2 elements");
    assert_eq!(image_error(&gz(&long)), image_error(&long));
}

#[test]
fn impossible_dimensions() {
    for (dims, offset) in [([u32::MAX; 3], 8), ([0, 28, 28], 4), ([5, 0, 28], 8), ([5, 28, 0], 12)] {
        let error = image_error(&header(8, &dims));
        assert!(error.starts_with(&format!("f.idx: byte {offset}: found dimensions {dims:?}")), "{error}");
    }
}

#[test]
fn a_label_out_of_range() {
    let file = with(header(8, &[4]), &[0, 9, 10, 200]);
    let error = labels_from(&file[..], "l.idx", 10).unwrap_err().to_string();
    assert_eq!(error, "l.idx: byte 10: found label 10, expected 0 to 9");
}

#[test]
fn a_missing_file_and_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let error = images(&dir.path().join("absent")).unwrap_err().to_string();
    assert!(error.contains("absent: cannot open"), "{error}");
    let error = images(dir.path()).unwrap_err().to_string();
    assert!(error.contains("cannot read"), "{error}");
}

proptest! {
    /// Arbitrary bytes, with and without a good beginning, raw and gzipped: an answer, never a panic.
    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..64),
        start in prop::sample::select(vec![&[][..], &[0, 0, 8, 3], &[0, 0, 8, 1], &[0x1f, 0x8b], &[0x1f, 0x8b, 8, 0]]),
        classes in 0..300_u32,
    ) {
        let file = [start, &bytes].concat();
        for file in [&file, &gz(&file)] {
            if let Ok(i) = images_from(&file[..], "f") {
                prop_assert_eq!(i.pixels.len(), i.n * i.rows * i.cols);
            }
            if let Ok(l) = labels_from(&file[..], "f", classes) {
                prop_assert!(l.iter().all(|&l| u32::from(l) < classes));
            }
        }
    }

    /// Every well-formed file is read back as it was written.
    #[test]
    fn a_written_file_reads_back(n in 1..6_u32, rows in 1..6_u32, cols in 1..6_u32, seed: u8, packed: bool) {
        let pixels: Vec<u8> = (0..n * rows * cols).map(|i| (i as u8).wrapping_mul(31) ^ seed).collect();
        let file = with(header(8, &[n, rows, cols]), &pixels);
        let file = if packed { gz(&file) } else { file };
        let read = images_from(&file[..], "f").unwrap();
        prop_assert_eq!((read.n, read.rows, read.cols), (n as usize, rows as usize, cols as usize));
        prop_assert_eq!(read.pixels, pixels);
    }
}
