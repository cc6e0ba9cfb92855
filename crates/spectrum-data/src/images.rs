//! From a set's name to a [`Split`] of images.

use std::path::{Path, PathBuf};

use crate::catalog::{Entry, Origin, PARTS, Source, catalog, data_dir, find};
use crate::digits::{self, Pairs};
use crate::idx::{self, Images};
use crate::{DataError, Dataset, Scaling, Split, Targets};

/// Classes of a set read from a folder under the name `idx`.
const IDX_CLASSES: u32 = 256;

/// Reads a set of images.
///
/// `digits` and `fashion-1000` are built in. Any other set of the [`catalog`] is read from `folder`, or from its place
/// in the data folder ([`data_dir`], where [`fetch`](crate::fetch()) puts it), or from where its package installs it.
/// `idx` reads the IDX files of any folder; its classes are 0 to the largest label of the training set.
///
/// A folder holds four files, gzipped or raw, in the usual spellings: `train-images-idx3-ubyte`,
/// `train-images.idx3-ubyte`, either with `.gz`, and likewise `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte`,
/// `t10k-labels-idx1-ubyte`.
///
/// # Errors
/// [`DataError::NotHere`] says how to get the set; otherwise what is wrong with the name or the files.
pub fn load_images(name: &str, folder: Option<&Path>, scaling: Scaling) -> Result<Split, DataError> {
    if name == "idx" {
        let Some(folder) = folder else {
            let expected = "the folder that holds the IDX files";
            return Err(DataError::Request { what: "the folder of `idx`", found: "not given".into(), expected });
        };
        return split(
            read_folder(name, folder, None, "name the folder that holds the four IDX files")?,
            255,
            None,
            scaling,
        );
    }
    let entry = find(name)?;
    match (&entry.origin, folder) {
        (Origin::BuiltIn, Some(_)) => Err(DataError::BuiltIn { name: name.to_owned() }),
        (Origin::BuiltIn, None) if entry.name == "digits" => split(digits::digits()?, 16, Some(entry.classes), scaling),
        (Origin::BuiltIn, None) => split(digits::fashion_1000()?, 255, Some(entry.classes), scaling),
        (Origin::Fetched { .. }, folder) => {
            let folder = match folder {
                Some(f) => f.to_owned(),
                None => place(entry, data_dir().as_deref()).ok_or(DataError::NoFolder)?,
            };
            let hint = format!(
                "`spectrum data fetch {name}` gets it; or name the folder that holds the four IDX files (gzipped or raw)"
            );
            split(read_folder(name, &folder, Some(entry.classes), &hint)?, 255, Some(entry.classes), scaling)
        }
    }
}

/// Whether [`load_images`] would find all files of this set without being given a folder.
#[must_use]
pub fn is_here(entry: &Entry) -> bool {
    match entry.origin {
        Origin::BuiltIn => true,
        Origin::Fetched { .. } => place(entry, data_dir().as_deref()).is_some_and(|p| is_complete(&p)),
    }
}

/// The folder to read a fetched set from: its place in the data folder, or a package's folder if only that is complete.
fn place(entry: &Entry, data: Option<&Path>) -> Option<PathBuf> {
    let ours = data.map(|d| d.join(entry.name));
    if ours.as_deref().is_some_and(is_complete) {
        return ours;
    }
    let Origin::Fetched { sources, .. } = &entry.origin else { return None };
    let installed = sources.iter().find_map(|s| match s {
        Source::Folder { path } if is_complete(Path::new(path.as_ref())) => Some(PathBuf::from(path.as_ref())),
        _ => None,
    });
    installed.or(ours)
}

fn is_complete(folder: &Path) -> bool {
    PARTS.iter().all(|part| locate(folder, part).is_some())
}

/// The file of this name in its usual spellings, the raw one first.
pub(crate) fn locate(folder: &Path, name: &str) -> Option<PathBuf> {
    let dotted = name.replace("-idx", ".idx");
    [name.to_owned(), dotted.clone(), format!("{name}.gz"), format!("{dotted}.gz")]
        .into_iter()
        .map(|n| folder.join(n))
        .find(|p| p.is_file())
}

fn read_folder(name: &str, folder: &Path, classes: Option<u32>, hint: &str) -> Result<Pairs, DataError> {
    let path = |part: &str| {
        locate(folder, part).ok_or_else(|| DataError::NotHere {
            name: name.to_owned(),
            folder: folder.to_owned(),
            missing: part.to_owned(),
            hint: hint.to_owned(),
        })
    };
    // All four are looked for before any is read.
    let [train_images, train_labels, test_images, test_labels] =
        [path(PARTS[0])?, path(PARTS[1])?, path(PARTS[2])?, path(PARTS[3])?];
    let train = pair(&train_images, &train_labels, classes.unwrap_or(IDX_CLASSES))?;
    // A test label must be one that the training set has, so that a model has an output for it.
    let known = classes.unwrap_or_else(|| count_classes(&train.1));
    let test = pair(&test_images, &test_labels, known)?;
    if (test.0.rows, test.0.cols) != (train.0.rows, train.0.cols) {
        return Err(DataError::ImageSize {
            file: test_images.display().to_string(),
            found: (test.0.rows, test.0.cols),
            expected: (train.0.rows, train.0.cols),
        });
    }
    Ok([train, test])
}

fn pair(images_path: &Path, labels_path: &Path, classes: u32) -> Result<(Images, Vec<u8>), DataError> {
    let labels = idx::labels(labels_path, classes)?;
    let images = idx::images(images_path)?;
    if images.n != labels.len() {
        return Err(DataError::CountMismatch {
            images_file: images_path.display().to_string(),
            images: images.n,
            labels_file: labels_path.display().to_string(),
            labels: labels.len(),
        });
    }
    Ok((images, labels))
}

fn count_classes(labels: &[u8]) -> u32 {
    labels.iter().max().map_or(0, |&l| u32::from(l) + 1)
}

fn split(pairs: Pairs, full: u8, classes: Option<u32>, scaling: Scaling) -> Result<Split, DataError> {
    let count = classes.unwrap_or_else(|| count_classes(&pairs[0].1));
    let [train, test] = pairs.map(|(images, labels)| dataset(&images, &labels, full, count));
    let mut split = Split { train, probe: None, test, teacher: None };
    if scaling == Scaling::Standard {
        split.standardise()?;
    }
    Ok(split)
}

/// Pixels over `full`, rounded to f32 once.
fn dataset(images: &Images, labels: &[u8], full: u8, count: u32) -> Dataset {
    let table: Vec<f32> = (0..=u8::MAX).map(|p| (f64::from(p) / f64::from(full)) as f32).collect();
    Dataset {
        inputs: images.pixels.iter().map(|&p| table[usize::from(p)]).collect(),
        n: images.n,
        dim: images.rows * images.cols,
        targets: Targets::Classes { indices: labels.iter().map(|&l| u32::from(l)).collect(), count },
    }
}

/// The names that [`load_images`] knows, for errors.
pub(crate) fn known_names() -> Vec<&'static str> {
    catalog().iter().map(|e| e.name).chain(["idx"]).collect()
}
