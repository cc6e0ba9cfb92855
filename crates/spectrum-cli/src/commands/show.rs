//! `spectrum show`.

use spectrum_report::show;

use crate::args::Show;
use crate::exit::Failure;
use crate::{commands, output};

pub(crate) fn show(args: &Show) -> Result<(), Failure> {
    let data = commands::read(&args.run)?;
    if args.json { output::json(&show::json(&data)) } else { output::print(&show::tables(&data, output::width())) }
}
