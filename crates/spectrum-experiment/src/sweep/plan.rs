//! The plan: where each point's run lies, and the sweep's own folder.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};
use spectrum_store::write_atomically;
use toml::{Table, Value};

use super::grid::Key;
use super::{Grid, SweepError};
use crate::{Planned, Point, Runner, RunnerError};

/// A grid with the run directory of each point.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub grid: Grid,
    pub out: PathBuf,
    pub folder: PathBuf,
    pub points: Vec<(Point, Planned)>,
}

impl Plan {
    /// Resolves every point. Nothing is written.
    pub fn new(grid: &Grid, runner: &dyn Runner, out: &Path) -> Result<Self, SweepError> {
        let points = (0..grid.len()).map(|i| plan_one(grid, i, runner)).collect::<Result<Vec<_>, _>>()?;
        let mut seen: HashMap<&Path, usize> = HashMap::new();
        for (i, (_, planned)) in points.iter().enumerate() {
            if let Some(first) = seen.insert(&planned.dir, i) {
                return Err(SweepError::SameRun {
                    file: grid.file().to_owned(),
                    first: (first, grid.label(first)),
                    second: (i, grid.label(i)),
                    dir: planned.dir.clone(),
                });
            }
        }
        let mut hash = Sha256::new();
        for (i, (_, planned)) in points.iter().enumerate() {
            hash.update(format!("{}\n{}\n", relative(&planned.dir, out), grid.label(i)));
        }
        let hash: String = hash.finalize().iter().take(4).map(|b| format!("{b:02x}")).collect();
        let safe = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
        let name: String = grid.name.chars().map(safe).collect();
        let folder = out.join(format!("{name}-sweep-{hash}"));
        Ok(Self { grid: grid.clone(), out: out.to_owned(), folder, points })
    }

    /// The run directory of a point.
    pub fn dir(&self, index: usize) -> &Path {
        &self.points[index].1.dir
    }

    /// The same as it stands in tables: relative to the folder that all runs are in.
    pub fn named_dir(&self, index: usize) -> String {
        relative(self.dir(index), &self.out)
    }

    /// Makes the folder, takes its lock and writes `sweep.toml`.
    pub fn begin(&self) -> Result<Lock, SweepError> {
        fs::create_dir_all(&self.folder).map_err(SweepError::io("create", &self.folder))?;
        let lock = Lock::take(&self.folder)?;
        write_atomically(&self.folder.join("sweep.toml"), self.toml()?.as_bytes())?;
        Ok(lock)
    }

    fn toml(&self) -> Result<String, SweepError> {
        #[derive(Serialize)]
        struct Text<'a> {
            name: &'a str,
            config: String,
            #[serde(skip_serializing_if = "Table::is_empty")]
            set: Table,
            key: Vec<Row<'a>>,
            point: Vec<At>,
        }
        #[derive(Serialize)]
        struct Row<'a> {
            name: &'a str,
            values: &'a [Value],
        }
        #[derive(Serialize)]
        struct At {
            index: usize,
            dir: String,
            set: Table,
        }
        let text = Text {
            name: &self.grid.name,
            config: self.grid.file.file_name().map_or(String::new(), |n| n.to_string_lossy().into_owned()),
            set: self.grid.fixed.iter().cloned().collect(),
            key: self.grid.keys.iter().map(|Key { name, values }| Row { name, values }).collect(),
            point: (0..self.points.len())
                .map(|i| At {
                    index: i,
                    dir: self.named_dir(i),
                    set: self.grid.values(i).unwrap_or_default().into_iter().collect(),
                })
                .collect(),
        };
        let text = toml::to_string(&text).map_err(|e| SweepError::key(&self.grid.file, "sweep", e.to_string()))?;
        Ok(format!("# The grid of a sweep and the run of each point, written by `spectrum sweep`.\n{text}"))
    }
}

/// Resolves one point.
pub(crate) fn plan_one(grid: &Grid, index: usize, runner: &dyn Runner) -> Result<(Point, Planned), SweepError> {
    let no_point = || SweepError::NoPoint { file: grid.file().to_owned(), index, len: grid.len() };
    let point = grid.point(index).ok_or_else(no_point)?;
    let planned = runner.plan(&point).map_err(|RunnerError { text, input }| SweepError::Point {
        index,
        values: grid.label(index),
        why: text,
        input,
    })?;
    Ok((point, planned))
}

fn relative(dir: &Path, out: &Path) -> String {
    dir.strip_prefix(out).unwrap_or(dir).display().to_string()
}

/// One process a sweep: the system takes the lock back when the process dies.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    fn take(folder: &Path) -> Result<Self, SweepError> {
        let path = folder.join("lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(SweepError::io("open the lock", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let _ = file.take(32).read_to_string(&mut text);
                return Err(SweepError::Busy { folder: folder.to_owned(), pid: text.trim().parse().ok() });
            }
            Err(TryLockError::Error(e)) => return Err(SweepError::io("take the lock", &path)(e)),
        }
        // The number only makes the other process's message better.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self { _file: file })
    }
}
