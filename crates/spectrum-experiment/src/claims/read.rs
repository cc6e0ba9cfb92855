//! Reads a claim file: TOML into a [`Topic`], every part by itself, so that an error names the part.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::bounds::Bounds;
use super::check::{Check, Seeds, Test, Window};
use super::error::ClaimError;
use super::figure;
use super::nearest::{hint, improve};
use super::topic::{Axis, Claim, Finding, Mark, Reaches, RunAtScale, RunSpec, Sets, Threshold, Topic};
use super::valid;

/// The file's name in a topic's folder.
pub const CLAIM_FILE: &str = "claims.toml";

const TOP: [&str; 6] = ["title", "scale", "run", "threshold", "claim", "figure"];

impl Topic {
    /// Reads `claims.toml` of a topic's folder and checks everything that can be checked without running.
    ///
    /// # Errors
    /// [`ClaimError::Read`] and [`ClaimError::Wrong`], which name the file, the part, the key and what was expected.
    pub fn read(folder: &Path) -> Result<Self, ClaimError> {
        let file = folder.join(CLAIM_FILE);
        let text = fs::read_to_string(&file)
            .map_err(|e| ClaimError::Read { file: file.clone(), why: format!("cannot be read: {e}") })?;
        Self::parse(&file, &text)
    }

    /// Parses a text that came from `file`; configs are looked for beside it.
    ///
    /// # Errors
    /// Those of [`read`](Self::read).
    pub fn parse(file: &Path, text: &str) -> Result<Self, ClaimError> {
        let mut table = text.parse::<Table>().map_err(|e| {
            let line = e.span().map_or(0, |s| text[..s.start.min(text.len())].matches('\n').count() + 1);
            ClaimError::Read { file: file.to_owned(), why: format!("line {line}: {}", e.message()) }
        })?;
        let part = Part { file, place: "the file".to_owned() };
        part.known(&table, &TOP)?;
        let topic = Self {
            file: file.to_owned(),
            title: part.required(&mut table, "title")?,
            scales: part.required(&mut table, "scale")?,
            runs: part.named(&mut table, "run", run)?,
            thresholds: part.named(&mut table, "threshold", threshold)?,
            claims: claims(&part, &mut table)?,
            figures: figure::read(&part, &mut table)?,
        };
        valid::check(&topic)?;
        Ok(topic)
    }
}

/// A part of the file, for error messages.
pub(crate) struct Part<'a> {
    pub(crate) file: &'a Path,
    pub(crate) place: String,
}

impl Part<'_> {
    pub(crate) fn wrong(&self, key: &str, why: impl Into<String>) -> ClaimError {
        ClaimError::Wrong {
            file: self.file.to_owned(),
            place: self.place.clone(),
            key: key.to_owned(),
            why: why.into(),
        }
    }

    pub(crate) fn known(&self, table: &Table, known: &[&str]) -> Result<(), ClaimError> {
        let Some(key) = table.keys().find(|k| !known.contains(&k.as_str())) else { return Ok(()) };
        let nearest = hint(key, known.iter().copied());
        Err(self.wrong(key, format!("unknown key{nearest}; expected one of {}", known.join(", "))))
    }

    pub(crate) fn read<T: DeserializeOwned>(&self, key: &str, value: Value, more: &[&str]) -> Result<T, ClaimError> {
        value.try_into().map_err(|e: toml::de::Error| {
            // The path stands in the last line of the text only: "in `of.step`".
            let text = e.to_string();
            let path = text.rsplit_once("in `").and_then(|(_, rest)| rest.split('`').next()).unwrap_or_default();
            let full = [key, path].iter().filter(|s| !s.is_empty()).copied().collect::<Vec<_>>().join(".");
            self.wrong(&full, improve(e.message(), more))
        })
    }

    pub(crate) fn optional<T: DeserializeOwned>(&self, table: &mut Table, key: &str) -> Result<Option<T>, ClaimError> {
        table.remove(key).map(|v| self.read(key, v, &[])).transpose()
    }

    pub(crate) fn required<T: DeserializeOwned>(&self, table: &mut Table, key: &str) -> Result<T, ClaimError> {
        self.optional(table, key)?.ok_or_else(|| self.wrong(key, "is missing"))
    }

    fn table(&self, key: &str, value: Value) -> Result<Table, ClaimError> {
        match value {
            Value::Table(t) => Ok(t),
            other => Err(self.wrong(key, format!("found {}, expected a table", other.type_str()))),
        }
    }

    fn named<T>(
        &self,
        table: &mut Table,
        key: &str,
        read: impl Fn(&Part<'_>, Table) -> Result<T, ClaimError>,
    ) -> Result<BTreeMap<String, T>, ClaimError> {
        let Some(value) = table.remove(key) else { return Ok(BTreeMap::new()) };
        let read = |(name, value): (String, Value)| {
            let part = Part { file: self.file, place: format!("{key} `{name}`") };
            let value = read(&part, part.table("", value)?)?;
            Ok((name, value))
        };
        self.table(key, value)?.into_iter().map(read).collect()
    }
}

fn beside(file: &Path, config: &str) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join(config)
}

fn run(part: &Part<'_>, mut table: Table) -> Result<RunSpec, ClaimError> {
    part.known(&table, &["config", "set", "axis", "scale"])?;
    let config: String = part.required(&mut table, "config")?;
    let scale = match table.remove("scale") {
        None => BTreeMap::new(),
        Some(value) => part
            .table("scale", value)?
            .into_iter()
            .map(|(name, value)| {
                let key = format!("scale.{name}");
                let text: AtScaleText = part.read(&key, value, &[])?;
                let axis = text.axis.map(|a| axis(part, &format!("{key}.axis"), a)).transpose()?;
                let config = text.config.map(|c| beside(part.file, &c));
                Ok((name, RunAtScale { config, set: text.set, axis, seeds: text.seeds }))
            })
            .collect::<Result<_, ClaimError>>()?,
    };
    let text: Option<AxisText> = part.optional(&mut table, "axis")?;
    Ok(RunSpec {
        config: beside(part.file, &config),
        set: part.optional(&mut table, "set")?.unwrap_or_default(),
        axis: text.map(|a| axis(part, "axis", a)).transpose()?,
        scale,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AtScaleText {
    config: Option<String>,
    #[serde(default)]
    set: Sets,
    axis: Option<AxisText>,
    seeds: Option<Vec<u64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AxisText {
    key: String,
    values: Option<Vec<Value>>,
    points: Option<Vec<Sets>>,
}

fn axis(part: &Part<'_>, key: &str, text: AxisText) -> Result<Axis, ClaimError> {
    let points = match (text.values, text.points) {
        (Some(values), None) => values.into_iter().map(|v| Sets::from([(text.key.clone(), v)])).collect::<Vec<_>>(),
        (None, Some(points)) => points,
        (found, _) => {
            let what = if found.is_some() { "has both" } else { "has neither" };
            return Err(part.wrong(key, format!("{what} `values` and `points`; expected one of them")));
        }
    };
    if points.is_empty() {
        return Err(part.wrong(key, "has no point"));
    }
    if let Some(lacks) = points.iter().position(|p| !p.contains_key(&text.key)) {
        let why = format!("point {} does not set `{}`, the key that orders them", lacks + 1, text.key);
        return Err(part.wrong(key, why));
    }
    Ok(Axis { key: text.key, points })
}

fn threshold(part: &Part<'_>, mut table: Table) -> Result<Threshold, ClaimError> {
    let keys = ["of", "along", "low", "high", "resolution"];
    part.known(&table, &[&keys[..], &Bounds::KEYS].concat())?;
    let bounds =
        bounds(part, &mut table)?.ok_or_else(|| part.wrong("", Bounds::default().fault().unwrap_or_default()))?;
    let threshold = Threshold {
        reaches: Reaches { of: part.required(&mut table, "of")?, bounds },
        along: part.required(&mut table, "along")?,
        low: part.required(&mut table, "low")?,
        high: part.required(&mut table, "high")?,
        resolution: part.required(&mut table, "resolution")?,
    };
    let Threshold { low, high, resolution, .. } = threshold;
    if !(low > 0.0 && low < high && high.is_finite()) {
        return Err(part.wrong("low", format!("found {low} and high = {high}; expected 0 < low < high")));
    }
    if !(0.001..=1.0).contains(&resolution) {
        return Err(
            part.wrong("resolution", format!("found {resolution}; expected 0.001 to 1, a fraction of the value"))
        );
    }
    Ok(threshold)
}

fn claims(part: &Part<'_>, table: &mut Table) -> Result<Vec<Claim>, ClaimError> {
    let list: Vec<Table> = part.required(table, "claim")?;
    list.into_iter()
        .enumerate()
        .map(|(i, mut table)| {
            let unnamed = Part { file: part.file, place: format!("claim {}", i + 1) };
            let id: String = unnamed.required(&mut table, "id")?;
            let part = Part { file: part.file, place: format!("claim `{id}`") };
            claim(&part, id, table)
        })
        .collect()
}

fn claim(part: &Part<'_>, id: String, mut table: Table) -> Result<Claim, ClaimError> {
    part.known(&table, &["id", "says", "source", "mark", "scales", "check", "finding"])?;
    let list: Vec<Table> = part.required(&mut table, "check")?;
    let checks = list
        .into_iter()
        .enumerate()
        .map(|(i, table)| check(&Part { file: part.file, place: format!("{}, check {}", part.place, i + 1) }, table));
    let checks = checks.collect::<Result<Vec<_>, _>>()?;
    Ok(Claim {
        id,
        says: part.required(&mut table, "says")?,
        source: part.required(&mut table, "source")?,
        mark: part.required::<Mark>(&mut table, "mark")?,
        scales: part.optional(&mut table, "scales")?.unwrap_or_default(),
        finding: part.optional::<Finding>(&mut table, "finding")?,
        checks,
    })
}

fn check(part: &Part<'_>, mut table: Table) -> Result<Check, ClaimError> {
    let kind: String = part.required(&mut table, "type")?;
    let what: Option<String> = part.optional(&mut table, "what")?;
    let seeds = part.optional::<Seeds>(&mut table, "seeds")?.unwrap_or_default();
    let window = part.optional::<Window>(&mut table, "window")?;
    let own = bounds(part, &mut table)?;
    let at_scale: BTreeMap<String, Bounds> = part.optional(&mut table, "scale")?.unwrap_or_default();
    for (name, b) in &at_scale {
        if let Some(fault) = b.fault() {
            return Err(part.wrong(&format!("scale.{name}"), fault));
        }
    }
    let more = [&Check::KEYS[..], &Bounds::KEYS].concat();
    let rest = Value::Table(table);
    let test = match kind.as_str() {
        "value" => Test::Value(part.read("", rest, &more)?),
        "change" => Test::Change(part.read("", rest, &more)?),
        "compare" => Test::Compare(part.read("", rest, &more)?),
        "monotone" => Test::Monotone(part.read("", rest, &more)?),
        "exponent" => Test::Exponent(part.read("", rest, &more)?),
        "correlation" => Test::Correlation(part.read("", rest, &more)?),
        other => {
            let nearest = hint(other, Test::NAMES);
            let why = format!("unknown type `{other}`{nearest}; expected one of {}", Test::NAMES.join(", "));
            return Err(part.wrong("type", why));
        }
    };
    let free = matches!(test, Test::Monotone(_));
    let bounds = match own {
        Some(bounds) => bounds,
        None if free => Bounds::default(),
        None => return Err(part.wrong("", Bounds::default().fault().unwrap_or_default())),
    };
    for (key, quantity) in test.quantities() {
        valid::quantity_fault(part, key, quantity)?;
    }
    let what = what.unwrap_or_else(|| test.text());
    Ok(Check { what, test, bounds, at_scale, seeds, window })
}

/// The bounds that stand in a table, taken out of it.
fn bounds(part: &Part<'_>, table: &mut Table) -> Result<Option<Bounds>, ClaimError> {
    let found: Table = Bounds::KEYS.iter().filter_map(|k| table.remove_entry(*k)).collect();
    if found.is_empty() {
        return Ok(None);
    }
    let bounds: Bounds = part.read("", Value::Table(found), &[])?;
    match bounds.fault() {
        Some(fault) => Err(part.wrong("", fault)),
        None => Ok(Some(bounds)),
    }
}
