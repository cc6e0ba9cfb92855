//! Writes numpy's `.npy` files by hand: a magic, the version, a header that is a Python dictionary, the elements.

use std::fs;
use std::path::Path;

fn write(path: &Path, descr: &str, shape: &[usize], elements: &[u8]) {
    let shape: String = shape.iter().map(|d| format!("{d}, ")).collect();
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}\n");
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    fs::write(path, [&b"\x93NUMPY\x01\0"[..], &length, header.as_bytes(), elements].concat()).unwrap();
}

/// An array of doubles.
pub fn doubles(path: &Path, shape: &[usize], values: &[f64]) {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    write(path, "<f8", shape, &bytes);
}

/// An array of 64-bit integers, as labels are.
pub fn integers(path: &Path, shape: &[usize], values: &[i64]) {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    write(path, "<i8", shape, &bytes);
}
