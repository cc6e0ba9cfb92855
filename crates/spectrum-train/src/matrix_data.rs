//! Data from a user's own file: which tensors are meant, and whether they fit together.

use std::path::Path;

use spectrum_checkpoint::{Checkpoint, TensorInfo};
use spectrum_data::{DataError, SpikedParts};

use crate::TrainError;
use crate::config::{Config, MatrixConfig};
use crate::model::Loaded;
use crate::run::memory;

/// Reads the matrix and its targets, shares the rows out, and takes the spikes off where the config asks for them.
///
/// # Errors
/// What is wrong with a file or a tensor, with the file's name; what is wrong with a number of the config, as for every
/// kind of data.
pub(crate) fn load(config: &Config, c: &MatrixConfig) -> Result<Loaded, TrainError> {
    let file = Checkpoint::open(&c.file)?;
    let inputs = file.choose(c.inputs.as_deref(), 2)?;
    let &[rows, d] = inputs.shape.as_slice() else {
        return Err(shape(&c.file, "inputs", inputs, "two axes, samples x features"));
    };
    if rows == 0 || d == 0 {
        return Err(shape(&c.file, "inputs", inputs, "at least one sample and one feature"));
    }
    // Before anything of that size is made: an allocation that fails ends the process. Rows that no set takes are read, too.
    let train = if c.n > 0 { c.n.min(rows) } else { rows };
    memory::check(config, memory::Sizes { train, others: rows - train, inputs: d, outputs: 1, kernel: 0 })?;
    let targets = c.has_targets().then(|| targets(c, &file, rows)).transpose()?;
    let inputs = file.numbers(&inputs.name)?.values;
    let mut split =
        c.options().split(&inputs, rows, d, targets.as_deref(), config.seed).map_err(|e| with_file(c, e))?;
    // Twice the size of what is kept of them.
    drop(inputs);
    let parts = (c.spikes > 0).then(|| SpikedParts::of_data(&mut split, c.spikes)).transpose()?;
    Ok(Loaded { split, parts })
}

/// One number a row.
fn targets(c: &MatrixConfig, inputs: &Checkpoint, rows: usize) -> Result<Vec<f64>, TrainError> {
    let other = c.targets_file.as_deref().map(Checkpoint::open).transpose()?;
    let file = other.as_ref().unwrap_or(inputs);
    let info = file.choose(c.targets.as_deref(), 1)?;
    if !matches!(info.shape.as_slice(), &[n] | &[n, 1] if n == rows) {
        let expected = format!("one number for each of the {rows} samples ([{rows}] or [{rows}, 1])");
        return Err(shape(file.path(), "targets", info, &expected));
    }
    Ok(file.numbers(&info.name)?.values)
}

fn shape(file: &Path, what: &str, found: &TensorInfo, expected: &str) -> TrainError {
    let why = format!("the {what} `{}` have the shape {:?}, expected {expected}", found.name, found.shape);
    TrainError::DataTensor { file: file.to_owned(), why }
}

/// What is wrong with a number of a file is said with the file's name.
fn with_file(c: &MatrixConfig, e: DataError) -> TrainError {
    let file = match &e {
        DataError::Input { .. } => &c.file,
        DataError::Target { .. } => c.targets_file.as_ref().unwrap_or(&c.file),
        _ => return e.into(),
    };
    TrainError::DataTensor { file: file.clone(), why: e.to_string() }
}
