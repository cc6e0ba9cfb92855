//! Checkpoint folders, and a resume that deletes what lies after one.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;

use spectrum_store::{Checkpoints, Existing, RunDirectory, RunInfo, RunReader, RunWriter, Status, StoreError};
use support::{assert_holds, info, rows};

fn checkpoint(checkpoints: &Checkpoints, step: u64) {
    let writer = checkpoints.begin(step).unwrap();
    fs::create_dir(writer.path().join("parts")).unwrap();
    fs::write(writer.path().join("parts/model.bpk"), step.to_string()).unwrap();
    let path = writer.commit().unwrap();
    assert_eq!(fs::read_to_string(path.join("parts/model.bpk")).unwrap(), step.to_string());
}

fn steps(checkpoints: &Checkpoints) -> Vec<u64> {
    checkpoints.complete().unwrap().into_iter().map(|(s, _)| s).collect()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_newest_two_stay() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path());
    assert_eq!(checkpoints.newest().unwrap(), None);
    [5, 10, 9, 100].into_iter().for_each(|s| checkpoint(&checkpoints, s));
    assert_eq!(steps(&checkpoints), [10, 100]);
    assert_eq!(checkpoints.newest().unwrap(), Some((100, folder.path().join("checkpoint/step-100"))));
    let within = |last| checkpoints.newest_within(last).unwrap().map(|(s, _)| s);
    assert_eq!([within(Some(100)), within(Some(99)), within(Some(9)), within(None)], [Some(100), Some(10), None, None]);
    checkpoint(&checkpoints, 100);
    assert_eq!(names(&folder.path().join("checkpoint")), ["step-10", "step-100"]);
}

#[test]
fn an_unfinished_checkpoint_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path());
    checkpoint(&checkpoints, 1);
    drop(checkpoints.begin(2).unwrap());
    for left in ["step-3.tmp", "step-0.old", "step-004", "step-x", "notes"] {
        fs::create_dir(folder.path().join("checkpoint").join(left)).unwrap();
    }
    assert_eq!(steps(&checkpoints), [1]);
    checkpoint(&checkpoints, 5);
    // Leftovers of ours go, the rest is not ours.
    assert_eq!(names(&folder.path().join("checkpoint")), ["notes", "step-004", "step-1", "step-5", "step-x"]);
}

#[test]
fn the_checkpoint_that_rows_reach_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = RunWriter::create(folder.path(), &info(), "").unwrap();
    let checkpoints = Checkpoints::following(folder.path(), writer.progress());
    assert_eq!(writer.last_step(), None);
    (0..=2).for_each(|t| writer.write_step(&rows(t)).unwrap());
    // Training runs far ahead of the rows.
    (1..=9).for_each(|s| checkpoint(&checkpoints, s));
    assert_eq!(steps(&checkpoints), [2, 8, 9]);
    (3..=8).for_each(|t| writer.write_step(&rows(t)).unwrap());
    checkpoint(&checkpoints, 10);
    assert_eq!(steps(&checkpoints), [8, 9, 10].into_iter().filter(|s| *s >= 8).collect::<Vec<_>>());
}

#[test]
fn a_resume_deletes_what_lies_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let mut writer = RunWriter::create(dir, &info(), "").unwrap();
    let checkpoints = Checkpoints::new(dir);
    (0..=20).for_each(|t| writer.write_step(&rows(t)).unwrap());
    [12, 16].into_iter().for_each(|s| checkpoint(&checkpoints, s));
    drop(writer);
    assert!(matches!(RunDirectory::inspect(dir), Existing::Unfinished(i) if i.steps_done == 20));

    let mut writer = RunWriter::resume(dir, 12, &RunInfo { steps_done: 12, ..info() }).unwrap();
    assert_eq!(writer.last_step(), Some(12));
    assert_holds(dir, Some(12));
    assert_eq!(steps(&checkpoints), [12]);
    (13..=20).for_each(|t| writer.write_step(&rows(t)).unwrap());
    writer.finish(&RunInfo { status: Status::Finished, ..info() }).unwrap();
    assert_holds(dir, Some(20));
    assert!(matches!(RunDirectory::inspect(dir), Existing::Finished(_)));

    let gap = RunWriter::resume(dir, 21, &info()).unwrap_err();
    assert!(matches!(gap, StoreError::Gap { from: 21, complete: Some(20), .. }));
    assert!(gap.to_string().ends_with("cannot resume from step 21: rows are complete through step 20"));
    assert_holds(dir, Some(20));
}

#[test]
fn a_run_is_not_made_twice_but_can_be_restarted() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("out/run");
    let mut writer = RunWriter::create(&dir, &info(), "a = 1\n").unwrap();
    (0..=4).for_each(|t| writer.write_step(&rows(t)).unwrap());
    checkpoint(&Checkpoints::new(&dir), 4);
    fs::write(RunDirectory::report_file(&dir), "old").unwrap();
    drop(writer);
    assert!(matches!(RunWriter::create(&dir, &info(), "a = 2\n"), Err(StoreError::Exists { .. })));
    assert_eq!(RunReader::open(&dir).unwrap().config().unwrap(), "a = 1\n");
    let writer = RunWriter::restart(&dir, &info(), "a = 2\n").unwrap();
    assert_holds(&dir, None);
    assert_eq!(RunReader::open(&dir).unwrap().config().unwrap(), "a = 2\n");
    assert!(!dir.join("checkpoint").exists() && !RunDirectory::report_file(&dir).exists());
    drop(writer);
}

/// What a process leaves that was killed while it made the directory, with a log that must not reach the new file.
#[test]
fn leftovers_of_a_killed_creation_are_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    for name in ["lock", "config.toml", "config.toml.tmp", "run.sqlite.tmp", "run.sqlite.tmp-wal", "run.sqlite-wal"] {
        fs::write(dir.join(name), "half").unwrap();
    }
    assert!(matches!(RunDirectory::inspect(dir), Existing::Absent));
    let mut writer = RunWriter::create(dir, &info(), "whole").unwrap();
    writer.write_step(&rows(0)).unwrap();
    writer.finish(&info()).unwrap();
    assert_holds(dir, Some(0));
    assert_eq!(names(dir), ["config.toml", "lock", "run.sqlite"]);
}

#[test]
fn the_name_of_a_run_directory_stays_inside_its_folder() {
    let path = |name| RunDirectory::path_for(Path::new("runs"), name, 3, "flex", "1a2b");
    assert_eq!(path("quickstart"), Path::new("runs/quickstart-3-flex-1a2b"));
    assert_eq!(path("../../etc/x y"), Path::new("runs/.._.._etc_x_y-3-flex-1a2b"));
}
