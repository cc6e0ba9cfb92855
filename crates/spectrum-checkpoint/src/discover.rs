//! The checkpoints that a path stands for.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::{CheckpointError, natural_order};

/// What a model's folder calls its weights, the most complete first. Where one of them is there, the folder is one
/// model: the others are the same weights in other formats.
const CANONICAL: [&str; 10] = [
    "model.safetensors.index.json",
    "model.safetensors",
    "diffusion_pytorch_model.safetensors.index.json",
    "diffusion_pytorch_model.safetensors",
    "adapter_model.safetensors",
    "pytorch_model.bin.index.json",
    "pytorch_model.bin",
    "adapter_model.bin",
    "model.bpk",
    "model.npz",
];

/// Extensions of checkpoints in a folder. (A file that is named itself may have any.)
const EXTENSIONS: [&str; 8] = ["safetensors", "pt", "pth", "ckpt", "bin", "bpk", "npz", "npy"];

/// Files of a training run that have such an extension but hold no network.
const NOT_MODELS: [&str; 7] =
    ["optimizer", "optim", "scheduler", "scaler", "rng_state", "random_states", "training_args"];

const LOOKED_FOR: &str = "*.index.json, *.safetensors, *.pt, *.pth, *.ckpt, *.bin, *.bpk, *.npz, *.npy, \
                          or folders that hold one of them";

/// The checkpoints of a path, in order.
///
/// - A file is itself.
/// - A model's folder is one checkpoint: its index, `model.safetensors` or the like, or the one file it holds.
/// - A folder of several checkpoints, or of folders with one each (`step-2/model.bpk`, `step-10/model.bpk`), is a time
///   series in natural order. Optimizer and scheduler files do not count.
///
/// # Errors
/// [`CheckpointError::NotFound`], [`CheckpointError::NotAFile`], [`CheckpointError::Io`], and
/// [`CheckpointError::NothingHere`] with what was looked for.
pub fn discover(path: &Path) -> Result<Vec<PathBuf>, CheckpointError> {
    let meta = fs::metadata(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => CheckpointError::NotFound { file: path.to_owned() },
        _ => CheckpointError::Io { file: path.to_owned(), action: "read the metadata", source },
    })?;
    if meta.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    if !meta.is_dir() {
        return Err(CheckpointError::NotAFile { file: path.to_owned(), found: "neither a file nor a directory" });
    }
    let (files, folders) = list(path)?;
    let here = models(path, &files);
    if !here.is_empty() {
        return Ok(here);
    }
    let mut below = Vec::new();
    for folder in folders {
        // A checkpoint that is being written, or a hidden folder.
        if folder.ends_with(".tmp") || folder.starts_with('.') {
            continue;
        }
        let inner = path.join(&folder);
        let (files, _) = list(&inner)?;
        below.extend(models(&inner, &files));
    }
    if below.is_empty() {
        return Err(CheckpointError::NothingHere { file: path.to_owned(), looked_for: LOOKED_FOR });
    }
    Ok(below)
}

/// Names of the files and of the folders in a folder, each in natural order.
fn list(path: &Path) -> Result<(Vec<String>, Vec<String>), CheckpointError> {
    let failed = |source| CheckpointError::Io { file: path.to_owned(), action: "list the directory", source };
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // A name that is no Unicode cannot be one of those looked for.
        let Ok(name) = entry.file_name().into_string() else { continue };
        // Through symbolic links, of which the caches of model hubs are made; a dangling one is passed over.
        match fs::metadata(entry.path()) {
            Ok(meta) if meta.is_file() => files.push(name),
            Ok(meta) if meta.is_dir() => folders.push(name),
            _ => {}
        }
    }
    files.sort_by(|a, b| natural_order(a, b));
    folders.sort_by(|a, b| natural_order(a, b));
    Ok((files, folders))
}

/// The checkpoints among a folder's files.
fn models(folder: &Path, files: &[String]) -> Vec<PathBuf> {
    if let Some(name) = CANONICAL.iter().find(|name| files.iter().any(|f| f == *name)) {
        return vec![folder.join(name)];
    }
    let index: Vec<&String> = files.iter().filter(|f| f.ends_with(".index.json")).collect();
    if !index.is_empty() {
        // The other files are its shards.
        return index.into_iter().map(|f| folder.join(f)).collect();
    }
    let checkpoint = |name: &str| {
        let lower = name.to_ascii_lowercase();
        let stem = Path::new(&lower).file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let extension = Path::new(&lower).extension().and_then(|e| e.to_str()).unwrap_or_default().to_owned();
        !lower.starts_with('.')
            && EXTENSIONS.contains(&extension.as_str())
            && !NOT_MODELS
                .iter()
                .any(|n| stem == *n || stem.starts_with(&format!("{n}_")) || stem.starts_with(&format!("{n}-")))
    };
    files.iter().filter(|f| checkpoint(f)).map(|f| folder.join(f)).collect()
}
