//! The eigenvalues that a fit may use, ascending, and their logarithms.

use crate::{Convention, TailError};

/// WeightWatcher 0.7.7's `EVALS_THRESH` on a CPU: eigenvalues up to it are dropped, whatever the matrix's scale.
const WW_THRESHOLD: f64 = 1e-5;

/// Checked eigenvalues, ascending.
pub(crate) struct Sample {
    /// Every eigenvalue.
    all: Vec<f64>,
    /// Index of the first that the convention and the floor let through.
    first: usize,
    floor: f64,
    /// ln(x / largest) of those let through. Relative to the largest, so that neighbours near the top keep their
    /// difference, and so that a power of two as a factor changes no bit.
    pub logs: Vec<f64>,
}

impl Sample {
    pub fn read(eigenvalues: &[f64], floor: f64, convention: Convention) -> Result<Self, TailError> {
        // First: eigenvalues that overflowed have a floor that did.
        let all = ascending(eigenvalues)?;
        if !(floor.is_finite() && floor >= 0.0) {
            return Err(TailError::InvalidOption("the floor must be finite and not negative"));
        }
        let kept = |x: f64| x > 0.0 && x >= floor && (convention != Convention::Ww || x > WW_THRESHOLD);
        let first = all.partition_point(|&x| !kept(x));
        let mut sample = Self { first, floor, logs: Vec::new(), all };
        sample.logs = sample.kept().iter().map(|&x| sample.ln(x)).collect();
        Ok(sample)
    }

    /// All eigenvalues, zeros included, ascending.
    pub fn all(&self) -> &[f64] {
        &self.all
    }

    /// The eigenvalues that count, ascending.
    pub fn kept(&self) -> &[f64] {
        &self.all[self.first..]
    }

    pub fn floor(&self) -> f64 {
        self.floor
    }

    /// ln(x / largest).
    pub fn ln(&self, x: f64) -> f64 {
        self.all.last().map_or(0.0, |&top| ln_ratio(x, top))
    }

    /// Why nothing can be fitted when no eigenvalue counts.
    pub fn nothing_kept(&self, needed: usize) -> TailError {
        match self.all.last() {
            Some(&top) if top > 0.0 && top < self.floor => TailError::BelowFloor { xmin: top, floor: self.floor },
            _ => TailError::TooFewValues { found: self.kept().len(), needed },
        }
    }
}

/// ln(x / y) for positive x and y, also where the quotient is no normal number.
pub(crate) fn ln_ratio(x: f64, y: f64) -> f64 {
    let q = x / y;
    if q.is_normal() { q.ln() } else { x.ln() - y.ln() }
}

/// A checked copy in ascending order.
pub(crate) fn ascending(eigenvalues: &[f64]) -> Result<Vec<f64>, TailError> {
    if eigenvalues.iter().any(|v| !v.is_finite() || *v < 0.0) {
        return Err(TailError::NotFinite);
    }
    let descending = eigenvalues.first() > eigenvalues.last();
    let in_order = |w: &[f64]| if descending { w[0] >= w[1] } else { w[0] <= w[1] };
    if !eigenvalues.windows(2).all(in_order) {
        return Err(TailError::Unsorted);
    }
    let mut all = eigenvalues.to_vec();
    if descending {
        all.reverse();
    }
    Ok(all)
}

/// sum_{j >= i} (logs[j] - logs[i]) for every i. Built from the gaps, all of one sign: nothing cancels.
pub(crate) fn spreads(logs: &[f64], out: &mut Vec<f64>) {
    out.clear();
    out.resize(logs.len(), 0.0);
    for i in (0..logs.len().saturating_sub(1)).rev() {
        out[i] = out[i + 1] + (logs.len() - 1 - i) as f64 * (logs[i + 1] - logs[i]).max(0.0);
    }
}
