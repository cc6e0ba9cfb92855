//! From a config to a run: backend choice, data, model, optimizer, loop, resume.
//!
//! [`run`] takes a resolved [`Config`] and leaves a run directory behind. The experiment is written once against Burn's
//! run-time `Device`, so the same config runs on every backend; data and initial weights are drawn on the host, so it
//! starts from the same bits everywhere.

pub mod backend;
mod bundle;
pub mod config;
mod error;
mod loss;
mod matrix_data;
mod model;
mod run;
mod tensors;

pub use config::{Config, ConfigSource, Override};
pub use error::TrainError;
pub use run::{Finished, Progress, RunOptions, run};
