//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Records the spectra of a network's weight matrices after every optimizer step, and says what they mean.
#[derive(Debug, Parser)]
#[command(name = "spectrum", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train what a config describes and record it
    Run(Run),
    /// Print a run's numbers
    Show(Show),
    /// Write the report of one run, or of several overlaid
    Report(Report),
    /// Hold two runs of one config against the cross-backend contract; exit 1 where it is broken
    Compare(Compare),
    /// Write a run's rows for pandas, polars or DuckDB
    Export(Export),
    /// Data sets
    Data(Data),
    /// What this binary holds, and which devices answer
    Backends(Backends),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// The TOML file
    pub config: PathBuf,
    /// flex, ndarray, wgpu, vulkan or cuda
    #[arg(long, value_name = "B")]
    pub backend: Option<String>,
    /// The seed of every random stream
    #[arg(long, value_name = "N")]
    pub seed: Option<i64>,
    /// Set any key; the value is TOML, else a string
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
    /// The folder that run directories are made in
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub out: PathBuf,
    /// Go on with an unfinished run
    #[arg(long, conflicts_with = "force")]
    pub resume: bool,
    /// Start afresh over whatever run is there
    #[arg(long)]
    pub force: bool,
    /// Leave data and weights behind as tensors.safetensors
    #[arg(long)]
    pub tensors: bool,
    /// Print nothing but errors
    #[arg(long)]
    pub quiet: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// The run directory
    pub run: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Report {
    /// Run directories; the report goes into the first
    #[arg(required = true)]
    pub runs: Vec<PathBuf>,
    /// Write the report here instead
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Compare {
    /// A run directory
    pub a: PathBuf,
    /// Another
    pub b: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    /// The run directory
    pub run: PathBuf,
    /// parquet, csv or jsonl
    #[arg(long)]
    pub format: String,
    /// File (jsonl) or folder (csv, parquet). Without it jsonl goes to standard output, the others to RUN/export
    #[arg(long, value_name = "PATH")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Data {
    #[command(subcommand)]
    pub command: DataCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// What can be had, and from where
    List {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Bring a set to this machine and verify it
    Fetch {
        /// Its name
        name: String,
        /// The folder of all sets
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Backends {
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}
