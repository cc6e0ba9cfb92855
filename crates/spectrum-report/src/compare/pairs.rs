//! What two runs both wrote, value by value.

use std::collections::{BTreeMap, BTreeSet};

use spectrum_core::{Kind, MatrixId, Outcome, Spectrum};

use crate::RunData;
use crate::table::number;

/// What a pair holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sides<'a> {
    /// Two answers of one measure, or two scalars.
    Numbers(&'a Outcome, &'a Outcome),
    /// Two spectra, descending, and the larger of their floors.
    Spectra(&'a [f64], &'a [f64], f64),
}

/// The distance of two sides, and the size that it is relative to: the larger number, or the largest singular value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gap {
    pub distance: f64,
    pub size: f64,
}

/// One value of one run beside the same value of the other.
#[derive(Debug, Clone)]
pub(crate) struct Pair<'a> {
    /// Scalars first, then singular values, then metrics.
    pub order: usize,
    pub metric: &'a str,
    /// Of a scalar only the step means anything; its layer is empty.
    pub id: MatrixId,
    /// Rows and columns of the matrix, where its spectrum was stored.
    pub shape: Option<(usize, usize)>,
    pub sides: Sides<'a>,
}

impl Pair<'_> {
    /// How far the two sides are apart; none where only one has a value. Two missing values agree.
    pub(crate) fn gap(&self) -> Option<Gap> {
        match self.sides {
            Sides::Numbers(a, b) => match (a.value(), b.value()) {
                (Some(a), Some(b)) => Some(Gap { distance: (a - b).abs(), size: a.abs().max(b.abs()) }),
                (None, None) => Some(Gap { distance: 0.0, size: 0.0 }),
                _ => None,
            },
            // Values under the floor are a run's own rounding: they count as the floor.
            Sides::Spectra(a, b, floor) if a.len() == b.len() => Some(Gap {
                distance: a.iter().zip(b).map(|(a, b)| (a.max(floor) - b.max(floor)).abs()).fold(0.0, f64::max),
                size: a.iter().chain(b).copied().fold(0.0, f64::max),
            }),
            Sides::Spectra(..) => None,
        }
    }

    /// The two sides as texts.
    pub(crate) fn texts(&self) -> (String, String) {
        let text = |o: &Outcome| match (o.value(), o.reason()) {
            (Some(v), _) => number(v),
            // The word before the colon: the reason without its details.
            (None, reason) => {
                reason.map(|r| r.to_string().split(':').next().unwrap_or_default().to_owned()).unwrap_or_default()
            }
        };
        let spectrum = |s: &[f64]| {
            format!("{} values, largest {}", s.len(), s.first().copied().map_or_else(|| "none".to_owned(), number))
        };
        match self.sides {
            Sides::Numbers(a, b) => (text(a), text(b)),
            Sides::Spectra(a, b, _) => (spectrum(a), spectrum(b)),
        }
    }
}

/// Metrics of matrices on which both runs agree exactly, values and reasons alike.
#[derive(Debug, Default)]
pub(crate) struct Agreements<'a>(BTreeSet<(&'a MatrixId, &'a str)>);

impl<'a> Agreements<'a> {
    pub(crate) fn of(pairs: &'a [Pair<'a>]) -> Self {
        let equal = |p: &&Pair<'_>| matches!(p.sides, Sides::Numbers(a, b) if a == b);
        Self(pairs.iter().filter(|p| p.order == 2).filter(equal).map(|p| (&p.id, p.metric)).collect())
    }

    /// Whether the runs agree on this metric of this matrix.
    pub(crate) fn on(&self, id: &MatrixId, metric: &str) -> bool {
        self.0.contains(&(id, metric))
    }
}

/// Matrices whose spectrum reaches under its floor in one of the runs: rank-deficient ones.
pub(crate) fn under_the_floor(runs: [&RunData; 2]) -> BTreeSet<&MatrixId> {
    let spectra = runs.into_iter().flat_map(|r| &r.spectra);
    let deficient = |s: &Spectrum| s.singular_values.last().is_some_and(|v| *v <= s.floor);
    spectra.filter(|s| deficient(&s.spectrum)).map(|s| &s.id).collect()
}

/// All pairs, and how many rows had no partner.
pub(crate) fn pairs<'a>(a: &'a RunData, b: &'a RunData) -> (Vec<Pair<'a>>, usize) {
    let mut out = Vec::new();
    let mut unpaired = 0;
    let shapes: BTreeMap<&MatrixId, (usize, usize)> =
        a.spectra.iter().map(|s| (&s.id, (s.spectrum.rows, s.spectrum.cols))).collect();

    let scalars = |r: &'a RunData| r.scalars.iter().map(|s| ((s.step, s.name.as_str()), &s.outcome)).collect();
    join(scalars(a), scalars(b), &mut unpaired, |(step, metric), x, y| {
        let id = MatrixId { step, layer: String::new(), kind: Kind::Weight, view: String::new() };
        out.push(Pair { order: 0, metric, id, shape: None, sides: Sides::Numbers(x, y) });
    });
    let spectra = |r: &'a RunData| r.spectra.iter().map(|s| (&s.id, &s.spectrum)).collect();
    join(spectra(a), spectra(b), &mut unpaired, |id, x: &Spectrum, y: &Spectrum| {
        let (id, shape) = (id.clone(), shapes.get(id).copied());
        let sides = Sides::Spectra(&x.singular_values, &y.singular_values, x.floor.max(y.floor));
        out.push(Pair { order: 1, metric: "singular_values", id, shape, sides });
    });
    let records = |r: &'a RunData| r.records.iter().map(|x| ((&x.id, x.metric.as_str()), &x.outcome)).collect();
    join(records(a), records(b), &mut unpaired, |(id, metric), x, y| {
        let (id, shape) = (id.clone(), shapes.get(id).copied());
        out.push(Pair { order: 2, metric, id, shape, sides: Sides::Numbers(x, y) });
    });
    (out, unpaired)
}

fn join<K: Ord, V>(a: BTreeMap<K, V>, mut b: BTreeMap<K, V>, unpaired: &mut usize, mut both: impl FnMut(K, V, V)) {
    for (key, x) in a {
        match b.remove(&key) {
            Some(y) => both(key, x, y),
            None => *unpaired += 1,
        }
    }
    *unpaired += b.len();
}
