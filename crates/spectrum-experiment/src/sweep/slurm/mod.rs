//! The Slurm engine: a grid as one job array, followed until it ends, collected into the same tables.
//!
//! There is no scheduler of our own: a submission is a script in the sweep's folder (`slurm/1/job.sh`) that anyone can
//! read, each task runs `PROGRAM sweep CONFIG --point INDEX --out OUT` for its points, and what Slurm knows is asked by
//! `squeue` (and `sacct` where there is accounting). The machine of the command and the nodes must share the folder of
//! runs and the program.
//!
//! The command only follows: killed, or stopped with Ctrl-C, it leaves the job running, and called again it finds the
//! job by its name and follows it on. Points whose tasks ended badly are submitted again by the next call, and only they.

mod commands;
mod follow;
mod options;
mod submit;

use std::path::PathBuf;
use std::time::{Duration, Instant};

pub use options::SlurmOptions;

use self::commands::{Commands, Queued};
use self::follow::Follower;
use self::submit::Submission;
use super::plan::Plan;
use super::point::{Notes, state};
use super::{Event, Grid, Progress, Sweep, SweepError, SweepOptions, collect};
use crate::Runner;

/// How Slurm is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slurm {
    /// The program that each task runs, by an absolute path that the nodes know too.
    pub program: PathBuf,
    /// Further arguments of its `sweep CONFIG`: those that set keys (`--backend`, `--set`).
    pub arguments: Vec<String>,
    /// What each task asks for.
    pub options: SlurmOptions,
    /// Where sbatch, squeue, sacct and scontrol are; on PATH without.
    pub commands: Option<PathBuf>,
    /// The longest pause between two questions.
    pub poll: Duration,
}

impl Slurm {
    /// Slurm's commands from PATH.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>, options: SlurmOptions) -> Self {
        let (arguments, commands, poll) = (Vec::new(), None, Duration::from_secs(15));
        Self { program: program.into(), arguments, options, commands, poll }
    }
}

/// Slurm's word for a task's state (`RUNNING`, `TIMEOUT`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TaskState(pub String);

impl TaskState {
    /// `CANCELLED by 1000` is `CANCELLED`.
    fn parse(text: &str) -> Self {
        Self(text.split_whitespace().next().unwrap_or_default().trim_end_matches('+').to_owned())
    }

    fn is_active(&self) -> bool {
        const ENDED: [&str; 10] = [
            "COMPLETED",
            "FAILED",
            "CANCELLED",
            "TIMEOUT",
            "NODE_FAIL",
            "OUT_OF_MEMORY",
            "PREEMPTED",
            "BOOT_FAIL",
            "DEADLINE",
            "REVOKED",
        ];
        !ENDED.contains(&self.0.as_str())
    }
}

/// A task that is being cleaned up is waited for at most this long before its points are submitted again.
const CLEANING: Duration = Duration::from_secs(60);

/// Runs a grid as one job array and writes its tables. Settled points are skipped, points that a job of an earlier call
/// still has are followed, all others are submitted.
///
/// `progress` is called on this thread. `options.jobs` and `options.keep_going` mean nothing here.
///
/// # Errors
/// Those of [`run`](super::run), and [`SweepError::Slurm`] with Slurm's own words: no sbatch, a refused partition, a
/// controller that does not answer. A task that fails is no error: its points' status says so.
pub fn run(
    grid: &Grid,
    runner: &dyn Runner,
    options: &SweepOptions,
    slurm: &Slurm,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Sweep, SweepError> {
    // What is wrong with the options is said before a thousand points are resolved.
    slurm.options.lines(grid.file())?;
    let plan = Plan::new(grid, runner, &options.out)?;
    let _lock = plan.begin()?;
    let notes = Notes::of(Some(&plan.folder));
    let commands = Commands::new(slurm.commands.clone());
    let mut submissions = Submission::all(&plan);
    let queue = settled_queue(&commands, &submissions)?;
    let mut tasks: Vec<(usize, usize)> = Vec::new();
    let mut taken = vec![false; plan.points.len()];
    for q in queue.iter().filter(|q| q.state.is_active()) {
        let Some(at) = submissions.iter().position(|s| s.name == q.name && q.task < s.tasks.len()) else { continue };
        submissions[at].tasks[q.task].iter().for_each(|i| taken[*i] = true);
        tasks.push((at, q.task));
    }
    let settled: Vec<bool> =
        (0..taken.len()).map(|i| !taken[i] && options.leaves(state(plan.dir(i), i, &notes).status)).collect();
    let open: Vec<usize> = (0..taken.len()).filter(|i| !taken[*i] && !settled[*i]).collect();
    let found = settled.iter().filter(|s| **s).count();
    let mut now = Progress { total: plan.points.len(), done: found, found, ..Progress::default() };
    let say = |text: String, now: &mut Progress, progress: &mut dyn FnMut(&Progress)| {
        now.event = Some(Event::Said(text));
        progress(now);
        now.event = None;
    };
    let later = "Ctrl-C leaves it running, and the same command comes back to it";
    if !tasks.is_empty() {
        let mut jobs: Vec<&str> = queue.iter().filter(|q| q.state.is_active()).map(|q| q.job.as_str()).collect();
        jobs.dedup();
        let text = format!("following {} tasks of job {}; {later}", tasks.len(), jobs.join(", "));
        say(text, &mut now, progress);
    }
    if !open.is_empty() {
        // What was noted of an earlier try is past.
        open.iter().try_for_each(|i| notes.remove(*i))?;
        let (submission, job) = Submission::new(&plan, &open, slurm, &commands)?;
        let count = submission.tasks.len();
        let text = format!(
            "submitted job {job}: {} points in {count} tasks; {later}; `scancel {job}` ends it; logs in {}",
            open.len(),
            submission.folder.join("log").display()
        );
        tasks.extend((0..count).map(|t| (submissions.len(), t)));
        submissions.push(submission);
        say(text, &mut now, progress);
    }
    progress(&now);
    let tasks = tasks.into_iter().map(|(at, task)| (&submissions[at], task)).collect();
    Follower::new(&plan, slurm, &commands, tasks, now).follow(progress)?;
    collect::tables(&plan, found)
}

/// The queue once no task of ours is being cleaned up: such a task may still hold its run.
fn settled_queue(commands: &Commands, submissions: &[Submission]) -> Result<Vec<Queued>, SweepError> {
    let names: Vec<String> = submissions.iter().map(|s| s.name.clone()).collect();
    let start = Instant::now();
    loop {
        let queue = commands.queue(&names)?;
        if queue.iter().all(|q| q.state.0 != "COMPLETING") || start.elapsed() > CLEANING {
            return Ok(queue);
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}
