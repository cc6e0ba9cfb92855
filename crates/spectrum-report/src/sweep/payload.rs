//! The data inside a sweep's page, as the scripts in `assets/js/sweep` read them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use spectrum_core::Outcome;

use super::SweepPoint;
use super::grid::{self, Grid};
use super::room::Room;
use super::stats::{StudentT, majority, spearman};
use super::variables::{At, Variable, Variables};
use crate::payload::codes;

/// All numbers and statistics of a page. `links` has each point's report, relative to the page.
pub(crate) fn payload(
    points: &[SweepPoint],
    links: &[Option<String>],
    grid: &Grid,
    all: &Variables<'_>,
    room: &Room,
) -> Value {
    let t = StudentT::new(grid.most_seeds());
    let mut reasons = Reasons::default();
    let variables: Vec<Value> =
        room.variables.iter().map(|&v| one(&all.list[v], all, grid, room, &t, &mut reasons)).collect();
    let keys: Vec<Value> = grid
        .keys
        .iter()
        .map(|k| {
            let values: Vec<Value> = k
                .values
                .iter()
                .map(|v| json!({ "text": grid::text(v), "v": if k.numeric { v.clone() } else { Value::Null } }))
                .collect();
            json!({ "name": k.name, "numeric": k.numeric, "values": values })
        })
        .collect();
    let listed: Vec<Value> = points
        .iter()
        .enumerate()
        .map(|(i, p)| {
            let at = grid.of[i].map(|s| &grid.settings[s].at);
            let texts: Vec<String> = grid.keys.iter().map(|k| grid::value(p, &k.name).map_or("unset".into(), grid::text)).collect();
            json!({
                "setting": grid.of[i], "at": at, "texts": texts, "seed": grid.seeds[i], "status": p.status, "reason": p.reason,
                "link": links[i], "last": all.last[i], "finished": all.finished[i],
                "dir": p.run.as_ref().and_then(|r| r.dir.file_name()).map(|n| n.to_string_lossy().into_owned()),
            })
        })
        .collect();
    let settings: Vec<Value> = grid.settings.iter().map(|s| json!({ "at": s.at, "points": s.points })).collect();
    let matrices: Vec<Value> =
        all.matrices.iter().map(|m| json!({ "layer": m.layer, "kind": m.kind, "view": m.view })).collect();
    let steps: Vec<Value> = room
        .at
        .iter()
        .map(|at| match at {
            At::Step(t) => json!(t),
            At::Last => Value::Null,
        })
        .collect();
    json!({
        "keys": keys, "seed": grid.seed, "points": listed, "settings": settings, "matrices": matrices,
        "at": steps, "last": room.last, "variables": variables, "reasons": reasons.list, "codes": codes(),
        "rho": correlations(all, grid, room),
    })
}

/// Reasons by number: each is on the page once.
#[derive(Debug, Default)]
struct Reasons {
    list: Vec<String>,
    places: BTreeMap<String, usize>,
}

impl Reasons {
    fn place(&mut self, reason: String) -> usize {
        *self.places.entry(reason).or_insert_with_key(|r| {
            self.list.push(r.clone());
            self.list.len() - 1
        })
    }
}

/// A variable's values and what they are over seeds. Values of point p stand at `p * steps` and on, those of setting s likewise.
fn one(v: &Variable<'_>, all: &Variables<'_>, grid: &Grid, room: &Room, t: &StudentT, reasons: &mut Reasons) -> Value {
    let n = room.at.len();
    let mut values = Vec::with_capacity(grid.of.len() * n);
    // Runs of cells with one reason: [first cell, how many, reason].
    let mut why: Vec<[usize; 3]> = Vec::new();
    for p in 0..grid.of.len() {
        for &at in &room.at {
            let outcome = all.outcome(v, p, at);
            if let Some(reason) = outcome.and_then(Outcome::reason) {
                let place = reasons.place(reason.to_string());
                match why.last_mut() {
                    Some(run) if run[0] + run[1] == values.len() && run[2] == place => run[1] += 1,
                    _ => why.push([values.len(), 1, place]),
                }
            }
            values.push(short(outcome.and_then(Outcome::value)));
        }
    }
    let mut out = json!({ "matrix": v.matrix, "name": v.name, "v": values });
    if !why.is_empty() {
        out["why"] = json!(why);
    }
    let cells = grid.settings.iter().flat_map(|s| room.at.iter().map(|&at| of_setting(v, all, &s.points, at)));
    match v.classes {
        Some(classes) => {
            let mut split = Map::new();
            let codes: Vec<Value> = cells
                .enumerate()
                .map(|(i, values)| {
                    let found = majority(&values, classes);
                    if let Some(m) = found.as_ref().filter(|m| !m.agree()) {
                        split.insert(i.to_string(), json!(m.counts));
                    }
                    json!(found.map(|m| m.code))
                })
                .collect();
            (out["classes"], out["mean"], out["split"]) = (json!(classes), codes.into(), split.into());
        }
        None => {
            let means: Vec<_> = cells.map(|values| t.mean(&values)).collect();
            out["mean"] = means.iter().map(|m| short(m.map(|m| m.mean))).collect();
            out["half"] = means.iter().map(|m| short(m.and_then(|m| m.half))).collect();
        }
    }
    out
}

/// The values of a setting's seeds.
pub(crate) fn of_setting(v: &Variable<'_>, all: &Variables<'_>, points: &[usize], at: At) -> Vec<f64> {
    points.iter().filter_map(|&p| all.outcome(v, p, at)?.value()).collect()
}

/// Spearman's rho of every two correlated variables: over all points, and over the settings' means. Pairs (i, j), i < j, in the
/// order (0, 1), (0, 2), ..., (1, 2), ...
fn correlations(all: &Variables<'_>, grid: &Grid, room: &Room) -> Value {
    let four =
        |rho: Option<f64>| rho.and_then(|r| format!("{r:.4}").parse::<f64>().ok()).map_or(Value::Null, |r| json!(r));
    let used: Vec<usize> = grid.settings.iter().flat_map(|s| s.points.iter().copied()).collect();
    let t = StudentT::new(1);
    let (mut points, mut means) = (Vec::new(), Vec::new());
    for &place in &room.correlated_at {
        let at = room.at[place];
        let of = |v: usize| &all.list[room.variables[v]];
        let single: Vec<Vec<Option<f64>>> = room
            .correlated
            .iter()
            .map(|&v| used.iter().map(|&p| all.outcome(of(v), p, at)?.value()).collect())
            .collect();
        let mean: Vec<Vec<Option<f64>>> = room
            .correlated
            .iter()
            .map(|&v| {
                grid.settings.iter().map(|s| Some(t.mean(&of_setting(of(v), all, &s.points, at))?.mean)).collect()
            })
            .collect();
        let pairs = |columns: &[Vec<Option<f64>>]| -> Vec<Value> {
            let mut out = Vec::new();
            for (i, x) in columns.iter().enumerate() {
                for y in &columns[i + 1..] {
                    out.push(four(spearman(x.iter().zip(y).filter_map(|(a, b)| Some(((*a)?, (*b)?))))));
                }
            }
            out
        };
        points.push(pairs(&single));
        means.push(pairs(&mean));
    }
    json!({ "variables": room.correlated, "at": room.correlated_at, "points": points, "means": means })
}

/// Five significant digits: what a tooltip shows, in half the bytes.
fn short(v: Option<f64>) -> Value {
    let short = v.and_then(|v| format!("{v:.4e}").parse::<f64>().ok());
    match short {
        Some(x) if x.fract() == 0.0 && x.abs() < 1e15 => json!(x as i64),
        Some(x) => json!(x),
        None => Value::Null,
    }
}
