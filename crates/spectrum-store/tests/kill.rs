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

const STEPS: u64 = 400;
/// A checkpoint at every step that is this modulo 4.
const FIRST_CHECKPOINT: u64 = 3;
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
        // Killed between the last write and the end of the process.
        Existing::Finished(_) => return,
        other => panic!("{other:?}"),
    };
    let checkpoints = Checkpoints::following(dir, writer.progress());
    let first = writer.last_step().map_or(0, |s| s + 1);
    for t in first..=STEPS {
        // The checkpoint comes first: the rows of a step reach the file after it, as with a hook on another thread.
        if t % 4 == FIRST_CHECKPOINT {
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
        let pause = std::env::var("SPECTRUM_STORE_PAUSE").map_or(4, |p| p.parse().unwrap());
        train(Path::new(&dir), Duration::from_millis(pause));
    }
}

fn spawn(dir: &Path, rollback: bool, pause: u64) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture"]).stdout(Stdio::null());
    command.env("SPECTRUM_STORE_CHILD", dir).env("SPECTRUM_STORE_PAUSE", pause.to_string());
    if rollback {
        command.env("SPECTRUM_STORE_ROLLBACK", "1");
    }
    command.spawn().unwrap()
}

fn last_step(dir: &Path) -> Option<u64> {
    RunReader::open(dir).ok()?.last_step().unwrap()
}

/// Waits until rows after `step` are there, which every child reaches, or the child is done.
fn wait_for_rows_after(dir: &Path, step: Option<u64>, child: &mut Child) {
    let start = Instant::now();
    while last_step(dir) <= step && child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < Duration::from_secs(60), "the child writes nothing");
        sleep(Duration::from_millis(2));
    }
}

fn exported(dir: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    export_jsonl(&RunReader::open(dir).unwrap(), &mut bytes).unwrap();
    bytes
}

/// Kills one child after the other, every second one soon after its start (so that some die while they make the
/// directory or resume) and the others while they write; checks the rows each time and lets the last one finish.
fn kill_until_done(dir: &Path, rollback: bool) {
    // A fixed multiplicative sequence: the same times in each test run, as far as the machine allows.
    let mut x = 17u64;
    for round in 0..12 {
        x = x * 48271 % 2_147_483_647;
        let before = last_step(dir);
        let mut child = spawn(dir, rollback, 4);
        if round % 2 == 1 {
            wait_for_rows_after(dir, before, &mut child);
        }
        sleep(Duration::from_millis(x % 40));
        child.kill().unwrap();
        child.wait().unwrap();
        match RunDirectory::inspect(dir) {
            // Before its first checkpoint a run begins afresh, and may be killed between the old and the new one.
            Existing::Absent => assert!(before < Some(FIRST_CHECKPOINT), "the run of {before:?} is gone"),
            Existing::Unfinished(_) | Existing::Finished(_) => {
                let last = last_step(dir);
                assert_holds(dir, last);
                assert!(round % 2 == 0 || last > before || last == Some(STEPS), "no rows after {before:?}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(spawn(dir, rollback, 0).wait().unwrap().success());
}

fn killed_run_ends_as_the_other(rollback: bool) {
    let folder = tempfile::tempdir().unwrap();
    let (killed, whole) = (folder.path().join("killed"), folder.path().join("whole"));
    kill_until_done(&killed, rollback);
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

#[test]
fn a_second_process_is_refused_until_the_first_dies() {
    let folder = tempfile::tempdir().unwrap();
    let dir: PathBuf = folder.path().join("run");
    // Slow enough to be alive until it is killed.
    let mut child = spawn(&dir, false, 1000);
    wait_for_rows_after(&dir, None, &mut child);
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
