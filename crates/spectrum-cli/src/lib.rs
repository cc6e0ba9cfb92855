//! The binary `spectrum`: command line, progress and exit codes. No science.
//!
//! Exit codes: 0 done, 1 a check did not hold, 2 the input is wrong, 3 the run failed.

mod args;
mod commands;
mod exit;
mod output;
mod progress;
mod runner;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use exit::Failure;

/// Parses the process's arguments and does what they say. The whole program but its allocator.
#[must_use]
pub fn main() -> ExitCode {
    // Burn panics on device faults; the run catches that and says so in one line, so the hook stays silent.
    std::panic::set_hook(Box::new(|_| {}));
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(e) => {
            let _ = e.print();
            return ExitCode::from(if e.use_stderr() { 2 } else { 0 });
        }
    };
    let done = catch_unwind(AssertUnwindSafe(|| dispatch(args))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned())).unwrap_or_default();
        Err(Failure::failed(format!("internal error: {text}")))
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(text) = &failure.text {
                // Names in it may come from files: they end no line early and move no cursor. (TOML's errors have lines.)
                eprintln!("spectrum: {}", text.replace(|c: char| c.is_control() && c != '\n', "\u{fffd}"));
            }
            ExitCode::from(failure.code)
        }
    }
}

fn dispatch(args: Args) -> Result<(), Failure> {
    match args.command {
        Command::Run(a) => commands::run::run(&a),
        Command::Show(a) => commands::show::show(&a),
        Command::Report(a) => commands::report::report(&a),
        Command::Compare(a) => commands::compare::compare(&a),
        Command::Export(a) => commands::export::export(&a),
        Command::Analyze(a) => commands::analyze::analyze(&a),
        Command::Prune(a) => commands::prune::prune(&a),
        Command::Sweep(a) => commands::sweep::sweep(&a),
        Command::Verify(a) => commands::verify::verify(&a),
        Command::Law(a) => commands::law::law(&a.command),
        Command::Data(a) => commands::data::data(&a.command),
        Command::Backends(a) => commands::backends::backends(&a),
    }
}
