//! The local engine and its tables.
#![allow(clippy::unwrap_used)]

mod sweep_support;

use std::fs;
use std::path::{Path, PathBuf};

use spectrum_experiment::sweep::{
    Event, Grid, PointStatus, Progress, Sweep, SweepError, SweepOptions, collect, run, run_point,
};
use sweep_support::{Fake, folder, tables, write};

const CONFIG: &str =
    "name = \"small\"\n[training]\nsteps = 3\n[sweep]\n\"optimizer.lr\" = [0.1, 1.0]\nseed = [0, 1, 2]\n";

fn sweep(config: &Path, out: &Path, jobs: usize) -> Result<Sweep, SweepError> {
    let options = SweepOptions { jobs, ..SweepOptions::new(out) };
    run(&Grid::read(config)?, &Fake::new(out), &options, &mut |_| {})
}

/// Column `name` of a CSV without quoted commas in the way.
fn column(text: &str, name: &str) -> Vec<String> {
    let mut lines = text.lines();
    let at = lines.next().unwrap().split(',').position(|c| c == name).unwrap();
    // The view `positions[1,2]` is quoted and holds a comma.
    lines.map(|l| l.replace("\"positions[1,2]\"", "view").split(',').nth(at).unwrap().to_owned()).collect()
}

#[test]
fn a_grid_becomes_tables() {
    let temp = tempfile::tempdir().unwrap();
    let config = write(temp.path(), "small.toml", CONFIG);
    let out = temp.path().join("runs");
    let swept = sweep(&config, &out, 2).unwrap();
    assert_eq!(swept.unfinished().count(), 0);
    assert_eq!(swept.keys, ["optimizer.lr", "seed"]);
    assert_eq!(swept.folder, folder(&out));
    let [toml, csv, json, steps, summary] = tables(&swept.folder).try_into().unwrap();

    let table: toml::Table = toml.parse().unwrap();
    assert_eq!(table["point"].as_array().unwrap().len(), 6);
    let dir = table["point"][4]["dir"].as_str().unwrap();
    assert!(out.join(dir).join("run.sqlite").exists(), "{dir}");

    // Two matrices a point, at the last step: the weight and its update.
    let head = csv.lines().next().unwrap();
    let expected = "point,dir,optimizer.lr,seed,status,error,step,layer,kind,view,linear_test_loss,test_loss,train_loss,\
                    alpha,alpha_hill,shape_class,xmin";
    assert_eq!(head, expected);
    assert_eq!(column(&csv, "point"), ["0", "0", "1", "1", "2", "2", "3", "3", "4", "4", "5", "5"]);
    assert_eq!(column(&csv, "seed"), ["0", "0", "1", "1", "2", "2", "0", "0", "1", "1", "2", "2"]);
    assert!(column(&csv, "step").iter().all(|s| s == "3"));
    assert_eq!(&column(&csv, "kind")[..2], ["update", "weight"]);
    // A baseline of step 0 stands beside the losses of the last step.
    assert!(column(&csv, "linear_test_loss").iter().all(|s| s == "0.5"));
    // train_loss = (1 + lr)(1 + seed/7)/4 at step 3: lr 1, seed 2 is 9/14.
    assert_eq!(column(&csv, "train_loss")[10].parse::<f64>().unwrap(), 2.0 * (1.0 + 2.0 / 7.0) / 4.0);
    assert_eq!(column(&csv, "alpha")[0], "");

    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let row = &json["rows"][0];
    assert_eq!(json["rows"].as_array().unwrap().len(), 12);
    assert_eq!(row["set"]["optimizer.lr"], 0.1);
    assert_eq!(row["view"], "positions[1,2]");
    assert!(row["metrics"]["alpha"].is_null());
    assert_eq!(row["reasons"]["alpha"], "TooFewValues: 3 found, 10 needed");
    assert_eq!(row["scalars"]["train_loss"], 1.1 / 4.0);

    // Scalars and chosen metrics of all steps; xmin is not followed.
    assert!(steps.lines().any(|l| l == "5,0,,,,train_loss,2.571428571428571,"), "{steps}");
    assert!(
        steps.contains("\n0,3,hidden.weight,weight,\"positions[1,2]\",alpha,,\"TooFewValues: 3 found, 10 needed\"\n")
    );
    assert!(!steps.contains("xmin"));

    // NumPy 2.4.6 and SciPy 1.17.1 of x = [1, 8/7, 9/7]/2: mean, std(ddof=1), stats.t.interval(0.95, 2, mean, sd/sqrt(3)).
    let line = summary.lines().find(|l| l.starts_with("1.0,,,,train_loss,3,3,")).unwrap();
    let found: Vec<f64> = line.split(',').skip(7).map(|x| x.parse().unwrap()).collect();
    let expected = [0.5714285714285715, 0.07142857142857145, 0.39399016344640503, 0.748866979410738];
    assert_eq!(found.len(), 4);
    for (found, expected) in found.iter().zip(expected) {
        assert!((found / expected - 1.0).abs() < 1e-12, "{line}");
    }
    assert!(summary.contains("\n0.1,hidden.weight,weight,\"positions[1,2]\",alpha,3,0,,,,\n"), "{summary}");
    assert!(!summary.contains("shape_class"));
}

#[test]
fn tables_do_not_depend_on_threads_order_or_folder() {
    let temp = tempfile::tempdir().unwrap();
    let config = write(temp.path(), "small.toml", CONFIG);
    let whole = tables(&sweep(&config, &temp.path().join("a"), 1).unwrap().folder);
    assert_eq!(tables(&sweep(&config, &temp.path().join("b"), 4).unwrap().folder), whole);
    // Some points before, by themselves, and collected only.
    let out = temp.path().join("c");
    let (grid, fake) = (Grid::read(&config).unwrap(), Fake::new(&out));
    for index in [4, 1] {
        let (status, error) = run_point(&grid, index, &fake, &mut |_, _| {}).unwrap();
        assert_eq!((status, error), (PointStatus::Finished, None));
    }
    let part = collect(&grid, &fake, &out).unwrap();
    assert_eq!(part.unfinished().map(|p| p.index).collect::<Vec<_>>(), [0, 2, 3, 5]);
    assert_eq!(part.points[0].status, PointStatus::Pending);
    assert_ne!(tables(&part.folder), whole);
    let rest = run(&grid, &fake, &SweepOptions::new(&out), &mut |_| {}).unwrap();
    assert_eq!(rest.found, 2);
    assert_eq!(tables(&rest.folder), whole);
    let again = run(&grid, &fake, &SweepOptions::new(&out), &mut |_| {}).unwrap();
    assert_eq!(again.found, 6);
    assert_eq!(tables(&again.folder), whole);
    let missing = run_point(&grid, 6, &fake, &mut |_, _| {}).unwrap_err().to_string();
    assert!(missing.ends_with("there is no point 6: the grid has 6, counted from 0"), "{missing}");
}

/// Three ways to fail and one to diverge; the others go on, and what was in the way removed, the rest is run.
#[test]
fn failed_points_are_reported_and_run_again() {
    let temp = tempfile::tempdir().unwrap();
    let obstacle = write(temp.path(), "obstacle", "");
    let text = format!(
        "name = \"faults\"\n[fake]\nobstacle = {:?}\nrefuse_seed = 0\npanic_seed = 1\nfail_seed = 2\n[sweep]\n\
         \"optimizer.lr\" = [0.1, 1e9]\nseed = [0, 1, 2, 3]\n",
        obstacle.display().to_string()
    );
    let config = write(temp.path(), "faults.toml", &text);
    let faults = |out: &Path| {
        let swept = sweep(&config, out, 2).unwrap();
        let states: Vec<&str> = swept.points.iter().map(|p| p.status.as_str()).collect();
        // A point fails at step 2 before it would diverge there.
        assert_eq!(states[..4], ["failed", "failed", "failed", "finished"]);
        assert_eq!(states[7], "diverged");
        swept
    };
    let (a, b) = (faults(&temp.path().join("a")), faults(&temp.path().join("b")));
    assert_eq!(tables(&a.folder), tables(&b.folder));
    let error = |i: usize| a.points[i].error.clone().unwrap();
    assert_eq!(error(0), "data set moons: not on this machine");
    assert_eq!(error(1), "the program panicked: index out of bounds");
    let dir = a.points[2].dir.file_name().unwrap().to_str().unwrap();
    assert_eq!(error(2), format!("{dir}: the run failed at step 2"));
    let csv = fs::read_to_string(a.folder.join("table.csv")).unwrap();
    // A point without a run has one row; a failed one shows what it has; a diverged one its reason.
    assert!(csv.lines().any(|l| l.starts_with("0,faults-0-flex") && l.contains(",0.1,0,failed,data set moons")));
    assert!(csv.lines().any(|l| l.starts_with("2,") && l.contains(",1,hidden.weight,weight,")));
    let summary = fs::read_to_string(a.folder.join("summary.csv")).unwrap();
    assert!(summary.contains("\n0.1,,,,train_loss,1,1,"), "{summary}");
    let json = fs::read_to_string(a.folder.join("table.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let last = json["rows"].as_array().unwrap().last().unwrap();
    assert!(last["scalars"]["train_loss"].is_null());
    assert_eq!(last["reasons"]["train_loss"], "NotFinite");

    fs::remove_file(&obstacle).unwrap();
    let again = sweep(&config, &temp.path().join("a"), 2).unwrap();
    assert_eq!(again.found, 2);
    assert_eq!(again.unfinished().map(|p| p.index).collect::<Vec<_>>(), [4, 5, 6, 7]);
    // As if nothing had ever been in the way.
    let clean = sweep(&config, &temp.path().join("c"), 1).unwrap();
    assert_eq!(tables(&again.folder), tables(&clean.folder));
}

#[test]
fn without_keep_going_nothing_begins_after_a_failure() {
    let temp = tempfile::tempdir().unwrap();
    let obstacle = write(temp.path(), "obstacle", "");
    let text = format!(
        "name = \"x\"\n[fake]\nobstacle = {:?}\nrefuse_seed = 1\n[sweep]\nseed = [0, 1, 2]\n",
        obstacle.display().to_string()
    );
    let config = write(temp.path(), "x.toml", &text);
    let out = temp.path().join("runs");
    let options = SweepOptions { keep_going: false, ..SweepOptions::new(&out) };
    let swept = run(&Grid::read(&config).unwrap(), &Fake::new(&out), &options, &mut |_| {}).unwrap();
    let states: Vec<&str> = swept.points.iter().map(|p| p.status.as_str()).collect();
    assert_eq!(states, ["finished", "failed", "pending"]);
}

#[test]
fn what_is_wrong_is_found_before_anything_runs() {
    let temp = tempfile::tempdir().unwrap();
    for (keys, expected, input) in [
        (
            "\"optimizer.lr\" = [1.0, -1.0]\n",
            "point 1 (optimizer.lr = -1.0): FILE: optimizer.lr: must not be negative",
            true,
        ),
        ("\"optimiser.lr\" = [1.0]\n", "point 0 (optimiser.lr = 1.0): FILE: optimiser: unknown key", true),
        (
            "\"spectra.workers\" = [1, 2]\n",
            "FILE: points 0 (spectra.workers = 1) and 1 (spectra.workers = 2) are the same run, ",
            true,
        ),
    ] {
        let config = write(temp.path(), "wrong.toml", &format!("name = \"wrong\"\n[sweep]\n{keys}"));
        let out = temp.path().join("runs");
        let error = sweep(&config, &out, 1).unwrap_err();
        let expected = expected.replace("FILE", &config.display().to_string());
        assert!(error.to_string().starts_with(&expected), "{error}\n{expected}");
        assert_eq!(error.is_input(), input);
        assert!(!out.exists());
    }
    let error = sweep(&temp.path().join("none.toml"), temp.path(), 1).unwrap_err();
    assert!(error.to_string().starts_with("cannot read "), "{error}");
}

#[test]
fn a_damaged_run_is_one_points_failure() {
    let temp = tempfile::tempdir().unwrap();
    let config = write(temp.path(), "small.toml", CONFIG);
    let out: PathBuf = temp.path().join("runs");
    let swept = sweep(&config, &out, 1).unwrap();
    fs::write(swept.points[3].dir.join("run.sqlite"), "not a database, however long the file may be").unwrap();
    let again = sweep(&config, &out, 1).unwrap();
    assert_eq!(again.unfinished().map(|p| p.index).collect::<Vec<_>>(), [3]);
    let why = again.points[3].error.clone().unwrap();
    assert!(why.contains("not a Spectrum run") && !why.contains(temp.path().to_str().unwrap()), "{why}");
}

#[test]
fn progress_counts_every_point_once() {
    let temp = tempfile::tempdir().unwrap();
    let config = write(temp.path(), "small.toml", CONFIG);
    let out = temp.path().join("runs");
    let options = SweepOptions { jobs: 3, ..SweepOptions::new(&out) };
    let mut seen: Vec<Progress> = Vec::new();
    run(&Grid::read(&config).unwrap(), &Fake::new(&out), &options, &mut |p| seen.push(p.clone())).unwrap();
    let mut ended: Vec<usize> = Vec::new();
    for p in &seen {
        assert_eq!(p.total, 6);
        assert!(p.running.len() <= 3);
        if let Some(Event::Ended { index, status, .. }) = &p.event {
            assert_eq!(*status, PointStatus::Finished);
            ended.push(*index);
            assert_eq!(p.done, ended.len());
            assert!(p.left.is_some());
        }
    }
    ended.sort_unstable();
    assert_eq!(ended, [0, 1, 2, 3, 4, 5]);
}
