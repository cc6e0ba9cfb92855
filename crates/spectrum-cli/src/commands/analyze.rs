//! `spectrum analyze`.

use serde_json::{Value, json};
use spectrum_analyze::{AnalyzeError, Finished, Request, Settings};
use spectrum_report::{RunData, layers, show, write_report};
use spectrum_store::{Format, RunDirectory, RunReader, export};

use crate::args::Analyze;
use crate::exit::Failure;
use crate::progress::ShareReporter;
use crate::{commands, output};

pub(super) fn failure(e: &AnalyzeError) -> Failure {
    if e.is_input() { Failure::input(e) } else { Failure::failed(e) }
}

fn settings(args: &Analyze) -> Result<Settings, Failure> {
    fn all<T: std::str::FromStr<Err = AnalyzeError>>(names: &[String]) -> Result<Vec<T>, Failure> {
        names.iter().map(|n| n.parse()).collect::<Result<_, _>>().map_err(|e| failure(&e))
    }
    let every = || vec!["*".to_owned()];
    Ok(Settings {
        layers: if args.layers.is_empty() { every() } else { args.layers.iter().flat_map(|l| patterns(l)).collect() },
        convention: args.convention.clone(),
        route: args.route.parse().map_err(|e| Failure::input(format!("--route: {e}")))?,
        vectors: args.vectors,
        max_size: args.max_size,
        views: all(&args.views)?,
        heads: args.heads,
        layout: args.layout.parse().map_err(|e| failure(&e))?,
        extras: all(&args.extras)?,
        goodness_precision: args.precision,
        seed: args.seed,
    })
}

/// The patterns of a list, whose commas are those outside `{a,b}` and `[,]`.
pub(super) fn patterns(list: &str) -> Vec<String> {
    let (mut out, mut braces, mut class, mut escaped) = (vec![String::new()], 0usize, false, false);
    for c in list.chars() {
        match c {
            _ if escaped => {}
            ']' => class = false,
            '[' => class = true,
            '{' if !class => braces += 1,
            '}' if !class => braces = braces.saturating_sub(1),
            ',' if braces == 0 && !class => {
                out.push(String::new());
                continue;
            }
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        if let Some(last) = out.last_mut() {
            last.push(c);
        }
    }
    out
}

/// Text from a file, in which nothing moves the cursor.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// So many left-out tensors are named; the rest are in the config and under `--json`.
pub(super) const MOST_LEFT_OUT: usize = 20;

pub(crate) fn analyze(args: &Analyze) -> Result<(), Failure> {
    let format: Option<Format> = args.export.as_deref().map(str::parse).transpose().map_err(Failure::input)?;
    let request = Request {
        path: args.path.clone(),
        base: args.base.clone(),
        out: args.out.clone(),
        jobs: args.jobs,
        force: args.force,
        settings: settings(args)?,
    };
    let mut reporter = ShareReporter::new(args.quiet || args.json);
    let finished = spectrum_analyze::analyze(&request, &mut |p| reporter.at(p));
    reporter.done();
    let finished = finished.map_err(|e| failure(&e))?;
    let data = commands::read(&finished.dir)?;
    let report = RunDirectory::report_file(&finished.dir);
    if !finished.found || !report.exists() {
        write_report(std::slice::from_ref(&data), &report).map_err(Failure::failed)?;
    }
    if let Some(format) = format {
        let reader = RunReader::open(&finished.dir).map_err(Failure::input)?;
        export(&reader, format, &finished.dir.join("export")).map_err(Failure::failed)?;
    }
    if args.json {
        return output::json(&document(&finished, &data)?);
    }
    if args.quiet {
        return Ok(());
    }
    output::print(&text(&finished, &data))
}

/// `{"checkpoint": {...}, "records": [...]}`; the records are those of `spectrum show --json`.
fn document(finished: &Finished, data: &RunData) -> Result<Value, Failure> {
    let mut checkpoint = serde_json::to_value(&finished.description).map_err(Failure::failed)?;
    checkpoint["dir"] = json!(finished.dir);
    let records = show::json(data)["records"].take();
    Ok(json!({ "checkpoint": checkpoint, "records": records }))
}

fn text(finished: &Finished, data: &RunData) -> String {
    let mut out = String::new();
    for c in &finished.description.checkpoint {
        let root = c.root.as_ref().map(|r| format!(", `{r}`")).unwrap_or_default();
        let (tensors, megabytes) = (c.tensors, c.bytes as f64 / 1e6);
        out.push_str(&format!(
            "{}: {}{root}, {tensors} tensors, {megabytes:.1} MB\n",
            plain(&c.path.to_string_lossy()),
            c.container
        ));
    }
    if let Some(base) = &finished.description.base {
        out.push_str(&format!("minus {}: {}\n", base.path.display(), base.container));
    }
    out.push('\n');
    out.push_str(&layers(data, output::width()));
    // What concerns all (views, vectors) comes last in the list, single tensors first.
    let left = &finished.description.left_out;
    for l in left.iter().take(MOST_LEFT_OUT) {
        out.push_str(&format!("  left out: {}: {}\n", plain(&l.name), plain(&l.why)));
    }
    if left.len() > MOST_LEFT_OUT {
        let more = left.len() - MOST_LEFT_OUT;
        out.push_str(&format!("  left out: {more} more, named in config.toml and by --json\n"));
    }
    let found = if finished.found { "This was analysed before; --force repeats it.\n" } else { "" };
    let report = RunDirectory::report_file(&finished.dir);
    out + &format!("\n{found}run     {}\nreport  {}\n", finished.dir.display(), report.display())
}
