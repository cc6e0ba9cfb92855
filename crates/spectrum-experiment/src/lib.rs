//! Many runs: the grid of a sweep, and claims about what runs show.
//!
//! The crate names neither Burn nor a model: it works on configs, a [`Runner`] and run directories.

mod runner;

pub use runner::{Planned, Point, Runner, RunnerError};
