//! Writes the reports of made-up runs into the folder given (default: the system's temporary folder), to look at the
//! page without training anything: `cargo run -p spectrum-report --example demo -- pages`.
//! With run directories after the folder, reports those runs instead.

#[path = "../tests/common/mod.rs"]
mod common;

use std::error::Error;
use std::path::{Path, PathBuf};

use common::Plan;
use spectrum_report::{RunData, compare, show, write_report};

fn main() -> Result<(), Box<dyn Error>> {
    let mut given = std::env::args_os().skip(1).map(PathBuf::from);
    let folder = given.next().unwrap_or_else(std::env::temp_dir);
    std::fs::create_dir_all(&folder)?;
    let dirs: Vec<PathBuf> = given.collect();
    if !dirs.is_empty() {
        let runs = dirs.iter().map(|d| RunData::read(d)).collect::<Result<Vec<_>, _>>()?;
        return Ok(write_report(&runs, &folder.join("report.html"))?);
    }
    let quick = common::run(&common::quickstart());
    let slow = common::run(&Plan { lr: 0.1, ..common::quickstart() });
    let network = common::run(&Plan {
        name: "mnist-mlp",
        lr: 0.4,
        layers: &[("layers.0.weight", 256, 784), ("layers.1.weight", 128, 256), ("layers.2.weight", 10, 128)],
        steps: (0..=300).map(|i| 10 * i).collect(),
        accuracy: true,
        ..common::quickstart()
    });
    let other = common::run(&Plan { backend: "ndarray", ..common::quickstart() });
    print!("{}", show::tables(&quick, 110));
    print!("{}", compare::compare(&quick, &other).table(140));
    let write = |runs: &[RunData], name: &str| -> Result<(), Box<dyn Error>> {
        Ok(write_report(runs, &Path::new(&folder).join(name))?)
    };
    write(&[network], "network.html")?;
    write(&[quick.clone(), slow], "two.html")?;
    write(&[quick], "quickstart.html")
}
