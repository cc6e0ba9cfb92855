//! The runs that figures read: those that are there, and the others if they are to be run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use spectrum_store::{Existing, RunDirectory};

use super::super::error::ClaimError;
use super::super::evaluate::{Evaluation, SearchId};
use super::super::execute::{Executor, OnProgress};
use super::super::plan::{Planner, RunId};
use super::super::quantity::Quantity;
use super::super::records::Records;
use super::super::search::Search;
use super::super::topic::{Axis, RunSpec, Topic};
use super::super::verify::{advance, ends, probe, run_of};
use super::FigureSpec;
use crate::Runner;
use crate::claims::check::Window;

/// What is known of the runs.
pub(super) struct Source<'a> {
    pub planner: Planner<'a>,
    pub records: Records,
    /// The runs that are finished or, where missing ones are run, failed.
    outcomes: BTreeMap<PathBuf, Result<(), String>>,
    searches: BTreeMap<SearchId, Result<f64, String>>,
    /// Who runs what is missing.
    executor: Option<Executor<'a>>,
}

impl<'a> Source<'a> {
    /// Plans everything that the figures name and looks which of it is finished, or runs it. Searches are followed as far as
    /// their runs go.
    pub(super) fn of(
        topic: &'a Topic,
        figures: &[&FigureSpec],
        runner: &'a dyn Runner,
        scale: &'a str,
        backend: Option<&'a str>,
        missing: Option<(usize, OnProgress<'a>)>,
    ) -> Result<Self, ClaimError> {
        let mut planner = Planner::new(topic, scale, backend, runner);
        let mut searched: BTreeSet<SearchId> = BTreeSet::new();
        let panels = figures.iter().flat_map(|f| &f.panels);
        for (_, quantity) in panels.flat_map(|p| p.plot.quantities()) {
            let Some((name, run)) = run_of(topic, quantity) else { continue };
            for point in points(run.axis_at(scale), quantity, None) {
                for seed in topic.seeds_at(run, scale) {
                    match &quantity.threshold {
                        Some(threshold) => drop(searched.insert((threshold.clone(), point, *seed))),
                        None => {
                            planner.dir(&RunId { run: name.to_owned(), point, seed: *seed, probe: None })?;
                        }
                    }
                }
            }
        }
        for id in searched.iter().filter_map(|s| ends(topic, s)).flatten() {
            planner.dir(&id)?;
        }
        let executor = missing.map(|(jobs, progress)| Executor {
            runner,
            jobs: jobs.max(1),
            file: &topic.file,
            progress,
            outcomes: BTreeMap::new(),
            found: 0,
        });
        let (records, outcomes, searches) = (Records::default(), BTreeMap::new(), BTreeMap::new());
        let mut source = Self { planner, records, outcomes, searches, executor };
        source.look()?;
        for id in searched {
            source.follow(topic, id)?;
        }
        Ok(source)
    }

    fn look(&mut self) -> Result<(), ClaimError> {
        if let Some(executor) = &mut self.executor {
            executor.complete(self.planner.points())?;
            self.outcomes.clone_from(&executor.outcomes);
            return Ok(());
        }
        for dir in self.planner.points().keys() {
            if !self.outcomes.contains_key(dir) && matches!(RunDirectory::inspect(dir), Existing::Finished(_)) {
                self.outcomes.insert(dir.clone(), Ok(()));
            }
        }
        Ok(())
    }

    fn follow(&mut self, topic: &Topic, id: SearchId) -> Result<(), ClaimError> {
        let answer = loop {
            match advance(topic, &self.evaluation(), &id, &mut BTreeSet::new()) {
                Search::Found(value) => break Ok(value),
                Search::Fails(why) => break Err(why),
                Search::Needs(values) => {
                    let before = self.outcomes.len();
                    for run in values.into_iter().filter_map(|v| probe(topic, &id, v)) {
                        self.planner.dir(&run)?;
                    }
                    self.look()?;
                    if self.outcomes.len() == before {
                        break Err("a run of the search is not there".to_owned());
                    }
                }
            }
        };
        self.searches.insert(id, answer);
        Ok(())
    }

    pub(super) fn evaluation(&self) -> Evaluation<'_> {
        Evaluation {
            planner: &self.planner,
            records: &self.records,
            outcomes: &self.outcomes,
            searches: &self.searches,
        }
    }

    /// The run of a quantity, and the seeds it is done with.
    pub(super) fn run(&self, quantity: &Quantity) -> Option<(&'a str, &'a RunSpec, &'a [u64])> {
        let topic = self.planner.topic;
        let (name, run) = run_of(topic, quantity)?;
        Some((name, run, topic.seeds_at(run, self.planner.scale)))
    }

    pub(super) fn axis(&self, quantity: &Quantity) -> Option<&'a Axis> {
        self.run(quantity)?.1.axis_at(self.planner.scale)
    }

    /// The directory of a finished run.
    pub(super) fn dir(&self, quantity: &Quantity, point: usize, seed: u64) -> Option<&PathBuf> {
        let (name, ..) = self.run(quantity)?;
        let dir = self.planner.planned(&RunId { run: name.to_owned(), point, seed, probe: None })?;
        matches!(self.outcomes.get(dir), Some(Ok(()))).then_some(dir)
    }
}

/// The points of an axis that a quantity and a window leave.
pub(super) fn points(axis: Option<&Axis>, quantity: &Quantity, window: Option<Window>) -> Vec<usize> {
    let Some(axis) = axis else { return vec![0] };
    if !quantity.at.is_empty() {
        return axis.matching(&quantity.at);
    }
    let inside = |p: &usize| {
        let x = axis.coordinate(*p, &axis.key);
        window.is_none_or(|w| x.is_some_and(|x| x >= w.min && x <= w.max))
    };
    (0..axis.points.len()).filter(inside).collect()
}
