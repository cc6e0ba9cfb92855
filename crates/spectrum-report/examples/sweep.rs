//! Writes the page of made-up sweeps into the folder given (default: the system's temporary folder), to look at it without
//! training anything: `cargo run -p spectrum-report --example sweep -- pages`.
//! With run directories after the folder, reports those as a sweep over `optimizer.lr` and `seed`.

#[path = "../tests/common/mod.rs"]
mod common;

use std::error::Error;
use std::path::{Path, PathBuf};

use spectrum_report::{RunData, SweepPoint, write_sweep_report};

/// A point whose keys are read from the run's own config.
fn point(dir: &Path) -> Result<SweepPoint, Box<dyn Error>> {
    let run = RunData::read_numbers(dir)?;
    let config: toml::Table = run.config.parse()?;
    let rate = config.get("optimizer").and_then(|o| o.get("lr")).and_then(toml::Value::as_float);
    let keys = [("optimizer.lr", rate.into()), ("seed", run.info.seed.into())];
    let keys = keys.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
    let (status, reason) = (run.info.status.to_string(), run.info.message.clone());
    Ok(SweepPoint { keys, run: Some(run), status, reason })
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut given = std::env::args_os().skip(1).map(PathBuf::from);
    let folder = given.next().unwrap_or_else(std::env::temp_dir);
    std::fs::create_dir_all(&folder)?;
    let dirs: Vec<PathBuf> = given.collect();
    if !dirs.is_empty() {
        let points = dirs.iter().map(|d| point(d)).collect::<Result<Vec<_>, _>>()?;
        return Ok(write_sweep_report(&points, &folder.join("sweep.html"))?);
    }
    write_sweep_report(&common::sweep::rates(), &folder.join("rates.html"))?;
    Ok(write_sweep_report(&common::sweep::three_keys(), &folder.join("three-keys.html"))?)
}
