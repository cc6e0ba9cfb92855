//! `spectrum run`.

use spectrum_report::{show, write_report};
use spectrum_store::RunDirectory;
use spectrum_train::{ConfigSource, Override, RunOptions, TrainError};

use crate::args::Run;
use crate::exit::Failure;
use crate::progress::Reporter;
use crate::{commands, output};

fn failure(args: &Run, e: &TrainError) -> Failure {
    let text = if e.is_about_a_key() { format!("{}: {e}", args.config.display()) } else { e.to_string() };
    if e.is_input() { Failure::input(text) } else { Failure::failed(text) }
}

pub(crate) fn run(args: &Run) -> Result<(), Failure> {
    let mut overrides =
        args.sets.iter().map(|s| s.parse()).collect::<Result<Vec<Override>, _>>().map_err(Failure::input)?;
    overrides.extend(args.backend.as_ref().map(|b| Override::new("backend", b.clone())));
    overrides.extend(args.seed.map(|s| Override::new("seed", s)));
    let config = ConfigSource::read(&args.config).and_then(|c| c.resolve(&overrides)).map_err(|e| failure(args, &e))?;
    let options = RunOptions { out: args.out.clone(), resume: args.resume, force: args.force, tensors: args.tensors };
    let mut reporter = Reporter::new(args.quiet || args.json);
    let finished = spectrum_train::run(&config, &options, &mut |p| reporter.at(p));
    reporter.done();
    let finished = finished.map_err(|e| {
        // What was kept of a run that failed is worth a look.
        if let Some(data) = e.run_directory().and_then(|dir| commands::read(dir).ok()) {
            let _ = write_report(std::slice::from_ref(&data), &RunDirectory::report_file(&data.dir));
        }
        failure(args, &e)
    })?;
    let data = commands::read(&finished.dir)?;
    let report = RunDirectory::report_file(&finished.dir);
    if !finished.found || !report.exists() {
        write_report(std::slice::from_ref(&data), &report).map_err(Failure::failed)?;
    }
    if args.json {
        return output::json(&show::json(&data));
    }
    if args.quiet {
        return Ok(());
    }
    let found = if finished.found { "This run was done before; --force repeats it.\n" } else { "" };
    output::print(&format!(
        "{}\n{found}run     {}\nreport  {}\n",
        show::tables(&data, output::width()),
        finished.dir.display(),
        report.display()
    ))
}
