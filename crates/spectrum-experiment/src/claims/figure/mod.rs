//! Figures of a topic: what `[[figure]]` says, and their drawing from runs that are there.
//!
//! ```toml
//! [[figure]]
//! file = "tail.svg"                  # a file's name
//! title = "Ten full-batch steps"
//! caption = "What the reader should see."
//! scales = ["small", "paper"]        # where it is drawn; everywhere if not given
//! columns = 2                        # panels beside each other
//! shared_axes = false                # whether all panels have the same axes
//!
//! [[figure.panel]]                   # or the keys of one panel in the figure itself
//! type = "curve"
//! title = "Adam"
//! x = { label = "learning rate", scale = "log" }
//! y = { label = "Hill estimate" }
//! series = [{ run = "adam", metric = "alpha_hill", step = 10, label = "Adam" }]
//! lines = [{ y = 2.46, label = "Gaussian" }]
//! ```
//!
//! - `curve`: a number over the axis of its run (`along` names another key of its points), the mean over seeds with a band
//!   (`band = "range"`, `"sd"` or `"none"`). A number of one run is a horizontal line. `fit = "n"` adds the log-log
//!   least-squares line and its exponent.
//! - `trajectory`: a metric over the steps, of one point of the axis (`at`) or of all of them.
//! - `spectrum`: the density of the eigenvalues of one matrix at a step (of the first seed, or of `seed`), with the
//!   law and the outliers: the Marchenko-Pastur law of the recorded bulk, for kernels (`ck`, `ntk`) the limit law stored with
//!   them (`law = false` without). `curve = "NAME"` draws other points (x, density) stored with the matrix, two columns.
//! - `scatter`: one number against another over points and seeds; `colour = "axis"` colours by the axis' value.
//!
//! A series is a quantity as in conditions, with `label`, `dashed`, `colour` (0 to 6) and `window`; one of a scatter has `run`,
//! `x` and `y`.

mod build;
mod draw;
mod fault;
mod lines;
mod read;
mod source;
mod spectrum;

use serde::Deserialize;

use super::check::Window;
use super::quantity::Quantity;

pub use draw::{Drawing, FigureOptions, Figures, draw_figures, figures};
pub(crate) use fault::check;
pub(crate) use read::figures as read;

/// A `[[figure]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct FigureSpec {
    /// The file's name, with `.svg`.
    pub file: String,
    /// Its title.
    pub title: String,
    /// Text below it, before what is said of seeds and bands.
    pub caption: Option<String>,
    /// Where it is drawn; every scale of the topic if not given.
    pub scales: Vec<String>,
    /// Panels beside each other.
    pub columns: Option<usize>,
    /// Whether all panels have the same axes.
    pub shared_axes: bool,
    /// The plots.
    pub panels: Vec<PanelSpec>,
}

/// One plot of a figure.
#[derive(Debug, Clone, PartialEq)]
pub struct PanelSpec {
    /// Its title.
    pub title: Option<String>,
    /// The horizontal axis.
    pub x: AxisSpec,
    /// The vertical axis.
    pub y: AxisSpec,
    /// What is drawn.
    pub plot: Plot,
    /// Straight lines.
    pub lines: Vec<LineSpec>,
}

/// An axis of a plot; the label is made from what is drawn if it is not given.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AxisSpec {
    /// What is measured.
    pub label: Option<String>,
    /// Its unit.
    pub unit: Option<String>,
    /// `linear` (the default) or `log`.
    #[serde(default)]
    pub scale: ScaleSpec,
    /// The ends.
    pub range: Option<(f64, f64)>,
}

/// How values are spread along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaleSpec {
    /// Evenly.
    #[default]
    Linear,
    /// By their logarithm.
    Log,
}

/// A straight line across a plot: one of `x` and `y`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineSpec {
    /// Where it crosses the horizontal axis.
    pub x: Option<f64>,
    /// Where it crosses the vertical axis.
    pub y: Option<f64>,
    /// Its name in the legend.
    pub label: Option<String>,
}

/// The types of plots.
#[derive(Debug, Clone, PartialEq)]
pub enum Plot {
    /// Numbers over the axis of their runs.
    Curve {
        /// The numbers.
        series: Vec<Series>,
        /// The key of the axis' points that is the horizontal axis; the axis' own if not given.
        along: Option<String>,
        /// What is drawn around the mean.
        band: Band,
    },
    /// Metrics over the steps.
    Trajectory {
        /// The metrics; their own step is not used.
        series: Vec<Series>,
        /// What is drawn around the mean.
        band: Band,
    },
    /// Densities of eigenvalues.
    Spectrum {
        /// The matrices: quantities without a metric.
        series: Vec<Series>,
        /// The seed; the first that is there if not given.
        seed: Option<u64>,
        /// Whether the Marchenko-Pastur law is drawn where a bulk was recorded.
        law: bool,
        /// The name of points (x, density) that are stored with the matrix.
        curve: Option<String>,
    },
    /// Numbers against numbers.
    Scatter {
        /// The pairs.
        series: Vec<Pair>,
        /// What colours tell apart.
        colour: ColourBy,
    },
}

impl Plot {
    /// The names.
    pub(crate) const NAMES: [&str; 4] = ["curve", "trajectory", "spectrum", "scatter"];

    /// The quantities that it reads, each with its key.
    pub(crate) fn quantities(&self) -> Vec<(String, &Quantity)> {
        match self {
            Self::Curve { series, .. } | Self::Trajectory { series, .. } | Self::Spectrum { series, .. } => {
                series.iter().enumerate().map(|(i, s)| (format!("series {}", i + 1), &s.of)).collect()
            }
            Self::Scatter { series, .. } => series
                .iter()
                .enumerate()
                .flat_map(|(i, s)| [(format!("series {}.x", i + 1), &s.x), (format!("series {}.y", i + 1), &s.y)])
                .collect(),
        }
    }
}

/// A quantity with its looks.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The number.
    pub of: Quantity,
    /// Its name in the legend.
    pub label: Option<String>,
    /// Whether its line is dashed.
    pub dashed: bool,
    /// Its colour, 0 to 6; the next one if not given.
    pub colour: Option<usize>,
    /// The part of the axis that is drawn.
    pub window: Option<Window>,
    /// The letter of the horizontal axis in the law of the log-log fit; without one there is no fit.
    pub fit: Option<String>,
}

/// Two quantities of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Along the horizontal axis.
    pub x: Quantity,
    /// Along the vertical one.
    pub y: Quantity,
    /// Its name in the legend.
    pub label: Option<String>,
    /// Its colour, 0 to 6; the next one if not given.
    pub colour: Option<usize>,
    /// The part of the run's axis that is drawn.
    pub window: Option<Window>,
}

/// What is drawn around a mean over seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// From the least to the greatest.
    #[default]
    Range,
    /// One standard deviation (of the sample) to each side.
    Sd,
    /// Nothing.
    None,
}

/// What the colours of a scatter tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColourBy {
    /// The series.
    #[default]
    Series,
    /// The value of the axis.
    Axis,
}
