//! Histograms of a density.

use super::axis::Place;

/// Bars whose area is a share of all values.
#[derive(Debug, Clone, PartialEq)]
pub enum Histogram {
    /// Values; the bins follow from the axis, of one width on the page.
    Values(Vec<f64>),
    /// Values, and of how many in all they are the part that is shown: a law over them has the area of all.
    Part {
        /// The values shown.
        values: Vec<f64>,
        /// Their number together with those that are not.
        of: usize,
    },
    /// Bars that were computed before: one edge more than heights, ascending.
    Bars {
        /// The edges.
        edges: Vec<f64>,
        /// Density between them, per unit of the horizontal axis.
        heights: Vec<f64>,
    },
}

impl Histogram {
    /// Values or edges.
    pub(crate) fn along(&self) -> &[f64] {
        match self {
            Self::Values(values) | Self::Part { values, .. } => values,
            Self::Bars { edges, .. } => edges,
        }
    }

    /// Bars (from, to, height) on an axis. What lies beyond its ends is in no bar, but in the share that bars are of.
    pub(crate) fn bars(&self, x: &Place, bins: usize) -> Vec<(f64, f64, f64)> {
        match self {
            Self::Bars { edges, heights } => {
                let bars = edges.windows(2).zip(heights).map(|(e, h)| (e[0], e[1], *h));
                bars.filter(|(a, b, h)| x.scale.admits(*a) && x.scale.admits(*b) && a < b && h.is_finite()).collect()
            }
            Self::Values(values) | Self::Part { values, .. } => {
                let edges = x.edges(bins);
                let mut counts = vec![0usize; bins];
                for v in values.iter().filter(|v| x.holds(**v)) {
                    // The last bin holds the axis' end.
                    let bin = edges.partition_point(|e| e <= v).saturating_sub(1).min(bins - 1);
                    counts[bin] += 1;
                }
                let shown = values.iter().filter(|v| v.is_finite()).count();
                let total = if let Self::Part { of, .. } = self { shown.max(*of) } else { shown }.max(1) as f64;
                let bar = |(e, n): (&[f64], usize)| (e[0], e[1], n as f64 / (total * (e[1] - e[0])));
                edges.windows(2).zip(counts).map(bar).collect()
            }
        }
    }
}

/// How many bins for so many values: 2.5 sqrt(n), between 15 and one for four pixels.
pub(crate) fn count(values: usize, pixels: f64) -> usize {
    let most = ((pixels / 4.0) as usize).clamp(15, 100);
    ((2.5 * (values as f64).sqrt()).round() as usize).clamp(15, most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Scale;

    #[test]
    fn areas_are_shares_of_all_values() {
        let values: Vec<f64> = (0..200).map(|i| 0.01 * f64::from(i) + 0.005).chain([50.0, f64::NAN]).collect();
        for (scale, low) in [(Scale::Linear, 0.0), (Scale::Log10, 0.001)] {
            let x = Place { scale, low, high: 2.0, from: 0.0, to: 200.0 };
            let bars = Histogram::Values(values.clone()).bars(&x, 40);
            let area: f64 = bars.iter().map(|(a, b, h)| (b - a) * h).sum();
            assert!((area - 200.0 / 201.0).abs() < 1e-12, "{scale:?} {area}");
        }
        // Of 402 values only these are shown: half the height.
        let x = Place { scale: Scale::Log10, low: 0.001, high: 2.0, from: 0.0, to: 200.0 };
        let part = Histogram::Part { values: values.clone(), of: 402 }.bars(&x, 40);
        let all = Histogram::Values(values.clone()).bars(&x, 40);
        assert!(part.iter().zip(&all).all(|(p, a)| (2.0 * p.2 - a.2).abs() < 1e-12) && all.iter().any(|b| b.2 > 0.0));
        // Even values: the density is the same in every bin.
        let x = Place { scale: Scale::Linear, low: 0.0, high: 2.0, from: 0.0, to: 200.0 };
        let bars = Histogram::Values(values).bars(&x, 20);
        assert!(bars.iter().all(|b| (b.2 - 0.5 * 200.0 / 201.0).abs() < 1e-12));
    }

    #[test]
    fn both_ends_are_in_a_bin() {
        let x = Place { scale: Scale::Linear, low: 1.0, high: 3.0, from: 0.0, to: 200.0 };
        let bars = Histogram::Values(vec![1.0, 3.0, 2.0]).bars(&x, 4);
        let counts: Vec<f64> = bars.iter().map(|b| (b.2 * 3.0 * (b.1 - b.0)).round()).collect();
        assert_eq!(counts, [1.0, 0.0, 1.0, 1.0]);
    }
}
