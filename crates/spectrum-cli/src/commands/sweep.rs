//! `spectrum sweep`.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use serde_json::Value;
use spectrum_experiment::sweep::slurm::{Slurm, SlurmOptions};
use spectrum_experiment::sweep::{
    self, Event, Grid, PointStatus, Progress, Sweep as Done, SweepError, SweepOptions, slurm,
};
use spectrum_report::{RunData, SweepPoint, write_sweep_report};

use crate::args::Sweep;
use crate::exit::Failure;
use crate::output;
use crate::runner::{TrainRunner, sets};

fn failure(e: &SweepError) -> Failure {
    if e.is_input() { Failure::input(e) } else { Failure::failed(e) }
}

pub(crate) fn sweep(args: &Sweep) -> Result<(), Failure> {
    let sets = sets(&args.sets, args.backend.as_ref()).map_err(Failure::input)?;
    let grid = Grid::read(&args.config).and_then(|g| g.with_sets(sets)).map_err(|e| failure(&e))?;
    let runner = TrainRunner { out: args.out.clone() };
    if let Some(index) = args.point {
        return point(&grid, index, &runner);
    }
    let options = SweepOptions { jobs: args.jobs.max(1), ..SweepOptions::new(&args.out) };
    let mut reporter = Reporter::new(args.quiet || args.json);
    let mut progress = |p: &Progress| reporter.at(p);
    let done = match (args.collect, args.engine.as_str()) {
        (true, _) => sweep::collect(&grid, &runner, &args.out),
        (false, "local") => sweep::run(&grid, &runner, &options, &mut progress),
        (false, "slurm") => {
            let flags = SlurmOptions {
                partition: args.partition.clone(),
                time: args.time.clone(),
                gpus: args.gpus.clone(),
                cpus: args.cpus.clone(),
                memory: args.memory.clone(),
                sbatch: args.sbatch.clone(),
                ..SlurmOptions::default()
            };
            let program = std::env::current_exe().map_err(|e| Failure::failed(format!("this program's path: {e}")))?;
            let slurm = Slurm {
                arguments: arguments(args),
                ..Slurm::new(program, flags.or(grid.slurm_options().map_err(|e| failure(&e))?))
            };
            slurm::run(&grid, &runner, &options, &slurm, &mut progress)
        }
        (false, other) => return Err(Failure::input(format!("--engine: found `{other}`, expected local, slurm"))),
    };
    let done = done.map_err(|e| failure(&e))?;
    report(&done)?;
    finish(args, &done)
}

/// What a task needs beside the config.
fn arguments(args: &Sweep) -> Vec<String> {
    let sets = args.sets.iter().flat_map(|s| ["--set".to_owned(), s.clone()]);
    sets.chain(args.backend.iter().flat_map(|b| ["--backend".to_owned(), b.clone()])).collect()
}

/// One point, as a task of a job: exit 3 when it does not finish.
fn point(grid: &Grid, index: usize, runner: &TrainRunner) -> Result<(), Failure> {
    let (status, error) = sweep::run_point(grid, index, runner, &mut |_, _| {}).map_err(|e| failure(&e))?;
    match status {
        PointStatus::Finished => Ok(()),
        other => Err(Failure::failed(format!("{}: {other}: {}", grid.label(index), error.unwrap_or_default()))),
    }
}

/// The page of the sweep, beside its tables.
fn report(done: &Done) -> Result<(), Failure> {
    let points: Vec<SweepPoint> = done
        .points
        .iter()
        .map(|p| SweepPoint {
            keys: p.values.iter().map(|(k, v)| (k.clone(), serde_json::to_value(v).unwrap_or(Value::Null))).collect(),
            run: (p.status != PointStatus::Pending).then(|| RunData::read_numbers(&p.dir).ok()).flatten(),
            status: p.status.to_string(),
            reason: p.error.clone(),
        })
        .collect();
    write_sweep_report(&points, &done.folder.join("report.html")).map_err(Failure::failed)
}

fn finish(args: &Sweep, done: &Done) -> Result<(), Failure> {
    let open = done.unfinished().count();
    if args.json {
        let text = std::fs::read_to_string(done.folder.join("table.json")).map_err(Failure::failed)?;
        output::json(&serde_json::from_str(&text).map_err(Failure::failed)?)?;
    } else if !args.quiet {
        let mut text = format!("{} points over {}", done.points.len(), done.keys.join(", "));
        text.push_str(&format!(": {} done before, {open} without a complete run\n", done.found));
        for p in done.unfinished().take(20) {
            let values: Vec<String> = p.values.iter().map(|(k, v)| format!("{k} = {v}")).collect();
            let why = p.error.as_deref().map(|e| format!(": {e}")).unwrap_or_default();
            text.push_str(&format!("  {}  {}{why}\n", p.status, values.join(", ")));
        }
        text.push_str(&format!(
            "\ntables  {}\nreport  {}\n",
            done.folder.display(),
            done.folder.join("report.html").display()
        ));
        output::print(&text)?;
    }
    match open {
        0 => Ok(()),
        n => Err(Failure::failed(format!("{n} points have no complete run; the same command tries them again"))),
    }
}

/// Lines on standard error: each point's end, and now and then how far the grid is.
struct Reporter {
    quiet: bool,
    terminal: bool,
    said: Option<Instant>,
}

impl Reporter {
    fn new(quiet: bool) -> Self {
        Self { quiet, terminal: std::io::stderr().is_terminal(), said: None }
    }

    /// Time between lines that nothing happened for: a person waits, a log is read later.
    fn every(&self) -> Duration {
        Duration::from_secs(if self.terminal { 2 } else { 10 })
    }

    fn at(&mut self, p: &Progress) {
        if self.quiet {
            return;
        }
        let left = p.left.map(|d| format!(", {:.0} s left", d.as_secs_f64())).unwrap_or_default();
        match &p.event {
            Some(Event::Ended { label, status, error, .. }) => {
                let why = error.as_deref().map(|e| format!(": {e}")).unwrap_or_default();
                eprintln!("{}/{}  {status}  {label}{why}{left}", p.done + p.failed, p.total);
            }
            Some(Event::Said(text)) => eprintln!("{text}"),
            None if self.said.is_none_or(|t| t.elapsed() > self.every()) => {
                let running: Vec<String> =
                    p.running.iter().map(|r| format!("{} {}/{}", r.label, r.step, r.steps)).collect();
                eprintln!("{}/{}  running: {}{left}", p.done + p.failed, p.total, running.join("; "));
                self.said = Some(Instant::now());
            }
            None => {}
        }
    }
}
