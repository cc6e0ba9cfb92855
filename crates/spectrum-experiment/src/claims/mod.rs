//! Claims: what a paper states, held against runs.
//!
//! A topic's folder has a `claims.toml`:
//!
//! ```toml
//! title = "Heavy tails without gradient noise"
//!
//! [scale.small]                      # every run is done with every seed
//! seeds = [0, 1, 2]
//! set = { "data.n" = 800 }           # over the config of every run
//!
//! [run.ten-steps]                    # one run, or one for each point of an axis
//! config = "../../configs/heavy-tails/ten-steps.toml"
//! set = { "optimizer.kind" = "adam" }
//! axis = { key = "optimizer.lr", values = [0.03, 1.0] }
//! scale.paper = { set = {}, seeds = [0] }    # what is different at a scale
//!
//! [threshold.first-outlier]          # the smallest rate with an outlier, by bisection, at each point and for each seed
//! of = { run = "one-step", metric = "outliers", step = 1 }
//! min = 1
//! along = "optimizer.lr"
//! low = 0.01
//! high = 1.0
//! resolution = 0.03
//!
//! [[claim]]
//! id = "tail"
//! says = "Ten full-batch Adam steps at rate 1 leave a heavy tail."
//! source = "arXiv 2406.04657"
//! mark = "read-in-source"            # or literature, measured, derived
//!
//! [[claim.check]]                    # all of a claim's conditions must be true
//! type = "value"
//! what = "Hill"
//! of = { run = "ten-steps", at = { "optimizer.lr" = 1.0 }, metric = "alpha_hill", step = 10 }
//! below = 1.95
//! ```
//!
//! **Conditions.** `value`; `change` (`from`, `to`, `by`); `compare` (`with`, `by`); and, along an axis, `monotone` (`direction`,
//! `slack`), `exponent` (`size`) and `correlation` (`with`, `method`). Each has bounds (`min`, `max`, `above`, `below`, `equals`,
//! `within`), which `scale.NAME = { ... }` replaces at a scale, a rule for seeds (`every`, `any`, `at least K`, `mean`) and,
//! along an axis, a `window = { min, max }`. Without `at`, a `value`, `change` or `compare` must be true at every point.
//!
//! **Quantities.** `{ run, metric, layer, kind, view, step, at, per, over, minus }`, or `{ threshold, at }`. The step is a number,
//! `first`, `last` (the default), `largest` or `smallest`.
//!
//! **Findings.** A claim that does not hold is kept with `finding = { verdict, our, holds_when }`: `refuted` if the statement was
//! read in its source, `differs` if it is known from the literature. It is expected not to hold then.
//!
//! **Figures.** `[[figure]]` tables say what is drawn of the runs: [`figure`].

mod bounds;
mod check;
mod error;
mod evaluate;
mod execute;
pub mod figure;
mod nearest;
mod plan;
mod quantity;
mod read;
mod records;
mod render;
mod result;
mod search;
mod statistics;
mod topic;
mod valid;
mod verify;

pub use bounds::Bounds;
pub use check::{
    By, ChangeTest, Check, CompareTest, CorrelationTest, Direction, ExponentTest, Method, MonotoneTest, Seeds, Test,
    ValueTest, Window,
};
pub use error::ClaimError;
pub use execute::{OnProgress, VerifyProgress};
pub use figure::{FigureOptions, Figures, draw_figures};
pub use quantity::{At, Quantity};
pub use read::CLAIM_FILE;
pub use result::{CheckResult, ClaimResult, Measured, RunFailure, SeedResult, Standing, Verification};
pub use topic::{
    Axis, Claim, Finding, FindingVerdict, Mark, Reaches, RunAtScale, RunSpec, Scale, Sets, Threshold, Topic,
};
pub use verify::{VerifyOptions, verify};
