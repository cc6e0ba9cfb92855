//! `spectrum export`.

use std::io::ErrorKind;

use spectrum_store::{Format, RunReader, StoreError, export as write, export_jsonl};

use crate::args::Export;
use crate::exit::Failure;
use crate::output;

pub(crate) fn export(args: &Export) -> Result<(), Failure> {
    let format: Format = args.format.parse().map_err(Failure::input)?;
    let reader = RunReader::open(&args.run).map_err(Failure::input)?;
    match (&args.out, format) {
        (None, Format::Jsonl) => match export_jsonl(&reader, std::io::stdout().lock()) {
            Err(e) if closed_pipe(&e) => Ok(()),
            done => done.map_err(Failure::failed),
        },
        (out, _) => {
            let dest = out.clone().unwrap_or_else(|| args.run.join("export"));
            let files = write(&reader, format, &dest).map_err(Failure::input)?;
            files.iter().try_for_each(|f| output::print(&format!("{}\n", f.display())))
        }
    }
}

fn closed_pipe(e: &StoreError) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(e);
    while let Some(c) = cause {
        if c.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == ErrorKind::BrokenPipe) {
            return true;
        }
        cause = c.source();
    }
    false
}
