//! Points of an experiment, run by `spectrum-train`.

use std::path::PathBuf;

use spectrum_experiment::{Planned, Point, Runner, RunnerError};
use spectrum_report::{RunData, write_report};
use spectrum_store::RunDirectory;
use spectrum_train::{Config, ConfigSource, Override, RunOptions, TrainError};
use toml::Value;

/// Runs points in this process, into one folder.
pub(crate) struct TrainRunner {
    pub out: PathBuf,
}

fn failure(point: &Point, e: &TrainError) -> RunnerError {
    let text = if e.is_about_a_key() { format!("{}: {e}", point.config.display()) } else { e.to_string() };
    RunnerError { text, input: e.is_input() }
}

impl TrainRunner {
    fn resolve(&self, point: &Point) -> Result<(Config, Planned), TrainError> {
        let sets: Vec<Override> = point.sets.iter().map(|(key, value)| Override::new(key, value.clone())).collect();
        let config = ConfigSource::read(&point.config)?.resolve(&sets)?;
        let hash = config.hash()?;
        let dir = RunDirectory::path_for(&self.out, &config.name, config.seed, &config.backend, &hash);
        Ok((config, Planned { dir, hash }))
    }
}

impl Runner for TrainRunner {
    fn plan(&self, point: &Point) -> Result<Planned, RunnerError> {
        self.resolve(point).map(|(_, planned)| planned).map_err(|e| failure(point, &e))
    }

    fn run(&self, point: &Point, progress: &mut dyn FnMut(u64, u64)) -> Result<Planned, RunnerError> {
        let (config, planned) = self.resolve(point).map_err(|e| failure(point, &e))?;
        let options = RunOptions { out: self.out.clone(), resume: true, ..RunOptions::default() };
        let finished = spectrum_train::run(&config, &options, &mut |p| progress(p.step, p.total));
        let finished = finished.map_err(|e| failure(point, &e))?;
        let report = RunDirectory::report_file(&finished.dir);
        if !finished.found || !report.exists() {
            let written = RunData::read(&finished.dir).and_then(|data| write_report(&[data], &report));
            written.map_err(|e| RunnerError { text: e.to_string(), input: false })?;
        }
        Ok(planned)
    }
}

/// `--set` and `--backend` as a point has them.
pub(crate) fn sets(args: &[String], backend: Option<&String>) -> Result<Vec<(String, Value)>, String> {
    let mut out = Vec::new();
    for arg in args {
        let (key, value) = arg.split_once('=').ok_or_else(|| format!("--set {arg}: expected KEY=VALUE"))?;
        let parsed = format!("v = {value}").parse::<toml::Table>().ok().and_then(|mut t| t.remove("v"));
        out.push((key.trim().to_owned(), parsed.unwrap_or_else(|| Value::String(value.to_owned()))));
    }
    out.extend(backend.map(|b| ("backend".to_owned(), Value::String(b.clone()))));
    Ok(out)
}
