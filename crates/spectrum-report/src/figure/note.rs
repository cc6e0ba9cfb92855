//! What a reader must know of points that are not there.

use super::Panel;
use super::axis::Scale;
use super::layer::Mark;
use super::region::{Region, Standing, raw};
use super::text::compact;

/// Sentences on what was left out of a panel, and its own notes.
pub(crate) fn notes(panel: &Panel, region: &Region) -> Vec<String> {
    let mut out = panel.notes.clone();
    if panel.layers.is_empty() {
        out.push("There is nothing to draw.".to_owned());
        return out;
    }
    let mut points = Count::default();
    let mut values = Count::default();
    let mut far = f64::NEG_INFINITY;
    for layer in &panel.layers {
        match &layer.mark {
            Mark::Line { points: list, .. } | Mark::Points { points: list, .. } => {
                list.iter().for_each(|p| points.add(region.standing(*p)));
            }
            Mark::ErrorBars(bars) => bars.iter().for_each(|b| points.add(region.standing((b.0, b.1)))),
            Mark::Histogram(_) => {
                for v in raw(&layer.mark) {
                    let standing = region.standing_along(*v);
                    values.add(standing);
                    if standing == Standing::Outside {
                        far = far.max(*v);
                    }
                }
            }
            Mark::Density(_) | Mark::Vertical(_) | Mark::Horizontal(_) | Mark::Rug(_) => {}
        }
    }
    let logarithmic = panel.x.scale == Scale::Log10 || panel.y.scale == Scale::Log10;
    let why = if logarithmic { "not finite, or not above 0 on a logarithmic axis" } else { "not finite" };
    let are = |n: usize, what: &str| if n == 1 { format!("1 {what} is") } else { format!("{n} {what}s are") };
    for (n, what) in [(points.nowhere, "point"), (values.nowhere, "value")] {
        out.extend((n > 0).then(|| format!("{} left out: {why}.", are(n, what))));
    }
    out.extend((points.outside > 0).then(|| format!("{} beyond the axes.", are(points.outside, "point"))));
    if values.outside > 0 {
        let up_to = if far > region.x.high { format!(", up to {}", compact(far)) } else { String::new() };
        out.push(format!("{} beyond the axis{up_to}.", are(values.outside, "value")));
    }
    if !points.any() && !values.any() && !panel.layers.iter().any(shows) {
        out.push("There is nothing to draw.".to_owned());
    }
    out
}

/// Whether a layer shows something without points or values.
fn shows(layer: &super::Layer) -> bool {
    match &layer.mark {
        Mark::Density(points) => !points.is_empty(),
        Mark::Rug(values) => !values.is_empty(),
        Mark::Histogram(h) => !h.along().is_empty(),
        Mark::Vertical(_) | Mark::Horizontal(_) => true,
        Mark::Line { .. } | Mark::Points { .. } | Mark::ErrorBars(_) => false,
    }
}

#[derive(Default)]
struct Count {
    inside: usize,
    outside: usize,
    nowhere: usize,
}

impl Count {
    fn add(&mut self, standing: Standing) {
        match standing {
            Standing::Inside => self.inside += 1,
            Standing::Outside => self.outside += 1,
            Standing::Nowhere => self.nowhere += 1,
        }
    }

    fn any(&self) -> bool {
        self.inside + self.outside + self.nowhere > 0
    }
}
