//! Is the power law a plausible fit at all? The semi-parametric bootstrap of Clauset, Shalizi and Newman.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::sample::Sample;
use crate::select::Rule;
use crate::{Cutoff, FitOptions, TailError, TailFit};

/// When a bootstrap may stop before all its draws.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Stop {
    /// Never: 1/4 precision^(-2) draws, whatever they show.
    Never,
    /// As soon as p's standard error is at most the precision, which takes p (1 - p)/precision^2 draws: few where p is
    /// near 0 or 1.
    #[default]
    Precise,
    /// As soon as p lies more than four standard errors from a threshold, when only the decision matters (CSN rule a
    /// power law out at p <= 0.1), or as with `Precise`.
    Decided {
        /// The threshold.
        threshold: f64,
    },
}

/// How a goodness-of-fit p is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BootstrapOptions {
    /// Seed of ChaCha8; draw i is stream i, so that a shorter run is the beginning of a longer one.
    pub seed: u64,
    /// Standard error of p that is wanted at most, in (0, 1/2]. CSN: about 1/4 precision^(-2) draws; 0.01 takes 2500.
    pub precision: f64,
    /// When to stop early.
    pub stop: Stop,
}

impl Default for BootstrapOptions {
    fn default() -> Self {
        Self { seed: 0, precision: 0.01, stop: Stop::default() }
    }
}

/// How often a sample of the fitted law lies at least as far from its own fit. A large p says plausible, a small one
/// (CSN: p <= 0.1) rules the power law out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GoodnessOfFit {
    /// Share of the draws whose distance is at least the data's.
    pub p: f64,
    /// Standard error of p from the number of draws, with two successes and two failures added (Agresti and Coull
    /// 1998), so that it is not 0 where p is 0 or 1.
    pub standard_error: f64,
    /// Draws that were fitted.
    pub draws: usize,
    /// Whether it stopped before 1/4 precision^(-2) draws.
    pub stopped_early: bool,
}

/// The stop rule looks after each of so many draws.
const BLOCK: usize = 25;

/// Goodness of fit of a tail (CSN, section 4.1).
///
/// Each draw has as many values as the data (those that count: positive, from the floor on): each is, with the tail's
/// share as probability, one of the fitted power law, and otherwise one of the data's values under xmin, with
/// replacement. xmin and alpha are fitted anew to each draw by the same options; p is the share of draws whose
/// distance is not smaller than the data's. Draws that cannot be fitted (a fixed cut-off may get too few values) are
/// drawn anew and not counted.
///
/// p is uniform where the power law holds: exactly at a known cut-off, and to within what 200 samples show with a
/// scanned one at 1000 values. With a scanned cut-off and 200 values it is conservative (mean 0.58): the draws repeat
/// values of the body, which the data do not.
///
/// `options` must be those of `fit`. Cost: one fit for each draw, without the logarithms.
///
/// # Errors
/// [`TailError::InvalidOption`] for a precision outside (0, 1/2] or options that `fit` was not made with,
/// [`TailError::ForeignFit`], [`TailError::NoConvergence`] when more than half of the draws cannot be fitted, and
/// those of [`fit`](crate::fit).
pub fn goodness_of_fit(
    eigenvalues: &[f64],
    floor: f64,
    options: &FitOptions,
    fit: &TailFit,
    bootstrap: &BootstrapOptions,
) -> Result<GoodnessOfFit, TailError> {
    if !(bootstrap.precision > 0.0 && bootstrap.precision <= 0.5) {
        return Err(TailError::InvalidOption("the precision of p must lie in (0, 1/2]"));
    }
    if fit.metric != options.distance || fit.convention != options.convention {
        return Err(TailError::InvalidOption("the options are not those of the fit"));
    }
    let sample = Sample::read(eigenvalues, floor, options.convention)?;
    let rule = Rule::new(&sample, options)?;
    let n = sample.logs.len();
    let body = n.checked_sub(fit.tail_size).ok_or(TailError::ForeignFit)?;
    let belongs = fit.tail_size > 0 && fit.alpha > 1.0 && fit.alpha.is_finite() && fit.xmin > 0.0;
    if !belongs || sample.kept()[body] < fit.xmin || (body > 0 && sample.kept()[body - 1] > fit.xmin) {
        return Err(TailError::ForeignFit);
    }
    let base = match options.cutoff {
        Cutoff::Fixed(xmin) => sample.ln(xmin),
        _ => sample.logs[body],
    };
    let mut source = Source {
        body: &sample.logs[..body],
        tail_size: fit.tail_size,
        base,
        scale: 1.0 / (fit.alpha - 1.0),
        counts: vec![0; body],
        draw: Vec::with_capacity(n),
    };
    let most = (0.25 / (bootstrap.precision * bootstrap.precision)).ceil() as usize;
    let mut spread = Vec::with_capacity(n);
    let (mut draws, mut exceeding, mut failures) = (0usize, 0usize, 0usize);
    for stream in 0u64.. {
        let mut rng = ChaCha8Rng::seed_from_u64(bootstrap.seed);
        rng.set_stream(stream);
        source.refill(&mut rng);
        match rule.choose(&source.draw, &mut spread) {
            Ok(choice) => {
                draws += 1;
                exceeding += usize::from(choice.distance >= fit.distance);
            }
            Err(_) => failures += 1,
        }
        if failures > draws + BLOCK {
            return Err(TailError::NoConvergence);
        }
        if draws == most || (draws > 0 && draws.is_multiple_of(BLOCK) && enough(draws, exceeding, bootstrap)) {
            break;
        }
    }
    let p = exceeding as f64 / draws as f64;
    Ok(GoodnessOfFit { p, standard_error: standard_error(draws, exceeding), draws, stopped_early: draws < most })
}

fn adjusted(draws: usize, exceeding: usize) -> f64 {
    (exceeding as f64 + 2.0) / (draws as f64 + 4.0)
}

fn standard_error(draws: usize, exceeding: usize) -> f64 {
    let p = adjusted(draws, exceeding);
    (p * (1.0 - p) / (draws as f64 + 4.0)).sqrt()
}

fn enough(draws: usize, exceeding: usize, options: &BootstrapOptions) -> bool {
    let error = standard_error(draws, exceeding);
    match options.stop {
        Stop::Never => false,
        Stop::Precise => error <= options.precision,
        Stop::Decided { threshold } => {
            error <= options.precision || (adjusted(draws, exceeding) - threshold).abs() > 4.0 * error
        }
    }
}

/// Makes synthetic samples, as logarithms, already sorted.
struct Source<'a> {
    body: &'a [f64],
    tail_size: usize,
    base: f64,
    /// 1/(alpha - 1): ln(x/xmin) is exponential with this mean.
    scale: f64,
    counts: Vec<u32>,
    draw: Vec<f64>,
}

impl Source<'_> {
    fn refill(&mut self, rng: &mut ChaCha8Rng) {
        let n = self.body.len() + self.tail_size;
        self.counts.fill(0);
        let mut above = 0usize;
        for _ in 0..n {
            // One number decides between tail and body, and which of the body.
            let pick = index(rng.next_u64(), n);
            match self.counts.get_mut(pick) {
                Some(count) => *count += 1,
                None => above += 1,
            }
        }
        self.draw.clear();
        for (log, &count) in self.body.iter().zip(&self.counts) {
            self.draw.extend(std::iter::repeat_n(*log, count as usize));
        }
        // Sorted exponential draws are sums of independent gaps (Renyi 1953): no sorting.
        let mut w = 0.0;
        for left in (1..=above).rev() {
            w += -unit(rng.next_u64()).ln() / left as f64;
            self.draw.push(self.base + self.scale * w);
        }
    }
}

/// An index below n from 64 random bits.
fn index(bits: u64, n: usize) -> usize {
    ((u128::from(bits) * n as u128) >> 64) as usize
}

/// A number in (0, 1] from 64 random bits.
fn unit(bits: u64) -> f64 {
    ((bits >> 11) as f64 + 1.0) * (1.0 / (1u64 << 53) as f64)
}
