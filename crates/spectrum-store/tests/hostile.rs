//! Folders and files that are no run, or a damaged one: an error that says so, never a panic.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use spectrum_store::{Existing, RunDirectory, RunReader, RunWriter, StoreError, export_jsonl};
use support::{info, rows};

/// A finished run of three steps.
fn run(dir: &Path) {
    let mut writer = RunWriter::create(dir, &info(), "name = \"test\"\n").unwrap();
    (0..3).for_each(|t| writer.write_step(&rows(t)).unwrap());
    writer.finish(&info()).unwrap();
}

/// Reads everything there is.
fn read(dir: &Path) -> Result<(), StoreError> {
    let reader = RunReader::open(dir)?;
    reader.info()?;
    reader.steps()?;
    export_jsonl(&reader, Vec::new())
}

/// Refused by every door, and left as it was.
fn refused(dir: &Path) -> String {
    let database = dir.join("run.sqlite");
    let before = fs::read(&database).ok();
    let error = read(dir).unwrap_err().to_string();
    assert!(matches!(RunDirectory::inspect(dir), Existing::Foreign(_)));
    assert_eq!(RunWriter::create(dir, &info(), "").unwrap_err().to_string(), error);
    assert_eq!(RunWriter::resume(dir, 0, &info()).unwrap_err().to_string(), error);
    assert_eq!(RunWriter::restart(dir, &info(), "").unwrap_err().to_string(), error);
    assert_eq!(fs::read(&database).ok(), before);
    error
}

fn with_database(bytes: &[u8]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("run.sqlite"), bytes).unwrap();
    let error = refused(folder.path());
    let prefix = format!("{}: ", folder.path().join("run.sqlite").display());
    let text = error.strip_prefix(&prefix).unwrap_or(&error).to_owned();
    (folder, text)
}

#[test]
fn nothing_there() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("absent");
    let missing = |text| format!("{}: there is no run directory here ({text})", dir.display());
    assert_eq!(read(&dir).unwrap_err().to_string(), missing("no such folder"));
    assert!(matches!(RunDirectory::inspect(&dir), Existing::Absent));
    fs::create_dir(&dir).unwrap();
    assert_eq!(read(&dir).unwrap_err().to_string(), missing("no run.sqlite in it"));
    assert!(matches!(RunDirectory::inspect(&dir), Existing::Absent));
    assert!(matches!(RunWriter::resume(&dir, 0, &info()), Err(StoreError::NoRun { .. })));
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
}

#[test]
fn a_folder_of_other_files() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thesis.tex"), "x").unwrap();
    for refused in [RunWriter::create(folder.path(), &info(), ""), RunWriter::restart(folder.path(), &info(), "")] {
        assert!(matches!(refused, Err(StoreError::Foreign { .. })));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_file_where_the_folder_should_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, "x").unwrap();
    assert!(matches!(RunDirectory::inspect(&path), Existing::Foreign(StoreError::Io { .. })));
    assert!(RunWriter::create(&path, &info(), "").is_err());
    assert!(RunWriter::create(&path.join("run"), &info(), "").is_err());
}

#[test]
fn an_empty_file() {
    assert_eq!(with_database(b"").1, "not a Spectrum run (the file is empty)");
}

#[test]
fn random_bytes() {
    let mut x = 1u32;
    let bytes: Vec<u8> = (0..20_000)
        .map(|_| {
            x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (x >> 24) as u8
        })
        .collect();
    assert_eq!(with_database(&bytes).1, "not a Spectrum run (the file is no SQLite database)");
}

#[test]
fn a_database_of_another_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.sqlite");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE runs (id INTEGER); PRAGMA user_version = 1").unwrap();
    let text = with_database(&fs::read(&path).unwrap()).1;
    assert_eq!(text, "not a Spectrum run (the SQLite database of another program)");
}

#[test]
fn another_schema_version() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path());
    let db = Connection::open(folder.path().join("run.sqlite")).unwrap();
    db.pragma_update(None, "user_version", 7).unwrap();
    drop(db);
    assert!(refused(folder.path()).ends_with("run.sqlite: schema version 7, this program reads version 1"));
}

#[test]
fn every_truncation_and_flipped_bytes() {
    let source = tempfile::tempdir().unwrap();
    run(source.path());
    let bytes = fs::read(source.path().join("run.sqlite")).unwrap();
    let whole = {
        let mut out = Vec::new();
        export_jsonl(&RunReader::open(source.path()).unwrap(), &mut out).unwrap();
        out
    };
    let folder = tempfile::tempdir().unwrap();
    let try_bytes = |bytes: &[u8]| {
        fs::write(folder.path().join("run.sqlite"), bytes).unwrap();
        let mut out = Vec::new();
        RunReader::open(folder.path()).and_then(|r| r.info().and_then(|_| export_jsonl(&r, &mut out))).map(|()| out)
    };
    assert_eq!(try_bytes(&bytes).unwrap(), whole);
    // Cut anywhere, the file is refused: SQLite knows how many pages there should be.
    for cut in (0..bytes.len()).step_by(1021) {
        let error = try_bytes(&bytes[..cut]).map(drop).unwrap_err();
        assert!(error.to_string().contains("run.sqlite"), "{cut}: {error}");
    }
    // A flipped byte may hit a number, which then reads as another one; what it may not do is panic.
    for at in (0..bytes.len()).step_by(97) {
        let mut broken = bytes.clone();
        broken[at] ^= 0xff;
        let _ = try_bytes(&broken);
    }
}

#[test]
fn rows_that_break_the_schema() {
    let source = tempfile::tempdir().unwrap();
    run(source.path());
    let whole = fs::read(source.path().join("run.sqlite")).unwrap();
    for (sql, expected) in [
        ("UPDATE spectra SET singular_values = x'00'", "are no finite numbers"),
        ("UPDATE spectra SET singular_values = zeroblob(80)", "10 singular values of a 5 x 3 matrix"),
        ("UPDATE spectra SET singular_values = x'000000000000f87f'", "are no finite numbers"),
        ("UPDATE spectra SET route = 'magic'", "`magic` is no route"),
        ("UPDATE spectra SET rows = -3", "rows is -3"),
        ("UPDATE spectra SET singular_values = 'text'", "are no finite numbers"),
        ("UPDATE blobs SET rows = 9223372036854775807, cols = 4", "9223372036854775807 x 4"),
        ("UPDATE records SET reason = 'x' WHERE reason IS NULL", "with reason Some(\"x\")"),
        ("UPDATE records SET value = 9e999, reason = NULL", "value Some(inf)"),
        ("UPDATE records SET value = 'many'", "cannot read"),
        ("UPDATE scalars SET name = x'ff' WHERE step = 0 AND name = 'train_loss'", "cannot read"),
        ("UPDATE records SET kind = 'soul' WHERE kind = 'weight'", "`soul` is no matrix kind"),
        ("UPDATE runs SET complete_through = -1", "complete_through is -1"),
        ("UPDATE runs SET status = 'asleep'", "`asleep` is no status"),
        ("DELETE FROM runs", "the table runs has no row"),
        ("DROP TABLE blobs", "no such table: blobs"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.sqlite");
        fs::write(&path, &whole).unwrap();
        let db = Connection::open(&path).unwrap();
        // The schema itself refuses most of these.
        db.execute_batch("PRAGMA ignore_check_constraints = ON; PRAGMA synchronous = OFF").unwrap();
        db.execute_batch(sql).unwrap();
        drop(db);
        let error = read(folder.path()).expect_err(sql).to_string();
        assert!(error.contains(expected) && error.contains("run.sqlite"), "{sql}: {error}");
    }
}

#[test]
fn the_schema_refuses_what_the_reader_would() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path());
    let db = Connection::open(folder.path().join("run.sqlite")).unwrap();
    for sql in [
        "INSERT INTO scalars VALUES (0, 'x', NULL, NULL)",
        "INSERT INTO scalars VALUES (0, 'x', 1.0, 'BelowFloor')",
        "INSERT INTO scalars VALUES (0, 'x', 9e999, NULL)",
        "INSERT INTO scalars VALUES (0, 'train_loss', 1.0, NULL)",
        "INSERT INTO scalars VALUES (-1, 'x', 1.0, NULL)",
        "INSERT INTO blobs VALUES (9, 'a', 'weight', 'matrix', 'left', 2, 2, x'00')",
        "UPDATE spectra SET singular_values = x'00'",
    ] {
        assert!(db.execute_batch(sql).unwrap_err().to_string().contains("constraint failed"), "{sql}");
    }
}

/// `/proc` takes no folder from anybody, not even from root, who may write into read-only ones.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_made() {
    let error = RunWriter::create(Path::new("/proc/run"), &info(), "").unwrap_err().to_string();
    assert!(error.starts_with("cannot create /proc/run: "), "{error}");
}
