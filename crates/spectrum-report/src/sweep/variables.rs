//! Every number that the points of a sweep have in common names: scalars, and metrics of matrices, over steps.

use std::collections::{BTreeSet, HashMap};

use spectrum_core::{Kind, Outcome};
use spectrum_store::Status;

use super::SweepPoint;
use crate::layers::SHAPE_CLASSES;
use crate::series::{self, Curve, MatrixKey};

/// Metrics in the order in which a page gives room to them; all others come after these by name, nulls last.
pub(crate) const FIRST: [&str; 44] = [
    "shape_class",
    "alpha_hill",
    "alpha",
    "outliers",
    "top_to_edge",
    "mp_distance",
    "stable_rank",
    "effective_rank",
    "effective_rank_normalized",
    "frobenius_norm",
    "spectral_norm",
    "kta",
    "ridge_test_loss",
    "teacher_alignment",
    "label_alignment",
    "teacher_projection",
    "kta_centred",
    "kta_train",
    "ridge_train_loss",
    "alignment_score",
    "agreement_score",
    "update_overlap_left",
    "update_overlap_right",
    "update_overlap_left_after",
    "update_overlap_right_after",
    "mp_variance",
    "mp_edge",
    "outliers_initial",
    "tail_size",
    "alpha_distance",
    "alpha_sigma",
    "xmin",
    "alpha_weighted",
    "alpha_farms",
    "alpha_hill_bulk",
    "gini",
    "mass_rank_90",
    "entropy",
    "participation_ratio",
    "nuclear_norm",
    "rank",
    "best_tail",
    "training_warning",
    "condition_number",
];
const NULL: &str = "null_";

/// Metrics whose values are codes, with the number of classes.
fn classes(metric: &str) -> Option<usize> {
    match metric {
        "shape_class" => Some(SHAPE_CLASSES.len()),
        "best_tail" => Some(5),
        "training_warning" => Some(3),
        _ => None,
    }
}

/// One scalar or one metric of one matrix, over points and steps.
#[derive(Debug)]
pub(crate) struct Variable<'a> {
    /// The place of its matrix in [`Variables::matrices`]; none for a scalar.
    pub matrix: Option<usize>,
    pub name: &'a str,
    /// How many classes its codes name; none for a number.
    pub classes: Option<usize>,
    /// For each point its curve; empty where the point has none.
    curves: Vec<Curve<'a>>,
}

/// Where a value is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum At {
    /// At this step.
    Step(u64),
    /// At each run's own last step; a run that did not finish has none.
    Last,
}

/// All variables, in the order in which a page gives room to them.
#[derive(Debug)]
pub(crate) struct Variables<'a> {
    pub matrices: Vec<MatrixKey>,
    pub list: Vec<Variable<'a>>,
    /// Every recorded step of any point.
    pub steps: Vec<u64>,
    /// For each point its last recorded step.
    pub last: Vec<Option<u64>>,
    /// For each point whether its run came to its end.
    pub finished: Vec<bool>,
}

impl<'a> Variables<'a> {
    pub(crate) fn new(points: &'a [SweepPoint]) -> Self {
        let mut matrices: Vec<MatrixKey> = Vec::new();
        let mut list: Vec<Variable<'a>> = Vec::new();
        let mut places: HashMap<(Option<usize>, &'a str), usize> = HashMap::new();
        let mut put = |matrix: Option<usize>, name: &'a str, p: usize, curve: Curve<'a>| {
            let at = *places.entry((matrix, name)).or_insert_with(|| {
                let curves = vec![Curve::default(); points.len()];
                // A scalar is a number, whatever its name.
                let classes = matrix.and_then(|_| classes(name));
                list.push(Variable { matrix, name, classes, curves });
                list.len() - 1
            });
            list[at].curves[p] = curve;
        };
        let mut known: HashMap<MatrixKey, usize> = HashMap::new();
        for (p, run) in points.iter().enumerate().filter_map(|(p, point)| Some((p, point.run.as_ref()?))) {
            series::scalars(run).into_iter().for_each(|(name, curve)| put(None, name, p, curve));
            for (key, metrics) in series::metrics(run) {
                let m = *known.entry(key.clone()).or_insert_with(|| {
                    matrices.push(key);
                    matrices.len() - 1
                });
                metrics.into_iter().for_each(|(name, curve)| put(Some(m), name, p, curve));
            }
        }
        let rank = |v: &Variable<'_>| {
            let listed = FIRST.iter().position(|f| *f == v.name);
            let kind = v.matrix.map(|m| match matrices[m].kind {
                Kind::Weight | Kind::Ck | Kind::Ntk => 0,
                Kind::Displacement => 1,
                Kind::Update => 2,
                Kind::Gradient => 3,
            });
            // Scalars first; then by kind what is listed, then the rest, nulls last.
            (v.matrix.is_some(), v.name.starts_with(NULL), listed.is_none(), kind, listed)
        };
        list.sort_by(|a, b| rank(a).cmp(&rank(b)).then(a.name.cmp(b.name)).then(a.matrix.cmp(&b.matrix)));
        let curves = || list.iter().flat_map(|v| v.curves.iter().enumerate());
        let steps: BTreeSet<u64> = curves().flat_map(|(_, c)| c.0.iter().map(|q| q.0)).collect();
        let mut last = vec![None; points.len()];
        curves().for_each(|(p, c)| last[p] = last[p].max(c.0.last().map(|q| q.0)));
        let finished = |p: &SweepPoint| p.run.as_ref().is_some_and(|r| r.info.status == Status::Finished);
        Self {
            last,
            finished: points.iter().map(finished).collect(),
            steps: steps.into_iter().collect(),
            matrices,
            list,
        }
    }

    /// The last step of all finished runs, where it is the same one.
    pub(crate) fn common_last(&self) -> Option<u64> {
        let mut ends = self.last.iter().zip(&self.finished).filter(|e| *e.1).filter_map(|e| *e.0);
        let first = ends.next()?;
        ends.all(|e| e == first).then_some(first)
    }

    /// What a point recorded; nothing where it has no row there.
    pub(crate) fn outcome(&self, v: &Variable<'a>, point: usize, at: At) -> Option<&'a Outcome> {
        let step = match at {
            At::Step(t) => t,
            At::Last if self.finished[point] => self.last[point]?,
            At::Last => return None,
        };
        v.outcome(point, step)
    }
}

impl<'a> Variable<'a> {
    fn outcome(&self, point: usize, step: u64) -> Option<&'a Outcome> {
        let curve = &self.curves[point].0;
        curve.binary_search_by_key(&step, |q| q.0).ok().map(|i| curve[i].1)
    }

    /// The points' curves, in their order.
    pub(crate) fn curves(&self) -> &[Curve<'a>] {
        &self.curves
    }

    /// Whether no point has a value at any step.
    pub(crate) fn is_silent(&self) -> bool {
        !self.curves.iter().flat_map(|c| &c.0).any(|q| q.1.value().is_some())
    }

    /// The reasons that stand in place of values.
    pub(crate) fn reasons(&self) -> BTreeSet<String> {
        self.curves.iter().flat_map(|c| &c.0).filter_map(|q| Some(q.1.reason()?.to_string())).collect()
    }
}
