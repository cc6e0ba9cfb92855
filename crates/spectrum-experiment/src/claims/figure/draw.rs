//! From a topic to files.

use std::fs;
use std::path::{Path, PathBuf};

use spectrum_report::figure::Figure;
use spectrum_store::write_atomically;

use super::super::error::ClaimError;
use super::super::execute::OnProgress;
use super::super::nearest::hint;
use super::super::topic::Topic;
use super::build::{self, Tally};
use super::source::Source;
use super::{Band, FigureSpec, Plot};
use crate::Runner;

/// What to draw, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureOptions {
    /// One of the topic's scales.
    pub scale: String,
    /// The backend of the runs, as it was for [`verify`](crate::claims::verify); the configs' own if none.
    pub backend: Option<String>,
    /// The folder for the files; made if it is not there.
    pub out: PathBuf,
    /// Runs at a time of those that are missing; none leaves them out and draws what is there.
    pub run_missing: Option<usize>,
}

/// A figure of a topic, or why there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    /// The file's name.
    pub file: String,
    /// The figure. There is none where not one of its numbers is there, and the text says why.
    pub figure: Result<Figure, String>,
    /// How many of its numbers are not there; the figure says so too.
    pub missing: usize,
    /// How many it would have.
    pub wanted: usize,
}

/// What was drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// The files, in the topic's order.
    pub drawn: Vec<PathBuf>,
    /// The names of figures that were not drawn, with the reason.
    pub left_out: Vec<(String, String)>,
    /// The names of figures that were drawn of some of their runs: those there, and those wanted.
    pub partial: Vec<(String, usize, usize)>,
}

/// Draws a topic's figures of one scale, from the runs that are finished or after doing the missing ones.
///
/// Claims need some runs of a figure and not others: `verify` alone leaves gaps, which the figure and [`Figures::partial`]
/// name. A run that fails is such a gap too.
///
/// # Errors
/// [`ClaimError`]: the claim file or a config is wrong, the scale is unknown, or a file cannot be written.
pub fn draw_figures(
    topic_dir: &Path,
    runner: &dyn Runner,
    options: &FigureOptions,
    progress: OnProgress<'_>,
) -> Result<Figures, ClaimError> {
    let topic = Topic::read(topic_dir)?;
    let failed = |path: &Path, why: String| ClaimError::Write { path: path.to_owned(), why };
    let mut all = Figures::default();
    let missing = options.run_missing.map(|jobs| (jobs, progress));
    for drawing in drawings(&topic, runner, &options.scale, options.backend.as_deref(), missing)? {
        match drawing.figure {
            Err(why) => all.left_out.push((drawing.file, why)),
            Ok(figure) => {
                fs::create_dir_all(&options.out).map_err(|e| failed(&options.out, e.to_string()))?;
                let path = options.out.join(&drawing.file);
                write_atomically(&path, figure.svg().as_bytes()).map_err(|e| failed(&path, e.to_string()))?;
                all.drawn.push(path);
                if drawing.missing > 0 {
                    all.partial.push((drawing.file, drawing.wanted - drawing.missing, drawing.wanted));
                }
            }
        }
    }
    Ok(all)
}

/// The figures of a scale, from runs that are finished, without writing them.
///
/// # Errors
/// [`ClaimError`]: a config is wrong or the scale is unknown.
pub fn figures(
    topic: &Topic,
    runner: &dyn Runner,
    scale: &str,
    backend: Option<&str>,
) -> Result<Vec<Drawing>, ClaimError> {
    drawings(topic, runner, scale, backend, None)
}

fn drawings(
    topic: &Topic,
    runner: &dyn Runner,
    scale: &str,
    backend: Option<&str>,
    missing: Option<(usize, OnProgress<'_>)>,
) -> Result<Vec<Drawing>, ClaimError> {
    if !topic.scales.contains_key(scale) {
        let known: Vec<&str> = topic.scales.keys().map(String::as_str).collect();
        let nearest = hint(scale, known.iter().copied());
        let why = format!("unknown scale `{scale}`{nearest}; expected one of {}", known.join(", "));
        return Err(ClaimError::Asked { file: topic.file.clone(), why });
    }
    let here = |f: &&FigureSpec| f.scales.is_empty() || f.scales.iter().any(|s| s == scale);
    let specs: Vec<&FigureSpec> = topic.figures.iter().filter(here).collect();
    let source = Source::of(topic, &specs, runner, scale, backend, missing)?;
    Ok(specs.into_iter().map(|spec| drawing(&source, spec)).collect())
}

fn drawing(source: &Source<'_>, spec: &FigureSpec) -> Drawing {
    let mut tally = Tally::default();
    let mut figure = Figure::new(&spec.title);
    (figure.columns, figure.shared_axes) = (spec.columns, spec.shared_axes);
    for panel in &spec.panels {
        figure = figure.with(build::panel(source, panel, &mut tally));
    }
    let words = [spec.caption.clone(), Some(method(source, spec, &tally))];
    figure = figure.caption(words.into_iter().flatten().collect::<Vec<_>>().join(" "));
    let figure = if tally.there == 0 {
        Err(tally.first.unwrap_or_else(|| "no run of it is there".to_owned()))
    } else {
        Ok(figure)
    };
    Drawing { file: spec.file.clone(), figure, missing: tally.missing, wanted: tally.there + tally.missing }
}

/// What is said under every figure: the scale, the seeds, and what stands around a mean.
fn method(source: &Source<'_>, spec: &FigureSpec, tally: &Tally) -> String {
    let seeds: Vec<String> = tally.seeds.iter().map(u64::to_string).collect();
    let seeds = match seeds.as_slice() {
        [] => String::new(),
        [one] => format!(", seed {one}"),
        [.., last] if seeds.len() > 2 && tally.seeds.iter().next_back() == Some(&(seeds.len() as u64 - 1)) => {
            format!(", seeds 0 to {last}")
        }
        all => format!(", seeds {}", all.join(", ")),
    };
    let mut text = format!("Scale {}{seeds}.", source.planner.scale);
    let bands: Vec<Band> = spec
        .panels
        .iter()
        .filter_map(|p| match p.plot {
            Plot::Curve { band, .. } | Plot::Trajectory { band, .. } => Some(band),
            _ => None,
        })
        .collect();
    if !bands.is_empty() && tally.seeds.len() > 1 {
        let said = |band: Band| bands.contains(&band);
        text.push_str(match (said(Band::Range), said(Band::Sd)) {
            (true, false) => " Lines: mean over seeds; bands: from the least to the greatest.",
            (false, true) => " Lines: mean over seeds; bands: one standard deviation to each side.",
            (true, true) => {
                " Lines: mean over seeds; bands: least to greatest, or one standard deviation, as the panel says."
            }
            (false, false) => " Lines: mean over seeds.",
        });
    }
    text
}
