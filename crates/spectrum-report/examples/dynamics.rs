//! Writes the reports of made-up runs with the pictures of spectral dynamics into the folder given (default: the system's
//! temporary folder): `cargo run -p spectrum-report --example dynamics -- pages`.

#[path = "../tests/common/mod.rs"]
mod common;

use std::error::Error;
use std::path::PathBuf;

use common::dynamics::{Plan, deep, grokking, run};
use spectrum_report::{show, write_report};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    let decay = run(&grokking());
    let plain = run(&Plan { decay: false, fractions: &[0.5], ..grokking() });
    print!("{}", show::tables(&decay, 110));
    write_report(std::slice::from_ref(&decay), &folder.join("dynamics.html"))?;
    write_report(&[deep(200, 300)], &folder.join("dynamics-deep.html"))?;
    write_report(std::slice::from_ref(&plain), &folder.join("dynamics-plain.html"))?;
    Ok(write_report(&[decay, plain], &folder.join("dynamics-two.html"))?)
}
