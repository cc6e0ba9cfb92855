#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    // The first bytes decide the format: other formats have their own targets.
    if !([&b"PK"[..], b"\x80", b"c", b"("].iter().any(|magic| bytes.starts_with(magic))) {
        return Corpus::Reject;
    }
    spectrum_fuzz::exhaust("model.pth", bytes);
    Corpus::Keep
});
