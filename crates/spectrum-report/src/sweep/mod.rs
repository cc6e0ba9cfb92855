//! Many runs of one config as one page: curves over a swept key and over steps, phase diagram, scatter, table of points.
//!
//! What is seen is computed here, not in the page's script: means and bands over seeds, majorities and correlations
//! ([`stats`]). A page holds at most a million numbers ([`room`] says what goes first).

mod grid;
mod link;
mod payload;
mod room;
mod stats;
mod tables;
mod variables;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::html::{escape, fill, script_json};
use crate::page::{VERSION, write_page};
use crate::{ReportError, RunData};
use grid::Grid;
use room::Room;
use variables::{At, FIRST, Variables};

const PAGE: &str = include_str!("../assets/sweep.html");
const STYLE: &str = concat!(include_str!("../assets/style.css"), include_str!("../assets/sweep.css"));

/// Helpers of all pages, then one figure, one file; they share one scope, in this order.
const SCRIPTS: [&str; 16] = [
    include_str!("../assets/js/svg.js"),
    include_str!("../assets/js/scale.js"),
    include_str!("../assets/js/data.js"),
    include_str!("../assets/js/chart.js"),
    include_str!("../assets/js/plot.js"),
    include_str!("../assets/js/names.js"),
    include_str!("../assets/js/theme.js"),
    include_str!("../assets/js/sweep/values.js"),
    include_str!("../assets/js/sweep/colour.js"),
    include_str!("../assets/js/sweep/frame.js"),
    include_str!("../assets/js/sweep/chooser.js"),
    include_str!("../assets/js/sweep/curves.js"),
    include_str!("../assets/js/sweep/phase.js"),
    include_str!("../assets/js/sweep/scatter.js"),
    include_str!("../assets/js/sweep/points.js"),
    include_str!("../assets/js/sweep/main.js"),
];

/// One point of a sweep: what was set, and what came of it.
#[derive(Debug, Clone)]
pub struct SweepPoint {
    /// The swept keys in order, the seed included (`optimizer.lr`, `seed`). A key named `seed`, or whose last part is `seed`,
    /// repeats a setting; all others make settings.
    pub keys: Vec<(String, Value)>,
    /// The run, as far as it came; [`RunData::read_numbers`] reads what the page needs of it. None where nothing was recorded.
    pub run: Option<RunData>,
    /// How it went, in a word: `finished`, or another one (`failed`, `diverged`, `cancelled`), which the page points out.
    pub status: String,
    /// Why it did not finish.
    pub reason: Option<String>,
}

impl SweepPoint {
    fn went_well(&self) -> bool {
        self.run.is_some() && self.status == "finished"
    }
}

/// Writes the report of a sweep to `path`: one self-contained page with
///
/// - curves of any metric over a swept key at one step, and over steps: the mean over seeds with its 95 % confidence band
///   (Student's t), the single seeds, one line for each value of a second key;
/// - the phase diagram, swept key by step, coloured by shape class (the majority over seeds) or by any metric;
/// - any two metrics against one another, with Spearman's rho over points and over the means of seeds;
/// - all points with their status, numbers, and links to their own reports (relative to the page, where they exist).
///
/// Points with the same keys, seed included, are one sample: the first one counts.
///
/// The page holds about a million numbers. A larger sweep is thinned, and the page says so: first to fewer steps (evenly, 21 at
/// least), then to fewer variables. Scalars go first, then of weights and kernels the shape class, the tail indices, outliers,
/// ranks, norms, alignments and what else `METRICS.md` names, then the same of displacements, updates and gradients, then all
/// other metrics by name, nulls last. Correlations are of the first 64 of them, at 16 steps or so.
///
/// # Errors
/// [`ReportError::NoRuns`] without a point; [`ReportError::Write`] when the file cannot be written.
pub fn write_sweep_report(points: &[SweepPoint], path: &Path) -> Result<(), ReportError> {
    write_page(&sweep_html(points, path.parent().unwrap_or(Path::new("")))?, path)
}

/// The page of [`write_sweep_report`] as text, for a file in `folder`. Same points and same reports there, same bytes.
///
/// # Errors
/// [`ReportError::NoRuns`] without a point.
pub fn sweep_html(points: &[SweepPoint], folder: &Path) -> Result<String, ReportError> {
    if points.is_empty() {
        return Err(ReportError::NoRuns);
    }
    let (grid, all) = (Grid::new(points), Variables::new(points));
    let room = Room::new(&all, &grid);
    let links: Vec<Option<String>> = points
        .iter()
        .map(|p| {
            let report = p.run.as_ref()?.dir.join("report.html");
            report.exists().then(|| link::relative(folder, &report)).flatten()
        })
        .collect();
    let name = points.iter().find_map(|p| Some(p.run.as_ref()?.info.name.as_str())).filter(|n| !n.is_empty());
    let title = name.map_or_else(|| "Sweep".to_owned(), |n| format!("Sweep: {n}"));
    let script = format!("(() => {{\n\"use strict\";\n{}}})();", SCRIPTS.concat());
    let footer = format!(
        "Drawn by Spectrum {VERSION} from the run directories. Step t means t optimizer steps done; gradient and update at t are \
         those that produced W<sub>t</sub>. Bands: mean over seeds \u{b1} t<sub>0.975, n\u{2212}1</sub> s/\u{221a}n, s the sample \
         standard deviation of the n seeds that have a value.{}",
        thinned(&all, &room)
    );
    let tables = tables::settings(&grid, &all, &room) + &tables::missing(&grid, &all);
    Ok(fill(
        PAGE,
        &[
            ("version", VERSION),
            ("title", &escape(&title)),
            ("lead", &escape(&lead(points, &grid))),
            ("banner", &banner(points, &grid)),
            ("silent", &silent(&all, &room)),
            ("style", STYLE),
            ("tables", &tables),
            ("configs", &tables::configs(points)),
            ("footer", &footer),
            ("data", &script_json(&payload::payload(points, &links, &grid, &all, &room))),
            ("script", &script),
        ],
    ))
}

fn lead(points: &[SweepPoint], grid: &Grid) -> String {
    let well = points.iter().filter(|p| p.went_well()).count();
    let mut parts = vec![format!("{} points, {well} finished", points.len())];
    parts.extend(grid.keys.iter().map(|k| format!("{}: {} values", k.name, k.values.len())));
    if let Some(seed) = &grid.seed {
        let seeds: BTreeSet<&String> = grid.seeds.iter().filter(|s| !s.is_empty()).collect();
        parts.push(format!("{seed}: {} values", seeds.len()));
    }
    parts.join(" \u{b7} ")
}

/// What a reader must know before any figure.
fn banner(points: &[SweepPoint], grid: &Grid) -> String {
    let mut out = String::new();
    let bad = points.iter().filter(|p| !p.went_well()).count();
    if bad > 0 {
        let (verb, them) = if bad == 1 { ("point has", "its reason") } else { ("points have", "their reasons") };
        let _ = writeln!(
            out,
            "<p class=\"banner\">{bad} {verb} no finished run: <a href=\"#points\">the table of points</a> has {them}. Means are over \
             the seeds that have a value.</p>"
        );
    }
    let twins = grid.of.iter().filter(|s| s.is_none()).count();
    if twins > 0 {
        let _ = writeln!(
            out,
            "<p class=\"banner\">{twins} of the points repeat another one\u{2019}s keys, seed included: they are in the table and in no \
             figure.</p>"
        );
    }
    out
}

/// What of the run directories is not on the page.
fn thinned(all: &Variables<'_>, room: &Room) -> String {
    let mut out = String::new();
    let steps = room.at.iter().filter(|a| matches!(a, At::Step(_))).count();
    if steps < all.steps.len() {
        let _ = write!(out, " The page holds {steps} of {} recorded steps, evenly chosen.", all.steps.len());
    }
    if !room.left_out.is_empty() {
        let names: BTreeSet<&str> = room.left_out.iter().map(|&v| all.list[v].name).collect();
        let shown: Vec<String> = names.iter().take(60).map(|n| escape(n)).collect();
        let more =
            if names.len() > shown.len() { format!(" and {} more", names.len() - shown.len()) } else { String::new() };
        let _ = write!(
            out,
            " There was room for {} of {} variables, scalars and then {}, \u{2026} first; left out, for some matrix: {}{more}.",
            room.variables.len(),
            room.variables.len() + room.left_out.len(),
            FIRST[..6].join(", "),
            shown.join(", ")
        );
    }
    out
}

/// Variables that were asked for and never had a value, with their reasons.
fn silent(all: &Variables<'_>, room: &Room) -> String {
    if room.silent.is_empty() {
        return String::new();
    }
    let one = |v: &usize| {
        let v = &all.list[*v];
        let of = v.matrix.map(|m| format!(" of {}", all.matrices[m])).unwrap_or_default();
        let why: Vec<String> = v.reasons().into_iter().take(4).collect();
        format!("<li>{}: {}</li>", escape(&format!("{}{of}", v.name)), escape(&why.join("; ")))
    };
    let list: String = room.silent.iter().take(60).map(one).collect();
    let more = room.silent.len().saturating_sub(60);
    let more = if more > 0 { format!("<li>and {more} more</li>") } else { String::new() };
    let (count, are) = (room.silent.len(), if room.silent.len() == 1 { "variable has" } else { "variables have" });
    format!(
        "<details class=\"gaps\"><summary>{count} {are} no value at any point and step</summary><ul>{list}{more}</ul></details>\n"
    )
}
