//! An index over two sound shards that lie beside it.
#![no_main]

use std::fs;
use std::sync::Once;

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    if bytes.first() != Some(&b'{') {
        return Corpus::Reject;
    }
    static SHARDS: Once = Once::new();
    SHARDS.call_once(|| {
        for (file, tensor) in [("a", "x"), ("b", "y")] {
            let header = format!(r#"{{"{tensor}":{{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}}}"#);
            let whole = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[0; 4]].concat();
            fs::write(spectrum_fuzz::folder().join(file), whole).expect("a shard");
        }
    });
    spectrum_fuzz::exhaust("model.safetensors.index.json", bytes);
    Corpus::Keep
});
