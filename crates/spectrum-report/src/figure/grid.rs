//! The page: title, legends, plots in a grid with their axes, notes and caption.

use std::fmt::Write;

use super::axis::Place;
use super::legend::{self, Entry};
use super::region::{Frame, Region};
use super::text::{escape, plain, px, shortened, tspans, width, wrap};
use super::{Figure, Panel, draw, note, style};

/// Width of a figure with one plot in a row, and with more.
const SINGLE: f64 = 640.0;
const WIDE: f64 = 880.0;
/// Heights of a plot by the number of columns.
const HEIGHTS: [f64; 3] = [300.0, 240.0, 200.0];
const MARGIN: f64 = 14.0;
const BETWEEN: f64 = 22.0;
/// Right of the last plot, for half of a tick's text.
const END: f64 = 8.0;
const TITLE: f64 = 15.5;
const HEAD: f64 = 13.0;
/// How much wider letters of titles are.
const BOLD: f64 = 1.1;
const LABEL: f64 = 12.0;
const TICK: f64 = 11.0;
const SMALL: f64 = 11.5;

/// The whole file.
pub(crate) fn svg(figure: &Figure) -> String {
    let shared = figure.shared_axes.then(|| share(figure));
    let figure = shared.as_ref().unwrap_or(figure);
    let page = Page::of(figure);
    let mut body = String::new();
    let bottom = page.draw(&mut body);
    let height = bottom.ceil();
    let mut used: Vec<_> = figure.panels.iter().flat_map(draw::used).collect();
    used.dedup();
    let spoken = escape(&plain(&figure.title));
    let about = figure.caption.as_deref().map(|c| format!("<desc>{}</desc>", escape(&plain(c)))).unwrap_or_default();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{w}\" height=\"{height}\" viewBox=\"0 0 {w} {height}\">\
         <title>{spoken}</title>{about}{style}<rect class=\"bg\" width=\"{w}\" height=\"{height}\"/>{body}</svg>\n",
        w = page.width,
        style = style::element(&used),
    )
}

/// The figure with one pair of axes, as wide as the widest.
fn share(figure: &Figure) -> Figure {
    let mut figure = figure.clone();
    // Bins depend on the width in pixels a little, the ends of axes hardly: any frame does.
    let frame = Frame { left: 0.0, top: 0.0, width: 300.0, height: HEIGHTS[1] };
    let ends = |panels: &[Panel], of: fn(&Region) -> Place| {
        let places = panels.iter().filter(|p| !p.layers.is_empty()).map(|p| of(&Region::of(p, frame)));
        places.map(|p| (p.low, p.high)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    };
    let x = ends(&figure.panels, |r| r.x);
    figure.panels.iter_mut().for_each(|p| p.x.range = x.or(p.x.range));
    let y = ends(&figure.panels, |r| r.y);
    figure.panels.iter_mut().for_each(|p| p.y.range = y.or(p.y.range));
    figure
}

struct Page<'a> {
    figure: &'a Figure,
    columns: usize,
    width: f64,
    /// Room left of each column's plots for labels and texts of ticks.
    lefts: Vec<f64>,
    /// Width of every plot.
    plot: f64,
    /// The legend that all panels share.
    shared: Option<Vec<Entry>>,
}

impl<'a> Page<'a> {
    fn of(figure: &'a Figure) -> Self {
        let n = figure.panels.len();
        let usual = match n {
            0 | 1 => 1,
            2 | 4 => 2,
            _ => 3,
        };
        let columns = figure.columns.unwrap_or(usual).clamp(1, 3).min(n.max(1));
        let width = if columns == 1 { SINGLE } else { WIDE };
        let legends: Vec<Vec<Entry>> = figure.panels.iter().map(legend::entries).collect();
        let several = legends.iter().filter(|l| !l.is_empty()).count() > 1;
        let shared = legends.iter().max_by_key(|l| l.len()).filter(|most| {
            let conflict = |e: &Entry| !most.contains(e);
            several && !legends.iter().flatten().any(conflict)
        });
        let shared = shared.cloned();
        let mut page = Self { figure, columns, width, lefts: vec![60.0; columns], plot: 0.0, shared };
        page.plot = page.room();
        // Texts of ticks depend on the plot's width only where bins do: one round is enough.
        page.lefts = (0..columns).map(|c| page.left(c)).collect();
        page.plot = page.room();
        page
    }

    fn room(&self) -> f64 {
        let taken = 2.0 * MARGIN + END + self.lefts.iter().sum::<f64>() + BETWEEN * (self.columns - 1) as f64;
        ((self.width - taken) / self.columns as f64).max(80.0)
    }

    fn height(&self) -> f64 {
        HEIGHTS[self.columns - 1]
    }

    /// Room for the texts left of a column's plots.
    fn left(&self, column: usize) -> f64 {
        let frame = Frame { left: 0.0, top: 0.0, width: self.plot, height: self.height() };
        let panels = self.figure.panels.iter().skip(column).step_by(self.columns);
        let texts = panels.flat_map(|p| Region::of(p, frame).y.ticks()).filter_map(|t| t.text);
        let widest = texts.map(|t| width(&t, TICK)).fold(12.0, f64::max);
        LABEL + 17.0 + widest
    }

    fn draw(&self, out: &mut String) -> f64 {
        let mut y = MARGIN;
        for line in wrap(&self.figure.title, TITLE * BOLD, self.width - 2.0 * MARGIN) {
            y += TITLE + 4.0;
            text(out, "t h", TITLE, (MARGIN, y - 4.0), &line);
        }
        if let Some(shared) = &self.shared {
            y += 4.0;
            legend::draw(out, shared, (MARGIN, y), self.width - 2.0 * MARGIN);
            y += legend::height(shared, self.width - 2.0 * MARGIN);
        }
        let mut found: Notes = Vec::new();
        for (row, panels) in self.figure.panels.chunks(self.columns).enumerate() {
            y = self.row(out, panels, row * self.columns, y + 8.0, &mut found);
        }
        let mut notes: Vec<String> = self.figure.caption.iter().cloned().collect();
        notes.extend(together(&found));
        if self.figure.panels.is_empty() {
            notes.push("There is nothing to draw.".to_owned());
        }
        y += 4.0;
        for line in notes.iter().flat_map(|n| wrap(n, SMALL, self.width - 2.0 * MARGIN)) {
            y += SMALL + 4.0;
            text(out, "q", SMALL, (MARGIN, y - 3.0), &line);
        }
        y + MARGIN * 0.7
    }

    /// A row of panels from `top`; the end of it.
    fn row(&self, out: &mut String, panels: &[Panel], first: usize, top: f64, notes: &mut Notes) -> f64 {
        let room = |c: usize| self.plot + self.lefts[c] - 8.0;
        let heads: Vec<Vec<String>> = panels
            .iter()
            .enumerate()
            .map(|(c, p)| p.title.as_deref().map(|t| wrap(t, HEAD * BOLD, room(c))).unwrap_or_default())
            .collect();
        let legends: Vec<Vec<Entry>> = match self.shared {
            Some(_) => vec![Vec::new(); panels.len()],
            None => panels.iter().map(legend::entries).collect(),
        };
        let most = |heights: &mut dyn Iterator<Item = f64>| heights.fold(0.0, f64::max);
        let head = most(&mut heads.iter().map(|h| 17.0 * h.len() as f64));
        let key = most(&mut legends.iter().enumerate().map(|(c, l)| legend::height(l, room(c))));
        let frame_top = top + head + key + 8.0;
        let mut left = MARGIN;
        for (c, panel) in panels.iter().enumerate() {
            let frame = Frame { left: left + self.lefts[c], top: frame_top, width: self.plot, height: self.height() };
            // Titles and legends stand right above the plot, also beside a panel that has more of them.
            let used = 17.0 * heads[c].len() as f64 + legend::height(&legends[c], room(c));
            let mut y = top + head + key - used;
            for line in &heads[c] {
                y += 17.0;
                text(out, "t h", HEAD, (left + 8.0, y - 4.0), line);
            }
            legend::draw(out, &legends[c], (left + 8.0, y), room(c));
            let region = Region::of(panel, frame);
            plot(out, panel, &region, frame, first + c);
            let (label, size) = axis_label(&panel.y.text(), frame.height + head + key);
            let (x, y) = (px(left + LABEL - 1.0), px(frame.top + 0.5 * frame.height));
            let _ = write!(
                out,
                "<text class=\"t c\" font-size=\"{size}\" transform=\"translate({x} {y}) rotate(-90)\">{label}</text>"
            );
            notes.push((panel.title.as_deref().map(plain).unwrap_or_default(), note::notes(panel, &region)));
            left += self.lefts[c] + self.plot + BETWEEN;
        }
        frame_top + self.height() + 18.0 + LABEL + 8.0
    }
}

/// The title and the notes of each panel.
type Notes = Vec<(String, Vec<String>)>;

/// One line for each note, with the panels that it is said of; without them where it is said of all.
fn together(found: &Notes) -> Vec<String> {
    let mut lines: Vec<(&str, Vec<&str>)> = Vec::new();
    for (title, note) in found.iter().flat_map(|(title, notes)| notes.iter().map(move |n| (title, n))) {
        match lines.iter_mut().find(|l| l.0 == note) {
            Some(line) => line.1.push(title),
            None => lines.push((note, vec![title])),
        }
    }
    let line = |(note, mut titles): (&str, Vec<&str>)| {
        let all = titles.len() == found.len();
        titles.retain(|t| !t.is_empty());
        if all || titles.is_empty() { note.to_owned() } else { format!("{}: {note}", titles.join("; ")) }
    };
    lines.into_iter().map(line).collect()
}

fn text(out: &mut String, class: &str, size: f64, (x, y): (f64, f64), words: &str) {
    let _ = write!(
        out,
        "<text class=\"{class}\" font-size=\"{size}\" x=\"{}\" y=\"{}\">{}</text>",
        px(x),
        px(y),
        tspans(words, size)
    );
}

fn plot(out: &mut String, panel: &Panel, region: &Region, frame: Frame, number: usize) {
    let (x, y) = (&region.x, &region.y);
    let mut lines = String::new();
    for t in y.ticks().iter().filter(|t| t.text.is_some()) {
        let _ = write!(lines, "M{},{}H{}", px(x.from), px(y.at(t.at)), px(x.to));
    }
    for t in x.ticks().iter().filter(|t| t.text.is_some()) {
        let _ = write!(lines, "M{},{}V{}", px(x.at(t.at)), px(y.from), px(y.to));
    }
    let (left, top, wide, high) = (px(frame.left), px(frame.top), px(frame.width), px(frame.height));
    let _ = write!(
        out,
        "<path class=\"g\" d=\"{lines}\"/><clipPath id=\"p{number}\"><rect x=\"{left}\" y=\"{top}\" width=\"{wide}\" height=\"{high}\"/></clipPath>\
         <g clip-path=\"url(#p{number})\">"
    );
    draw::layers(out, panel, region);
    let _ = write!(out, "</g><path class=\"a\" d=\"M{left},{top}v{high}h{wide}\"/>");
    let small = |t: &super::ticks::Tick| if t.text.is_some() { 5.0 } else { 2.5 };
    let mut marks = String::new();
    for t in x.ticks() {
        let _ = write!(marks, "M{},{}v{}", px(x.at(t.at)), px(y.from), small(&t));
    }
    for t in y.ticks() {
        let _ = write!(marks, "M{},{}h-{}", px(x.from), px(y.at(t.at)), small(&t));
    }
    let _ = write!(out, "<path class=\"n\" d=\"{marks}\"/>");
    texts(out, x, |at| (at, y.from + 17.0), "q c");
    texts(out, y, |at| (x.from - 8.0, at + 3.8), "q e");
    let at = (px(frame.left + 0.5 * frame.width), px(y.from + 18.0 + LABEL + 2.0));
    let (label, size) = axis_label(&panel.x.text(), frame.width + BETWEEN);
    let _ = write!(out, "<text class=\"t c\" font-size=\"{size}\" x=\"{}\" y=\"{}\">{label}</text>", at.0, at.1);
}

/// An axis' label with its font size: smaller, and then shortened, where there is not room enough.
fn axis_label(words: &str, room: f64) -> (String, f64) {
    let size = if width(words, LABEL) <= room { LABEL } else { 10.0 };
    (tspans(&shortened(words, size, room), size), size)
}

fn texts(out: &mut String, axis: &Place, place: impl Fn(f64) -> (f64, f64), class: &str) {
    for t in axis.ticks() {
        let Some(words) = t.text else { continue };
        text(out, class, TICK, place(axis.at(t.at)), &words);
    }
}
