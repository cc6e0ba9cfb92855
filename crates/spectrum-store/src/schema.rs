//! The tables, and how the database is opened.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::{RunInfo, StoreError};

/// Schema version, in `PRAGMA user_version`.
pub const SCHEMA_VERSION: i64 = 1;

/// "SPEC" in `PRAGMA application_id`: tells a run from any other SQLite file (`file` shows it too).
const APPLICATION_ID: i64 = 0x5350_4543;

/// How long SQLite waits for another connection's lock.
const PATIENCE: Duration = Duration::from_secs(30);

/// Every table has a primary key, so that a duplicate row is an error, and no row ids, so that rows lie in that order.
/// `complete_through` is the last step whose rows are all there: it is raised in the transaction of each step.
const TABLES: &str = "
CREATE TABLE runs (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    name TEXT NOT NULL, seed INTEGER NOT NULL, backend TEXT NOT NULL, precision TEXT NOT NULL,
    adapter TEXT, driver TEXT, graphics_api TEXT,
    spectrum_version TEXT NOT NULL, burn_version TEXT NOT NULL, config_hash TEXT NOT NULL, initial_weights_sha256 TEXT,
    status TEXT NOT NULL CHECK (status IN ('running', 'finished', 'failed', 'diverged')), message TEXT,
    steps_done INTEGER NOT NULL, complete_through INTEGER,
    started_unix REAL NOT NULL, wall_seconds REAL NOT NULL, training_seconds REAL NOT NULL,
    recording_seconds REAL NOT NULL, waited_seconds REAL NOT NULL, recording_overhead REAL,
    parameters INTEGER NOT NULL, cpu_threads INTEGER NOT NULL
);
INSERT INTO runs VALUES (1, '', 0, '', '', NULL, NULL, NULL, '', '', '', NULL, 'running', NULL, 0, NULL, 0, 0, 0, 0, 0, NULL, 0, 0);
CREATE TABLE scalars (
    step INTEGER NOT NULL CHECK (step >= 0), name TEXT NOT NULL, value REAL, reason TEXT,
    CHECK ((value IS NULL) = (reason IS NOT NULL)),
    CHECK (value IS NULL OR abs(value) <= 1.7976931348623157e308),
    PRIMARY KEY (step, name)
) WITHOUT ROWID;
CREATE TABLE records (
    step INTEGER NOT NULL CHECK (step >= 0), layer TEXT NOT NULL, kind TEXT NOT NULL, view TEXT NOT NULL,
    metric TEXT NOT NULL, value REAL, reason TEXT,
    CHECK ((value IS NULL) = (reason IS NOT NULL)),
    CHECK (value IS NULL OR abs(value) <= 1.7976931348623157e308),
    PRIMARY KEY (step, layer, kind, view, metric)
) WITHOUT ROWID;
CREATE TABLE spectra (
    step INTEGER NOT NULL CHECK (step >= 0), layer TEXT NOT NULL, kind TEXT NOT NULL, view TEXT NOT NULL,
    route TEXT NOT NULL, rows INTEGER NOT NULL CHECK (rows >= 0), cols INTEGER NOT NULL CHECK (cols >= 0),
    floor REAL NOT NULL, singular_values BLOB NOT NULL CHECK (length(singular_values) % 8 = 0),
    PRIMARY KEY (step, layer, kind, view)
) WITHOUT ROWID;
CREATE TABLE blobs (
    step INTEGER NOT NULL CHECK (step >= 0), layer TEXT NOT NULL, kind TEXT NOT NULL, view TEXT NOT NULL,
    name TEXT NOT NULL, rows INTEGER NOT NULL CHECK (rows >= 0), cols INTEGER NOT NULL CHECK (cols >= 0),
    data BLOB NOT NULL CHECK (length(data) = 8 * rows * cols),
    PRIMARY KEY (step, layer, kind, view, name)
) WITHOUT ROWID;
";

/// How a transaction is made atomic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Journal {
    /// Write-ahead log, so that a commit costs no fsync; a rollback journal where the file system refuses it.
    #[default]
    Wal,
    /// Rollback journal, several steps a transaction: for file systems shared between machines (NFS, Lustre), where
    /// the log's shared memory cannot be relied on.
    Rollback,
}

/// Makes the database at `path` (which must not exist) with the run's row in it, and closes it.
pub(crate) fn create(path: &Path, info: &RunInfo, journal: Journal) -> Result<(), StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = Connection::open_with_flags(path, flags).map_err(StoreError::db("create", path))?;
    set_journal(&db, path, journal)?;
    let wrong = || StoreError::db("create the tables of", path);
    let transaction = db.transaction().map_err(wrong())?;
    transaction.execute_batch(TABLES).map_err(wrong())?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(wrong())?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION).map_err(wrong())?;
    info.store(&transaction, path)?;
    transaction.commit().map_err(wrong())?;
    db.close().map_err(|(_, e)| wrong()(e))?;
    // A rollback journal stays behind, emptied, and would not be renamed with the database.
    let _ = std::fs::remove_file(beside(path, "-journal"));
    Ok(())
}

/// Sets the journal and returns the one that SQLite took.
pub(crate) fn set_journal(db: &Connection, path: &Path, journal: Journal) -> Result<Journal, StoreError> {
    let wrong = || StoreError::db("set the journal of", path);
    db.busy_timeout(PATIENCE).map_err(wrong())?;
    // In a log a commit needs no fsync with NORMAL; a power cut may take the last steps, but never breaks the file.
    db.pragma_update(None, "synchronous", "NORMAL").map_err(wrong())?;
    if journal == Journal::Wal && switch(db, "WAL").map_err(wrong())? {
        return Ok(Journal::Wal);
    }
    switch(db, "TRUNCATE").map_err(wrong())?;
    Ok(Journal::Rollback)
}

/// Whether SQLite took the journal mode. It answers with the mode it kept.
///
/// The change needs the database alone, and where a reader holds it SQLite may answer "busy" at once, without waiting as the
/// timeout says (it would wait for itself). Readers come and go: ask again until the timeout is over.
fn switch(db: &Connection, mode: &str) -> rusqlite::Result<bool> {
    let start = Instant::now();
    loop {
        let kept: rusqlite::Result<String> = db.pragma_update_and_check(None, "journal_mode", mode, |r| r.get(0));
        match kept {
            Err(e) if e.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && start.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(2));
            }
            kept => return Ok(kept?.eq_ignore_ascii_case(mode)),
        }
    }
}

/// The journal that a folder's file system can hold, tried on a scratch database at `scratch`: a missing shared
/// memory may show only at the first transaction, and then the database cannot be switched back.
pub(crate) fn possible_journal(scratch: &Path, wanted: Journal) -> Journal {
    let clear = || {
        for end in ["", "-wal", "-shm", "-journal"] {
            let _ = std::fs::remove_file(beside(scratch, end));
        }
    };
    let works = || -> rusqlite::Result<bool> {
        let db = Connection::open(scratch)?;
        Ok(switch(&db, "WAL")? && db.execute_batch("CREATE TABLE t (x)").is_ok())
    };
    if wanted == Journal::Rollback {
        return wanted;
    }
    clear();
    let journal = if works().unwrap_or(false) { Journal::Wal } else { Journal::Rollback };
    clear();
    journal
}

/// Opens an existing database for writing.
pub(crate) fn open_writable(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(StoreError::db("open", path))?;
    db.busy_timeout(PATIENCE).map_err(StoreError::db("open", path))?;
    identify(&db, path)?;
    Ok(db)
}

/// Opens an existing database for reading: while a writer is active, after a kill, and from a read-only folder.
pub(crate) fn open_readable(path: &Path) -> Result<Connection, StoreError> {
    let open = |name: &Path, flags: OpenFlags| {
        let db = Connection::open_with_flags(name, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(StoreError::db("open", path))?;
        db.busy_timeout(PATIENCE).map_err(StoreError::db("open", path))?;
        db.pragma_update(None, "query_only", true).map_err(StoreError::db("open", path))?;
        db.pragma_update(None, "trusted_schema", false).map_err(StoreError::db("open", path))?;
        identify(&db, path)?;
        Ok(db)
    };
    let first = match open(path, OpenFlags::SQLITE_OPEN_READ_ONLY) {
        Err(error @ StoreError::Database { .. }) if needs_recovery(&error) => error,
        other => return other,
    };
    // A killed writer left a journal that must be played back first: that needs write access.
    if let Ok(db) = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE) {
        return Ok(db);
    }
    // A read-only folder: the file alone is whole if no log lies beside it.
    if is_alone(path) {
        return open(&immutable(path), OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI);
    }
    let StoreError::Database { source, .. } = first else { return Err(first) };
    let what =
        format!("the log that a killed run left cannot be played back here ({source}): is the folder read-only?");
    Err(StoreError::Damaged { path: path.to_owned(), what })
}

fn needs_recovery(error: &StoreError) -> bool {
    let StoreError::Database { source, .. } = error else { return false };
    matches!(source.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

/// The SQLite URI that reads a file without any lock or log.
fn immutable(path: &Path) -> PathBuf {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => uri.push(char::from(*byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    uri.into()
}

/// `path` with `end` appended to its name: SQLite's own files lie so.
pub(crate) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(end);
    name.into()
}

/// Checks that the file is a run of ours in the version that we read.
fn identify(db: &Connection, path: &Path) -> Result<(), StoreError> {
    let foreign = |found: &str| StoreError::Foreign { path: path.to_owned(), found: found.to_owned() };
    let pragma = |name| match db.pragma_query_value(None, name, |r| r.get::<_, i64>(0)) {
        Err(e) if e.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            Err(foreign("the file is no SQLite database"))
        }
        other => other.map_err(StoreError::db("read", path)),
    };
    let (application, version) = (pragma("application_id")?, pragma("user_version")?);
    if application != APPLICATION_ID {
        let empty = path.metadata().is_ok_and(|m| m.len() == 0);
        return Err(foreign(if empty { "the file is empty" } else { "the SQLite database of another program" }));
    }
    if version != SCHEMA_VERSION {
        return Err(StoreError::Version { path: path.to_owned(), found: version, expected: SCHEMA_VERSION });
    }
    // SQLite sees that whole pages are missing, but takes half a page for a whole one. While a log or journal lies
    // beside it the file may be on its way. (Only its length is asked for: to open and close the file would take this
    // process's locks on it away.)
    let page = u64::try_from(pragma("page_size")?).unwrap_or(0).max(1);
    let length = path.metadata().map_or(0, |m| m.len());
    if !length.is_multiple_of(page) && is_alone(path) {
        let what = format!("{length} bytes are no whole number of pages of {page}: the file was cut");
        return Err(StoreError::Damaged { path: path.to_owned(), what });
    }
    Ok(())
}

/// Whether neither a log nor a journal lies beside a database, so that the file alone is whole.
fn is_alone(path: &Path) -> bool {
    ["-wal", "-journal"].iter().all(|end| beside(path, end).metadata().map_or(0, |m| m.len()) == 0)
}
