//! Which files a run directory has, and what a folder turns out to be.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::lock::RunLock;
use crate::schema::beside;
use crate::{RunInfo, RunReader, Status, StoreError};

pub(crate) const DATABASE: &str = "run.sqlite";
pub(crate) const CONFIG: &str = "config.toml";
pub(crate) const CHECKPOINTS: &str = "checkpoint";
pub(crate) const LOCK: &str = "lock";
const REPORT: &str = "report.html";
const TENSORS: &str = "tensors.safetensors";
/// A database being made, and one being thrown away.
pub(crate) const DATABASE_NEW: &str = "run.sqlite.tmp";
const DATABASE_OLD: &str = "run.sqlite.old";
/// Files that SQLite keeps beside a database.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// What lies at a run directory's path.
#[derive(Debug)]
pub enum Existing {
    /// Nothing, an empty folder, or what a process left that was killed while it made the directory:
    /// [`RunWriter::create`](crate::RunWriter::create) will take it.
    Absent,
    /// A run that did all its steps.
    Finished(RunInfo),
    /// A run that was killed, failed or diverged (its status says which of the last two).
    Unfinished(RunInfo),
    /// A run that a living process writes.
    Running {
        /// Its facts so far.
        info: RunInfo,
        /// The process, if it left its number.
        pid: Option<u32>,
    },
    /// Something that cannot be read as a run: other files, another program's database, another schema version,
    /// a damaged or unreadable one. The error says which.
    Foreign(StoreError),
}

/// Names and states of run directories.
#[derive(Debug)]
pub struct RunDirectory;

impl RunDirectory {
    /// `<out>/<name>-<seed>-<backend>-<hash>`. Characters of `name`, `backend` and `hash` other than letters, digits,
    /// `.`, `_` and `-` become `_`, so that no name leaves `out`.
    #[must_use]
    pub fn path_for(out: &Path, name: &str, seed: u64, backend: &str, hash: &str) -> PathBuf {
        let safe = |s: &str| -> String {
            s.chars().map(|c| if c.is_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect()
        };
        out.join(format!("{}-{seed}-{}-{}", safe(name), safe(backend), safe(hash)))
    }

    /// What lies at `dir`. Reads only; never fails, since a folder that cannot be read is [`Existing::Foreign`].
    #[must_use]
    pub fn inspect(dir: &Path) -> Existing {
        if !dir.join(DATABASE).exists() {
            return match only_leftovers(dir) {
                Ok(true) => Existing::Absent,
                Ok(false) => Existing::Foreign(StoreError::Foreign {
                    path: dir.to_owned(),
                    found: format!("the folder holds other files and no {DATABASE}"),
                }),
                Err(error) => Existing::Foreign(error),
            };
        }
        match RunReader::open(dir).and_then(|reader| reader.info()) {
            Err(error) => Existing::Foreign(error),
            Ok(info) if info.status == Status::Finished => Existing::Finished(info),
            Ok(info) => match RunLock::holder(dir) {
                Some(pid) => Existing::Running { info, pid },
                None => Existing::Unfinished(info),
            },
        }
    }

    /// The resolved config.
    #[must_use]
    pub fn config_file(dir: &Path) -> PathBuf {
        dir.join(CONFIG)
    }

    /// The rows.
    #[must_use]
    pub fn database_file(dir: &Path) -> PathBuf {
        dir.join(DATABASE)
    }

    /// The report.
    #[must_use]
    pub fn report_file(dir: &Path) -> PathBuf {
        dir.join(REPORT)
    }

    /// The replay bundle.
    #[must_use]
    pub fn tensors_file(dir: &Path) -> PathBuf {
        dir.join(TENSORS)
    }
}

/// Writes a file whole or not at all: beside, synced, renamed.
///
/// # Errors
/// [`StoreError::Io`] with the path and the cause; what was there before stays then.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let new = beside(path, ".tmp");
    let written = File::create(&new)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&new, path));
    if let Err(error) = written {
        let _ = fs::remove_file(&new);
        return Err(StoreError::io("write", path)(error));
    }
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

/// Makes renames in a folder durable. Only Unix can open a folder for that.
pub(crate) fn sync_folder(dir: &Path) -> Result<(), StoreError> {
    if cfg!(unix) {
        File::open(dir).and_then(|d| d.sync_all()).map_err(StoreError::io("sync", dir))?;
    }
    Ok(())
}

/// Whether a folder without a database is absent, empty, or holds what a killed `create` leaves.
fn only_leftovers(dir: &Path) -> Result<bool, StoreError> {
    let entries = match fs::read_dir(dir) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(true),
        other => other.map_err(StoreError::io("read", dir))?,
    };
    for entry in entries {
        let name = entry.map_err(StoreError::io("read", dir))?.file_name();
        let ours = name.to_str().is_some_and(|name| {
            [LOCK, CONFIG, "config.toml.tmp", DATABASE_NEW, DATABASE_OLD].contains(&name)
                || COMPANIONS
                    .iter()
                    .any(|end| name.strip_suffix(end).is_some_and(|base| base == DATABASE || base == DATABASE_NEW))
        });
        if !ours {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Removes what a killed `create` or `restart` left. The logs must go: SQLite would play them into a new database.
pub(crate) fn remove_leftovers(dir: &Path) -> Result<(), StoreError> {
    for base in [DATABASE_NEW, DATABASE, DATABASE_OLD] {
        for end in COMPANIONS {
            remove_file(&beside(&dir.join(base), end))?;
        }
    }
    for name in [DATABASE_NEW, DATABASE_OLD, CONFIG, "config.toml.tmp"] {
        remove_file(&dir.join(name))?;
    }
    Ok(())
}

/// Removes a run. The checkpoints go first and the database in one rename: killed in between, what stays is either
/// a run without checkpoints or a leftover.
pub(crate) fn remove_run(dir: &Path) -> Result<(), StoreError> {
    let checkpoints = dir.join(CHECKPOINTS);
    match fs::remove_dir_all(&checkpoints) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(StoreError::io("remove", &checkpoints)(e)),
        _ => {}
    }
    for name in [REPORT, TENSORS] {
        remove_file(&dir.join(name))?;
    }
    let database = dir.join(DATABASE);
    match fs::rename(&database, dir.join(DATABASE_OLD)) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(StoreError::io("remove", &database)(e)),
        _ => {}
    }
    remove_leftovers(dir)
}

fn remove_file(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(StoreError::io("remove", path)(e)),
        _ => Ok(()),
    }
}
