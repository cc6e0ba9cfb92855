//! From run directories to the tables of a sweep.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use spectrum_core::{MatrixId, Outcome};
use spectrum_store::{Filter, RunReader, StoreError, write_atomically};
use toml::Value;

use super::plan::Plan;
use super::point::{Notes, State, state};
use super::text::Steps;
use super::{Grid, PointStatus, SweepError, summary, table};
use crate::Runner;

/// A sweep as it stands, after its tables were written.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// Its own folder, `<out>/<name>-sweep-<hash>`, with `sweep.toml`, `table.csv`, `table.json`, `steps.csv` and
    /// `summary.csv`.
    pub folder: PathBuf,
    /// The config's name.
    pub name: String,
    /// The swept keys, outermost first, `seed` last.
    pub keys: Vec<String>,
    /// All points, in the order of the grid.
    pub points: Vec<SweepPoint>,
    /// Points that were settled before this call.
    pub found: usize,
}

/// One point of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepPoint {
    /// Its place in the grid, from 0.
    pub index: usize,
    /// The swept keys with their values.
    pub values: Vec<(String, Value)>,
    /// Its run directory; absent for a pending point.
    pub dir: PathBuf,
    /// How it stands.
    pub status: PointStatus,
    /// Why, if it did not finish.
    pub error: Option<String>,
}

impl Sweep {
    /// The points that have no complete run: anything but finished. A command that leaves one exits with 3.
    pub fn unfinished(&self) -> impl Iterator<Item = &SweepPoint> {
        self.points.iter().filter(|p| p.status != PointStatus::Finished)
    }
}

/// Collects a grid's tables from whatever run directories are there, and runs nothing.
///
/// # Errors
/// As [`run`](super::run).
pub fn collect(grid: &Grid, runner: &dyn Runner, out: &Path) -> Result<Sweep, SweepError> {
    let plan = Plan::new(grid, runner, out)?;
    let _lock = plan.begin()?;
    tables(&plan, 0)
}

/// The last recorded numbers of a point.
#[derive(Debug, Default)]
pub(crate) struct Last {
    pub scalars: BTreeMap<String, Outcome>,
    pub matrices: BTreeMap<Matrix, Recorded>,
}

/// Layer, kind and view.
pub(crate) type Matrix = (String, &'static str, String);

/// A step and the metrics that were recorded at it.
pub(crate) type Recorded = (u64, BTreeMap<String, Outcome>);

/// A point with its numbers.
#[derive(Debug)]
pub(crate) struct Collected {
    pub point: SweepPoint,
    pub named_dir: String,
    pub last: Last,
}

/// Reads every point and writes the tables.
pub(crate) fn tables(plan: &Plan, found: usize) -> Result<Sweep, SweepError> {
    let notes = Notes::of(Some(&plan.folder));
    let metrics: BTreeSet<&str> = plan.grid.metrics.iter().map(String::as_str).collect();
    let mut steps = Steps::new();
    let mut all = Vec::with_capacity(plan.points.len());
    for index in 0..plan.points.len() {
        let dir = plan.dir(index);
        let mut now = state(dir, index, &notes);
        let mut last = Last::default();
        if now.status.has_rows() && dir.join("run.sqlite").exists() {
            let before = steps.len();
            match read(dir, index, &metrics, &mut steps) {
                Ok(read) => last = read,
                // A damaged run is that point's failure and nobody else's.
                Err(error) => {
                    steps.truncate(before);
                    let error = error.to_string().replace(&dir.display().to_string(), &plan.named_dir(index));
                    now = State { status: PointStatus::Failed, error: Some(now.error.unwrap_or(error)) };
                }
            }
        }
        let values = plan.grid.values(index).unwrap_or_default();
        let point = SweepPoint { index, values, dir: dir.to_owned(), status: now.status, error: now.error };
        all.push(Collected { point, named_dir: plan.named_dir(index), last });
    }
    let keys: Vec<String> = plan.grid.keys.iter().map(|k| k.name.clone()).collect();
    let write = |name: &str, text: String| write_atomically(&plan.folder.join(name), text.as_bytes());
    write("steps.csv", steps.finish())?;
    write("summary.csv", summary::csv(&keys, plan.grid.seeds(), &all))?;
    write("table.json", table::json(&plan.grid.name, &keys, &all))?;
    // Last: where it is new, the others are.
    write("table.csv", table::csv(&keys, &all))?;
    let points = all.into_iter().map(|c| c.point).collect();
    Ok(Sweep { folder: plan.folder.clone(), name: plan.grid.name.clone(), keys, points, found })
}

/// One run: each scalar's last value, each matrix's last records, and the followed metrics of every step.
fn read(dir: &Path, index: usize, metrics: &BTreeSet<&str>, steps: &mut Steps) -> Result<Last, StoreError> {
    let reader = RunReader::open(dir)?;
    let mut last = Last::default();
    let Some(complete) = reader.last_step()? else { return Ok(last) };
    let rows = Filter::new().steps(..=complete);
    // Rows come in the order of steps, so that the last one stays. A baseline is recorded at step 0 alone, and losses
    // may be recorded at other steps than spectra.
    reader.each_scalar::<StoreError>(&rows, |s| {
        if metrics.contains(s.name.as_str()) {
            steps.scalar(index, &s);
        }
        last.scalars.insert(s.name, s.outcome);
        Ok(())
    })?;
    reader.each_record::<StoreError>(&rows, |r| {
        if metrics.contains(r.metric.as_str()) {
            steps.record(index, &r);
        }
        let MatrixId { step, layer, kind, view } = r.id;
        let matrix = last.matrices.entry((layer, kind.as_str(), view)).or_default();
        if matrix.0 != step {
            *matrix = (step, BTreeMap::new());
        }
        matrix.1.insert(r.metric, r.outcome);
        Ok(())
    })?;
    Ok(last)
}
