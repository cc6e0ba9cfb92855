//! What a page has room for: a sweep of hundreds of runs holds more numbers than a browser should.

use super::grid::Grid;
use super::variables::{At, Variables};
use crate::thin;

/// Numbers in a page at most, some eight bytes each: a value for each point, and mean and band for each setting.
const BUDGET: usize = 1_000_000;
/// Steps that a page holds at most, ...
const MOST_STEPS: usize = 101;
/// ... and as many that it keeps before it leaves out variables.
const FEWEST_STEPS: usize = 21;
/// Variables that are correlated with one another: each pair takes two numbers a step.
const CORRELATED: usize = 64;
/// Steps at which they are.
const CORRELATED_STEPS: usize = 16;

/// The part of a sweep that its page holds.
#[derive(Debug)]
pub(crate) struct Room {
    /// Steps ascending, and [`At::Last`] behind them where the runs end at different steps.
    pub at: Vec<At>,
    /// The place of the last step in `at`.
    pub last: usize,
    /// Places of the variables that are kept, in order.
    pub variables: Vec<usize>,
    /// Places of variables without any value.
    pub silent: Vec<usize>,
    /// Places of variables that had a value and no room.
    pub left_out: Vec<usize>,
    /// Of the kept variables those that are correlated, ...
    pub correlated: Vec<usize>,
    /// ... and the places in `at` at which they are.
    pub correlated_at: Vec<usize>,
}

impl Room {
    pub(crate) fn new(all: &Variables<'_>, grid: &Grid) -> Self {
        Self::within(BUDGET, all, grid)
    }

    fn within(budget: usize, all: &Variables<'_>, grid: &Grid) -> Self {
        let (silent, spoken): (Vec<usize>, Vec<usize>) = (0..all.list.len()).partition(|&v| all.list[v].is_silent());
        let each = (grid.of.len() + 2 * grid.settings.len()).max(1);
        let affordable = budget / each / spoken.len().max(1);
        let steps = thin::evenly(all.steps.len(), affordable.clamp(FEWEST_STEPS, MOST_STEPS));
        let mut at: Vec<At> = steps.into_iter().map(|i| At::Step(all.steps[i])).collect();
        let last = match all.common_last().and_then(|t| at.iter().position(|a| *a == At::Step(t))) {
            Some(place) => place,
            // Runs that end at different steps, or a step that was thinned away.
            None => {
                at.push(At::Last);
                at.len() - 1
            }
        };
        let kept = (budget / each / at.len()).clamp(1, spoken.len().max(1)).min(spoken.len());
        let variables = spoken[..kept].to_vec();
        let correlated: Vec<usize> =
            (0..kept).filter(|&v| all.list[variables[v]].classes.is_none()).take(CORRELATED).collect();
        let mut correlated_at = thin::evenly(at.len(), CORRELATED_STEPS);
        if !correlated_at.contains(&last) {
            correlated_at.push(last);
            correlated_at.sort_unstable();
        }
        Self { at, last, variables, silent, left_out: spoken[kept..].to_vec(), correlated, correlated_at }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::json;
    use spectrum_core::{Kind, MatrixId, Outcome, Reason, Record, Scalar};
    use spectrum_store::{RunInfo, Status};

    use super::*;
    use crate::RunData;
    use crate::sweep::SweepPoint;

    /// One point of 201 steps: a loss, the classes and indices of a weight and its update, and a metric that never has a value.
    fn point() -> SweepPoint {
        let (mut scalars, mut records) = (Vec::new(), Vec::new());
        for step in 0..=200 {
            scalars.push(Scalar { step, name: "test_loss".into(), outcome: 1.0.into() });
            for kind in [Kind::Update, Kind::Weight] {
                let id = MatrixId { step, layer: "hidden".into(), kind, view: "matrix".into() };
                let mut put = |metric: &str, outcome: Outcome| {
                    records.push(Record { id: id.clone(), metric: metric.to_owned(), outcome });
                };
                for metric in ["a_new_one", "null_alpha_hill", "alpha_hill", "shape_class"] {
                    put(metric, 1.0.into());
                }
                put("alpha", Reason::NoConvergence.into());
            }
        }
        let info = RunInfo { status: Status::Finished, ..RunInfo::default() };
        let (spectra, blobs) = (Vec::new(), Vec::new());
        let run = RunData { dir: PathBuf::new(), info, config: String::new(), scalars, records, spectra, blobs };
        SweepPoint { keys: vec![("seed".into(), json!(0))], run: Some(run), status: "finished".into(), reason: None }
    }

    #[test]
    fn steps_go_before_variables_and_the_main_ones_stay() {
        let points = [point()];
        let (all, grid) = (Variables::new(&points), Grid::new(&points));
        let name = |v: &usize| {
            let v = &all.list[*v];
            format!("{}{}", v.matrix.map_or(String::new(), |m| format!("{} ", all.matrices[m].kind)), v.name)
        };
        // One point and one setting: three numbers a step and variable; nine variables that have a value.
        let of = |budget| {
            let room = Room::within(budget, &all, &grid);
            assert_eq!(room.at[room.last], At::Step(200));
            assert_eq!(room.silent.iter().map(name).collect::<Vec<_>>(), ["weight alpha", "update alpha"]);
            assert!(room.variables.len() * room.at.len() * 3 <= budget.max(3 * FEWEST_STEPS), "{budget}");
            (room.at.len(), room.variables.iter().map(name).collect::<Vec<_>>())
        };
        assert_eq!(of(1_000_000).0, MOST_STEPS);
        assert_eq!((of(2000).0, of(2000).1.len()), (74, 9));
        let (steps, names) = of(63 * 5);
        assert_eq!(steps, FEWEST_STEPS);
        let first = ["test_loss", "weight shape_class", "weight alpha_hill", "update shape_class", "update alpha_hill"];
        assert_eq!(names, first);
        assert_eq!(of(1).1, ["test_loss"]);
        assert!(of(1_000_000).1.ends_with(&["weight null_alpha_hill".to_owned(), "update null_alpha_hill".to_owned()]));
        // Codes are no ranks: they are not correlated.
        let room = Room::within(1_000_000, &all, &grid);
        assert_eq!((room.correlated.len(), room.correlated_at.len()), (7, CORRELATED_STEPS));
    }
}
