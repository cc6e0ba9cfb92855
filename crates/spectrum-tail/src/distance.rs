//! Distances between the values of a tail and a fitted distribution.
//!
//! A supremum needs few evaluations of the distribution function: F and the empirical function both rise, so that their
//! values at the ends of a range of values bound their difference inside it. Ranges that cannot hold the supremum are
//! never looked at, and a fit that is already worse than the best one stops at once.

use crate::Distance;

/// A fitted distribution at the values of a tail, by index (ascending).
pub(crate) trait AtTail {
    /// Values in the tail.
    fn len(&self) -> usize;
    /// F(x_k); must not fall with k.
    fn cdf(&self, k: usize) -> f64;
    /// ln F(x_k) and ln(1 - F(x_k)).
    fn ln_cdf_ccdf(&self, k: usize) -> (f64, f64);
    /// Whether x_k lies above xmin.
    fn above(&self, k: usize) -> bool;
}

/// A power law at the values of a tail, given by their logarithms: F = 1 - exp(-rate (log - base)).
pub(crate) struct PowerLawAtTail<'a> {
    pub logs: &'a [f64],
    /// Logarithm of xmin.
    pub base: f64,
    /// alpha - 1.
    pub rate: f64,
}

impl AtTail for PowerLawAtTail<'_> {
    #[inline]
    fn len(&self) -> usize {
        self.logs.len()
    }
    #[inline]
    fn cdf(&self, k: usize) -> f64 {
        1.0 - (-self.rate * (self.logs[k] - self.base)).exp()
    }
    #[inline]
    fn ln_cdf_ccdf(&self, k: usize) -> (f64, f64) {
        let y = self.rate * (self.logs[k] - self.base);
        ((-(-y).exp_m1()).ln(), -y)
    }
    #[inline]
    fn above(&self, k: usize) -> bool {
        self.logs[k] > self.base
    }
}

/// The distance, or `None` when it is larger than `limit`. `hint` says where to look first, counted from the tail's
/// end, and is left at the place that showed the most: neighbouring cut-offs have their largest deviation at the same
/// value.
pub(crate) fn distance(tail: &impl AtTail, kind: Distance, limit: f64, hint: &mut usize) -> Option<f64> {
    match kind {
        Distance::AndersonDarling => Some(anderson_darling(tail)).filter(|d| *d <= limit),
        _ => Supremum::new(tail, kind).search(limit, hint),
    }
}

/// Values at which a search looks before it refines.
const GRID: usize = 24;
/// F and i/n are rounded at 1: a bound within this of the best may hide the supremum.
const SLACK: f64 = 4.0 * f64::EPSILON;

struct Supremum<'a, T> {
    tail: &'a T,
    size: f64,
    kuiper: bool,
    /// S just after x_k is k/n + step: 1/n, and 0 where only S just before it counts.
    step: f64,
    /// max F - S, and max S - F, so far.
    up: f64,
    down: f64,
    /// Index of the largest deviation so far.
    place: usize,
}

impl<'a, T: AtTail> Supremum<'a, T> {
    fn new(tail: &'a T, kind: Distance) -> Self {
        let size = tail.len() as f64;
        let step = if kind == Distance::KolmogorovSmirnovOneSided { 0.0 } else { 1.0 / size };
        Self { tail, size, kuiper: kind == Distance::Kuiper, step, up: 0.0, down: 0.0, place: 0 }
    }

    fn value(&self) -> f64 {
        if self.kuiper { self.up + self.down } else { self.up.max(self.down) }
    }

    fn look(&mut self, k: usize) -> f64 {
        let f = self.tail.cdf(k);
        let over = f - k as f64 / self.size;
        let under = self.step - over;
        if over.max(under) > self.up.max(self.down) {
            self.place = k;
        }
        self.up = self.up.max(over);
        self.down = self.down.max(under);
        f
    }

    /// Whether a value strictly between `lo` and `hi` could raise the supremum.
    fn open(&self, lo: usize, hi: usize, f_lo: f64, f_hi: f64) -> bool {
        if hi - lo < 2 {
            return false;
        }
        let over = f_hi - (lo + 1) as f64 / self.size + SLACK;
        let under = (hi - 1) as f64 / self.size + self.step - f_lo + SLACK;
        if self.kuiper { over > self.up || under > self.down } else { over.max(under) > self.up.max(self.down) }
    }

    fn search(mut self, limit: f64, hint: &mut usize) -> Option<f64> {
        let n = self.tail.len();
        if n == 0 {
            return None;
        }
        if (1..=n).contains(hint) {
            self.look(n - *hint);
            if self.value() > limit {
                return None;
            }
        }
        let mut places = [(0usize, 0.0f64); GRID + 1];
        let cells = GRID.min(n - 1).max(1);
        for (c, place) in places.iter_mut().enumerate().take(cells + 1) {
            let k = c * (n - 1) / cells;
            *place = (k, self.look(k));
            if self.value() > limit {
                *hint = n - self.place;
                return None;
            }
        }
        // Depth first; a range of 2^64 values would need 64 places.
        let mut stack = [(0usize, 0usize, 0.0f64, 0.0f64); 65];
        for w in places[..=cells].windows(2) {
            stack[0] = (w[0].0, w[1].0, w[0].1, w[1].1);
            let mut depth = 1;
            while depth > 0 {
                depth -= 1;
                let (lo, hi, f_lo, f_hi) = stack[depth];
                if !self.open(lo, hi, f_lo, f_hi) {
                    continue;
                }
                let mid = lo + (hi - lo) / 2;
                let f_mid = self.look(mid);
                if self.value() > limit {
                    *hint = n - self.place;
                    return None;
                }
                stack[depth] = (mid, hi, f_mid, f_hi);
                stack[depth + 1] = (lo, mid, f_lo, f_mid);
                depth += 2;
            }
        }
        *hint = n - self.place;
        Some(self.value())
    }
}

/// A^2/m over the m values above xmin: A^2 = -m - (1/m) sum_k (2k-1) ln F_k + (2(m-k)+1) ln(1-F_k), k = 1..m.
fn anderson_darling(tail: &impl AtTail) -> f64 {
    let n = tail.len();
    let start = (0..n).find(|&k| tail.above(k)).unwrap_or(n);
    let m = (n - start) as f64;
    if m == 0.0 {
        return 0.0;
    }
    let sum: f64 = (start..n)
        .map(|k| {
            let rank = (k - start + 1) as f64;
            let (ln_cdf, ln_ccdf) = tail.ln_cdf_ccdf(k);
            // A distribution function that underflows counts as the smallest number there is.
            let (ln_cdf, ln_ccdf) = (ln_cdf.max(LN_SMALLEST), ln_ccdf.max(LN_SMALLEST));
            (2.0 * rank - 1.0) * ln_cdf + (2.0 * (m - rank) + 1.0) * ln_ccdf
        })
        .sum();
    (-1.0 - sum / (m * m)).max(0.0)
}

/// ln of the smallest subnormal number.
const LN_SMALLEST: f64 = -744.44;
