//! `fetch` against a small HTTP server of our own on 127.0.0.1.
#![allow(clippy::unwrap_used)]

use std::borrow::Cow;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use spectrum_data::{DataError, Entry, Fetched, File, Origin, Progress, Source, fetch, stream};
use tempfile::tempdir;

/// What the server does with one request.
#[derive(Clone, Copy)]
enum Reply {
    /// As servers do: ranges honoured.
    Good,
    /// Ranges honoured, but the connection closes after this many bytes of the body.
    Cut(usize),
    /// The whole file whatever the range.
    NoRanges,
    /// A range that was not asked for.
    WrongRange,
    /// This status and no body.
    Status(&'static str),
    /// A length without end.
    Huge,
    /// Elsewhere, at this address.
    Moved(&'static str),
}

type Requests = Arc<Mutex<Vec<(String, Option<String>)>>>;

/// Serves `content` under every path; request number i gets reply i, and the last reply from then on.
fn serve(content: Vec<u8>, replies: Vec<Reply>) -> (String, Requests) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    let requests = Requests::default();
    let seen = Arc::clone(&requests);
    std::thread::spawn(move || {
        for (i, connection) in listener.incoming().enumerate() {
            let mut connection = connection.unwrap();
            let mut path = String::new();
            let mut range = None;
            for line in BufReader::new(&connection).lines() {
                let line = line.unwrap();
                if line.is_empty() {
                    break;
                }
                if let Some(rest) = line.strip_prefix("GET ") {
                    path = rest.split(' ').next().unwrap().to_owned();
                }
                if let Some(value) = line.to_lowercase().strip_prefix("range: ") {
                    range = Some(value.to_owned());
                }
            }
            seen.lock().unwrap().push((path, range.clone()));
            let reply = replies[i.min(replies.len() - 1)];
            // A client that hangs up early is no failure of the server.
            let _ = connection.write_all(&answer(&content, reply, range.as_deref()));
        }
    });
    (base, requests)
}

fn answer(content: &[u8], reply: Reply, range: Option<&str>) -> Vec<u8> {
    let all = content.len();
    let start = range.map_or(0, |r| r.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap());
    let start = if matches!(reply, Reply::NoRanges) { 0 } else { start };
    let mut head = match reply {
        Reply::Status(status) => format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n"),
        Reply::Moved(to) => format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n"),
        Reply::Huge => format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n", u64::MAX / 2),
        _ if start >= all => format!("HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */{all}\r\n"),
        _ if start > 0 => {
            let told = if matches!(reply, Reply::WrongRange) { start - 1 } else { start };
            let (last, length) = (all - 1, all - start);
            format!(
                "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {told}-{last}/{all}\r\nContent-Length: {length}\r\n"
            )
        }
        _ => format!("HTTP/1.1 200 OK\r\nContent-Length: {all}\r\n"),
    };
    head += "Connection: close\r\n\r\n";
    let mut bytes = head.into_bytes();
    let body = &content[start.min(all)..];
    match reply {
        Reply::Status(_) | Reply::Moved(_) => {}
        Reply::Cut(n) => bytes.extend_from_slice(&body[..n.min(body.len())]),
        _ => bytes.extend_from_slice(body),
    }
    bytes
}

const NAME: &str = "train-images-idx3-ubyte";

/// 200 kB that gzip cannot shrink.
fn raw() -> Vec<u8> {
    let mut rng = stream(0, "fetch.test");
    spectrum_data::permutation(&mut rng, 50_000).into_iter().flat_map(|i| (i * 85_899).to_le_bytes()).collect()
}

fn gz(raw: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(raw).unwrap();
    encoder.finish().unwrap()
}

fn entry(raw: &[u8], sources: Vec<Source>) -> Entry {
    let sha256: String = Sha256::digest(raw).iter().map(|b| format!("{b:02x}")).collect();
    let file = File { name: NAME, bytes: raw.len() as u64, sha256: sha256.leak() };
    Entry {
        name: "tiny",
        about: "",
        licence: "",
        train: 1,
        test: 1,
        shape: (1, 1),
        classes: 1,
        origin: Origin::Fetched { files: Cow::Owned(vec![file]), sources: Cow::Owned(sources) },
    }
}

fn url(base: &str) -> Source {
    Source::Url { base: Cow::Owned(base.to_owned()) }
}

fn quiet(entry: &Entry, dir: &Path) -> Result<Fetched, DataError> {
    fetch(entry, dir, &mut |_| {})
}

fn ranges(requests: &Requests) -> Vec<Option<String>> {
    requests.lock().unwrap().iter().map(|(_, r)| r.clone()).collect()
}

/// The visible files in the set's folder.
fn files(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir.join("tiny"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|n| !n.starts_with('.'))
        .collect();
    names.sort();
    names
}

#[test]
fn a_set_is_fetched_once() {
    let (raw, dir) = (raw(), tempdir().unwrap());
    let (base, requests) = serve(gz(&raw), vec![Reply::Good]);
    let entry = entry(&raw, vec![url(&base)]);
    let mut last = None;
    let fetched = fetch(&entry, dir.path(), &mut |p| {
        if let Progress::Bytes { done, total, .. } = p {
            last = Some((done, total));
        }
    })
    .unwrap();
    let length = gz(&raw).len() as u64;
    assert_eq!(last, Some((length, Some(length))));
    assert_eq!(fetched.source.as_deref(), Some(base.as_str()));
    assert_eq!(fs::read(&fetched.files[0]).unwrap(), raw);
    assert_eq!(files(dir.path()), [NAME]);
    assert_eq!(*requests.lock().unwrap(), [(format!("/{NAME}.gz"), None)]);

    assert_eq!(quiet(&entry, dir.path()).unwrap().source, None);
    assert_eq!(requests.lock().unwrap().len(), 1);

    // A file that has changed on disk is fetched again.
    let mut spoilt = raw.clone();
    spoilt[1000] ^= 1;
    fs::write(&fetched.files[0], &spoilt).unwrap();
    assert!(quiet(&entry, dir.path()).unwrap().source.is_some());
    assert_eq!(fs::read(&fetched.files[0]).unwrap(), raw);
}

#[test]
fn a_transfer_that_breaks_off_is_continued_where_it_ended() {
    let (raw, dir) = (raw(), tempdir().unwrap());
    let (base, requests) = serve(gz(&raw), vec![Reply::Cut(70_000), Reply::Cut(50_000), Reply::Good]);
    let fetched = quiet(&entry(&raw, vec![url(&base)]), dir.path()).unwrap();
    assert_eq!(fs::read(&fetched.files[0]).unwrap(), raw);
    assert_eq!(ranges(&requests), [None, Some("bytes=70000-".into()), Some("bytes=120000-".into())]);
}

#[test]
fn a_later_call_continues_the_part_that_an_earlier_one_left() {
    let (raw, dir) = (raw(), tempdir().unwrap());
    let (base, _) = serve(gz(&raw), vec![Reply::Cut(60_000), Reply::Status("503 Service Unavailable")]);
    let error = quiet(&entry(&raw, vec![url(&base)]), dir.path()).unwrap_err().to_string();
    assert!(error.contains("503") && error.contains(&base), "{error}");
    assert_eq!(files(dir.path()), [format!("{NAME}.gz.part")]);

    let (base, requests) = serve(gz(&raw), vec![Reply::Good]);
    quiet(&entry(&raw, vec![url(&base)]), dir.path()).unwrap();
    assert_eq!(ranges(&requests), [Some("bytes=60000-".into())]);
    assert_eq!(files(dir.path()), [NAME]);
}

#[test]
fn a_server_without_ranges_starts_from_the_beginning() {
    let (raw, dir) = (raw(), tempdir().unwrap());
    let (base, requests) = serve(gz(&raw), vec![Reply::Cut(60_000), Reply::NoRanges]);
    quiet(&entry(&raw, vec![url(&base)]), dir.path()).unwrap();
    assert_eq!(requests.lock().unwrap().len(), 2);
    assert_eq!(files(dir.path()), [NAME]);
}

#[test]
fn a_server_that_answers_another_range_is_asked_for_the_whole() {
    let (raw, dir) = (raw(), tempdir().unwrap());
    let (base, requests) = serve(gz(&raw), vec![Reply::Cut(60_000), Reply::WrongRange, Reply::Good]);
    quiet(&entry(&raw, vec![url(&base)]), dir.path()).unwrap();
    assert_eq!(ranges(&requests), [None, Some("bytes=60000-".into()), None]);
}

#[test]
fn a_range_survives_a_redirect() {
    let (raw, dir) = (raw(), tempdir().unwrap());
    let (real, requests) = serve(gz(&raw), vec![Reply::Cut(60_000), Reply::Good]);
    let (base, _) = serve(Vec::new(), vec![Reply::Moved(format!("{real}elsewhere").leak())]);
    quiet(&entry(&raw, vec![url(&base)]), dir.path()).unwrap();
    let seen = requests.lock().unwrap().clone();
    assert_eq!(seen, [("/elsewhere".to_owned(), None), ("/elsewhere".to_owned(), Some("bytes=60000-".to_owned()))]);
}

#[test]
fn a_complete_part_is_used_and_a_strange_one_is_replaced() {
    let (raw, dir) = (raw(), tempdir().unwrap());
    let packed = gz(&raw);
    let part = dir.path().join("tiny").join(format!("{NAME}.gz.part"));
    fs::create_dir(dir.path().join("tiny")).unwrap();

    // Killed between the last byte and the check.
    fs::write(&part, &packed).unwrap();
    let (base, requests) = serve(packed.clone(), vec![Reply::Good]);
    quiet(&entry(&raw, vec![url(&base)]), dir.path()).unwrap();
    assert_eq!(ranges(&requests), [Some(format!("bytes={}-", packed.len()))]);

    // Other bytes: the whole fails its checksum once, then comes afresh. Longer than the file: likewise.
    for strange in [vec![7; 1000], vec![7; packed.len() + 5]] {
        fs::remove_file(dir.path().join("tiny").join(NAME)).unwrap();
        fs::write(&part, strange).unwrap();
        let (base, requests) = serve(packed.clone(), vec![Reply::Good]);
        quiet(&entry(&raw, vec![url(&base)]), dir.path()).unwrap();
        assert_eq!(ranges(&requests).last().unwrap(), &None);
        assert_eq!(files(dir.path()), [NAME]);
    }
}

#[test]
fn wrong_bytes_are_refused_and_the_next_source_is_tried() {
    let (raw, dir) = (raw(), tempdir().unwrap());
    let mut other = raw.clone();
    other[5] ^= 1;
    let (bad, bad_requests) = serve(gz(&other), vec![Reply::Good]);
    let error = quiet(&entry(&raw, vec![url(&bad)]), dir.path()).unwrap_err().to_string();
    assert!(error.contains("SHA-256") && error.contains("expected") && error.contains(NAME), "{error}");
    assert_eq!(files(dir.path()), [""; 0]);
    assert_eq!(bad_requests.lock().unwrap().len(), 1);

    let short = serve(gz(&raw[..100]), vec![Reply::Good]).0;
    let broken = serve(gz(&raw)[..90_000].to_vec(), vec![Reply::Good]).0;
    let missing = serve(Vec::new(), vec![Reply::Status("404 Not Found")]).0;
    let endless = serve(Vec::new(), vec![Reply::Huge]).0;
    // A port that was free a moment ago: nobody answers there.
    let dead = format!("http://{}/", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let folder = Source::Folder { path: "/no/such/folder".into() };
    // Raw bytes are as good as gzipped ones.
    let good = serve(raw.clone(), vec![Reply::Good]).0;
    let sources =
        vec![folder, url(&bad), url(&short), url(&broken), url(&missing), url(&endless), url(&dead), url(&good)];
    let mut failures = Vec::new();
    let fetched = fetch(&entry(&raw, sources), dir.path(), &mut |p| {
        if let Progress::Failed { why, .. } = p {
            failures.push(why.to_owned());
        }
    })
    .unwrap();
    assert_eq!(fetched.source.as_deref(), Some(good.as_str()));
    let says = ["not there", "SHA-256", "100 bytes, expected 200000", "", "404", "expected at most", ""];
    assert_eq!(failures.len(), says.len(), "{failures:?}");
    for (failure, says) in failures.iter().zip(says) {
        assert!(failure.contains(says), "{failure} / {says}");
    }
    assert_eq!(fs::read(&fetched.files[0]).unwrap(), raw);
    assert_eq!(files(dir.path()), [NAME]);
}

#[test]
fn a_folder_is_a_source() {
    let (raw, dir, here) = (raw(), tempdir().unwrap(), tempdir().unwrap());
    fs::write(here.path().join("train-images.idx3-ubyte.gz"), gz(&raw)).unwrap();
    let source = Source::Folder { path: here.path().to_str().unwrap().to_owned().into() };
    let fetched = quiet(&entry(&raw, vec![source]), dir.path()).unwrap();
    assert_eq!(fs::read(&fetched.files[0]).unwrap(), raw);
}

#[test]
fn two_processes_do_not_write_the_same_set() {
    let (raw, dir) = (raw(), tempdir().unwrap());
    fs::create_dir(dir.path().join("tiny")).unwrap();
    let lock = fs::File::create(dir.path().join("tiny/.lock")).unwrap();
    lock.try_lock().unwrap();
    assert!(matches!(quiet(&entry(&raw, vec![]), dir.path()), Err(DataError::Busy { .. })));
    drop(lock);
    assert!(matches!(quiet(&entry(&raw, vec![]), dir.path()), Err(DataError::Fetch { tried, .. }) if tried.is_empty()));
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let dir = tempdir().unwrap();
    let file = dir.path().join("occupied");
    fs::write(&file, "").unwrap();
    let error = quiet(&entry(&raw(), vec![]), &file).unwrap_err().to_string();
    assert!(error.contains("occupied") && error.contains("cannot create"), "{error}");
}

#[test]
fn a_built_in_set_is_not_fetched() {
    let error = quiet(spectrum_data::find("digits").unwrap(), Path::new("/nowhere")).unwrap_err();
    assert!(matches!(error, DataError::NothingToFetch { .. }));
}
