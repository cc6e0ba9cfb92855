//! Sets of images by name: the built-in ones, and folders as users have them.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use spectrum_data::{DataError, Dataset, Scaling, Split, Targets, catalog, load_images};
use tempfile::{TempDir, tempdir};

fn classes(set: &Dataset) -> (&[u32], u32) {
    match &set.targets {
        Targets::Classes { indices, count } => (indices, *count),
        Targets::Values(_) => panic!("images have classes"),
    }
}

/// Test accuracy of the nearest class mean: deterministic, and wrong as soon as images, labels or their order are.
fn nearest_class_mean(split: &Split) -> f64 {
    let (labels, count) = classes(&split.train);
    let mut means = vec![vec![0.0; split.train.dim]; count as usize];
    let mut counts = vec![0.0; count as usize];
    for (i, &l) in labels.iter().enumerate() {
        counts[l as usize] += 1.0;
        for (m, &x) in means[l as usize].iter_mut().zip(split.train.row(i)) {
            *m += f64::from(x);
        }
    }
    for (mean, n) in means.iter_mut().zip(counts) {
        mean.iter_mut().for_each(|m| *m /= n);
    }
    let (labels, _) = classes(&split.test);
    let right = (0..split.test.n).filter(|&i| {
        let distance =
            |m: &[f64]| m.iter().zip(split.test.row(i)).map(|(m, &x)| (m - f64::from(x)).powi(2)).sum::<f64>();
        let best = (0..count).min_by(|&a, &b| distance(&means[a as usize]).total_cmp(&distance(&means[b as usize])));
        best == Some(labels[i])
    });
    right.count() as f64 / split.test.n as f64
}

#[test]
fn digits_as_numpy_reads_them() {
    let split = load_images("digits", None, Scaling::Unit).unwrap();
    assert_eq!((split.train.n, split.test.n, split.train.dim), (1437, 360, 64));
    // numpy 2.4.6: X / 16, first 1437 rows; nearest class mean 0.85.
    let (mean, deviation) = split.train.mean_and_deviation();
    assert!((mean - 0.30538611256089077).abs() < 1e-9 && (deviation - 0.3755071088307581).abs() < 1e-9);
    assert!((split.test.mean_and_deviation().0 - 0.30475802951388886).abs() < 1e-9);
    assert_eq!(nearest_class_mean(&split), 0.85);
}

#[test]
fn fashion_1000_as_numpy_reads_it() {
    let split = load_images("fashion-1000", None, Scaling::Unit).unwrap();
    assert_eq!((split.train.n, split.test.n, split.train.dim), (800, 200, 784));
    // numpy 2.4.6: X / 255.
    let (mean, deviation) = split.train.mean_and_deviation();
    assert!((mean - 0.2873560111544618).abs() < 1e-8 && (deviation - 0.3546360537617164).abs() < 1e-8);
    assert_eq!(classes(&split.train).0[..10], [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]);
    assert_eq!(classes(&split.test).0[..10], [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]);
    for c in 0..10 {
        assert_eq!(classes(&split.train).0.iter().filter(|&&l| l == c).count(), 80);
    }
    assert_eq!(nearest_class_mean(&split), 0.67);
}

#[test]
fn standard_scaling_is_the_same_for_train_and_test() {
    let unit = load_images("digits", None, Scaling::Unit).unwrap();
    let standard = load_images("digits", None, Scaling::Standard).unwrap();
    let (mean, deviation) = standard.train.mean_and_deviation();
    assert!(mean.abs() < 1e-6 && (deviation - 1.0).abs() < 1e-6);
    for (u, s) in unit.test.inputs.iter().zip(&standard.test.inputs) {
        assert!((f64::from(*s) - (f64::from(*u) - 0.30538611256089077) / 0.3755071088307581).abs() < 1e-6);
    }
    assert_eq!(nearest_class_mean(&standard), 0.85);
}

/// Asked for when the test runs: a test binary that a shared target directory kept from another checkout would have that one's
/// path compiled in.
fn fixture() -> std::path::PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&package).join("fixtures/fashion-1000")
}

#[test]
fn a_folder_in_any_usual_spelling() {
    let built_in = load_images("fashion-1000", None, Scaling::Standard).unwrap();
    assert_eq!(load_images("fashion-mnist", Some(&fixture()), Scaling::Standard).unwrap(), built_in);
    assert_eq!(load_images("idx", Some(&fixture()), Scaling::Standard).unwrap(), built_in);

    // Unpacked, with a dot before idx.
    let dir = tempdir().unwrap();
    for (part, rank) in [("train-images", 3), ("train-labels", 1), ("t10k-images", 3), ("t10k-labels", 1)] {
        let mut raw = Vec::new();
        let packed = fs::File::open(fixture().join(format!("{part}-idx{rank}-ubyte.gz"))).unwrap();
        std::io::copy(&mut flate2::read::GzDecoder::new(packed), &mut raw).unwrap();
        fs::write(dir.path().join(format!("{part}.idx{rank}-ubyte")), raw).unwrap();
    }
    assert_eq!(load_images("fashion-mnist", Some(dir.path()), Scaling::Standard).unwrap(), built_in);
}

/// A folder with `train` and `test` labels and images of the given sizes.
fn folder(train: (&[u8], u32, usize), test: (&[u8], u32, usize)) -> TempDir {
    let dir = tempdir().unwrap();
    for (part, (labels, side, images)) in [("train", train), ("t10k", test)] {
        let mut bytes = vec![0, 0, 8, 1];
        bytes.extend((labels.len() as u32).to_be_bytes());
        bytes.extend(labels);
        fs::write(dir.path().join(format!("{part}-labels-idx1-ubyte")), bytes).unwrap();
        let mut bytes = vec![0, 0, 8, 3];
        [images as u32, side, side].iter().for_each(|d| bytes.extend(d.to_be_bytes()));
        bytes.extend((0..images * (side * side) as usize).map(|i| i as u8));
        fs::write(dir.path().join(format!("{part}-images-idx3-ubyte")), bytes).unwrap();
    }
    dir
}

fn error_of(dir: &TempDir, name: &str) -> String {
    load_images(name, Some(dir.path()), Scaling::Unit).unwrap_err().to_string()
}

#[test]
fn files_that_do_not_belong_together() {
    let dir = folder((&[0, 1, 2], 2, 2), (&[0], 2, 1));
    assert!(error_of(&dir, "mnist").contains("found 3 labels, expected 2"), "{}", error_of(&dir, "mnist"));
    let dir = folder((&[0, 1], 2, 2), (&[0], 3, 1));
    assert!(error_of(&dir, "mnist").contains("found images of 3 x 3 pixels, expected 2 x 2"));
    let dir = folder((&[0, 10], 2, 2), (&[0], 2, 1));
    assert!(error_of(&dir, "mnist").contains("byte 9: found label 10, expected 0 to 9"));
    // Under `idx` eleven classes are fine, but the test set may not have one that the training set lacks.
    let split = load_images("idx", Some(dir.path()), Scaling::Unit).unwrap();
    assert_eq!(classes(&split.train), (&[0, 10][..], 11));
    let dir = folder((&[0, 1], 2, 2), (&[2], 2, 1));
    assert!(error_of(&dir, "idx").contains("byte 8: found label 2, expected 0 to 1"));
}

#[test]
fn a_set_that_is_not_here_says_how_to_get_it() {
    let dir = tempdir().unwrap();
    let text = error_of(&dir, "mnist");
    assert!(text.contains("no train-images-idx3-ubyte for `mnist`; `spectrum data fetch mnist` gets it"), "{text}");
    assert!(matches!(load_images("idx", None, Scaling::Unit), Err(DataError::Request { .. })));
    assert!(matches!(load_images("digits", Some(dir.path()), Scaling::Unit), Err(DataError::BuiltIn { .. })));
    let text = error_of(&dir, "mnits");
    assert!(text.contains("did you mean `mnist`?"), "{text}");
}

/// The full sets, where they have been fetched.
#[test]
fn the_full_sets_have_their_published_numbers() {
    // Mean and deviation of the training pixels, mean of the test pixels, first labels, nearest class mean, all to the
    // digits given by an independent reading with numpy.
    let known = [
        ("mnist", [0.13066, 0.30811, 0.13251, 0.8203], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]),
        ("fashion-mnist", [0.28604, 0.35302, 0.28685, 0.6768], [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]),
    ];
    for (name, [mean, deviation, test_mean, accuracy], first) in known {
        let entry = catalog().iter().find(|e| e.name == name).unwrap();
        if !spectrum_data::is_here(entry) {
            eprintln!("skipped: {name} is not on this machine (`spectrum data fetch {name}`)");
            continue;
        }
        let split = load_images(name, None, Scaling::Unit).unwrap();
        assert_eq!((split.train.n, split.test.n, split.train.dim), (60_000, 10_000, 784));
        let found = split.train.mean_and_deviation();
        assert!((found.0 - mean).abs() < 1e-5 && (found.1 - deviation).abs() < 1e-5, "{name} {found:?}");
        assert!((split.test.mean_and_deviation().0 - test_mean).abs() < 1e-5);
        assert_eq!(classes(&split.train).0[..10], first);
        assert!((nearest_class_mean(&split) - accuracy).abs() < 5.1e-5, "{name} {}", nearest_class_mean(&split));
    }
}
