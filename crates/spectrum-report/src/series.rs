//! Rows grouped into curves: one for each scalar, and one for each matrix and metric.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use spectrum_core::{Kind, MatrixId, Outcome};

use crate::RunData;

/// The points of one curve, by step.
#[derive(Debug, Clone, Default)]
pub(crate) struct Curve<'a>(pub Vec<(u64, &'a Outcome)>);

impl Curve<'_> {
    /// `{t, v, why: {reason: [indices]}}`, thinned to about `keep` points.
    pub(crate) fn json(&self, keep: usize) -> Value {
        let values: Vec<Option<f64>> = self.0.iter().map(|(_, o)| o.value()).collect();
        let kept = crate::thin::envelope(&values, keep);
        let mut why: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, &i) in kept.iter().enumerate() {
            if let Some(reason) = self.0[i].1.reason() {
                why.entry(reason.to_string()).or_default().push(at);
            }
        }
        let t: Vec<u64> = kept.iter().map(|&i| self.0[i].0).collect();
        let v: Vec<Value> = kept.iter().map(|&i| number(values[i])).collect();
        let mut out = json!({ "t": t, "v": v });
        if !why.is_empty() {
            out["why"] = json!(why);
        }
        out
    }

    /// Stretches of steps without a value: (first, last, how many, reason).
    pub(crate) fn gaps(&self) -> Vec<(u64, u64, usize, String)> {
        let mut out: Vec<(u64, u64, usize, String)> = Vec::new();
        let mut open = false;
        for (t, outcome) in &self.0 {
            let Some(reason) = outcome.reason().map(ToString::to_string) else {
                open = false;
                continue;
            };
            match out.last_mut() {
                Some(gap) if open && gap.3 == reason => (gap.1, gap.2) = (*t, gap.2 + 1),
                _ => out.push((*t, *t, 1, reason)),
            }
            open = true;
        }
        out
    }
}

/// Seven significant digits: more than a screen shows, half the bytes of all seventeen.
pub(crate) fn number(v: Option<f64>) -> Value {
    let short = v.and_then(|v| format!("{v:.6e}").parse::<f64>().ok());
    match short {
        Some(x) if x.fract() == 0.0 && x.abs() < 1e15 => json!(x as i64),
        Some(x) => json!(x),
        None => Value::Null,
    }
}

/// A matrix of the run over all its steps.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct MatrixKey {
    pub layer: String,
    pub kind: Kind,
    pub view: String,
}

impl From<&MatrixId> for MatrixKey {
    fn from(id: &MatrixId) -> Self {
        Self { layer: id.layer.clone(), kind: id.kind, view: id.view.clone() }
    }
}

impl MatrixKey {
    /// Whether it stands for two layers that meet and not for a matrix.
    pub(crate) fn is_pair(&self) -> bool {
        second_side(&self.view).is_some()
    }

    /// Whether it is a matrix of its own, and no head, gate or position of one.
    pub(crate) fn is_whole(&self) -> bool {
        is_whole(&self.view)
    }
}

fn is_whole(view: &str) -> bool {
    matches!(view, "matrix" | "stacked" | "flatten")
}

/// The second side of two layers that meet, from the view that their rows carry under the first layer's name:
/// `meets[<second>]`, or `meets[<second>:<prefix of its views>]`.
pub(crate) fn second_side(view: &str) -> Option<&str> {
    view.strip_prefix("meets[")?.strip_suffix(']')
}

impl std::fmt::Display for MatrixKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} · {} · {}", self.layer, self.kind, self.view)
    }
}

/// Scalars by name, in alphabetical order; points by step.
pub(crate) fn scalars(run: &RunData) -> BTreeMap<&str, Curve<'_>> {
    let mut out: BTreeMap<&str, Curve<'_>> = BTreeMap::new();
    for s in &run.scalars {
        out.entry(&s.name).or_default().0.push((s.step, &s.outcome));
    }
    out.values_mut().for_each(|c| c.0.sort_by_key(|p| p.0));
    out
}

/// Metrics of each matrix.
pub(crate) fn metrics(run: &RunData) -> Vec<(MatrixKey, BTreeMap<&str, Curve<'_>>)> {
    let mut order: Vec<(MatrixKey, BTreeMap<&str, Curve<'_>>)> =
        matrices(run).into_iter().map(|k| (k, BTreeMap::new())).collect();
    let keys: Vec<MatrixKey> = order.iter().map(|(k, _)| k.clone()).collect();
    let at: BTreeMap<Named<'_>, usize> =
        keys.iter().enumerate().map(|(i, k)| ((&*k.layer, k.kind, &*k.view), i)).collect();
    // Rows of one matrix stand together: its place is looked up once for all of them.
    let mut last: Option<(Named<'_>, usize)> = None;
    for r in &run.records {
        let named = named(&r.id);
        let place = match last {
            Some((same, place)) if same == named => Some(place),
            _ => at.get(&named).copied(),
        };
        if let Some(place) = place {
            last = Some((named, place));
            order[place].1.entry(&r.metric).or_default().0.push((r.id.step, &r.outcome));
        }
    }
    order.iter_mut().flat_map(|(_, m)| m.values_mut()).for_each(|c| c.0.sort_by_key(|p| p.0));
    order
}

/// Every matrix and every pair of layers that has a row of any sort. Layers as a reader counts them (`layers.2` before
/// `layers.10`), a layer's whole matrix before its heads.
pub(crate) fn matrices(run: &RunData) -> Vec<MatrixKey> {
    let ids = run
        .spectra
        .iter()
        .map(|s| &s.id)
        .chain(run.records.iter().map(|r| &r.id))
        .chain(run.blobs.iter().map(|b| &b.id));
    let mut distinct: Vec<Named<'_>> = ids.map(named).collect();
    distinct.dedup();
    let distinct: BTreeSet<Named<'_>> = distinct.into_iter().collect();
    let keys: BTreeSet<(Vec<Part<'_>>, Kind, bool, Vec<Part<'_>>)> = distinct
        .into_iter()
        .map(|(layer, kind, view)| (natural(layer), kind, !is_whole(view), natural(view)))
        .collect();
    let text = |parts: Vec<Part<'_>>| parts.into_iter().map(|p| p.1).collect::<String>();
    keys.into_iter().map(|(layer, kind, _, view)| MatrixKey { layer: text(layer), kind, view: text(view) }).collect()
}

/// A matrix by its names, without a copy of them.
type Named<'a> = (&'a str, Kind, &'a str);

fn named(id: &MatrixId) -> Named<'_> {
    (&id.layer, id.kind, &id.view)
}

/// A stretch of digits with its number, or a stretch of other characters.
type Part<'a> = (Option<u64>, &'a str);

fn natural(text: &str) -> Vec<Part<'_>> {
    text.split_inclusive(|_: char| true)
        .fold(Vec::<(usize, usize, bool)>::new(), |mut parts, c| {
            let (at, digit) = (parts.last().map_or(0, |p| p.1), c.starts_with(|c: char| c.is_ascii_digit()));
            match parts.last_mut() {
                Some(last) if last.2 == digit => last.1 += c.len(),
                _ => parts.push((at, at + c.len(), digit)),
            }
            parts
        })
        .into_iter()
        .map(|(from, to, digit)| (if digit { text[from..to].parse().ok() } else { None }, &text[from..to]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectrum_core::Reason;

    #[test]
    fn gaps_are_stretches_of_one_reason() {
        let v = Outcome::Value(1.0);
        let a = Outcome::Missing(Reason::BelowFloor);
        let b = Outcome::Missing(Reason::NotFinite);
        let curve = Curve(vec![(0, &a), (1, &a), (2, &v), (3, &a), (5, &b), (7, &b)]);
        let gaps = curve.gaps();
        let short: Vec<_> = gaps.iter().map(|g| (g.0, g.1, g.2, g.3.as_str())).collect();
        assert_eq!(short, [(0, 1, 2, "BelowFloor"), (3, 3, 1, "BelowFloor"), (5, 7, 2, "NotFinite")]);
        assert_eq!(
            curve.json(100),
            json!({"t": [0, 1, 2, 3, 5, 7], "v": [null, null, 1, null, null, null],
                   "why": {"BelowFloor": [0, 1, 3], "NotFinite": [4, 5]}})
        );
    }

    #[test]
    fn layers_are_counted_as_a_reader_counts() {
        let mut names = ["layers.10.weight", "layers.2.weight", "hidden", "layers.2.bias", "layers.x"];
        names.sort_by_key(|n| natural(n));
        assert_eq!(names, ["hidden", "layers.2.bias", "layers.2.weight", "layers.10.weight", "layers.x"]);
    }

    #[test]
    fn numbers_keep_seven_digits() {
        assert_eq!(number(Some(1.0 / 3.0)).to_string(), "0.3333333");
        assert_eq!(number(Some(1979.0)).to_string(), "1979");
        assert_eq!(number(Some(1.234_567_89e-12)).to_string(), "1.234568e-12");
        assert_eq!(number(None), Value::Null);
    }
}
