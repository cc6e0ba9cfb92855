//! Panels of eigenvalue densities.

use std::collections::BTreeSet;
use std::path::Path;

use spectrum_core::{Blob, Kind, SpectrumRow};
use spectrum_report::figure::{Colour, Histogram, Layer, Panel, Scale, marchenko_pastur};
use spectrum_store::{Filter, RunReader};

use super::super::quantity::{At, Quantity};
use super::build::{NOT_RUN, Tally, colour, step};
use super::source::{Source, points};
use super::{Plot, Series};

/// Whether stored values are eigenvalues of a kernel, and not singular values of a matrix.
pub(super) fn is_kernel(of: &Quantity) -> bool {
    matches!(of.kind, Some(Kind::Ck | Kind::Ntk))
}

/// Histograms, their laws and their outliers.
pub(super) fn draw(source: &Source<'_>, plot: &Plot, tally: &mut Tally, panel: &mut Panel) {
    let Plot::Spectrum { series, seed, law, curve } = plot else { return };
    let several = series.len() > 1;
    let mut over = Vec::new();
    for (i, s) in series.iter().enumerate() {
        let Some(point) = points(source.axis(&s.of), &s.of, None).first().copied() else { continue };
        let known = source.run(&s.of).map(|r| r.2).unwrap_or_default();
        let seeds: Vec<u64> = seed.map_or_else(|| known.to_vec(), |seed| vec![seed]);
        let found = seeds.iter().find_map(|seed| Some((*seed, source.dir(&s.of, point, *seed)?)));
        let first = seeds.first().copied().unwrap_or_default();
        let read = match found {
            Some((seed, dir)) => (seed, Matrix::read(source, dir, &s.of, curve.as_deref(), *law)),
            None => (first, Err(NOT_RUN.to_owned())),
        };
        let Some(matrix) = tally.take(read.0, read.1) else { continue };
        let own = colour(s.colour, i);
        // One matrix has the colours of the report page: bars, law and outliers; of several each has its own.
        let (line, ticks) = if several { (own, own) } else { (Colour::Series(1), Colour::Series(3)) };
        panel.layers.push(bars(&matrix, s, own, panel.x.scale, &mut panel.notes));
        if *law && let Some(layer) = matrix.law(panel.x.scale) {
            let layer = layer.colour(line);
            over.push(if several { layer.dashed() } else { layer.label("Marchenko–Pastur") });
        }
        if let Some(blob) = &matrix.curve {
            let points = (0..blob.rows).map(|r| (blob.data[r], blob.data[blob.rows + r])).collect();
            let layer = Layer::density(points).colour(line);
            over.push(if several { layer.dashed() } else { layer.label("limit law") });
        }
        let k = matrix.outliers.min(matrix.values.len());
        if k > 0 {
            let layer = Layer::rug(matrix.values[..k].to_vec()).colour(ticks);
            over.push(if several { layer } else { layer.label("outliers") });
        }
    }
    if several && over.iter().any(|l| l.dashed) {
        let name = Layer::line(Vec::new()).dashed().colour(Colour::Quiet).label("laws of the bulks");
        over.push(name);
    }
    panel.layers.append(&mut over);
}

fn bars(matrix: &Matrix, series: &Series, colour: Colour, x: Scale, notes: &mut Vec<String>) -> Layer {
    let mut values = matrix.values.clone();
    let mut of = values.len();
    if x == Scale::Log10 {
        let before = values.len();
        values.retain(|v| *v > matrix.floor);
        let n = before - values.len();
        // A law has the area of all eigenvalues, its atom at 0 among them; but rows and columns of zeros are not of it.
        of = matrix.live.0.min(matrix.live.1).clamp(values.len(), before);
        if n > 0 {
            notes.push(format!(
                "{n} eigenvalues below the trusted {} are not shown.",
                spectrum_report::figure::compact(matrix.floor)
            ));
        }
    }
    let label = series.label.clone().unwrap_or_else(|| "eigenvalues".to_owned());
    let histogram = if of > values.len() { Histogram::Part { values, of } } else { Histogram::Values(values) };
    Layer::histogram(histogram).label(label).colour(colour)
}

/// One matrix at one step.
struct Matrix {
    /// Rows and columns that are not zero throughout.
    live: (usize, usize),
    /// Eigenvalues, descending.
    values: Vec<f64>,
    /// Those below are not to be trusted.
    floor: f64,
    variance: Option<f64>,
    outliers: usize,
    curve: Option<Blob>,
}

impl Matrix {
    fn read(source: &Source<'_>, dir: &Path, of: &Quantity, curve: Option<&str>, law: bool) -> Result<Self, String> {
        let reader = RunReader::open(dir).map_err(|e| e.to_string())?;
        let mut filter = Filter::new().kind(of.kind.unwrap_or(Kind::Weight));
        filter = of.layer.iter().fold(filter, |f, layer| f.layer(layer));
        filter = of.view.iter().fold(filter, |f, view| f.view(view));
        let row = row(&reader, &filter, step(of))?;
        let id = &row.id;
        let number = |metric: &str| {
            let quantity = Quantity {
                metric: Some(metric.to_owned()),
                layer: Some(id.layer.clone()),
                kind: Some(id.kind),
                view: Some(id.view.clone()),
                step: Some(At::Step(id.step)),
                ..Quantity::default()
            };
            source.records.number(dir, &quantity).ok()
        };
        let count = |metric: &str| number(metric).map_or(0, |v| v.round().max(0.0) as usize);
        let s = &row.spectrum;
        let kernel = matches!(id.kind, Kind::Ck | Kind::Ntk);
        // A law is stored when it is computed, often at step 0 alone: the newest one holds.
        let blob = |name: &str| {
            let one = filter.clone().steps(..=id.step).layer(&id.layer).view(&id.view).name(name);
            let found = reader.blobs_where(&one).map_err(|e| e.to_string())?;
            Ok::<_, String>(found.into_iter().rfind(|b| b.cols == 2 && b.data.len() == 2 * b.rows))
        };
        let curve = match curve {
            Some(name) => {
                let none = || format!("no points `{name}` of {} {} up to step {}", id.layer, id.kind, id.step);
                Some(blob(name)?.ok_or_else(none)?)
            }
            // A kernel's law is stored with it where it is known.
            None if kernel && law => blob("law")?,
            None => None,
        };
        Ok(Self {
            live: (s.rows.saturating_sub(count("dead_rows")), s.cols.saturating_sub(count("dead_cols"))),
            values: if kernel { s.singular_values.clone() } else { s.eigenvalues() },
            floor: if kernel { s.floor } else { s.floor * s.floor },
            variance: number("mp_variance"),
            outliers: count(if kernel { "law_outliers" } else { "outliers" }),
            curve,
        })
    }

    fn law(&self, x: Scale) -> Option<Layer> {
        let points = marchenko_pastur(self.live.0, self.live.1, self.variance?, self.outliers, x);
        (!points.is_empty()).then(|| Layer::density(points))
    }
}

/// The one spectrum of a filter at a step.
fn row(reader: &RunReader, filter: &Filter, step: At) -> Result<SpectrumRow, String> {
    let step = match step {
        At::Step(step) => Some(step),
        At::First => Some(reader.steps().map_err(|e| e.to_string())?.first().copied().unwrap_or(0)),
        _ => reader.last_step().map_err(|e| e.to_string())?,
    };
    let step = step.ok_or("the run has no step")?;
    let mut rows = reader.spectra_where(&filter.clone().steps(step..=step)).map_err(|e| e.to_string())?;
    let name = |r: &SpectrumRow| format!("{} {} {}", r.id.layer, r.id.kind, r.id.view);
    match rows.len() {
        0 => Err(format!("no spectrum of it is recorded at step {step}")),
        1 => Ok(rows.swap_remove(0)),
        _ => {
            let all: BTreeSet<String> = rows.iter().map(name).collect();
            let all = all.into_iter().collect::<Vec<_>>().join(", ");
            Err(format!("which matrix? `layer` or `view` must tell apart {all}"))
        }
    }
}
