//! Following a job: states from the queue, what is left of ended tasks from run directories.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::time::{Duration, Instant};

use super::commands::{Commands, Queued};
use super::submit::Submission;
use super::{Slurm, TaskState};
use crate::sweep::plan::Plan;
use crate::sweep::point::{Notes, State, state};
use crate::sweep::progress::time_left;
use crate::sweep::{Event, PointStatus, Progress, RunningPoint, SweepError};

/// A task that is not in the queue yet, or not any more, is given this long (or the longest pause, if that is shorter).
const GRACE: Duration = Duration::from_secs(10);
/// The controller may be away this long: it restarts, and jobs outlive that.
const PATIENCE: Duration = Duration::from_secs(600);
/// A finished run may show late on a file system that is shared between machines.
const LATE: Duration = Duration::from_secs(5);

/// One task that is waited for.
#[derive(Debug)]
struct Task<'a> {
    submission: &'a Submission,
    index: usize,
    job: Option<String>,
    began: Option<Instant>,
    seen: Instant,
    /// Slurm's last word, once it has ended.
    ended: Option<String>,
}

pub(crate) struct Follower<'a> {
    plan: &'a Plan,
    notes: Notes,
    slurm: &'a Slurm,
    commands: &'a Commands,
    tasks: Vec<Task<'a>>,
    times: Vec<Duration>,
    said: String,
    pub now: Progress,
}

impl<'a> Follower<'a> {
    /// Waits for these tasks (submission and place in it).
    pub fn new(
        plan: &'a Plan,
        slurm: &'a Slurm,
        commands: &'a Commands,
        tasks: Vec<(&'a Submission, usize)>,
        now: Progress,
    ) -> Self {
        let seen = Instant::now();
        let task = |(submission, index)| Task { submission, index, job: None, began: None, seen, ended: None };
        let tasks = tasks.into_iter().map(task).collect();
        let (notes, said) = (Notes::of(Some(&plan.folder)), String::new());
        Self { plan, notes, slurm, commands, tasks, times: Vec::new(), said, now }
    }

    /// Asks the queue until every task has ended.
    pub fn follow(&mut self, progress: &mut dyn FnMut(&Progress)) -> Result<(), SweepError> {
        let mut names: Vec<String> = self.tasks.iter().map(|t| t.submission.name.clone()).collect();
        names.dedup();
        let (start, mut answered) = (Instant::now(), Instant::now());
        while self.tasks.iter().any(|t| t.ended.is_none()) {
            match self.commands.queue(&names) {
                Ok(queue) => {
                    answered = Instant::now();
                    self.look(&queue, progress)?;
                }
                Err(e) if answered.elapsed() > PATIENCE => return Err(e),
                Err(e) => self.say(format!("Slurm does not answer, the job goes on: {e}"), progress),
            }
            if self.tasks.iter().any(|t| t.ended.is_none()) {
                // Often at first, so that a job that fails at once is seen to; then seldom, for the controller's sake.
                let pause =
                    if start.elapsed() < Duration::from_secs(30) { 1.0 } else { start.elapsed().as_secs_f64() / 30.0 };
                std::thread::sleep(Duration::from_secs_f64(pause).min(self.slurm.poll));
            }
        }
        Ok(())
    }

    fn say(&mut self, text: String, progress: &mut dyn FnMut(&Progress)) {
        if text != self.said {
            self.said.clone_from(&text);
            self.now.event = Some(Event::Said(text));
            progress(&self.now);
        }
    }

    fn look(&mut self, queue: &[Queued], progress: &mut dyn FnMut(&Progress)) -> Result<(), SweepError> {
        let queue: HashMap<(&str, usize), &Queued> = queue.iter().map(|q| ((q.name.as_str(), q.task), q)).collect();
        let mut running = Vec::new();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let before = self.tasks.iter().filter_map(|t| t.ended.clone());
        before.for_each(|state| *counts.entry(state).or_default() += 1);
        let mut waiting = 0;
        let mut ended = Vec::new();
        let mut accounts: HashMap<String, HashMap<usize, TaskState>> = HashMap::new();
        for (at, task) in self.tasks.iter_mut().enumerate().filter(|(_, t)| t.ended.is_none()) {
            let points = &task.submission.tasks[task.index];
            let Some(found) = queue.get(&(task.submission.name.as_str(), task.index)) else {
                if task.seen.elapsed() < GRACE.min(self.slurm.poll) {
                    waiting += points.len();
                } else {
                    // Slurm forgets ended jobs after some minutes (MinJobAge).
                    let job = task.job.clone().or_else(|| fs::read_to_string(task.submission.folder.join("job")).ok());
                    let job = job.map(|j| j.trim().to_owned()).unwrap_or_default();
                    let known = accounts.entry(job.clone()).or_insert_with(|| self.commands.accounting(&job));
                    match known.get(&task.index) {
                        Some(state) if state.is_active() => waiting += points.len(),
                        state => ended.push((at, state.cloned())),
                    }
                }
                continue;
            };
            task.seen = Instant::now();
            task.job = Some(found.job.clone());
            let why = match found.reason.as_str() {
                "None" | "" => String::new(),
                reason if found.state.0 == "PENDING" => format!(" ({reason})"),
                _ => String::new(),
            };
            *counts.entry(format!("{}{why}", found.state.0.to_lowercase())).or_default() += 1;
            if !found.state.is_active() {
                ended.push((at, Some(found.state.clone())));
            } else if found.state.0 == "RUNNING" {
                task.began.get_or_insert_with(Instant::now);
                running.push(at);
            } else {
                waiting += points.len();
            }
        }
        let at_work = |at: &usize| {
            let task = &self.tasks[*at];
            let points = &task.submission.tasks[task.index];
            points.iter().map(|i| RunningPoint { index: *i, label: self.plan.grid.label(*i), step: 0, steps: 0 })
        };
        // A task of several points works on one of them at a time.
        self.now.running = running.iter().flat_map(at_work).collect();
        self.now.left = time_left(&self.times, waiting, &self.now.running, running.len());
        let text: Vec<String> = counts.iter().map(|(state, n)| format!("{n} {state}")).collect();
        if !text.is_empty() {
            self.say(format!("tasks: {}", text.join(", ")), progress);
        }
        for (at, state) in ended {
            self.end(at, state.as_ref(), progress)?;
        }
        self.now.event = None;
        progress(&self.now);
        Ok(())
    }

    /// A task has ended: its points have a run directory that says how, or a note of the task, or get one from Slurm.
    fn end(
        &mut self,
        at: usize,
        ended: Option<&TaskState>,
        progress: &mut dyn FnMut(&Progress),
    ) -> Result<(), SweepError> {
        let task = &mut self.tasks[at];
        task.ended = Some(ended.map_or("gone".to_owned(), |s| s.0.to_lowercase()));
        let points = task.submission.tasks[task.index].clone();
        if let Some(began) = task.began {
            let each = u32::try_from(points.len()).unwrap_or(u32::MAX).max(1);
            self.times.extend(std::iter::repeat_n(began.elapsed() / each, points.len()));
        }
        let task = &self.tasks[at];
        let (status, words) = verdict(task, ended);
        let start = Instant::now();
        for index in points {
            let dir = self.plan.dir(index);
            let mut found = state(dir, index, &self.notes);
            while ended.is_some_and(|s| s.0 == "COMPLETED") && !found.status.is_settled() && start.elapsed() < LATE {
                std::thread::sleep(Duration::from_millis(250));
                found = state(dir, index, &self.notes);
            }
            // What only Slurm can know was noted of an earlier end, if it was.
            if !found.status.has_rows() {
                let noted = State { status, error: Some(words.clone()) };
                self.notes.write(index, &noted)?;
                found = noted;
            }
            if found.status.is_settled() {
                self.now.done += 1
            } else {
                self.now.failed += 1
            }
            let label = self.plan.grid.label(index);
            self.now.running.retain(|r| r.index != index);
            self.now.event = Some(Event::Ended { index, label, status: found.status, error: found.error });
            progress(&self.now);
        }
        Ok(())
    }
}

/// What an ended task says of points that did not finish.
fn verdict(task: &Task<'_>, ended: Option<&TaskState>) -> (PointStatus, String) {
    let log = fs::read(task.submission.log(task.index));
    let log = log.as_ref().map(|bytes| String::from_utf8_lossy(bytes)).ok();
    let last = log.as_deref().and_then(|l| l.lines().rev().find(|l| !l.trim().is_empty()));
    let name = format!("Slurm task {}_{}", task.job.as_deref().unwrap_or("?"), task.index);
    let Some(state) = ended else {
        // Nobody knows any more but the log, into which Slurm writes why it ended a task.
        let said = |words: &str| last.is_some_and(|l| l.contains(words));
        let (status, words) = match last {
            None if log.is_none() => (PointStatus::Cancelled, "left the queue before it began"),
            _ if said("DUE TO TIME LIMIT") => (PointStatus::Timeout, "TIMEOUT"),
            _ if said("NODE FAILURE") => (PointStatus::NodeFail, "NODE_FAIL"),
            _ if said("CANCELLED AT") => (PointStatus::Cancelled, "CANCELLED"),
            _ => (PointStatus::Failed, "left the queue without a trace"),
        };
        return (status, format!("{name}: {words}"));
    };
    let status = match state.0.as_str() {
        "CANCELLED" | "PREEMPTED" | "REVOKED" => PointStatus::Cancelled,
        "TIMEOUT" | "DEADLINE" => PointStatus::Timeout,
        "NODE_FAIL" | "BOOT_FAIL" => PointStatus::NodeFail,
        "OUT_OF_MEMORY" => PointStatus::OutOfMemory,
        _ => PointStatus::Failed,
    };
    let ends = match (status, last) {
        (PointStatus::Failed, Some(line)) => format!("; its log ends: {}", line.trim()),
        _ => String::new(),
    };
    (status, format!("{name}: {}{ends}", state.0))
}
