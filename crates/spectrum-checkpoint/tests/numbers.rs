//! Tensors as numbers, against what torch and numpy recorded and against arrays written here byte by byte.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{expected, file, fixture, npy_file, safetensors_file, zip_file};
use spectrum_checkpoint::{Checkpoint, CheckpointError as E};

fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    npy_file(&format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"), data)
}

/// Floats are what `read` gives; integers are what torch or numpy printed when the fixture was made.
#[test]
fn every_real_tensor_of_the_fixtures_has_its_recorded_numbers() {
    let (mut floats, mut integers) = (0, 0);
    for (name, tensors) in expected().as_object().unwrap() {
        let Ok(checkpoint) = Checkpoint::open(&fixture(name)) else { continue };
        for (tensor, row) in tensors.as_object().unwrap() {
            let dtype = row["dtype"].as_str().unwrap_or_default();
            let is_float = ["float", ">f", "bfloat"].iter().any(|f| dtype.starts_with(f));
            if !is_float && !dtype.starts_with("int") {
                continue;
            }
            let found = checkpoint.numbers(tensor).unwrap_or_else(|e| panic!("{e}"));
            let first: Vec<f64> =
                row["values"].as_array().unwrap().iter().map(|v| v.as_str().unwrap().parse().unwrap()).collect();
            assert_eq!(found.values[..first.len()], first, "{name} {tensor}");
            assert_eq!(found.shape, checkpoint.tensor(tensor).unwrap().shape);
            *if is_float { &mut floats } else { &mut integers } += 1;
        }
    }
    assert!(floats > 50 && integers >= 5, "{floats} and {integers}");
}

#[test]
fn integers_of_every_kind_of_file() {
    let labels: Vec<u8> = [3i64, 0, -7].iter().flat_map(|v| v.to_le_bytes()).collect();
    let big: Vec<u8> = [3i32, 0, -7].iter().flat_map(|v| v.to_be_bytes()).collect();
    let header = r#"{"y":{"dtype":"I64","shape":[3],"data_offsets":[0,24]}}"#;
    for (bytes, name) in [
        (npy("<i8", "(3,)", &labels), "model"),
        (npy(">i4", "(3,)", &big), "model"),
        (zip_file(&[("y.npy", &npy("<i8", "(3,)", &labels))], true), "y"),
        (safetensors_file(header, &labels), "y"),
    ] {
        let (_dir, path) = file(&bytes);
        let checkpoint = Checkpoint::open(&path).unwrap();
        assert_eq!(checkpoint.choose(None, 7).unwrap().name, name);
        assert_eq!(checkpoint.numbers(name).unwrap().values, [3.0, 0.0, -7.0]);
    }
}

/// Column-major integers come out row-major, as floats do.
#[test]
fn a_matrix_of_bytes_in_fortran_order() {
    let header = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }";
    let (_dir, path) = file(&npy_file(header, &[1, 4, 2, 5, 3, 6]));
    let found = Checkpoint::open(&path).unwrap().numbers("model").unwrap();
    assert_eq!((found.shape, found.values), (vec![2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
}

#[test]
fn what_is_no_number_is_refused() {
    for (descr, data) in [("<c8", [0; 8]), ("<U2", [0; 8]), ("<M8", [0; 8])] {
        let (_dir, path) = file(&npy(descr, "(1,)", &data));
        let error = Checkpoint::open(&path).unwrap().numbers("model").unwrap_err();
        assert!(matches!(&error, E::NotNumbers { dtype, .. } if dtype == descr), "{error}");
        assert!(error.to_string().contains("expected real numbers"), "{error}");
    }
    let (_dir, path) = file(&npy("<f4", "(1,)", &[0; 4]));
    let error = Checkpoint::open(&path).unwrap().numbers("modle").unwrap_err();
    assert!(error.to_string().contains("no tensor is called `modle`; near it: model"), "{error}");
}

/// The one tensor, or the one with the axes that are wanted; else the choice is named.
#[test]
fn a_tensor_without_a_name() {
    let (x, y) = (npy("<f4", "(2, 2)", &[0; 16]), npy("<i8", "(2,)", &[0; 16]));
    let (_dir, path) = file(&zip_file(&[("x.npy", &x), ("y.npy", &y)], false));
    let checkpoint = Checkpoint::open(&path).unwrap();
    assert_eq!(checkpoint.choose(None, 2).unwrap().name, "x");
    assert_eq!(checkpoint.choose(None, 1).unwrap().name, "y");
    assert_eq!(checkpoint.choose(Some("y"), 2).unwrap().shape, [2]);
    assert!(matches!(checkpoint.choose(Some("z"), 2), Err(E::UnknownTensor { .. })));
    let text = checkpoint.choose(None, 3).unwrap_err().to_string();
    assert!(text.contains("`x` [2, 2], `y` [2]") && text.contains("3 axes"), "{text}");
    let nine: Vec<(String, &[u8])> = (0..9).map(|i| (format!("{i}.npy"), x.as_slice())).collect();
    let nine: Vec<(&str, &[u8])> = nine.iter().map(|(n, b)| (n.as_str(), *b)).collect();
    let (_dir, path) = file(&zip_file(&nine, false));
    let text = Checkpoint::open(&path).unwrap().choose(None, 2).unwrap_err().to_string();
    assert!(text.contains("and 1 more, expected the name"), "{text}");
}
