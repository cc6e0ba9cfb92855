//! The stretched exponential, a Weibull tail.

use super::Tail;
use crate::optimise::root;
use crate::{Alternative, TailError};

/// 1 - F = exp(-c (u^beta - 1)) on u >= 1, with c = (lambda xmin)^beta. beta to 0 with c beta fixed is the power law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stretched {
    pub beta: f64,
    ln_c: f64,
}

impl Stretched {
    /// For a beta, c = n/sum(u^beta - 1) is best, which leaves the mean log-likelihood
    /// beta mean(w) - ln M(beta) + const with M = mean((u^beta - 1)/beta), a mixture of e^(beta s): ln M is convex, the
    /// profile concave.
    pub fn fit(tail: &Tail) -> Result<Self, TailError> {
        let towards = TailError::TowardsPowerLaw { alternative: Alternative::StretchedExponential };
        let top = tail.w.last().copied().unwrap_or(0.0);
        let n = tail.w.len() as f64;
        let mean = tail.mean_w / top;
        // b = beta ln(x_max/xmin), of order 1. The slope at b = 0 decides whether there is a maximum.
        if tail.w.iter().map(|w| (w / top).powi(2)).sum::<f64>() / n >= 2.0 * mean * mean {
            return Err(towards);
        }
        let slope = |b: f64| {
            let (mut weighted, mut total) = (0.0, 0.0);
            for w in &tail.w {
                let s = w / top;
                // Both sums times e^(-b) where they could overflow.
                let (power, minus_one) =
                    if b < 1.0 { ((b * s).exp(), (b * s).exp_m1()) } else { ((b * (s - 1.0)).exp(), 0.0) };
                weighted += s * power;
                total += if b < 1.0 { minus_one } else { power - (-b).exp() };
            }
            mean + 1.0 / b - weighted / total
        };
        let mut low = 1.0;
        while slope(low) <= 0.0 {
            low *= 0.5;
            if low < 1e-5 {
                return Err(towards);
            }
        }
        let mut high = 2.0 * low;
        while slope(high) > 0.0 {
            high *= 2.0;
            if !high.is_finite() {
                return Err(TailError::NoConvergence);
            }
        }
        let b = root(slope, low, high)?;
        let beta = b / top;
        // ln sum(u^beta - 1), from its largest term.
        let sum: f64 = tail.w.iter().map(|w| (beta * (w - top)).exp() * -(-beta * w).exp_m1()).sum();
        let found = Self { beta, ln_c: n.ln() - b - sum.ln() };
        // lambda leaves the doubles long before beta = 0: from there on the family is the power law on this tail.
        if found.lambda(tail.xmin).is_normal() { Ok(found) } else { Err(towards) }
    }

    pub fn lambda(&self, xmin: f64) -> f64 {
        (self.ln_c / self.beta - xmin.ln()).exp()
    }

    /// Of u = x/xmin.
    pub fn ln_pdf(&self, w: f64) -> f64 {
        self.ln_c + self.beta.ln() + (self.beta - 1.0) * w + self.ln_ccdf(w)
    }

    pub fn ln_ccdf(&self, w: f64) -> f64 {
        let power = self.beta * w;
        if power < 1.0 { -self.ln_c.exp() * power.exp_m1() } else { self.ln_c.exp() - (self.ln_c + power).exp() }
    }
}
