//! The local engine: points on threads of this process.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use super::plan::{Plan, plan_one};
use super::point::{Notes, State, state};
use super::progress::time_left;
use super::{Event, Grid, PointStatus, Progress, RunningPoint, Sweep, SweepError, collect};
use crate::{Planned, Point, Runner};

/// The variable by which a task of a job knows the sweep's folder.
pub const FOLDER_VARIABLE: &str = "SPECTRUM_SWEEP_FOLDER";

/// Steps are reported at most this often for each point.
const STEP_EVERY: Duration = Duration::from_millis(100);

/// How a sweep is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepOptions {
    /// The folder that run directories and the sweep's own folder are made in. The runner must use the same.
    pub out: PathBuf,
    /// Points at a time (local engine).
    pub jobs: usize,
    /// Whether points after a failed one are still begun.
    pub keep_going: bool,
    /// Whether diverged points are run again; they diverge again unless the program changed.
    pub retry_diverged: bool,
}

impl SweepOptions {
    /// One point at a time, all of them, into `out`.
    #[must_use]
    pub fn new(out: impl Into<PathBuf>) -> Self {
        Self { out: out.into(), jobs: 1, keep_going: true, retry_diverged: false }
    }

    pub(crate) fn leaves(&self, status: PointStatus) -> bool {
        status == PointStatus::Finished || (status == PointStatus::Diverged && !self.retry_diverged)
    }
}

/// Runs a grid on threads of this process and writes its tables.
///
/// All points are resolved before the first one runs. Settled ones are skipped; half-done ones are resumed by the
/// runner. A point that fails is reported, kept in the tables with its error, and run again by the next call; the others
/// go on. Killed at any moment and called again, it leaves the same bytes in the tables.
///
/// `progress` is called on this thread.
///
/// # Errors
/// [`SweepError`] when a point does not resolve, two points are one run, another process runs this sweep, or the
/// sweep's folder cannot be written. A point that fails is no error: see [`Sweep::unfinished`].
pub fn run(
    grid: &Grid,
    runner: &dyn Runner,
    options: &SweepOptions,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Sweep, SweepError> {
    let plan = Plan::new(grid, runner, &options.out)?;
    let _lock = plan.begin()?;
    let notes = Notes::of(Some(&plan.folder));
    let open: Vec<usize> =
        (0..plan.points.len()).filter(|i| !options.leaves(state(plan.dir(*i), *i, &notes).status)).collect();
    let found = plan.points.len() - open.len();
    let jobs = options.jobs.clamp(1, open.len().max(1));
    let mut board = Board {
        plan: &plan,
        times: Vec::new(),
        jobs,
        now: Progress { total: plan.points.len(), done: found, found, ..Progress::default() },
    };
    progress(&board.now);
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let failure = std::thread::scope(|scope| {
        let (send, receive) = channel();
        for _ in 0..jobs {
            let worker = Worker { plan: &plan, runner, open: &open, next: &next, stop: &stop };
            let (send, keep_going) = (send.clone(), options.keep_going);
            scope.spawn(move || worker.work(keep_going, &send));
        }
        drop(send);
        board.follow(&receive, progress)
    });
    match failure {
        Some(error) => Err(error),
        None => collect::tables(&plan, found),
    }
}

/// Runs one point of a grid: what a task of a job does (`spectrum sweep CONFIG --point INDEX --out OUT`). A settled
/// point is found. Where the environment names the sweep's folder ([`FOLDER_VARIABLE`]), a failure is noted there.
///
/// Returns how the point ended; anything but [`PointStatus::Finished`] is a failed run.
///
/// # Errors
/// [`SweepError`] for a point that the grid does not have or that does not resolve, and when the failure cannot be
/// noted.
pub fn run_point(
    grid: &Grid,
    index: usize,
    runner: &dyn Runner,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(PointStatus, Option<String>), SweepError> {
    let folder = std::env::var_os(FOLDER_VARIABLE).map(PathBuf::from);
    let (point, planned) = plan_one(grid, index, runner)?;
    let State { status, error } = run_one(&point, &planned, index, runner, folder.as_deref(), progress)?;
    Ok((status, error))
}

fn run_one(
    point: &Point,
    planned: &Planned,
    index: usize,
    runner: &dyn Runner,
    folder: Option<&Path>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<State, SweepError> {
    let notes = Notes::of(folder);
    // What was noted of an earlier try is past, should this one be killed.
    notes.remove(index)?;
    let ran = catch_unwind(AssertUnwindSafe(|| runner.run(point, progress)));
    let error = match ran {
        Ok(Ok(_)) => None,
        Ok(Err(e)) => Some(e.text),
        Err(panic) => {
            let words = panic.downcast_ref::<String>().map(String::as_str);
            let words = words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without words");
            Some(format!("the program panicked: {words}"))
        }
    };
    let failed = error.map(|e| State { status: PointStatus::Failed, error: Some(e) });
    if let Some(failed) = &failed {
        notes.write(index, failed)?;
    }
    let found = state(&planned.dir, index, &notes);
    // A point that left nothing, of which nothing was noted either.
    Ok(failed.filter(|_| found.error.is_none()).unwrap_or(found))
}

enum Message {
    Began(usize),
    Step(usize, u64, u64),
    Ended(usize, State, Duration),
    Broke(SweepError),
}

struct Worker<'a> {
    plan: &'a Plan,
    runner: &'a dyn Runner,
    open: &'a [usize],
    next: &'a AtomicUsize,
    stop: &'a AtomicBool,
}

impl Worker<'_> {
    /// Takes points until none is left. The receiver outlives the threads, so that sending cannot fail.
    fn work(&self, keep_going: bool, send: &Sender<Message>) {
        while !self.stop.load(Ordering::Relaxed) {
            let Some(&index) = self.open.get(self.next.fetch_add(1, Ordering::Relaxed)) else { return };
            let _ = send.send(Message::Began(index));
            let (start, mut said) = (Instant::now(), None::<Instant>);
            let mut step = |t: u64, steps: u64| {
                if said.is_none_or(|s| s.elapsed() >= STEP_EVERY) {
                    said = Some(Instant::now());
                    let _ = send.send(Message::Step(index, t, steps));
                }
            };
            let (point, planned) = &self.plan.points[index];
            let folder = Some(self.plan.folder.as_path());
            let message = match run_one(point, planned, index, self.runner, folder, &mut step) {
                Ok(ended) => {
                    if !keep_going && ended.status != PointStatus::Finished {
                        self.stop.store(true, Ordering::Relaxed);
                    }
                    Message::Ended(index, ended, start.elapsed())
                }
                Err(error) => {
                    self.stop.store(true, Ordering::Relaxed);
                    Message::Broke(error)
                }
            };
            let _ = send.send(message);
        }
    }
}

/// What is known on the calling thread.
struct Board<'a> {
    plan: &'a Plan,
    times: Vec<Duration>,
    jobs: usize,
    now: Progress,
}

impl Board<'_> {
    fn follow(&mut self, receive: &Receiver<Message>, progress: &mut dyn FnMut(&Progress)) -> Option<SweepError> {
        let mut failure = None;
        while let Ok(message) = receive.recv() {
            let running = &mut self.now.running;
            self.now.event = None;
            match message {
                Message::Began(index) => {
                    let label = self.plan.grid.label(index);
                    running.push(RunningPoint { index, label, step: 0, steps: 0 });
                }
                Message::Step(index, step, steps) => {
                    if let Some(r) = running.iter_mut().find(|r| r.index == index) {
                        (r.step, r.steps) = (step, steps);
                    }
                }
                Message::Ended(index, State { status, error }, time) => {
                    running.retain(|r| r.index != index);
                    self.times.push(time);
                    if status.is_settled() {
                        self.now.done += 1
                    } else {
                        self.now.failed += 1
                    }
                    self.now.event = Some(Event::Ended { index, label: self.plan.grid.label(index), status, error });
                }
                Message::Broke(error) => {
                    failure.get_or_insert(error);
                    continue;
                }
            }
            let waiting = self.now.total - self.now.done - self.now.failed - self.now.running.len();
            self.now.left = time_left(&self.times, waiting, &self.now.running, self.jobs);
            progress(&self.now);
        }
        failure
    }
}
