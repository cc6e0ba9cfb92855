//! Sweeps: the grid of a config's `[sweep]` table, each point a run directory of its own.
//!
//! [`Grid::read`] spans the grid; [`run`] runs it on threads of this process and [`slurm::run`] as one Slurm job array;
//! both leave the same tables in the sweep's own folder, byte for byte, however often they were interrupted:
//!
//! ```text
//! <out>/<name>-sweep-<hash>/
//!   sweep.toml     the swept keys, and each point with its run directory
//!   table.csv      one row a point and matrix: swept keys, status, error, and the last value of every scalar and metric
//!   table.json     the same; a missing value is null and has a reason
//!   steps.csv      long form over all recorded steps: point, step, layer, kind, view, metric, value, reason
//!   summary.csv    over seeds: mean, standard deviation, 95 % interval of every number of the last step
//!   notes/         why points failed, where their run directories cannot tell
//!   slurm/         job scripts and logs
//!   lock           held by the one process that runs the sweep
//! ```
//!
//! The hash follows from the points' run directories and values, so that another grid, or another base config, is another
//! sweep, while runs that two sweeps have in common are found by both.
//!
//! Tables hold no time and no path: directories are named relative to the folder of all runs. The rows of a point that
//! was interrupted are left out, since how far it came depends on when.

mod collect;
mod error;
mod grid;
mod plan;
mod point;
mod progress;
mod run;
pub mod slurm;
mod summary;
mod table;
mod text;

pub use collect::{Sweep, SweepPoint, collect};
pub use error::SweepError;
pub use grid::{Grid, Key, STEP_METRICS};
pub use point::PointStatus;
pub use progress::{Event, Progress, RunningPoint};
pub use run::{FOLDER_VARIABLE, SweepOptions, run, run_point};
