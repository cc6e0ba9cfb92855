//! The last step of every fetch: decompress, check, and only then rename into place.

use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::DataError;
use crate::catalog::File;

/// Why a source did not give a file.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Its own fault: another source may do.
    Source(String),
    /// This machine's fault (a full disk, say): no other source will do.
    Fatal(DataError),
}

impl From<DataError> for Fault {
    fn from(e: DataError) -> Self {
        Self::Fatal(e)
    }
}

/// Writes `source` (raw or gzipped) as `file.name` into `folder` if its content has the file's length and checksum.
///
/// The name appears only with the right content behind it: bytes go to a neighbour, are synced, and are renamed.
pub(crate) fn install(source: impl Read, file: &File, folder: &Path) -> Result<(), Fault> {
    let neighbour = folder.join(format!("{}.tmp", file.name));
    let target = folder.join(file.name);
    let done = write_checked(source, file, &neighbour)
        .and_then(|()| fs::rename(&neighbour, &target).map_err(|e| DataError::io(&target, "rename to")(e).into()));
    if done.is_err() {
        let _ = fs::remove_file(&neighbour);
    }
    done
}

fn write_checked(mut source: impl Read, file: &File, path: &Path) -> Result<(), Fault> {
    let unreadable = |e: std::io::Error| Fault::Source(format!("{}: {e}", file.name));
    let mut start = Vec::with_capacity(2);
    (&mut source).take(2).read_to_end(&mut start).map_err(unreadable)?;
    let gzip = start == [0x1f, 0x8b];
    let whole = Cursor::new(start).chain(source);
    let mut content: Box<dyn Read + '_> = if gzip { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) };

    let mut out = fs::File::create(path).map_err(DataError::io(path, "create"))?;
    let mut hash = Sha256::new();
    let mut length = 0_u64;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let n = match content.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(unreadable(e)),
        };
        length += n as u64;
        if length > file.bytes {
            return Err(Fault::Source(format!("{}: more than the expected {} bytes", file.name, file.bytes)));
        }
        hash.update(&buffer[..n]);
        out.write_all(&buffer[..n]).map_err(DataError::io(path, "write"))?;
    }
    if length < file.bytes {
        return Err(Fault::Source(format!("{}: {length} bytes, expected {}", file.name, file.bytes)));
    }
    let found = hex(&hash.finalize());
    if found != file.sha256 {
        return Err(Fault::Source(format!("{}: SHA-256 {found}, expected {}", file.name, file.sha256)));
    }
    out.sync_all().map_err(DataError::io(path, "write"))?;
    Ok(())
}

/// Whether the raw file is in place with the right content.
pub(crate) fn is_installed(file: &File, folder: &Path) -> bool {
    let path = folder.join(file.name);
    if !fs::metadata(&path).is_ok_and(|m| m.is_file() && m.len() == file.bytes) {
        return false;
    }
    let Ok(mut content) = fs::File::open(&path) else { return false };
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match content.read(&mut buffer) {
            Ok(0) => return hex(&hash.finalize()) == file.sha256,
            Ok(n) => hash.update(&buffer[..n]),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut s, b| {
        let _ = write!(s, "{b:02x}");
        s
    })
}
