//! One file over HTTP, resumed where it broke off.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use ureq::Agent;
use ureq::http::{Response, StatusCode, header};

use crate::DataError;
use crate::install::Fault;

/// A transfer that broke off is continued this often before the source is given up.
const RESUMPTIONS: usize = 20;

/// The client: it gives up on a server that is silent for half a minute, not on a slow one.
pub(crate) fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .timeout_resolve(Some(Duration::from_secs(15)))
        .timeout_connect(Some(Duration::from_secs(15)))
        .timeout_recv_response(Some(Duration::from_secs(30)))
        .timeout_per_read(Some(Duration::from_secs(30)))
        .user_agent(concat!("spectrum/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent()
}

enum Stop {
    /// The transfer broke off after this many new bytes.
    Broken {
        received: u64,
        why: String,
    },
    /// The part on disk does not fit what the server has: it was removed.
    StartAgain,
    Fault(Fault),
}

impl From<DataError> for Stop {
    fn from(e: DataError) -> Self {
        Self::Fault(Fault::Fatal(e))
    }
}

impl Stop {
    fn refused(why: String) -> Self {
        Self::Fault(Fault::Source(why))
    }
}

/// Brings `url` to `part`, continuing what is there. `progress` hears bytes done and, if known, in all.
///
/// The part stays on disk when the transfer breaks off, for a later call. At most `limit` bytes are taken.
pub(crate) fn download(
    agent: &Agent,
    url: &str,
    part: &Path,
    limit: u64,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<(), Fault> {
    let mut started_again = false;
    for _ in 0..=RESUMPTIONS {
        match transfer(agent, url, part, limit, progress) {
            Ok(()) => return Ok(()),
            Err(Stop::Broken { received, .. }) if received > 0 => {}
            Err(Stop::Broken { why, .. }) => return Err(Fault::Source(why)),
            Err(Stop::StartAgain) if !started_again => started_again = true,
            Err(Stop::StartAgain) => return Err(Fault::Source("the server confuses byte ranges".into())),
            Err(Stop::Fault(fault)) => return Err(fault),
        }
    }
    Err(Fault::Source(format!("the transfer broke off {} times", RESUMPTIONS + 1)))
}

fn transfer(
    agent: &Agent,
    url: &str,
    part: &Path,
    limit: u64,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<(), Stop> {
    let have = fs::metadata(part).map_or(0, |m| m.len());
    // The bytes are wanted as they lie on the server, for ranges count those.
    let mut request = agent.get(url).header(header::ACCEPT_ENCODING, "identity");
    if have > 0 {
        request = request.header(header::RANGE, format!("bytes={have}-"));
    }
    let mut response = request.call().map_err(|e| Stop::Broken { received: 0, why: e.to_string() })?;

    let (start, total) = match response.status() {
        StatusCode::OK => (0, response.body().content_length()),
        StatusCode::PARTIAL_CONTENT => match content_range(&response) {
            Some((Some(first), total)) if first == have => (have, total),
            _ => return Err(start_again(part)?),
        },
        // Nothing lies beyond our part: it is either whole, or not of this file.
        StatusCode::RANGE_NOT_SATISFIABLE if have > 0 => match content_range(&response) {
            Some((None, Some(total))) if total == have => return Ok(()),
            _ => return Err(start_again(part)?),
        },
        status => return Err(Stop::refused(format!("the server answers {status}"))),
    };
    if let Some(total) = total.filter(|&t| t > limit) {
        return Err(Stop::refused(format!("the server offers {total} bytes, expected at most {limit}")));
    }

    let mut out = OpenOptions::new()
        .create(true)
        .append(start > 0)
        .write(true)
        .truncate(start == 0)
        .open(part)
        .map_err(DataError::io(part, "open"))?;
    let mut body = response.body_mut().as_reader();
    let mut buffer = vec![0; 1 << 16];
    let mut done = start;
    loop {
        let n = match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => {
                return Err(Stop::Broken { received: done - start, why: format!("broke off at byte {done}: {e}") });
            }
        };
        out.write_all(&buffer[..n]).map_err(DataError::io(part, "write"))?;
        done += n as u64;
        if done > limit {
            let _ = fs::remove_file(part);
            return Err(Stop::refused(format!("the server sends more than the expected {limit} bytes")));
        }
        progress(done, total);
    }
    match total {
        Some(total) if done < total => {
            Err(Stop::Broken { received: done - start, why: format!("broke off at byte {done} of {total}") })
        }
        _ => Ok(()),
    }
}

fn start_again(part: &Path) -> Result<Stop, DataError> {
    fs::remove_file(part).map_err(DataError::io(part, "remove"))?;
    Ok(Stop::StartAgain)
}

/// First byte and total length of `bytes 5-9/10`, `bytes 5-9/*` or `bytes */10`.
fn content_range<B>(response: &Response<B>) -> Option<(Option<u64>, Option<u64>)> {
    let value = response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?;
    let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    let first = range.split_once('-').and_then(|(first, _)| first.parse().ok());
    Some((first, total.parse().ok()))
}
