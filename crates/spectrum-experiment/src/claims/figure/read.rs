//! Reads `[[figure]]` tables.

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::super::check::Window;
use super::super::error::ClaimError;
use super::super::nearest::hint;
use super::super::quantity::Quantity;
use super::super::read::Part;
use super::{AxisSpec, FigureSpec, LineSpec, Pair, PanelSpec, Plot, Series};

const FIGURE: [&str; 7] = ["file", "title", "caption", "scales", "columns", "shared_axes", "panel"];
/// Keys of every panel; in a figure of one panel its title is the figure's.
const PANEL: [&str; 6] = ["type", "title", "x", "y", "series", "lines"];

/// The figures of a file, in its order; none if there is no such table.
pub(crate) fn figures(part: &Part<'_>, table: &mut Table) -> Result<Vec<FigureSpec>, ClaimError> {
    let list: Vec<Table> = part.optional(table, "figure")?.unwrap_or_default();
    let one = |(i, mut table): (usize, Table)| {
        let unnamed = Part { file: part.file, place: format!("figure {}", i + 1) };
        let file: String = unnamed.required(&mut table, "file")?;
        figure(&Part { file: part.file, place: format!("figure `{file}`") }, file, table)
    };
    list.into_iter().enumerate().map(one).collect()
}

fn figure(part: &Part<'_>, file: String, mut table: Table) -> Result<FigureSpec, ClaimError> {
    let title = part.required(&mut table, "title")?;
    let caption = part.optional(&mut table, "caption")?;
    let scales = part.optional(&mut table, "scales")?.unwrap_or_default();
    let columns = part.optional(&mut table, "columns")?;
    let shared_axes = part.optional(&mut table, "shared_axes")?.unwrap_or_default();
    let panels = match (part.optional::<Vec<Table>>(&mut table, "panel")?, table.contains_key("type")) {
        (Some(_), true) => return Err(part.wrong("panel", "stands beside `type`; expected one of them")),
        (None, false) => return Err(part.wrong("panel", "is missing; expected panels, or `type` and the keys of one")),
        (None, true) => vec![panel(part, table)?],
        (Some(list), false) => {
            part.known(&table, &FIGURE)?;
            let place = |i: usize| Part { file: part.file, place: format!("{}, panel {}", part.place, i + 1) };
            list.into_iter().enumerate().map(|(i, t)| panel(&place(i), t)).collect::<Result<_, _>>()?
        }
    };
    Ok(FigureSpec { file, title, caption, scales, columns, shared_axes, panels })
}

fn panel(part: &Part<'_>, mut table: Table) -> Result<PanelSpec, ClaimError> {
    let kind: String = part.required(&mut table, "type")?;
    let own: &[&str] = match kind.as_str() {
        "curve" => &["along", "band"],
        "trajectory" => &["band"],
        "spectrum" => &["seed", "law", "curve"],
        "scatter" => &["colour"],
        other => {
            let nearest = hint(other, Plot::NAMES);
            let why = format!("unknown type `{other}`{nearest}; expected one of {}", Plot::NAMES.join(", "));
            return Err(part.wrong("type", why));
        }
    };
    part.known(&table, &[&PANEL[..], own].concat())?;
    let list: Vec<Table> = part.required(&mut table, "series")?;
    let numbered = |i: usize| Part { file: part.file, place: format!("{}, series {}", part.place, i + 1) };
    let series = |list: Vec<Table>, fit: bool| -> Result<Vec<Series>, ClaimError> {
        list.into_iter().enumerate().map(|(i, t)| one_series(&numbered(i), t, fit)).collect()
    };
    let plot = match kind.as_str() {
        "curve" => Plot::Curve {
            series: series(list, true)?,
            along: part.optional(&mut table, "along")?,
            band: part.optional(&mut table, "band")?.unwrap_or_default(),
        },
        "trajectory" => Plot::Trajectory {
            series: series(list, false)?,
            band: part.optional(&mut table, "band")?.unwrap_or_default(),
        },
        "spectrum" => Plot::Spectrum {
            series: series(list, false)?,
            seed: part.optional(&mut table, "seed")?,
            law: part.optional(&mut table, "law")?.unwrap_or(true),
            curve: part.optional(&mut table, "curve")?,
        },
        _ => Plot::Scatter {
            series: list
                .into_iter()
                .enumerate()
                .map(|(i, t)| pair(&numbered(i), t))
                .collect::<Result<_, ClaimError>>()?,
            colour: part.optional(&mut table, "colour")?.unwrap_or_default(),
        },
    };
    Ok(PanelSpec {
        title: part.optional(&mut table, "title")?,
        x: part.optional::<AxisSpec>(&mut table, "x")?.unwrap_or_default(),
        y: part.optional::<AxisSpec>(&mut table, "y")?.unwrap_or_default(),
        lines: part.optional::<Vec<LineSpec>>(&mut table, "lines")?.unwrap_or_default(),
        plot,
    })
}

fn one_series(part: &Part<'_>, mut table: Table, fit: bool) -> Result<Series, ClaimError> {
    let looks: &[&str] =
        if fit { &["label", "dashed", "colour", "window", "fit"] } else { &["label", "dashed", "colour", "window"] };
    Ok(Series {
        label: part.optional(&mut table, "label")?,
        dashed: part.optional(&mut table, "dashed")?.unwrap_or_default(),
        colour: part.optional(&mut table, "colour")?,
        window: part.optional::<Window>(&mut table, "window")?,
        fit: if fit { part.optional(&mut table, "fit")? } else { None },
        of: quantity(part, table, looks)?,
    })
}

fn pair(part: &Part<'_>, mut table: Table) -> Result<Pair, ClaimError> {
    let keys = ["run", "at", "x", "y", "label", "colour", "window"];
    part.known(&table, &keys)?;
    let run: String = part.required(&mut table, "run")?;
    let at = part.optional(&mut table, "at")?.unwrap_or_default();
    let of_run = |key: &str, table: &mut Table| -> Result<Quantity, ClaimError> {
        let of: Quantity = part.required(table, key)?;
        if of.run.is_some() || of.threshold.is_some() || !of.at.is_empty() {
            return Err(part.wrong(key, "is a number of the series' own run and point"));
        }
        Ok(Quantity { run: Some(run.clone()), at: Clone::clone(&at), ..of })
    };
    Ok(Pair {
        x: of_run("x", &mut table)?,
        y: of_run("y", &mut table)?,
        label: part.optional(&mut table, "label")?,
        colour: part.optional(&mut table, "colour")?,
        window: part.optional::<Window>(&mut table, "window")?,
    })
}

fn quantity<T: DeserializeOwned>(part: &Part<'_>, table: Table, more: &[&str]) -> Result<T, ClaimError> {
    part.read("", Value::Table(table), more)
}
