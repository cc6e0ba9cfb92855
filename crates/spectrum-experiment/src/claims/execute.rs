//! Brings runs to their end, several at a time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use spectrum_store::{Existing, RunDirectory};

use super::error::ClaimError;
use crate::{Point, Runner, RunnerError};

/// How far a verification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyProgress<'a> {
    /// The name of the run directory that is worked on.
    pub run: &'a str,
    /// Its steps done.
    pub step: u64,
    /// Its steps in all.
    pub steps: u64,
    /// Runs at their end, those found included.
    pub done: usize,
    /// Runs known to be needed. A search adds to them as it goes.
    pub runs: usize,
}

/// Hears how far a verification is, from several threads.
pub type OnProgress<'a> = &'a (dyn Fn(VerifyProgress<'_>) + Sync);

/// What became of the runs.
pub(crate) struct Executor<'a> {
    pub runner: &'a dyn Runner,
    pub jobs: usize,
    pub file: &'a Path,
    pub progress: OnProgress<'a>,
    /// Each run directory: finished, or why not.
    pub outcomes: BTreeMap<PathBuf, Result<(), String>>,
    /// How many were finished before.
    pub found: usize,
}

impl Executor<'_> {
    /// Runs whatever has no outcome yet. Failed runs are outcomes.
    pub(crate) fn complete(&mut self, points: &BTreeMap<PathBuf, (String, Point)>) -> Result<(), ClaimError> {
        let mut todo = Vec::new();
        for (dir, (name, point)) in points {
            if self.outcomes.contains_key(dir) {
                continue;
            }
            if matches!(RunDirectory::inspect(dir), Existing::Finished(_)) {
                self.outcomes.insert(dir.clone(), Ok(()));
                self.found += 1;
            } else {
                todo.push((dir, name, point));
            }
        }
        let (before, runs) = (self.outcomes.len(), self.outcomes.len() + todo.len());
        let (next, done, refused) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
        let results: Mutex<Vec<(usize, Result<(), RunnerError>)>> = Mutex::new(Vec::new());
        let work = || {
            while !refused.load(Ordering::Relaxed) {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some((dir, _, point)) = todo.get(index) else { break };
                let run = dir.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
                let report = |step, steps| {
                    let done = before + done.load(Ordering::Relaxed);
                    (self.progress)(VerifyProgress { run: &run, step, steps, done, runs });
                };
                report(0, 0);
                let result = self.runner.run(point, &mut |step, steps| report(step, steps));
                if matches!(&result, Err(e) if e.input) {
                    refused.store(true, Ordering::Relaxed);
                }
                done.fetch_add(1, Ordering::Relaxed);
                results.lock().unwrap_or_else(|e| e.into_inner()).push((index, result.map(|_| ())));
            }
        };
        thread::scope(|scope| {
            for _ in 1..self.jobs.clamp(1, todo.len().max(1)) {
                scope.spawn(work);
            }
            work();
        });
        let mut results = results.into_inner().unwrap_or_else(|e| e.into_inner());
        results.sort_by_key(|(index, _)| *index);
        for (index, result) in results {
            let (dir, name, _) = &todo[index];
            let outcome = match result {
                Ok(()) => Ok(()),
                Err(source) if source.input => {
                    return Err(ClaimError::Run { file: self.file.to_owned(), run: (*name).clone(), source });
                }
                Err(failed) => Err(failed.text),
            };
            self.outcomes.insert((*dir).clone(), outcome);
        }
        Ok(())
    }
}
