//! The way from the page to a run's report.

use std::path::{Component, Path};

/// A relative link from a file in the folder `from` to the file `to`, for an `href`. None where there is no relative way,
/// or where a path is not Unicode.
pub(crate) fn relative(from: &Path, to: &Path) -> Option<String> {
    let (from, to) = (clean(from)?, clean(to)?);
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    if shared == 0 {
        // Two drives.
        return None;
    }
    let up = std::iter::repeat_n("..".to_owned(), from.len() - shared);
    let down = to[shared..].iter().map(|part| encode(part));
    let parts: Vec<String> = up.chain(down).collect();
    Some(parts.join("/"))
}

/// The parts of the absolute path, `..` taken out.
fn clean(path: &Path) -> Option<Vec<String>> {
    // An empty path is the folder that one is in.
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let mut out = Vec::new();
    for part in std::path::absolute(path).ok()?.components() {
        match part {
            Component::ParentDir if out.len() > 1 => drop(out.pop()),
            Component::CurDir | Component::ParentDir => {}
            other => out.push(other.as_os_str().to_str()?.to_owned()),
        }
    }
    Some(out)
}

/// A part of a path as RFC 3986 wants it: everything but unreserved characters as %XX.
fn encode(part: &str) -> String {
    part.bytes().fold(String::new(), |mut out, b| {
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(b));
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_from_the_page_to_the_run() {
        let way = |from: &str, to: &str| relative(Path::new(from), Path::new(to)).unwrap();
        assert_eq!(way("runs", "runs/a-0/report.html"), "a-0/report.html");
        assert_eq!(way("", "a-0/report.html"), "a-0/report.html");
        assert_eq!(way("/x/pages", "/x/runs/../runs/./a/report.html"), "../runs/a/report.html");
        // urllib.parse.quote("a b#1?é%")
        assert_eq!(way("/x", "/x/a b#1?é%/report.html"), "a%20b%231%3F%C3%A9%25/report.html");
        assert_eq!(way("/x", "/x/javascript:alert(1)"), "javascript%3Aalert%281%29");
    }
}
