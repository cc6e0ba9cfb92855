//! Bad input: each kind is one line on standard error that names what is wrong, exit 2 (3 when the run itself failed),
//! and nothing half-written.

#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod analyze;
mod config;
mod data;
mod directory;
mod disk;
mod divergence;
mod dynamics;
mod kernels;
mod matrix;
mod place;
mod spiked;
