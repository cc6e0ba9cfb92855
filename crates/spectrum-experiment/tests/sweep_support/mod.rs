//! A runner that trains nothing: it writes small run directories whose numbers follow from the config. Its resume is the
//! store's, so that what a sweep makes of killed runs is tested for real.
#![allow(dead_code, clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use sha2::{Digest, Sha256};
use spectrum_core::{Kind, MatrixId, Outcome, Reason, Record, StepRows};
use spectrum_experiment::{Planned, Point, Runner, RunnerError};
use spectrum_store::{Existing, RunDirectory, RunInfo, RunReader, RunWriter, Status};
use toml::{Table, Value};

/// Writes runs into `out`, `pause` a step.
pub struct Fake {
    pub out: PathBuf,
    pub pause: Duration,
}

struct Resolved {
    name: String,
    seed: i64,
    rate: f64,
    steps: u64,
    fake: Table,
    text: String,
    hash: String,
}

fn input(text: String) -> RunnerError {
    RunnerError { text, input: true }
}

fn failed(text: String) -> RunnerError {
    RunnerError { text, input: false }
}

fn float(table: Option<&Value>, key: &str) -> Option<f64> {
    let value = table?.get(key)?;
    value.as_float().or_else(|| value.as_integer().map(|n| n as f64))
}

impl Fake {
    pub fn new(out: &Path) -> Self {
        Self { out: out.to_owned(), pause: Duration::ZERO }
    }

    fn resolve(&self, point: &Point) -> Result<Resolved, RunnerError> {
        let file = point.config.display().to_string();
        let text = fs::read_to_string(&point.config).map_err(|e| input(format!("{file}: {e}")))?;
        let mut table: Table = text.parse().map_err(|e| input(format!("{file}: {e}")))?;
        for (key, value) in &point.sets {
            let mut at = &mut table;
            let parts: Vec<&str> = key.split('.').collect();
            for part in &parts[..parts.len() - 1] {
                at = at.entry(*part).or_insert_with(|| Value::Table(Table::new())).as_table_mut().unwrap();
            }
            at.insert(parts[parts.len() - 1].to_owned(), value.clone());
        }
        table.remove("sweep");
        table.remove("slurm");
        let known =
            ["name", "seed", "backend", "precision", "data", "model", "optimizer", "training", "spectra", "fake"];
        if let Some(key) = table.keys().find(|k| !known.contains(&k.as_str())) {
            return Err(input(format!("{file}: {key}: unknown key")));
        }
        let rate = float(table.get("optimizer"), "lr").unwrap_or(1.0);
        if rate < 0.0 {
            return Err(input(format!("{file}: optimizer.lr: must not be negative, found {rate}")));
        }
        let steps = table.get("training").and_then(|t| t.get("steps")).and_then(Value::as_integer).unwrap_or(4);
        let name = table.get("name").and_then(Value::as_str).unwrap_or("unnamed").to_owned();
        let seed = table.get("seed").and_then(Value::as_integer).unwrap_or(0);
        let fake = table.get("fake").and_then(Value::as_table).cloned().unwrap_or_default();
        table.remove("seed");
        table.remove("backend");
        // As workers in a real config: a key that decides no number.
        if let Some(Value::Table(t)) = table.get_mut("spectra") {
            t.remove("workers");
        }
        let text = toml::to_string(&table).unwrap();
        let hash = Sha256::digest(text.as_bytes()).iter().take(4).map(|b| format!("{b:02x}")).collect();
        Ok(Resolved { name, seed, rate, steps: steps as u64, fake, text, hash })
    }
}

/// The rows of a step: any function of rate, seed and step will do.
fn rows(r: &Resolved, t: u64) -> StepRows {
    let x = (1.0 + r.rate) * (1.0 + r.seed as f64 / 7.0) / (t as f64 + 1.0);
    let mut rows = StepRows::new(t);
    rows.scalar("train_loss", x);
    rows.scalar("test_loss", x.sqrt());
    if t == 0 {
        rows.scalar("linear_test_loss", 0.5);
    }
    for (kind, first) in [(Kind::Weight, 0), (Kind::Update, 1)] {
        if t < first {
            continue;
        }
        let id = MatrixId { step: t, layer: "hidden.weight".into(), kind, view: "positions[1,2]".into() };
        for (metric, outcome) in [
            ("alpha_hill", Outcome::Value(2.0 + x)),
            ("shape_class", Outcome::Value(1.0)),
            ("xmin", Outcome::Value(x * x)),
            (
                "alpha",
                if r.rate > 0.5 { Outcome::Value(x) } else { Reason::TooFewValues { found: 3, needed: 10 }.into() },
            ),
        ] {
            rows.records.push(Record { id: id.clone(), metric: metric.into(), outcome });
        }
    }
    rows
}

impl Runner for Fake {
    fn plan(&self, point: &Point) -> Result<Planned, RunnerError> {
        let r = self.resolve(point)?;
        let dir = RunDirectory::path_for(&self.out, &r.name, r.seed as u64, "flex", &r.hash);
        Ok(Planned { dir, hash: r.hash })
    }

    fn run(&self, point: &Point, progress: &mut dyn FnMut(u64, u64)) -> Result<Planned, RunnerError> {
        let r = self.resolve(point)?;
        let planned = self.plan(point)?;
        let dir = &planned.dir;
        let wrong = |e: spectrum_store::StoreError| failed(e.to_string());
        // Points of one seed fail: before they leave anything, by a panic, or at a step.
        let is = |key: &str| r.fake.get(key).and_then(Value::as_integer) == Some(r.seed);
        // An obstacle that a person removes: while the file is there, the point fails.
        let obstacle = r.fake.get("obstacle").and_then(Value::as_str).is_some_and(|f| Path::new(f).exists());
        if is("refuse_seed") && obstacle {
            return Err(failed("data set moons: not on this machine".into()));
        }
        if is("panic_seed") && obstacle {
            panic!("index out of bounds");
        }
        let info = RunInfo { name: r.name.clone(), seed: r.seed as u64, backend: "flex".into(), ..RunInfo::default() };
        let mut writer = match RunDirectory::inspect(dir) {
            Existing::Finished(_) => return Ok(planned),
            Existing::Absent => RunWriter::create(dir, &info, &r.text).map_err(wrong)?,
            Existing::Unfinished(_) => match RunReader::open(dir).and_then(|x| x.last_step()).map_err(wrong)? {
                // One step is done twice, as after a checkpoint.
                Some(last) => RunWriter::resume(dir, last.saturating_sub(1), &info).map_err(wrong)?,
                None => RunWriter::restart(dir, &info, &r.text).map_err(wrong)?,
            },
            Existing::Running { .. } => return Err(failed(format!("{}: this run is already running", dir.display()))),
            Existing::Foreign(e) => return Err(wrong(e)),
        };
        for t in writer.last_step().map_or(0, |s| s + 1)..=r.steps {
            progress(t, r.steps);
            let ends = |status, why: &str| {
                let message = format!("{}: {why} at step {t}", dir.display());
                (RunInfo { status, message: Some(message.clone()), ..info.clone() }, message)
            };
            if is("fail_seed") && obstacle && t == 2 {
                let (info, message) = ends(Status::Failed, "the run failed");
                writer.finish(&info).map_err(wrong)?;
                return Err(failed(message));
            }
            if r.rate > 1e3 && t == 2 {
                let mut last = StepRows::new(t);
                last.scalar("train_loss", f64::INFINITY);
                writer.write_step(&last).map_err(wrong)?;
                let (info, message) = ends(Status::Diverged, "the run diverged");
                writer.finish(&info).map_err(wrong)?;
                return Err(failed(message));
            }
            writer.write_step(&rows(&r, t)).map_err(wrong)?;
            sleep(self.pause);
        }
        writer.finish(&RunInfo { status: Status::Finished, steps_done: r.steps, ..info }).map_err(wrong)?;
        Ok(planned)
    }
}

pub const TABLES: [&str; 5] = ["sweep.toml", "table.csv", "table.json", "steps.csv", "summary.csv"];

/// The bytes of a sweep's files.
pub fn tables(folder: &Path) -> Vec<String> {
    TABLES.iter().map(|name| fs::read_to_string(folder.join(name)).unwrap()).collect()
}

/// The one sweep's folder in `out`.
pub fn folder(out: &Path) -> PathBuf {
    let mut found: Vec<PathBuf> = fs::read_dir(out).unwrap().map(|e| e.unwrap().path()).collect();
    found.retain(|p| p.file_name().unwrap().to_str().unwrap().contains("-sweep-"));
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

pub fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let file = folder.join(name);
    fs::write(&file, text).unwrap();
    file
}
