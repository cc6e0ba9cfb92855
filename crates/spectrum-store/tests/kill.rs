//! `kill -9` at any moment leaves whole steps, and a resume from the newest usable checkpoint ends with the same
//! bytes as a run that nobody killed.
//!
//! The child is this test binary again, told by an environment variable to be a small trainer.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use spectrum_store::{
    Checkpoints, Existing, Journal, RunDirectory, RunInfo, RunReader, RunWriter, Status, StoreError, export_jsonl,
};
use support::{assert_holds, info, rows};

const STEPS: u64 = 60;
const CONFIG: &str = "name = \"test\"\n";

fn journal() -> Journal {
    if std::env::var_os("SPECTRUM_STORE_ROLLBACK").is_some() { Journal::Rollback } else { Journal::Wal }
}

/// What a trainer does: begin or resume, write steps and checkpoints, finish.
fn train(dir: &Path, pause: Duration) {
    let mut writer = match RunDirectory::inspect(dir) {
        Existing::Absent => RunWriter::create_with(dir, &info(), CONFIG, journal()).unwrap(),
        Existing::Unfinished(old) => {
            let last = RunReader::open(dir).unwrap().last_step().unwrap();
            match Checkpoints::new(dir).newest_within(last).unwrap() {
                Some((step, folder)) => {
                    assert_eq!(fs::read_to_string(folder.join("state.json")).unwrap(), format!("{{\"step\":{step}}}"));
                    RunWriter::resume_with(dir, step, &RunInfo { steps_done: step, ..old }, journal()).unwrap()
                }
                None => RunWriter::restart(dir, &info(), CONFIG).unwrap(),
            }
        }
        other => panic!("{other:?}"),
    };
    let checkpoints = Checkpoints::following(dir, writer.progress());
    let first = writer.last_step().map_or(0, |s| s + 1);
    for t in first..=STEPS {
        // The checkpoint comes first: the rows of a step reach the file after it, as with a hook on another thread.
        if t % 4 == 3 {
            let checkpoint = checkpoints.begin(t).unwrap();
            fs::write(checkpoint.path().join("state.json"), format!("{{\"step\":{t}}}")).unwrap();
            checkpoint.commit().unwrap();
        }
        writer.write_step(&rows(t)).unwrap();
        sleep(pause);
    }
    writer.finish(&RunInfo { status: Status::Finished, steps_done: STEPS, ..info() }).unwrap();
}

/// Not a test: the child's way in.
#[test]
fn child() {
    if let Some(dir) = std::env::var_os("SPECTRUM_STORE_CHILD") {
        train(Path::new(&dir), Duration::from_millis(4));
    }
}

fn spawn(dir: &Path, rollback: bool) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture"]).env("SPECTRUM_STORE_CHILD", dir).stdout(Stdio::null());
    if rollback {
        command.env("SPECTRUM_STORE_ROLLBACK", "1");
    }
    command.spawn().unwrap()
}

fn exported(dir: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    export_jsonl(&RunReader::open(dir).unwrap(), &mut bytes).unwrap();
    bytes
}

/// Kills the child at times spread over what it does (starting, creating, writing), checks the rows each time, and
/// lets the last one finish. Returns how many were killed while rows were there.
fn kill_until_done(dir: &Path, rollback: bool) -> usize {
    let mut with_rows = 0;
    // A fixed multiplicative sequence: spread over 0 to 120 ms, the same in each test run.
    let mut x = 17u64;
    for _ in 0..40 {
        x = x * 48271 % 2_147_483_647;
        let mut child = spawn(dir, rollback);
        sleep(Duration::from_millis(x % 120));
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            return with_rows;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        match RunDirectory::inspect(dir) {
            Existing::Absent => {}
            Existing::Unfinished(_) | Existing::Finished(_) => {
                let last = RunReader::open(dir).unwrap().last_step().unwrap();
                assert_holds(dir, last);
                with_rows += usize::from(last.is_some());
            }
            other => panic!("{other:?}"),
        }
    }
    let status = spawn(dir, rollback).wait().unwrap();
    assert!(status.success() || matches!(RunDirectory::inspect(dir), Existing::Finished(_)));
    with_rows
}

fn killed_run_ends_as_the_other(rollback: bool) {
    let folder = tempfile::tempdir().unwrap();
    let (killed, whole) = (folder.path().join("killed"), folder.path().join("whole"));
    let with_rows = kill_until_done(&killed, rollback);
    assert!(with_rows >= 3, "only {with_rows} kills met a run with rows");
    assert_holds(&killed, Some(STEPS));
    train(&whole, Duration::ZERO);
    assert!(exported(&killed) == exported(&whole), "the exports differ");
}

#[test]
fn killed_with_a_write_ahead_log() {
    killed_run_ends_as_the_other(false);
}

#[test]
fn killed_with_a_rollback_journal() {
    killed_run_ends_as_the_other(true);
}

fn wait_for_rows(dir: &Path) {
    let start = Instant::now();
    while !RunReader::open(dir).is_ok_and(|r| r.last_step().is_ok_and(|s| s.is_some())) {
        assert!(start.elapsed() < Duration::from_secs(20), "the child wrote nothing");
        sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_second_process_is_refused_until_the_first_dies() {
    let folder = tempfile::tempdir().unwrap();
    let dir: PathBuf = folder.path().join("run");
    let mut child = spawn(&dir, false);
    wait_for_rows(&dir);
    let expected = format!("{}: this run is already running (process {} holds its lock)", dir.display(), child.id());
    match RunDirectory::inspect(&dir) {
        Existing::Running { pid, .. } => assert_eq!(pid, Some(child.id())),
        other => panic!("{other:?}"),
    }
    for refused in [
        RunWriter::create(&dir, &info(), CONFIG),
        RunWriter::resume(&dir, 0, &info()),
        RunWriter::restart(&dir, &info(), CONFIG),
    ] {
        let error = refused.unwrap_err();
        assert!(matches!(error, StoreError::Locked { .. }), "{error}");
        assert_eq!(error.to_string(), expected);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let last = RunReader::open(&dir).unwrap().last_step().unwrap();
    assert_holds(&dir, last);
    drop(RunWriter::resume(&dir, 0, &info()).unwrap());
    assert_holds(&dir, Some(0));
}
