//! Writes a run directory: one transaction a step.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use spectrum_core::{Sink, SinkError, StepRows};

use crate::checkpoint::Checkpoints;
use crate::layout::{self, CONFIG, DATABASE, DATABASE_NEW};
use crate::lock::RunLock;
use crate::rows::{Refused, Rows, insert};
use crate::schema::{self, Journal};
use crate::{Existing, RunDirectory, RunInfo, RunReader, StoreError};

/// With a rollback journal a commit costs several fsyncs: steps that come faster than this share one.
const BATCH: Duration = Duration::from_millis(250);

/// The only writer of a run directory, as long as it lives.
///
/// Every step is one transaction, so `kill -9` leaves whole steps only. With [`Journal::Rollback`] steps that follow
/// each other within a quarter of a second share a transaction; [`Progress`] counts a step when it is committed.
#[derive(Debug)]
pub struct RunWriter {
    dir: PathBuf,
    path: PathBuf,
    db: Connection,
    journal: Journal,
    /// The last step taken, committed or not.
    taken: Option<u64>,
    /// Steps in the open transaction.
    pending: u32,
    last_commit: Instant,
    progress: Progress,
    bytes: Vec<u8>,
    _lock: RunLock,
}

/// The last step whose rows are in the file, for other threads to read.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<AtomicU64>);

impl Progress {
    /// The last step whose rows are all committed; none before the first.
    #[must_use]
    pub fn last_step(&self) -> Option<u64> {
        // Steps are below 2^63, so one more always fits, and 0 is left for "none".
        self.0.load(Ordering::Acquire).checked_sub(1)
    }

    fn set(&self, step: Option<u64>) {
        self.0.store(step.map_or(0, |s| s + 1), Ordering::Release);
    }
}

impl RunWriter {
    /// Makes a run directory with its config and no rows, and locks it.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if a run is there, [`StoreError::Foreign`] if other files are,
    /// [`StoreError::Locked`] if another process is at it, [`StoreError::Io`] or [`StoreError::Database`] with the
    /// path and the cause (full disk, read-only folder); nothing new is left then.
    pub fn create(dir: &Path, info: &RunInfo, resolved_config: &str) -> Result<Self, StoreError> {
        Self::create_with(dir, info, resolved_config, Journal::default())
    }

    /// As [`create`](Self::create), with a journal chosen for the file system.
    ///
    /// # Errors
    /// Those of [`create`](Self::create).
    pub fn create_with(
        dir: &Path,
        info: &RunInfo,
        resolved_config: &str,
        journal: Journal,
    ) -> Result<Self, StoreError> {
        // Looked at before the lock's file is made, so that a foreign folder stays as it is, and again under the lock.
        let free = || match RunDirectory::inspect(dir) {
            Existing::Absent => Ok(()),
            Existing::Foreign(error) => Err(error),
            Existing::Running { pid, .. } if RunLock::holder(dir).is_some() => {
                Err(StoreError::Locked { path: dir.to_owned(), pid })
            }
            _ => Err(StoreError::Exists { path: dir.to_owned() }),
        };
        free()?;
        let existed = dir.exists();
        fs::create_dir_all(dir).map_err(StoreError::io("create", dir))?;
        let made = RunLock::take(dir).and_then(|lock| {
            free()?;
            Self::make(dir, lock, info, resolved_config, journal)
        });
        if made.is_err() && !existed && !dir.join(DATABASE).exists() {
            let _ = fs::remove_file(dir.join(layout::LOCK));
            let _ = fs::remove_dir(dir);
        }
        made
    }

    /// Throws away a run (rows, checkpoints, report, tensors) and begins it afresh, under one lock: for `--force`,
    /// and for a run that was killed before its first usable checkpoint.
    ///
    /// # Errors
    /// As [`create`](Self::create). A folder that is no run of ours is never touched, and neither is a run of
    /// another schema version.
    pub fn restart(dir: &Path, info: &RunInfo, resolved_config: &str) -> Result<Self, StoreError> {
        if let Existing::Foreign(error) = RunDirectory::inspect(dir) {
            return Err(error);
        }
        fs::create_dir_all(dir).map_err(StoreError::io("create", dir))?;
        let lock = RunLock::take(dir)?;
        layout::remove_run(dir)?;
        Self::make(dir, lock, info, resolved_config, Journal::default())
    }

    /// The folder is ours and empty but for leftovers. The database comes last and in one rename: while it is not
    /// there, there is no run.
    fn make(
        dir: &Path,
        lock: RunLock,
        info: &RunInfo,
        resolved_config: &str,
        journal: Journal,
    ) -> Result<Self, StoreError> {
        layout::remove_leftovers(dir)?;
        let journal = schema::possible_journal(&dir.join(DATABASE_NEW), journal);
        let (new, path) = (dir.join(DATABASE_NEW), dir.join(DATABASE));
        let made = layout::write_atomically(&dir.join(CONFIG), resolved_config.as_bytes())
            .and_then(|()| schema::create(&new, info, journal))
            .and_then(|()| fs::rename(&new, &path).map_err(StoreError::io("create", &path)))
            .and_then(|()| layout::sync_folder(dir))
            .and_then(|()| Self::open(dir, lock, journal));
        if made.is_err() {
            let _ = layout::remove_run(dir);
        }
        made
    }

    /// Opens an unfinished run again after its checkpoint of `from_step`: deletes every row of later steps in one
    /// transaction, then the checkpoints after it.
    ///
    /// # Errors
    /// [`StoreError::Gap`] if rows are not complete through `from_step` (take
    /// [`Checkpoints::newest_within`] of [`last_step`](crate::RunReader::last_step)), and those of
    /// [`create`](Self::create).
    pub fn resume(dir: &Path, from_step: u64, info: &RunInfo) -> Result<Self, StoreError> {
        Self::resume_with(dir, from_step, info, Journal::default())
    }

    /// As [`resume`](Self::resume), with a journal chosen for the file system.
    ///
    /// # Errors
    /// Those of [`resume`](Self::resume).
    pub fn resume_with(dir: &Path, from_step: u64, info: &RunInfo, journal: Journal) -> Result<Self, StoreError> {
        drop(RunReader::open(dir)?);
        let lock = RunLock::take(dir)?;
        let journal = schema::possible_journal(&dir.join(DATABASE_NEW), journal);
        let mut writer = Self::open(dir, lock, journal)?;
        if writer.taken.is_none_or(|complete| complete < from_step) {
            return Err(StoreError::Gap { path: dir.to_owned(), from: from_step, complete: writer.taken });
        }
        let wrong = || StoreError::db("resume", &writer.path);
        let transaction = writer.db.transaction().map_err(wrong())?;
        // From here on every step is below 2^63: rows of it exist.
        let from = crate::convert::signed(from_step).map_err(wrong())?;
        for table in ["scalars", "records", "spectra", "blobs"] {
            transaction.execute(&format!("DELETE FROM {table} WHERE step > ?"), [from]).map_err(wrong())?;
        }
        transaction.execute("UPDATE runs SET complete_through = ?", [from]).map_err(wrong())?;
        info.store(&transaction, &writer.path)?;
        transaction.commit().map_err(wrong())?;
        writer.taken = Some(from_step);
        writer.progress.set(writer.taken);
        Checkpoints::new(dir).discard_after(from_step)?;
        Ok(writer)
    }

    fn open(dir: &Path, lock: RunLock, journal: Journal) -> Result<Self, StoreError> {
        let path = dir.join(DATABASE);
        let db = schema::open_writable(&path)?;
        let journal = schema::set_journal(&db, &path, journal)?;
        let taken = crate::reader::complete_through(&db, &path)?;
        let progress = Progress::default();
        progress.set(taken);
        Ok(Self {
            dir: dir.to_owned(),
            path,
            db,
            journal,
            taken,
            pending: 0,
            last_commit: Instant::now(),
            progress,
            bytes: Vec::new(),
            _lock: lock,
        })
    }

    /// The run directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The journal that the file system allowed.
    #[must_use]
    pub fn journal(&self) -> Journal {
        self.journal
    }

    /// The last step whose rows are all committed.
    #[must_use]
    pub fn last_step(&self) -> Option<u64> {
        self.progress.last_step()
    }

    /// A handle that follows [`last_step`](Self::last_step) from another thread.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// Writes one step whole or not at all.
    ///
    /// Steps must rise; one without rows is worth writing too, since it marks the step as complete.
    ///
    /// # Errors
    /// [`StoreError::Rows`] for rows of another step, a step that does not follow, a duplicate, or a matrix that is
    /// not finite; [`StoreError::Database`] when SQLite cannot write. Nothing of the step remains then.
    pub fn write_step(&mut self, rows: &StepRows) -> Result<(), StoreError> {
        if let Some(last) = self.taken.filter(|last| rows.step <= *last) {
            let what = format!("out of order: step {last} is written already");
            return Err(StoreError::Rows { step: rows.step, what });
        }
        let begin = if self.pending == 0 { "BEGIN IMMEDIATE; SAVEPOINT step" } else { "SAVEPOINT step" };
        let written = self
            .db
            .execute_batch(begin)
            .map_err(Refused::from)
            .and_then(|()| insert(&self.db, rows, Rows::New, &mut self.bytes))
            .and_then(|()| Ok(self.db.execute_batch("RELEASE step")?));
        if let Err(refused) = written {
            self.abandon();
            return Err(match refused {
                Refused::Rows(what) => StoreError::Rows { step: rows.step, what },
                Refused::Database(e) => StoreError::db("write a step to", &self.path)(e),
            });
        }
        self.taken = Some(rows.step);
        self.pending += 1;
        if self.journal == Journal::Wal || self.last_commit.elapsed() >= BATCH { self.flush() } else { Ok(()) }
    }

    /// Adds rows to steps that are written already, all or none: what is known of them only at the end of the run. Rows that are
    /// there under the same keys are replaced, so that a run that was killed in between may say it again.
    ///
    /// # Errors
    /// [`StoreError::Rows`] for rows of another step, a step that is not written, or a matrix that is not finite;
    /// [`StoreError::Database`] when SQLite cannot write. Nothing is added then.
    pub fn amend(&mut self, steps: &[StepRows]) -> Result<(), StoreError> {
        self.flush()?;
        let wrong = || StoreError::db("amend", &self.path);
        let transaction = self.db.transaction().map_err(wrong())?;
        for rows in steps {
            let refused = |what| StoreError::Rows { step: rows.step, what };
            if self.taken.is_none_or(|last| rows.step > last) {
                return Err(refused("not written yet".to_owned()));
            }
            insert(&transaction, rows, Rows::Later, &mut self.bytes).map_err(|e| match e {
                Refused::Rows(what) => refused(what),
                Refused::Database(e) => wrong()(e),
            })?;
        }
        transaction.commit().map_err(wrong())
    }

    /// Commits the steps that are still in an open transaction (with [`Journal::Rollback`] only).
    ///
    /// # Errors
    /// [`StoreError::Database`]; the steps since the last commit are lost then.
    pub fn flush(&mut self) -> Result<(), StoreError> {
        if self.pending == 0 {
            return Ok(());
        }
        let committed = self.db.prepare_cached("COMMIT").and_then(|mut s| s.execute([]));
        self.pending = 0;
        if let Err(e) = committed {
            let _ = self.db.execute_batch("ROLLBACK");
            self.taken = self.progress.last_step();
            return Err(StoreError::db("commit a step to", &self.path)(e));
        }
        self.last_commit = Instant::now();
        self.progress.set(self.taken);
        Ok(())
    }

    /// Takes back the step that failed, and keeps earlier ones of the same transaction. After some errors (a full
    /// disk) SQLite has rolled back by itself.
    fn abandon(&mut self) {
        if self.db.is_autocommit() {
            self.pending = 0;
            self.taken = self.progress.last_step();
            return;
        }
        let undo = if self.pending == 0 { "ROLLBACK" } else { "ROLLBACK TO step; RELEASE step" };
        if self.db.execute_batch(undo).is_err() && !self.db.is_autocommit() {
            let _ = self.db.execute_batch("ROLLBACK");
            self.pending = 0;
            self.taken = self.progress.last_step();
        }
    }

    /// Writes the run's facts.
    ///
    /// # Errors
    /// [`StoreError::Database`] when SQLite cannot write.
    pub fn update_info(&mut self, info: &RunInfo) -> Result<(), StoreError> {
        self.flush()?;
        info.store(&self.db, &self.path)
    }

    /// Writes the last facts and folds the log into the database, so that one file remains.
    ///
    /// # Errors
    /// [`StoreError::Database`] when SQLite cannot write.
    pub fn finish(mut self, info: &RunInfo) -> Result<(), StoreError> {
        self.update_info(info)?;
        // Without the log the file can be read from a read-only folder too. A reader at work forbids the change: then
        // the log is only emptied, and the last one to close removes it.
        let mode = self
            .db
            .busy_timeout(Duration::from_secs(2))
            .and_then(|()| self.db.pragma_update_and_check(None, "journal_mode", "DELETE", |r| r.get::<_, String>(0)));
        if !mode.is_ok_and(|m| m.eq_ignore_ascii_case("delete")) {
            self.db
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
                .map_err(StoreError::db("finish", &self.path))?;
        }
        Ok(())
    }
}

/// A writer that is dropped (a failed run) keeps the steps that it took.
impl Drop for RunWriter {
    fn drop(&mut self) {
        let _ = self.flush();
    }
}

impl Sink for RunWriter {
    fn step(&mut self, rows: &StepRows) -> Result<(), SinkError> {
        self.write_step(rows).map_err(|e| SinkError(e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(step: u64, count: usize) -> StepRows {
        let mut rows = StepRows::new(step);
        (0..count).for_each(|k| rows.scalar(&format!("scalar_{k}"), k as f64));
        rows
    }

    /// SQLite answers "disk is full" when the file may not grow: the same path as a full disk takes.
    #[test]
    fn a_full_disk_keeps_the_steps_before_it() {
        for journal in [Journal::Wal, Journal::Rollback] {
            let folder = tempfile::tempdir().unwrap();
            let mut writer = RunWriter::create_with(folder.path(), &RunInfo::default(), "", journal).unwrap();
            writer.write_step(&rows(0, 10)).unwrap();
            writer.flush().unwrap();
            let pages: i64 = writer.db.pragma_query_value(None, "page_count", |r| r.get(0)).unwrap();
            let limit = |n: i64| writer.db.query_row(&format!("PRAGMA max_page_count = {n}"), [], |_| Ok(())).unwrap();
            limit(pages);
            let error = writer.write_step(&rows(1, 10_000)).unwrap_err().to_string();
            let path = folder.path().join(DATABASE);
            let expected = format!("cannot write a step to {}: database or disk is full", path.display());
            assert_eq!(error, expected);
            assert_eq!(writer.last_step(), Some(0));
            assert_eq!(RunReader::open(folder.path()).unwrap().scalars().unwrap(), rows(0, 10).scalars);
            // Room again: the same step can be written.
            writer.db.query_row("PRAGMA max_page_count = 100000", [], |_| Ok(())).unwrap();
            writer.write_step(&rows(1, 10_000)).unwrap();
            writer.finish(&RunInfo::default()).unwrap();
            assert_eq!(RunReader::open(folder.path()).unwrap().last_step().unwrap(), Some(1));
        }
    }

    /// Rows that are known at the end only: added to a step, replaced when said again, refused whole where one of them is wrong.
    #[test]
    fn later_rows_are_added_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = RunWriter::create(folder.path(), &RunInfo::default(), "").unwrap();
        (0..3).for_each(|t| writer.write_step(&rows(t, 1)).unwrap());
        let later = |step, value: f64| {
            let mut rows = StepRows::new(step);
            rows.scalar("event", value);
            rows
        };
        writer.amend(&[later(0, 1.0), later(2, 2.0)]).unwrap();
        writer.amend(&[later(2, 3.0)]).unwrap();
        let error = writer.amend(&[later(1, 4.0), later(3, 5.0)]).unwrap_err();
        assert!(matches!(error, StoreError::Rows { step: 3, .. }), "{error}");
        writer.finish(&RunInfo::default()).unwrap();
        let reader = RunReader::open(folder.path()).unwrap();
        let found = reader.scalars_where(&crate::Filter::new().name("event")).unwrap();
        let found: Vec<_> = found.into_iter().map(|s| (s.step, s.outcome.value().unwrap())).collect();
        assert_eq!((found, reader.last_step().unwrap()), (vec![(0, 1.0), (2, 3.0)], Some(2)));
    }

    /// A reader sees the last steps of a rollback journal after a flush, and rows that are added then stand among them.
    #[test]
    fn later_rows_follow_a_flush_of_a_rollback_journal() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = RunWriter::create_with(folder.path(), &RunInfo::default(), "", Journal::Rollback).unwrap();
        writer.last_commit = Instant::now() + Duration::from_secs(3600);
        (0..3).for_each(|t| writer.write_step(&rows(t, 1)).unwrap());
        let last = || RunReader::open(folder.path()).unwrap().last_step().unwrap();
        assert_eq!(last(), None);
        writer.flush().unwrap();
        assert_eq!(last(), Some(2));
        let mut later = StepRows::new(2);
        later.scalar("event", 1.0);
        writer.amend(&[later]).unwrap();
        assert_eq!(RunReader::open(folder.path()).unwrap().scalars().unwrap().len(), 4);
    }

    /// Steps that come faster than a commit share one, and a step that is refused does not take the others with it.
    #[test]
    fn a_rollback_journal_batches() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = RunWriter::create_with(folder.path(), &RunInfo::default(), "", Journal::Rollback).unwrap();
        writer.last_commit = Instant::now() + Duration::from_secs(3600);
        (0..5).for_each(|t| writer.write_step(&rows(t, 2)).unwrap());
        assert_eq!(writer.last_step(), None);
        let mut twice = rows(5, 2);
        twice.scalars.extend(rows(5, 1).scalars);
        assert!(matches!(writer.write_step(&twice), Err(StoreError::Rows { .. })));
        writer.write_step(&rows(5, 2)).unwrap();
        writer.last_commit = Instant::now() - BATCH;
        writer.write_step(&rows(6, 2)).unwrap();
        assert_eq!(writer.last_step(), Some(6));
        writer.last_commit = Instant::now() + Duration::from_secs(3600);
        writer.write_step(&rows(7, 2)).unwrap();
        drop(writer);
        assert_eq!(RunReader::open(folder.path()).unwrap().steps().unwrap(), (0..=7).collect::<Vec<_>>());
        assert!(!folder.path().join("run.sqlite.tmp-journal").exists());
    }
}
