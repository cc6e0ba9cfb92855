//! Burnpack files: sound ones by the crate that defines the format, and ones that are wrong.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{burnpack_file, error, exhaust, file};
use spectrum_checkpoint::{Checkpoint, CheckpointError as E, Container};

fn sound() -> Vec<u8> {
    burnpack_file(&[("layers.10.w", &[2, 2], &[1., 2., 3., 4.]), ("layers.2.w", &[3], &[5., 6., 7.])])
}

#[test]
fn a_sound_file() {
    let (_dir, path) = file(&sound());
    let checkpoint = Checkpoint::open(&path).unwrap();
    assert_eq!(checkpoint.container(), Container::Burnpack);
    let names: Vec<&str> = checkpoint.tensors().iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["layers.2.w", "layers.10.w"]);
    assert_eq!(checkpoint.read("layers.10.w", common::values).unwrap(), [1., 2., 3., 4.]);
    // Twice, because a window that is kept would have been read up.
    assert_eq!(checkpoint.read("layers.10.w", common::values).unwrap(), [1., 2., 3., 4.]);
    // A file that is gone is an error and no panic.
    std::fs::remove_file(&path).unwrap();
    let error = checkpoint.read("layers.2.w", common::values).unwrap_err();
    assert!(matches!(&error, E::Reader { what, .. } if what == "tensor `layers.2.w`"), "{error}");
}

#[test]
fn the_fixture_is_what_the_defining_crate_writes() {
    assert_eq!(std::fs::read(common::fixture("two.bpk")).unwrap(), sound());
}

#[test]
fn every_type() {
    use burn_pack::{Bytes, DType, Tensor, Writer};
    let one = |name: &str, dtype, bytes: &[u8]| {
        Tensor::new(name.to_owned(), dtype, vec![1], None, Bytes::from_bytes_vec(bytes.to_vec()))
    };
    let half = half::f16::from_f32(0.5).to_le_bytes();
    let brain = half::bf16::from_f32(0.5).to_le_bytes();
    let bytes = Writer::new(vec![
        one("bf16", DType::BF16, &brain),
        one("f16", DType::F16, &half),
        one("f64", DType::F64, &0.5f64.to_le_bytes()),
        one("i64", DType::I64, &[0; 8]),
    ])
    .into_bytes()
    .unwrap();
    let (_dir, path) = file(&bytes);
    let checkpoint = Checkpoint::open(&path).unwrap();
    for name in ["bf16", "f16", "f64"] {
        assert_eq!(checkpoint.read(name, common::values).unwrap(), [0.5]);
    }
    assert!(matches!(checkpoint.read("i64", |_| ()), Err(E::NotFloat { dtype, .. }) if dtype == "I64"));
}

#[test]
fn truncated_at_every_byte() {
    let bytes = sound();
    for n in 0..bytes.len() {
        // Behind the last tensor there may be padding.
        let (_dir, path) = file(&bytes[..n]);
        if let Ok(read) = exhaust(&path) {
            panic!("{n} of {} bytes: read {read}", bytes.len());
        }
    }
}

#[test]
fn metadata_of_gigabytes() {
    let mut bytes = sound();
    bytes[6..10].copy_from_slice(&u32::MAX.to_le_bytes());
    let error = error(&bytes);
    assert!(matches!(&error, E::Truncated { expected: 4_294_967_305, .. }), "{error}");
}

#[test]
fn another_version() {
    let mut bytes = sound();
    bytes[4] = 9;
    let error = error(&bytes);
    assert!(matches!(&error, E::Malformed { byte: 4, .. }), "{error}");
}

#[test]
fn metadata_that_are_none() {
    let mut bytes = sound();
    bytes[10..20].fill(0xff);
    let error = error(&bytes);
    assert!(matches!(error, E::Reader { .. }), "{error}");
}

#[test]
fn tensors_that_share_bytes() {
    // Two of 4 kB at the same place: the second's offsets (as CBOR) replaced by the first's.
    let zeros = vec![0f32; 1024];
    let mut bytes = burnpack_file(&[("a", &[1024], &zeros), ("b", &[1024], &zeros)]);
    // [4096, 8192] is 82 19 1000 19 2000; [0, 4096] spelled at the same length is 82 19 0000 19 1000.
    let second = [0x82, 0x19, 0x10, 0, 0x19, 0x20, 0];
    let at = bytes.windows(7).position(|w| w == second).unwrap();
    bytes[at..at + 7].copy_from_slice(&[0x82, 0x19, 0, 0, 0x19, 0x10, 0]);
    bytes.truncate(bytes.len() - 4096);
    let error = error(&bytes);
    assert!(matches!(&error, E::Claim { claimed, .. } if claimed == "8192"), "{error}");
}

#[test]
fn without_tensors() {
    let error = error(&burnpack_file(&[]));
    assert!(matches!(error, E::NoTensors { .. }), "{error}");
}
