//! Run directories that are not a run, of another version, damaged, or busy.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use spectrum_store::{Existing, RunDirectory};

use crate::common::{Bench, Done, TINY, name, spectrum, tree};

/// `PRAGMA user_version` is a big-endian 32-bit number at byte 60 of an SQLite file.
const USER_VERSION: std::ops::Range<usize> = 60..64;

/// `spectrum COMMAND RUN REST`.
fn on(command: &str, run: &Path, rest: &[&str]) -> Done {
    spectrum([OsStr::new(command), run.as_os_str()].into_iter().chain(rest.iter().map(OsStr::new)))
}

/// Every command that reads a run refuses this one in one line with these words.
#[track_caller]
fn unreadable(run: &Path, words: &[&str]) {
    on("show", run, &[]).one_error(2, words);
    on("show", run, &["--json"]).one_error(2, words);
    on("report", run, &[]).one_error(2, words);
    on("export", run, &["--format", "jsonl"]).one_error(2, words);
    on("compare", run, &[run.to_str().unwrap()]).one_error(2, words);
}

#[test]
fn a_run_of_another_schema_version_is_left_alone() {
    let bench = Bench::new(TINY);
    let run = bench.finished(&[]);
    let database = run.join("run.sqlite");
    let mut bytes = fs::read(&database).unwrap();
    assert_eq!(bytes[USER_VERSION], 1_u32.to_be_bytes(), "the version's place in the file");
    bytes[USER_VERSION].copy_from_slice(&7_u32.to_be_bytes());
    fs::write(&database, bytes).unwrap();
    let before = tree(&run);

    let words = ["run.sqlite", "schema version 7", "version 1"];
    unreadable(&run, &words);
    // Not even --force throws away what this program cannot read.
    for args in [&[][..], &["--resume"], &["--force"]] {
        bench.run(args).one_error(2, &words);
    }
    assert_eq!(tree(&run), before);
}

#[test]
fn a_folder_that_is_no_run_is_left_alone() {
    let bench = Bench::new(TINY);
    let run = bench.finished(&[]);
    fs::remove_dir_all(&run).unwrap();
    fs::create_dir(&run).unwrap();
    fs::write(run.join("thesis.tex"), "not a run").unwrap();
    for args in [&[][..], &["--resume"], &["--force"]] {
        bench.run(args).one_error(2, &[run.to_str().unwrap(), "not a Spectrum run"]);
    }
    assert_eq!(tree(&run).into_keys().collect::<Vec<_>>(), ["thesis.tex"]);
    unreadable(&run, &[run.to_str().unwrap()]);
    let nowhere = bench.dir.path().join("nowhere");
    unreadable(&nowhere, &[nowhere.to_str().unwrap(), "no run directory"]);
}

#[test]
fn a_damaged_database_is_refused() {
    let bench = Bench::new(TINY);
    let run = bench.finished(&[]);
    let database = run.join("run.sqlite");
    let whole = fs::read(&database).unwrap();
    let spoilt: [(&[u8], &str); 4] = [
        (&whole[..whole.len() / 2 + 100], "run.sqlite"),
        (&whole[..50], "run.sqlite"),
        (b"", "empty"),
        (b"this is a text file, long enough to be looked at as a database of a hundred bytes or more, which it is not", "no SQLite"),
    ];
    for (bytes, word) in spoilt {
        fs::write(&database, bytes).unwrap();
        unreadable(&run, &[run.to_str().unwrap(), word]);
        bench.run(&[]).one_error(2, &[run.to_str().unwrap(), word]);
    }
}

#[test]
fn an_export_format_that_is_none_is_refused() {
    let bench = Bench::new(TINY);
    let run = bench.finished(&[]);
    on("export", &run, &["--format", "xml"]).one_error(2, &["xml", "jsonl", "csv", "parquet"]);
    let file = bench.dir.path().join("file");
    fs::write(&file, "").unwrap();
    let below = file.join("rows.jsonl");
    let out = ["--format", "jsonl", "--out", below.to_str().unwrap()];
    on("export", &run, &out).one_error(2, &[below.to_str().unwrap()]);
    on("report", &run, &["--out", below.to_str().unwrap()]).one_error(2, &[below.to_str().unwrap()]);
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_run_that_is_already_running_is_refused() {
    let bench = Bench::new(&TINY.replace("steps = 3", "steps = 1000000"));
    let mut first = bench.command(&[]);
    let first = Running(first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let start = Instant::now();
    let running = || bench.runs().iter().any(|r| matches!(RunDirectory::inspect(r), Existing::Running { .. }));
    while !running() {
        assert!(start.elapsed() < Duration::from_secs(20), "the first process never began");
        sleep(Duration::from_millis(20));
    }
    let run = bench.only_run();
    let pid = format!("process {}", first.0.id());
    for args in [&[][..], &["--resume"], &["--force"]] {
        bench.run(args).one_error(2, &[&name(&run), "already running", &pid]);
    }
    // Reading is allowed meanwhile.
    assert!(on("show", &run, &[]).ok().stdout.contains("running"));
    drop(first);
    assert!(matches!(RunDirectory::inspect(&run), Existing::Unfinished(_)), "a killed process holds nothing");
}
