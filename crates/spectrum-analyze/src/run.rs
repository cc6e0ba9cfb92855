//! Checkpoints in, an ordinary run directory out.

use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use spectrum_checkpoint::{Checkpoint, discover};
use spectrum_core::{MatrixId, References};
use spectrum_measure::{Battery, Recorder};
use spectrum_store::{Existing, RunDirectory, RunInfo, RunWriter, Status};
use spectrum_tail::{Convention, FitOptions};

use crate::select::{Item, items};
use crate::settings::{Description, LeftOut, Settings, Source, ViewChoice};
use crate::work::{Before, Context};
use crate::{AnalyzeError, heads, series, workers};

/// What is analysed, and where to.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// A checkpoint, a model's folder, or a folder of checkpoints.
    pub path: PathBuf,
    /// Subtracted from every checkpoint.
    pub base: Option<PathBuf>,
    /// The folder that run directories are made in.
    pub out: PathBuf,
    /// Worker threads; 0 for as many as the machine has.
    pub jobs: usize,
    /// Analyse again what was analysed before.
    pub force: bool,
    /// How.
    pub settings: Settings,
}

/// Where an analysis stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// Tensors done, over all checkpoints.
    pub done: usize,
    /// Tensors in all.
    pub total: usize,
    /// Work done, as a share of all.
    pub share: f64,
    /// The tensor that was done last.
    pub layer: String,
}

/// An analysis that is done.
#[derive(Debug, Clone)]
pub struct Finished {
    /// Its run directory.
    pub dir: PathBuf,
    /// What was analysed and left out.
    pub description: Description,
    /// Whether it had been done before and was only found.
    pub found: bool,
}

/// One checkpoint with the tensors to analyse.
struct Part {
    file: Checkpoint,
    step: u64,
    items: Vec<Item>,
}

/// Analyses checkpoints into a run directory and calls `progress` after each tensor.
///
/// Every file is opened and every tensor chosen before anything is written.
///
/// # Errors
/// [`AnalyzeError`]; a file that turns out damaged half-way leaves the steps before it in a directory marked as failed.
pub fn analyze(request: &Request, progress: &mut dyn FnMut(&Progress)) -> Result<Finished, AnalyzeError> {
    let settings = &request.settings;
    check(settings)?;
    let paths = discover(&request.path)?;
    let base = request.base.as_deref().map(|base| one_checkpoint(base, "--base")).transpose()?;
    let mut left_out = Vec::new();
    let mut parts = Vec::new();
    for (path, step) in paths.iter().zip(series::steps(&paths)) {
        let file = Checkpoint::open(path)?;
        let (items, mut without) = items(&file, settings)?;
        let items = match &base {
            Some(base) => in_common(items, &file, base, &mut without)?,
            None => items,
        };
        without
            .into_iter()
            .filter(|l| !left_out.contains(l))
            .collect::<Vec<_>>()
            .into_iter()
            .for_each(|l| left_out.push(l));
        parts.push(Part { file, step, items });
    }
    let mut description = Description {
        name: series::name(&request.path),
        spectra: resolved(settings, &paths),
        checkpoint: parts.iter().map(|p| source(&p.file, p.step, &p.items)).collect::<Result<_, _>>()?,
        base: base.as_ref().map(|b| source(b, 0, &[])).transpose()?,
        left_out,
    };
    let hash = description.hash()?;
    let dir = RunDirectory::path_for(&request.out, &description.name, settings.seed, "checkpoint", &hash);
    let fresh = match RunDirectory::inspect(&dir) {
        Existing::Finished(_) if !request.force => {
            if let Some(old) = read_description(&dir) {
                description = old;
            }
            return Ok(Finished { dir, description, found: true });
        }
        Existing::Absent => true,
        Existing::Finished(_) | Existing::Unfinished(_) => false,
        Existing::Running { pid, .. } => return Err(AnalyzeError::Running { dir, pid }),
        Existing::Foreign(e) => return Err(e.into()),
    };
    let mut info = RunInfo {
        name: description.name.clone(),
        seed: settings.seed,
        backend: "checkpoint".to_owned(),
        precision: precisions(&parts),
        spectrum_version: env!("CARGO_PKG_VERSION").to_owned(),
        config_hash: hash,
        status: Status::Running,
        started_unix: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64()),
        parameters: description.checkpoint.first().map_or(0, |c| c.parameters),
        cpu_threads: std::thread::available_parallelism().map_or(1, |n| n.get() as u64),
        ..RunInfo::default()
    };
    let config = description.to_toml()?;
    let mut writer = match fresh {
        true => RunWriter::create(&dir, &info, &config)?,
        false => RunWriter::restart(&dir, &info, &config)?,
    };
    let clock = Instant::now();
    let done = all(&parts, base.as_ref(), request, &mut writer, progress);
    info.wall_seconds = clock.elapsed().as_secs_f64();
    info.recording_seconds = *done.as_ref().unwrap_or(&0.0);
    info.steps_done = writer.last_step().unwrap_or(0);
    info.status = if done.is_ok() { Status::Finished } else { Status::Failed };
    info.message = done.as_ref().err().map(ToString::to_string);
    let closed = writer.finish(&info);
    done?;
    closed?;
    Ok(Finished { dir, description, found: false })
}

fn check(settings: &Settings) -> Result<(), AnalyzeError> {
    let wrong = |option, found: String, expected| Err(AnalyzeError::Option { option, found, expected });
    if settings.convention.parse::<Convention>().is_err() {
        return wrong("--convention", settings.convention.clone(), "csn, ww, hill");
    }
    // 1/4 p^-2 draws: a quarter of a million at the lower end.
    if !(1e-3..=0.5).contains(&settings.goodness_precision) {
        return wrong("--precision", settings.goodness_precision.to_string(), "a number from 0.001 to 0.5");
    }
    Ok(())
}

/// The one checkpoint that a path, the value of `option`, stands for.
pub(crate) fn one_checkpoint(path: &Path, option: &'static str) -> Result<Checkpoint, AnalyzeError> {
    match &discover(path)?[..] {
        [file] => Ok(Checkpoint::open(file)?),
        several => Err(AnalyzeError::Option {
            option,
            found: format!("{}, with {} checkpoints", path.display(), several.len()),
            expected: "one checkpoint",
        }),
    }
}

/// The settings with the heads that the first model's `config.json` says, where heads were asked for.
fn resolved(settings: &Settings, paths: &[PathBuf]) -> Settings {
    let mut settings = settings.clone();
    if settings.heads == 0 && settings.views.contains(&ViewChoice::Heads) {
        settings.heads = paths.first().map_or(0, |p| heads::of_folder(p).0);
    }
    settings
}

/// All checkpoints in step order. Returns the time that workers were busy, in seconds.
fn all(
    parts: &[Part],
    base: Option<&Checkpoint>,
    request: &Request,
    writer: &mut RunWriter,
    progress: &mut dyn FnMut(&Progress),
) -> Result<f64, AnalyzeError> {
    let settings = &request.settings;
    let convention: Convention = settings.convention.parse().unwrap_or_default();
    let tail = FitOptions::of(convention);
    let recorder = Recorder {
        battery: Battery::standard_with(convention),
        references: References { seed: settings.seed, ..References::default() },
        route: settings.route,
        vectors: settings.vectors,
    };
    let cost = |parts: &[Part]| parts.iter().flat_map(|p| &p.items).map(|i| i.cost).sum::<f64>();
    let (whole, total) = (cost(parts), parts.iter().map(|p| p.items.len()).sum());
    let (mut done, mut spent, mut busy) = (0, 0.0, 0.0);
    let mut before: Option<Before> = None;
    for part in parts {
        let context = Context {
            settings,
            recorder: &recorder,
            tail,
            file: &part.file,
            base,
            step: part.step,
            before: before.as_ref(),
        };
        let mut after = |item: &Item| {
            done += 1;
            spent += item.cost;
            progress(&Progress { done, total, share: (spent / whole).min(1.0), layer: item.name.clone() });
        };
        let (rows, time) = workers::measure(&context, &part.items, request.jobs, &mut after)?;
        busy += time;
        writer.write_step(&rows)?;
        if parts.len() > 1 {
            let key = |id: &MatrixId| (id.layer.clone(), id.view.clone());
            // A matrix without a spectrum has its reason in each of its records.
            let reasons = rows.records.iter().filter_map(|r| Some((key(&r.id), Err(r.outcome.reason()?.clone()))));
            let mut now: Before = reasons.collect();
            now.extend(rows.spectra.into_iter().map(|s| (key(&s.id), Ok(s.spectrum))));
            before = Some(now);
        }
    }
    Ok(busy)
}

/// Those tensors that the base has in the same shape.
fn in_common(
    items: Vec<Item>,
    file: &Checkpoint,
    base: &Checkpoint,
    left_out: &mut Vec<LeftOut>,
) -> Result<Vec<Item>, AnalyzeError> {
    let mut kept = Vec::new();
    for item in items {
        match base.tensor(&item.name) {
            Some(t) if t.shape == item.shape && t.dtype.precision().is_some() => kept.push(item),
            Some(t) if t.shape == item.shape => {
                left_out.push(LeftOut { name: item.name, why: format!("the base's elements are {}", t.dtype) });
            }
            Some(t) => left_out.push(LeftOut {
                why: format!("its shape is {:?}, the base's {:?}", item.shape, t.shape),
                name: item.name,
            }),
            None => left_out.push(LeftOut { name: item.name, why: "the base does not have it".to_owned() }),
        }
    }
    if kept.is_empty() {
        return Err(AnalyzeError::NothingInCommon { path: file.path().to_owned(), base: base.path().to_owned() });
    }
    Ok(kept)
}

fn source(file: &Checkpoint, step: u64, items: &[Item]) -> Result<Source, AnalyzeError> {
    let path = std::path::absolute(file.path()).unwrap_or_else(|_| file.path().to_owned());
    let changed = file.files().into_iter().map(|path| changed(&path).map_err(|why| AnalyzeError::File { path, why }));
    let modified = changed.collect::<Result<Vec<_>, _>>()?.into_iter().max().unwrap_or(0);
    Ok(Source {
        step,
        bytes: file.file_bytes(),
        container: file.container().to_string(),
        root: file.root().map(str::to_owned),
        tensors: file.tensors().len() as u64,
        parameters: items.iter().map(|i| i.shape.iter().product::<usize>() as u64).sum(),
        modified: modified.to_string(),
        // TOML and JSON hold Unicode alone.
        path: PathBuf::from(path.to_string_lossy().into_owned()),
    })
}

/// When a file was last written or put in its place, in nanoseconds since 1970. Archives and package installers set the
/// time of writing, to one and the same for every version of a file; nobody sets the time of change.
fn changed(path: &Path) -> std::io::Result<u128> {
    let facts = path.metadata()?;
    let written = facts.modified()?.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos());
    #[cfg(unix)]
    let written = {
        use std::os::unix::fs::MetadataExt;
        let placed = i128::from(facts.ctime()) * 1_000_000_000 + i128::from(facts.ctime_nsec());
        written.max(u128::try_from(placed).unwrap_or(0))
    };
    Ok(written)
}

/// The precisions of the matrices, in the order in which they first occur.
fn precisions(parts: &[Part]) -> String {
    let mut names: Vec<String> = Vec::new();
    for part in parts {
        for item in &part.items {
            let dtype = part.file.tensor(&item.name).map(|t| t.dtype.to_string());
            names.extend(dtype.filter(|d| !names.contains(d)));
        }
    }
    names.join(", ")
}

/// The description in a run directory.
#[must_use]
pub fn read_description(dir: &Path) -> Option<Description> {
    toml::from_str(&std::fs::read_to_string(RunDirectory::config_file(dir)).ok()?).ok()
}
