//! The ends of a panel's axes, and its bars.

use super::Panel;
use super::axis::{Place, Scale};
use super::bins::{self, Histogram};
use super::layer::Mark;

/// Where a panel's values lie on the page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Region {
    pub x: Place,
    pub y: Place,
    /// The bars of each layer; empty for layers that are no histogram.
    pub bars: Vec<Vec<(f64, f64, f64)>>,
}

/// Pixels of a plot: left, top, width, height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Frame {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

impl Region {
    pub(crate) fn of(panel: &Panel, frame: Frame) -> Self {
        let (low, high) = panel.x.ends(panel.layers.iter().flat_map(|l| along(panel, &l.mark)), false);
        let x = Place { scale: panel.x.scale, low, high, from: frame.left, to: frame.left + frame.width };
        let bars: Vec<Vec<(f64, f64, f64)>> = panel
            .layers
            .iter()
            .map(|l| match &l.mark {
                Mark::Histogram(h) => h.bars(&x, bins::count(h.along().len(), frame.width)),
                _ => Vec::new(),
            })
            .collect();
        let (low, high) = vertical_ends(panel, &x, &bars);
        let y = Place { scale: panel.y.scale, low, high, from: frame.top + frame.height, to: frame.top };
        Self { x, y, bars }
    }
}

/// The x of everything that stretches the horizontal axis.
fn along(panel: &Panel, mark: &Mark) -> Vec<f64> {
    let drawn = |p: &(f64, f64)| panel.x.scale.admits(p.0) && panel.y.scale.admits(p.1);
    match mark {
        Mark::Line { points, .. } | Mark::Points { points, .. } => {
            points.iter().filter(|p| drawn(p)).map(|p| p.0).collect()
        }
        Mark::Density(points) => points.iter().filter(|p| p.1.is_finite()).map(|p| p.0).collect(),
        Mark::Histogram(h) => h.along().to_vec(),
        Mark::ErrorBars(bars) => bars.iter().filter(|b| drawn(&(b.0, b.1))).map(|b| b.0).collect(),
        Mark::Vertical(x) => vec![*x],
        Mark::Rug(values) => values.clone(),
        Mark::Horizontal(_) => Vec::new(),
    }
}

fn vertical_ends(panel: &Panel, x: &Place, bars: &[Vec<(f64, f64, f64)>]) -> (f64, f64) {
    let inside = |v: f64| x.holds(v);
    let mut values: Vec<f64> = Vec::new();
    for layer in &panel.layers {
        match &layer.mark {
            Mark::Line { points, band, .. } => {
                let shown = points.iter().enumerate().filter(|(_, p)| inside(p.0));
                for (i, p) in shown {
                    values.push(p.1);
                    values.extend(band.get(i).iter().flat_map(|b| [b.0, b.1]));
                }
            }
            Mark::Points { points, .. } => values.extend(points.iter().filter(|p| inside(p.0)).map(|p| p.1)),
            Mark::ErrorBars(list) => {
                values.extend(list.iter().filter(|b| inside(b.0)).flat_map(|b| [b.1, b.2, b.3]));
            }
            Mark::Horizontal(y) => values.push(*y),
            Mark::Histogram(_) | Mark::Density(_) | Mark::Vertical(_) | Mark::Rug(_) => {}
        }
    }
    let heights: Vec<f64> = bars.iter().flatten().map(|b| b.2).filter(|h| *h > 0.0).collect();
    let (least, most) = heights.iter().fold((f64::INFINITY, 0f64), |(a, b), h| (a.min(*h), b.max(*h)));
    let histogram = most > 0.0;
    let densities = panel.layers.iter().filter_map(|l| match &l.mark {
        Mark::Density(points) => Some(points.iter().filter(|p| inside(p.0)).map(|p| p.1)),
        _ => None,
    });
    for d in densities.flatten().filter(|d| *d > 0.0) {
        // Beside bars a law is shown as far as it keeps their company.
        match histogram {
            true if panel.y.scale == Scale::Linear => values.push(d.min(1.3 * most)),
            true => values.push(d.clamp(0.5 * least, 2.0 * most)),
            false => values.push(d),
        }
    }
    if histogram && panel.y.scale == Scale::Log10 {
        // The lowest bar stands on something.
        values.push(0.6 * least);
    }
    values.extend(heights);
    let zero = panel.layers.iter().any(|l| matches!(l.mark, Mark::Histogram(_) | Mark::Density(_)));
    panel.y.ends(values.into_iter(), zero)
}

/// What a point is on these axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is drawn.
    Inside,
    /// It lies beyond an end that was asked for.
    Outside,
    /// It has no place: not finite, or not above 0 on a logarithmic axis.
    Nowhere,
}

impl Region {
    pub(crate) fn standing(&self, (x, y): (f64, f64)) -> Standing {
        if !self.x.scale.admits(x) || !self.y.scale.admits(y) {
            Standing::Nowhere
        } else if self.x.holds(x) && self.y.holds(y) {
            Standing::Inside
        } else {
            Standing::Outside
        }
    }

    /// What a value of a histogram or a rug is on the horizontal axis.
    pub(crate) fn standing_along(&self, x: f64) -> Standing {
        match (self.x.scale.admits(x), self.x.holds(x)) {
            (false, _) => Standing::Nowhere,
            (_, true) => Standing::Inside,
            _ => Standing::Outside,
        }
    }
}

/// The values of a histogram that were not binned before.
pub(crate) fn raw(mark: &Mark) -> &[f64] {
    match mark {
        Mark::Histogram(Histogram::Values(values) | Histogram::Part { values, .. }) => values,
        _ => &[],
    }
}
