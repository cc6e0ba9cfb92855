//! The Slurm engine against stand-ins for sbatch, squeue and sacct, on machines without Slurm. `tests/slurm/run.sh` does
//! the same against a real one.
//!
//! A task's program is this test binary again, told by environment variables which point to run.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod sweep_support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use spectrum_experiment::sweep::slurm::{self, Slurm, SlurmOptions};
use spectrum_experiment::sweep::{Event, Grid, PointStatus, Sweep, SweepError, SweepOptions, run, run_point};
use sweep_support::{Fake, tables, write};

const CONFIG: &str = "name = \"small\"\n[training]\nsteps = 3\n[sweep]\n\"optimizer.lr\" = [0.1, 1e9]\nseed = [0, 1]\n";

/// Not a test: a task's way in.
#[test]
fn task() {
    if let Some(point) = std::env::var_os("SWEEP_TEST_POINT") {
        let [config, out] =
            ["SWEEP_TEST_CONFIG", "SWEEP_TEST_OUT"].map(|v| PathBuf::from(std::env::var_os(v).unwrap()));
        let index = point.to_str().unwrap().parse().unwrap();
        let ended = run_point(&Grid::read(&config).unwrap(), index, &Fake::new(&out), &mut |_, _| {}).unwrap();
        assert_eq!(ended.0, PointStatus::Finished, "{ended:?}");
    }
}

/// A cluster in a folder: `state-K` decides what becomes of task K of the next job; without it the task runs at once.
struct Cluster {
    dir: tempfile::TempDir,
    config: PathBuf,
}

const SBATCH: &str = r#"
for last; do :; done
echo "$*" >>DIR/submitted
name=$(sed -n 's/^#SBATCH --job-name=//p' "$last")
end=$(sed -n 's/^#SBATCH --array=0-\([0-9]*\).*/\1/p' "$last")
log=$(echo "$2" | sed 's/--output=//; s#/%a.log##; s/%%/%/g')
k=0
while [ $k -le $end ]; do
    state=COMPLETED
    if [ -e DIR/state-$k ]; then
        state=$(cat DIR/state-$k)
    else
        SLURM_ARRAY_TASK_ID=$k sh "$last" >"$log/$k.log" 2>&1 || state=FAILED
    fi
    [ -z "$state" ] || echo "7|$k|$state|None|$name" >>DIR/queue
    k=$((k + 1))
done
echo "Welcome to the cluster"
echo "7;main"
"#;

impl Cluster {
    fn new(config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = write(dir.path(), "small.toml", config);
        let cluster = Self { dir, config };
        cluster.command("sbatch", SBATCH);
        cluster.command("squeue", "cat DIR/queue 2>/dev/null || true");
        cluster.command("sacct", "echo 'Slurm accounting storage is disabled' >&2; exit 1");
        cluster.command("scontrol", "echo 'MaxArraySize            = 1001'");
        let exe = std::env::current_exe().unwrap();
        let program = "[ \"$1 $3 $5\" = 'sweep --point --out' ] || exit 9\n\
                       export SWEEP_TEST_CONFIG=\"$2\" SWEEP_TEST_POINT=\"$4\" SWEEP_TEST_OUT=\"$6\"\n";
        cluster.command("program", &format!("{program}exec '{}' --exact task --nocapture", exe.display()));
        cluster
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn command(&self, name: &str, body: &str) {
        let body = body.replace("DIR", &self.path().display().to_string());
        let file = write(self.path(), name, &format!("#!/bin/sh\n{body}\n"));
        fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn state(&self, task: usize, state: &str) {
        write(self.path(), &format!("state-{task}"), state);
    }

    fn forget(&self) {
        for entry in fs::read_dir(self.path()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name == "queue" || name.starts_with("state-") {
                fs::remove_file(path).unwrap();
            }
        }
    }

    fn submitted(&self) -> usize {
        fs::read_to_string(self.path().join("submitted")).map_or(0, |t| t.lines().count())
    }

    /// The folder of runs has a space, a quote and a percent sign in its name.
    fn out(&self) -> PathBuf {
        self.path().join("it's 100% runs")
    }

    fn sweep(&self, options: SlurmOptions, said: &mut Vec<String>) -> Result<Sweep, SweepError> {
        let poll = Duration::from_millis(20);
        let commands = Some(self.path().to_owned());
        let slurm = Slurm { commands, poll, ..Slurm::new(self.path().join("program"), options) };
        let out = self.out();
        slurm::run(&Grid::read(&self.config)?, &Fake::new(&out), &SweepOptions::new(&out), &slurm, &mut |p| {
            assert!(p.done + p.failed <= p.total);
            if let Some(Event::Said(text)) = &p.event {
                said.push(text.clone());
            }
        })
    }

    fn states(&self, options: SlurmOptions) -> (Sweep, Vec<&'static str>) {
        let swept = self.sweep(options, &mut Vec::new()).unwrap();
        let states = swept.points.iter().map(|p| p.status.as_str()).collect();
        (swept, states)
    }
}

#[test]
fn a_job_leaves_the_tables_of_threads() {
    let cluster = Cluster::new(CONFIG);
    let options = SlurmOptions {
        partition: Some("gpu".into()),
        time: Some("30".into()),
        gpus: Some("2".into()),
        cpus: Some("8".into()),
        memory: Some("16G".into()),
        sbatch: vec!["--account=physics".into()],
        simultaneous: Some(3),
        ..SlurmOptions::default()
    };
    let mut said = Vec::new();
    let swept = cluster.sweep(options, &mut said).unwrap();
    let local = cluster.path().join("local");
    let threads =
        run(&Grid::read(&cluster.config).unwrap(), &Fake::new(&local), &SweepOptions::new(&local), &mut |_| {})
            .unwrap();
    assert_eq!(tables(&swept.folder), tables(&threads.folder));
    assert_eq!(swept.points[3].status, PointStatus::Diverged);
    assert!(said[0].starts_with("submitted job 7: 4 points in 4 tasks; Ctrl-C leaves it running"), "{said:?}");
    assert_eq!(said[1], "tasks: 2 completed, 2 failed");
    let script = fs::read_to_string(swept.folder.join("slurm/1/job.sh")).unwrap();
    for line in [
        "--array=0-3%3",
        "--partition=gpu",
        "--time=30",
        "--gres=gpu:2",
        "--cpus-per-task=8",
        "--mem=16G",
        "--account=physics",
    ] {
        assert!(script.contains(&format!("#SBATCH {line}\n")), "{line}\n{script}");
    }
    let output = fs::read_to_string(cluster.path().join("submitted")).unwrap();
    assert!(output.contains("it's 100%% runs"), "{output}");
    // All is settled: nothing is asked of Slurm again.
    assert_eq!(cluster.states(SlurmOptions::default()).0.found, 4);
    assert_eq!(cluster.submitted(), 1);
}

#[test]
fn ends_that_are_slurms_stand_in_the_table_and_are_run_again() {
    let cluster = Cluster::new("name = \"ends\"\n[sweep]\nseed = [0, 1, 2, 3, 4]\n");
    for (task, state) in [(0, "CANCELLED"), (1, "TIMEOUT"), (2, "NODE_FAIL"), (3, "OUT_OF_MEMORY")] {
        cluster.state(task, state);
    }
    let (swept, states) = cluster.states(SlurmOptions::default());
    assert_eq!(states, ["cancelled", "timeout", "node_fail", "out_of_memory", "finished"]);
    assert_eq!(swept.points[1].error.as_deref(), Some("Slurm task 7_1: TIMEOUT"));
    let csv = fs::read_to_string(swept.folder.join("table.csv")).unwrap();
    assert!(csv.contains(",3,out_of_memory,Slurm task 7_3: OUT_OF_MEMORY,,,,"), "{csv}");
    cluster.forget();
    let (again, states) = cluster.states(SlurmOptions::default());
    assert_eq!(states, ["finished"; 5]);
    assert_eq!(fs::read_to_string(swept.folder.join("slurm/2/tasks")).unwrap(), "0\n1\n2\n3\n");
    let local = cluster.path().join("local");
    let threads =
        run(&Grid::read(&cluster.config).unwrap(), &Fake::new(&local), &SweepOptions::new(&local), &mut |_| {})
            .unwrap();
    assert_eq!(tables(&again.folder), tables(&threads.folder));
    assert_eq!(again.found, 1);
}

/// Without accounting Slurm forgets a job some minutes after its end: the logs still say why; with accounting it does.
#[test]
fn forgotten_tasks_are_told_by_their_logs_or_by_accounting() {
    let cluster = Cluster::new("name = \"gone\"\n[sweep]\nseed = [0, 1, 2, 3]\n");
    // Submitted and nowhere in the queue. The first never began.
    for task in 0..4 {
        cluster.state(task, "");
    }
    let log = "for last; do :; done\nlog=$(dirname \"$last\")/log\n\
               echo 'slurmstepd: error: *** JOB 8 ON n1 CANCELLED AT 2025-01-01T00:00:00 DUE TO TIME LIMIT ***' >$log/1.log\n\
               echo 'slurmstepd: error: *** JOB 9 ON n1 CANCELLED AT 2025-01-01T00:00:00 ***' >$log/2.log\n\
               echo 'program: not found' >$log/3.log\necho 7\n";
    cluster.command("sbatch", log);
    let (swept, states) = cluster.states(SlurmOptions::default());
    assert_eq!(states, ["cancelled", "timeout", "cancelled", "failed"]);
    assert_eq!(swept.points[0].error.as_deref(), Some("Slurm task ?_0: left the queue before it began"));
    cluster.command("sacct", "printf '7_0|NODE_FAIL\\n7_1|CANCELLED by 0\\n7_2|TIMEOUT\\n7_3|FAILED\\n'");
    let (swept, states) = cluster.states(SlurmOptions::default());
    assert_eq!(states, ["node_fail", "cancelled", "timeout", "failed"]);
    let why = "Slurm task ?_3: FAILED; its log ends: program: not found";
    assert_eq!(swept.points[3].error.as_deref(), Some(why));
}

/// A job that an earlier call submitted is followed; only what it does not have is submitted.
#[test]
fn an_earlier_job_is_followed() {
    let cluster = Cluster::new("name = \"back\"\n[sweep]\nseed = [0, 1, 2]\n");
    cluster.state(1, "CANCELLED");
    let (swept, _) = cluster.states(SlurmOptions::default());
    // As if the follower had been killed while task 1 waited: the queue says it runs, and then that it is done.
    let queue = cluster.path().join("queue");
    let text = fs::read_to_string(&queue).unwrap();
    fs::write(&queue, text.replace("CANCELLED", "RUNNING")).unwrap();
    let count = "n=$(cat DIR/n 2>/dev/null || echo 0); echo $((n + 1)) >DIR/n\n\
                 [ $n -lt 3 ] || sed -i s/RUNNING/TIMEOUT/ DIR/queue\ncat DIR/queue";
    cluster.command("squeue", count);
    let mut said = Vec::new();
    let again = cluster.sweep(SlurmOptions::default(), &mut said).unwrap();
    assert!(said[0].starts_with("following 1 tasks of job 7; Ctrl-C leaves it running"), "{said:?}");
    assert_eq!(again.points[1].status, PointStatus::Timeout);
    assert_eq!(cluster.submitted(), 1);
    assert!(!swept.folder.join("slurm/2").exists());
}

#[test]
fn points_share_tasks_where_arrays_are_small() {
    let cluster = Cluster::new("name = \"many\"\n[sweep]\nseed = [0, 1, 2, 3, 4, 5, 6]\n");
    cluster.command("scontrol", "echo 'MaxArraySize            = 3'");
    let (swept, states) = cluster.states(SlurmOptions::default());
    assert_eq!(states, ["finished"; 7]);
    assert_eq!(fs::read_to_string(swept.folder.join("slurm/1/tasks")).unwrap(), "0 1 2\n3 4 5\n6\n");
    assert_eq!(cluster.submitted(), 1);
}

/// A point's own failure is the point's, and the others of its task go on.
#[test]
fn a_failure_within_a_task_keeps_its_words() {
    let obstacle = tempfile::NamedTempFile::new().unwrap();
    let path = obstacle.path().display().to_string();
    let text = format!("name = \"f\"\n[fake]\nobstacle = {path:?}\nrefuse_seed = 1\n[sweep]\nseed = [0, 1, 2]\n");
    let cluster = Cluster::new(&text);
    let options = SlurmOptions { points_per_task: Some(3), ..SlurmOptions::default() };
    let (swept, states) = cluster.states(options);
    assert_eq!(states, ["finished", "failed", "finished"]);
    assert_eq!(swept.points[1].error.as_deref(), Some("data set moons: not on this machine"));
}

#[test]
fn errors_are_slurms_own_words() {
    let cluster = Cluster::new(CONFIG);
    let error = |options: SlurmOptions| cluster.sweep(options, &mut Vec::new()).unwrap_err();
    let words = "sbatch: error: invalid partition specified: nope";
    cluster.command("sbatch", &format!("echo '{words}' >&2; exit 1"));
    let refused = error(SlurmOptions::default());
    assert_eq!(refused.to_string(), format!("sbatch failed (exit status: 1): {words}"));
    assert!(refused.is_input());
    cluster.command("sbatch", "echo 'sbatch: error: Unable to contact slurm controller' >&2; exit 1");
    assert!(!error(SlurmOptions::default()).is_input());
    cluster.command("sbatch", "echo hello");
    assert_eq!(error(SlurmOptions::default()).to_string(), "sbatch printed no job number but `hello`");
    fs::remove_file(cluster.path().join("sbatch")).unwrap();
    let place = cluster.path().display();
    let missing = format!("sbatch is not in {place}: --engine slurm needs Slurm's commands on this machine");
    assert_eq!(error(SlurmOptions::default()).to_string(), missing);
    let file = cluster.config.display();
    let spaced = SlurmOptions { partition: Some("a b".into()), ..SlurmOptions::default() };
    assert_eq!(error(spaced).to_string(), format!("{file}: slurm.partition: `a b` is no word"));
    let bare = SlurmOptions { sbatch: vec!["account=x".into()], ..SlurmOptions::default() };
    let expected = format!("{file}: slurm.sbatch: `account=x` is no option; expected such as `--account=physics`");
    assert_eq!(error(bare).to_string(), expected);
}
