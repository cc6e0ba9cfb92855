//! Many runs: the grid of a sweep, and claims about what runs show.
//!
//! The crate names neither Burn nor a model: it works on configs, a [`Runner`] and run directories.

pub mod claims;
mod runner;
pub mod sweep;

pub use runner::{Planned, Point, Runner, RunnerError};
