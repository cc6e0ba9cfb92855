//! Plans, runs and judges.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use spectrum_store::{RunReader, write_atomically};

use super::error::ClaimError;
use super::evaluate::{Evaluation, SearchId};
use super::execute::{Executor, OnProgress};
use super::nearest::hint;
use super::plan::{Planner, RunId};
use super::quantity::Quantity;
use super::records::Records;
use super::result::{ClaimResult, RunFailure, Standing, Verification};
use super::search::{Search, search};
use super::topic::{Claim, RunSpec, Topic};
use crate::Runner;

/// What to verify, and where the table goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyOptions {
    /// One of the topic's scales.
    pub scale: String,
    /// The backend of every run; the configs' own if none.
    pub backend: Option<String>,
    /// The folder for `claims-<scale>-<backend>.md` and `.json`; made if it is not there.
    pub out: PathBuf,
    /// Runs at a time, at least 1.
    pub jobs: usize,
    /// Ids of the claims to judge; all of the scale's if empty.
    pub only: Vec<String>,
}

/// Verifies a topic's claims: plans every run, does what is missing, judges, and writes the table.
///
/// Runs that several claims need are done once, finished ones are only read. A run that fails leaves its claims unjudged and
/// the others as they are.
///
/// # Errors
/// [`ClaimError`]: the claim file or a config is wrong, the scale or an id is unknown, or the table cannot be written.
pub fn verify(
    topic_dir: &Path,
    runner: &dyn Runner,
    options: &VerifyOptions,
    progress: OnProgress<'_>,
) -> Result<Verification, ClaimError> {
    let topic = Topic::read(topic_dir)?;
    let verification = judge(&topic, runner, options, progress)?;
    write(&verification, &options.out)?;
    Ok(verification)
}

fn judge(
    topic: &Topic,
    runner: &dyn Runner,
    options: &VerifyOptions,
    progress: OnProgress<'_>,
) -> Result<Verification, ClaimError> {
    let claims = chosen(topic, options)?;
    let scale = options.scale.as_str();
    let mut planner = Planner::new(topic, scale, options.backend.as_deref(), runner);
    let mut needs: Vec<Needs> = Vec::new();
    for claim in &claims {
        needs.push(Needs::of(topic, claim, scale));
    }
    let searched: BTreeSet<SearchId> = needs.iter().flat_map(|n| n.searches.iter().cloned()).collect();
    for id in needs.iter().flat_map(|n| &n.runs) {
        planner.dir(id)?;
    }
    for id in searched.iter().filter_map(|s| ends(topic, s)).flatten() {
        planner.dir(&id)?;
    }
    let jobs = options.jobs.max(1);
    let mut executor = Executor { runner, jobs, file: &topic.file, progress, outcomes: BTreeMap::new(), found: 0 };
    let records = Records::default();
    let mut answers: BTreeMap<SearchId, Result<f64, String>> = BTreeMap::new();
    let mut probes: BTreeMap<SearchId, BTreeSet<RunId>> = BTreeMap::new();
    loop {
        executor.complete(planner.points())?;
        // Each round takes every open search one step further, so that their runs can be done side by side.
        let mut wanted = Vec::new();
        for id in searched.iter().filter(|id| !answers.contains_key(*id)).cloned().collect::<Vec<_>>() {
            let evaluation =
                Evaluation { planner: &planner, records: &records, outcomes: &executor.outcomes, searches: &answers };
            match advance(topic, &evaluation, &id, probes.entry(id.clone()).or_default()) {
                Search::Needs(values) => wanted.extend(values.into_iter().filter_map(|v| probe(topic, &id, v))),
                Search::Found(value) => drop(answers.insert(id, Ok(value))),
                Search::Fails(why) => drop(answers.insert(id, Err(why))),
            }
        }
        if wanted.is_empty() {
            break;
        }
        for id in &wanted {
            planner.dir(id)?;
        }
    }
    let evaluation =
        Evaluation { planner: &planner, records: &records, outcomes: &executor.outcomes, searches: &answers };
    let results = claims.iter().zip(&needs).map(|(claim, needs)| {
        let mut runs: BTreeSet<&RunId> = needs.runs.iter().collect();
        runs.extend(needs.searches.iter().filter_map(|s| probes.get(s)).flatten());
        let dirs: BTreeSet<String> = runs.into_iter().filter_map(|id| planner.planned(id)).map(|d| name(d)).collect();
        claim_result(topic, &evaluation, claim, dirs.into_iter().collect())
    });
    let claims: Vec<ClaimResult> = results.collect();
    let failed = executor.outcomes.iter().filter_map(|(dir, o)| o.as_ref().err().map(|why| (name(dir), why.clone())));
    Ok(Verification {
        topic: topic.title.clone(),
        scale: scale.to_owned(),
        backend: options.backend.clone().unwrap_or_else(|| backend(executor.outcomes.keys())),
        claims,
        run_failures: failed.map(|(run, why)| RunFailure { run, why }).collect(),
        runs: executor.outcomes.len(),
        found: executor.found,
    })
}

/// The claims that are asked for, in the file's order.
fn chosen<'a>(topic: &'a Topic, options: &VerifyOptions) -> Result<Vec<&'a Claim>, ClaimError> {
    let asked = |why: String| ClaimError::Asked { file: topic.file.clone(), why };
    if !topic.scales.contains_key(&options.scale) {
        let known: Vec<&str> = topic.scales.keys().map(String::as_str).collect();
        let nearest = hint(&options.scale, known.iter().copied());
        return Err(asked(format!("unknown scale `{}`{nearest}; expected one of {}", options.scale, known.join(", "))));
    }
    let here = |c: &&Claim| topic.scales_of(c).contains(&options.scale.as_str());
    for id in &options.only {
        match topic.claims.iter().find(|c| c.id == *id) {
            Some(claim) if here(&claim) => {}
            Some(claim) => {
                let scales = topic.scales_of(claim).join(", ");
                return Err(asked(format!("claim `{id}` is not judged at scale {}; expected {scales}", options.scale)));
            }
            None => {
                let nearest = hint(id, topic.claims.iter().map(|c| c.id.as_str()));
                return Err(asked(format!("unknown claim `{id}`{nearest}")));
            }
        }
    }
    let claims = topic.claims.iter().filter(here);
    let claims: Vec<&Claim> = claims.filter(|c| options.only.is_empty() || options.only.contains(&c.id)).collect();
    if claims.is_empty() { Err(asked(format!("no claim is judged at scale {}", options.scale))) } else { Ok(claims) }
}

/// What a claim needs to have been run or found.
#[derive(Default)]
struct Needs {
    runs: BTreeSet<RunId>,
    searches: BTreeSet<SearchId>,
}

impl Needs {
    fn of(topic: &Topic, claim: &Claim, scale: &str) -> Self {
        let mut needs = Self::default();
        for check in &claim.checks {
            for (_, quantity) in check.test.quantities() {
                let Some((name, run)) = run_of(topic, quantity) else { continue };
                let axis = run.axis_at(scale);
                let inside = |p: &usize| {
                    let x = axis.and_then(|a| a.coordinate(*p, &a.key));
                    check.window.is_none_or(|w| x.is_some_and(|x| x >= w.min && x <= w.max))
                };
                let points = match axis {
                    None => vec![0],
                    Some(axis) if quantity.at.is_empty() => (0..axis.points.len()).filter(inside).collect(),
                    Some(axis) => axis.matching(&quantity.at),
                };
                for (point, seed) in points.iter().flat_map(|p| topic.seeds_at(run, scale).iter().map(|s| (*p, *s))) {
                    match &quantity.threshold {
                        Some(threshold) => drop(needs.searches.insert((threshold.clone(), point, seed))),
                        None => drop(needs.runs.insert(RunId { run: name.to_owned(), point, seed, probe: None })),
                    }
                }
            }
        }
        needs
    }
}

pub(crate) fn run_of<'a>(topic: &'a Topic, quantity: &Quantity) -> Option<(&'a str, &'a RunSpec)> {
    let name = match &quantity.threshold {
        Some(t) => topic.thresholds.get(t)?.reaches.of.run.as_deref()?,
        None => quantity.run.as_deref()?,
    };
    topic.runs.get_key_value(name).map(|(name, run)| (name.as_str(), run))
}

/// The run of a search at a value.
pub(crate) fn probe(topic: &Topic, (threshold, point, seed): &SearchId, value: f64) -> Option<RunId> {
    let run = topic.thresholds.get(threshold)?.reaches.of.run.clone()?;
    Some(RunId { run, point: *point, seed: *seed, probe: None }.probing(threshold, value))
}

/// The runs at a search's ends.
pub(crate) fn ends(topic: &Topic, id: &SearchId) -> Option<[RunId; 2]> {
    let threshold = topic.thresholds.get(&id.0)?;
    Some([probe(topic, id, threshold.low)?, probe(topic, id, threshold.high)?])
}

/// Takes a search as far as the runs go, and notes which it used.
pub(crate) fn advance(topic: &Topic, on: &Evaluation<'_>, id: &SearchId, used: &mut BTreeSet<RunId>) -> Search {
    let Some(threshold) = topic.thresholds.get(&id.0) else { return Search::Fails("is not in the file".to_owned()) };
    let known = |value: f64| {
        let run = probe(topic, id, value)?;
        on.planner.planned(&run).filter(|dir| on.outcomes.contains_key(*dir))?;
        let number = on.of_run(&run, &threshold.reaches.of);
        Some(
            number
                .map(|x| threshold.reaches.bounds.admit(x))
                .map_err(|why| format!("{} = {value}: {why}", threshold.along)),
        )
    };
    let asked = std::cell::RefCell::new(BTreeSet::new());
    let noting = |value: f64| {
        let answer = known(value);
        if answer.is_some() {
            asked.borrow_mut().extend(probe(topic, id, value));
        }
        answer
    };
    let next = search(threshold.low, threshold.high, threshold.resolution, &noting);
    used.append(&mut asked.into_inner());
    next
}

fn claim_result(topic: &Topic, on: &Evaluation<'_>, claim: &Claim, runs: Vec<String>) -> ClaimResult {
    let scale = on.planner.scale;
    let checks: Vec<_> = claim
        .checks
        .iter()
        .map(|check| {
            let run = check.test.quantities().first().and_then(|(_, q)| run_of(topic, q));
            on.check(check, run.map(|(_, run)| topic.seeds_at(run, scale)).unwrap_or_default())
        })
        .collect();
    let holds = if checks.iter().any(|c| c.holds == Some(false)) {
        Some(false)
    } else if checks.iter().any(|c| c.holds.is_none()) {
        None
    } else {
        Some(true)
    };
    let lines = |text: &dyn Fn(&super::result::CheckResult) -> String| match checks.as_slice() {
        [only] => text(only),
        all => all.iter().map(text).collect::<Vec<_>>().join("\n"),
    };
    let finding = claim.finding_at(scale).cloned();
    ClaimResult {
        id: claim.id.clone(),
        says: claim.says.clone(),
        source: claim.source.clone(),
        mark: claim.mark,
        holds,
        standing: Standing::of(holds, finding.is_some()),
        measured: lines(&|c| format!("{}: {}", c.what, c.measured)),
        bound: lines(&|c| c.bound.clone()),
        finding,
        checks,
        runs,
    }
}

fn name(dir: &Path) -> String {
    dir.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The backend that the runs say they had.
fn backend<'a>(dirs: impl Iterator<Item = &'a PathBuf>) -> String {
    let one = |dir: &PathBuf| RunReader::open(dir).and_then(|r| r.info()).ok().map(|i| i.backend);
    let all: BTreeSet<String> = dirs.filter_map(one).collect();
    match all.len() {
        0 => "none".to_owned(),
        1 => all.into_iter().collect(),
        _ => "mixed".to_owned(),
    }
}

fn write(verification: &Verification, out: &Path) -> Result<(), ClaimError> {
    let failed = |path: &Path, why: String| ClaimError::Write { path: path.to_owned(), why };
    fs::create_dir_all(out).map_err(|e| failed(out, e.to_string()))?;
    let name = format!("claims-{}-{}", verification.scale, verification.backend);
    let mut json = serde_json::to_string_pretty(verification).map_err(|e| failed(out, e.to_string()))?;
    json.push('\n');
    for (ending, text) in [("md", verification.markdown()), ("json", json)] {
        let path = out.join(format!("{name}.{ending}"));
        write_atomically(&path, text.as_bytes()).map_err(|e| failed(&path, e.to_string()))?;
    }
    Ok(())
}
