//! Runs the binary under test on small configs, and reads what it leaves behind.

// Each test file uses its own part of this module.
#![allow(dead_code, clippy::unwrap_used)]

pub mod npy;
pub mod safetensors;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A two-layer student of a single-index teacher, small enough for a test: three full-batch steps of Adam.
pub const TINY: &str = r#"
name = "tiny"

[data]
kind = "single-index"
n = 60
d = 20
n_test = 40

[model]
kind = "two-layer"
width = 30

[optimizer]
kind = "adam"
lr = 0.1

[training]
steps = 3
"#;

/// This package's folder, asked for when the test runs: a test binary that a shared target directory kept from another
/// checkout would have that one's compiled in.
pub fn package() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
}

/// The program, free of whatever the environment would tell Burn or Spectrum.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spectrum-e2e"));
    command.env_remove("BURN_DEVICE").env_remove("SPECTRUM_DATA").env("COLUMNS", "100");
    command
}

/// Runs the program to its end.
pub fn spectrum<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Done {
    Done::of(program().args(args).output().unwrap())
}

/// How a process ended.
#[derive(Debug)]
pub struct Done {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Done {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Exit 0, whatever was said.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }

    /// This exit code, nothing on standard output, and exactly one line on standard error with all of these words.
    #[track_caller]
    pub fn one_error(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert_eq!(self.stdout, "", "standard output beside the error\n{self:#?}");
        assert_eq!(self.stderr.lines().count(), 1, "not one line\n{self:#?}");
        assert!(self.stderr.ends_with('\n'), "an unfinished line\n{self:#?}");
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` is missing in: {}", self.stderr);
        }
        assert!(!self.stderr.contains("panic"), "{}", self.stderr);
    }

    /// Standard output as one JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}", self.stdout))
    }
}

/// A folder of a test with a config in it; `out` does not exist yet.
pub struct Bench {
    pub dir: TempDir,
    pub config: PathBuf,
    pub out: PathBuf,
}

impl Bench {
    pub fn new(config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let bench = Self { config: dir.path().join("experiment.toml"), out: dir.path().join("runs"), dir };
        fs::write(&bench.config, config).unwrap();
        bench
    }

    /// `spectrum run CONFIG --out OUT --quiet ARGS`, not yet started.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = program();
        command.arg("run").arg(&self.config).arg("--out").arg(&self.out).arg("--quiet").args(args);
        command
    }

    pub fn run(&self, args: &[&str]) -> Done {
        Done::of(self.command(args).output().unwrap())
    }

    /// Runs to the end and returns the run directory, which must be new.
    #[track_caller]
    pub fn finished(&self, args: &[&str]) -> PathBuf {
        let before = self.runs();
        let done = self.run(args).ok();
        assert_eq!((done.stdout.as_str(), done.stderr.as_str()), ("", ""), "--quiet prints nothing");
        let mut new: Vec<_> = self.runs().into_iter().filter(|r| !before.contains(r)).collect();
        assert_eq!(new.len(), 1, "one new run directory");
        new.remove(0)
    }

    /// The run directories there are, sorted.
    pub fn runs(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(&self.out) else { return Vec::new() };
        let mut runs: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
        runs.sort();
        runs
    }

    /// The only run directory.
    #[track_caller]
    pub fn only_run(&self) -> PathBuf {
        let mut runs = self.runs();
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs.remove(0)
    }

    /// The config's file name, as errors show it.
    pub fn config_name(&self) -> &str {
        self.config.to_str().unwrap()
    }
}

/// Name of a path's last component.
pub fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

/// Every file below a folder with its bytes; folders end in `/`. Empty where there is nothing.
pub fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, at: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        let Ok(entries) = fs::read_dir(at) else { return };
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                found.insert(name + "/", Vec::new());
                walk(root, &path, found);
            } else {
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(root, root, &mut found);
    found
}

/// `spectrum show RUN --json`.
#[track_caller]
pub fn show(run: &Path) -> Value {
    spectrum([OsStr::new("show"), run.as_os_str(), OsStr::new("--json")]).ok().json()
}

/// `spectrum export RUN --format jsonl`, as text.
#[track_caller]
pub fn export(run: &Path) -> String {
    let args = [OsStr::new("export"), run.as_os_str(), OsStr::new("--format"), OsStr::new("jsonl")];
    spectrum(args).ok().stdout
}

/// The lines of an export as JSON objects.
pub fn rows(export: &str) -> Vec<Value> {
    export.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

/// Fails at the first line in which two exports differ, rather than with both whole.
#[track_caller]
pub fn assert_same_rows(a: &str, b: &str) {
    assert!(!a.is_empty(), "an export without rows");
    for (k, (x, y)) in a.lines().zip(b.lines()).enumerate() {
        assert_eq!(x, y, "line {}", k + 1);
    }
    assert_eq!(a.lines().count(), b.lines().count(), "one export has more rows");
    assert!(a == b, "the exports differ in their line ends");
}

/// A metric of a matrix, over steps.
pub fn metric(shown: &Value, layer: &str, kind: &str, name: &str) -> BTreeMap<u64, Option<f64>> {
    let of = |r: &&Value| r["layer"] == layer && r["kind"] == kind && r["metric"] == name;
    let records = shown["records"].as_array().unwrap();
    records.iter().filter(of).map(|r| (r["step"].as_u64().unwrap(), r["value"].as_f64())).collect()
}

/// A scalar over steps.
pub fn scalar(shown: &Value, name: &str) -> BTreeMap<u64, Option<f64>> {
    let scalars = shown["scalars"].as_array().unwrap();
    let of = scalars.iter().filter(|s| s["name"] == name);
    of.map(|s| (s["step"].as_u64().unwrap(), s["value"].as_f64())).collect()
}

/// The singular values of a matrix, over steps.
pub fn singular_values(rows: &[Value], layer: &str, kind: &str) -> BTreeMap<u64, Vec<f64>> {
    let of = |r: &&Value| r["table"] == "spectra" && r["layer"] == layer && r["kind"] == kind;
    let values = |r: &Value| r["singular_values"].as_array().unwrap().iter().map(|s| s.as_f64().unwrap()).collect();
    rows.iter().filter(of).map(|r| (r["step"].as_u64().unwrap(), values(r))).collect()
}
