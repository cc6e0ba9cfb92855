//! The legend: rows above a plot, where they cover nothing.

use std::fmt::Write;

use super::Panel;
use super::layer::{Colour, Layer, Mark, Shape, colours};
use super::style::class;
use super::text::{px, shortened, tspans, width};

/// Font size, height of a row, width of a swatch, and gaps.
const SIZE: f64 = 12.0;
pub(crate) const ROW: f64 = 18.0;
const SWATCH: f64 = 24.0;
const GAP: f64 = 6.0;
const BETWEEN: f64 = 20.0;

/// One line of a legend.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    label: String,
    colour: Colour,
    swatch: Swatch,
    dashed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Swatch {
    Line { markers: bool, band: bool },
    Points(Shape),
    Bar,
    Law,
    Whisker,
    Thin,
    Rug,
}

/// The named layers of a panel. Those that look alike and are called alike stand there once.
pub(crate) fn entries(panel: &Panel) -> Vec<Entry> {
    let mut out: Vec<Entry> = Vec::new();
    for (layer, colour) in panel.layers.iter().zip(colours(&panel.layers)) {
        let Some(label) = layer.label.clone().filter(|l| !l.trim().is_empty()) else { continue };
        let entry = Entry { label, colour, swatch: swatch(layer), dashed: layer.dashed };
        if !out.contains(&entry) {
            out.push(entry);
        }
    }
    out
}

fn swatch(layer: &Layer) -> Swatch {
    match &layer.mark {
        Mark::Line { markers, band, .. } => Swatch::Line { markers: *markers, band: !band.is_empty() },
        Mark::Points { shape, .. } => Swatch::Points(*shape),
        Mark::Histogram(_) => Swatch::Bar,
        Mark::Density(_) => Swatch::Law,
        Mark::ErrorBars(_) => Swatch::Whisker,
        Mark::Vertical(_) | Mark::Horizontal(_) => Swatch::Thin,
        Mark::Rug(_) => Swatch::Rug,
    }
}

/// Entries in rows of at most this width; the places are their left ends.
fn rows(entries: &[Entry], room: f64) -> Vec<Vec<(f64, &Entry)>> {
    let mut rows: Vec<Vec<(f64, &Entry)>> = Vec::new();
    let mut end = 0.0;
    for entry in entries {
        let wide = (SWATCH + GAP + width(&entry.label, SIZE)).min(room);
        match rows.last_mut() {
            Some(row) if end + BETWEEN + wide <= room => {
                row.push((end + BETWEEN, entry));
                end += BETWEEN + wide;
            }
            _ => {
                rows.push(vec![(0.0, entry)]);
                end = wide;
            }
        }
    }
    rows
}

/// How high a legend of this width is.
pub(crate) fn height(entries: &[Entry], room: f64) -> f64 {
    ROW * rows(entries, room).len() as f64
}

/// Draws it with its top left corner here.
pub(crate) fn draw(out: &mut String, entries: &[Entry], (left, top): (f64, f64), room: f64) {
    for (i, row) in rows(entries, room).into_iter().enumerate() {
        let middle = top + ROW * (i as f64 + 0.5);
        for (at, entry) in row {
            let (a, b) = (left + at, left + at + SWATCH);
            let _ = write!(out, "<g class=\"{}\">", class(entry.colour));
            sample(out, entry, a, b, middle);
            let text = tspans(&shortened(&entry.label, SIZE, room - SWATCH - GAP), SIZE);
            let _ = write!(
                out,
                "</g><text class=\"t\" font-size=\"{SIZE}\" x=\"{}\" y=\"{}\">{text}</text>",
                px(b + GAP),
                px(middle + 4.2)
            );
        }
    }
}

fn sample(out: &mut String, entry: &Entry, a: f64, b: f64, y: f64) {
    let dash = if entry.dashed { " stroke-dasharray=\"5 3\"" } else { "" };
    let line = |out: &mut String, wide: f64| {
        let _ = write!(out, "<path class=\"l\" stroke-width=\"{wide}\"{dash} d=\"M{},{}H{}\"/>", px(a), px(y), px(b));
    };
    match entry.swatch {
        Swatch::Line { markers, band } => {
            if band {
                let _ = write!(
                    out,
                    "<rect class=\"b\" x=\"{}\" y=\"{}\" width=\"{SWATCH}\" height=\"10\"/>",
                    px(a),
                    px(y - 5.0)
                );
            }
            line(out, 1.8);
            if markers {
                let _ = write!(out, "<circle class=\"m\" cx=\"{}\" cy=\"{}\" r=\"2.6\"/>", px(0.5 * (a + b)), px(y));
            }
        }
        Swatch::Points(shape) => {
            let _ = write!(out, "<path class=\"m\" d=\"{}\"/>", outline(shape, 0.5 * (a + b), y));
        }
        Swatch::Bar => {
            let _ = write!(
                out,
                "<rect fill=\"currentColor\" fill-opacity=\".35\" stroke=\"currentColor\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"10\"/>",
                px(a + 2.0),
                px(y - 5.0),
                px(SWATCH - 4.0)
            );
        }
        Swatch::Law => line(out, 2.2),
        Swatch::Whisker => {
            let middle = 0.5 * (a + b);
            let _ = write!(out, "<path class=\"l\" d=\"M{},{}v12\"/>", px(middle), px(y - 6.0));
            let _ = write!(out, "<circle class=\"m\" cx=\"{}\" cy=\"{}\" r=\"2.6\"/>", px(middle), px(y));
        }
        Swatch::Thin => line(out, 1.3),
        Swatch::Rug => {
            for at in [0.3, 0.5, 0.7] {
                let _ = write!(
                    out,
                    "<path class=\"l\" stroke-width=\"1.5\" d=\"M{},{}v9\"/>",
                    px(a + at * SWATCH),
                    px(y - 4.5)
                );
            }
        }
    }
}

/// A point's outline as a closed path.
pub(crate) fn outline(shape: Shape, x: f64, y: f64) -> String {
    let (x, y) = (px(x), px(y));
    match shape {
        Shape::Circle => format!("M{x},{y}m-3,0a3,3 0 1 0 6,0a3,3 0 1 0-6,0z"),
        Shape::Square => format!("M{x},{y}m-2.7-2.7h5.4v5.4h-5.4z"),
        Shape::Triangle => format!("M{x},{y}m0-3.6l3.4,6h-6.8z"),
        Shape::Diamond => format!("M{x},{y}m0-3.8l3.8,3.8l-3.8,3.8l-3.8-3.8z"),
    }
}
