//! What a path may be, and what a directory stands for.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{error, fixture, npy_file};
use spectrum_checkpoint::{Checkpoint, CheckpointError as E, discover};

fn folder(files: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in files {
        let path = dir.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"x").unwrap();
    }
    dir
}

fn found(dir: &Path) -> Vec<String> {
    let all = discover(dir).unwrap_or_else(|e| panic!("{e}"));
    all.iter().map(|p| p.strip_prefix(dir).unwrap().to_str().unwrap().replace('\\', "/")).collect()
}

#[test]
fn a_file_is_itself() {
    let dir = folder(&["any.name"]);
    let path = dir.path().join("any.name");
    assert_eq!(discover(&path).unwrap(), [path]);
}

#[test]
fn a_model_folder_is_one_checkpoint() {
    let dir = folder(&["config.json", "model.safetensors", "pytorch_model.bin", "training_args.bin", "tokenizer.json"]);
    assert_eq!(found(dir.path()), ["model.safetensors"]);
    let dir = folder(&[
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
        "model.safetensors.index.json",
    ]);
    assert_eq!(found(dir.path()), ["model.safetensors.index.json"]);
    let dir = folder(&["weights-1.safetensors", "weights-2.safetensors", "weights.safetensors.index.json"]);
    assert_eq!(found(dir.path()), ["weights.safetensors.index.json"]);
    let dir = folder(&["net.pth", "optimizer.pt", "optimizer_0.pt", "rng_state-3.pth", ".hidden.pt", "README.md"]);
    assert_eq!(found(dir.path()), ["net.pth"]);
}

#[test]
fn several_checkpoints_are_a_time_series_in_natural_order() {
    let dir = folder(&["step-10.safetensors", "step-2.safetensors", "step-1.safetensors", "log.txt"]);
    assert_eq!(found(dir.path()), ["step-1.safetensors", "step-2.safetensors", "step-10.safetensors"]);
    let dir = folder(&[
        "step-10/model.bpk",
        "step-10/optimizer.bpk",
        "step-2/model.bpk",
        "step-2/state.json",
        "step-11.tmp/model.bpk",
        "notes/readme.txt",
    ]);
    assert_eq!(found(dir.path()), ["step-2/model.bpk", "step-10/model.bpk"]);
}

#[test]
fn a_directory_without_a_checkpoint() {
    let dir = folder(&["readme.txt", "optimizer.pt", "empty/nothing.txt"]);
    let error = discover(dir.path()).unwrap_err();
    assert!(matches!(error, E::NothingHere { .. }), "{error}");
    assert!(error.to_string().contains("*.safetensors"), "{error}");
}

#[test]
fn a_directory_is_no_file() {
    let dir = folder(&[]);
    let error = Checkpoint::open(dir.path()).unwrap_err();
    assert!(matches!(error, E::NotAFile { found: "a directory", .. }), "{error}");
}

#[test]
fn nothing_at_the_path() {
    for result in [Checkpoint::open(Path::new("no/such/file")).map(drop), discover(Path::new("no/such/file")).map(drop)]
    {
        assert!(matches!(result, Err(E::NotFound { .. })));
    }
}

#[cfg(unix)]
#[test]
fn a_socket_and_a_pipe() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    assert!(matches!(Checkpoint::open(&path), Err(E::NotAFile { found: "a socket", .. })));
    assert!(matches!(discover(&path), Err(E::NotAFile { .. })));
    // Opening a pipe would wait for a writer: it must not be tried.
    let pipe = dir.path().join("pipe");
    if std::process::Command::new("mkfifo").arg(&pipe).status().is_ok_and(|s| s.success()) {
        assert!(matches!(Checkpoint::open(&pipe), Err(E::NotAFile { found: "a pipe", .. })));
    }
}

#[cfg(unix)]
#[test]
fn permission_denied() {
    use std::os::unix::fs::PermissionsExt;
    let dir = folder(&["secret.npy"]);
    let path = dir.path().join("secret.npy");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o0)).unwrap();
    // The superuser may read everything.
    if fs::File::open(&path).is_ok() {
        eprintln!("skipped: this user may read any file");
        return;
    }
    let error = Checkpoint::open(&path).unwrap_err();
    assert!(matches!(&error, E::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied), "{error}");
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_is_what_it_leads_to() {
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(fixture("plain.npy"), dir.path().join("model.npy")).unwrap();
    std::os::unix::fs::symlink("nowhere", dir.path().join("dangling.npy")).unwrap();
    assert_eq!(found(dir.path()), ["model.npy"]);
    assert!(Checkpoint::open(&dir.path().join("model.npy")).is_ok());
}

#[test]
fn an_empty_file() {
    assert!(matches!(error(b""), E::Empty { .. }));
}

#[test]
fn wrong_magic() {
    for (bytes, word) in [
        (&b"hello, this is text"[..], "68 65 6c 6c 6f"),
        (b"\x89HDF\r\n\x1a\n....", "HDF5"),
        (b"GGUF\x03\0\0\0", "GGUF"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (&[0; 100], "00 00 00"),
        (b"\x80", "80"),
    ] {
        let error = error(bytes);
        assert!(matches!(&error, E::UnknownFormat { found, .. } if found.contains(word)), "{error}");
        // The extension is only a remark.
        assert!(error.to_string().contains("the extension .bin does not count"), "{error}");
    }
}

#[test]
fn the_extension_does_not_count() {
    let dir = tempfile::tempdir().unwrap();
    let path: PathBuf = dir.path().join("model.safetensors");
    fs::write(&path, npy_file("{'descr': '<f4', 'fortran_order': False, 'shape': ()}", &[0; 4])).unwrap();
    assert_eq!(Checkpoint::open(&path).unwrap().container().to_string(), "npy");
}

#[test]
fn a_name_that_matches_nothing() {
    let checkpoint = Checkpoint::open(&fixture("silero_vad_16k.safetensors")).unwrap();
    let error = checkpoint.read("lstm_cell.weight_hi", |_| ()).unwrap_err();
    let E::UnknownTensor { nearest, .. } = &error else { panic!("{error}") };
    assert!(nearest.contains(&"lstm_cell.weight_ih".to_owned()), "{nearest:?}");
    assert!(error.to_string().contains("near it: lstm_cell.weight_"), "{error}");
    // Nothing is near this; releasing it is nothing.
    let error = checkpoint.read("zzz", |_| ()).unwrap_err();
    assert!(matches!(&error, E::UnknownTensor { nearest, .. } if nearest.is_empty()), "{error}");
    checkpoint.release("zzz");
}

#[test]
fn a_checkpoint_is_read_by_several_threads() {
    let checkpoint = Checkpoint::open(&fixture("nested.pth")).unwrap();
    let once = checkpoint.read("transposed.weight", |t| t.bytes.to_vec()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(checkpoint.read("transposed.weight", |t| t.bytes.to_vec()).unwrap(), once);
                }
            });
        }
    });
}
