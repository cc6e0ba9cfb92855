//! Reads numbers out of run directories.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use spectrum_core::{Kind, Outcome};
use spectrum_store::{Filter, RunReader};
use toml::{Table, Value};

use super::nearest::hint;
use super::quantity::{At, Quantity};
use super::topic::number;

/// One row of a metric. A scalar has an empty place.
#[derive(Debug, Clone)]
struct Row {
    step: u64,
    layer: String,
    kind: Option<Kind>,
    view: String,
    outcome: Outcome,
}

/// The rows of metrics by run directory and name.
type RowsOf = BTreeMap<(PathBuf, String), Rc<Vec<Row>>>;

/// Rows and configs that were read, so that each is read once.
#[derive(Default)]
pub(crate) struct Records {
    rows: RefCell<RowsOf>,
    configs: RefCell<BTreeMap<PathBuf, Rc<Table>>>,
}

impl Records {
    /// A quantity of one run, or why there is none. Thresholds are not known here.
    pub(crate) fn number(&self, dir: &Path, quantity: &Quantity) -> Result<f64, String> {
        let mut value = self.plain(dir, quantity)?;
        if let Some(part) = &quantity.over {
            let part = quantity.complete(part);
            let divisor = self.number(dir, &part)?;
            if divisor == 0.0 {
                return Err(format!("{} is 0 and cannot be divided by", part.text()));
            }
            value /= divisor;
        }
        if let Some(part) = &quantity.minus {
            value -= self.number(dir, &quantity.complete(part))?;
        }
        Ok(value)
    }

    /// A quantity at every step that has it, ascending.
    pub(crate) fn trajectory(&self, dir: &Path, quantity: &Quantity) -> Result<Vec<(u64, f64)>, String> {
        let metric = quantity.metric.as_deref().unwrap_or_default();
        let rows = self.rows(dir, metric)?;
        let steps = pick(&rows, quantity, metric)?.into_iter().filter(|r| r.outcome.value().is_some()).map(|r| r.step);
        let at = |step| Some((step, self.number(dir, &quantity.moved(At::Step(step))).ok()?));
        let found: Vec<(u64, f64)> = steps.filter_map(at).collect();
        if found.is_empty() { Err(format!("`{metric}` has no value at any step")) } else { Ok(found) }
    }

    fn plain(&self, dir: &Path, quantity: &Quantity) -> Result<f64, String> {
        let metric = quantity.metric.as_deref().unwrap_or_default();
        let rows = self.rows(dir, metric)?;
        let rows = pick(&rows, quantity, metric)?;
        let mut value = at(&rows, quantity.step(), metric)?;
        if let Some(key) = &quantity.per {
            let divisor = self.config_number(dir, key)?;
            if divisor == 0.0 {
                return Err(format!("{key} is 0 and cannot be divided by"));
            }
            value /= divisor;
        }
        Ok(value)
    }

    fn rows(&self, dir: &Path, metric: &str) -> Result<Rc<Vec<Row>>, String> {
        let key = (dir.to_owned(), metric.to_owned());
        if let Some(rows) = self.rows.borrow().get(&key) {
            return Ok(rows.clone());
        }
        let reader = RunReader::open(dir).map_err(|e| e.to_string())?;
        let filter = Filter::new().name(metric);
        let records = reader.records_where(&filter).map_err(|e| e.to_string())?.into_iter().map(|r| Row {
            step: r.id.step,
            layer: r.id.layer,
            kind: Some(r.id.kind),
            view: r.id.view,
            outcome: r.outcome,
        });
        let mut rows: Vec<Row> = records.collect();
        if rows.is_empty() {
            let scalars = reader.scalars_where(&filter).map_err(|e| e.to_string())?;
            let row = |step, outcome| Row { step, layer: String::new(), kind: None, view: String::new(), outcome };
            rows = scalars.into_iter().map(|s| row(s.step, s.outcome)).collect();
        }
        if rows.is_empty() {
            return Err(unknown(&reader, metric));
        }
        let rows = Rc::new(rows);
        self.rows.borrow_mut().insert(key, rows.clone());
        Ok(rows)
    }

    fn config_number(&self, dir: &Path, key: &str) -> Result<f64, String> {
        let known = self.configs.borrow().get(dir).cloned();
        let table = match known {
            Some(table) => table,
            None => {
                let text = RunReader::open(dir).and_then(|r| r.config()).map_err(|e| e.to_string())?;
                let table =
                    Rc::new(text.parse::<Table>().map_err(|e| format!("the run's config.toml: {}", e.message()))?);
                self.configs.borrow_mut().insert(dir.to_owned(), table.clone());
                table
            }
        };
        let mut parts = key.split('.');
        let first = parts.next().and_then(|k| table.get(k));
        let value = parts.fold(first, |value, k| value.and_then(Value::as_table).and_then(|t| t.get(k)));
        value.and_then(number).ok_or_else(|| format!("the run's config has no number `{key}`"))
    }
}

/// The rows of the one matrix that a quantity means.
fn pick<'a>(rows: &'a [Row], q: &Quantity, metric: &str) -> Result<Vec<&'a Row>, String> {
    let said = |a: &Option<String>, b: &str| a.as_deref().is_none_or(|a| a == b);
    let fits =
        |r: &&Row| said(&q.layer, &r.layer) && said(&q.view, &r.view) && q.kind.is_none_or(|k| r.kind == Some(k));
    let mut chosen: Vec<&Row> = rows.iter().filter(fits).collect();
    if chosen.is_empty() {
        return Err(format!("no `{metric}` of {}; there is one of {}", q.text(), places(rows.iter())));
    }
    if q.kind.is_none() && chosen.iter().any(|r| r.kind == Some(Kind::Weight)) {
        chosen.retain(|r| r.kind == Some(Kind::Weight));
    }
    let place = |r: &Row| (r.layer.clone(), r.kind, r.view.clone());
    if chosen.windows(2).any(|w| place(w[0]) != place(w[1])) {
        let found = places(chosen.iter().copied());
        return Err(format!("`{metric}` of which matrix? `layer`, `kind` or `view` must tell apart {found}"));
    }
    Ok(chosen)
}

fn places<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    let text = |r: &Row| format!("{} {} {}", r.layer, r.kind.map_or("", Kind::as_str), r.view).trim().to_owned();
    let all: BTreeSet<String> = rows.map(text).collect();
    all.into_iter().collect::<Vec<_>>().join(", ")
}

fn at(rows: &[&Row], step: At, metric: &str) -> Result<f64, String> {
    let value = |r: &Row| match &r.outcome {
        Outcome::Value(v) => Ok(*v),
        Outcome::Missing(why) => Err(format!("`{metric}` at step {}: {why}", r.step)),
    };
    let none = || format!("no `{metric}`");
    match step {
        At::First => rows.first().ok_or_else(none).and_then(|r| value(r)),
        At::Last => rows.last().ok_or_else(none).and_then(|r| value(r)),
        At::Step(step) => match rows.iter().find(|r| r.step == step) {
            Some(row) => value(row),
            None => {
                let steps: Vec<String> = rows.iter().map(|r| r.step.to_string()).collect();
                let list = match steps.len() {
                    0..=12 => steps.join(", "),
                    n => format!("{}, ..., {} ({n} of them)", steps[..3].join(", "), steps[n - 1]),
                };
                Err(format!("no `{metric}` at step {step}; it is recorded at {list}"))
            }
        },
        At::Largest | At::Smallest => {
            let values = rows.iter().map(|r| value(r)).collect::<Result<Vec<_>, _>>()?;
            let pick = if step == At::Largest { f64::max } else { f64::min };
            values.into_iter().reduce(pick).ok_or_else(none)
        }
    }
}

/// Names a metric that is near, among those of the last step.
fn unknown(reader: &RunReader, metric: &str) -> String {
    let mut names = BTreeSet::new();
    if let Ok(Some(last)) = reader.last_step() {
        let filter = Filter::new().steps(last..=last);
        names.extend(reader.records_where(&filter).into_iter().flatten().map(|r| r.metric));
        names.extend(reader.scalars_where(&filter).into_iter().flatten().map(|s| s.name));
    }
    format!("the run recorded no `{metric}`{}", hint(metric, names.iter().map(String::as_str)))
}
