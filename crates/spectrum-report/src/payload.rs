//! The data inside the page.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use spectrum_core::{Blob, Outcome, SpectrumRow};

use spectrum_tail::Convention;

use crate::layer_type::LayerType;
use crate::layers::SHAPE_CLASSES;
use crate::series::{self, MatrixKey};
use crate::{RunData, dynamics, sections, tail, thin};

/// Matrices of one run on the page: each costs a browser some hundred kilobytes of memory.
pub(crate) const MAX_MATRICES: usize = 2000;
/// Spectra of one matrix that the slider holds at most.
const MAX_SPECTRA: usize = 200;
/// Fewest spectra kept, however many matrices there are.
const MIN_SPECTRA: usize = 8;
/// Singular values in the whole page: 4 bytes each, a third more as base64, so at most some 24 MB.
const MAX_VALUES: usize = 4_500_000;
/// Points of a scalar's curve and of a metric's curve.
const SCALAR_POINTS: usize = 2400;
pub(crate) const METRIC_POINTS: usize = 600;
/// The blob that stands in for the values of a matrix that is too large for all of them.
const DENSITY: &str = "density";
/// The blob with a kernel's limit law, and the points of it that the page holds.
const LAW: &str = "law";
const LAW_POINTS: usize = 400;
/// Metrics that the figures of one spectrum show at its own step.
const AT_STEP: [&str; 13] = [
    "mp_variance",
    "mp_edge",
    "outliers",
    "alpha_hill",
    "alpha",
    "alpha_sigma",
    "xmin",
    "tail_size",
    "alpha_distance",
    "dead_rows",
    "dead_cols",
    "law_outliers",
    "law_upper_edge",
];
/// Spectra in the whole page whose tail is fitted and compared: some milliseconds and 12 kB each. Every matrix has its last one.
const TAILS: usize = 100;

/// Runs, thinned, as the script in `assets/js/data.js` reads them.
pub(crate) fn payload(runs: &[RunData], names: &[String]) -> Value {
    let total: usize = runs.iter().flat_map(|r| &r.spectra).map(|s| s.spectrum.singular_values.len()).sum();
    // Every matrix gives up the same share when the page would grow too large.
    let share = if total > MAX_VALUES { MAX_VALUES as f64 / total as f64 } else { 1.0 };
    let matrices: usize = runs.iter().flat_map(series::matrices).filter(|m| !m.is_pair()).count();
    let tails = (TAILS / matrices.max(1)).max(1);
    let checkpoints = sections::all_checkpoints(runs);
    let one_step = sections::one_step(runs);
    let diagonals = dynamics::share(runs);
    let one = |(run, name): (&RunData, &String)| {
        let mut out = one_run(run, name, share, tails);
        dynamics::add(run, diagonals, &mut out);
        Value::Object(out)
    };
    let numbers = numbers(runs);
    let runs: Vec<Value> = runs.iter().zip(names).map(one).collect();
    json!({
        "runs": runs, "numbers": numbers, "loss_note": LOSS_NOTE, "codes": codes(), "one_step": one_step, "checkpoints": checkpoints,
        "step_word": if checkpoints { "checkpoint" } else { "step" },
    })
}

/// Scalars that no run recorded at more than one step: numbers of the run, and no curves.
fn numbers(runs: &[RunData]) -> Vec<&str> {
    let mut most: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, curve) in runs.iter().flat_map(series::scalars) {
        let steps = most.entry(name).or_default();
        *steps = (*steps).max(curve.0.len());
    }
    most.into_iter().filter(|(_, steps)| *steps < 2).map(|(name, _)| name).collect()
}

const LOSS_NOTE: &str = "Losses at step t are those of the weights after t optimizer steps; with mini-batches the training loss at t is that of \
     the batch at the weights before the step.";

/// Metrics whose values are codes, with the name of each code.
pub(crate) fn codes() -> Value {
    json!({
        "shape_class": SHAPE_CLASSES,
        "best_tail": ["power law", "truncated power law", "log-normal", "exponential", "stretched exponential"],
        "training_warning": ["none", "under-trained", "over-trained"],
    })
}

fn one_run(run: &RunData, name: &str, share: f64, tails: usize) -> Map<String, Value> {
    let convention = tail::convention(&run.config);
    let scalars: Map<String, Value> =
        series::scalars(run).into_iter().map(|(k, c)| (k.to_owned(), c.json(SCALAR_POINTS))).collect();
    let mut spectra: BTreeMap<MatrixKey, Vec<&SpectrumRow>> = BTreeMap::new();
    for s in &run.spectra {
        spectra.entry((&s.id).into()).or_default().push(s);
    }
    let mut overlaps: BTreeMap<MatrixKey, Vec<&Blob>> = BTreeMap::new();
    for b in run.blobs.iter().filter(|b| b.name == "overlap_left" || b.name == "overlap_right") {
        overlaps.entry((&b.id).into()).or_default().push(b);
    }
    let mut densities: BTreeMap<(MatrixKey, u64), &Blob> = BTreeMap::new();
    for b in run.blobs.iter().filter(|b| b.name == DENSITY && is_curve(b)) {
        densities.insert(((&b.id).into(), b.id.step), b);
    }
    let laws: BTreeMap<MatrixKey, &Blob> =
        run.blobs.iter().filter(|b| b.name == LAW && is_curve(b)).map(|b| ((&b.id).into(), b)).collect();
    let chosen = largest(run);
    // Figures and choosers show matrices in the order in which they stand here.
    let order: BTreeMap<String, usize> = dynamics::layers(run).into_iter().enumerate().map(|(i, l)| (l, i)).collect();
    let mut all = series::metrics(run);
    all.sort_by_key(|(key, _)| order.get(&key.layer).copied());
    let matrices: Vec<Value> = all
        .into_iter()
        .filter(|(key, _)| !key.is_pair() && chosen.as_ref().is_none_or(|c| c.contains(key)))
        .map(|(key, metrics)| {
            let curves: Map<String, Value> =
                metrics.iter().map(|(k, c)| ((*k).to_owned(), c.json(METRIC_POINTS))).collect();
            let mut out = json!({
                "layer": key.layer, "kind": key.kind, "view": key.view, "metrics": curves,
                "type": LayerType::guess(&key.layer, &key.view).as_str(),
            });
            if let Some(rows) = spectra.remove(&key) {
                let kept = kept(rows, share);
                out["spectra"] = spectra_json(&kept.1, kept.0, &metrics);
                out["tails"] = tails_json(&kept.1, &metrics, convention, tails);
                if let Some(law) = laws.get(&key) {
                    out["law"] = law_json(law);
                }
                if let Some(densities) = densities_json(&densities, &key, &kept.1) {
                    out["density"] = densities;
                }
            } else if let Some(why) = nothing_measured(&metrics) {
                out["why"] = json!(why);
            }
            if let Some(blobs) = overlaps.remove(&key).and_then(overlaps_json) {
                out["overlaps"] = blobs;
            }
            out
        })
        .collect();
    let out = [("name", json!(name)), ("scalars", Value::Object(scalars)), ("matrices", Value::Array(matrices))];
    out.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
}

/// The matrices of the page where it cannot hold all: those with the most singular values.
fn largest(run: &RunData) -> Option<BTreeSet<MatrixKey>> {
    let mut sizes: BTreeMap<MatrixKey, usize> = BTreeMap::new();
    for s in &run.spectra {
        let size = sizes.entry((&s.id).into()).or_default();
        *size = (*size).max(s.spectrum.singular_values.len());
    }
    if sizes.len() <= MAX_MATRICES {
        return None;
    }
    let mut keys: Vec<(usize, MatrixKey)> = sizes.into_iter().map(|(key, size)| (size, key)).collect();
    keys.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    Some(keys.into_iter().take(MAX_MATRICES).map(|(_, key)| key).collect())
}

/// How many matrices of a run are not on its page.
pub(crate) fn left_out(run: &RunData) -> usize {
    let all: BTreeSet<MatrixKey> = run.spectra.iter().map(|s| (&s.id).into()).collect();
    all.len().saturating_sub(MAX_MATRICES)
}

type Metrics<'a> = BTreeMap<&'a str, series::Curve<'a>>;

/// How many spectra there are of a matrix, and those that the page holds.
fn kept(mut rows: Vec<&SpectrumRow>, share: f64) -> (usize, Vec<&SpectrumRow>) {
    rows.sort_by_key(|s| s.id.step);
    let wanted = ((rows.len() as f64 * share) as usize).clamp(MIN_SPECTRA, MAX_SPECTRA);
    (rows.len(), thin::evenly(rows.len(), wanted).into_iter().map(|i| rows[i]).collect())
}

fn outcome<'a>(metrics: &Metrics<'a>, metric: &str, step: u64) -> Option<&'a Outcome> {
    let curve = &metrics.get(metric)?.0;
    curve.binary_search_by_key(&step, |p| p.0).ok().map(|i| curve[i].1)
}

/// The one reason of a matrix that has rows and not one value among them: one that is not finite, say.
fn nothing_measured(metrics: &Metrics<'_>) -> Option<String> {
    let mut points = metrics.values().flat_map(|c| &c.0).map(|p| p.1);
    let first = points.next()?.reason()?;
    points.all(|o| o.value().is_none()).then(|| first.to_string())
}

fn tails_json(kept: &[&SpectrumRow], metrics: &Metrics<'_>, convention: Convention, most: usize) -> Value {
    let chosen = thin::evenly(kept.len(), most).into_iter().map(|i| kept[i]);
    let one = |s: &SpectrumRow| {
        let step = s.id.step;
        tail::tail(step, s.id.kind, &s.spectrum, convention, &|metric: &str| outcome(metrics, metric, step))
    };
    chosen.map(one).collect()
}

fn spectra_json(kept: &[&SpectrumRow], all: usize, metrics: &Metrics<'_>) -> Value {
    let mut facts: Map<String, Value> = AT_STEP
        .iter()
        .filter(|m| metrics.contains_key(**m))
        .map(|m| {
            let at = |s: &&SpectrumRow| series::number(outcome(metrics, m, s.id.step).and_then(Outcome::value));
            ((*m).to_owned(), kept.iter().map(at).collect())
        })
        .collect();
    for metric in ["mp_variance", "alpha"] {
        let why = |s: &&SpectrumRow| Some(outcome(metrics, metric, s.id.step)?.reason()?.to_string());
        facts.insert(format!("why_{metric}"), json!(kept.iter().map(why).collect::<Vec<_>>()));
    }
    let values = kept.iter().flat_map(|s| &s.spectrum.singular_values);
    let first = &kept[0].spectrum;
    json!({
        "rows": first.rows, "cols": first.cols, "route": first.route, "all": all,
        "t": kept.iter().map(|s| s.id.step).collect::<Vec<_>>(),
        "floor": kept.iter().map(|s| series::number(Some(s.spectrum.floor))).collect::<Vec<_>>(),
        "count": kept.iter().map(|s| s.spectrum.singular_values.len()).collect::<Vec<_>>(),
        "facts": facts,
        "data": base64_f32(values.copied()),
    })
}

/// Two columns: points of a curve.
fn is_curve(b: &Blob) -> bool {
    b.cols == 2 && b.data.len() == 2 * b.rows && b.rows > 1
}

/// The newest limit law of a kernel: eigenvalues and the density there.
fn law_json(law: &Blob) -> Value {
    let (x, density) = law.data.split_at(law.rows);
    let kept = thin::evenly(law.rows, LAW_POINTS);
    json!({
        "x": base64_f32(kept.iter().map(|i| x[*i])),
        "density": base64_f32(kept.iter().map(|i| density[*i])),
        "step": law.id.step,
    })
}

/// The density of a matrix that is too large for all of its values: singular values, ascending, and how many lie above each;
/// for each kept spectrum, null where there is none.
fn densities_json(all: &BTreeMap<(MatrixKey, u64), &Blob>, key: &MatrixKey, kept: &[&SpectrumRow]) -> Option<Value> {
    let of = |s: &&SpectrumRow| all.get(&(key.clone(), s.id.step)).copied();
    let one = |b: &Blob| {
        let (s, above) = b.data.split_at(b.rows);
        json!({ "s": base64_f32(s.iter().copied()), "above": base64_f32(above.iter().copied()) })
    };
    let found: Vec<Option<&Blob>> = kept.iter().map(of).collect();
    found.iter().any(Option::is_some).then(|| found.into_iter().map(|b| b.map(one)).collect())
}

/// Steps that have both sides, or the one side there is. All of one size: the first one's.
fn overlaps_json(blobs: Vec<&Blob>) -> Option<Value> {
    let (rows, cols) = blobs.first().map(|b| (b.rows, b.cols))?;
    let mut steps: BTreeMap<u64, [Option<&Blob>; 2]> = BTreeMap::new();
    for b in blobs.into_iter().filter(|b| (b.rows, b.cols) == (rows, cols) && b.data.len() == rows * cols) {
        steps.entry(b.id.step).or_default()[usize::from(b.name == "overlap_right")] = Some(b);
    }
    let sides = [0, 1].map(|side| steps.values().any(|s| s[side].is_some()));
    let whole: Vec<(u64, [Option<&Blob>; 2])> =
        steps.into_iter().filter(|(_, s)| (0..2).all(|i| !sides[i] || s[i].is_some())).collect();
    if whole.is_empty() {
        return None;
    }
    let kept: Vec<&(u64, [Option<&Blob>; 2])> =
        thin::evenly(whole.len(), MAX_SPECTRA).into_iter().map(|i| &whole[i]).collect();
    let side = |i: usize| {
        let data = kept.iter().filter_map(|(_, s)| s[i]).flat_map(|b| b.data.iter().copied());
        if sides[i] { json!({ "data": base64_f32(data) }) } else { Value::Null }
    };
    Some(json!({
        "rows": rows, "cols": cols, "all": whole.len(), "t": kept.iter().map(|s| s.0).collect::<Vec<_>>(),
        "left": side(0), "right": side(1),
    }))
}

/// Little-endian f32, as [`base64`].
pub(crate) fn base64_f32(values: impl Iterator<Item = f64>) -> String {
    base64(&values.flat_map(|v| (v as f32).to_le_bytes()).collect::<Vec<u8>>())
}

/// Bytes as base64 (RFC 4648, with padding).
pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = (0..3).fold(0u32, |w, i| w << 8 | u32::from(chunk.get(i).copied().unwrap_or(0)));
        for i in 0..4 {
            let letter = ALPHABET[(word >> (18 - 6 * i)) as usize & 63];
            out.push(if i <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_what_python_writes() {
        // base64.b64encode(struct.pack("<3f", 1.0, -2.5, 3.25e-3)), and of the first one and two.
        assert_eq!(base64_f32([1.0].into_iter()), "AACAPw==");
        assert_eq!(base64_f32([1.0, -2.5].into_iter()), "AACAPwAAIMA=");
        assert_eq!(base64_f32([1.0, -2.5, 3.25e-3].into_iter()), "AACAPwAAIMD0/VQ7");
        assert_eq!(base64_f32(std::iter::empty()), "");
    }
}
