//! A sweep that is killed at any moment and called again leaves the bytes of one that nobody killed.
//!
//! The child is this test binary again, told by an environment variable to run the sweep.
#![allow(clippy::unwrap_used)]

mod sweep_support;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use spectrum_experiment::sweep::{Grid, SweepError, SweepOptions, run};
use sweep_support::{Fake, folder, tables, write};

const CONFIG: &str =
    "name = \"killed\"\n[training]\nsteps = 20\n[sweep]\n\"optimizer.lr\" = [0.1, 1.0, 1e9]\nseed = [0, 1, 2]\n";

fn sweep(config: &Path, out: &Path, pause: u64) -> Result<(), SweepError> {
    let fake = Fake { out: out.to_owned(), pause: Duration::from_millis(pause) };
    let options = SweepOptions { jobs: 2, ..SweepOptions::new(out) };
    run(&Grid::read(config)?, &fake, &options, &mut |_| {}).map(|_| ())
}

/// Not a test: the child's way in.
#[test]
fn child() {
    if let Some(out) = std::env::var_os("SPECTRUM_SWEEP_CHILD") {
        let config = std::env::var_os("SPECTRUM_SWEEP_CONFIG").unwrap();
        sweep(Path::new(&config), Path::new(&out), 3).unwrap();
    }
}

fn spawn(config: &Path, out: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture"]).stdout(Stdio::null());
    command.env("SPECTRUM_SWEEP_CHILD", out).env("SPECTRUM_SWEEP_CONFIG", config).spawn().unwrap()
}

#[test]
fn killed_again_and_again() {
    let temp = tempfile::tempdir().unwrap();
    let config = write(temp.path(), "killed.toml", CONFIG);
    let (killed, whole) = (temp.path().join("killed"), temp.path().join("whole"));
    let (mut x, mut died) = (17u64, 0);
    let start = Instant::now();
    loop {
        x = x * 48271 % 2_147_483_647;
        let mut child = spawn(&config, &killed);
        sleep(Duration::from_millis(20 + x % 100));
        child.kill().unwrap();
        if child.wait().unwrap().success() {
            break;
        }
        died += 1;
        assert!(start.elapsed() < Duration::from_secs(60), "it never ends");
    }
    assert!(died >= 3, "killed {died} times only");
    sweep(&config, &killed, 0).unwrap();
    sweep(&config, &whole, 0).unwrap();
    assert_eq!(tables(&folder(&killed)), tables(&folder(&whole)));
    // Nothing half-written stays.
    let left: Vec<_> = fs::read_dir(folder(&killed)).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|n| !n.to_str().unwrap().ends_with(".tmp")), "{left:?}");
}

#[test]
fn a_second_process_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    let config = write(temp.path(), "killed.toml", CONFIG);
    let out = temp.path().join("runs");
    let mut child = spawn(&config, &out);
    let start = Instant::now();
    while !out.exists() || fs::read_dir(&out).unwrap().count() < 3 {
        assert!(start.elapsed() < Duration::from_secs(30));
        sleep(Duration::from_millis(2));
    }
    let error = sweep(&config, &out, 0).unwrap_err();
    child.kill().unwrap();
    child.wait().unwrap();
    let expected = format!("{}: this sweep is already running (process {})", folder(&out).display(), child.id());
    assert_eq!(error.to_string(), expected);
    assert!(error.is_input());
    sweep(&config, &out, 0).unwrap();
}
