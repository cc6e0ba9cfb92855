//! What all targets do: bytes become a file, the file is opened, every tensor is read.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use spectrum_checkpoint::Checkpoint;

/// A folder of this process, in memory where the system has such a place.
pub fn folder() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let shm = PathBuf::from("/dev/shm");
        let base = if shm.is_dir() { shm } else { std::env::temp_dir() };
        let folder = base.join(format!("spectrum-fuzz-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder for the inputs");
        folder
    })
}

/// Opens the bytes as a file of that name and reads every tensor of the four types. Errors are welcome; what they say is
/// spelled out, because that is code too.
pub fn exhaust(name: &str, bytes: &[u8]) {
    let path = folder().join(name);
    fs::write(&path, bytes).expect("the input's file");
    match Checkpoint::open(&path) {
        Ok(checkpoint) => {
            let names: Vec<(String, bool)> =
                checkpoint.tensors().iter().map(|t| (t.name.clone(), t.dtype.precision().is_some())).collect();
            for (name, readable) in names {
                let read = checkpoint.read(&name, |t| {
                    let elements: usize = t.shape.iter().product();
                    assert_eq!(t.bytes.len(), elements * t.precision.bytes());
                    t.bytes.iter().map(|&b| u64::from(b)).sum::<u64>()
                });
                match read {
                    Ok(_) => assert!(readable),
                    Err(error) => assert!(!error.to_string().is_empty()),
                }
                checkpoint.release(&name);
            }
            assert!(checkpoint.skipped().iter().all(|s| !s.reason.is_empty()));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
