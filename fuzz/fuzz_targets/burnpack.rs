#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    // The first bytes decide the format: other formats have their own targets.
    if !(bytes.starts_with(b"NRUB")) {
        return Corpus::Reject;
    }
    spectrum_fuzz::exhaust("model.bpk", bytes);
    Corpus::Keep
});
