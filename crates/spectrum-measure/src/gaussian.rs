//! What a Gaussian matrix of the same shape would show: the yardstick of the shape classes.
//!
//! A tail index means nothing by itself: that of a Gaussian matrix is 2.12 when it is square and 3.45 at 4:1. So
//! `alpha_hill` and `mp_distance` are compared with draws of the Gaussian model. Their eigenvalues come from the bidiagonal
//! form (Dumitriu and Edelman, J. Math. Phys. 43 (2002) 5830, theorem 3.1, beta = 1), which has exactly the law of a
//! Gaussian matrix's and costs O(p^2) a draw.
//!
//! Above p = 128 the draws are made at p = 128 with the same aspect ratio, and carried over:
//!
//! - the mean of Hill's index lies above H, that of the Marchenko-Pastur law, by a multiple of 1/p. Part of it depends on
//!   whether p is even or odd, because the cut-off is half a spacing above the median or on it: by the rectangle rule the
//!   even p have k/2 and the odd ones H - 1, with k = (H - 1)^2/(m f(m)) at the median m of the law's density f;
//! - its variance is (a + c ln p)/p^2. The logarithm comes from the cut-off: the number of eigenvalues below a point
//!   fluctuates with variance ln p/pi^2 (O'Rourke, J. Stat. Phys. 138 (2010) 1045, for real symmetric matrices), and the
//!   index follows the cut-off, so that c = (k/pi)^2;
//! - p times the distance to the fitted law grows by sqrt(2)/pi times ln p - 3/4 ln ln p, the maximum of a log-correlated
//!   field (Claeys, Fahs, Lambert and Webb, Duke Math. J. 170 (2021) 2085, for beta = 2), and keeps its spread.
//!
//! Checked against draws at p = 400 and 1000 in the tests.

use std::collections::HashMap;
use std::f64::consts::{PI, SQRT_2};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use spectrum_core::Reason;
use spectrum_law::ks::p_value;
use spectrum_law::null::gaussian_bidiagonal;
use spectrum_law::shuffle::stream;
use spectrum_law::{MarchenkoPastur, fit_bulk};
use spectrum_linalg::Plan;
use spectrum_tail::hill_median;

/// The fewest eigenvalues that a shape is judged by. A Gaussian's own Hill index has a standard deviation of 0.07 to 0.14
/// there (aspect ratios 1 to 4), and the distance to the law that counts as bulk is 0.1.
pub const MIN_VALUES: usize = 50;
/// Draws of the Gaussian model: the mean is known to a tenth of a standard deviation, `mp_p` in steps of 1/101.
pub const DRAWS: usize = 100;
/// The largest p that is drawn.
const LARGEST: usize = 128;
/// Points of the mean of ln(lambda/median) over the upper half of the law; its error is about 1e-6.
const GRID: usize = 1000;

/// A Gaussian matrix of one shape.
#[derive(Debug, Clone, PartialEq)]
pub struct GaussianReference {
    /// Mean of Hill's index.
    pub hill: f64,
    /// Its standard deviation.
    pub hill_sd: f64,
    /// p times the distance to the fitted law, one for each draw.
    distances: Vec<f64>,
    count: f64,
    /// Hill's index beyond that of the law, times p, less what p's parity makes of it.
    offset: f64,
}

/// One cell for each shape; a shape is computed once, whoever asks first.
type Cell = Arc<OnceLock<Result<Arc<GaussianReference>, Reason>>>;
static SHAPES: LazyLock<Mutex<HashMap<(usize, usize), Cell>>> = LazyLock::new(Mutex::default);

impl GaussianReference {
    /// The reference of a `rows` x `cols` matrix: a function of the shape alone (of its two sides in either order), kept
    /// for the life of the process.
    ///
    /// # Errors
    /// [`Reason::TooFewValues`] when min(rows, cols) is under [`MIN_VALUES`].
    pub fn of(rows: usize, cols: usize) -> Result<Arc<Self>, Reason> {
        let shape = (rows.max(cols), rows.min(cols));
        if shape.1 < MIN_VALUES {
            return Err(Reason::TooFewValues { found: shape.1, needed: MIN_VALUES });
        }
        let cell = Arc::clone(SHAPES.lock().unwrap_or_else(PoisonError::into_inner).entry(shape).or_default());
        cell.get_or_init(|| Self::drawn(shape.0, shape.1).map(Arc::new)).clone()
    }

    /// Hill's index, in the mean, of a Gaussian matrix with `outliers` rows and columns fewer: what the values beside as
    /// many spikes are compared with.
    ///
    /// # Errors
    /// [`Reason::TooFewValues`] when nothing is left.
    pub fn hill_beside(&self, rows: usize, cols: usize, outliers: usize) -> Result<f64, Reason> {
        if outliers == 0 {
            return Ok(self.hill);
        }
        let (rows, cols) = (rows.saturating_sub(outliers), cols.saturating_sub(outliers));
        Ok(Limit::of(rows, cols)?.at(self.offset, rows.min(cols)))
    }

    /// The share of Gaussian matrices whose distance to their fitted law is at least `distance`, among the [`DRAWS`]
    /// ([`spectrum_law::ks::p_value`]: never 0).
    #[must_use]
    pub fn p_value(&self, distance: f64) -> f64 {
        p_value(self.count * distance, &self.distances).0
    }

    fn drawn(long: usize, short: usize) -> Result<Self, Reason> {
        let (mut rows, mut cols) = (long, short);
        if short > LARGEST {
            rows = ((long as f64 * LARGEST as f64 / short as f64).round() as usize).max(LARGEST);
            cols = LARGEST;
        }
        let mut rng = stream(long as u64, short as u64, "gaussian reference", "");
        let mut plan = Plan::new();
        let (mut hills, mut distances) = (Vec::with_capacity(DRAWS), Vec::with_capacity(DRAWS));
        for _ in 0..DRAWS {
            let (diagonal, beside) = gaussian_bidiagonal(rows, cols, &mut rng);
            let mut eigenvalues = plan.tridiagonal_eigenvalues(&diagonal, &beside)?.to_vec();
            // A zero may come out as a rounding below it.
            eigenvalues.iter_mut().for_each(|v| *v = v.max(0.0));
            hills.push(hill_median(&eigenvalues, 0.0)?.alpha);
            distances.push(cols as f64 * fit_bulk(&eigenvalues, rows, cols)?.distance);
        }
        let mean = hills.iter().sum::<f64>() / DRAWS as f64;
        let variance = hills.iter().map(|h| (h - mean) * (h - mean)).sum::<f64>() / (DRAWS - 1) as f64;
        let (here, there) = (Limit::of(rows, cols)?, Limit::of(long, short)?);
        let (from, to) = (cols as f64, short as f64);
        let offset = (mean - here.hill) * from - here.parity(cols);
        let variance = (variance * from * from + (there.slope / PI).powi(2) * (to / from).ln()) / (to * to);
        let shift = SQRT_2 / PI * (maximum(to) - maximum(from));
        distances.iter_mut().for_each(|d| *d += shift);
        Ok(Self { hill: there.at(offset, short), hill_sd: variance.sqrt(), distances, count: to, offset })
    }
}

/// Growth of the maximum of a log-correlated field with n points.
fn maximum(n: f64) -> f64 {
    n.ln() - 0.75 * n.ln().ln()
}

/// Hill's index of the Marchenko-Pastur law itself.
struct Limit {
    /// 1 + 1/mean of ln(lambda/median) over the upper half.
    hill: f64,
    /// k: its derivative by the probability of the cut-off, the mean over the upper half kept.
    slope: f64,
}

impl Limit {
    fn of(rows: usize, cols: usize) -> Result<Self, Reason> {
        let law = MarchenkoPastur::new(rows, cols, 1.0)?;
        let median = law.quantile(0.5)?;
        let upper: Vec<f64> = (0..GRID).map(|i| 0.5 + (i as f64 + 0.5) / (2 * GRID) as f64).collect();
        let mean = law.quantiles(&upper)?.iter().map(|q| (q / median).ln()).sum::<f64>() / GRID as f64;
        Ok(Self { hill: 1.0 + 1.0 / mean, slope: 1.0 / (mean * mean * median * law.pdf(median)) })
    }

    /// What parity adds to p times the index.
    fn parity(&self, p: usize) -> f64 {
        if p.is_multiple_of(2) { 0.5 * self.slope } else { self.hill - 1.0 }
    }

    /// The index of p eigenvalues.
    fn at(&self, offset: f64, p: usize) -> f64 {
        self.hill + (offset + self.parity(p)) / p as f64
    }
}
