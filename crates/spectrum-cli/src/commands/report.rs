//! `spectrum report`.

use spectrum_report::write_report;
use spectrum_store::RunDirectory;

use crate::args::Report;
use crate::exit::Failure;
use crate::{commands, output};

pub(crate) fn report(args: &Report) -> Result<(), Failure> {
    let runs = args.runs.iter().map(|r| commands::read(r)).collect::<Result<Vec<_>, _>>()?;
    let out = args.out.clone().unwrap_or_else(|| RunDirectory::report_file(&args.runs[0]));
    write_report(&runs, &out).map_err(Failure::input)?;
    output::print(&format!("{}\n", out.display()))
}
