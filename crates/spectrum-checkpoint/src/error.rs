//! What can be wrong with a checkpoint.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why there are no tensors. Each variant names the file and the byte or key, what was found and what was expected;
/// offsets count bytes from the start of the file (in a zip entry: of the entry's content).
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// There is nothing at the path.
    #[error("{}: no such file or directory", file.display())]
    NotFound {
        /// The path.
        file: PathBuf,
    },
    /// The system could not do it (permissions, a failing disk).
    #[error("{}: cannot {action}: {source}", file.display())]
    Io {
        /// The file or folder.
        file: PathBuf,
        /// What was tried.
        action: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// A directory, a socket, a pipe or a device where a file was expected.
    #[error("{}: found {found}, expected a file", file.display())]
    NotAFile {
        /// The path.
        file: PathBuf,
        /// What it is.
        found: &'static str,
    },
    /// The file holds nothing.
    #[error("{}: the file is empty (0 bytes), expected a checkpoint", file.display())]
    Empty {
        /// The file.
        file: PathBuf,
    },
    /// The first bytes are those of no format that is read here.
    #[error("{}: byte 0: found {found}, expected safetensors, PyTorch, burnpack, npz or npy{hint}", file.display())]
    UnknownFormat {
        /// The file.
        file: PathBuf,
        /// The first bytes, and the format they belong to where it is known.
        found: String,
        /// A remark on the file's extension, or empty.
        hint: String,
    },
    /// The format is known, but not read.
    #[error("{}: found {found}, which is not read: {instead}", file.display())]
    Unsupported {
        /// The file.
        file: PathBuf,
        /// What it is.
        found: String,
        /// What to do.
        instead: &'static str,
    },
    /// The file ends too soon.
    #[error("{}: {what} needs bytes up to {expected}, but ends at byte {found}", file.display())]
    Truncated {
        /// The file.
        file: PathBuf,
        /// What does not fit (`the header`, ``tensor `w` ``).
        what: String,
        /// The end of it.
        expected: u64,
        /// The bytes there are.
        found: u64,
    },
    /// A size that the file cannot hold or imply.
    #[error("{}: {what} claims {claimed} bytes, but the file's {file_bytes} bytes allow at most {limit}", file.display())]
    Claim {
        /// The file.
        file: PathBuf,
        /// What claims it.
        what: String,
        /// The claim, or `more than 2^64`.
        claimed: String,
        /// The most that would be believed.
        limit: u64,
        /// The size of the file.
        file_bytes: u64,
    },
    /// Metadata that cannot be understood.
    #[error("{}: {what}, byte {byte}: {found}; expected {expected}", file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// Which part (`safetensors header`, `pickle data.pkl`).
        what: String,
        /// Where in that part.
        byte: u64,
        /// What stands there.
        found: String,
        /// What should stand there.
        expected: &'static str,
    },
    /// A tensor's extents, type and number of bytes disagree.
    #[error("{}: tensor `{}`: found {found} bytes, expected {expected} for shape {shape:?} of {dtype}", file.display(), clip(name))]
    Size {
        /// The file.
        file: PathBuf,
        /// The tensor.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
        /// The type of its elements.
        dtype: String,
        /// The bytes that it has.
        found: u64,
        /// The bytes that it should have.
        expected: u64,
    },
    /// A tensor begins inside the one before it.
    #[error("{}: tensor `{}` begins at byte {found}, inside `{other}` that ends at byte {expected}", file.display(), clip(name))]
    Overlap {
        /// The file.
        file: PathBuf,
        /// The tensor.
        name: String,
        /// The one before it.
        other: String,
        /// Where it begins.
        found: u64,
        /// Where it should begin.
        expected: u64,
    },
    /// Bytes that belong to no tensor.
    #[error("{}: bytes {expected} to {found} belong to no tensor, expected {what} at byte {expected}", file.display())]
    Hole {
        /// The file.
        file: PathBuf,
        /// What should begin there (``tensor `w` ``, `the end of the file`).
        what: String,
        /// Where the next tensor begins or the file ends.
        found: u64,
        /// Where the tensors before it end.
        expected: u64,
    },
    /// Two tensors or entries of one name.
    #[error("{}: found the name `{}` twice, expected each name once", file.display(), clip(name))]
    DuplicateName {
        /// The file.
        file: PathBuf,
        /// The name.
        name: String,
    },
    /// A big-endian file.
    #[error("{}: {what} says big-endian, expected little-endian: save the checkpoint again on a little-endian machine", file.display())]
    BigEndian {
        /// The file.
        file: PathBuf,
        /// Where it says so.
        what: String,
    },
    /// Tensors can only be had by calling what the pickle imports, which is never done.
    #[error("{}: tensors hang on `{import}`, which the pickle imports; expected plain tensors. Nothing was executed", file.display())]
    WeightsBehindImport {
        /// The file.
        file: PathBuf,
        /// The import, or the type of tensor that is not represented (`torch.ComplexFloatStorage`).
        import: String,
    },
    /// The file is sound, but holds no tensor.
    #[error("{}: found no tensors ({found}), expected a dictionary of tensors{}", file.display(), imports_note(imports))]
    NoTensors {
        /// The file.
        file: PathBuf,
        /// What there is instead.
        found: String,
        /// What a pickle imports; none of it was executed.
        imports: Vec<String>,
    },
    /// A zip that cannot be read.
    #[error("{}: zip entry `{entry}`: {found}; expected {expected}", file.display())]
    Zip {
        /// The file.
        file: PathBuf,
        /// The entry, or `(directory)`.
        entry: String,
        /// What is wrong.
        found: String,
        /// What would be right.
        expected: &'static str,
    },
    /// A reader below this crate refused the file.
    #[error("{}: {what}: {found}", file.display())]
    Reader {
        /// The file.
        file: PathBuf,
        /// Which part of the file or which tensor.
        what: String,
        /// The reader's words.
        found: String,
    },
    /// A shard that is not there.
    #[error("{}: key `{tensor}` lies in shard `{shard}`, which is not in the folder", file.display())]
    ShardMissing {
        /// The index.
        file: PathBuf,
        /// The shard.
        shard: String,
        /// The first tensor that lies in it.
        tensor: String,
    },
    /// A shard's name leads out of the index's folder.
    #[error("{}: key `{tensor}`: found shard `{shard}`, expected a file in the index's own folder", file.display())]
    ShardOutside {
        /// The index.
        file: PathBuf,
        /// The shard.
        shard: String,
        /// The tensor.
        tensor: String,
    },
    /// A shard does not hold a tensor that the index places there.
    #[error("{}: key `{}` should lie in shard `{}`, which has no such tensor", file.display(), clip(tensor), clip(shard))]
    TensorNotInShard {
        /// The index.
        file: PathBuf,
        /// The shard.
        shard: String,
        /// The tensor.
        tensor: String,
    },
    /// No tensor of that name.
    #[error("{}: no tensor is called `{}`{}", file.display(), clip(name), nearest_note(nearest))]
    UnknownTensor {
        /// The file.
        file: PathBuf,
        /// The name that was asked for.
        name: String,
        /// Names that are near, the nearest first.
        nearest: Vec<String>,
    },
    /// The tensor's elements are no real floating-point numbers that can be read.
    #[error("{}: tensor `{}`: found elements of type {dtype}, expected f16, bf16, f32 or f64", file.display(), clip(name))]
    NotFloat {
        /// The file.
        file: PathBuf,
        /// The tensor.
        name: String,
        /// Its type.
        dtype: String,
    },
    /// The tensor's elements are no real numbers that can be read.
    #[error("{}: tensor `{}`: found elements of type {dtype}, expected real numbers (f16, bf16, f32, f64, integers, booleans)", file.display(), clip(name))]
    NotNumbers {
        /// The file.
        file: PathBuf,
        /// The tensor.
        name: String,
        /// Its type.
        dtype: String,
    },
    /// No memory for a tensor's elements.
    #[error("{}: tensor `{}`: no memory for its elements in f64, shape {shape:?}", file.display(), clip(name))]
    Memory {
        /// The file.
        file: PathBuf,
        /// The tensor.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// No tensor was named, and more than one could be meant, or none.
    #[error("{}: found {}, expected the name of one of them, for not just one has {axes} axes", file.display(), choices(found))]
    Ambiguous {
        /// The file.
        file: PathBuf,
        /// The tensors there are, with their shapes.
        found: Vec<(String, Vec<usize>)>,
        /// The axes of the tensor that would have been taken.
        axes: usize,
    },
    /// A directory without a checkpoint.
    #[error("{}: found no checkpoint, looked for {looked_for}", file.display())]
    NothingHere {
        /// The directory.
        file: PathBuf,
        /// What would have been taken.
        looked_for: &'static str,
    },
}

fn imports_note(imports: &[String]) -> String {
    match imports {
        [] => String::new(),
        names => format!("; the pickle imports {}, none of it was executed", names.join(", ")),
    }
}

/// The first tensors with their shapes.
fn choices(found: &[(String, Vec<usize>)]) -> String {
    const MOST: usize = 8;
    let mut names: Vec<String> =
        found.iter().take(MOST).map(|(name, shape)| format!("`{}` {shape:?}", clip(name))).collect();
    if found.len() > MOST {
        names.push(format!("and {} more", found.len() - MOST));
    }
    names.join(", ")
}

fn nearest_note(nearest: &[String]) -> String {
    match nearest {
        [] => String::new(),
        names => format!("; near it: {}", names.join(", ")),
    }
}

/// The beginning of a text from a hostile file: enough to recognise it, not enough to flood a terminal.
pub(crate) fn clip(text: &str) -> String {
    const MOST: usize = 200;
    let printable = text.chars().map(|c| if c.is_control() { '.' } else { c });
    if text.chars().count() <= MOST { printable.collect() } else { printable.take(MOST).chain("...".chars()).collect() }
}
