//! The points of a sweep ordered into settings: what differs besides the seed.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::SweepPoint;
use crate::table;

/// The key whose values are repetitions of one setting. Also as the last part of a dotted key.
const SEED: &str = "seed";

/// A swept key and its values: numbers ascending, others in the order in which they first appear.
#[derive(Debug)]
pub(crate) struct Key {
    pub name: String,
    pub values: Vec<Value>,
    pub numeric: bool,
}

/// Points that differ in nothing but the seed.
#[derive(Debug)]
pub(crate) struct Setting {
    /// For each key the place of its value.
    pub at: Vec<usize>,
    /// The points, by seed.
    pub points: Vec<usize>,
}

/// All points, ordered.
#[derive(Debug)]
pub(crate) struct Grid {
    /// The swept keys besides the seed that have more than one value.
    pub keys: Vec<Key>,
    /// The name of the key that repeats a setting, if one is swept.
    pub seed: Option<String>,
    /// In the order of their values, the first key outermost.
    pub settings: Vec<Setting>,
    /// For each point its seed as text; empty without one.
    pub seeds: Vec<String>,
    /// For each point the place of its setting; none for the twin of an earlier point.
    pub of: Vec<Option<usize>>,
}

impl Grid {
    pub(crate) fn new(points: &[SweepPoint]) -> Self {
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in points.iter().flat_map(|p| &p.keys) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        let (seeds, others): (Vec<&str>, Vec<&str>) = names.into_iter().partition(|n| is_seed(n));
        let keys: Vec<Key> = others.iter().map(|n| Key::new(n, points)).filter(|k| k.values.len() > 1).collect();
        let seed_of = |p: &SweepPoint| {
            let parts: Vec<String> = seeds.iter().filter_map(|s| value(p, s)).map(text).collect();
            parts.join(", ")
        };
        let texts: Vec<String> = points.iter().map(seed_of).collect();
        let mut settings: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
        let mut seen: HashSet<(Vec<usize>, &str)> = HashSet::new();
        let mut twins = vec![false; points.len()];
        for (i, p) in points.iter().enumerate() {
            let at: Vec<usize> = keys.iter().map(|k| k.place(p)).collect();
            twins[i] = !seen.insert((at.clone(), &texts[i]));
            let members = settings.entry(at).or_default();
            if !twins[i] {
                members.push(i);
            }
        }
        let mut of = vec![None; points.len()];
        let settings: Vec<Setting> = settings
            .into_iter()
            .enumerate()
            .map(|(s, (at, mut points))| {
                points.sort_by(|&a, &b| numbers_first(&texts[a], &texts[b]));
                points.iter().for_each(|&p| of[p] = Some(s));
                Setting { at, points }
            })
            .collect();
        let seed = seeds.first().map(|_| seeds.join(", "));
        Self { keys, seed, settings, seeds: texts, of }
    }

    /// Most seeds of a setting.
    pub(crate) fn most_seeds(&self) -> usize {
        self.settings.iter().map(|s| s.points.len()).max().unwrap_or(0)
    }

    /// A setting's values in words.
    pub(crate) fn words(&self, setting: &Setting) -> Vec<String> {
        self.keys.iter().zip(&setting.at).map(|(k, &v)| text(&k.values[v])).collect()
    }
}

impl Key {
    fn new(name: &str, points: &[SweepPoint]) -> Self {
        let mut values: Vec<Value> = Vec::new();
        for p in points {
            let v = value(p, name).unwrap_or(&Value::Null);
            if !values.iter().any(|w| same(v, w)) {
                values.push(v.clone());
            }
        }
        let numeric = values.iter().all(Value::is_number);
        if numeric {
            values.sort_by(|a, b| number(a).total_cmp(&number(b)));
        }
        Self { name: name.to_owned(), values, numeric }
    }

    fn place(&self, point: &SweepPoint) -> usize {
        let v = value(point, &self.name).unwrap_or(&Value::Null);
        self.values.iter().position(|w| same(v, w)).unwrap_or(0)
    }
}

/// Whether a key repeats a setting.
fn is_seed(name: &str) -> bool {
    name.rsplit('.').next() == Some(SEED)
}

/// A point's value of a key.
pub(crate) fn value<'a>(point: &'a SweepPoint, name: &str) -> Option<&'a Value> {
    point.keys.iter().find(|k| k.0 == name).map(|k| &k.1)
}

fn number(v: &Value) -> f64 {
    v.as_f64().unwrap_or(0.0)
}

/// 1 and 1.0 are the same value of a key; two large seeds that round to one double are not.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) if x.is_f64() || y.is_f64() => x.as_f64() == y.as_f64(),
        _ => a == b,
    }
}

/// A value for a reader.
pub(crate) fn text(v: &Value) -> String {
    match v {
        Value::Null => "unset".to_owned(),
        Value::String(s) => s.clone(),
        Value::Number(n) if n.is_f64() => n.as_f64().map_or_else(|| n.to_string(), table::number),
        other => other.to_string(),
    }
}

fn numbers_first(a: &str, b: &str) -> Ordering {
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(x), Ok(y)) => x.total_cmp(&y),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        _ => a.cmp(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn point(keys: &[(&str, Value)]) -> SweepPoint {
        let keys = keys.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
        SweepPoint { keys, run: None, status: "finished".to_owned(), reason: None }
    }

    #[test]
    fn points_fall_into_settings_by_value() {
        let of = |lr: Value, kind: &str, seed: u64| {
            point(&[
                ("optimizer.lr", lr),
                ("optimizer.kind", json!(kind)),
                ("data.n", json!(800)),
                ("seed", json!(seed)),
            ])
        };
        let points = [
            of(json!(10), "sgd", 10),
            of(json!(0.1), "sgd", 2),
            of(json!(10.0), "sgd", 9),
            of(json!(0.1), "adam", 9),
            of(json!(10.0), "sgd", 9),
        ];
        let grid = Grid::new(&points);
        let keys: Vec<_> = grid.keys.iter().map(|k| (k.name.as_str(), k.values.len(), k.numeric)).collect();
        assert_eq!(keys, [("optimizer.lr", 2, true), ("optimizer.kind", 2, false)], "a key of one value is not swept");
        assert_eq!(grid.seed.as_deref(), Some("seed"));
        let settings: Vec<_> = grid.settings.iter().map(|s| (grid.words(s).join(" "), s.points.clone())).collect();
        let expected = [("0.1 sgd", vec![1]), ("0.1 adam", vec![3]), ("10 sgd", vec![2, 0])];
        assert_eq!(settings, expected.map(|(w, p)| (w.to_owned(), p)));
        assert_eq!(grid.of, [Some(2), Some(0), Some(2), Some(1), None], "the last is a twin of the third");
        assert_eq!(grid.most_seeds(), 2);
    }

    #[test]
    fn a_point_without_a_key_is_a_value_of_its_own() {
        let points = [point(&[("model.bias", json!(true))]), point(&[]), point(&[("model.bias", json!("x"))])];
        let grid = Grid::new(&points);
        assert_eq!(grid.settings.iter().map(|s| grid.words(s).join("")).collect::<Vec<_>>(), ["true", "unset", "x"]);
        assert_eq!((grid.seed, grid.seeds), (None, vec![String::new(); 3]));
        assert_eq!(text(&json!([[1, 0.1], [2, 1.0]])), "[[1,0.1],[2,1.0]]");
        assert_eq!(text(&json!(18_446_744_073_709_551_615u64)), "18446744073709551615");
    }
}
