//! Means over seeds along an axis or along the steps.

use std::collections::BTreeMap;

use spectrum_report::figure::{Colour, Layer, Panel};

use super::super::statistics::exponent;
use super::build::{NOT_RUN, Tally, ramp, value_text};
use super::source::{Source, points};
use super::{Band, Series};

/// Mean of numbers with what stands around it.
fn summary(values: &[f64], band: Band) -> (f64, (f64, f64)) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
    let around = match band {
        Band::Sd if values.len() > 1 => {
            let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
            (mean - sd, mean + sd)
        }
        Band::Sd | Band::None => (mean, mean),
        Band::Range => (low, high),
    };
    (mean, around)
}

/// A number over the axis of its run, with its fit.
pub(super) fn curve(
    source: &Source<'_>,
    series: &Series,
    colour: Colour,
    along: Option<&str>,
    band: Band,
    tally: &mut Tally,
) -> Vec<Layer> {
    let evaluation = source.evaluation();
    let axis = source.axis(&series.of);
    let seeds = source.run(&series.of).map(|r| r.2).unwrap_or_default();
    let mut line: Vec<(f64, f64)> = Vec::new();
    let mut around = Vec::new();
    for point in points(axis, &series.of, series.window) {
        let numbers = seeds.iter().map(|seed| (*seed, evaluation.number(&series.of, point, *seed)));
        let values: Vec<f64> = numbers.filter_map(|(seed, found)| tally.take(seed, found)).collect();
        let at = axis.and_then(|a| a.coordinate(point, along.unwrap_or(&a.key)));
        if !values.is_empty() {
            let (mean, ends) = summary(&values, band);
            line.push((at.unwrap_or(f64::NAN), mean));
            around.push(ends);
        }
    }
    let named = |layer: Layer| {
        let layer = Layer { label: series.label.clone(), ..layer.colour(colour) };
        if series.dashed { layer.dashed() } else { layer }
    };
    if line.is_empty() {
        return Vec::new();
    }
    if axis.is_none() || !series.of.at.is_empty() {
        return vec![named(Layer::horizontal(line[0].1))];
    }
    let mut order: Vec<usize> = (0..line.len()).collect();
    order.sort_by(|a, b| line[*a].0.total_cmp(&line[*b].0));
    let line: Vec<(f64, f64)> = order.iter().map(|i| line[*i]).collect();
    let around: Vec<(f64, f64)> = order.iter().map(|i| around[*i]).collect();
    let fit = series.fit.as_deref().and_then(|letter| fitted(&line, letter)).map(|f| f.colour(colour).dashed());
    let mut layer = named(Layer::line(line)).markers();
    if band != Band::None && seeds.len() > 1 {
        layer = layer.band(around);
    }
    [Some(layer), fit].into_iter().flatten().collect()
}

/// The least-squares line through (ln x, ln y) over the range of x, named by its law; none where there is no such line.
fn fitted(line: &[(f64, f64)], letter: &str) -> Option<Layer> {
    let (x, y): (Vec<f64>, Vec<f64>) = line.iter().copied().unzip();
    let slope = exponent(&x, &y).ok()?;
    let mean = |v: &[f64]| v.iter().map(|v| v.ln()).sum::<f64>() / v.len() as f64;
    let (mx, my) = (mean(&x), mean(&y));
    let at = |x: f64| (x, (my + slope * (x.ln() - mx)).exp());
    let (first, last) = (*x.first()?, *x.last()?);
    Some(Layer::line(vec![at(first), at(last)]).label(format!("∝ {letter}^{{{slope:.2}}}")))
}

/// A metric over the steps, a line for each point of the axis.
pub(super) fn trajectories(
    source: &Source<'_>,
    series: &Series,
    own: Colour,
    band: Band,
    tally: &mut Tally,
    panel: &mut Panel,
) {
    let axis = source.axis(&series.of);
    let seeds = source.run(&series.of).map(|r| r.2).unwrap_or_default();
    let chosen = points(axis, &series.of, series.window);
    let shades = ramp(axis, &chosen);
    for (k, point) in chosen.iter().enumerate() {
        // Steps with the values of all seeds that have one there.
        let mut steps: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
        for seed in seeds {
            let dir = source.dir(&series.of, *point, *seed).ok_or_else(|| NOT_RUN.to_owned());
            let found = dir.and_then(|dir| source.records.trajectory(dir, &series.of));
            for (step, value) in tally.take(*seed, found).into_iter().flatten() {
                steps.entry(step).or_default().push(value);
            }
        }
        if steps.is_empty() {
            continue;
        }
        let summaries: Vec<_> = steps.iter().map(|(step, values)| (*step as f64, summary(values, band))).collect();
        let line = summaries.iter().map(|(t, (mean, _))| (*t, *mean)).collect();
        let around = summaries.iter().map(|(_, (_, around))| *around).collect();
        let label = match (&series.label, axis) {
            (label, Some(axis)) if chosen.len() > 1 => {
                let value = axis.points[*point].get(&axis.key).map(value_text).unwrap_or_default();
                Some(label.iter().cloned().chain([value]).collect::<Vec<_>>().join(" "))
            }
            (label, _) => label.clone(),
        };
        let colour = if chosen.len() > 1 { shades[k] } else { own };
        let mut layer = Layer { label, ..Layer::line(line).colour(colour) };
        layer.dashed = series.dashed;
        if steps.len() <= 30 {
            layer = layer.markers();
        }
        if band != Band::None && seeds.len() > 1 {
            layer = layer.band(around);
        }
        panel.layers.push(layer);
    }
}
