//! `table.csv` and `table.json`: one row a point and matrix, with the last recorded numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde::Serialize;
use spectrum_core::Outcome;

use super::collect::{Collected, Matrix, Recorded};
use super::text::{field, number, value_field, value_json};

/// The rows of a point: one for each matrix, and one alone if it has none.
fn rows(c: &Collected) -> Vec<Option<(&Matrix, &Recorded)>> {
    if c.last.matrices.is_empty() { vec![None] } else { c.last.matrices.iter().map(Some).collect() }
}

/// Columns: point, dir, the swept keys, status, error, step, layer, kind, view, every scalar, every metric. What a point
/// did not record, or has no answer for, is empty.
pub(crate) fn csv(keys: &[String], all: &[Collected]) -> String {
    let scalars: BTreeSet<&String> = all.iter().flat_map(|c| c.last.scalars.keys()).collect();
    let metrics: BTreeSet<&String> =
        all.iter().flat_map(|c| c.last.matrices.values()).flat_map(|(_, m)| m.keys()).collect();
    let mut out = String::from("point,dir");
    for key in keys {
        let _ = write!(out, ",{}", field(key));
    }
    out.push_str(",status,error,step,layer,kind,view");
    for name in scalars.iter().chain(&metrics) {
        let _ = write!(out, ",{}", field(name));
    }
    out.push('\n');
    for c in all {
        let mut start = format!("{},{}", c.point.index, field(&c.named_dir));
        for (_, value) in &c.point.values {
            let _ = write!(start, ",{}", value_field(value));
        }
        let _ = write!(start, ",{},{}", c.point.status, field(c.point.error.as_deref().unwrap_or_default()));
        for row in rows(c) {
            out.push_str(&start);
            match row {
                Some(((layer, kind, view), (step, _))) => {
                    let _ = write!(out, ",{step},{},{kind},{}", field(layer), field(view));
                }
                None => out.push_str(",,,,"),
            }
            for name in &scalars {
                let _ = write!(out, ",{}", number(c.last.scalars.get(*name)));
            }
            for name in &metrics {
                let _ = write!(out, ",{}", number(row.and_then(|(_, (_, m))| m.get(*name))));
            }
            out.push('\n');
        }
    }
    out
}

#[derive(Serialize)]
struct Row<'a> {
    point: usize,
    dir: &'a str,
    set: BTreeMap<&'a str, serde_json::Value>,
    status: &'a str,
    error: Option<&'a str>,
    step: Option<u64>,
    layer: Option<&'a str>,
    kind: Option<&'a str>,
    view: Option<&'a str>,
    scalars: BTreeMap<&'a str, Option<f64>>,
    metrics: BTreeMap<&'a str, Option<f64>>,
    /// Of the scalars and metrics that are null.
    reasons: BTreeMap<&'a str, String>,
}

/// The same rows as one JSON document, a row a line; a missing value is null and has a reason.
pub(crate) fn json(name: &str, keys: &[String], all: &[Collected]) -> String {
    let mut lines = Vec::new();
    for c in all {
        for row in rows(c) {
            let values = |from: Option<&BTreeMap<String, Outcome>>| -> Vec<(String, Outcome)> {
                from.into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect()
            };
            let scalars = values(Some(&c.last.scalars));
            let metrics = values(row.map(|(_, (_, m))| m));
            let reasons = scalars.iter().chain(&metrics);
            let row = Row {
                point: c.point.index,
                dir: &c.named_dir,
                set: c.point.values.iter().map(|(k, v)| (k.as_str(), value_json(v))).collect(),
                status: c.point.status.as_str(),
                error: c.point.error.as_deref(),
                step: row.map(|(_, (step, _))| *step),
                layer: row.map(|((layer, _, _), _)| layer.as_str()),
                kind: row.map(|((_, kind, _), _)| *kind),
                view: row.map(|((_, _, view), _)| view.as_str()),
                scalars: scalars.iter().map(|(k, v)| (k.as_str(), v.value())).collect(),
                metrics: metrics.iter().map(|(k, v)| (k.as_str(), v.value())).collect(),
                reasons: reasons.filter_map(|(k, v)| Some((k.as_str(), v.reason()?.to_string()))).collect(),
            };
            // Strings, integers and finite numbers always have a JSON form.
            lines.push(serde_json::to_string(&row).unwrap_or_default());
        }
    }
    let head = serde_json::json!({ "keys": keys, "name": name }).to_string();
    format!("{},\"rows\":[\n{}\n]}}\n", head.trim_end_matches('}'), lines.join(",\n"))
}
