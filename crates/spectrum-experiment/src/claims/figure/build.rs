//! From a panel's table to a panel.

use std::collections::BTreeSet;

use spectrum_report::figure::{Axis as FigureAxis, Colour, Layer, Panel, Scale, Shape, compact};
use toml::Value;

use super::super::quantity::{At, Quantity};
use super::super::topic::Axis;
use super::source::{Source, points};
use super::{AxisSpec, ColourBy, Pair, PanelSpec, Plot, ScaleSpec, Series, lines, spectrum};

/// What is said of a number whose run is not there.
pub(super) const NOT_RUN: &str = "was not run";

/// What was there and what was not.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub there: usize,
    pub missing: usize,
    /// Why the first one is missing.
    pub first: Option<String>,
    pub seeds: BTreeSet<u64>,
}

impl Tally {
    /// Counts a number; none with the reason kept.
    pub(super) fn take<T>(&mut self, seed: u64, found: Result<T, String>) -> Option<T> {
        match found {
            Ok(value) => {
                self.there += 1;
                self.seeds.insert(seed);
                Some(value)
            }
            Err(why) => {
                self.missing += 1;
                self.first.get_or_insert(why);
                None
            }
        }
    }
}

/// One panel, of the runs that are there.
pub(super) fn panel(source: &Source<'_>, spec: &PanelSpec, all: &mut Tally) -> Panel {
    let mut tally = Tally::default();
    let (x, y) = names(source, spec);
    let mut panel = Panel::new(axis(&spec.x, &x), axis(&spec.y, &y));
    panel.title.clone_from(&spec.title);
    match &spec.plot {
        Plot::Curve { series, along, band } => {
            for (i, s) in series.iter().enumerate() {
                panel.layers.extend(lines::curve(source, s, colour(s.colour, i), along.as_deref(), *band, &mut tally));
            }
        }
        Plot::Trajectory { series, band } => {
            for (i, s) in series.iter().enumerate() {
                lines::trajectories(source, s, colour(s.colour, i), *band, &mut tally, &mut panel);
            }
        }
        Plot::Spectrum { .. } => spectrum::draw(source, &spec.plot, &mut tally, &mut panel),
        Plot::Scatter { series, colour } => scatter(source, series, *colour, &mut tally, &mut panel),
    }
    for line in &spec.lines {
        let layer = line.x.map(Layer::vertical).or(line.y.map(Layer::horizontal)).map(Layer::dashed);
        panel.layers.extend(layer.map(|l| Layer { label: line.label.clone(), ..l }));
    }
    if tally.missing > 0 {
        let (n, of) = (tally.missing, tally.missing + tally.there);
        let why = match tally.first.as_deref() {
            None | Some(NOT_RUN) => "their runs were not done",
            Some(why) => why,
        };
        panel.notes.push(format!("{n} of {of} numbers are not there: {why}."));
    }
    all.there += tally.there;
    all.missing += tally.missing;
    all.first = all.first.take().or(tally.first);
    all.seeds.append(&mut tally.seeds);
    panel
}

pub(super) fn colour(own: Option<usize>, place: usize) -> Colour {
    Colour::Series(own.unwrap_or(place))
}

fn axis(spec: &AxisSpec, name: &str) -> FigureAxis {
    let scale = if spec.scale == ScaleSpec::Log { Scale::Log10 } else { Scale::Linear };
    let label = spec.label.clone().unwrap_or_else(|| name.to_owned());
    FigureAxis { label, unit: spec.unit.clone(), scale, range: spec.range }
}

/// What axes without a label are called.
fn names(source: &Source<'_>, spec: &PanelSpec) -> (String, String) {
    let text = |s: Option<&Series>| s.map(|s| s.of.text()).unwrap_or_default();
    match &spec.plot {
        Plot::Curve { series, along, .. } => {
            let own = series.iter().find_map(|s| source.axis(&s.of)).map(|a| a.key.clone());
            (along.clone().or(own).unwrap_or_default(), text(series.first()))
        }
        Plot::Trajectory { series, .. } => {
            ("step".to_owned(), series.first().and_then(|s| s.of.metric.clone()).unwrap_or_default())
        }
        Plot::Spectrum { series, .. } => {
            let kernel = series.iter().all(|s| spectrum::is_kernel(&s.of));
            let name = if kernel { "eigenvalue of K" } else { "eigenvalue λ = s^{2}" };
            (name.to_owned(), "density".to_owned())
        }
        Plot::Scatter { series, .. } => {
            let of = |q: Option<&Quantity>| q.map(Quantity::text).unwrap_or_default();
            (of(series.first().map(|s| &s.x)), of(series.first().map(|s| &s.y)))
        }
    }
}

fn scatter(source: &Source<'_>, series: &[Pair], by: ColourBy, tally: &mut Tally, panel: &mut Panel) {
    let evaluation = source.evaluation();
    for (i, pair) in series.iter().enumerate() {
        let axis = source.axis(&pair.x);
        let seeds = source.run(&pair.x).map(|r| r.2).unwrap_or_default();
        let chosen = points(axis, &pair.x, pair.window);
        let shades = ramp(axis, &chosen);
        let mut together = Vec::new();
        for (k, point) in chosen.iter().enumerate() {
            let mut here = Vec::new();
            for seed in seeds {
                let x = evaluation.number(&pair.x, *point, *seed);
                let both = x.and_then(|x| Ok((x, evaluation.number(&pair.y, *point, *seed)?)));
                here.extend(tally.take(*seed, both));
            }
            if by == ColourBy::Series || here.is_empty() {
                together.append(&mut here);
                continue;
            }
            let value = axis.and_then(|a| a.points[*point].get(&a.key)).map(value_text);
            let layer = Layer::points(here, Shape::nth(i)).colour(shades[k]);
            let label = match series.len() {
                1 => value,
                // Several runs have values of their own: their shapes are named, and the note says what colours are.
                _ => None,
            };
            panel.layers.push(Layer { label, ..layer });
        }
        let named = |layer: Layer| Layer { label: pair.label.clone(), ..layer };
        match by {
            ColourBy::Series if together.is_empty() => {}
            ColourBy::Series => {
                panel.layers.push(named(Layer::points(together, Shape::nth(i))).colour(colour(pair.colour, i)));
            }
            ColourBy::Axis if series.len() > 1 => {
                panel.layers.push(named(Layer::points(Vec::new(), Shape::nth(i))).colour(Colour::Quiet));
            }
            ColourBy::Axis => {}
        }
    }
    if by == ColourBy::Axis {
        let key = series.iter().find_map(|p| source.axis(&p.x)).map(|a| a.key.clone()).unwrap_or_default();
        panel.notes.push(format!("Colours: {key}, from the least value that a run has here to the greatest."));
    }
}

/// A colour for each point by its value, by the logarithm where values above 0 span more than a decade; by its place where
/// they are no numbers.
pub(super) fn ramp(axis: Option<&Axis>, chosen: &[usize]) -> Vec<Colour> {
    let value = |p: &usize| axis.and_then(|a| a.coordinate(*p, &a.key));
    let values: Option<Vec<f64>> = chosen.iter().map(value).collect();
    let values = values.unwrap_or_else(|| (0..chosen.len()).map(|k| k as f64).collect());
    let ends = |v: &[f64]| v.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
    let (low, high) = ends(&values);
    let wide = low > 0.0 && high > 10.0 * low;
    let values: Vec<f64> = if wide { values.iter().map(|v| v.ln()).collect() } else { values };
    let (low, high) = ends(&values);
    let share = |v: &f64| if high > low { (v - low) / (high - low) } else { 0.0 };
    values.iter().map(|v| Colour::Ramp(share(v))).collect()
}

/// A value of an axis, as a label.
pub(super) fn value_text(value: &Value) -> String {
    let number = value.as_float().or_else(|| value.as_integer().map(|i| i as f64));
    number.map_or_else(|| value.to_string().trim_matches('"').to_owned(), compact)
}

/// The step of a matrix, in words of the store: none for the last.
pub(super) fn step(of: &Quantity) -> At {
    of.step.unwrap_or_default()
}
