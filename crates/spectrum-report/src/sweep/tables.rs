//! The parts of a sweep's page that need no script: settings with their means, missing values, the config.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use spectrum_core::Kind;

use super::SweepPoint;
use super::grid::Grid;
use super::payload::of_setting;
use super::room::Room;
use super::stats::{StudentT, majority};
use super::variables::{At, Variable, Variables};
use crate::html::escape;
use crate::layers::SHAPE_CLASSES;
use crate::{config, table};

/// Columns of the table of settings, as far as they were recorded: scalars and metrics of a weight.
const COLUMNS: [&str; 6] = ["test_loss", "train_loss", "shape_class", "alpha_hill", "alpha", "outliers"];
/// Rows of a table at most.
const MAX_ROWS: usize = 400;

/// Each setting with the mean and the band of the main variables at the last step.
pub(crate) fn settings(grid: &Grid, all: &Variables<'_>, room: &Room) -> String {
    let first = all.matrices.iter().position(|m| m.kind == Kind::Weight);
    let main = |name: &&str| all.list.iter().find(|v| v.name == *name && (v.matrix.is_none() || v.matrix == first));
    let columns: Vec<&Variable<'_>> = COLUMNS.iter().filter_map(main).collect();
    if columns.is_empty() || grid.settings.is_empty() {
        return String::new();
    }
    let (t, at) = (StudentT::new(grid.most_seeds()), room.at[room.last]);
    let step = match at {
        At::Step(t) => format!("step {t}"),
        At::Last => "each run\u{2019}s last step".to_owned(),
    };
    let of = first.filter(|_| columns.iter().any(|v| v.matrix.is_some()));
    let of = of.map(|m| format!(" Metrics of {}.", escape(&all.matrices[m].to_string()))).unwrap_or_default();
    let mut out = format!(
        "<details open><summary>Mean over seeds at {step}</summary>\n<p class=\"note\">Mean \u{b1} half the width of its 95 % confidence \
         interval (Student\u{2019}s t); n: seeds that have a value, where some have none.{of}</p>\n<div class=\"scroll\"><table>\n<tr>"
    );
    let names = grid.keys.iter().map(|k| k.name.as_str()).chain(["points"]).chain(columns.iter().map(|v| v.name));
    out.extend(names.map(|n| format!("<th class=\"n\">{}</th>", escape(n))));
    out.push_str("</tr>\n");
    for setting in grid.settings.iter().take(MAX_ROWS) {
        out.push_str("<tr>");
        out.extend(grid.words(setting).iter().map(|w| format!("<td class=\"n\">{}</td>", escape(w))));
        let _ = write!(out, "<td class=\"n\">{}</td>", setting.points.len());
        for v in &columns {
            let values = of_setting(v, all, &setting.points, at);
            let some =
                if values.len() < setting.points.len() { format!(", n = {}", values.len()) } else { String::new() };
            let text = match v.classes {
                Some(classes) => majority(&values, classes).map(|m| {
                    let word = SHAPE_CLASSES.get(m.code).map_or_else(|| m.code.to_string(), |w| (*w).to_owned());
                    if m.agree() { word } else { format!("{word} ({} of {})", m.counts[m.code], values.len()) }
                }),
                None => t.mean(&values).map(|m| {
                    m.half.filter(|h| *h > 0.0).map_or_else(|| table::number(m.mean), |h| plus_minus(m.mean, h))
                }),
            };
            let _ = write!(out, "<td class=\"n\">{}{some}</td>", escape(text.as_deref().unwrap_or("\u{2013}")));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</table></div>");
    more(&mut out, grid.settings.len());
    out.push_str("</details>\n");
    out
}

/// Two digits of the half width, and the mean to the same place.
fn plus_minus(mean: f64, half: f64) -> String {
    let place = |v: f64| if v == 0.0 { 0 } else { v.abs().log10().floor() as i32 };
    let decimals = 1 - place(half);
    if !(-5..=8).contains(&place(mean).max(place(half))) || decimals > 9 {
        return format!(
            "{} \u{b1} {}",
            table::number(mean),
            table::number(format!("{half:.1e}").parse().unwrap_or(half))
        );
    }
    let unit = 10f64.powi(decimals.min(0).abs());
    let round = |v: f64| format!("{:.*}", decimals.max(0) as usize, (v / unit).round_ties_even() * unit);
    if decimals > 0 {
        format!("{mean:.*} \u{b1} {half:.*}", decimals as usize, decimals as usize)
    } else {
        format!("{} \u{b1} {}", round(mean), round(half))
    }
}

fn more(out: &mut String, rows: usize) {
    if rows > MAX_ROWS {
        let _ = write!(out, "<p class=\"note\">and {} more; the run directories have them all.</p>", rows - MAX_ROWS);
    }
}

/// Which values are missing, over all points and steps, by variable and reason.
pub(crate) fn missing(grid: &Grid, all: &Variables<'_>) -> String {
    let mut rows: Vec<String> = Vec::new();
    for v in &all.list {
        let of = v.matrix.map_or_else(|| "scalar".to_owned(), |m| all.matrices[m].to_string());
        let mut by_reason: BTreeMap<String, (usize, BTreeSet<usize>, u64, u64)> = BTreeMap::new();
        for (p, curve) in v.curves().iter().enumerate() {
            for (first, last, count, reason) in curve.gaps() {
                let entry = by_reason.entry(reason).or_insert((0, BTreeSet::new(), first, last));
                entry.0 += count;
                entry.1.insert(p);
                (entry.2, entry.3) = (entry.2.min(first), entry.3.max(last));
            }
        }
        for (reason, (count, points, first, last)) in by_reason {
            let steps = if first == last { first.to_string() } else { format!("{first} to {last}") };
            rows.push(format!(
                "<tr><td>{}</td><td>{}</td><td class=\"n\">{count}</td><td class=\"n\">{} of {}</td><td>{steps}</td><td>{}</td></tr>\n",
                escape(&of),
                escape(v.name),
                points.len(),
                grid.of.len(),
                escape(&reason)
            ));
        }
    }
    if rows.is_empty() {
        return "<p class=\"note\">No recorded value is missing.</p>\n".to_owned();
    }
    let mut out = format!(
        "<details id=\"missing\"><summary>Missing values ({})</summary><div class=\"scroll\"><table>\n<tr><th>of</th><th>name</th><th class=\"n\">values</th><th class=\"n\">points</th><th>steps</th><th>reason</th></tr>\n",
        rows.len()
    );
    rows.iter().take(MAX_ROWS).for_each(|r| out.push_str(r));
    out.push_str("</table></div>");
    more(&mut out, rows.len());
    out.push_str("</details>\n");
    out
}

/// The first point's config, and a warning where configs differ in more than the swept keys.
pub(crate) fn configs(points: &[SweepPoint]) -> String {
    let runs: Vec<_> = points.iter().filter_map(|p| p.run.as_ref()).collect();
    let Some(first) = runs.first() else { return String::new() };
    let texts: Vec<&str> = runs.iter().map(|r| r.config.as_str()).collect();
    let swept: BTreeSet<&str> = points.iter().flat_map(|p| &p.keys).map(|k| k.0.as_str()).collect();
    let is_swept =
        |key: &str| swept.iter().any(|s| key == *s || key.strip_prefix(s).is_some_and(|r| r.starts_with('.')));
    let others: Vec<String> = config::differing(&texts)
        .into_keys()
        .filter(|k| !is_swept(k) && !config::PLACE.contains(&k.as_str()))
        .map(|k| format!("<code>{}</code>", escape(&k)))
        .collect();
    let mut out = String::new();
    if !others.is_empty() {
        let _ = writeln!(
            out,
            "<p class=\"warning\">The points\u{2019} configs differ in more than the swept keys: {}.</p>",
            others.join(", ")
        );
    }
    let _ = writeln!(
        out,
        "<details><summary>Config of the first point</summary><pre>{}</pre></details>",
        escape(first.config.trim_end())
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_has_the_digits_that_its_band_allows() {
        let of = |mean, half| plus_minus(mean, half);
        assert_eq!(of(0.969_494, 0.068_9), "0.969 \u{b1} 0.069");
        assert_eq!(of(252.0, 197.3), "250 \u{b1} 200");
        assert_eq!(of(19.333, 13.2), "19 \u{b1} 13");
        assert_eq!(of(1_234_567.0, 12_345.0), "1235000 \u{b1} 12000");
        assert_eq!(of(0.0, 0.25), "0.00 \u{b1} 0.25");
        assert_eq!(of(-1.5, 0.012_34), "-1.500 \u{b1} 0.012");
        assert_eq!(of(1.5e-9, 2.34e-10), "1.5e-9 \u{b1} 2.3e-10");
        assert_eq!(of(1.5, 2.34e-12), "1.5 \u{b1} 2.3e-12");
    }
}
