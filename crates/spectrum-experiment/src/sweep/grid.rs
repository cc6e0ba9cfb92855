//! The grid: what a config's `[sweep]` table spans.

use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::SweepError;
use crate::Point;

/// More points than this are a slip of the keyboard.
const MOST: usize = 100_000;
/// The key that repeats a setting; always innermost.
const SEED: &str = "seed";
const OPTIONS: &str = "options";

/// Metrics and scalars that `steps.csv` follows over all recorded steps, unless `sweep.options.metrics` says otherwise.
pub const STEP_METRICS: [&str; 24] = [
    "shape_class",
    "alpha",
    "alpha_hill",
    "outliers",
    "top_to_edge",
    "mp_distance",
    "stable_rank",
    "effective_rank",
    "frobenius_norm",
    "spectral_norm",
    "kta",
    "ridge_test_loss",
    "teacher_alignment",
    "label_alignment",
    "update_overlap_left",
    "update_overlap_right",
    "null_alpha_hill",
    "train_loss",
    "test_loss",
    "linear_test_loss",
    "initial_kernel_test_loss",
    "train_accuracy",
    "test_accuracy",
    "learning_rate",
];

/// A swept key with its values, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Dotted (`optimizer.lr`).
    pub name: String,
    /// At least one; all different. Any TOML value: numbers, words, lists, whole tables.
    pub values: Vec<Value>,
}

/// The cartesian product of the lists in a config's `[sweep]` table.
///
/// ```toml
/// [sweep]
/// "optimizer.lr" = [0.01, 0.1, 1.0]   # or: [sweep.optimizer] lr = [...]
/// "data.noise" = [0.0, 0.3]
/// seed = [0, 1, 2]
///
/// [sweep.options]                     # reserved: no key of the config
/// metrics = ["alpha_hill", "test_loss"]
/// ```
///
/// The order of points is the order of the file's keys, the first one outermost; `seed` is innermost wherever it
/// stands. A value may be any TOML value, so `optimizer = [{ kind = "sgd", lr = 0.1 }, { kind = "adam", lr = 0.001 }]`
/// sweeps whole tables.
///
/// Points of equal seed share teacher, data and the student's initial weights as far as their shapes agree, whatever
/// other keys differ: every draw comes from a stream that is keyed by the seed and a name (`data.train`,
/// `model.hidden.weight`) and by nothing else. A key that should change the draws is therefore always `seed`, and there
/// is nothing to configure.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    pub(crate) file: PathBuf,
    pub(crate) name: String,
    pub(crate) keys: Vec<Key>,
    pub(crate) fixed: Vec<(String, Value)>,
    pub(crate) metrics: Vec<String>,
    pub(crate) slurm: Option<Value>,
    len: usize,
}

impl Grid {
    /// Reads the `[sweep]` table of a config.
    ///
    /// # Errors
    /// [`SweepError::Read`] and [`SweepError::Key`]: no such table, a value that is no list, an empty list, a value
    /// that stands twice, two keys of which one sets the other, more than 100 000 points.
    pub fn read(config: &Path) -> Result<Self, SweepError> {
        let text =
            std::fs::read_to_string(config).map_err(|source| SweepError::Read { file: config.to_owned(), source })?;
        Self::parse(config, &text)
    }

    /// Parses a text that came from `file`.
    ///
    /// # Errors
    /// Those of [`read`](Self::read).
    pub fn parse(file: &Path, text: &str) -> Result<Self, SweepError> {
        let wrong = |key: &str, why: &str| SweepError::key(file, key, why);
        let syntax = |e: toml::de::Error| {
            let line = e.span().map_or(0, |s| text[..s.start.min(text.len())].matches('\n').count() + 1);
            SweepError::key(file, format!("line {line}"), e.message())
        };
        let table = text.parse::<Table>().map_err(syntax)?;
        let spans = DeTable::parse(text).map_err(syntax)?;
        let missing = "is missing: a sweep needs a table of lists, such as `seed = [0, 1, 2]`";
        let sweep = table.get("sweep").ok_or_else(|| wrong("sweep", missing))?;
        let sweep = sweep.as_table().ok_or_else(|| wrong("sweep", "is no table"))?;
        let mut metrics: Vec<String> = STEP_METRICS.map(str::to_owned).into();
        if let Some(Value::Table(options)) = sweep.get(OPTIONS) {
            metrics = read_options(file, options)?.unwrap_or(metrics);
        }
        let mut leaves = Vec::new();
        let places = spans.get_ref().get("sweep").and_then(|v| v.get_ref().as_table());
        flatten(file, &[], sweep, places, &mut leaves)?;
        leaves.sort_by_key(|(place, _)| *place);
        let mut keys: Vec<Key> = leaves.into_iter().map(|(_, key)| key).collect();
        if keys.is_empty() {
            return Err(wrong("sweep", "has no keys: expected lists, such as `seed = [0, 1, 2]`"));
        }
        keys.sort_by_key(|k| k.name == SEED);
        for (i, key) in keys.iter().enumerate() {
            check_values(file, key)?;
            let path = format!("sweep.{}", key.name);
            for other in &keys[..i] {
                if other.name == key.name {
                    return Err(wrong(&path, "stands twice"));
                }
                if sets(&other.name, &key.name) || sets(&key.name, &other.name) {
                    return Err(wrong(
                        &path,
                        &format!("sets a part of what `{}` sets, or the whole of it", other.name),
                    ));
                }
            }
        }
        let product = keys.iter().try_fold(1usize, |n, k| n.checked_mul(k.values.len()));
        let len = product.filter(|n| *n <= MOST).ok_or_else(|| {
            let sizes: Vec<String> = keys.iter().map(|k| k.values.len().to_string()).collect();
            let found = product.map_or_else(|| "too many".to_owned(), |n| n.to_string());
            wrong("sweep", &format!("{} = {found} points; at most {MOST} are run", sizes.join(" x ")))
        })?;
        let name = table.get("name").and_then(Value::as_str).unwrap_or("unnamed").to_owned();
        let slurm = table.get("slurm").cloned();
        Ok(Self { file: file.to_owned(), name, keys, fixed: Vec::new(), metrics, slurm, len })
    }

    /// Sets keys in every point, before the swept ones: `--set`, `--backend`.
    ///
    /// # Errors
    /// [`SweepError::Key`] for a key that is swept.
    pub fn with_sets(mut self, sets_: Vec<(String, Value)>) -> Result<Self, SweepError> {
        for (key, value) in &sets_ {
            if let Some(swept) = self.keys.iter().find(|k| k.name == *key || sets(&k.name, key) || sets(key, &k.name)) {
                let why = format!("`{}` is swept and cannot be set beside", swept.name);
                return Err(SweepError::key(&self.file, key.clone(), why));
            }
            if let (true, Some(name)) = (key == "name", value.as_str()) {
                self.name = name.to_owned();
            }
        }
        self.fixed.extend(sets_);
        Ok(self)
    }

    /// The config.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The swept keys, outermost first.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Points, at least one.
    #[must_use]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Values of the swept key `seed`; 0 where it is not swept.
    pub(crate) fn seeds(&self) -> usize {
        self.keys.last().filter(|k| k.name == SEED).map_or(0, |k| k.values.len())
    }

    /// The swept values of a point, in the order of the keys.
    #[must_use]
    pub fn values(&self, index: usize) -> Option<Vec<(String, Value)>> {
        if index >= self.len {
            return None;
        }
        let mut rest = index;
        let mut values: Vec<(String, Value)> = Vec::with_capacity(self.keys.len());
        for key in self.keys.iter().rev() {
            values.push((key.name.clone(), key.values[rest % key.values.len()].clone()));
            rest /= key.values.len();
        }
        values.reverse();
        Some(values)
    }

    /// A point as a runner takes it.
    #[must_use]
    pub fn point(&self, index: usize) -> Option<Point> {
        let sets = self.fixed.iter().cloned().chain(self.values(index)?).collect();
        Some(Point { config: self.file.clone(), sets })
    }

    /// A point's values in words: `optimizer.lr = 0.1, seed = 0`.
    #[must_use]
    pub fn label(&self, index: usize) -> String {
        let values = self.values(index).unwrap_or_default();
        values.iter().map(|(k, v)| format!("{k} = {v}")).collect::<Vec<_>>().join(", ")
    }
}

/// Whether setting `whole` sets `part` too.
fn sets(whole: &str, part: &str) -> bool {
    part.strip_prefix(whole).is_some_and(|rest| rest.starts_with('.'))
}

/// Collects the lists of a table with their places in the file.
fn flatten(
    file: &Path,
    above: &[&str],
    table: &Table,
    places: Option<&DeTable<'_>>,
    leaves: &mut Vec<(usize, Key)>,
) -> Result<(), SweepError> {
    for (name, value) in table {
        if above.is_empty() && name == OPTIONS && value.is_table() {
            continue;
        }
        let path: Vec<&str> = above.iter().copied().chain([name.as_str()]).collect();
        let dotted = path.join(".");
        let wrong = |why: String| SweepError::key(file, format!("sweep.{dotted}"), why);
        if dotted.split('.').any(|part| part.trim().is_empty()) {
            return Err(wrong("a part of the key is empty".into()));
        }
        let found = places.and_then(|p| p.get_key_value(name.as_str()));
        match value {
            Value::Table(inner) if inner.is_empty() => return Err(wrong("the table has no keys".into())),
            Value::Table(inner) => {
                flatten(file, &path, inner, found.and_then(|(_, v)| DeValue::as_table(v.get_ref())), leaves)?;
            }
            Value::Array(values) => {
                let name = dotted.split('.').map(str::trim).collect::<Vec<_>>().join(".");
                leaves.push((found.map_or(0, |(k, _)| k.span().start), Key { name, values: values.clone() }));
            }
            scalar => return Err(wrong(format!("is {scalar}; expected a list, such as `[{scalar}]`"))),
        }
    }
    Ok(())
}

fn check_values(file: &Path, key: &Key) -> Result<(), SweepError> {
    let path = format!("sweep.{}", key.name);
    if key.values.is_empty() {
        return Err(SweepError::key(file, path, "the list is empty"));
    }
    // Texts order, so that many values are not compared in pairs; 1 and 1.0 are one number.
    let text = |v: &Value| match v {
        Value::Float(x) if x.is_finite() => format!("{:?}", x + 0.0),
        Value::Integer(n) => format!("{:?}", *n as f64),
        other => other.to_string(),
    };
    let mut texts: Vec<(String, usize)> = key.values.iter().map(text).zip(0..).collect();
    texts.sort();
    match texts.windows(2).find(|w| w[0].0 == w[1].0) {
        Some(w) => Err(SweepError::key(file, path, format!("{} stands twice", key.values[w[1].1]))),
        None => Ok(()),
    }
}

/// `[sweep.options]`.
fn read_options(file: &Path, options: &Table) -> Result<Option<Vec<String>>, SweepError> {
    let path = |key: &str| format!("sweep.options.{key}");
    if let Some(unknown) = options.keys().find(|k| *k != "metrics") {
        return Err(SweepError::key(file, path(unknown), "unknown key; expected `metrics`"));
    }
    let Some(value) = options.get("metrics") else { return Ok(None) };
    let words = value.as_array().map(|a| a.iter().map(|v| v.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>());
    let words = words.flatten().ok_or_else(|| {
        SweepError::key(file, path("metrics"), format!("is {value}; expected names, such as [\"alpha_hill\"]"))
    })?;
    Ok(Some(words))
}
