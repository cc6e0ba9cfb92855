//! `spectrum verify`.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use spectrum_experiment::claims::{self, VerifyOptions, VerifyProgress};

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
    match verified.run_failures.len() {
        0 if verified.failed() => Err(Failure::check()),
        0 => Ok(()),
        n => Err(Failure::failed(format!("{n} runs failed; the table names them"))),
    }
}
