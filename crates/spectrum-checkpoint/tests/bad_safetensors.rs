//! Safetensors files that are wrong, one test for each way.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{error, exhaust, file, safetensors_file};
use spectrum_checkpoint::{Checkpoint, CheckpointError as E, Dtype};

fn entry(name: &str, dtype: &str, shape: &str, from: u64, to: u64) -> String {
    format!(r#""{name}":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{from},{to}]}}"#)
}

fn with(entries: &[String], data: usize) -> Vec<u8> {
    safetensors_file(&format!("{{{}}}", entries.join(",")), &vec![0; data])
}

#[test]
fn a_sound_file_and_its_metadata() {
    let bytes = with(&["\"__metadata__\":{\"format\":\"pt\"}".into(), entry("w", "F32", "[2,2]", 0, 16)], 16);
    let (_dir, path) = file(&bytes);
    let checkpoint = Checkpoint::open(&path).unwrap();
    assert_eq!(checkpoint.tensors().len(), 1);
    assert_eq!(checkpoint.read("w", |t| t.bytes.to_vec()).unwrap(), vec![0; 16]);
}

#[test]
fn every_type_of_the_format_is_named() {
    let types = [("BOOL", 1), ("U8", 1), ("F8_E4M3", 1), ("I16", 2), ("U32", 4), ("I64", 8), ("C64", 8)];
    let mut at = 0;
    let entries: Vec<String> = types
        .iter()
        .map(|(name, size)| {
            at += size;
            entry(&format!("t{name}"), name, "[1]", at - size, at)
        })
        .collect();
    let (_dir, path) = file(&with(&entries, at as usize));
    let checkpoint = Checkpoint::open(&path).unwrap();
    assert_eq!(checkpoint.tensor("tF8_E4M3").unwrap().dtype, Dtype::Other("F8_E4M3".into()));
    let error = checkpoint.read("tI64", |_| ()).unwrap_err();
    assert!(matches!(&error, E::NotFloat { dtype, .. } if dtype == "I64"), "{error}");
}

#[test]
fn an_unknown_type_is_named_and_the_rest_is_read() {
    let bytes = with(&[entry("odd", "F3_NEW", "[7]", 0, 3), entry("w", "F32", "[1]", 3, 7)], 7);
    let (_dir, path) = file(&bytes);
    let checkpoint = Checkpoint::open(&path).unwrap();
    assert_eq!(checkpoint.tensor("odd").unwrap().dtype, Dtype::Other("F3_NEW".into()));
    // At an odd offset: unaligned, but there.
    assert_eq!(checkpoint.read("w", |t| t.bytes.len()).unwrap(), 4);
}

#[test]
fn truncated_at_every_byte() {
    let bytes = with(&[entry("a", "F32", "[2]", 0, 8), entry("b", "F64", "[1]", 8, 16)], 16);
    for n in 0..bytes.len() {
        let error = error(&bytes[..n]);
        match n {
            0 => assert!(matches!(error, E::Empty { .. }), "{error}"),
            // Without the ninth byte nothing says what it is.
            1..9 => assert!(matches!(error, E::UnknownFormat { .. }), "{n}: {error}"),
            _ => assert!(matches!(error, E::Truncated { found, .. } if found == n as u64), "{n}: {error}"),
        }
    }
}

#[test]
fn a_header_of_terabytes() {
    let mut bytes = with(&[entry("a", "F32", "[1]", 0, 4)], 4);
    bytes[..8].copy_from_slice(&(1u64 << 42).to_le_bytes());
    let error = error(&bytes);
    assert!(matches!(&error, E::Claim { claimed, .. } if claimed == "4398046511104"), "{error}");
}

#[test]
fn a_shape_that_overflows() {
    for shape in ["[4294967296,4294967296]", "[18446744073709551615,2]", "[2305843009213693952]"] {
        let error = error(&with(&[entry("a", "F64", shape, 0, 8)], 8));
        assert!(matches!(&error, E::Claim { .. }), "{error}");
    }
    let error = error(&with(&[entry("a", "F64", "[99999999999999999999]", 0, 8)], 8));
    assert!(matches!(&error, E::Malformed { .. }), "{error}");
}

#[test]
fn offsets_that_overflow() {
    let error = error(&with(&[entry("a", "U8", "[1]", u64::MAX - 1, u64::MAX)], 8));
    assert!(matches!(&error, E::Claim { .. }), "{error}");
}

#[test]
fn offsets_that_run_backwards() {
    let error = error(&with(&[entry("a", "F32", "[1]", 4, 0)], 4));
    assert!(matches!(&error, E::Overlap { .. }), "{error}");
}

#[test]
fn a_tensor_of_terabytes() {
    let error = error(&with(&[entry("a", "F32", "[1099511627776]", 0, 4398046511104)], 4));
    assert!(matches!(&error, E::Truncated { expected, .. } if *expected > 4398046511104), "{error}");
}

#[test]
fn shape_and_bytes_disagree() {
    let error = error(&with(&[entry("a", "F32", "[3]", 0, 8)], 8));
    assert!(matches!(&error, E::Size { found: 8, expected: 12, .. }), "{error}");
}

#[test]
fn overlapping_tensors() {
    let error = error(&with(&[entry("a", "F32", "[2]", 0, 8), entry("b", "F32", "[2]", 4, 12)], 12));
    assert!(matches!(&error, E::Overlap { name, other, .. } if name == "b" && other == "a"), "{error}");
}

#[test]
fn a_hole_between_tensors_and_after_them() {
    let between = error(&with(&[entry("a", "F32", "[1]", 0, 4), entry("b", "F32", "[1]", 8, 12)], 12));
    assert!(matches!(&between, E::Hole { what, .. } if what == "tensor `b`"), "{between}");
    let after = error(&with(&[entry("a", "F32", "[1]", 0, 4)], 9));
    assert!(matches!(&after, E::Hole { what, .. } if what == "the end of the file"), "{after}");
    let before = error(&with(&[entry("a", "F32", "[1]", 4, 8)], 8));
    assert!(matches!(before, E::Hole { .. }), "{before}");
}

#[test]
fn two_tensors_of_one_name() {
    let error = error(&with(&[entry("a", "F32", "[1]", 0, 4), entry("a", "F32", "[1]", 4, 8)], 8));
    assert!(matches!(&error, E::DuplicateName { name, .. } if name == "a"), "{error}");
}

#[test]
fn a_header_that_is_no_json() {
    for header in [
        "{]",
        "{\"a\":3}",
        "{\"a\":{\"dtype\":\"F32\"}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}",
    ] {
        let error = error(&safetensors_file(header, &[0; 4]));
        assert!(matches!(&error, E::Malformed { byte: 8.., .. }), "{header}: {error}");
    }
    let error = error(
        &safetensors_file("{\"\u{fffd}", b"").iter().map(|&b| if b == 0xef { 0xff } else { b }).collect::<Vec<_>>(),
    );
    assert!(matches!(&error, E::Malformed { byte: 10, .. }), "{error}");
}

#[test]
fn a_header_nested_without_end() {
    let deep = format!("{{\"a\":{}", "[".repeat(100_000));
    let error = error(&safetensors_file(&deep, b""));
    assert!(matches!(error, E::Malformed { .. }));
}

#[test]
fn a_tensor_without_elements() {
    let bytes = with(&[entry("e", "F32", "[0,3]", 0, 0), entry("w", "F32", "[1]", 0, 4)], 4);
    let (_dir, path) = file(&bytes);
    assert_eq!(exhaust(&path).unwrap(), 4);
}

#[test]
fn a_tensor_of_a_hundred_axes() {
    let shape = format!("[{}1]", "1,".repeat(99));
    let error = error(&with(&[entry("a", "F32", &shape, 0, 4)], 4));
    assert!(matches!(&error, E::Malformed { found, .. } if found == "100 axes"), "{error}");
}

#[test]
fn names_that_would_write_on_the_terminal() {
    let name = format!("\\u001b[2J{}", "x".repeat(5000));
    let text = error(&with(&[entry(&name, "F32", "[1]", 0, 8)], 8)).to_string();
    assert!(!text.contains('\u{1b}') && text.len() < 1000, "{text}");
}
