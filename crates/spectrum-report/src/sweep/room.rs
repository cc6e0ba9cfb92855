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
