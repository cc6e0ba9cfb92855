//! The tail index without the bias of the matrix's shape: Hill's estimator over submatrices of one aspect ratio.
//!
//! `alpha_hill` of a Gaussian matrix is 2.13 when it is square and 4.5 at 1:8, so that layers of different shapes cannot
//! be compared by it. FARMS (Hu, Goel, Killiakov and Yang, ICML 2025, arXiv 2506.06280) measures submatrices of a fixed
//! aspect ratio instead, cut out by a sliding window, and pools their eigenvalues.
//!
//! What was checked against the authors' published code (github.com/HUST-AI-HYZ/FARMS, `sampling.py`, `fixed_sampling`,
//! and `esd_utils_farms.py`, `xmin_mid`): contiguous windows, a fixed number of positions along each side with the integer
//! step max(1, (side - window)/(positions - 1)), the squared singular values of all windows pooled and sorted, and Hill's
//! estimator with the median as cut-off, which is our [`hill_median`]. Their experiments use square windows (Q = 1)
//! throughout: 2000 x 2000 with 15 x 15 positions for layers of 4096 and more, 100 x 100 with 9 x 9 for small ones. What
//! is ours: the window's default side, half of the matrix's shorter side but at most 256, with 5 x 5 positions (225
//! decompositions of 2000 x 2000 are minutes a layer), and that the longer side of a window with Q > 1 lies along the
//! longer side of the matrix (theirs always lies along the inputs). Convolutions are not special: a view is a matrix.

use spectrum_core::{LayerMatrix, Reason, Route, StepRows};
use spectrum_linalg::Plan;
use spectrum_tail::{HillFit, hill_median};

use crate::battery::record;
use crate::recorder::identity;

/// Metrics of [`measure`], in the order of the records.
pub const METRICS: [&str; 3] = ["alpha_farms", "farms_side", "farms_windows"];

/// The largest side of a default window.
const LARGEST: usize = 256;
/// The smallest side: below it the windows say more about their own size than about the matrix.
const SMALLEST: usize = 16;
/// Default positions along each side.
const POSITIONS: usize = 5;

/// The windows that slide over a matrix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Windows {
    /// Q: the longer side of a window over its shorter one, at least 1.
    pub aspect: f64,
    /// The shorter side.
    pub side: usize,
    /// Positions along each side of the matrix, fewer where the window fills it.
    pub positions: usize,
}

impl Windows {
    /// Square windows of half the shorter side, at most 256, at 5 x 5 positions.
    ///
    /// # Errors
    /// [`Reason::TooFewValues`] when the shorter side is under 32.
    pub fn square(rows: usize, cols: usize) -> Result<Self, Reason> {
        let short = rows.min(cols);
        if short < 2 * SMALLEST {
            return Err(Reason::TooFewValues { found: short, needed: 2 * SMALLEST });
        }
        Ok(Self { aspect: 1.0, side: (short / 2).min(LARGEST), positions: POSITIONS })
    }

    /// Rows and columns of a window of a `rows` x `cols` matrix.
    fn shape(&self, rows: usize, cols: usize) -> Result<(usize, usize), Reason> {
        let valid = self.aspect.is_finite() && self.aspect >= 1.0 && self.positions > 0;
        let long = if valid { (self.side as f64 * self.aspect) as usize } else { 0 };
        let (r, c) = if rows >= cols { (long, self.side) } else { (self.side, long) };
        if r == 0 || c == 0 || r > rows || c > cols {
            return Err(Reason::NotApplicable(format!("windows of {r} x {c} in a {rows} x {cols} matrix")));
        }
        Ok((r, c))
    }

    /// Where windows of `window` rows (or columns) start along a side.
    fn starts(&self, side: usize, window: usize) -> impl Iterator<Item = usize> + Clone {
        let step = ((side - window) / (self.positions - 1).max(1)).max(1);
        (0..self.positions.min((side - window) / step + 1)).map(move |i| i * step)
    }
}

/// Hill's estimator, median cut-off, over the pooled eigenvalues of the windows, with the number of windows.
///
/// `data` is `rows` x `cols`, column-major.
///
/// # Errors
/// [`Reason::NotApplicable`] when a window does not fit the matrix, and the reasons of the route and of [`hill_median`].
pub fn alpha(
    data: &[f64],
    rows: usize,
    cols: usize,
    windows: &Windows,
    route: Route,
    plan: &mut Plan,
) -> Result<(HillFit, usize), Reason> {
    let (r, c) = windows.shape(rows, cols)?;
    let (mut pool, mut floor, mut count) = (Vec::new(), 0.0f64, 0);
    let mut window = Vec::with_capacity(r * c);
    for top in windows.starts(rows, r) {
        for left in windows.starts(cols, c) {
            window.clear();
            for column in data.chunks_exact(rows).skip(left).take(c) {
                window.extend_from_slice(&column[top..top + r]);
            }
            let spectrum = plan.spectrum_of(&window, r, c, route, 0)?;
            floor = floor.max(spectrum.floor);
            pool.extend(spectrum.singular_values.iter().map(|s| s * s));
            count += 1;
        }
    }
    pool.sort_unstable_by(f64::total_cmp);
    Ok((hill_median(&pool, floor * floor)?, count))
}

/// Appends the records of [`METRICS`] under the matrix's identity: the index, the side of the windows and their number.
/// `windows` is `None` for the default, [`Windows::square`].
pub fn measure(m: &LayerMatrix, windows: Option<&Windows>, route: Route, plan: &mut Plan, rows: &mut StepRows) {
    let answer = if m.is_finite() {
        windows.copied().map_or_else(|| Windows::square(m.rows, m.cols), Ok).and_then(|w| {
            let (fit, count) = alpha(m.data(), m.rows, m.cols, &w, route, plan)?;
            Ok([fit.alpha, w.side as f64, count as f64])
        })
    } else {
        Err(Reason::NotFinite)
    };
    let id = identity(m);
    for (k, metric) in METRICS.iter().enumerate() {
        rows.records.push(record(&id, metric, answer.as_ref().map(|a| a[k]).map_err(Clone::clone)));
    }
}
