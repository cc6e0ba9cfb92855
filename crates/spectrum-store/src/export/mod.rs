//! The rows of a run in formats that other tools read: no times and no run facts, so that two exports of the same
//! run agree byte for byte.

mod csv;
mod jsonl;
mod parquet;

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::layout::sync_folder;
use crate::schema::beside;
use crate::{Filter, RunReader, StoreError};

/// How rows are written out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// One JSON object a line, all tables in one file.
    Jsonl,
    /// One comma-separated file a table, long form: one line a number.
    Csv,
    /// One Parquet file a table; singular values and matrices are lists.
    Parquet,
}

impl Format {
    /// The name on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = StoreError;
    fn from_str(s: &str) -> Result<Self, StoreError> {
        [Self::Jsonl, Self::Csv, Self::Parquet]
            .into_iter()
            .find(|f| f.as_str() == s)
            .ok_or_else(|| StoreError::Format { found: s.to_owned() })
    }
}

/// Writes a run's rows to `dest`: the file itself for [`Format::Jsonl`], else a folder (made if needed) that gets
/// `scalars`, `records`, `spectra` and `blobs`. Returns the files written. Each is written beside and renamed.
///
/// # Errors
/// Those of reading, and [`StoreError::Io`] or [`StoreError::Export`] with the path and the cause.
pub fn export(reader: &RunReader, format: Format, dest: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let rows = complete_rows(reader)?;
    if format == Format::Jsonl {
        let mut file = NewFile::create(dest)?;
        jsonl::write(reader, &rows, &mut file)?;
        return Ok(vec![file.finish()?]);
    }
    fs::create_dir_all(dest).map_err(StoreError::io("create", dest))?;
    let mut written = Vec::new();
    for table in [Table::Scalars, Table::Records, Table::Spectra, Table::Blobs] {
        let mut file = NewFile::create(&dest.join(format!("{}.{format}", table.as_str())))?;
        match format {
            Format::Csv => csv::write(reader, &rows, table, &mut file)?,
            _ => parquet::write(reader, &rows, table, &mut file)?,
        }
        written.push(file.finish()?);
    }
    Ok(written)
}

/// Writes a run's rows as JSON lines: each object's `"table"` says which table it is of, tables follow each other as
/// scalars, records, spectra, blobs, and rows in the order of their keys. Numbers are the shortest that read back to
/// the same f64. `value` is null exactly where `reason` is set.
///
/// # Errors
/// Those of reading, and [`StoreError::Export`] when `out` fails.
pub fn export_jsonl(reader: &RunReader, mut out: impl Write) -> Result<(), StoreError> {
    jsonl::write(reader, &complete_rows(reader)?, &mut out)?;
    out.flush().map_err(failed("JSON lines"))
}

/// The steps complete now: a run that goes on meanwhile gives each table the same last step.
fn complete_rows(reader: &RunReader) -> Result<Filter, StoreError> {
    Ok(match reader.last_step()? {
        Some(last) => Filter::new().steps(..=last),
        None => Filter::new().steps(..0),
    })
}

/// The tables of an export.
#[derive(Debug, Clone, Copy)]
enum Table {
    Scalars,
    Records,
    Spectra,
    Blobs,
}

impl Table {
    fn as_str(self) -> &'static str {
        match self {
            Self::Scalars => "scalars",
            Self::Records => "records",
            Self::Spectra => "spectra",
            Self::Blobs => "blobs",
        }
    }
}

/// A file that appears under its name only when it is whole.
struct NewFile {
    path: PathBuf,
    new: PathBuf,
    out: Option<BufWriter<File>>,
}

impl NewFile {
    fn create(path: &Path) -> Result<Self, StoreError> {
        let new = beside(path, ".tmp");
        let file = File::create(&new).map_err(StoreError::io("create", &new))?;
        Ok(Self { path: path.to_owned(), new, out: Some(BufWriter::new(file)) })
    }

    fn finish(mut self) -> Result<PathBuf, StoreError> {
        if let Some(out) = self.out.take() {
            let done = out.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| file.sync_all());
            if let Err(error) = done.and_then(|()| fs::rename(&self.new, &self.path)) {
                let _ = fs::remove_file(&self.new);
                return Err(StoreError::io("write", &self.path)(error));
            }
        }
        if let Some(folder) = self.path.parent().filter(|p| !p.as_os_str().is_empty()) {
            sync_folder(folder)?;
        }
        Ok(self.path.clone())
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.out {
            Some(out) => out.write(bytes),
            None => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if self.out.take().is_some() {
            let _ = fs::remove_file(&self.new);
        }
    }
}

/// For `map_err`: what could not be written.
fn failed<E: Into<Box<dyn std::error::Error + Send + Sync>>>(what: &'static str) -> impl FnOnce(E) -> StoreError {
    move |e| StoreError::Export { what: what.to_owned(), source: e.into() }
}
