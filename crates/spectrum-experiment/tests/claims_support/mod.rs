//! A runner that writes small run directories with known records, and topics around it.
#![allow(dead_code, missing_docs, clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

use spectrum_core::{Kind, MatrixId, Outcome, Reason, Record, StepRows};
use spectrum_experiment::claims::{ClaimError, Verification, VerifyOptions, verify};
use spectrum_experiment::{Planned, Point, Runner, RunnerError};
use spectrum_store::{Existing, RunDirectory, RunInfo, RunWriter, Status};
use toml::{Table, Value};

/// Writes what `records` says.
pub struct Fake {
    pub out: PathBuf,
    pub ran: Mutex<Vec<String>>,
}

impl Fake {
    pub fn new(out: &Path) -> Self {
        Self { out: out.to_owned(), ran: Mutex::new(Vec::new()) }
    }
}

fn number(p: &Point, key: &str, default: f64) -> f64 {
    let value = p.sets.iter().find(|(k, _)| k == key).map(|(_, v)| v);
    value.and_then(|v| v.as_float().or(v.as_integer().map(|i| i as f64))).unwrap_or(default)
}

/// The records, in closed form, of steps 0 to 4 at rate r, size d and seed s:
///
/// - `alpha_hill` of the weight 2.5 - 0.1 t r + 0.001 s, of the update 1.5; of the weight `alpha_hill_gaussian` 2.5;
/// - `outliers` 1 where r >= 10/d (1 + s/100), else 0;
/// - `frobenius_norm` of the weight 3 d, of the displacement t d^0.5;
/// - `kta` r^2 - 4 r, which falls up to r = 2 and rises from there; `flat` 1 always; `gini` of two layers;
/// - `broken` has a reason; `noisy` is +1 for even seeds and -1 for odd ones; the scalar `test_loss` is 1/(1 + t).
fn rows(p: &Point, step: u64) -> StepRows {
    let (r, d, s) = (number(p, "optimizer.lr", 1.0), number(p, "data.d", 100.0), number(p, "seed", 0.0));
    let t = step as f64;
    let mut rows = StepRows::new(step);
    let mut add = |layer: &str, kind, metric: &str, outcome: Outcome| {
        let id = MatrixId { step, layer: layer.into(), kind, view: "matrix".into() };
        rows.records.push(Record { id, metric: metric.into(), outcome });
    };
    let w = "hidden.weight";
    add(w, Kind::Weight, "alpha_hill", (2.5 - 0.1 * t * r + 0.001 * s).into());
    add(w, Kind::Weight, "alpha_hill_gaussian", 2.5.into());
    add(w, Kind::Weight, "outliers", if step > 0 && r >= 10.0 / d * (1.0 + s / 100.0) { 1.0 } else { 0.0 }.into());
    add(w, Kind::Weight, "frobenius_norm", (3.0 * d).into());
    add(w, Kind::Displacement, "frobenius_norm", (t * d.sqrt()).into());
    add(w, Kind::Weight, "kta", (r * r - 4.0 * r).into());
    add(w, Kind::Weight, "flat", 1.0.into());
    add(w, Kind::Weight, "broken", Reason::BelowFloor.into());
    add(w, Kind::Weight, "noisy", if s % 2.0 == 0.0 { 1.0 } else { -1.0 }.into());
    add(w, Kind::Weight, "gini", 0.1.into());
    add("readout.weight", Kind::Weight, "gini", 0.2.into());
    if step > 0 {
        add(w, Kind::Update, "alpha_hill", 1.5.into());
    }
    rows.scalar("test_loss", 1.0 / (1.0 + t));
    rows
}

impl Runner for Fake {
    fn plan(&self, p: &Point) -> Result<Planned, RunnerError> {
        if !p.config.exists() {
            return Err(RunnerError { text: format!("{}: no such file", p.config.display()), input: true });
        }
        if let Some((key, _)) = p.sets.iter().find(|(k, _)| k.starts_with("bad.")) {
            return Err(RunnerError { text: format!("{}: {key}: unknown key", p.config.display()), input: true });
        }
        let text: Vec<String> = p.sets.iter().filter(|(k, _)| k != "seed").map(|(k, v)| format!("{k}_{v}")).collect();
        let hash = text.join("-").replace('"', "");
        let seed = number(p, "seed", 0.0) as u64;
        Ok(Planned { dir: RunDirectory::path_for(&self.out, "fake", seed, "flex", &hash), hash })
    }

    fn run(&self, p: &Point, progress: &mut dyn FnMut(u64, u64)) -> Result<Planned, RunnerError> {
        let planned = self.plan(p)?;
        let name = planned.dir.file_name().unwrap().to_string_lossy().into_owned();
        self.ran.lock().unwrap().push(name);
        let _one_at_a_time = WRITING.lock().unwrap_or_else(|e| e.into_inner());
        if matches!(RunDirectory::inspect(&planned.dir), Existing::Finished(_)) {
            return Ok(planned);
        }
        if number(p, "optimizer.lr", 1.0) > 1e6 {
            return Err(RunnerError { text: "the loss is not finite at step 3".into(), input: false });
        }
        let mut info = RunInfo { name: "fake".into(), backend: "flex".into(), ..RunInfo::default() };
        let mut config = Table::new();
        for (key, value) in &p.sets {
            let (outer, inner) = key.split_once('.').unwrap_or(("", key));
            match outer {
                "" => drop(config.insert(inner.into(), value.clone())),
                outer => {
                    let table = config.entry(outer).or_insert(Value::Table(Table::new()));
                    table.as_table_mut().unwrap().insert(inner.into(), value.clone());
                }
            }
        }
        let mut writer = RunWriter::create(&planned.dir, &info, &config.to_string()).unwrap();
        for step in 0..=4 {
            writer.write_step(&rows(p, step)).unwrap();
            progress(step, 4);
        }
        info.status = Status::Finished;
        writer.finish(&info).unwrap();
        Ok(planned)
    }
}

static WRITING: Mutex<()> = Mutex::new(());

/// Runs that tests of verdicts share: the same point has the same records.
static SHARED: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

/// Scales and runs that the tests' claims are about.
pub const RUNS: &str = r#"
title = "Test"
[scale.small]
seeds = [0, 1, 2]
[scale.tiny]
seeds = [0, 1]
set = { "data.d" = 50 }
[run.one]
config = "run.toml"
set = { "optimizer.lr" = 1.0 }
[run.half]
config = "run.toml"
set = { "optimizer.lr" = 0.5 }
[run.diverges]
config = "run.toml"
set = { "optimizer.lr" = 1e9 }
[run.rates]
config = "run.toml"
axis = { key = "optimizer.lr", values = [0.5, 1.0, 2.0, 4.0] }
[run.sizes]
config = "run.toml"
axis = { key = "data.d", values = [100, 200, 400, 800] }
[threshold.first]
of = { run = "sizes", metric = "outliers", step = 1 }
min = 1
along = "optimizer.lr"
low = 0.001
high = 1.0
resolution = 0.01
"#;

/// A folder with a topic and its config, and where runs go.
pub struct Bench {
    pub folder: tempfile::TempDir,
    pub fake: Fake,
}

impl Bench {
    pub fn new(claims: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("run.toml"), "name = \"fake\"\n").unwrap();
        std::fs::write(folder.path().join("claims.toml"), format!("{RUNS}{claims}")).unwrap();
        let fake = Fake::new(&folder.path().join("runs"));
        Self { folder, fake }
    }

    /// As `new`, with the runs of other tests.
    pub fn shared(claims: &str) -> Self {
        Self { fake: Fake::new(SHARED.path()), ..Self::new(claims) }
    }

    pub fn options(&self) -> VerifyOptions {
        let out = self.folder.path().join("out");
        VerifyOptions { scale: "small".into(), backend: None, out, jobs: 2, only: Vec::new() }
    }

    pub fn verify(&self) -> Result<Verification, ClaimError> {
        verify(self.folder.path(), &self.fake, &self.options(), &|_| {})
    }
}

/// A claim with one condition.
pub fn claim(id: &str, check: &str) -> String {
    format!(
        "[[claim]]\nid = \"{id}\"\nsays = \"Something.\"\nsource = \"A paper\"\nmark = \"literature\"\n[[claim.check]]\n{check}\n"
    )
}

/// The verdict on one condition.
pub fn holds(check: &str) -> Option<bool> {
    let verification = Bench::shared(&claim("c", check)).verify().unwrap_or_else(|e| panic!("{check}: {e}"));
    verification.claims[0].holds
}

/// Why one condition could not be judged.
pub fn why(check: &str) -> String {
    let verification = Bench::shared(&claim("c", check)).verify().unwrap();
    assert_eq!(verification.claims[0].holds, None, "{}", verification.claims[0].measured);
    assert!(verification.failed());
    verification.claims[0].measured.clone()
}

/// The message about a topic that is wrong.
pub fn refused(claims: &str) -> String {
    let error = Bench::new(claims).verify().unwrap_err();
    assert!(error.is_input(), "{error}");
    error.to_string()
}
