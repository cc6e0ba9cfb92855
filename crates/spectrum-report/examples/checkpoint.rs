//! Writes the reports of a made-up checkpoint (thirty layers: heavy tails, bulks, spikes, a constant layer without a fit and
//! one with NaN) and of four of them in a row into the folder given (default: the system's temporary folder):
//! `cargo run --release -p spectrum-report --example checkpoint -- pages`.

#[path = "../tests/common/mod.rs"]
mod common;

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use common::checkpoint::{Layer, layers, run};
use spectrum_report::report_html;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    let small = layers();
    // Ten times as many layers, as a large language model has.
    let large: Vec<Layer> = (0..10)
        .flat_map(|part| small.iter().map(move |l| Layer { name: format!("part.{part}.{}", l.name), ..l.clone() }))
        .collect();
    for (name, layers, checkpoints) in
        [("checkpoint.html", &small, 1), ("checkpoints.html", &small, 4), ("large.html", &large, 1)]
    {
        let run = run(layers, checkpoints);
        let start = Instant::now();
        let html = report_html(&[run])?;
        let seconds = start.elapsed().as_secs_f64();
        println!("{name}: {} layers, {} kB, {seconds:.2} s", layers.len(), html.len() / 1000);
        std::fs::write(folder.join(name), html)?;
    }
    Ok(())
}
