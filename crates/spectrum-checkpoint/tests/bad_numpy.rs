//! Numpy files and zips that are wrong or hostile, one test for each way.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{error, exhaust, file, fixture, npy_file, zip_file};
use spectrum_checkpoint::{Checkpoint, CheckpointError as E, Container};

const HEADER: &str = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";

fn header(descr: &str, shape: &str) -> String {
    format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}")
}

#[test]
fn sound_files_however_their_header_is_spelled() {
    for text in [
        HEADER.to_owned(),
        "{\"shape\":(2L, 3L),\"descr\":\"<f4\",\"fortran_order\":False}   \n".to_owned(),
        format!("{HEADER}{}\n", " ".repeat(200)),
    ] {
        let (_dir, path) = file(&npy_file(&text, &[0; 24]));
        let checkpoint = Checkpoint::open(&path).unwrap();
        assert_eq!(checkpoint.container(), Container::Npy);
        assert_eq!(checkpoint.tensors()[0].shape, [2, 3]);
        assert_eq!(checkpoint.read("model", |t| t.bytes.len()).unwrap(), 24);
    }
}

#[test]
fn truncated_at_every_byte() {
    let bytes = npy_file(HEADER, &[0; 24]);
    for n in 0..bytes.len() {
        error(&bytes[..n]);
    }
}

#[test]
fn a_huge_shape() {
    for shape in
        ["(1099511627776,)", "(4294967296, 4294967296)", "(18446744073709551615, 9)", "(99999999999999999999,)"]
    {
        for bytes in [npy_file(&header("<f4", shape), &[0; 24]), zip_npy(&npy_file(&header("<f4", shape), &[0; 24]))] {
            let error = error(&bytes);
            assert!(matches!(error, E::Truncated { .. } | E::Malformed { .. } | E::Size { .. }), "{error}");
        }
    }
}

#[test]
fn an_empty_array_with_a_huge_axis() {
    let text = "{'descr': '<f4', 'fortran_order': True, 'shape': (18446744073709551615, 18446744073709551615, 0), }";
    let (_dir, path) = file(&npy_file(text, &[]));
    assert_eq!(exhaust(&path).unwrap(), 0);
}

#[test]
fn bytes_after_the_array() {
    let error = error(&npy_file(HEADER, &[0; 25]));
    assert!(matches!(error, E::Hole { .. }), "{error}");
}

#[test]
fn headers_that_are_none() {
    for text in [
        "",
        "{",
        "{}",
        "[]",
        "{'descr': '<f4'}",
        "{'descr': '<f4', 'fortran_order': 1, 'shape': ()}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)} x",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2 3)}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (), 'more': ()}",
        "{'descr': [(((((, 'fortran_order': False, 'shape': ()}",
        "__import__('os').system('true')",
    ] {
        let error = error(&npy_file(text, &[0; 24]));
        assert!(matches!(error, E::Malformed { .. }), "{text}: {error}");
    }
    let deep = format!("{{'descr': {}", "(".repeat(9000));
    assert!(matches!(error(&npy_file(&deep, &[])), E::Malformed { .. }));
}

#[test]
fn a_header_longer_than_numpy_allows() {
    let bytes = [&b"\x93NUMPY\x02\0"[..], &u32::MAX.to_le_bytes(), &[b' '; 100]].concat();
    let error = error(&bytes);
    assert!(matches!(&error, E::Malformed { found, .. } if found == "a header of 4294967295 bytes"), "{error}");
}

#[test]
fn types_that_are_no_floats_are_named() {
    for (descr, data) in
        [("<i8", 8), ("|b1", 1), ("<c8", 8), ("|S3", 3), ("<U2", 8), ("<f16", 16), ("|V2", 2), ("<M8[ns]", 8)]
    {
        let (_dir, path) = file(&npy_file(&header(descr, "()"), &vec![0; data]));
        let error = Checkpoint::open(&path).unwrap().read("model", |_| ()).unwrap_err();
        assert!(matches!(&error, E::NotFloat { dtype, .. } if dtype == descr), "{error}");
    }
}

#[test]
fn objects_are_refused() {
    let error = exhaust(&fixture("object.npy")).unwrap_err();
    assert!(matches!(&error, E::NoTensors { found, .. } if found.contains("pickled objects")), "{error}");
}

fn zip_npy(npy: &[u8]) -> Vec<u8> {
    zip_file(&[("w.npy", npy)], true)
}

/// Puts a value into a field of the only entry's directory record and, where it is there, its local header.
fn patch(bytes: &mut [u8], central: usize, local: usize, value: u32) {
    let at = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    bytes[at + central..at + central + 4].copy_from_slice(&value.to_le_bytes());
    bytes[local..local + 4].copy_from_slice(&value.to_le_bytes());
}

#[test]
fn a_zip_bomb_by_declared_size() {
    // 1 GiB out of a hundred bytes: more than deflate can do.
    let mut bytes = zip_npy(&npy_file(HEADER, &[0; 24]));
    patch(&mut bytes, 24, 22, 1 << 30);
    let error = error(&bytes);
    assert!(matches!(&error, E::Claim { claimed, .. } if claimed == "1073741824"), "{error}");
}

#[test]
fn a_zip_bomb_by_content() {
    // 30 MB of zeros in 30 kB, declared as the 24 bytes that the header wants.
    let npy = npy_file(HEADER, &vec![0; 30 << 20]);
    let mut bytes = zip_npy(&npy);
    assert!(bytes.len() < 1 << 16);
    patch(&mut bytes, 24, 22, (npy.len() - (30 << 20) + 24) as u32);
    let error = error(&bytes);
    assert!(matches!(&error, E::Zip { .. }), "{error}");
}

#[test]
fn a_zip_that_declares_more_than_it_holds() {
    let npy = npy_file(&header("<f4", "(100,)"), &[0; 24]);
    let mut bytes = zip_npy(&npy);
    patch(&mut bytes, 24, 22, npy.len() as u32 - 24 + 400);
    let error = error(&bytes);
    assert!(matches!(&error, E::Zip { .. }), "{error}");
}

#[test]
fn a_stored_entry_of_two_sizes() {
    let npy = npy_file(HEADER, &[0; 24]);
    let mut bytes = zip_file(&[("w.npy", &npy)], false);
    patch(&mut bytes, 24, 22, npy.len() as u32 - 8);
    let error = error(&bytes);
    assert!(matches!(&error, E::Claim { .. }), "{error}");
}

#[test]
fn entries_that_share_bytes() {
    let npy = npy_file(HEADER, &[0; 24]);
    let mut bytes = zip_file(&[("a.npy", &npy), ("b.npy", &npy)], false);
    // The second record of the directory points at the first local header.
    let second = bytes.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
    bytes[second + 42..second + 46].copy_from_slice(&0u32.to_le_bytes());
    let error = error(&bytes);
    assert!(matches!(&error, E::Zip { .. }), "{error}");
}

#[test]
fn two_entries_of_one_name() {
    let npy = npy_file(HEADER, &[0; 24]);
    let mut bytes = zip_file(&[("a.npy", &npy), ("b.npy", &npy)], false);
    for at in (0..bytes.len() - 5).filter(|&i| &bytes[i..i + 5] == b"b.npy").collect::<Vec<_>>() {
        bytes[at] = b'a';
    }
    let error = error(&bytes);
    assert!(matches!(&error, E::Zip { found, .. } if found == "two entries of one name"), "{error}");
}

#[test]
fn a_broken_checksum() {
    for deflate in [false, true] {
        let npy = npy_file(HEADER, &[7; 24]);
        let mut bytes = zip_file(&[("w.npy", &npy)], deflate);
        let at = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
        bytes[at + 16] ^= 1;
        bytes[14] ^= 1;
        let error = error(&bytes);
        assert!(matches!(&error, E::Zip { .. }), "{error}");
    }
}

#[test]
fn zips_without_arrays() {
    let error = error(&zip_file(&[("readme.txt", b"hello")], false));
    assert!(matches!(&error, E::NoTensors { found, .. } if found.contains("readme.txt")), "{error}");
    let empty = common::error(&zip_file(&[], false));
    assert!(matches!(empty, E::NoTensors { .. }), "{empty}");
}

#[test]
fn other_compressions_and_passwords() {
    for (field, value) in [(10, 12u16), (8, 1)] {
        let mut bytes = zip_file(&[("w.npy", &npy_file(HEADER, &[0; 24]))], false);
        let at = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
        bytes[at + field..at + field + 2].copy_from_slice(&value.to_le_bytes());
        bytes[field - 2..field].copy_from_slice(&value.to_le_bytes());
        let error = error(&bytes);
        assert!(matches!(&error, E::Zip { .. }), "{error}");
    }
}
