//! Text into HTML, and the page's tables that need no script.

use std::fmt::Write as _;

use crate::payload::MAX_MATRICES;
use crate::series::{self, MatrixKey};
use crate::{RunData, facts, sections, table};

/// Rows of the table of missing values at most.
const MAX_MISSING: usize = 300;
/// So many tables are folded into one.
const MANY_MATRICES: usize = 12;

/// Text for an element's content or a quoted attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

/// JSON that can stand inside `<script>`: no text in it can end the element or open a comment.
pub(crate) fn script_json(value: &serde_json::Value) -> String {
    let mut out = String::new();
    for c in value.to_string().chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out
}

/// Fills `{{name}}` in one pass: what is filled in is never read again.
pub(crate) fn fill(template: &str, parts: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() + parts.iter().map(|p| p.1.len()).sum::<usize>());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let (name, tail) = after.split_once("}}").unwrap_or((after, ""));
        out.push_str(parts.iter().find(|p| p.0 == name).map_or("", |p| p.1));
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// The facts of all runs in one table, and each run's config below it.
pub(crate) fn facts_table(runs: &[RunData], names: &[String]) -> String {
    let all: Vec<Vec<(&str, String)>> = runs.iter().map(facts::facts).collect();
    let mut keys: Vec<&str> = Vec::new();
    for (key, _) in all.iter().flatten() {
        if !keys.contains(key) {
            keys.push(key);
        }
    }
    let mut out = String::from("<div class=\"scroll\"><table>\n");
    if runs.len() > 1 {
        out.push_str("<tr><th></th>");
        names.iter().for_each(|n| {
            let _ = write!(out, "<th>{}</th>", escape(n));
        });
        out.push_str("</tr>\n");
    }
    for key in keys {
        let _ = write!(out, "<tr><td class=\"key\">{key}</td>");
        for facts in &all {
            let text = facts.iter().find(|f| f.0 == key).map_or("–", |f| f.1.as_str());
            let _ = write!(out, "<td>{}</td>", escape(text));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</table></div>\n");
    for (run, name) in runs.iter().zip(names) {
        let title = if runs.len() > 1 { format!("Config of {}", escape(name)) } else { "Config".to_owned() };
        let _ =
            writeln!(out, "<details><summary>{title}</summary><pre>{}</pre></details>", escape(run.config.trim_end()));
    }
    out
}

/// Scalars and measures at the first and the last step, and the values that are missing with their reasons.
pub(crate) fn numbers(runs: &[RunData], names: &[String]) -> String {
    let mut out = String::new();
    let one_step = sections::one_step(runs);
    for (run, name) in runs.iter().zip(names) {
        if runs.len() > 1 {
            let _ = writeln!(out, "<h3>{}</h3>", escape(name));
        }
        let scalars = series::scalars(run);
        if !scalars.is_empty() {
            out.push_str(&first_and_last("Losses and other scalars", scalars.into_iter(), true, one_step));
        }
        let all = series::metrics(run).into_iter().take(MAX_MATRICES);
        let many = all.len() > MANY_MATRICES;
        if many {
            let _ = writeln!(out, "<details><summary>All measures of {} matrices</summary>", all.len());
        }
        for (key, metrics) in all {
            if !metrics.is_empty() {
                out.push_str(&first_and_last(&key.to_string(), metrics.into_iter(), false, one_step));
            }
        }
        if many {
            out.push_str("</details>\n");
        }
    }
    out.push_str(&missing(runs, names));
    out
}

/// One row a curve: its value at the first and at the last step, or its only value.
fn first_and_last<'a>(
    title: &str,
    curves: impl Iterator<Item = (&'a str, series::Curve<'a>)>,
    open: bool,
    one_step: bool,
) -> String {
    let mut out = format!("<details{}><summary>{}</summary>", if open { " open" } else { "" }, escape(title));
    out.push_str("<div class=\"scroll\"><table>\n");
    if !one_step {
        out.push_str("<tr><th></th><th class=\"n\">first</th><th class=\"n\">at step</th><th class=\"n\">last</th><th class=\"n\">at step</th></tr>\n");
    }
    let value = |o: &spectrum_core::Outcome| match o.reason() {
        Some(reason) => format!("<span title=\"{}\">–</span>", escape(&reason.to_string())),
        None => o.value().map(table::number).unwrap_or_default(),
    };
    for (name, curve) in curves {
        let cell = |point: Option<&(u64, &spectrum_core::Outcome)>| match point {
            Some((_, o)) if one_step => format!("<td class=\"n one\">{}</td>", value(o)),
            Some((t, o)) => format!("<td class=\"n\">{}</td><td class=\"n\">{t}</td>", value(o)),
            None => "<td></td><td></td>".to_owned(),
        };
        let last = if one_step { String::new() } else { cell(curve.0.last()) };
        let _ = writeln!(out, "<tr><td class=\"key\">{}</td>{}{last}</tr>", escape(name), cell(curve.0.first()));
    }
    out.push_str("</table></div></details>\n");
    out
}

/// Every stretch of steps at which a scalar or a measure has no value.
fn missing(runs: &[RunData], names: &[String]) -> String {
    let mut rows: Vec<String> = Vec::new();
    let mut push = |run: &str, of: &str, name: &str, curve: &series::Curve<'_>| {
        for (first, last, count, reason) in curve.gaps() {
            let steps = if first == last { first.to_string() } else { format!("{first} to {last} ({count} recorded)") };
            let run = if runs.len() > 1 { format!("<td>{}</td>", escape(run)) } else { String::new() };
            rows.push(format!(
                "<tr>{run}<td>{}</td><td>{}</td><td>{steps}</td><td>{}</td></tr>\n",
                escape(of),
                escape(name),
                escape(&reason)
            ));
        }
    };
    for (run, run_name) in runs.iter().zip(names) {
        for (name, curve) in series::scalars(run) {
            push(run_name, "scalar", name, &curve);
        }
        for (key, metrics) in series::metrics(run) {
            let of = MatrixKey::to_string(&key);
            metrics.iter().for_each(|(name, curve)| push(run_name, &of, name, curve));
        }
    }
    if rows.is_empty() {
        return "<p class=\"note\">No value is missing.</p>\n".to_owned();
    }
    let more = rows.len().saturating_sub(MAX_MISSING);
    let run = if runs.len() > 1 { "<th>run</th>" } else { "" };
    let mut out = format!(
        "<details id=\"missing\"><summary>Missing values ({})</summary><div class=\"scroll\"><table>\n<tr>{run}<th>of</th><th>name</th><th>steps</th><th>reason</th></tr>\n",
        rows.len()
    );
    rows.iter().take(MAX_MISSING).for_each(|r| out.push_str(r));
    out.push_str("</table></div>");
    if more > 0 {
        let _ = write!(out, "<p class=\"note\">and {more} more; the run directory has them all.</p>");
    }
    out.push_str("</details>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_escapes_its_place() {
        assert_eq!(escape("<a href='x'>&\"</a>"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;&lt;/a&gt;");
        let hostile = serde_json::json!({ "name": "</script><script>alert(1)</script><!--\u{2028}&" });
        let text = script_json(&hostile);
        assert!(!text.contains(['<', '>', '&', '\u{2028}']), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), hostile);
    }

    #[test]
    fn a_filled_part_is_not_filled_again() {
        assert_eq!(fill("{{a}}-{{b}}-{{none}}.", &[("a", "{{b}}"), ("b", "{{a}}")]), "{{b}}-{{a}}-.");
    }
}
