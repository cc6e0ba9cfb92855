//! The log-normal above a cut-off: a normal distribution of w = ln(x/xmin), cut off at 0.

use std::f64::consts::PI;

use super::Tail;
use crate::optimise::root;
use crate::special::{MILLS_SPLIT, hazard, ln_mills, ln_normal_tail, mills_tails};
use crate::{Alternative, TailError};

/// w has the density phi(t + w/sigma)/(sigma (1 - Phi(t))) on w >= 0, with t = (ln xmin - mu)/sigma the cut-off in
/// units of sigma. t to infinity with sigma t fixed is the power law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LogNormal {
    t: f64,
    pub sigma: f64,
}

/// E[w]/sigma and E[w^2]/E[w]^2, which rises with t from 1 to 2. Beyond t = 3/2 in forms without cancellation.
fn moments(t: f64) -> (f64, f64) {
    if t < MILLS_SPLIT {
        let mean = hazard(t) - t;
        return (mean, (1.0 - t * mean) / (mean * mean));
    }
    let [_, second, third] = mills_tails(t);
    (1.0 / (t + second), 2.0 * (t + second) / (t + third))
}

impl LogNormal {
    pub fn fit(tail: &Tail) -> Result<Self, TailError> {
        let n = tail.w.len() as f64;
        // E[w^2]/E[w]^2 - 1 and 2 - it, each without cancellation at the sample's end of the range.
        let variance = tail.w.iter().map(|w| (w - tail.mean_w).powi(2)).sum::<f64>() / n;
        let above_one = variance / (tail.mean_w * tail.mean_w);
        let below_two = 1.0 - above_one;
        // 2 - ratio = 2/t^2 + ...: beyond t = 1e5 the likelihood differs from the power law's by rounding.
        if below_two < 2e-10 {
            return Err(TailError::TowardsPowerLaw { alternative: Alternative::LogNormal });
        }
        // ratio - 1 = 1/t^2 at the other end.
        let low = -2.0 / above_one.sqrt() - 10.0;
        let high = 2.0 * (2.0 / below_two).sqrt() + 10.0;
        let t = root(|t| moments(t).1 - 1.0 - above_one, low, high)?;
        Ok(Self { t, sigma: tail.mean_w / moments(t).0 })
    }

    pub fn mu(&self, xmin: f64) -> f64 {
        xmin.ln() - self.t * self.sigma
    }

    /// Of u = x/xmin.
    pub fn ln_pdf(&self, w: f64) -> f64 {
        let v = w / self.sigma;
        let of_v = if self.t < MILLS_SPLIT {
            -0.5 * (self.t + v).powi(2) - 0.5 * (2.0 * PI).ln() - ln_normal_tail(self.t)
        } else {
            -v * (0.5 * v + self.t) - ln_mills(self.t)
        };
        of_v - self.sigma.ln() - w
    }

    pub fn ln_ccdf(&self, w: f64) -> f64 {
        let v = w / self.sigma;
        if self.t < MILLS_SPLIT {
            ln_normal_tail(self.t + v) - ln_normal_tail(self.t)
        } else {
            ln_mills(self.t + v) - ln_mills(self.t) - v * (0.5 * v + self.t)
        }
    }
}
