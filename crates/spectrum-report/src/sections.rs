//! Which sections a page has, and in which order: what a run did not record has no empty heading.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::{RunData, dynamics, series};

/// The name that a run directory made from checkpoints carries as its backend.
const CHECKPOINT: &str = "checkpoint";

/// Whether the run was read from checkpoints and not trained.
pub(crate) fn is_checkpoint(run: &RunData) -> bool {
    run.info.backend == CHECKPOINT
}

/// Whether no run on the page was trained.
pub(crate) fn all_checkpoints(runs: &[RunData]) -> bool {
    runs.iter().all(is_checkpoint)
}

/// Whether no run has more than one step: there is nothing to draw over time then.
pub(crate) fn one_step(runs: &[RunData]) -> bool {
    runs.iter().all(|run| {
        let scalars = run.scalars.iter().map(|s| s.step);
        let rows = run.spectra.iter().map(|s| s.id.step).chain(run.records.iter().map(|r| r.id.step));
        scalars.chain(rows).collect::<BTreeSet<u64>>().len() < 2
    })
}

/// One heading and what stands below it; the figures fill elements by their ids.
struct Section {
    id: &'static str,
    toc: &'static str,
    title: &'static str,
    body: Cow<'static, str>,
}

const LOSS: Section =
    Section { id: "loss", toc: "Loss", title: "Loss", body: Cow::Borrowed("<div id=\"losses\"></div>") };
const SPECTRA: Section = Section {
    id: "spectra",
    toc: "Spectra",
    title: "Spectra",
    body: Cow::Borrowed(
        "<div class=\"chooser\" id=\"chooser\"></div>\n<div id=\"esd\"></div>\n<div id=\"singular\"></div>\n\
           <h3 class=\"part\" id=\"tails\">Tail</h3>\n<div id=\"tail\"></div>\n<div id=\"cutoff\"></div>",
    ),
};
const OVERLAP: Section = Section {
    id: "overlap",
    toc: "Overlap",
    title: "Overlap of weight and update",
    body: Cow::Borrowed("<div id=\"overlaps\"></div>"),
};
const LAYERS: Section = Section {
    id: "layers",
    toc: "Layers",
    title: "Layers",
    body: Cow::Borrowed("<div id=\"depth\"></div>\n<div id=\"table\"></div>"),
};
const MEASURES: Section =
    Section { id: "measures", toc: "Measures", title: "Measures", body: Cow::Borrowed("<div id=\"metrics\"></div>") };

/// The pictures of spectral dynamics, each in its place; first the choice of the run, where there are several.
fn pictures(places: &[&str]) -> Section {
    let places = std::iter::once(&"dynamics-run").chain(places);
    let body = places.map(|id| format!("<div id=\"{id}\"></div>")).collect::<Vec<_>>().join("\n");
    Section { id: "dynamics", toc: "Dynamics", title: "Spectral dynamics", body: Cow::Owned(body) }
}

/// The links to all sections, and the sections that the script fills.
pub(crate) fn sections(runs: &[RunData]) -> (String, String) {
    let checkpoints = all_checkpoints(runs);
    let still = one_step(runs);
    let scalars = runs.iter().any(|r| !r.scalars.is_empty());
    let overlaps = runs.iter().any(|r| r.blobs.iter().any(|b| b.name.starts_with("overlap_")));
    let layers = runs.iter().any(|r| {
        let mut all = series::matrices(r);
        all.retain(|m| !m.is_pair());
        all.iter().any(|a| all.iter().any(|b| (&a.layer, &a.view) != (&b.layer, &b.view)))
    });
    // Of checkpoints the reader asks first which layers there are; of a run, how it went.
    let first = layers && (checkpoints || still);
    let places = dynamics::places(runs);
    let all = [
        (first, LAYERS),
        (!still && (scalars || !checkpoints), LOSS),
        (!still && !places.is_empty(), pictures(&places)),
        (true, SPECTRA),
        (overlaps || !(checkpoints || still), OVERLAP),
        (layers && !first, LAYERS),
        (!still, MEASURES),
    ];
    let mut toc = String::new();
    let mut body = String::new();
    for section in all.into_iter().filter(|s| s.0).map(|s| s.1) {
        let _ = write!(toc, "<a href=\"#{}\">{}</a>", section.id, section.toc);
        if section.id == SPECTRA.id {
            toc.push_str("<a href=\"#tails\">Tail</a>");
        }
        let _ = writeln!(body, "<section id=\"{}\"><h2>{}</h2>{}</section>", section.id, section.title, section.body);
    }
    toc.push_str("<a href=\"#numbers\">Numbers</a><a href=\"#run\">Run</a>");
    (toc, body)
}
