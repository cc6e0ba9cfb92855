//! Which tensors of a checkpoint are analysed, as which matrices.

use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};
use spectrum_checkpoint::{Checkpoint, Container, Dtype};
use spectrum_core::StridedView;

use crate::rules::{Dialect, Named, rules};
use crate::settings::{LeftOut, Settings, ViewChoice};
use crate::{AnalyzeError, heads};

/// One tensor with the matrices that it becomes.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub name: String,
    pub shape: Vec<usize>,
    pub windows: Vec<StridedView>,
    /// Elements of the largest matrix: what must be in memory at once.
    pub elements: usize,
    /// Multiplications of all its Gram decompositions, for progress.
    pub cost: f64,
}

/// The most matrices of one checkpoint: each costs some twenty rows, and a line in the report.
const MOST: usize = 65_536;

/// The tensors to analyse, in the file's order, and what was left out.
pub(crate) fn items(file: &Checkpoint, settings: &Settings) -> Result<(Vec<Item>, Vec<LeftOut>), AnalyzeError> {
    let path = file.path();
    let mut left_out: Vec<LeftOut> =
        file.skipped().iter().map(|s| LeftOut { name: s.name.clone(), why: s.reason.clone() }).collect();
    let named: Vec<Named<'_>> = file.tensors().iter().map(|t| (t.name.as_str(), t.shape.as_slice())).collect();
    let said = heads::of_folder(path);
    let (queries, keys) = match settings.heads {
        0 => said,
        // Grouped queries: the folder's config still says how many keys there are.
        n if n == said.0 => said,
        n => (n, n),
    };
    let dialect = Dialect::of(&named, file.container() == Container::Burnpack, settings.layout, queries, keys);
    let matchers = settings.layers.iter().map(|g| matcher(g)).collect::<Result<Vec<_>, _>>()?;
    let (mut found, mut vectors, mut names) = (Vec::new(), 0usize, Vec::new());
    let mut matched = vec![false; matchers.len()];
    let mut views: Vec<&'static str> = Vec::new();
    let mut matrices = 0;
    for tensor in file.tensors() {
        // Extents beside a zero are bounded by no file: such a tensor gets its usual view alone.
        let empty = tensor.shape.contains(&0);
        if empty && !countable(&tensor.shape) {
            let why = format!("it is empty, of shape {:?}", tensor.shape);
            left_out.push(LeftOut { name: tensor.name.clone(), why });
            continue;
        }
        let asked = if empty { &[][..] } else { &settings.views[..] };
        let rules = rules(&tensor.name, &tensor.shape, &named, &dialect, asked);
        if rules.is_empty() {
            vectors += 1;
            continue;
        }
        if let Dtype::Other(dtype) = &tensor.dtype {
            left_out.push(LeftOut { name: tensor.name.clone(), why: format!("its elements are {dtype}") });
            continue;
        }
        names.push(tensor.name.as_str());
        let hits: Vec<bool> = matchers.iter().map(|m| m.is_match(&tensor.name)).collect();
        matched.iter_mut().zip(&hits).for_each(|(m, h)| *m |= h);
        if !hits.contains(&true) {
            continue;
        }
        let mut windows = Vec::new();
        for rule in &rules {
            views.push(rule.view.as_str());
            let views = StridedView::of(&tensor.name, rule.view, &tensor.shape, rule.order);
            windows.extend(views.map_err(|source| AnalyzeError::View { path: path.to_owned(), source })?);
        }
        matrices += windows.len();
        if matrices > MOST {
            return Err(AnalyzeError::TooMany { path: path.to_owned(), limit: MOST });
        }
        let size = |w: &StridedView| w.rows.saturating_mul(w.cols);
        let elements = windows.iter().map(size).max().unwrap_or(0);
        let cost = windows.iter().map(cost).sum();
        found.push(Item { name: tensor.name.clone(), shape: tensor.shape.clone(), windows, elements, cost });
    }
    if names.is_empty() {
        let what = match (vectors, left_out.len()) {
            (0, 0) => "it is empty".to_owned(),
            (v, 0) => format!("{v} tensors of fewer than two axes"),
            (v, n) => format!("{v} tensors of fewer than two axes, {n} other objects ({})", first(&left_out)),
        };
        return Err(AnalyzeError::NoMatrix { path: path.to_owned(), what });
    }
    if let Some(k) = matched.iter().position(|m| !m) {
        return Err(no_such_layer(&settings.layers[k], path, &names));
    }
    for asked in settings.views.iter().filter(|v| !views.contains(&v.as_str())) {
        let why = match asked {
            ViewChoice::Heads if dialect.heads == 0 => {
                "how many heads? Neither --heads nor a config.json beside the weights says it"
            }
            _ => "fits none of the tensors",
        };
        left_out.push(LeftOut { name: format!("--views {}", asked.as_str()), why: why.to_owned() });
    }
    if vectors > 0 {
        let why = "fewer than two axes: biases, norms, statistics".to_owned();
        left_out.push(LeftOut { name: format!("{vectors} tensors"), why });
    }
    Ok((found, left_out))
}

/// Whether the product of the extents that are not zero can be counted with.
fn countable(shape: &[usize]) -> bool {
    let product = shape.iter().filter(|d| **d > 0).try_fold(1u32, |n, &d| n.checked_mul(u32::try_from(d).ok()?));
    product.is_some()
}

fn first(left_out: &[LeftOut]) -> String {
    left_out.first().map(|l| format!("{}: {}", l.name, l.why)).unwrap_or_default()
}

/// 2 m n^2 + 4/3 n^3.
fn cost(w: &StridedView) -> f64 {
    let (m, n) = (w.rows.max(w.cols) as f64, w.rows.min(w.cols) as f64);
    2.0 * m * n * n + 4.0 / 3.0 * n * n * n + 1e5
}

fn matcher(glob: &str) -> Result<GlobMatcher, AnalyzeError> {
    GlobBuilder::new(glob)
        .build()
        .map(|g| g.compile_matcher())
        .map_err(|e| AnalyzeError::Glob { glob: glob.to_owned(), why: e.kind().to_string() })
}

/// Names the closest tensors: those that share the longest stretch with the pattern.
fn no_such_layer(glob: &str, path: &Path, names: &[&str]) -> AnalyzeError {
    let mut ranked: Vec<(usize, &&str)> = names.iter().map(|n| (shared(glob, n), n)).collect();
    ranked.sort_by_key(|(k, n)| (usize::MAX - k, n.len()));
    let best = ranked.first().map_or(0, |(k, _)| *k);
    let close: Vec<&str> = ranked.iter().take(3).filter(|(k, _)| *k >= 3 && 2 * k > best).map(|(_, n)| **n).collect();
    let nearest = match close.is_empty() {
        true => format!("; the first is {}", names[0]),
        false => format!("; the nearest are {}", close.join(", ")),
    };
    AnalyzeError::NoSuchLayer { glob: glob.to_owned(), path: path.to_owned(), count: names.len(), nearest }
}

/// Length of the longest common substring, in bytes.
fn shared(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut row = vec![0usize; b.len() + 1];
    let mut best = 0;
    for x in a {
        let mut diagonal = 0;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = if x == y { diagonal + 1 } else { 0 };
            best = best.max(row[j + 1]);
            diagonal = above;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_names_are_offered() {
        let e = no_such_layer("encoder.*.qurey.*", Path::new("m"), &["encoder.0.query.weight", "pooler.weight"]);
        assert_eq!(
            e.to_string(),
            "--layers `encoder.*.qurey.*` matches none of the 2 matrices of m; the nearest are encoder.0.query.weight"
        );
        assert_eq!(shared("abcde", "xbcdy"), 3);
    }
}
