//! What `spectrum show` prints: the run's numbers as tables, and as one JSON document.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::series::{self, Curve};
use crate::table::{Table, number};
use crate::{RunData, facts, thin};

/// Columns that one step takes: ten digits and two spaces.
const STEP_WIDTH: usize = 12;

/// Tables for a terminal of `width` characters: facts, scalars, and each matrix's metrics at the first step, the last,
/// and as many between them as fit. A dash is a value that is missing; the lines below the table say why.
#[must_use]
pub fn tables(run: &RunData, width: usize) -> String {
    let width = width.max(40);
    let mut out = format!("{}\n", run.dir.display());
    let mut known = Table::new(["", ""], &[1]);
    for (name, text) in facts::facts(run).into_iter().filter(|f| f.0 != "Run directory") {
        known.row([name, &text]);
    }
    // The heading row is empty here.
    out.push_str(known.render(width).trim_start_matches('\n'));
    let scalars = series::scalars(run);
    if !scalars.is_empty() {
        out.push_str("\nLosses and other scalars\n");
        out.push_str(&over_steps(&scalars, width));
        out.push_str(&missing(&scalars, width));
    }
    for (key, metrics) in series::metrics(run) {
        if metrics.is_empty() {
            continue;
        }
        let shape =
            run.spectra.iter().find(|s| (&s.id.layer, s.id.kind, &s.id.view) == (&key.layer, key.kind, &key.view));
        let shape = shape.map(|s| format!(" ({} x {})", s.spectrum.rows, s.spectrum.cols)).unwrap_or_default();
        out.push_str(&format!("\n{key}{shape}\n"));
        out.push_str(&over_steps(&metrics, width));
        out.push_str(&missing(&metrics, width));
    }
    out
}

/// One row a name, one column a step.
fn over_steps(curves: &BTreeMap<&str, Curve<'_>>, width: usize) -> String {
    let steps = full_steps(curves);
    let names = curves.keys().map(|n| n.chars().count()).max().unwrap_or(0) + 2;
    let fit = (width.saturating_sub(names) / STEP_WIDTH).clamp(2, 12);
    let chosen: Vec<u64> = thin::evenly(steps.len(), fit).into_iter().map(|i| steps[i]).collect();
    let heading = std::iter::once(String::new()).chain(chosen.iter().map(|t| format!("step {t}")));
    let mut table = Table::new(heading, &[]);
    for (name, curve) in curves {
        let cell = |t: &u64| match curve.0.binary_search_by_key(t, |p| p.0) {
            Ok(i) => curve.0[i].1.value().map_or_else(|| "-".to_owned(), number),
            Err(_) => String::new(),
        };
        table.row(std::iter::once((*name).to_owned()).chain(chosen.iter().map(cell)));
    }
    table.render(width)
}

/// The first and the last step, and between them those at which at least half as many curves have a row as at any step:
/// where the loss is written at every step and the rest at every hundredth, columns of the loss alone say little.
fn full_steps(curves: &BTreeMap<&str, Curve<'_>>) -> Vec<u64> {
    let mut rows: BTreeMap<u64, usize> = BTreeMap::new();
    curves.values().flat_map(|c| &c.0).for_each(|p| *rows.entry(p.0).or_default() += 1);
    let most = rows.values().copied().max().unwrap_or(0);
    let ends = [rows.keys().next().copied(), rows.keys().next_back().copied()];
    rows.into_iter().filter(|(t, n)| 2 * n >= most || ends.contains(&Some(*t))).map(|r| r.0).collect()
}

/// Stretches of missing steps that one line names.
const STRETCHES: usize = 8;

/// One line a name and reason: at which steps there is no value, and why.
fn missing(curves: &BTreeMap<&str, Curve<'_>>, width: usize) -> String {
    let mut out = String::new();
    for (name, curve) in curves {
        let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (first, last, _, reason) in curve.gaps() {
            let steps = if first == last { first.to_string() } else { format!("{first}-{last}") };
            reasons.entry(reason).or_default().push(steps);
        }
        for (reason, mut steps) in reasons {
            if steps.len() > STRETCHES {
                steps.truncate(STRETCHES);
                steps.push("...".to_owned());
            }
            wrap(&format!("- no {name} at step {}: {reason}", steps.join(", ")), width, &mut out);
        }
    }
    out
}

/// Lines of at most `width` characters, broken between words where that is possible.
pub(crate) fn wrap(text: &str, width: usize, out: &mut String) {
    let mut column = 0;
    for word in text.split_whitespace() {
        let room = width.saturating_sub(4);
        // A word longer than a line is cut into lines.
        for piece in word.chars().collect::<Vec<_>>().chunks(room.max(1)) {
            if column == 0 || column + 1 + piece.len() > width {
                out.push_str(if column == 0 { "  " } else { "\n    " });
                column = if column == 0 { 2 } else { 4 };
            } else {
                out.push(' ');
                column += 1;
            }
            out.extend(piece);
            column += piece.len();
        }
    }
    out.push('\n');
}

/// The run as one JSON document:
/// `{"run": {...}, "scalars": [{"step", "name", "value"}], "records": [{"step", "layer", "kind", "view", "metric",
/// "value", "reason"}]}`.
///
/// `value` is null exactly where `reason` is set; a scalar has the key `reason` only then.
#[must_use]
pub fn json(run: &RunData) -> Value {
    let scalars: Vec<Value> = run
        .scalars
        .iter()
        .map(|s| {
            let mut row = Map::new();
            row.insert("step".to_owned(), json!(s.step));
            row.insert("name".to_owned(), json!(s.name));
            row.insert("value".to_owned(), json!(s.outcome.value()));
            row.extend(s.outcome.reason().map(|r| ("reason".to_owned(), json!(r.to_string()))));
            Value::Object(row)
        })
        .collect();
    let records: Vec<Value> = run
        .records
        .iter()
        .map(|r| {
            json!({
                "step": r.id.step, "layer": r.id.layer, "kind": r.id.kind, "view": r.id.view, "metric": r.metric,
                "value": r.outcome.value(), "reason": r.outcome.reason().map(ToString::to_string),
            })
        })
        .collect();
    json!({ "run": facts::fields(run), "scalars": scalars, "records": records })
}
