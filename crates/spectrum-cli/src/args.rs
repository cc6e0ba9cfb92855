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
    /// What the spectra of a checkpoint say: safetensors, PyTorch, burnpack, npz
    Analyze(Analyze),
    /// Write a checkpoint back with the top or the bottom part of its singular values
    Prune(Prune),
    /// Run the grid of a config's [sweep] table, here or through Slurm; what is done is skipped
    Sweep(Sweep),
    /// Hold the claims of a topic against runs; exit 1 where one does not hold
    Verify(Verify),
    /// Limit laws as numbers or a picture: Marchenko-Pastur, conjugate kernel, neural tangent kernel
    Law(Law),
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
pub(crate) struct Analyze {
    /// A checkpoint, a model's folder, or a folder of checkpoints in order
    #[arg(value_name = "FILE|DIR")]
    pub path: PathBuf,
    /// Analyse the difference to this checkpoint
    #[arg(long, value_name = "FILE")]
    pub base: Option<PathBuf>,
    /// The tail fit: csn, ww or hill
    #[arg(long, value_name = "NAME", default_value = "csn")]
    pub convention: String,
    /// Patterns on tensor names (`*.attention.*`)
    #[arg(long, value_name = "GLOB")]
    pub layers: Vec<String>,
    /// flatten, positions (convolutions), stacked, gates (recurrent), matrix, heads (attention)
    #[arg(long, value_name = "VIEW", value_delimiter = ',')]
    pub views: Vec<String>,
    /// Attention heads, where no config.json beside the weights says it
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub heads: usize,
    /// Which axis is the output: auto, torch (first) or burn (second)
    #[arg(long, value_name = "NAME", default_value = "auto")]
    pub layout: String,
    /// gram, svd, vectors, topk or density
    #[arg(long, value_name = "ROUTE", default_value = "gram")]
    pub route: String,
    /// Leading singular vectors kept
    #[arg(long, value_name = "K", default_value_t = 8)]
    pub vectors: usize,
    /// Matrices with more singular values get the leading ones and a density
    #[arg(long, value_name = "N", default_value_t = 8192)]
    pub max_size: usize,
    /// What costs more: shuffle (null of shuffled entries), farms (submatrices of one shape), goodness (bootstrap p)
    #[arg(long = "with", value_name = "NAME", value_delimiter = ',')]
    pub extras: Vec<String>,
    /// Precision of the bootstrap's p
    #[arg(long, value_name = "P", default_value_t = 0.03)]
    pub precision: f64,
    /// The seed of every random null
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Worker threads; as many as the machine has by default
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub jobs: usize,
    /// The folder that run directories are made in
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub out: PathBuf,
    /// Analyse again what was analysed before
    #[arg(long)]
    pub force: bool,
    /// Write the rows too: parquet, csv or jsonl, into the run directory's export
    #[arg(long, value_name = "FORMAT")]
    pub export: Option<String>,
    /// Print nothing but errors
    #[arg(long)]
    pub quiet: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Prune {
    /// A checkpoint or a model's folder
    #[arg(value_name = "CHECKPOINT")]
    pub path: PathBuf,
    /// The part of every matrix's singular values that stays: top or bottom
    #[arg(long, value_name = "PART")]
    pub keep: String,
    /// Its share of them, above 0 and at most 1: rounded up for the top and down for the bottom
    #[arg(long, value_name = "F", default_value_t = 0.5, allow_negative_numbers = true)]
    pub fraction: f64,
    /// Patterns on tensor names (`*.attention.*`); without them every matrix but the last
    #[arg(long, value_name = "GLOB")]
    pub layers: Vec<String>,
    /// The last layer, which stays whole, where it is not the last in the file (a safetensors file keeps no order but the names')
    #[arg(long, value_name = "NAME")]
    pub last: Option<String>,
    /// The safetensors file to write; NAME-PART-F.safetensors here by default
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace a file that is there
    #[arg(long)]
    pub force: bool,
    /// Print nothing but errors
    #[arg(long)]
    pub quiet: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Sweep {
    /// The TOML file with a [sweep] table
    pub config: PathBuf,
    /// Points at a time on this machine
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub jobs: usize,
    /// local, or slurm: one job array
    #[arg(long, value_name = "NAME", default_value = "local")]
    pub engine: String,
    /// flex, ndarray, wgpu, vulkan or cuda
    #[arg(long, value_name = "B")]
    pub backend: Option<String>,
    /// Set any key that is not swept; the value is TOML, else a string
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
    /// The folder that run directories are made in
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub out: PathBuf,
    /// Run one point: what a task of a job does
    #[arg(long, value_name = "INDEX", hide = true)]
    pub point: Option<usize>,
    /// Collect the tables from what is there, and run nothing
    #[arg(long)]
    pub collect: bool,
    /// Slurm: the partition
    #[arg(long, value_name = "NAME")]
    pub partition: Option<String>,
    /// Slurm: the time of one task
    #[arg(long, value_name = "TIME")]
    pub time: Option<String>,
    /// Slurm: GPUs of one task, a number or TYPE:NUMBER
    #[arg(long, value_name = "N")]
    pub gpus: Option<String>,
    /// Slurm: processors of one task
    #[arg(long, value_name = "N")]
    pub cpus: Option<String>,
    /// Slurm: memory of one task
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<String>,
    /// Slurm: a further option of sbatch
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true)]
    pub sbatch: Vec<String>,
    /// Print nothing but errors
    #[arg(long)]
    pub quiet: bool,
    /// Print one JSON document: the table
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// The topic's folder, with its claims.toml
    pub topic: PathBuf,
    /// One of the topic's scales
    #[arg(long, value_name = "NAME", default_value = "small")]
    pub scale: String,
    /// The backend of every run
    #[arg(long, value_name = "B")]
    pub backend: Option<String>,
    /// Claims to judge; all by default
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Runs at a time
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub jobs: usize,
    /// The folder that run directories and the table are made in
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub out: PathBuf,
    /// Draw the topic's figures into this folder, doing the runs that only they need
    #[arg(long, value_name = "DIR")]
    pub figures: Option<PathBuf>,
    /// Print nothing but errors
    #[arg(long)]
    pub quiet: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Law {
    #[command(subcommand)]
    pub command: LawCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LawCommand {
    /// Marchenko-Pastur: eigenvalues of W^T W with independent entries
    Mp(MpLaw),
    /// Conjugate kernel of a network at its start (Fan and Wang, theorem 3.4)
    Ck(KernelLaw),
    /// Neural tangent kernel of a network at its start (Fan and Wang, theorem 3.7)
    Ntk(KernelLaw),
}

/// How a law is shown.
#[derive(Debug, clap::Args)]
pub(crate) struct Shown {
    /// Draw the density into this file
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Print one JSON document, with the density on its grid
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct MpLaw {
    /// Rows of W
    #[arg(long, value_name = "N")]
    pub rows: usize,
    /// Columns of W
    #[arg(long, value_name = "P")]
    pub cols: usize,
    /// Variance of its entries
    #[arg(long, value_name = "V", default_value_t = 1.0, allow_negative_numbers = true)]
    pub variance: f64,
    #[command(flatten)]
    pub shown: Shown,
}

#[derive(Debug, clap::Args)]
pub(crate) struct KernelLaw {
    /// Samples over width of each hidden layer, first to last: n/d_1,n/d_2,...
    #[arg(long, value_name = "G", value_delimiter = ',', required = true, allow_negative_numbers = true)]
    pub depth_ratios: Vec<f64>,
    /// Gaussian samples with this n/d_0; without it samples are orthonormal
    #[arg(long, value_name = "G", allow_negative_numbers = true)]
    pub data_ratio: Option<f64>,
    /// tanh, relu, softplus, sigmoid, erf, sin, arctan or identity; normalised to mean 0 and variance 1 under the Gaussian
    #[arg(long, value_name = "NAME", default_value = "tanh")]
    pub activation: String,
    /// ck: the layer; the last by default
    #[arg(long, value_name = "L")]
    pub layer: Option<usize>,
    /// ntk: learning-rate weights of the layers and the readout; 1 by default
    #[arg(long, value_name = "TAU", value_delimiter = ',', allow_hyphen_values = true)]
    pub rates: Vec<f64>,
    /// ntk: print the unfolded recursion at the point RE or RE,IM, level by level
    #[arg(long, value_name = "RE,IM", value_delimiter = ',', num_args = 0..=2, default_missing_value = "1,0.001", allow_negative_numbers = true,
        conflicts_with_all = ["json", "svg", "layer"])]
    pub explain: Option<Vec<f64>>,
    #[command(flatten)]
    pub shown: Shown,
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
