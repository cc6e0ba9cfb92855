//! `spectrum verify`.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use spectrum_experiment::claims::{self, FigureOptions, VerifyOptions, VerifyProgress};

use crate::args::Verify;
use crate::exit::Failure;
use crate::output;
use crate::runner::TrainRunner;

/// Time between lines of progress.
const EVERY: Duration = Duration::from_secs(5);

pub(crate) fn verify(args: &Verify) -> Result<(), Failure> {
    let runner = TrainRunner { out: args.out.clone() };
    let options = VerifyOptions {
        scale: args.scale.clone(),
        backend: args.backend.clone(),
        out: args.out.clone(),
        jobs: args.jobs.max(1),
        only: args.only.clone(),
    };
    if let Some(out) = &args.figures {
        // Tried before hours of runs, not after them.
        std::fs::create_dir_all(out).map_err(|e| Failure::input(format!("{}: {e}", out.display())))?;
    }
    let said = Mutex::new(Instant::now());
    let progress = |p: VerifyProgress<'_>| {
        let Ok(mut said) = said.lock() else { return };
        if !args.quiet && !args.json && said.elapsed() >= EVERY {
            *said = Instant::now();
            eprintln!("{} of {} runs  {} {}/{}", p.done, p.runs, p.run, p.step, p.steps);
        }
    };
    let verified = claims::verify(&args.topic, &runner, &options, &progress)
        .map_err(|e| if e.is_input() { Failure::input(e) } else { Failure::failed(e) })?;
    if args.json {
        output::json(&verified.json())?;
    } else if !args.quiet {
        output::print(&verified.table(output::width()))?;
    }
    if let Some(out) = &args.figures {
        let options = FigureOptions {
            scale: args.scale.clone(),
            backend: args.backend.clone(),
            out: out.clone(),
            run_missing: Some(args.jobs.max(1)),
        };
        let figures = claims::draw_figures(&args.topic, &runner, &options, &progress)
            .map_err(|e| if e.is_input() { Failure::input(e) } else { Failure::failed(e) })?;
        if !args.quiet {
            for (file, there, wanted) in &figures.partial {
                eprintln!("{file}: {there} of {wanted} numbers are there");
            }
            for (file, why) in &figures.left_out {
                eprintln!("{file}: not drawn: {why}");
            }
            eprintln!("{} figures in {}", figures.drawn.len(), out.display());
        }
    }
    match verified.run_failures.len() {
        0 if verified.failed() => Err(Failure::check()),
        0 => Ok(()),
        n => Err(Failure::failed(format!("{n} runs failed; the table names them"))),
    }
}
