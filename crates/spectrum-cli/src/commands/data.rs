//! `spectrum data`.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use serde_json::json;
use spectrum_data::{DataError, Origin, Progress, catalog, data_dir, fetch, find, is_here};

use crate::args::DataCommand;
use crate::exit::Failure;
use crate::output;

pub(crate) fn data(command: &DataCommand) -> Result<(), Failure> {
    match command {
        DataCommand::List { json } => list(*json),
        DataCommand::Fetch { name, dir } => {
            let entry = find(name).map_err(Failure::input)?;
            if entry.origin == Origin::BuiltIn {
                return output::print(&format!("{name}: comes with the program\n"));
            }
            let dir = dir.clone().or_else(data_dir).ok_or_else(|| {
                Failure::input("there is no home folder to keep data in; name one with --dir or SPECTRUM_DATA")
            })?;
            let mut line = Line::new();
            let done = fetch(entry, &dir, &mut |p| line.show(&p));
            line.end();
            let done = done.map_err(|e| match e {
                DataError::Fetch { .. } | DataError::Io { .. } => Failure::failed(e),
                e => Failure::input(e),
            })?;
            let from = done.source.map_or_else(|| "was there and is right".to_owned(), |s| format!("from {s}"));
            output::print(&format!("{name}: {from}: {}\n", done.folder.display()))
        }
    }
}

fn sources(origin: &Origin) -> Vec<String> {
    match origin {
        Origin::BuiltIn => vec!["comes with the program".into()],
        Origin::Fetched { sources, .. } => sources.iter().map(|s| s.describe()).collect(),
    }
}

fn list(as_json: bool) -> Result<(), Failure> {
    if as_json {
        let sets: Vec<_> = catalog()
            .iter()
            .map(|e| {
                json!({"name": e.name, "about": e.about, "licence": e.licence, "train": e.train, "test": e.test,
                       "here": is_here(e), "sources": sources(&e.origin)})
            })
            .collect();
        return output::json(&json!({ "data": sets }));
    }
    let mut text = String::new();
    for e in catalog() {
        let here = if is_here(e) { "here" } else { "not here" };
        text += &format!(
            "{:<14} {here:<9} {} train, {} test, {}x{}  {}; {}\n",
            e.name, e.train, e.test, e.shape.0, e.shape.1, e.about, e.licence
        );
        for s in sources(&e.origin) {
            text += &format!("{:<15}{s}\n", "");
        }
    }
    output::print(&text)
}

/// One line that is rewritten on a terminal, and a line every few seconds elsewhere.
struct Line {
    terminal: bool,
    said: Option<Instant>,
}

impl Line {
    fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal(), said: None }
    }

    fn show(&mut self, p: &Progress<'_>) {
        match p {
            Progress::Trying { source } => eprintln!("trying {source}"),
            Progress::Failed { source, why } => eprintln!("{source}: {why}"),
            Progress::Bytes { file, done, total } => {
                let pause = Duration::from_millis(if self.terminal { 100 } else { 5000 });
                if self.said.is_some_and(|t| t.elapsed() < pause) {
                    return;
                }
                self.said = Some(Instant::now());
                let of = total.map_or_else(String::new, |t| format!(" of {:.1}", t as f64 / 1e6));
                let (start, end) = if self.terminal { ("\r", "   ") } else { ("", "\n") };
                eprint!("{start}{file}: {:.1}{of} MB{end}", *done as f64 / 1e6);
                let _ = std::io::stderr().flush();
            }
            _ => {}
        }
    }

    fn end(&self) {
        if self.terminal && self.said.is_some() {
            eprintln!();
        }
    }
}
