//! From names in a claim file to points that a runner takes, and to run directories.

use std::collections::BTreeMap;
use std::path::PathBuf;

use toml::Value;

use super::error::ClaimError;
use super::topic::{RunSpec, Topic};
use crate::{Point, Runner};

/// One run of a topic at a scale.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RunId {
    /// Its name in the file.
    pub run: String,
    /// The point of its axis; 0 without one.
    pub point: usize,
    /// Its seed.
    pub seed: u64,
    /// What a search sets: the threshold's name and the bits of the value.
    pub probe: Option<(String, u64)>,
}

impl RunId {
    /// The run of a threshold's search at a value.
    pub(crate) fn probing(&self, threshold: &str, value: f64) -> Self {
        Self { probe: Some((threshold.to_owned(), value.to_bits())), ..self.clone() }
    }
}

/// Plans runs, each once.
pub(crate) struct Planner<'a> {
    pub topic: &'a Topic,
    pub scale: &'a str,
    pub backend: Option<&'a str>,
    pub runner: &'a dyn Runner,
    dirs: BTreeMap<RunId, PathBuf>,
    points: BTreeMap<PathBuf, (String, Point)>,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(topic: &'a Topic, scale: &'a str, backend: Option<&'a str>, runner: &'a dyn Runner) -> Self {
        Self { topic, scale, backend, runner, dirs: BTreeMap::new(), points: BTreeMap::new() }
    }

    /// The directory of a run, which need not exist yet.
    pub(crate) fn dir(&mut self, id: &RunId) -> Result<PathBuf, ClaimError> {
        if let Some(dir) = self.dirs.get(id) {
            return Ok(dir.clone());
        }
        let point = self.point(id);
        let planned = self.runner.plan(&point).map_err(|source| ClaimError::Run {
            file: self.topic.file.clone(),
            run: id.run.clone(),
            source,
        })?;
        self.dirs.insert(id.clone(), planned.dir.clone());
        self.points.entry(planned.dir.clone()).or_insert_with(|| (id.run.clone(), point));
        Ok(planned.dir)
    }

    /// The directory of a run that was planned before.
    pub(crate) fn planned(&self, id: &RunId) -> Option<&PathBuf> {
        self.dirs.get(id)
    }

    /// Every run directory planned so far, with the name of one run that needs it and its point.
    pub(crate) fn points(&self) -> &BTreeMap<PathBuf, (String, Point)> {
        &self.points
    }

    /// The config and everything set over it: the scale's keys, the run's, the run's at this scale, the axis' point, what a
    /// search sets, the seed, the backend.
    fn point(&self, id: &RunId) -> Point {
        let empty = RunSpec { config: PathBuf::new(), set: BTreeMap::new(), axis: None, scale: BTreeMap::new() };
        let run = self.topic.runs.get(&id.run).unwrap_or(&empty);
        let at = run.scale.get(self.scale);
        let axis = run.axis_at(self.scale).and_then(|a| a.points.get(id.point));
        let layers = [self.topic.scales.get(self.scale).map(|s| &s.set), Some(&run.set), at.map(|a| &a.set), axis];
        let mut sets: Vec<(String, Value)> = Vec::new();
        let mut set = |key: &str, value: Value| {
            // A later value takes the place of an earlier one: what is set shows once.
            sets.retain(|(k, _)| k != key);
            sets.push((key.to_owned(), value));
        };
        for layer in layers.into_iter().flatten() {
            layer.iter().for_each(|(k, v)| set(k, v.clone()));
        }
        if let Some((threshold, bits)) = &id.probe
            && let Some(threshold) = self.topic.thresholds.get(threshold)
        {
            set(&threshold.along, Value::Float(f64::from_bits(*bits)));
        }
        // A seed that a TOML file held fits.
        set("seed", Value::Integer(i64::try_from(id.seed).unwrap_or(i64::MAX)));
        if let Some(backend) = self.backend {
            set("backend", Value::String(backend.to_owned()));
        }
        Point { config: at.and_then(|a| a.config.clone()).unwrap_or_else(|| run.config.clone()), sets }
    }
}
