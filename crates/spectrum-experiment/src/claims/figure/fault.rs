//! Checks what figures say of the rest of the file.

use std::collections::BTreeSet;

use super::super::error::ClaimError;
use super::super::quantity::{At, Quantity};
use super::super::read::Part;
use super::super::topic::{Axis, Topic};
use super::super::valid::{known_scale, numbers, place, quantity_fault};
use super::{AxisSpec, PanelSpec, Plot, ScaleSpec};

/// Everything about the figures that can be wrong without a run.
pub(crate) fn check(topic: &Topic) -> Result<(), ClaimError> {
    let mut files = BTreeSet::new();
    for figure in &topic.figures {
        let part = Part { file: &topic.file, place: format!("figure `{}`", figure.file) };
        let stem = figure.file.strip_suffix(".svg").unwrap_or_default();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if stem.is_empty() || stem.starts_with('.') || !stem.chars().all(plain) {
            return Err(
                part.wrong("file", "expected a file's name of letters, digits, `-`, `_` and `.` that ends in .svg")
            );
        }
        if !files.insert(figure.file.to_lowercase()) {
            return Err(part.wrong("file", "stands there twice"));
        }
        if figure.columns.is_some_and(|c| !(1..=3).contains(&c)) {
            return Err(part.wrong("columns", "expected 1, 2 or 3"));
        }
        if figure.panels.is_empty() {
            return Err(part.wrong("panel", "has no panel"));
        }
        for scale in &figure.scales {
            known_scale(topic, &part, "scales", scale)?;
        }
        let scales: Vec<&str> = match figure.scales.is_empty() {
            true => topic.scales.keys().map(String::as_str).collect(),
            false => figure.scales.iter().map(String::as_str).collect(),
        };
        for (i, panel) in figure.panels.iter().enumerate() {
            let several = figure.panels.len() > 1;
            let place = if several { format!("{}, panel {}", part.place, i + 1) } else { part.place.clone() };
            self::panel(topic, &Part { file: part.file, place }, panel, &scales)?;
        }
    }
    Ok(())
}

fn panel(topic: &Topic, part: &Part<'_>, panel: &PanelSpec, scales: &[&str]) -> Result<(), ClaimError> {
    range(part, "x", &panel.x)?;
    range(part, "y", &panel.y)?;
    for (i, line) in panel.lines.iter().enumerate() {
        if line.x.is_some() == line.y.is_some() {
            return Err(part.wrong(&format!("lines {}", i + 1), "expected one of `x` and `y`"));
        }
    }
    let quantities = panel.plot.quantities();
    if quantities.is_empty() {
        return Err(part.wrong("series", "has no series"));
    }
    for (key, of) in quantities {
        let quantity = match &panel.plot {
            Plot::Spectrum { .. } => {
                matrix(part, &key, of)?;
                Quantity { metric: Some("mp_variance".into()), ..of.clone() }
            }
            _ => of.clone(),
        };
        quantity_fault(part, &key, &quantity)?;
        if matches!(panel.plot, Plot::Trajectory { .. }) && (of.threshold.is_some() || of.step.is_some()) {
            let (key, why) = match of.step {
                Some(_) => (format!("{key}.step"), "a trajectory is over all steps"),
                None => (format!("{key}.threshold"), "a threshold has no steps"),
            };
            return Err(part.wrong(&key, why));
        }
        for scale in scales {
            let run = place(topic, part, &key, of, scale)?;
            let axis = run.axis_at(scale).filter(|_| of.at.is_empty());
            match (&panel.plot, axis) {
                (Plot::Spectrum { .. }, Some(axis)) if axis.points.len() > 1 => {
                    return Err(
                        part.wrong(&format!("{key}.at"), format!("is missing: the run has an axis at scale {scale}"))
                    );
                }
                (Plot::Spectrum { .. }, _) | (_, None) => {}
                (Plot::Curve { along, .. }, Some(axis)) => {
                    let size = along.as_deref().unwrap_or(&axis.key);
                    numbers(part, "along", axis, size)?;
                    window(part, &panel.plot, axis)?;
                }
                (_, Some(axis)) => window(part, &panel.plot, axis)?,
            }
        }
    }
    Ok(())
}

/// A window is cut out of the axis' own key.
fn window(part: &Part<'_>, plot: &Plot, axis: &Axis) -> Result<(), ClaimError> {
    let any = match plot {
        Plot::Curve { series, .. } | Plot::Trajectory { series, .. } | Plot::Spectrum { series, .. } => {
            series.iter().any(|s| s.window.is_some())
        }
        Plot::Scatter { series, .. } => series.iter().any(|s| s.window.is_some()),
    };
    if any { numbers(part, "series.run", axis, &axis.key) } else { Ok(()) }
}

fn matrix(part: &Part<'_>, key: &str, of: &Quantity) -> Result<(), ClaimError> {
    if of.threshold.is_some() || of.metric.is_some() || of.per.is_some() || of.over.is_some() || of.minus.is_some() {
        return Err(part.wrong(key, "is a matrix: expected run, at, layer, kind, view and step only"));
    }
    match of.step {
        Some(At::Largest | At::Smallest) => {
            Err(part.wrong(&format!("{key}.step"), "expected a step, \"first\" or \"last\""))
        }
        _ => Ok(()),
    }
}

fn range(part: &Part<'_>, key: &str, axis: &AxisSpec) -> Result<(), ClaimError> {
    let Some((a, b)) = axis.range else { return Ok(()) };
    let ends = a.is_finite() && b.is_finite() && a < b;
    if !ends || (axis.scale == ScaleSpec::Log && a <= 0.0) {
        let above = if axis.scale == ScaleSpec::Log { ", above 0" } else { "" };
        return Err(
            part.wrong(&format!("{key}.range"), format!("found [{a}, {b}]; expected two ascending numbers{above}"))
        );
    }
    Ok(())
}
