//! Draws the marks of a panel inside its frame.

use std::fmt::Write;

use super::Panel;
use super::layer::{Colour, Mark, Shape, colours};
use super::legend::outline;
use super::region::{Region, Standing};
use super::style::class;
use super::text::px;

/// A curve's corners that a straight line passes within this many pixels are left out.
const TOLERANCE: f64 = 0.15;
/// Scattered points in one layer: those on the same pixel are one, and of more than this an even share is drawn.
const MOST_POINTS: usize = 1200;

/// All layers of a panel.
pub(crate) fn layers(out: &mut String, panel: &Panel, region: &Region) {
    let histograms = panel.layers.iter().filter(|l| matches!(l.mark, Mark::Histogram(_))).count();
    for ((layer, colour), bars) in panel.layers.iter().zip(colours(&panel.layers)).zip(&region.bars) {
        let dash = if layer.dashed { " stroke-dasharray=\"5 3\"" } else { "" };
        let mut inside = String::new();
        match &layer.mark {
            Mark::Line { points, band, markers } => {
                area(&mut inside, points, band, region);
                curve(&mut inside, points, region, 1.8, dash);
                if *markers {
                    scatter(&mut inside, points, Shape::Circle, region);
                }
            }
            Mark::Points { points, shape } => scatter(&mut inside, points, *shape, region),
            Mark::Histogram(_) => histogram(&mut inside, bars, region, histograms > 1),
            Mark::Density(points) => {
                // Where a law has no mass it goes down to the axis, also to a logarithmic one.
                let floor = region.y.low.min(region.y.high);
                let grounded: Vec<(f64, f64)> =
                    points.iter().map(|p| (p.0, if p.1 <= 0.0 { p.1.max(floor) } else { p.1 })).collect();
                curve(&mut inside, &grounded, region, 2.2, dash);
            }
            Mark::ErrorBars(bars) => {
                whiskers(&mut inside, bars, region);
                let points: Vec<(f64, f64)> = bars.iter().map(|b| (b.0, b.1)).collect();
                scatter(&mut inside, &points, Shape::Circle, region);
            }
            Mark::Vertical(x) if region.x.holds(*x) => {
                let (x, from, to) = (px(region.x.at(*x)), px(region.y.from), px(region.y.to));
                let _ = write!(inside, "<path class=\"l\" stroke-width=\"1.3\"{dash} d=\"M{x},{from}V{to}\"/>");
            }
            Mark::Horizontal(y) if region.y.holds(*y) => {
                let (y, from, to) = (px(region.y.at(*y)), px(region.x.from), px(region.x.to));
                let _ = write!(inside, "<path class=\"l\" stroke-width=\"1.3\"{dash} d=\"M{from},{y}H{to}\"/>");
            }
            Mark::Vertical(_) | Mark::Horizontal(_) => {}
            Mark::Rug(values) => rug(&mut inside, values, region),
        }
        if !inside.is_empty() {
            let _ = write!(out, "<g class=\"{}\">{inside}</g>", class(colour));
        }
    }
}

/// Points in pixels, in stretches without a gap.
fn stretches(points: &[(f64, f64)], region: &Region) -> Vec<Vec<(f64, f64)>> {
    let mut out: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
    for p in points {
        match region.standing(*p) {
            Standing::Nowhere => out.push(Vec::new()),
            _ => out.last_mut().into_iter().for_each(|s| s.push((region.x.at(p.0), region.y.at(p.1)))),
        }
    }
    out.retain(|s| !s.is_empty());
    out
}

fn curve(out: &mut String, points: &[(f64, f64)], region: &Region, wide: f64, dash: &str) {
    let mut d = String::new();
    for stretch in stretches(points, region).iter().filter(|s| s.len() > 1) {
        for (i, (x, y)) in simplified(stretch).into_iter().enumerate() {
            let _ = write!(d, "{}{},{}", if i == 0 { "M" } else { "L" }, px(x), px(y));
        }
    }
    if !d.is_empty() {
        let _ = write!(out, "<path class=\"l\" stroke-width=\"{wide}\"{dash} d=\"{d}\"/>");
    }
}

/// The area between low and high. What has no place below goes down to the end of the axis.
fn area(out: &mut String, points: &[(f64, f64)], band: &[(f64, f64)], region: &Region) {
    let mut d = String::new();
    let mut close = |edge: &mut Vec<(f64, f64, f64)>| {
        if edge.len() > 1 {
            let upper = simplified(&edge.iter().map(|e| (e.0, e.2)).collect::<Vec<_>>());
            let lower = simplified(&edge.iter().rev().map(|e| (e.0, e.1)).collect::<Vec<_>>());
            for (i, (x, y)) in upper.into_iter().chain(lower).enumerate() {
                let _ = write!(d, "{}{},{}", if i == 0 { "M" } else { "L" }, px(x), px(y));
            }
            d.push('Z');
        }
        edge.clear();
    };
    let mut edge = Vec::new();
    for (p, (low, high)) in points.iter().zip(band) {
        let whole = low.is_finite() && high.is_finite() && low <= high && region.y.scale.admits(*high);
        if region.standing(*p) == Standing::Nowhere || !whole {
            close(&mut edge);
            continue;
        }
        let low = if region.y.scale.admits(*low) { region.y.at(*low) } else { region.y.from };
        edge.push((region.x.at(p.0), low, region.y.at(*high)));
    }
    close(&mut edge);
    if !d.is_empty() {
        let _ = write!(out, "<path class=\"b\" d=\"{d}\"/>");
    }
}

fn scatter(out: &mut String, points: &[(f64, f64)], shape: Shape, region: &Region) {
    let half = |v: f64| (2.0 * v).round() as i64;
    let mut seen = std::collections::BTreeSet::new();
    let inside = points.iter().filter(|p| region.standing(**p) == Standing::Inside);
    let pixels: Vec<(f64, f64)> = inside
        .map(|p| (region.x.at(p.0), region.y.at(p.1)))
        .filter(|(x, y)| seen.insert((half(*x), half(*y))))
        .collect();
    let kept = crate::thin::evenly(pixels.len(), MOST_POINTS);
    let d: String = kept.into_iter().map(|i| outline(shape, pixels[i].0, pixels[i].1)).collect();
    if !d.is_empty() {
        let _ = write!(out, "<path class=\"m\" d=\"{d}\"/>");
    }
}

fn histogram(out: &mut String, bars: &[(f64, f64, f64)], region: &Region, several: bool) {
    let floor = region.y.from;
    let mut d = String::new();
    // One outline from bar to bar, down to the axis between bars that do not touch.
    let mut end: Option<f64> = None;
    for (a, b, height) in bars {
        let (left, right) = (region.x.at(*a), region.x.at(*b));
        let top = match region.y.scale.admits(*height) && *height > 0.0 {
            true => region.y.at(*height).clamp(region.y.to, floor),
            false => floor,
        };
        if end != Some(left) {
            if end.is_some() {
                let _ = write!(d, "V{}Z", px(floor));
            }
            let _ = write!(d, "M{},{}", px(left), px(floor));
        }
        let _ = write!(d, "V{}H{}", px(top), px(right));
        end = Some(right);
    }
    if end.is_some() {
        let opacity = if several { ".14" } else { ".38" };
        let _ = write!(
            out,
            "<path fill=\"currentColor\" fill-opacity=\"{opacity}\" stroke=\"currentColor\" d=\"{d}V{}Z\"/>",
            px(floor)
        );
    }
}

fn whiskers(out: &mut String, bars: &[(f64, f64, f64, f64)], region: &Region) {
    let mut d = String::new();
    for (x, y, low, high) in bars {
        if region.standing((*x, *y)) == Standing::Nowhere || !region.y.scale.admits(*high) || !low.is_finite() {
            continue;
        }
        let low = if region.y.scale.admits(*low) { region.y.at(*low) } else { region.y.from };
        let (x, high) = (px(region.x.at(*x)), px(region.y.at(*high)));
        let _ = write!(d, "M{x},{}V{high}m-3,0h6M{x},{}m-3,0h6", px(low), px(low));
    }
    if !d.is_empty() {
        let _ = write!(out, "<path class=\"l\" stroke-width=\"1.3\" d=\"{d}\"/>");
    }
}

fn rug(out: &mut String, values: &[f64], region: &Region) {
    let inside = values.iter().filter(|v| region.standing_along(**v) == Standing::Inside);
    let places: std::collections::BTreeSet<i64> = inside.map(|v| (2.0 * region.x.at(*v)).round() as i64).collect();
    let mut d = String::new();
    for half in places {
        let _ = write!(d, "M{},{}v-11", px(0.5 * half as f64), px(region.y.from));
    }
    if !d.is_empty() {
        let _ = write!(out, "<path class=\"l\" stroke-width=\"1.5\" d=\"{d}\"/>");
    }
}

/// Ramer, Douglas and Peucker's curve of fewer corners.
fn simplified(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut keep = vec![false; points.len()];
    let mut open = vec![(0, points.len().saturating_sub(1))];
    while let Some((a, b)) = open.pop() {
        if points.is_empty() {
            break;
        }
        (keep[a], keep[b]) = (true, true);
        let far = (a + 1..b).map(|i| (distance(points[i], points[a], points[b]), i)).max_by(|p, q| p.0.total_cmp(&q.0));
        if let Some((_, i)) = far.filter(|(d, _)| *d > TOLERANCE) {
            open.extend([(a, i), (i, b)]);
        }
    }
    points.iter().zip(keep).filter(|(_, k)| *k).map(|(p, _)| *p).collect()
}

/// From a point to the stretch between two others.
fn distance(p: (f64, f64), a: (f64, f64), b: (f64, f64)) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length = dx * dx + dy * dy;
    let t = if length > 0.0 { (((p.0 - a.0) * dx + (p.1 - a.1) * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
    (p.0 - a.0 - t * dx).hypot(p.1 - a.1 - t * dy)
}

/// The colours that a panel's marks use.
pub(crate) fn used(panel: &Panel) -> Vec<Colour> {
    colours(&panel.layers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_corners_and_the_same_curve() {
        let sine: Vec<(f64, f64)> =
            (0..=4000).map(|i| (0.1 * f64::from(i), 100.0 * (0.01 * f64::from(i)).sin())).collect();
        let few = simplified(&sine);
        assert!(few.len() < 200, "{}", few.len());
        assert_eq!((few[0], few[few.len() - 1]), (sine[0], sine[4000]));
        // Every point lies by one of the stretches that are left.
        let nearest = |p| few.windows(2).map(|w| distance(p, w[0], w[1])).fold(f64::INFINITY, f64::min);
        assert!(sine.iter().all(|p| nearest(*p) <= TOLERANCE + 1e-9));
        assert_eq!(simplified(&[]), []);
        assert_eq!(simplified(&[(1.0, 2.0)]), [(1.0, 2.0)]);
    }
}
