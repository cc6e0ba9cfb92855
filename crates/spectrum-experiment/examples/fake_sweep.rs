//! A stand-in for `spectrum sweep` that trains nothing, for tests of the engines:
//!
//! ```text
//! fake_sweep sweep CONFIG [--out DIR] [--jobs N] [--engine slurm] [--partition P] [--time T] [--point INDEX]
//! ```
//!
//! `SPECTRUM_FAKE_PAUSE` is the length of a step in milliseconds.
#![allow(clippy::unwrap_used)]

#[path = "../tests/sweep_support/mod.rs"]
mod sweep_support;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use spectrum_experiment::sweep::slurm::{self, Slurm, SlurmOptions};
use spectrum_experiment::sweep::{Event, Grid, PointStatus, Progress, SweepError, SweepOptions, run, run_point};

fn main() -> ExitCode {
    match sweep() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(3),
        Err(e) => {
            eprintln!("fake_sweep: {e}");
            ExitCode::from(if e.is_input() { 2 } else { 3 })
        }
    }
}

fn sweep() -> Result<bool, SweepError> {
    let args: Vec<String> = std::env::args().skip(2).collect();
    let flag = |name: &str| args.iter().position(|a| a == name).map(|i| args[i + 1].clone());
    let out = PathBuf::from(flag("--out").unwrap_or("runs".into()));
    let pause = std::env::var("SPECTRUM_FAKE_PAUSE").map_or(0, |p| p.parse().unwrap());
    let runner = sweep_support::Fake { out: out.clone(), pause: Duration::from_millis(pause) };
    let grid = Grid::read(&PathBuf::from(&args[0]))?;
    if let Some(point) = flag("--point") {
        let (status, error) = run_point(&grid, point.parse().unwrap(), &runner, &mut |_, _| {})?;
        if let Some(error) = error {
            eprintln!("fake_sweep: {error}");
        }
        return Ok(status == PointStatus::Finished);
    }
    let options = SweepOptions { jobs: flag("--jobs").map_or(1, |j| j.parse().unwrap()), ..SweepOptions::new(out) };
    let mut progress = |p: &Progress| match &p.event {
        Some(Event::Said(text)) => eprintln!("{text}"),
        Some(Event::Ended { label, status, error, .. }) => {
            eprintln!("{}/{}  {label}: {status} {}", p.done, p.total, error.as_deref().unwrap_or_default());
        }
        None => {}
    };
    let swept = if flag("--engine").as_deref() == Some("slurm") {
        let flags = SlurmOptions { partition: flag("--partition"), time: flag("--time"), ..SlurmOptions::default() };
        let program = std::env::current_exe().unwrap();
        let slurm = Slurm::new(program, flags.or(grid.slurm_options()?));
        slurm::run(&grid, &runner, &options, &slurm, &mut progress)?
    } else {
        run(&grid, &runner, &options, &mut progress)?
    };
    println!("{}", swept.folder.display());
    Ok(swept.unfinished().count() == 0)
}
