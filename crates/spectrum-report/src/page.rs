//! The page: template, style, script and data in one file.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use spectrum_store::Status;

use crate::html::{escape, facts_table, fill, numbers, script_json};
use crate::{ReportError, RunData, config, facts, payload, sections};

pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
const PAGE: &str = include_str!("assets/page.html");
const STYLE: &str = include_str!("assets/style.css");

/// One figure, one file; they share one scope, in this order.
const SCRIPTS: [&str; 26] = [
    include_str!("assets/js/svg.js"),
    include_str!("assets/js/scale.js"),
    include_str!("assets/js/data.js"),
    include_str!("assets/js/chart.js"),
    include_str!("assets/js/plot.js"),
    include_str!("assets/js/names.js"),
    include_str!("assets/js/layer.js"),
    include_str!("assets/js/heat.js"),
    include_str!("assets/js/law.js"),
    include_str!("assets/js/controls.js"),
    include_str!("assets/js/losses.js"),
    include_str!("assets/js/dynamics.js"),
    include_str!("assets/js/accuracy.js"),
    include_str!("assets/js/ranks.js"),
    include_str!("assets/js/diagonals.js"),
    include_str!("assets/js/parts.js"),
    include_str!("assets/js/spectrum.js"),
    include_str!("assets/js/singular.js"),
    include_str!("assets/js/tail.js"),
    include_str!("assets/js/cutoff.js"),
    include_str!("assets/js/overlap.js"),
    include_str!("assets/js/depth.js"),
    include_str!("assets/js/table.js"),
    include_str!("assets/js/measures.js"),
    include_str!("assets/js/theme.js"),
    include_str!("assets/js/main.js"),
];

/// The report of one run, or of several overlaid, as one HTML document. Same runs, same bytes.
///
/// # Errors
/// [`ReportError::NoRuns`] when `runs` is empty.
pub fn report_html(runs: &[RunData]) -> Result<String, ReportError> {
    let Some(first) = runs.first() else { return Err(ReportError::NoRuns) };
    let names = config::names(runs);
    let (title, lead) = if runs.len() == 1 {
        (first.info.name.clone(), escape(&facts::headline(first)))
    } else {
        let mut of: Vec<&str> = runs.iter().map(|r| r.info.name.as_str()).collect();
        of.dedup();
        let list =
            runs.iter().zip(&names).map(|(r, n)| format!("<b>{}</b>: {}", escape(n), escape(&facts::headline(r))));
        (format!("{} runs: {}", runs.len(), of.join(", ")), list.collect::<Vec<_>>().join("<br>\n"))
    };
    let banner: String = runs.iter().zip(&names).filter_map(|(r, n)| banner(r, n, runs.len() > 1)).collect();
    let (toc, body) = sections::sections(runs);
    let checkpoints = sections::all_checkpoints(runs);
    let script = format!("(() => {{\n\"use strict\";\n{}}})();", SCRIPTS.concat());
    let steps = if checkpoints {
        "A checkpoint's number is the one in its name, or else its place."
    } else {
        "Step t means t optimizer steps done; gradient and update at t are those that produced W<sub>t</sub>."
    };
    let footer = format!(
        "Drawn by Spectrum {VERSION} from the run directory. {steps} \
         Long curves are thinned for the screen (extremes and gaps are kept); the run directory holds every row.",
    );
    Ok(fill(
        PAGE,
        &[
            ("version", VERSION),
            ("title", &escape(&title)),
            ("lead", &lead),
            ("banner", &banner),
            ("toc", &toc),
            ("sections", &body),
            ("run_title", if checkpoints { "Analysis" } else { "Run" }),
            ("style", STYLE),
            ("tables", &numbers(runs, &names)),
            ("facts", &facts_table(runs, &names)),
            ("footer", &footer),
            ("data", &script_json(&payload::payload(runs, &names))),
            ("script", &script),
        ],
    ))
}

/// What a reader must know before any figure: the run did not end well.
fn banner(run: &RunData, name: &str, several: bool) -> Option<String> {
    let status = status(run, name, several).unwrap_or_default();
    let left_out = match payload::left_out(run) {
        0 => String::new(),
        n => format!(
            "<p class=\"banner\">{n} smaller matrices are not on this page, which holds {}; the run directory has all.</p>\n",
            payload::MAX_MATRICES
        ),
    };
    Some(status + &left_out).filter(|b| !b.is_empty())
}

/// What is to be said of a run that did not end as it should.
fn status(run: &RunData, name: &str, several: bool) -> Option<String> {
    let what = match run.info.status {
        Status::Finished => return None,
        Status::Running => "is not finished: it is still being written, or was killed".to_owned(),
        Status::Failed => "failed".to_owned(),
        Status::Diverged => "diverged".to_owned(),
    };
    let who = if several { format!("Run {}", escape(name)) } else { "This run".to_owned() };
    let why = run.info.message.as_deref().map(|m| format!(": {}", escape(m))).unwrap_or_default();
    Some(format!("<p class=\"banner\">{who} {what} (step {}){why}.</p>\n", run.info.steps_done))
}

/// Writes the report of one run, or of several overlaid, to `out`.
///
/// The file is written beside its place and renamed, so that a reader never sees half a page.
///
/// # Errors
/// [`ReportError::NoRuns`] without a run; [`ReportError::Write`] when the file cannot be written.
pub fn write_report(runs: &[RunData], out: &Path) -> Result<(), ReportError> {
    write_page(&report_html(runs)?, out)
}

/// Writes a page beside its place and renames it.
pub(crate) fn write_page(html: &str, out: &Path) -> Result<(), ReportError> {
    let beside = beside(out);
    let written = fs::write(&beside, html).and_then(|()| fs::rename(&beside, out));
    written.map_err(|source| {
        // Best effort: what could not be written or renamed is of no use to anyone.
        let _ = fs::remove_file(&beside);
        ReportError::Write { path: out.to_owned(), source }
    })
}

fn beside(out: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(out.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", std::process::id()));
    out.with_file_name(name)
}
