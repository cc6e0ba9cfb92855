//! One writer a run: an exclusive lock on the file `lock`, which the system takes back when the process dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use crate::StoreError;
use crate::layout::LOCK;

/// Held as long as this value lives. The file itself stays: removing it would let two processes lock two files.
#[derive(Debug)]
pub(crate) struct RunLock {
    _file: File,
}

/// A reader that looks whether the lock is held takes it for a moment: a writer asks more than once.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(20);

impl RunLock {
    /// Takes the lock of a run directory, or says who holds it.
    pub(crate) fn take(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join(LOCK);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(StoreError::io("open the lock", &path))?;
        for attempt in 1.. {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if attempt < ATTEMPTS => sleep(PAUSE),
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreError::Locked { path: dir.to_owned(), pid: read_pid(&mut file) });
                }
                Err(TryLockError::Error(e)) => return Err(StoreError::io("take the lock", &path)(e)),
            }
        }
        // The number only makes the other process's message better: a full disk must not fail here.
        let _ = write_pid(&mut file);
        Ok(Self { _file: file })
    }

    /// Whether another process (or another writer of this one) holds the lock, and its number if it left one.
    pub(crate) fn holder(dir: &Path) -> Option<Option<u32>> {
        let mut file = File::open(dir.join(LOCK)).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(read_pid(&mut file)),
            _ => None,
        }
    }
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    // A number needs no more than this; the file could be anything.
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
