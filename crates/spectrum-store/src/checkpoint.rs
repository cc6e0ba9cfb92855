//! Checkpoint directories: written beside, synced, renamed.
//!
//! The trainer writes its files into a checkpoint while the rows of the same step may still be on their way to the
//! database. So a resume takes the newest checkpoint within the rows that are complete
//! ([`Checkpoints::newest_within`]), and old ones are pruned with that in mind.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::layout::{CHECKPOINTS, sync_folder};
use crate::schema::beside;
use crate::{Progress, StoreError};

/// How many checkpoints stay.
const KEEP: usize = 2;

/// The checkpoints of a run directory: `checkpoint/step-N`.
#[derive(Debug, Clone)]
pub struct Checkpoints {
    folder: PathBuf,
    progress: Option<Progress>,
}

impl Checkpoints {
    /// The checkpoints of the run directory `dir`.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self { folder: dir.join(CHECKPOINTS), progress: None }
    }

    /// As [`new`](Self::new), and pruning also keeps the newest checkpoint whose rows are committed: however far the
    /// rows lag behind, a kill finds a checkpoint to continue from.
    #[must_use]
    pub fn following(dir: &Path, progress: Progress) -> Self {
        Self { progress: Some(progress), ..Self::new(dir) }
    }

    /// Makes an empty `step-N.tmp/` and removes what killed processes left of others.
    ///
    /// # Errors
    /// [`StoreError::Io`] with the path and the cause.
    pub fn begin(&self, step: u64) -> Result<CheckpointWriter, StoreError> {
        fs::create_dir_all(&self.folder).map_err(StoreError::io("create", &self.folder))?;
        for (name, path) in self.entries()? {
            if [".tmp", ".old"].iter().any(|end| name.strip_suffix(end).is_some_and(|n| parse(n).is_some())) {
                fs::remove_dir_all(&path).map_err(StoreError::io("remove", &path))?;
            }
        }
        let path = self.folder.join(format!("step-{step}.tmp"));
        fs::create_dir(&path).map_err(StoreError::io("create", &path))?;
        Ok(CheckpointWriter { checkpoints: self.clone(), step, path, done: false })
    }

    /// The complete checkpoints, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the folder cannot be read; that there is none is no error.
    pub fn complete(&self) -> Result<Vec<(u64, PathBuf)>, StoreError> {
        let mut found: Vec<_> =
            self.entries()?.into_iter().filter_map(|(name, path)| Some((parse(&name)?, path))).collect();
        found.sort();
        Ok(found)
    }

    /// The newest complete checkpoint: its step and its folder.
    ///
    /// # Errors
    /// Those of [`complete`](Self::complete).
    pub fn newest(&self) -> Result<Option<(u64, PathBuf)>, StoreError> {
        Ok(self.complete()?.pop())
    }

    /// The newest complete checkpoint whose step's rows are complete too, given
    /// [`RunReader::last_step`](crate::RunReader::last_step): the one to resume from.
    ///
    /// # Errors
    /// Those of [`complete`](Self::complete).
    pub fn newest_within(&self, last_step: Option<u64>) -> Result<Option<(u64, PathBuf)>, StoreError> {
        let Some(last) = last_step else { return Ok(None) };
        Ok(self.complete()?.into_iter().rev().find(|(step, _)| *step <= last))
    }

    /// Removes every checkpoint after `step`: a resumed run will write them again.
    ///
    /// # Errors
    /// [`StoreError::Io`] with the path and the cause.
    pub fn discard_after(&self, step: u64) -> Result<(), StoreError> {
        for (_, path) in self.complete()?.into_iter().filter(|(s, _)| *s > step) {
            self.remove(&path)?;
        }
        Ok(())
    }

    fn prune(&self) -> Result<(), StoreError> {
        let mut all = self.complete()?;
        let safe = match &self.progress {
            Some(progress) => self.newest_within(progress.last_step())?.map(|(step, _)| step),
            None => None,
        };
        all.truncate(all.len().saturating_sub(KEEP));
        for (_, path) in all.into_iter().filter(|(step, _)| safe != Some(*step)) {
            self.remove(&path)?;
        }
        Ok(())
    }

    /// Renamed before it is emptied: half a checkpoint never carries a complete one's name.
    fn remove(&self, path: &Path) -> Result<(), StoreError> {
        let dying = beside(path, ".old");
        match fs::remove_dir_all(&dying) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(StoreError::io("remove", &dying)(e)),
            _ => {}
        }
        fs::rename(path, &dying).map_err(StoreError::io("remove", path))?;
        fs::remove_dir_all(&dying).map_err(StoreError::io("remove", &dying))
    }

    fn entries(&self) -> Result<Vec<(String, PathBuf)>, StoreError> {
        let entries = match fs::read_dir(&self.folder) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(StoreError::io("read", &self.folder))?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(StoreError::io("read", &self.folder))?;
            // Names that are not text are none of ours.
            if let Ok(name) = entry.file_name().into_string() {
                found.push((name, entry.path()));
            }
        }
        Ok(found)
    }
}

/// `step-12` is 12; `step-012`, `step-12.tmp` and the rest are not checkpoints.
fn parse(name: &str) -> Option<u64> {
    let step = name.strip_prefix("step-")?.parse().ok()?;
    (name == format!("step-{step}")).then_some(step)
}

/// A checkpoint being written. Dropped without [`commit`](Self::commit) it leaves nothing.
#[derive(Debug)]
pub struct CheckpointWriter {
    checkpoints: Checkpoints,
    step: u64,
    path: PathBuf,
    done: bool,
}

impl CheckpointWriter {
    /// The folder to write into.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Syncs every file, renames the folder to `step-N`, prunes older ones (the newest two stay), and returns the
    /// folder.
    ///
    /// # Errors
    /// [`StoreError::Io`] with the path and the cause.
    pub fn commit(mut self) -> Result<PathBuf, StoreError> {
        sync_tree(&self.path)?;
        let path = self.checkpoints.folder.join(format!("step-{}", self.step));
        if path.exists() {
            self.checkpoints.remove(&path)?;
        }
        fs::rename(&self.path, &path).map_err(StoreError::io("rename", &self.path))?;
        self.done = true;
        sync_folder(&self.checkpoints.folder)?;
        self.checkpoints.prune()?;
        Ok(path)
    }
}

impl Drop for CheckpointWriter {
    fn drop(&mut self) {
        if !self.done {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn sync_tree(dir: &Path) -> Result<(), StoreError> {
    for entry in fs::read_dir(dir).map_err(StoreError::io("read", dir))? {
        let path = entry.map_err(StoreError::io("read", dir))?.path();
        if path.is_dir() {
            sync_tree(&path)?;
        } else {
            // Windows syncs only files that are open for writing.
            let file = File::options().read(true).write(cfg!(windows)).open(&path);
            file.and_then(|f| f.sync_all()).map_err(StoreError::io("sync", &path))?;
        }
    }
    sync_folder(dir)
}
