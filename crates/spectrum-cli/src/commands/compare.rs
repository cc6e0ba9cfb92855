//! `spectrum compare`.

use spectrum_report::compare::compare as against;

use crate::args::Compare;
use crate::exit::Failure;
use crate::{commands, output};

pub(crate) fn compare(args: &Compare) -> Result<(), Failure> {
    let comparison = against(&commands::read(&args.a)?, &commands::read(&args.b)?);
    if args.json {
        output::json(&comparison.json())?;
    } else {
        output::print(&comparison.table(output::width()))?;
    }
    if comparison.holds { Ok(()) } else { Err(Failure::check()) }
}
