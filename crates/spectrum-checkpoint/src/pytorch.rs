//! PyTorch's files, through `pytorch-reader`, which calls nothing that a pickle imports.
//!
//! Before it is called the pickle is run once with weights instead of objects ([`crate::pickle_scan`]) and the zip's
//! directory is held against the file ([`crate::archive`]); both say at which byte something is wrong. After it has
//! answered, no tensor may be larger than the file can imply: an expanded view (stride 0) of one element would be.

use std::collections::HashMap;
use std::rc::Rc;

use pytorch_reader::{DType, PickleError, PickleValue, PytorchError, PytorchReader, Tensor};

use crate::archive::Archive;
use crate::checkpoint::{Opened, Source};
use crate::error::clip;
use crate::mapping::Mapping;
use crate::pickle_scan::{MAX_PICKLE, Scan, Stop, describes_tensors, scan};
use crate::pytorch_tree::choose;
use crate::{CheckpointError, Container, Dtype, Skipped, TensorInfo, natural_order};

/// A zip with a `data.pkl` (PyTorch 1.6 and later).
pub(crate) fn open_zip(map: &Mapping, archive: Archive) -> Result<Opened, CheckpointError> {
    let root_of = |name: &str| {
        let root = name.strip_suffix("data.pkl")?;
        (root.is_empty() || root.ends_with('/')).then_some(root.len())
    };
    let mut pickles: Vec<(usize, usize)> =
        archive.entries.iter().enumerate().filter_map(|(i, e)| Some((root_of(&e.name)?, i))).collect();
    pickles.sort_unstable();
    let name_of = |i: usize| clip(&archive.entries[i].name);
    let bad = |i: usize, found: String, expected| CheckpointError::Zip {
        file: map.file(),
        entry: name_of(i),
        found,
        expected,
    };
    // The reader takes the one nearest the root; two that are equally near would be a matter of luck.
    let index = match pickles[..] {
        [(near, i), (next, j), ..] if near == next => {
            return Err(bad(i, format!("a second one, `{}`", name_of(j)), "one data.pkl"));
        }
        [(_, i), ..] => i,
        [] => return Err(bad(0, "no data.pkl".into(), "one data.pkl")),
    };
    let entry = &archive.entries[index];
    let root = &entry.name[..entry.name.len() - "data.pkl".len()];
    let order = format!("{root}byteorder");
    if let Some(i) = archive.entries.iter().position(|e| e.name == order) {
        match archive.read(i, 16)?.trim_ascii() {
            b"little" => {}
            b"big" => {
                return Err(CheckpointError::BigEndian { file: map.file(), what: format!("zip entry `{order}`") });
            }
            other => {
                let found = format!("`{}`", clip(&String::from_utf8_lossy(other)));
                return Err(bad(i, found, "`little`"));
            }
        }
    }
    let limit = MAX_PICKLE.min(map.len() + (1 << 20));
    if entry.size > limit {
        return Err(CheckpointError::Claim {
            file: map.file(),
            what: format!("zip entry `{}`", name_of(index)),
            claimed: entry.size.to_string(),
            limit,
            file_bytes: map.len(),
        });
    }
    let pickle = archive.read(index, entry.size)?;
    let scanned = scan(&pickle).map_err(|stop| stopped(map, &entry.name, 0, stop))?;
    drop(pickle);
    let largest = archive.entries.iter().map(|e| e.size).max().unwrap_or(0);
    open(map, &scanned, Container::PytorchZip, largest.max(map.len()))
}

/// Magic, protocol and system information, each a pickle, then the object's pickle, the list of storages (another
/// pickle), and the storages (PyTorch 0.1.10 to 1.5).
pub(crate) fn open_legacy(map: &Mapping) -> Result<Opened, CheckpointError> {
    let mut at = 0;
    let mut next = |part: &str| {
        let scanned = scan(&map.bytes()[at..]).map_err(|stop| stopped(map, part, at, stop))?;
        at += scanned.length;
        Ok::<_, CheckpointError>(scanned)
    };
    for part in ["the magic number's", "the protocol's", "the system information's"] {
        next(part)?;
    }
    let scanned = next("the object's")?;
    next("the storage list's")?;
    open(map, &scanned, Container::PytorchLegacy, map.len())
}

/// What is said of a pickle that is no checkpoint.
pub(crate) fn plain_pickle(map: &Mapping) -> CheckpointError {
    match scan(map.bytes()) {
        Ok(scanned) => CheckpointError::NoTensors {
            file: map.file(),
            found: match &scanned.root {
                Some(root) => format!("a plain pickle whose root comes from `{}`", clip(root)),
                None => "a plain pickle".into(),
            },
            imports: scanned.imports,
        },
        Err(stop) => stopped(map, "the", 0, stop),
    }
}

fn stopped(map: &Mapping, part: &str, at: usize, stop: Stop) -> CheckpointError {
    let suspects: Vec<String> = stop.imports.into_iter().filter(|i| !describes_tensors(i)).collect();
    let mut found = stop.found;
    if !suspects.is_empty() {
        found = format!("{found} (after importing {}; nothing was executed)", clip(&suspects.join(", ")));
    }
    CheckpointError::Malformed {
        file: map.file(),
        what: format!("{} pickle", clip(part)),
        byte: (at + stop.byte) as u64,
        found,
        expected: stop.expected,
    }
}

fn open(map: &Mapping, scanned: &Scan, container: Container, limit: u64) -> Result<Opened, CheckpointError> {
    let file = map.path();
    let refused = |e: PytorchError| refused(map, e);
    let tree = PytorchReader::read_pickle_data(file, None).map_err(refused)?;
    let object = scanned.root.as_deref().is_some_and(|name| name != "collections.OrderedDict");
    let choice = choose(&tree, object);
    if let Some(name) = choice.twice {
        return Err(CheckpointError::DuplicateName { file: map.file(), name });
    }
    if choice.paths.is_empty() {
        let imports = scanned.imports.iter().filter(|i| !describes_tensors(i)).cloned().collect();
        return Err(CheckpointError::NoTensors { file: map.file(), found: describe(&tree), imports });
    }
    drop(tree);
    let mut read = match &choice.root {
        Some(root) => PytorchReader::with_top_level_key(file, root),
        None => PytorchReader::new(file),
    }
    .map_err(refused)?
    .into_tensors();

    let mut rows = Vec::with_capacity(choice.paths.len());
    for name in choice.paths {
        let Some(tensor) = read.remove(&name) else {
            let found = "gone at the second look: the file was changed".to_owned();
            return Err(CheckpointError::Reader { file: map.file(), what: format!("tensor `{}`", clip(&name)), found });
        };
        let bytes = tensor.byte_len() as u64;
        if bytes > limit {
            return Err(CheckpointError::Claim {
                file: map.file(),
                what: format!("tensor `{}` (a view that repeats its storage)", clip(&name)),
                claimed: bytes.to_string(),
                limit,
                file_bytes: map.len(),
            });
        }
        let info = TensorInfo { name, shape: tensor.shape().to_vec(), dtype: element(tensor.dtype()), bytes };
        rows.push((info, tensor));
    }
    rows.sort_by(|a, b| natural_order(&a.0.name, &b.0.name));
    let (tensors, handles): (Vec<TensorInfo>, Vec<Tensor>) = rows.into_iter().unzip();
    let mut skipped = choice.skipped;
    for import in scanned.imports.iter().filter(|i| !describes_tensors(i)) {
        let reason = "imported by the pickle; named here, never executed".to_owned();
        skipped.push(Skipped { name: import.clone(), reason });
    }
    Ok(Opened {
        container,
        file_bytes: map.len(),
        skipped,
        root: choice.root,
        order: order(&tensors, &scanned.texts),
        tensors,
        source: Box::new(Handles { map: map.clone(), handles }),
    })
}

/// The order in which the tensors' names first stand in the pickle; none where one of them does not, because it was put together of
/// several keys.
fn order(tensors: &[TensorInfo], texts: &[Rc<str>]) -> Option<Vec<usize>> {
    let mut places = HashMap::with_capacity(tensors.len());
    let names: HashMap<&str, usize> = tensors.iter().enumerate().map(|(i, t)| (t.name.as_str(), i)).collect();
    for (place, text) in texts.iter().enumerate() {
        if let Some(&index) = names.get(&**text) {
            places.entry(index).or_insert(place);
        }
    }
    let mut order: Vec<usize> = (0..tensors.len()).collect();
    order.sort_by_key(|i| places.get(i));
    (places.len() == tensors.len()).then_some(order)
}

/// What stands where a dictionary of tensors was expected.
fn describe(tree: &PickleValue) -> String {
    match tree {
        PickleValue::Dict(d) => {
            let mut keys: Vec<&str> = d.keys().map(String::as_str).collect();
            keys.sort_by(|a, b| natural_order(a, b));
            format!("a dictionary of {} other keys: {}", keys.len(), clip(&keys.join(", ")))
        }
        PickleValue::List(l) => format!("a list of {} items at the root", l.len()),
        PickleValue::Unsupported(name) if name == "torch.Tensor" => "one bare tensor at the root".into(),
        PickleValue::Unsupported(name) => format!("what `{}` would return at the root", clip(name)),
        _ => "a single value at the root".into(),
    }
}

/// The reader's errors in this crate's terms.
fn refused(map: &Mapping, error: PytorchError) -> CheckpointError {
    let file = map.file();
    match error {
        PytorchError::Pickle(PickleError::UnsupportedType(import)) => {
            CheckpointError::WeightsBehindImport { file, import: clip(&import) }
        }
        PytorchError::Io(source) if source.raw_os_error().is_some() => {
            CheckpointError::Io { file, action: "read the file", source }
        }
        PytorchError::InvalidFormat(text) if text.starts_with("Big-endian") => {
            CheckpointError::BigEndian { file, what: "the legacy system information".into() }
        }
        other => CheckpointError::Reader { file, what: "PyTorch checkpoint".into(), found: clip(&other.to_string()) },
    }
}

fn element(dtype: DType) -> Dtype {
    let name = match dtype {
        DType::F16 => return Dtype::F16,
        DType::BF16 => return Dtype::Bf16,
        DType::F32 => return Dtype::F32,
        DType::F64 => return Dtype::F64,
        DType::I64 => "int64",
        DType::I32 => "int32",
        DType::I16 => "int16",
        DType::I8 => "int8",
        DType::U64 => "uint64",
        DType::U32 => "uint32",
        DType::U16 => "uint16",
        DType::U8 => "uint8",
        DType::Bool => "bool",
    };
    Dtype::Other(name.into())
}

struct Handles {
    map: Mapping,
    handles: Vec<Tensor>,
}

impl Source for Handles {
    fn with(&self, index: usize, f: &mut dyn FnMut(&[u8])) -> Result<(), CheckpointError> {
        let tensor = &self.handles[index];
        // Gathered into row-major order whatever the strides. Native byte order, which is little-endian (see lib.rs).
        let bytes = tensor.read().map_err(|e| CheckpointError::Reader {
            file: self.map.file(),
            what: format!("tensor `{}`", clip(&tensor.name)),
            found: clip(&e.to_string()),
        })?;
        f(&bytes);
        Ok(())
    }
}
