//! Slurm's own commands: sbatch, squeue, sacct, scontrol.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::TaskState;
use crate::sweep::SweepError;

/// Where Slurm's commands are found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Commands {
    folder: Option<PathBuf>,
}

/// A task of the queue: the array's number and name, the task's place in it, its state, and why it waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Queued {
    pub job: String,
    pub task: usize,
    pub state: TaskState,
    pub reason: String,
    pub name: String,
}

impl Commands {
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder }
    }

    /// What a command printed; else Slurm's own words.
    fn output(&self, name: &str, args: &[String], input: bool) -> Result<String, SweepError> {
        let fails = |why: String, input| SweepError::Slurm { why, input };
        let program = self.folder.as_ref().map_or_else(|| PathBuf::from(name), |f| f.join(name));
        let out = Command::new(&program).args(args).output().map_err(|e| match e.kind() {
            ErrorKind::NotFound => {
                let place = self.folder.as_ref().map_or("on PATH".to_owned(), |f| format!("in {}", f.display()));
                fails(format!("{name} is not {place}: --engine slurm needs Slurm's commands on this machine"), true)
            }
            _ => fails(format!("cannot start {}: {e}", program.display()), false),
        })?;
        if out.status.success() {
            return Ok(String::from_utf8_lossy(&out.stdout).into_owned());
        }
        let words = String::from_utf8_lossy(&out.stderr);
        let words: Vec<&str> = words.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        let words = if words.is_empty() { "it says nothing".to_owned() } else { words.join("; ") };
        // A controller that is away is no fault of what was asked.
        let input = input && !words.contains("Unable to contact");
        Err(fails(format!("{name} failed ({}): {words}", out.status), input))
    }

    /// Submits a script; the job's number.
    pub fn submit(&self, args: &[String], script: &Path) -> Result<String, SweepError> {
        let mut all = vec!["--parsable".to_owned()];
        all.extend_from_slice(args);
        all.push(script.display().to_string());
        let printed = self.output("sbatch", &all, true)?;
        // "12" or "12;cluster"; a site's own messages may come before.
        let last = printed.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or_default();
        let id = last.split(';').next().unwrap_or_default().trim();
        if id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit()) {
            let why = format!("sbatch printed no job number but `{}`", printed.trim());
            return Err(SweepError::Slurm { why, input: false });
        }
        Ok(id.to_owned())
    }

    /// The tasks of all jobs of these names that Slurm still knows, ended ones included.
    pub fn queue(&self, names: &[String]) -> Result<Vec<Queued>, SweepError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let args = ["--me", "--states=all", "--array", "--noheader", "--format=%F|%K|%T|%r|%j"].map(str::to_owned);
        let args: Vec<String> = args.into_iter().chain([format!("--name={}", names.join(","))]).collect();
        Ok(self.output("squeue", &args, false)?.lines().filter_map(parse_queued).collect())
    }

    /// The states that accounting has of a job's tasks; none where there is no accounting.
    pub fn accounting(&self, job: &str) -> HashMap<usize, TaskState> {
        let args = ["--noheader", "--parsable2", "--allocations", "--array", "--format=JobID,State"];
        let args: Vec<String> = args.map(str::to_owned).into_iter().chain([format!("--jobs={job}")]).collect();
        let printed = self.output("sacct", &args, false).unwrap_or_default();
        printed.lines().filter_map(|l| parse_accounted(l, job)).collect()
    }

    /// Tasks that an array may have; Slurm's default where the cluster does not say.
    pub fn most_tasks(&self) -> usize {
        let printed = self.output("scontrol", &["show".into(), "config".into()], false).unwrap_or_default();
        let line = printed.lines().find_map(|l| l.strip_prefix("MaxArraySize")?.split('=').nth(1));
        line.and_then(|n| n.trim().parse().ok()).unwrap_or(1001)
    }
}

fn parse_queued(line: &str) -> Option<Queued> {
    let mut parts = line.trim().splitn(5, '|');
    let mut next = || parts.next();
    let (job, task, state, reason, name) = (next()?, next()?, next()?, next()?, next()?);
    let (job, reason, name) = (job.to_owned(), reason.to_owned(), name.to_owned());
    Some(Queued { job, task: task.parse().ok()?, state: TaskState::parse(state), reason, name })
}

/// `12_3|CANCELLED by 1000`.
fn parse_accounted(line: &str, job: &str) -> Option<(usize, TaskState)> {
    let (id, state) = line.trim().split_once('|')?;
    let task = id.strip_prefix(job)?.strip_prefix('_')?.parse().ok()?;
    Some((task, TaskState::parse(state)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_squeue_and_sacct() {
        let q = parse_queued("12|3|PENDING|Resources|quickstart-sweep-1a2b3c4d.1.ffffff").unwrap();
        assert_eq!((q.job.as_str(), q.task, &q.state), ("12", 3, &TaskState("PENDING".into())));
        assert_eq!(q.name, "quickstart-sweep-1a2b3c4d.1.ffffff");
        // A job that is no array has no place.
        assert_eq!(parse_queued("12|N/A|PENDING|None|x"), None);
        let accounted = parse_accounted("12_3|CANCELLED by 1000", "12");
        assert_eq!(accounted, Some((3, TaskState("CANCELLED".into()))));
        assert_eq!(parse_accounted("12_[4-9]|PENDING", "12"), None);
    }
}
