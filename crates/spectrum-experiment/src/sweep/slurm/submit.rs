//! Submissions: the script, the tasks and the copy of the config that a job works with, kept in the sweep's folder.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use spectrum_store::write_atomically;

use super::Slurm;
use super::commands::Commands;
use crate::sweep::plan::Plan;
use crate::sweep::run::FOLDER_VARIABLE;
use crate::sweep::{Grid, SweepError};

/// One job array, submitted now or earlier.
#[derive(Debug, Clone)]
pub(crate) struct Submission {
    /// Its folder, `<sweep>/slurm/<number>`.
    pub folder: PathBuf,
    /// The job's name, by which the queue is asked: unlike its number it is known however early we were killed.
    pub name: String,
    /// The points of each task.
    pub tasks: Vec<Vec<usize>>,
}

impl Submission {
    /// The submissions that a sweep's folder knows, oldest first.
    pub fn all(plan: &Plan) -> Vec<Self> {
        (1..).map_while(|number| Self::read(plan, number)).collect()
    }

    fn read(plan: &Plan, number: usize) -> Option<Self> {
        let folder = folder(plan, number);
        let text = fs::read_to_string(folder.join("tasks")).ok()?;
        let point = |p: &str| p.parse().ok().filter(|i| *i < plan.points.len());
        let task = |line: &str| line.split_whitespace().map(point).collect::<Option<Vec<usize>>>();
        let tasks = text.lines().map(task).collect::<Option<Vec<_>>>()?;
        Some(Self { folder, name: name(plan, number, &text), tasks })
    }

    /// The log of a task.
    pub fn log(&self, task: usize) -> PathBuf {
        self.folder.join("log").join(format!("{task}.log"))
    }

    /// Writes a submission for `points` and hands it to sbatch; the job's number.
    pub fn new(
        plan: &Plan,
        points: &[usize],
        slurm: &Slurm,
        commands: &Commands,
    ) -> Result<(Self, String), SweepError> {
        let lines = slurm.options.lines(plan.grid.file())?;
        let most = commands.most_tasks();
        if most == 0 {
            let why = "this cluster has job arrays turned off (MaxArraySize=0)".to_owned();
            return Err(SweepError::Slurm { why, input: true });
        }
        let each = slurm.options.points_per_task.unwrap_or(1).max(points.len().div_ceil(most));
        let tasks: Vec<Vec<usize>> = points.chunks(each).map(<[usize]>::to_vec).collect();
        let number = Self::all(plan).len() + 1;
        let folder = folder(plan, number);
        let log = folder.join("log");
        fs::create_dir_all(&log).map_err(SweepError::io("create", &log))?;
        // The job waits: the config may be edited before it begins.
        let (config, copy) = (plan.grid.file(), folder.join("config.toml"));
        fs::copy(config, &copy).map_err(SweepError::io("copy", config))?;
        let line = |t: &Vec<usize>| t.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ") + "\n";
        let text: String = tasks.iter().map(line).collect();
        let name = name(plan, number, &text);
        let list = folder.join("tasks");
        let limit = slurm.options.simultaneous.map_or(String::new(), |n| format!("%{n}"));
        let mut head = vec![
            format!("--job-name={name}"),
            format!("--array=0-{}{limit}", tasks.len() - 1),
            "--ntasks=1".into(),
            // Points resume: a task may be sent back to the queue, and goes on writing its log then.
            "--requeue".into(),
            "--open-mode=append".into(),
        ];
        head.extend(lines);
        let script = folder.join("job.sh");
        let program = [slurm.program.display().to_string(), "sweep".into(), copy.display().to_string()];
        let command = program.into_iter().chain(slurm.arguments.iter().cloned());
        let command = command.map(|a| quoted(&a)).collect::<Vec<_>>().join(" ");
        let body = body(&head, &list, &command, plan);
        write_atomically(&script, body.as_bytes())?;
        // The path goes by the command line: a script's line would be split at its spaces.
        let pattern = absolute(&log)?.display().to_string().replace('%', "%%");
        // Written before the job exists: killed in between, the next command finds it in the queue by its name.
        write_atomically(&list, text.as_bytes())?;
        let submitted = commands.submit(&[format!("--output={pattern}/%a.log")], &script);
        let job = match submitted {
            Ok(job) => job,
            Err(e) => {
                // Nothing was submitted: the next one takes this place.
                let _ = fs::remove_file(&list);
                return Err(e);
            }
        };
        write_atomically(&folder.join("job"), format!("{job}\n").as_bytes())?;
        Ok((Self { folder, name, tasks }, job))
    }
}

fn folder(plan: &Plan, number: usize) -> PathBuf {
    plan.folder.join("slurm").join(number.to_string())
}

/// The job's name. It follows from the tasks too, so that a job of a folder that was deleted is not taken for one of ours.
fn name(plan: &Plan, number: usize, tasks: &str) -> String {
    let sweep = plan.folder.file_name().and_then(|n| n.to_str()).unwrap_or("sweep");
    let mut hash = Sha256::new();
    hash.update(absolute(&plan.folder).unwrap_or_default().as_os_str().as_encoded_bytes());
    hash.update(tasks.as_bytes());
    let hash: String = hash.finalize().iter().take(4).map(|b| format!("{b:02x}")).collect();
    format!("{sweep}.{number}.{hash}")
}

fn absolute(path: &Path) -> Result<PathBuf, SweepError> {
    std::path::absolute(path).map_err(SweepError::io("resolve", path))
}

fn body(head: &[String], list: &Path, command: &str, plan: &Plan) -> String {
    let head: String = head.iter().map(|l| format!("#SBATCH {l}\n")).collect();
    let (list, out, folder) = (quoted(&list.display()), quoted(&plan.out.display()), quoted(&plan.folder.display()));
    let grid: &Grid = &plan.grid;
    format!(
        "#!/bin/sh\n{head}\n\
         # A sweep of {}: task k runs the points of line k + 1. A point that is there is found, a half-done one resumed.\n\
         export {FOLDER_VARIABLE}={folder}\n\
         points=$(sed -n \"$((SLURM_ARRAY_TASK_ID + 1))p\" {list}) || exit 3\n\
         [ -n \"$points\" ] || exit 3\n\
         status=0\n\
         for point in $points; do\n    \
         {command} --point \"$point\" --out {out} || status=$?\n\
         done\n\
         exit $status\n",
        grid.name.replace(|c: char| c.is_control(), " "),
    )
}

/// A word that a shell takes as it is.
fn quoted(text: &impl ToString) -> String {
    format!("'{}'", text.to_string().replace('\'', "'\\''"))
}
