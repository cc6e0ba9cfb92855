//! The pickle inside a zip whose directory and checksums are right, which bytes at random seldom are.
#![no_main]

/// A zip of two stored entries, `data.pkl` and the storage `data/0` of 64 bytes.
fn zip(pickle: &[u8]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    let entries: [(&[u8], &[u8]); 2] = [(b"m/data.pkl", pickle), (b"m/data/0", &[1; 64])];
    for (name, data) in entries {
        // Version, flags, method, time, date, checksum (0: none was made, as with torch's compute_crc32=False), sizes,
        // length of the name, length of the extra field.
        let mut fields = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        fields.extend((data.len() as u32).to_le_bytes());
        fields.extend((data.len() as u32).to_le_bytes());
        fields.extend((name.len() as u16).to_le_bytes());
        fields.extend([0, 0]);
        let at = (file.len() as u32).to_le_bytes();
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&fields);
        directory.extend([0; 10]);
        directory.extend(at);
        directory.extend(name);
        file.extend(b"PK\x03\x04");
        file.extend(&fields);
        file.extend(name);
        file.extend(data);
    }
    let (start, length) = ((file.len() as u32).to_le_bytes(), (directory.len() as u32).to_le_bytes());
    file.extend(directory);
    file.extend(b"PK\x05\x06\0\0\0\0\x02\0\x02\0");
    file.extend(length);
    file.extend(start);
    file.extend([0, 0]);
    file
}

libfuzzer_sys::fuzz_target!(|pickle: &[u8]| spectrum_fuzz::exhaust("model.pth", &zip(pickle)));
