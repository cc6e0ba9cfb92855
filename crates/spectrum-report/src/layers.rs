//! A table of layers: what `spectrum analyze` prints of one step.

use std::collections::{BTreeMap, HashMap, HashSet};

use spectrum_core::{Kind, MatrixId, Outcome, Spectrum};

use crate::RunData;
use crate::series::{self, MatrixKey};
use crate::table::{Table, number};

/// Names of the shape classes by their codes.
pub(crate) const SHAPE_CLASSES: [&str; 4] = ["bulk", "bulk + spikes", "bulk decay", "heavy tail"];

/// A column: heading, and what it says of a layer. In order of importance: the last go first where the terminal is narrow.
type Column = (&'static str, fn(&Values<'_>) -> String);

const COLUMNS: [Column; 10] = [
    ("shape", |v| v.shape.clone()),
    ("alpha", |v| v.with_error("alpha", "alpha_sigma")),
    ("tail", |v| v.text("tail_size")),
    ("class", |v| v.class()),
    ("outliers", |v| v.text("outliers")),
    ("top/edge", |v| v.short("top_to_edge")),
    ("stable rank", |v| v.short("stable_rank")),
    ("D", |v| v.short("alpha_distance")),
    ("Hill", |v| v.short("alpha_hill")),
    ("eff. rank", |v| v.short("effective_rank")),
];
/// Where each column stands in the table.
const PLACES: [usize; 10] = [0, 1, 2, 9, 7, 8, 5, 3, 4, 6];
/// Columns that stay whatever the names: shape, alpha, tail, class.
const MIN_COLUMNS: usize = 4;
/// The shortest layer name that still tells layers apart.
const MIN_NAME: usize = 18;

/// The outcomes of one matrix.
struct Values<'a> {
    shape: String,
    metrics: HashMap<&'a str, &'a Outcome>,
}

impl Values<'_> {
    fn get(&self, metric: &str) -> Option<f64> {
        self.metrics.get(metric).and_then(|o| o.value())
    }

    fn text(&self, metric: &str) -> String {
        self.get(metric).map_or_else(|| "-".to_owned(), number)
    }

    /// Three significant digits.
    fn short(&self, metric: &str) -> String {
        self.get(metric).map_or_else(|| "-".to_owned(), short)
    }

    fn with_error(&self, metric: &str, error: &str) -> String {
        match (self.get(metric), self.get(error)) {
            (Some(v), Some(e)) => format!("{v:.2} ± {e:.2}"),
            (Some(v), None) => format!("{v:.2}"),
            _ => "-".to_owned(),
        }
    }

    fn class(&self) -> String {
        let code = self.get("shape_class").map(|c| c as usize);
        code.and_then(|c| SHAPE_CLASSES.get(c)).map_or_else(|| "-".to_owned(), |c| (*c).to_owned())
    }
}

fn short(v: f64) -> String {
    let digits = if v == 0.0 { 0 } else { v.abs().log10().floor() as i32 };
    match digits {
        -3..=5 => format!("{v:.*}", (2 - digits).clamp(0, 5) as usize),
        _ => number(v),
    }
}

/// One line a matrix at the last step, fitted into `width` characters; below it the reasons of layers without a fit.
#[must_use]
pub fn layers(run: &RunData, width: usize) -> String {
    let width = width.max(40);
    let Some(last) = run.records.iter().map(|r| r.id.step).max() else { return "  no matrices\n".to_owned() };
    let mut rows: BTreeMap<usize, (Name, Values<'_>)> = BTreeMap::new();
    let places: HashMap<MatrixKey, usize> =
        series::metrics(run).into_iter().enumerate().map(|(place, (key, _))| (key, place)).collect();
    let spectra: HashMap<&MatrixId, &Spectrum> =
        run.spectra.iter().filter(|s| s.id.step == last).map(|s| (&s.id, &s.spectrum)).collect();
    for r in run.records.iter().filter(|r| r.id.step == last) {
        // Two layers that meet are no layer.
        let key = MatrixKey::from(&r.id);
        let Some(&place) = places.get(&key).filter(|_| !key.is_pair()) else { continue };
        let (_, values) = rows.entry(place).or_insert_with(|| {
            let spectrum = spectra.get(&r.id);
            let shape = spectrum.map_or_else(|| "-".to_owned(), |s| format!("{}x{}", s.rows, s.cols));
            (name(&r.id.layer, &r.id.view, r.id.kind), Values { shape, metrics: HashMap::new() })
        });
        values.metrics.insert(r.metric.as_str(), &r.outcome);
    }
    let cells: Vec<(Name, Vec<String>)> =
        rows.values().map(|(name, v)| (name.clone(), COLUMNS.iter().map(|(_, text)| text(v)).collect())).collect();
    let longest = cells.iter().map(|(n, _)| n.layer.chars().count() + n.rest.chars().count()).max().unwrap_or(0).max(5);
    let sizes: Vec<usize> = (0..COLUMNS.len())
        .map(|c| {
            cells.iter().map(|(_, t)| t[c].chars().count()).max().unwrap_or(0).max(COLUMNS[c].0.chars().count()) + 2
        })
        .collect();
    let fits = |shown: usize| sizes[..shown].iter().sum::<usize>() + longest.min(MIN_NAME) + 2 <= width;
    let room = |shown: usize| width.saturating_sub(sizes[..shown].iter().sum::<usize>() + 2).max(MIN_NAME);
    let distinct = |shown: usize| {
        let names: HashSet<String> = cells.iter().map(|(n, _)| n.shortened(room(shown))).collect();
        names.len() == cells.len()
    };
    // Columns go where the names would not tell layers apart; where that does not help either, names stay whole.
    let widest = (1..=COLUMNS.len()).rev().find(|s| fits(*s)).unwrap_or(1);
    let apart = (MIN_COLUMNS.min(widest)..=widest).rev().find(|s| distinct(*s));
    let shown = apart.unwrap_or(widest);
    let room = apart.map_or(longest, room);
    let mut order: Vec<usize> = (0..shown).collect();
    order.sort_by_key(|c| PLACES[*c]);
    let left: Vec<usize> = order.iter().position(|c| COLUMNS[*c].0 == "class").map(|p| p + 1).into_iter().collect();
    let mut table = Table::new(std::iter::once("layer").chain(order.iter().map(|c| COLUMNS[*c].0)), &left);
    for (name, texts) in &cells {
        table.row(std::iter::once(name.shortened(room)).chain(order.iter().map(|c| texts[*c].clone())));
    }
    let mut out = table.render(width);
    for (reason, names) in without_fit(&rows) {
        let few: Vec<String> = names.iter().take(3).map(|n| n.shortened(60)).collect();
        let more = if names.len() > 3 { format!(" and {} more", names.len() - 3) } else { String::new() };
        out.push_str(&format!("  no alpha: {}{more}: {reason}\n", few.join(", ")));
    }
    out
}

/// What a row is called: the layer, which may be cut, and behind it view and kind, which may not.
#[derive(Debug, Clone)]
struct Name {
    layer: String,
    rest: String,
}

fn name(layer: &str, view: &str, kind: Kind) -> Name {
    let layer = layer.strip_suffix(".weight").unwrap_or(layer);
    // Names come from files: nothing in them may move the cursor.
    let layer = layer.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    let view = if matches!(view, "matrix" | "flatten" | "stacked") { String::new() } else { format!(" {view}") };
    let kind = if kind == Kind::Weight { String::new() } else { format!(" ({kind})") };
    Name { layer, rest: format!("{view}{kind}") }
}

impl Name {
    /// About `room` characters. Words of the layer but the last are cut to three letters and their digits, from the left and
    /// as far as it takes; where that is not enough, the middle goes.
    fn shortened(&self, room: usize) -> String {
        let room = room.saturating_sub(self.rest.chars().count()).max(8);
        let mut words: Vec<String> = self.layer.split_inclusive(['.', '/']).map(str::to_owned).collect();
        let length = |words: &[String]| words.iter().map(|w| w.chars().count()).sum::<usize>();
        for k in 0..words.len().saturating_sub(1) {
            if length(&words) <= room {
                break;
            }
            let end = words[k].pop();
            let digits = words[k].chars().skip(3).filter(char::is_ascii_digit);
            words[k] = words[k].chars().take(3).chain(digits).chain(end).collect();
        }
        let letters: Vec<char> = words.concat().chars().collect();
        let (front, back) = ((room - 1) / 3, room - 1 - (room - 1) / 3);
        let layer: String = match letters.len() <= room {
            true => letters.iter().collect(),
            false => letters[..front].iter().chain(&['…']).chain(&letters[letters.len() - back..]).collect(),
        };
        layer + &self.rest
    }
}

/// Layers whose alpha is missing, by reason.
fn without_fit(rows: &BTreeMap<usize, (Name, Values<'_>)>) -> BTreeMap<String, Vec<Name>> {
    let mut out: BTreeMap<String, Vec<Name>> = BTreeMap::new();
    for (name, values) in rows.values() {
        if let Some(reason) = values.metrics.get("alpha").and_then(|o| o.reason()) {
            out.entry(reason.to_string()).or_default().push(name.clone());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_letters_before_they_lose_numbers() {
        let shortened = |layer: &str, room| name(layer, "matrix", Kind::Weight).shortened(room);
        assert_eq!(shortened("encoder.layer.0.attention.output.dense", 24), "enc.lay.0.att.out.dense");
        assert_eq!(shortened("encoder.layer.10.attention.self.key", 24), "enc.lay.10.att.self.key");
        assert_eq!(shortened("a.b.c.d.e.f.g.h.i.j.k.l.m", 20), "a.b.c.…g.h.i.j.k.l.m");
        assert_eq!(shortened("fc", 20), "fc");
        assert_eq!(shortened("a_very_long_word_of_a_name", 13), "a_ve…f_a_name");
        assert_eq!(shortened("encoder/layer_12/query", 15), "enc/lay12/query");
        assert_eq!(shortened("a\x1b[31m\nb", 20), "a\u{fffd}[31m\u{fffd}b");
        let head = name("encoder.layer.0.attention.query.weight", "heads.q[10]", Kind::Displacement);
        assert!(head.shortened(30).ends_with(" heads.q[10] (displacement)"), "{}", head.shortened(30));
    }

    #[test]
    fn three_digits() {
        let texts: Vec<String> = [0.0, 0.01234, 1.0, 12.345, 987.6, 123_456.0].into_iter().map(short).collect();
        assert_eq!(texts, ["0.00", "0.0123", "1.00", "12.3", "988", "123456"]);
    }
}
