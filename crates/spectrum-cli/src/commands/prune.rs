//! `spectrum prune`.

use serde_json::json;
use spectrum_analyze::{Part, PruneRequest, Pruned};

use super::analyze::{MOST_LEFT_OUT, failure, patterns, plain};
use crate::args::Prune;
use crate::exit::Failure;
use crate::output;
use crate::progress::ShareReporter;

pub(crate) fn prune(args: &Prune) -> Result<(), Failure> {
    let part: Part = args.keep.parse().map_err(|e| Failure::input(format!("--keep: {e}")))?;
    let request = PruneRequest {
        path: args.path.clone(),
        part,
        fraction: args.fraction,
        layers: args.layers.iter().flat_map(|l| patterns(l)).collect(),
        last: args.last.clone(),
        out: args.out.clone(),
        force: args.force,
    };
    let mut reporter = ShareReporter::new(args.quiet || args.json);
    let done = spectrum_analyze::prune(&request, &mut |p| reporter.at(p));
    reporter.done();
    let done = done.map_err(|e| failure(&e))?;
    if args.json {
        let document = serde_json::to_value(&done).map_err(Failure::failed)?;
        return output::json(&json!({ "prune": document }));
    }
    if args.quiet {
        return Ok(());
    }
    output::print(&text(&done, output::width()))
}

/// The layers as a table of `width` characters, names cut where they do not fit, and what else became of the file.
fn text(done: &Pruned, width: usize) -> String {
    const HEADING: [&str; 4] = ["view", "shape", "kept", "share of |W|^2"];
    let cells = |l: &spectrum_analyze::PrunedLayer| {
        let (shape, kept) = (format!("{} x {}", l.rows, l.cols), format!("{} of {}", l.kept, l.of));
        [l.view.clone(), shape, kept, format!("{:.4}", l.share)]
    };
    let rows: Vec<(String, [String; 4])> = std::iter::once(("layer".to_owned(), HEADING.map(str::to_owned)))
        .chain(done.layers.iter().map(|l| (plain(&l.layer), cells(l))))
        .collect();
    let sizes: [usize; 4] = std::array::from_fn(|c| rows.iter().map(|(_, r)| r[c].len()).max().unwrap_or(0));
    let others: usize = sizes.iter().map(|s| s + 2).sum();
    let longest = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let names = longest.min(width.saturating_sub(others + 2).max(18));
    let mut out = format!("{}\n\n", plain(&done.checkpoint.to_string_lossy()));
    for (name, [view, shape, kept, share]) in &rows {
        let name = match name.chars().count() > names {
            true => name.chars().take(names - 1).chain(['…']).collect(),
            false => name.clone(),
        };
        let [v, s, k, h] = sizes;
        out.push_str(&format!("  {name:<names$}  {view:<v$}  {shape:>s$}  {kept:>k$}  {share:>h$}\n"));
    }
    out.push('\n');
    if let Some(last) = &done.last {
        let by = match done.last_by {
            Some("names") => ", by the names: the file keeps no other order, and --last names another",
            Some("saving") => ", by the order of saving; --last names another",
            _ => "",
        };
        out.push_str(&format!("  whole, as the last layer: {}{by}\n", plain(last)));
    }
    for l in done.left_out.iter().take(MOST_LEFT_OUT) {
        out.push_str(&format!("  left out: {}: {}\n", plain(&l.name), plain(&l.why)));
    }
    if done.left_out.len() > MOST_LEFT_OUT {
        out.push_str(&format!("  left out: {} more, named by --json\n", done.left_out.len() - MOST_LEFT_OUT));
    }
    let (keep, fraction) = (&done.keep, done.fraction);
    out + &format!(
        "\n{keep} {fraction}  {}, {} tensors as they were\n",
        plain(&done.file.to_string_lossy()),
        done.unchanged
    )
}
