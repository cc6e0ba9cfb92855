//! A checkpoint with a part of its singular values: the experiment of Yunis et al., arXiv 2408.11804, Fig. 4, on any file.
//!
//! Every chosen matrix W = sum_i s_i u_i v_i^T becomes the sum of its first ceil(f R) triplets (`top`) or of its last floor(f R)
//! (`bottom`), R = min(rows, cols). A network with normalisation layers needs their running statistics estimated again afterwards, as the
//! paper does; a file cannot do that.

mod elements;
mod file;

use std::path::{Path, PathBuf};

use serde::Serialize;
use spectrum_checkpoint::{Checkpoint, Container};
use spectrum_core::Elements;
use spectrum_linalg::{LinalgError, Part, Plan, Triplets};

use crate::run::one_checkpoint;
use crate::select::{Item, items};
use crate::settings::{LeftOut, Settings};
use crate::{AnalyzeError, Progress, series};

/// What is kept of which checkpoint, and where it goes.
#[derive(Debug, Clone)]
pub struct PruneRequest {
    /// A checkpoint or a model's folder.
    pub path: PathBuf,
    /// The part that is kept.
    pub part: Part,
    /// Share of the singular values that is kept, above 0 and at most 1.
    pub fraction: f64,
    /// Globs on tensor names. Empty: every matrix but the last one.
    pub layers: Vec<String>,
    /// The matrix that is left alone as the last layer. Without it that is, where `layers` is empty too, the last one in the order of
    /// saving (PyTorch's dictionaries, npz) or, where the file keeps none, of the names.
    pub last: Option<String>,
    /// The safetensors file to write; by default a name made of the checkpoint's and of what is kept, in the working folder.
    pub out: Option<PathBuf>,
    /// Replace a file that is there.
    pub force: bool,
}

/// What was kept of one matrix.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PrunedLayer {
    /// The tensor.
    pub layer: String,
    /// How it is read as a matrix (`matrix`, `flatten`, `stacked`).
    pub view: String,
    /// Outputs.
    pub rows: usize,
    /// Inputs.
    pub cols: usize,
    /// Singular values kept.
    pub kept: usize,
    /// Singular values there were: min(rows, cols).
    pub of: usize,
    /// Share of the squared Frobenius norm that the kept ones hold, before rounding to the tensor's type: 0 to 1.
    pub share: f64,
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pruned {
    /// The file.
    pub file: PathBuf,
    /// The checkpoint it was made of.
    pub checkpoint: PathBuf,
    /// `top` or `bottom`.
    pub keep: String,
    /// Share of the singular values.
    pub fraction: f64,
    /// The matrices, in the checkpoint's order.
    pub layers: Vec<PrunedLayer>,
    /// The matrix that was left alone as the last layer.
    pub last: Option<String>,
    /// Why that one: `request`, or the last in the order of `saving` or of `names`.
    pub last_by: Option<&'static str>,
    /// Tensors that are as they were.
    pub unchanged: usize,
    /// What is not in the file: objects of the checkpoint that are no tensors.
    pub left_out: Vec<LeftOut>,
}

/// Writes `request.path` as a safetensors file in which the chosen matrices keep a part of their singular values, and calls `progress`
/// after each matrix. Everything else is copied byte for byte.
///
/// Matrices are decomposed in f64 and rounded to the nearest value (ties to even) of the tensor's own type; one of which all singular
/// values are kept is copied. A convolution is one matrix, output x (input, height, width), as in `analyze`. One tensor is in memory at a
/// time. The file is written beside its place, synced and renamed, so it is there whole or not at all.
///
/// # Errors
/// [`AnalyzeError`], after which nothing has been written.
pub fn prune(request: &PruneRequest, progress: &mut dyn FnMut(&Progress)) -> Result<Pruned, AnalyzeError> {
    if !(request.fraction > 0.0 && request.fraction <= 1.0) {
        let expected = "a number above 0 and at most 1";
        return Err(AnalyzeError::Option { option: "--fraction", found: request.fraction.to_string(), expected });
    }
    let checkpoint = one_checkpoint(&request.path, "CHECKPOINT")?;
    let (chosen, last) = chosen(&checkpoint, request)?;
    let out = request.out.clone().unwrap_or_else(|| default_file(request));
    check_place(&out, &checkpoint, request.force)?;

    let mut work = Work {
        checkpoint: &checkpoint,
        request,
        plan: Plan::new(),
        layers: chosen.iter().map(|_| None).collect(),
        spent: 0.0,
        whole: chosen.iter().map(|i| i.cost).sum(),
        progress,
    };
    // What readers of PyTorch's models ask for; Burn's are laid out otherwise.
    let format = if checkpoint.container() == Container::Burnpack { None } else { Some("pt") };
    file::write(&out, &checkpoint, format, &mut |name| match chosen.iter().position(|i| i.name == name) {
        Some(k) => work.pruned(k, &chosen[k]),
        None => Ok(checkpoint.copy(name, <[u8]>::to_vec)?),
    })?;
    let layers: Vec<PrunedLayer> = work.layers.into_iter().flatten().collect();
    let skipped = checkpoint.skipped().iter();
    Ok(Pruned {
        file: out,
        checkpoint: checkpoint.path().to_owned(),
        keep: request.part.to_string(),
        fraction: request.fraction,
        unchanged: checkpoint.tensors().len() - layers.len(),
        layers,
        last_by: last.as_ref().map(|(_, by)| *by),
        last: last.map(|(name, _)| name),
        left_out: skipped.map(|s| LeftOut { name: s.name.clone(), why: s.reason.clone() }).collect(),
    })
}

/// A matrix's name, and why it is taken for the last layer.
type Last = (String, &'static str);

/// The matrices to prune in the file's order, and the one that is left alone as the last layer.
fn chosen(file: &Checkpoint, request: &PruneRequest) -> Result<(Vec<Item>, Option<Last>), AnalyzeError> {
    let path = || file.path().to_owned();
    let (all, _) = items(file, &Settings::default())?;
    let last = last_matrix(file, &all);
    let last = match (&request.last, last) {
        (Some(name), _) if all.iter().any(|i| i.name == *name) => Some((name.clone(), "request")),
        (Some(name), last) => {
            let nearest = last.map(|(name, _)| name).unwrap_or_default();
            return Err(AnalyzeError::NoSuchLast { name: name.clone(), path: path(), count: all.len(), nearest });
        }
        (None, last) => last.filter(|_| request.layers.is_empty()),
    };
    let mut chosen = match request.layers.is_empty() {
        true => all,
        false => items(file, &Settings { layers: request.layers.clone(), ..Settings::default() })?.0,
    };
    if let Some((last, _)) = &last {
        chosen.retain(|i| i.name != *last);
        if chosen.is_empty() {
            return Err(AnalyzeError::OnlyTheLast { path: path(), spared: last.clone() });
        }
    }
    Ok((chosen, last))
}

/// The last of the matrices that are not empty, in the order of saving, or of the names where the file keeps no other.
fn last_matrix(file: &Checkpoint, all: &[Item]) -> Option<Last> {
    let matrix = |name: &str| all.iter().any(|i| i.name == name && i.elements > 0);
    let (names, by) = match file.saved_order() {
        Some(names) => (names, "saving"),
        None => (all.iter().map(|i| i.name.as_str()).collect(), "names"),
    };
    names.into_iter().rev().find(|name| matrix(name)).map(|name| (name.to_owned(), by))
}

/// `NAME-top-0.5.safetensors`.
fn default_file(request: &PruneRequest) -> PathBuf {
    let name = series::name(&request.path);
    format!("{name}-{}-{}.safetensors", request.part, request.fraction).into()
}

/// Whether a file may be written here.
fn check_place(out: &Path, checkpoint: &Checkpoint, force: bool) -> Result<(), AnalyzeError> {
    let Ok(place) = out.canonicalize() else { return Ok(()) };
    let same = |file: &PathBuf| file.canonicalize().is_ok_and(|f| f == place);
    if checkpoint.files().iter().any(same) {
        return Err(AnalyzeError::SameFile { path: out.to_owned() });
    }
    if place.is_dir() {
        return Err(AnalyzeError::Option {
            option: "--out",
            found: format!("{}, a folder", out.display()),
            expected: "the name of a file",
        });
    }
    if force { Ok(()) } else { Err(AnalyzeError::Exists { path: out.to_owned() }) }
}

/// The decompositions, one after the other.
struct Work<'a> {
    checkpoint: &'a Checkpoint,
    request: &'a PruneRequest,
    plan: Plan,
    layers: Vec<Option<PrunedLayer>>,
    spent: f64,
    whole: f64,
    progress: &'a mut dyn FnMut(&Progress),
}

impl Work<'_> {
    /// The bytes of a tensor with a part of its singular values.
    fn pruned(&mut self, k: usize, item: &Item) -> Result<Vec<u8>, AnalyzeError> {
        // The usual view of a tensor is one matrix, which holds every element once.
        let [window] = &item.windows[..] else {
            let why = format!("{} matrices where one was expected", item.windows.len());
            return Err(AnalyzeError::Panicked { layer: item.name.clone(), why });
        };
        let (rows, cols) = (window.rows, window.cols);
        let (mut data, precision, mut bytes) = self.checkpoint.read(&item.name, |tensor| {
            let mut data = vec![0.0; rows * cols];
            window.fill(Elements::Bytes(tensor.precision, tensor.bytes), &mut data);
            (data, tensor.precision, tensor.bytes.to_vec())
        })?;
        self.checkpoint.release(&item.name);
        let (path, tensor) = (|| self.checkpoint.path().to_owned(), || item.name.clone());
        if !data.iter().all(|x| x.is_finite()) {
            return Err(AnalyzeError::NotFinite { path: path(), tensor: tensor() });
        }
        let failed = |source: LinalgError| AnalyzeError::Decomposition { path: path(), tensor: tensor(), source };
        let (part, fraction, of) = (self.request.part, self.request.fraction, rows.min(cols));
        let mut kept = part.count(fraction, of).map_err(failed)?;
        let mut share = 1.0;
        if kept < of {
            let triplets = Triplets::of(&mut self.plan, &data, rows, cols).map_err(failed)?;
            share = triplets.share(part, fraction).map_err(failed)?;
            kept = triplets.kept(part, fraction, &mut data).map_err(failed)?;
            if let Err(value) = elements::put_back(window, &data, precision, &mut bytes) {
                let dtype = precision.as_str().to_owned();
                return Err(AnalyzeError::OutOfRange { path: path(), tensor: tensor(), value, dtype });
            }
        }
        let (layer, view) = (item.name.clone(), window.name.clone());
        self.layers[k] = Some(PrunedLayer { layer, view, rows, cols, kept, of, share });
        self.spent += item.cost;
        (self.progress)(&Progress {
            done: self.layers.iter().flatten().count(),
            total: self.layers.len(),
            share: self.spent / self.whole,
            layer: item.name.clone(),
        });
        Ok(bytes)
    }
}
