//! What can be wrong with a data set, a file or a download.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why there is no data. Each variant names the file or the value, what was found and what was expected; offsets count
/// bytes from the start of the file, after decompression where it is gzipped.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// The system could not do it.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// The file holds nothing.
    #[error("{file}: the file is empty, expected an IDX file that begins with {}", hex(expected))]
    Empty {
        /// The file.
        file: String,
        /// The four bytes that it should begin with.
        expected: [u8; 4],
    },
    /// The gzip stream is broken.
    #[error("{file}: the gzip stream is broken after byte {offset} of its content: {reason}")]
    Gzip {
        /// The file.
        file: String,
        /// Decompressed bytes that could be read.
        offset: u64,
        /// The decoder's words.
        reason: String,
    },
    /// The file begins with other bytes than IDX files of this kind do.
    #[error("{file}: byte 0: found {}, expected {} (IDX, unsigned bytes, {} dimensions)", hex(found), hex(expected), expected[3])]
    Magic {
        /// The file.
        file: String,
        /// What it begins with.
        found: [u8; 4],
        /// What it should begin with.
        expected: [u8; 4],
    },
    /// The file ends too soon.
    #[error("{file}: the file ends at byte {offset}, expected {expected} bytes")]
    Truncated {
        /// The file.
        file: String,
        /// Bytes there are.
        offset: u64,
        /// Bytes there should be.
        expected: u64,
    },
    /// The file goes on after its last element.
    #[error("{file}: byte {offset}: more bytes follow, expected the end of {expected}")]
    Trailing {
        /// The file.
        file: String,
        /// The first byte too many.
        offset: u64,
        /// What ends there (`10000 x 28 x 28 elements`).
        expected: String,
    },
    /// A dimension is zero, or their product is no length that this machine can hold.
    #[error(
        "{file}: byte {offset}: found dimensions {dims:?}, expected numbers above zero whose product fits in memory"
    )]
    Dimensions {
        /// The file.
        file: String,
        /// Where the dimension stands.
        offset: u64,
        /// The dimensions of the header.
        dims: Vec<u32>,
    },
    /// Images and labels that do not belong together.
    #[error("{labels_file}: byte 4: found {labels} labels, expected {images}, one for each image in {images_file}")]
    CountMismatch {
        /// The file of images.
        images_file: String,
        /// Images in it.
        images: usize,
        /// The file of labels.
        labels_file: String,
        /// Labels in it.
        labels: usize,
    },
    /// A label outside 0..classes.
    #[error("{file}: byte {offset}: found label {found}, expected 0 to {}", classes.saturating_sub(1))]
    Label {
        /// The file of labels.
        file: String,
        /// Where the label stands.
        offset: u64,
        /// The label.
        found: u8,
        /// Classes there are.
        classes: u32,
    },
    /// Test images of another size than the training images.
    #[error("{file}: byte 8: found images of {} x {} pixels, expected {} x {} as in the training set", found.0, found.1, expected.0, expected.1)]
    ImageSize {
        /// The file of test images.
        file: String,
        /// Rows and columns found.
        found: (usize, usize),
        /// Rows and columns of the training images.
        expected: (usize, usize),
    },
    /// A line of a table that cannot be read.
    #[error("{file}: line {line}: found `{found}`, expected {expected}")]
    Table {
        /// The file.
        file: String,
        /// Counted from one.
        line: usize,
        /// The cell or the number of cells.
        found: String,
        /// What should stand there.
        expected: &'static str,
    },
    /// An input of a matrix that no run can take.
    #[error(
        "the input in row {row}, column {column} (from 0) is {found}, expected a finite number in the range of f32, also when standardised"
    )]
    Input {
        /// Its row, counted from zero.
        row: usize,
        /// Its column, counted from zero.
        column: usize,
        /// The input.
        found: f64,
    },
    /// A target of a matrix that its form does not allow.
    #[error("the target of row {row} (from 0) is {found}, expected {expected}")]
    Target {
        /// Its row, counted from zero.
        row: usize,
        /// The target.
        found: f64,
        /// What it may be.
        expected: String,
    },
    /// All inputs are equal, so they cannot be divided by their standard deviation.
    #[error("all inputs of the training set are equal: they cannot be scaled to unit standard deviation")]
    Constant,
    /// A sample without length, which no scale brings to the sphere.
    #[error(
        "{set}: sample {index} is zero (after centring and the removal of directions): it cannot be scaled to norm sqrt(d)"
    )]
    ZeroSample {
        /// The set (`training set`).
        set: &'static str,
        /// The sample, counted from zero in its set.
        index: usize,
    },
    /// Principal components that the iteration did not find.
    #[error(
        "the {asked} leading principal components did not converge (relative residual {residual:.1e}): variances too close together"
    )]
    NoConvergence {
        /// Components asked for.
        asked: usize,
        /// What was left.
        residual: f64,
    },
    /// More samples asked for than there are.
    #[error("{what} asks for {asked} samples, but there are {found}")]
    TooFew {
        /// What asks (`n`, or a class of a balanced subset).
        what: String,
        /// Samples asked for.
        asked: usize,
        /// Samples there are.
        found: usize,
    },
    /// A number in the request that no data can have.
    #[error("{what} is {found}, expected {expected}")]
    Request {
        /// Which number (`n`, `noise`).
        what: &'static str,
        /// Its value.
        found: String,
        /// What it may be.
        expected: &'static str,
    },
    /// No set of this name.
    #[error("there is no data set `{name}`; expected one of {known}{}", nearest.map(|n| format!(" (did you mean `{n}`?)")).unwrap_or_default())]
    UnknownSet {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
        /// The nearest of them.
        nearest: Option<&'static str>,
    },
    /// A folder was named for a set that is built in.
    #[error("`{name}` is built in: leave the folder out (`idx` reads the IDX files of any folder)")]
    BuiltIn {
        /// The set.
        name: String,
    },
    /// A fetch was asked for a set that is built in.
    #[error("`{name}` is built in: there is nothing to fetch")]
    NothingToFetch {
        /// The set.
        name: String,
    },
    /// The set is not on this machine.
    #[error("{}: no {missing} for `{name}`; {hint}", folder.display())]
    NotHere {
        /// The set.
        name: String,
        /// Where it was looked for.
        folder: PathBuf,
        /// The first file that is missing.
        missing: String,
        /// How to get it.
        hint: String,
    },
    /// Neither `SPECTRUM_DATA` nor a home folder is set.
    #[error("no data folder: set SPECTRUM_DATA to a folder, or name the folder that holds the set")]
    NoFolder,
    /// Another process fetches the same set.
    #[error("{}: another process is fetching this set", folder.display())]
    Busy {
        /// The set's folder.
        folder: PathBuf,
    },
    /// No source gave the right bytes.
    #[error("`{name}` could not be fetched:\n{}", tried.iter().map(|(what, why)| format!("  {what}: {why}")).collect::<Vec<_>>().join("\n"))]
    Fetch {
        /// The set.
        name: String,
        /// Each source and why it failed.
        tried: Vec<(String, String)>,
    },
}

impl DataError {
    /// For `map_err`: the system could not `action` the file at `path`.
    pub(crate) fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, action, source }
    }
}

fn hex(bytes: &[u8; 4]) -> String {
    let [a, b, c, d] = bytes;
    format!("{a:02x} {b:02x} {c:02x} {d:02x}")
}
