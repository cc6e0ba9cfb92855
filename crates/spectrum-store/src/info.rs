//! The one row of `runs`: what a run was, how it ended and how long it took.

use std::fmt;
use std::path::Path;

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::convert::{signed, unsigned};

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Being written, or killed while it was.
    #[default]
    Running,
    /// All steps done.
    Finished,
    /// Stopped by an error; `message` says which.
    Failed,
    /// Stopped because a loss or a matrix was no longer finite.
    Diverged,
}

impl Status {
    /// The name in the row.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Diverged => "diverged",
        }
    }

    fn parse(s: &str) -> Option<Self> {
        [Self::Running, Self::Finished, Self::Failed, Self::Diverged].into_iter().find(|v| v.as_str() == s)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The facts of a run. Times live here alone, so that two exports of the same run agree byte for byte.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RunInfo {
    /// The config's name.
    pub name: String,
    /// The seed of every random stream; at most 2^63 - 1, as in TOML.
    pub seed: u64,
    /// Backend (`flex`, `ndarray`, `wgpu`, ...).
    pub backend: String,
    /// Precision that the model trained in (`f32`, `f64`).
    pub precision: String,
    /// The GPU's name, if there was one.
    pub adapter: Option<String>,
    /// The GPU driver's name and version.
    pub driver: Option<String>,
    /// Vulkan, Metal, OpenGL, ...: without Vulkan wgpu silently takes another one.
    pub graphics_api: Option<String>,
    /// Version of Spectrum that wrote the run.
    pub spectrum_version: String,
    /// Version of Burn that trained it.
    pub burn_version: String,
    /// Hash of the resolved config without its sweep.
    pub config_hash: String,
    /// SHA-256, in hex, of the initial parameters widened to f64: two backends must start from the same bits.
    pub initial_weights_sha256: Option<String>,
    /// How the run stands.
    pub status: Status,
    /// Why it failed or diverged.
    pub message: Option<String>,
    /// Optimizer steps done. Each step written raises it, so that a killed run knows how far it came.
    pub steps_done: u64,
    /// Start of the (first) session, seconds since 1970-01-01 UTC.
    pub started_unix: f64,
    /// Wall-clock time of all sessions, seconds.
    pub wall_seconds: f64,
    /// Time in training, seconds.
    pub training_seconds: f64,
    /// Time that the workers spent on spectra and measures, summed over workers, seconds.
    pub recording_seconds: f64,
    /// Time that the training thread waited for the hook, seconds.
    pub waited_seconds: f64,
    /// `waited_seconds / training_seconds`, a fraction.
    pub recording_overhead: Option<f64>,
    /// Trainable parameters.
    pub parameters: u64,
    /// Threads of the machine's CPU.
    pub cpu_threads: u64,
}

const UPDATE: &str = "UPDATE runs SET
    name = :name, seed = :seed, backend = :backend, precision = :precision, adapter = :adapter, driver = :driver,
    graphics_api = :graphics_api, spectrum_version = :spectrum_version, burn_version = :burn_version,
    config_hash = :config_hash, initial_weights_sha256 = :initial_weights_sha256, status = :status,
    message = :message, steps_done = :steps_done,
    started_unix = :started_unix, wall_seconds = :wall_seconds, training_seconds = :training_seconds,
    recording_seconds = :recording_seconds, waited_seconds = :waited_seconds,
    recording_overhead = :recording_overhead, parameters = :parameters, cpu_threads = :cpu_threads";

impl RunInfo {
    /// Writes the row that the schema made.
    pub(crate) fn store(&self, db: &Connection, path: &Path) -> Result<(), StoreError> {
        let changed = db
            .prepare_cached(UPDATE)
            .and_then(|mut s| {
                s.execute(named_params! {
                    ":name": self.name, ":seed": signed(self.seed)?, ":backend": self.backend,
                    ":precision": self.precision, ":adapter": self.adapter, ":driver": self.driver,
                    ":graphics_api": self.graphics_api, ":spectrum_version": self.spectrum_version,
                    ":burn_version": self.burn_version, ":config_hash": self.config_hash,
                    ":initial_weights_sha256": self.initial_weights_sha256,
                    ":status": self.status.as_str(), ":message": self.message,
                    ":steps_done": signed(self.steps_done)?, ":started_unix": self.started_unix,
                    ":wall_seconds": self.wall_seconds, ":training_seconds": self.training_seconds,
                    ":recording_seconds": self.recording_seconds, ":waited_seconds": self.waited_seconds,
                    // Nothing trained yet gives 0/0: that is no overhead, not a number.
                    ":recording_overhead": self.recording_overhead.filter(|x| x.is_finite()),
                    ":parameters": signed(self.parameters)?, ":cpu_threads": signed(self.cpu_threads)?,
                })
            })
            .map_err(StoreError::db("write the run's facts to", path))?;
        if changed == 1 {
            return Ok(());
        }
        Err(StoreError::Damaged { path: path.to_owned(), what: "the table runs has no row".to_owned() })
    }

    /// Reads the row.
    pub(crate) fn load(db: &Connection, path: &Path) -> Result<Self, StoreError> {
        db.query_row("SELECT * FROM runs WHERE id = 1", [], Self::from_row)
            .optional()
            .map_err(StoreError::db("read the run's facts from", path))?
            .ok_or_else(|| StoreError::Damaged { path: path.to_owned(), what: "the table runs has no row".to_owned() })
    }

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let status: String = row.get("status")?;
        let status = Status::parse(&status).ok_or_else(|| {
            rusqlite::Error::FromSqlConversionFailure(0, Type::Text, format!("`{status}` is no status").into())
        })?;
        Ok(Self {
            name: row.get("name")?,
            seed: unsigned(row, "seed")?,
            backend: row.get("backend")?,
            precision: row.get("precision")?,
            adapter: row.get("adapter")?,
            driver: row.get("driver")?,
            graphics_api: row.get("graphics_api")?,
            spectrum_version: row.get("spectrum_version")?,
            burn_version: row.get("burn_version")?,
            config_hash: row.get("config_hash")?,
            initial_weights_sha256: row.get("initial_weights_sha256")?,
            status,
            message: row.get("message")?,
            steps_done: unsigned(row, "steps_done")?,
            started_unix: row.get("started_unix")?,
            wall_seconds: row.get("wall_seconds")?,
            training_seconds: row.get("training_seconds")?,
            recording_seconds: row.get("recording_seconds")?,
            waited_seconds: row.get("waited_seconds")?,
            recording_overhead: row.get("recording_overhead")?,
            parameters: unsigned(row, "parameters")?,
            cpu_threads: unsigned(row, "cpu_threads")?,
        })
    }
}
