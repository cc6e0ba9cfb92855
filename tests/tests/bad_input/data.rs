//! IDX files that are not what they should be.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::Bench;

const CONFIG: &str = r#"
name = "images"
[data]
kind = "mnist"
[model]
kind = "mlp"
hidden = [5]
[optimizer]
kind = "adam"
lr = 0.01
[training]
steps = 2
batch = 4
"#;

/// An IDX file of unsigned bytes: magic, big-endian dimensions, elements.
fn idx(dims: &[u32], elements: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dims.len() as u8];
    dims.iter().for_each(|d| bytes.extend(d.to_be_bytes()));
    bytes.extend(elements);
    bytes
}

const FILES: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

/// A folder of 12 training and 6 test images of 4 x 3 pixels, all of them good.
fn folder(bench: &Bench) -> PathBuf {
    let folder = bench.dir.path().join("images");
    fs::create_dir(&folder).unwrap();
    let pixels = |n: usize| (0..n * 12).map(|i| (i * 37 % 251) as u8).collect::<Vec<u8>>();
    let labels = |n: usize| (0..n).map(|i| (i % 10) as u8).collect::<Vec<u8>>();
    for (k, n) in [(0, 12), (2, 6)] {
        fs::write(folder.join(FILES[k]), idx(&[n as u32, 4, 3], &pixels(n))).unwrap();
        fs::write(folder.join(FILES[k + 1]), idx(&[n as u32], &labels(n))).unwrap();
    }
    folder
}

fn bench() -> (Bench, PathBuf) {
    let bench = Bench::new(CONFIG);
    let images = folder(&bench);
    (bench, images)
}

fn set(folder: &Path) -> String {
    format!("data.folder='{}'", folder.display())
}

/// Spoils one file of a good folder: the error names that file.
#[track_caller]
fn refused(file: &str, spoil: impl FnOnce(Vec<u8>) -> Vec<u8>, words: &[&str]) {
    let (bench, images) = bench();
    let path = images.join(file);
    fs::write(&path, spoil(fs::read(&path).unwrap())).unwrap();
    let done = bench.run(&["--set", &set(&images)]);
    done.one_error(2, &[path.to_str().unwrap()]);
    done.one_error(2, words);
    assert!(!bench.out.exists());
}

#[test]
fn the_folder_that_the_others_spoil_is_good() {
    let (bench, images) = bench();
    bench.finished(&["--set", &set(&images)]);
}

#[test]
fn a_truncated_file_says_where_it_ends() {
    // 16 bytes of header and 12 x 12 pixels, one of them missing.
    let cut = |mut b: Vec<u8>| {
        b.pop();
        b
    };
    refused(FILES[0], cut, &["ends at byte 159", "160"]);
    refused(FILES[1], |b| b[..6].to_vec(), &["ends at byte 6"]);
    refused(FILES[2], |b| b[..3].to_vec(), &["ends at byte 3"]);
}

#[test]
fn an_empty_file_is_said_to_be_empty() {
    for file in FILES {
        refused(file, |_| Vec::new(), &["empty"]);
    }
}

#[test]
fn a_wrong_magic_number_shows_both() {
    // Labels where images belong, and a file of another format.
    refused(FILES[0], |_| idx(&[12], &[0; 12]), &["byte 0", "00 00 08 01", "00 00 08 03"]);
    refused(FILES[3], |_| b"\x89PNG\r\n\x1a\n".to_vec(), &["byte 0", "89 50 4e 47", "00 00 08 01"]);
}

#[test]
fn counts_and_labels_that_do_not_fit_are_refused() {
    refused(FILES[1], |_| idx(&[11], &[0; 11]), &["11 labels", "12"]);
    refused(FILES[3], |_| idx(&[6], &[0, 1, 2, 3, 4, 10]), &["byte 13", "label 10", "0 to 9"]);
    refused(FILES[2], |_| idx(&[6, 3, 3], &[1; 54]), &["3 x 3", "4 x 3"]);
    refused(FILES[0], |_| idx(&[u32::MAX, u32::MAX, u32::MAX], &[]), &["dimensions"]);
    refused(FILES[0], |b| [b, vec![7]].concat(), &["more bytes"]);
}

#[test]
fn a_folder_without_the_files_says_how_to_get_them() {
    let (bench, images) = bench();
    fs::remove_file(images.join(FILES[2])).unwrap();
    let words = ["t10k-images-idx3-ubyte", "spectrum data fetch mnist", images.to_str().unwrap()];
    bench.run(&["--set", &set(&images)]).one_error(2, &words);
    let nowhere = bench.dir.path().join("nowhere");
    bench.run(&["--set", &set(&nowhere)]).one_error(2, &["train-images-idx3-ubyte", nowhere.to_str().unwrap()]);
    assert!(!bench.out.exists());
}

#[test]
fn a_model_that_does_not_fit_the_data_is_refused() {
    let (bench, images) = bench();
    let two_layer = ["--set", &set(&images), "--set", "model={kind='two-layer', width=5}"];
    bench.run(&two_layer).one_error(2, &["model.kind", "mlp"]);
    assert!(!bench.out.exists());
}
