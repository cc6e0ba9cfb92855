//! Folders that cannot be written, and disks that are full.
#![cfg(unix)]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{Bench, Done, TINY, assert_same_rows, export, program, scalar, show, tree};

/// A path below a regular file is no folder for anybody, root included.
#[test]
fn a_run_cannot_be_put_below_a_file() {
    let bench = Bench::new(TINY);
    let file = bench.dir.path().join("file");
    fs::write(&file, "whole").unwrap();
    for out in [file.clone(), file.join("deeper")] {
        let mut command = program();
        command.arg("run").arg(&bench.config).arg("--out").arg(&out);
        Done::of(command.output().unwrap()).one_error(2, &[file.to_str().unwrap()]);
    }
    assert_eq!(fs::read(&file).unwrap(), b"whole");
}

/// Root writes anywhere, so that root tries it as user 65534.
#[test]
fn a_read_only_folder_is_refused() {
    let bench = Bench::new(TINY);
    let folder = bench.dir.path().join("closed");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o555)).unwrap();
    fs::set_permissions(bench.dir.path(), Permissions::from_mode(0o755)).unwrap();
    let mut command = program();
    command.arg("run").arg(&bench.config).arg("--out").arg(folder.join("runs"));
    if fs::write(folder.join("probe"), "").is_ok() {
        fs::remove_file(folder.join("probe")).unwrap();
        // The program itself may lie where that user cannot reach it.
        let reach = Command::new(command.get_program()).arg("--version").uid(65534).gid(65534).output();
        if !reach.is_ok_and(|done| done.status.success()) {
            eprintln!("skipped: this user writes into read-only folders and cannot become another one");
            return;
        }
        command.uid(65534).gid(65534);
    }
    Done::of(command.output().unwrap()).one_error(2, &[folder.to_str().unwrap(), "ermission"]);
    assert!(tree(&folder).is_empty(), "{:?}", tree(&folder).keys());
}

/// A file system of its own in memory, which can be full.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path, size: &str) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        Self::call("mount", &["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"], at).then(|| Self(at.to_owned()))
    }

    fn grow(&self, size: &str) {
        assert!(Self::call("mount", &["-o", &format!("remount,size={size}")], &self.0));
    }

    fn call(command: &str, args: &[&str], at: &Path) -> bool {
        Command::new(command).args(args).arg(at).output().is_ok_and(|o| o.status.success())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        Self::call("umount", &[], &self.0);
    }
}

/// A disk with no room for a run is bad input: nothing of it stays. A disk that fills up while the run goes on fails
/// the run, whose steps so far stay readable, and which goes on when there is room again.
#[test]
fn a_full_disk_loses_nothing_that_was_written() {
    let text = TINY.replace("steps = 3", "steps = 200\ncheckpoint_every = 10");
    let bench = Bench::new(&text);
    let Some(disk) = Disk::mount(&bench.out, "16k") else {
        eprintln!("skipped: a file system in memory cannot be mounted here");
        return;
    };
    bench.run(&[]).one_error(2, &[bench.out.to_str().unwrap()]);
    assert!(tree(&bench.out).is_empty(), "{:?}", tree(&bench.out).keys());

    disk.grow("900k");
    let failed = bench.run(&[]);
    failed.one_error(3, &[bench.out.to_str().unwrap()]);
    let run = bench.only_run();
    let shown = show(&run);
    let losses = scalar(&shown, "train_loss");
    assert!(!losses.is_empty() && losses.len() < 200, "{} steps fit", losses.len());
    assert_eq!(losses.keys().copied().collect::<Vec<_>>(), (0..losses.len() as u64).collect::<Vec<_>>());

    disk.grow("64m");
    bench.run(&["--resume"]).ok();
    let other = Bench::new(&text);
    assert_same_rows(&export(&run), &export(&other.finished(&[])));
}

/// A checkpoint that does not fit fails the run too: 3 000 x 20 weights with Adam's two moments are 720 kB.
#[test]
fn a_disk_without_room_for_a_checkpoint_fails_the_run() {
    let text = TINY.replace("width = 30", "width = 3000") + "checkpoint_every = 1\n[spectra]\nenabled = false\n";
    let bench = Bench::new(&text);
    let Some(disk) = Disk::mount(&bench.out, "600k") else {
        eprintln!("skipped: a file system in memory cannot be mounted here");
        return;
    };
    bench.run(&[]).one_error(3, &[bench.out.to_str().unwrap(), "checkpoint", "step 1"]);
    let run = bench.only_run();
    assert_eq!(show(&run)["run"]["status"], "failed");
    let left = tree(&run.join("checkpoint"));
    assert!(left.is_empty(), "half a checkpoint: {:?}", left.keys());
    disk.grow("64m");
    bench.run(&["--resume"]).ok();
    assert_same_rows(&export(&run), &export(&Bench::new(&text).finished(&[])));
}

/// The same without a mount: the shell's limit on the size of a file, with its signal ignored, makes writing fail.
#[test]
fn a_write_that_fails_while_the_run_is_made_leaves_nothing() {
    let bench = Bench::new(TINY);
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$@\"", "sh"]);
    let run = bench.command(&[]);
    shell.arg(run.get_program()).args(run.get_args()).env_remove("BURN_DEVICE");
    Done::of(shell.output().unwrap()).one_error(2, &[bench.out.to_str().unwrap()]);
    assert!(tree(&bench.out).is_empty(), "{:?}", tree(&bench.out).keys());
}
