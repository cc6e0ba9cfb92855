//! An opened checkpoint.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::clip;
use crate::info::{MAX_RANK, byte_length};
use crate::mapping::Mapping;
use crate::sniff::{Format, sniff};
use crate::{
    CheckpointError, Container, Skipped, TensorBytes, TensorInfo, burnpack, npy, npz, pytorch, safetensors, sharded,
};

/// Where the elements of an opened file's tensors come from. Tensors are named by their index.
pub(crate) trait Source: Send + Sync {
    /// Shows the elements to `f`: little-endian, row-major.
    fn with(&self, index: usize, f: &mut dyn FnMut(&[u8])) -> Result<(), CheckpointError>;
    /// The elements are not needed for now.
    fn release(&self, _index: usize) {}
    /// The files beside the one that was opened.
    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }
}

/// What a reader hands to [`Checkpoint`].
pub(crate) struct Opened {
    pub container: Container,
    pub file_bytes: u64,
    pub tensors: Vec<TensorInfo>,
    pub skipped: Vec<Skipped>,
    pub root: Option<String>,
    /// The tensors' indices in the order of saving, where the file keeps one.
    pub order: Option<Vec<usize>>,
    pub source: Box<dyn Source>,
}

/// An opened checkpoint: its metadata are read, its tensors are not.
///
/// Can be shared between threads; tensors are then read at the same time.
pub struct Checkpoint {
    path: PathBuf,
    opened: Opened,
    by_name: HashMap<String, usize>,
}

impl Checkpoint {
    /// Opens a file, or the sharded set that an `*.index.json` describes. The first bytes decide what it is.
    ///
    /// # Errors
    /// Any [`CheckpointError`] but those of single tensors. Everything that the metadata say is checked here against
    /// the file's real size.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        Self::open_with(path, true)
    }

    /// Opens a file that may not itself be an index (a shard).
    pub(crate) fn open_with(path: &Path, index: bool) -> Result<Self, CheckpointError> {
        let map = Mapping::open(path)?;
        let opened = match sniff(&map)? {
            Format::Safetensors => safetensors::open(&map)?,
            Format::Index if index => sharded::open(&map)?,
            Format::Index => {
                return Err(CheckpointError::Unsupported {
                    file: path.to_owned(),
                    found: "an index (JSON) inside an index".to_owned(),
                    instead: "shards are safetensors or PyTorch files",
                });
            }
            Format::Zip => match crate::archive::Archive::open(&map)? {
                archive if archive.holds_pytorch() => pytorch::open_zip(&map, archive)?,
                archive => npz::open(&map, archive)?,
            },
            Format::PytorchLegacy => pytorch::open_legacy(&map)?,
            Format::Pickle => return Err(pytorch::plain_pickle(&map)),
            Format::Burnpack => burnpack::open(&map)?,
            Format::Npy => npy::open(&map)?,
        };
        let mut by_name = HashMap::with_capacity(opened.tensors.len());
        for (i, info) in opened.tensors.iter().enumerate() {
            if info.shape.len() > MAX_RANK {
                return Err(CheckpointError::Malformed {
                    file: path.to_owned(),
                    what: format!("tensor `{}`", clip(&info.name)),
                    byte: 0,
                    found: format!("{} axes", info.shape.len()),
                    expected: "at most 64 axes",
                });
            }
            if by_name.insert(info.name.clone(), i).is_some() {
                return Err(CheckpointError::DuplicateName { file: path.to_owned(), name: info.name.clone() });
            }
        }
        Ok(Self { path: path.to_owned(), opened, by_name })
    }

    /// The kind of file.
    #[must_use]
    pub fn container(&self) -> Container {
        self.opened.container
    }

    /// The path that was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file that was opened, and the shards that it is an index of.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        std::iter::once(self.path.clone()).chain(self.opened.source.files()).collect()
    }

    /// Bytes of the file, or of the index and all shards.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.opened.file_bytes
    }

    /// The tensors in natural name order (`layer.9` before `layer.10`); those of an `.npz` in the archive's order,
    /// which is the order of saving. The other formats do not keep one.
    #[must_use]
    pub fn tensors(&self) -> &[TensorInfo] {
        &self.opened.tensors
    }

    /// The tensors' names in the order in which they were saved, which for a network is usually that of its definition: the keys of a
    /// PyTorch dictionary, the entries of an `.npz`. `None` where the file keeps no such order: safetensors, burnpack, sharded sets, and
    /// modules that were pickled whole.
    #[must_use]
    pub fn saved_order(&self) -> Option<Vec<&str>> {
        let order = self.opened.order.as_ref()?;
        Some(order.iter().filter_map(|&i| self.opened.tensors.get(i)).map(|t| t.name.as_str()).collect())
    }

    /// The tensor of a name.
    #[must_use]
    pub fn tensor(&self, name: &str) -> Option<&TensorInfo> {
        self.by_name.get(name).map(|&i| &self.opened.tensors[i])
    }

    /// What was left out, and why: optimizer state, objects and calls that a pickle imports, entries that are no tensor.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.opened.skipped
    }

    /// The dictionary that the tensors were taken from (`state_dict`, `model_state`), `None` where the file's root holds
    /// them itself.
    #[must_use]
    pub fn root(&self) -> Option<&str> {
        self.opened.root.as_deref()
    }

    /// Shows a tensor's elements to `f` and returns its answer. Without a copy where they lie in a mapped file as they
    /// are asked for, else through one buffer that is dropped before this returns.
    ///
    /// # Errors
    /// [`CheckpointError::UnknownTensor`], [`CheckpointError::NotFloat`], and what reading the file can bring: broken
    /// compressed data, a failed checksum, the system's errors.
    pub fn read<R>(&self, name: &str, f: impl FnOnce(TensorBytes<'_>) -> R) -> Result<R, CheckpointError> {
        let (index, info) = self.find(name)?;
        let Some(precision) = info.dtype.precision() else {
            return Err(CheckpointError::NotFloat {
                file: self.path.clone(),
                name: name.to_owned(),
                dtype: info.dtype.to_string(),
            });
        };
        self.sized(index, precision.bytes(), |bytes| f(TensorBytes { precision, shape: &info.shape, bytes }))
    }

    /// Shows a tensor's bytes to `f` whatever their type, to be copied and not to be computed with: row-major, little-endian except
    /// for the types that numpy names with `>`.
    ///
    /// # Errors
    /// As [`read`](Self::read), without [`CheckpointError::NotFloat`].
    pub fn copy<R>(&self, name: &str, f: impl FnOnce(&[u8]) -> R) -> Result<R, CheckpointError> {
        let (index, info) = self.find(name)?;
        self.show(index, Some(info.bytes), f)
    }

    /// A tensor and its index, by its name.
    pub(crate) fn find(&self, name: &str) -> Result<(usize, &TensorInfo), CheckpointError> {
        let index = self.index_of(name).ok_or_else(|| self.unknown(name))?;
        Ok((index, &self.opened.tensors[index]))
    }

    /// Shows the bytes of tensor `index` to `f`, which are as many as its shape takes with elements of `size` bytes.
    pub(crate) fn sized<R>(&self, index: usize, size: usize, f: impl FnOnce(&[u8]) -> R) -> Result<R, CheckpointError> {
        self.show(index, byte_length(&self.opened.tensors[index].shape, size), f)
    }

    /// Shows tensor `index` to `f` if it has the bytes that are expected.
    fn show<R>(&self, index: usize, expected: Option<u64>, f: impl FnOnce(&[u8]) -> R) -> Result<R, CheckpointError> {
        let info = &self.opened.tensors[index];
        let (mut f, mut answer, mut found) = (Some(f), None, 0);
        self.opened.source.with(index, &mut |bytes| {
            found = bytes.len() as u64;
            if expected == Some(found)
                && let Some(f) = f.take()
            {
                answer = Some(f(bytes));
            }
        })?;
        // The readers checked the length when they opened the file, so this says that the file has changed since.
        answer.ok_or_else(|| CheckpointError::Size {
            file: self.path.clone(),
            name: info.name.clone(),
            shape: info.shape.clone(),
            dtype: info.dtype.to_string(),
            found,
            expected: expected.unwrap_or(u64::MAX),
        })
    }

    /// Says that a tensor is not needed for now: where it lies in a mapped file its pages no longer count as this
    /// process's memory, so that a pass over all tensors peaks at the largest and not at the file. Reading it again
    /// works. Nothing happens for other files and for unknown names.
    pub fn release(&self, name: &str) {
        if let Some(&index) = self.by_name.get(name) {
            self.opened.source.release(index);
        }
    }

    /// Shows tensor `index` to `f` without looking at its type: for a shard, whose set has checked it.
    pub(crate) fn source(&self) -> &dyn Source {
        self.opened.source.as_ref()
    }

    /// The index of a tensor.
    pub(crate) fn index_of(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    fn unknown(&self, name: &str) -> CheckpointError {
        // The comparison takes the product of the lengths; names that long are nobody's typing error.
        const LONGEST: usize = 256;
        let mut near: Vec<(f64, &str)> = self
            .opened
            .tensors
            .iter()
            .filter(|t| name.len() <= LONGEST && t.name.len() <= LONGEST)
            .map(|t| (strsim::jaro_winkler(name, &t.name), t.name.as_str()))
            .filter(|&(likeness, _)| likeness > 0.7)
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        let nearest = near.into_iter().take(3).map(|(_, n)| clip(n)).collect();
        CheckpointError::UnknownTensor { file: self.path.clone(), name: name.to_owned(), nearest }
    }
}

impl fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpoint")
            .field("path", &self.path)
            .field("container", &self.opened.container)
            .field("tensors", &self.opened.tensors.len())
            .field("root", &self.opened.root)
            .finish_non_exhaustive()
    }
}
