//! Real files, cut off and damaged at random: an error or the right answer, never a panic.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{burnpack_file, exhaust, file, fixture};
use proptest::prelude::*;

const FILES: [&str; 11] = [
    "silero_vad_16k.safetensors",
    "pnet.pt",
    "alex.pth",
    "nested.pth",
    "legacy.pt",
    "module.pth",
    "evil_beside.pth",
    "stored.npz",
    "deflated.npz",
    "plain.npy",
    "burnpack",
];

fn bytes(name: &str) -> Vec<u8> {
    match name {
        "burnpack" => burnpack_file(&[("a", &[2, 2], &[1., 2., 3., 4.]), ("b", &[3], &[5., 6., 7.])]),
        name => std::fs::read(fixture(name)).unwrap(),
    }
}

#[test]
fn every_end_of_the_small_files() {
    for name in FILES {
        let bytes = bytes(name);
        // The first and last bytes one by one, and places between; fewer of the large file.
        let n = bytes.len();
        let many = if n > 100_000 { 20 } else { 120 };
        let places = (0..many.min(n)).chain((0..many).map(|i| i * n / many)).chain(n.saturating_sub(many)..n);
        for at in places {
            let (_dir, path) = file(&bytes[..at]);
            assert!(exhaust(&path).is_err(), "{name} cut at {at} of {n}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_do_not_panic(
        which in 1..FILES.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = bytes(FILES[which]);
        for (index, value) in changes {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let (_dir, path) = file(&bytes);
        let _either = exhaust(&path);
    }

    #[test]
    fn any_bytes_behind_a_magic_do_not_panic(
        magic in prop::sample::select(vec![
            &b"NRUB\x01\0"[..], b"\x93NUMPY\x01\0", b"\x80\x02", b"PK\x03\x04", b"\x10\0\0\0\0\0\0\0{", b"{",
            b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.",
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let (_dir, path) = file(&[magic, &rest].concat());
        let _either = exhaust(&path);
    }
}
