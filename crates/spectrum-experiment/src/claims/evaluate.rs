//! Measures conditions on finished runs and judges them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::bounds::Bounds;
use super::check::{By, Check, Direction, Method, Seeds, Test, Window};
use super::plan::{Planner, RunId};
use super::quantity::Quantity;
use super::records::Records;
use super::result::{CheckResult, Measured, SeedResult};
use super::statistics::{exponent, pearson, spearman};
use super::topic::Axis;

/// A threshold's name, the point of the axis, the seed.
pub(crate) type SearchId = (String, usize, u64);

/// Everything that conditions are measured on.
pub(crate) struct Evaluation<'a> {
    pub planner: &'a Planner<'a>,
    pub records: &'a Records,
    pub outcomes: &'a BTreeMap<PathBuf, Result<(), String>>,
    pub searches: &'a BTreeMap<SearchId, Result<f64, String>>,
}

/// A point of an axis with the number there.
struct Entry {
    point: usize,
    label: Option<String>,
    value: f64,
}

impl Evaluation<'_> {
    /// Measures and judges a condition.
    pub(crate) fn check(&self, check: &Check, seeds: &[u64]) -> CheckResult {
        let bounds = check.bounds_at(self.planner.scale);
        let measured: Vec<Result<Vec<Entry>, String>> = seeds.iter().map(|s| self.measure(check, *s)).collect();
        let result = |seed, entries: &[Entry]| SeedResult {
            seed,
            holds: Some(judge(check, &bounds, entries)),
            values: entries.iter().map(|e| Measured { at: e.label.clone(), value: e.value }).collect(),
            reason: None,
        };
        let mut results: Vec<SeedResult> = seeds
            .iter()
            .zip(&measured)
            .map(|(seed, entries)| match entries {
                Ok(entries) => result(Some(*seed), entries),
                Err(why) => {
                    SeedResult { seed: Some(*seed), holds: None, values: Vec::new(), reason: Some(why.clone()) }
                }
            })
            .collect();
        let holds = match check.seeds {
            Seeds::Every => at_least(&results, seeds.len()),
            Seeds::Any => at_least(&results, 1),
            Seeds::AtLeast(k) => at_least(&results, k),
            Seeds::Mean => {
                let mean = measured.into_iter().collect::<Result<Vec<_>, _>>().ok().and_then(mean);
                let mean = mean.map(|entries| result(None, &entries));
                let holds = mean.as_ref().and_then(|m| m.holds);
                // A seed by itself is not judged.
                results.iter_mut().for_each(|r| r.holds = None);
                results.extend(mean);
                holds
            }
        };
        let falls = matches!(&check.test, Test::Monotone(_));
        CheckResult::new(check, bounds, holds, results, falls)
    }

    fn measure(&self, check: &Check, seed: u64) -> Result<Vec<Entry>, String> {
        let series = |q: &Quantity| self.series(q, seed, check.window);
        match &check.test {
            Test::Value(t) => series(&t.of),
            Test::Change(t) => pair(t.by, series(&t.of.moved(t.to))?, series(&t.of.moved(t.from))?),
            Test::Compare(t) => pair(t.by, series(&t.of)?, series(&t.with)?),
            Test::Monotone(t) => {
                let entries = series(&t.of)?;
                let axis = self.axis(&t.of).ok_or("no axis")?;
                let mut order: Vec<(f64, Entry)> =
                    entries.into_iter().map(|e| (axis.coordinate(e.point, &axis.key).unwrap_or(f64::NAN), e)).collect();
                order.sort_by(|a, b| a.0.total_cmp(&b.0));
                if order.len() < 2 {
                    return Err(format!("an axis needs 2 points to rise or fall, found {}", order.len()));
                }
                Ok(order.into_iter().map(|(_, e)| e).collect())
            }
            Test::Exponent(t) => {
                let entries = series(&t.of)?;
                let axis = self.axis(&t.of).ok_or("no axis")?;
                let key = t.size.as_deref().unwrap_or(&axis.key);
                let sizes: Vec<f64> =
                    entries.iter().map(|e| axis.coordinate(e.point, key).unwrap_or(f64::NAN)).collect();
                single(exponent(&sizes, &values(&entries))?)
            }
            Test::Correlation(t) => {
                let (x, y) = (values(&series(&t.of)?), values(&series(&t.with)?));
                single(match t.method {
                    Method::Spearman => spearman(&x, &y)?,
                    Method::Pearson => pearson(&x, &y)?,
                })
            }
        }
    }

    fn axis(&self, q: &Quantity) -> Option<&Axis> {
        self.run_name(q).and_then(|name| self.planner.topic.runs.get(name)).and_then(|r| r.axis_at(self.planner.scale))
    }

    fn run_name<'q>(&'q self, q: &'q Quantity) -> Option<&'q str> {
        match &q.threshold {
            Some(t) => self.planner.topic.thresholds.get(t).and_then(|t| t.reaches.of.run.as_deref()),
            None => q.run.as_deref(),
        }
    }

    /// The number at each point of the quantity's axis that `at` and the window leave.
    fn series(&self, q: &Quantity, seed: u64, window: Option<Window>) -> Result<Vec<Entry>, String> {
        let axis = self.axis(q);
        let inside = |axis: &Axis, p: usize| {
            let fits = |w: Window| axis.coordinate(p, &axis.key).is_some_and(|x| x >= w.min && x <= w.max);
            window.is_none_or(fits)
        };
        let points: Vec<(usize, Option<String>)> = match axis {
            None => vec![(0, None)],
            Some(axis) if !q.at.is_empty() => axis.matching(&q.at).into_iter().map(|p| (p, None)).collect(),
            Some(axis) => {
                (0..axis.points.len()).filter(|p| inside(axis, *p)).map(|p| (p, Some(axis.label(p)))).collect()
            }
        };
        if points.is_empty() {
            return Err("the window holds no point of the axis".to_owned());
        }
        let number = |(point, label): (usize, Option<String>)| {
            let value = self.number(q, point, seed).map_err(|why| match &label {
                Some(label) => format!("{label}: {why}"),
                None => why,
            })?;
            Ok(Entry { point, label, value })
        };
        points.into_iter().map(number).collect()
    }

    /// A quantity at a point for a seed, or why there is none.
    pub(crate) fn number(&self, q: &Quantity, point: usize, seed: u64) -> Result<f64, String> {
        if let Some(threshold) = &q.threshold {
            let found = self.searches.get(&(threshold.clone(), point, seed));
            return found.cloned().unwrap_or_else(|| Err("was not searched for".to_owned()));
        }
        let run = q.run.clone().unwrap_or_default();
        self.of_run(&RunId { run, point, seed, probe: None }, q)
    }

    /// A quantity of one run, or why there is none.
    pub(crate) fn of_run(&self, id: &RunId, q: &Quantity) -> Result<f64, String> {
        let dir = self.planner.planned(id).ok_or("was not planned")?;
        match self.outcomes.get(dir) {
            Some(Ok(())) => self.records.number(dir, q),
            Some(Err(why)) => Err(format!("the run failed: {why}")),
            None => Err("was not run".to_owned()),
        }
    }
}

fn values(entries: &[Entry]) -> Vec<f64> {
    entries.iter().map(|e| e.value).collect()
}

fn single(value: f64) -> Result<Vec<Entry>, String> {
    Ok(vec![Entry { point: 0, label: None, value }])
}

/// Two series become one, point by point; one number stands beside every point of the other series.
fn pair(by: By, a: Vec<Entry>, b: Vec<Entry>) -> Result<Vec<Entry>, String> {
    let both = |x: f64, y: f64| match by {
        By::Difference => Ok(x - y),
        By::Relative | By::Ratio if y == 0.0 => Err("a ratio to 0".to_owned()),
        By::Relative => Ok((x - y) / y.abs()),
        By::Ratio => Ok(x / y),
    };
    let entry = |e: &Entry, value| Entry { point: e.point, label: e.label.clone(), value };
    match (a.as_slice(), b.as_slice()) {
        (a, [y]) => a.iter().map(|x| Ok(entry(x, both(x.value, y.value)?))).collect(),
        ([x], b) => b.iter().map(|y| Ok(entry(y, both(x.value, y.value)?))).collect(),
        (a, b) => a.iter().zip(b).map(|(x, y)| Ok(entry(x, both(x.value, y.value)?))).collect(),
    }
}

fn mean(seeds: Vec<Vec<Entry>>) -> Option<Vec<Entry>> {
    let count = seeds.len() as f64;
    seeds
        .into_iter()
        .reduce(|mut sum, next| {
            sum.iter_mut().zip(next).for_each(|(s, n)| s.value += n.value);
            sum
        })
        .map(|mut sum| {
            sum.iter_mut().for_each(|s| s.value /= count);
            sum
        })
}

fn judge(check: &Check, bounds: &Bounds, entries: &[Entry]) -> bool {
    let Test::Monotone(t) = &check.test else { return entries.iter().all(|e| bounds.admit(e.value)) };
    let sign = if t.direction == Direction::Rising { 1.0 } else { -1.0 };
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return false };
    let total = last.value - first.value;
    let steady = entries.windows(2).all(|w| sign * (w[1].value - w[0].value) >= -t.slack);
    // Bounds are optional here: admit nothing only where they are there and broken.
    steady && sign * total > 0.0 && (*bounds == Bounds::default() || bounds.admit(total))
}

/// Whether at least k hold, as far as can be told.
fn at_least(results: &[SeedResult], k: usize) -> Option<bool> {
    let count = |x| results.iter().filter(|r| r.holds == x).count();
    let (held, open) = (count(Some(true)), count(None));
    if held >= k {
        Some(true)
    } else if held + open < k {
        Some(false)
    } else {
        None
    }
}
