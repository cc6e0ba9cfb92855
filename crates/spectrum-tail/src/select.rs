//! The choice of the cut-off.

use crate::distance::{PowerLawAtTail, distance};
use crate::sample::{Sample, spreads};
use crate::{Convention, Cutoff, Distance, FitOptions, TailError};

/// Under so many values WeightWatcher corrects alpha, and wants tails of [`WW_SMALL_TAIL`].
const WW_SMALL: usize = 20;
const WW_SMALL_TAIL: usize = 8;

/// A cut-off and the power law from it on.
#[derive(Clone, Copy)]
pub(crate) struct Choice {
    /// Index of the tail's first value among those that count.
    pub start: usize,
    pub size: usize,
    /// alpha - 1.
    pub rate: f64,
    pub distance: f64,
}

/// Which cut-offs are tried, in terms of logarithms.
#[derive(Clone, Copy)]
enum Plan {
    Scan { min: f64, max: f64 },
    From(f64),
    Top(usize),
}

/// Everything about a fit but the values, so that a bootstrap can repeat it on other values.
#[derive(Clone, Copy)]
pub(crate) struct Rule {
    plan: Plan,
    pub kind: Distance,
    pub small_sample: bool,
    min_tail: usize,
    /// Only distinct values but the two largest are candidates.
    distinct: bool,
    /// Sums of ln(x/xmin) up to this, for each value of the tail, are rounding: eigenvalues that are equal in truth
    /// come out of a decomposition with errors of count * epsilon each.
    noise: f64,
}

impl Rule {
    /// # Errors
    /// Options without meaning; a cut-off below the floor, or zero.
    pub fn new(sample: &Sample, options: &FitOptions) -> Result<Self, TailError> {
        let kept = sample.kept().len();
        let ww = options.convention == Convention::Ww;
        let small = ww && kept < WW_SMALL;
        let scanned = matches!(options.cutoff, Cutoff::Scan | Cutoff::Bounds { .. });
        let mut min_tail = options.min_tail.max(2);
        if small && scanned {
            // Under 8 values the whole sample is the tail.
            min_tail = min_tail.max(WW_SMALL_TAIL.min(kept));
        }
        let rule = Self {
            plan: plan(sample, options.cutoff)?,
            kind: options.distance,
            small_sample: options.small_sample || small,
            min_tail,
            distinct: !ww,
            noise: sample.all().len() as f64 * f64::EPSILON,
        };
        if kept == 0 {
            return Err(sample.nothing_kept(min_tail));
        }
        Ok(rule)
    }

    /// Every admissible cut-off, whatever the plan says, except that bounds are kept.
    pub fn scanning(mut self) -> Self {
        if !matches!(self.plan, Plan::Scan { .. }) {
            self.plan = Plan::Scan { min: f64::NEG_INFINITY, max: f64::INFINITY };
        }
        self
    }

    /// alpha - 1 of a tail, or `None` where its values are equal up to rounding.
    fn rate(&self, size: usize, spread: f64) -> Option<f64> {
        let n = if self.small_sample { size - 1 } else { size };
        (spread > size as f64 * self.noise).then(|| n as f64 / spread)
    }

    /// The power law from one value on, or `None` where it does not exist or is farther than `limit`.
    fn at(&self, logs: &[f64], spread: &[f64], start: usize, limit: f64, hint: &mut usize) -> Option<Choice> {
        let size = logs.len() - start;
        let rate = self.rate(size, spread[start])?;
        let tail = PowerLawAtTail { logs: &logs[start..], base: logs[start], rate };
        let distance = distance(&tail, self.kind, limit, hint)?;
        Some(Choice { start, size, rate, distance })
    }

    /// Indices of the cut-offs that may be tried, ascending.
    fn candidates<'a>(&self, logs: &'a [f64]) -> impl Iterator<Item = usize> + Clone + use<'a> {
        let (min, max) = match self.plan {
            Plan::Scan { min, max } => (min, max),
            Plan::From(_) | Plan::Top(_) => (f64::NEG_INFINITY, f64::INFINITY),
        };
        let distinct = self.distinct;
        let mut end = (logs.len() + 1).saturating_sub(self.min_tail);
        if distinct {
            // The start of the second largest distinct value.
            let mut second = logs.len();
            for _ in 0..2 {
                second = logs[..second].last().map_or(0, |top| logs.partition_point(|l| l < top));
            }
            end = end.min(second);
        } else {
            end = end.min(logs.len().saturating_sub(1));
        }
        (0..end).filter(move |&i| (!distinct || i == 0 || logs[i] > logs[i - 1]) && logs[i] >= min && logs[i] <= max)
    }

    /// The cut-off of the plan. `spread` is scratch space.
    ///
    /// # Errors
    /// No tail has enough values, or all tails are equal up to rounding.
    pub fn choose(&self, logs: &[f64], spread: &mut Vec<f64>) -> Result<Choice, TailError> {
        let enough = |found: usize| {
            if found < self.min_tail {
                return Err(TailError::TooFewValues { found, needed: self.min_tail });
            }
            Ok(())
        };
        enough(logs.len())?;
        let single = |start: usize, base: f64| {
            let logs = &logs[start..];
            enough(logs.len())?;
            let spread = logs.iter().map(|l| l - base).sum();
            let rate = self.rate(logs.len(), spread).ok_or(TailError::EqualTail)?;
            let tail = PowerLawAtTail { logs, base, rate };
            let distance = distance(&tail, self.kind, f64::INFINITY, &mut 0).ok_or(TailError::EqualTail)?;
            Ok(Choice { start, size: logs.len(), rate, distance })
        };
        match self.plan {
            Plan::From(base) => single(logs.partition_point(|l| *l < base), base),
            Plan::Top(size) => {
                let start = logs.len().saturating_sub(size);
                single(start, logs[start])
            }
            Plan::Scan { .. } => self.scan_for_best(logs, spread),
        }
    }

    fn scan_for_best(&self, logs: &[f64], spread: &mut Vec<f64>) -> Result<Choice, TailError> {
        spreads(logs, spread);
        let mut best: Option<Choice> = None;
        let mut try_at = |start: usize, hint: &mut usize| {
            let limit = best.map_or(f64::INFINITY, |b| b.distance);
            let Some(found) = self.at(logs, spread, start, limit, hint) else { return };
            // The smallest xmin among equals, in whatever order they were tried.
            if best.is_none_or(|b| found.distance < b.distance || (found.distance == b.distance && start < b.start)) {
                best = Some(found);
            }
        };
        // A few cut-offs first, evenly over the logarithm of the tail's size, so that the others have a limit to fail.
        let mut next = logs.len();
        for i in self.candidates(logs) {
            let size = logs.len() - i;
            if size <= next {
                try_at(i, &mut 0);
                next = size * 4 / 5;
            }
        }
        let mut hint = 0;
        for i in self.candidates(logs) {
            try_at(i, &mut hint);
        }
        best.ok_or_else(|| self.no_candidate(logs))
    }

    /// Every candidate, ascending, without a limit.
    pub fn every(&self, logs: &[f64]) -> Result<Vec<Choice>, TailError> {
        let mut spread = Vec::new();
        spreads(logs, &mut spread);
        let mut hint = 0;
        let all: Vec<Choice> =
            self.candidates(logs).filter_map(|i| self.at(logs, &spread, i, f64::INFINITY, &mut hint)).collect();
        if all.is_empty() { Err(self.no_candidate(logs)) } else { Ok(all) }
    }

    fn no_candidate(&self, logs: &[f64]) -> TailError {
        let mut distinct = logs.to_vec();
        distinct.dedup();
        let needed = if self.distinct { self.min_tail.max(3) } else { self.min_tail };
        match self.candidates(logs).next() {
            None if distinct.len() != 1 || logs.len() < self.min_tail => {
                let bounds = match self.plan {
                    Plan::Scan { min, max } => min..=max,
                    Plan::From(_) | Plan::Top(_) => f64::NEG_INFINITY..=f64::INFINITY,
                };
                TailError::TooFewValues { found: distinct.iter().filter(|l| bounds.contains(*l)).count(), needed }
            }
            _ => TailError::EqualTail,
        }
    }
}

fn plan(sample: &Sample, cutoff: Cutoff) -> Result<Plan, TailError> {
    let floor = sample.floor();
    match cutoff {
        Cutoff::Scan => Ok(Plan::Scan { min: f64::NEG_INFINITY, max: f64::INFINITY }),
        Cutoff::Bounds { min, max } => {
            if !(min <= max && min >= 0.0 && max > 0.0) {
                return Err(TailError::InvalidOption("the cut-off's bounds must be ordered and positive"));
            }
            // Compared through logarithms, a bound that is an eigenvalue must include it: same function, same bits.
            let min = if min > 0.0 { sample.ln(min) } else { f64::NEG_INFINITY };
            Ok(Plan::Scan { min, max: if max.is_finite() { sample.ln(max) } else { f64::INFINITY } })
        }
        Cutoff::Fixed(xmin) => {
            if !(xmin.is_finite() && xmin > 0.0) {
                return Err(TailError::InvalidOption("the cut-off must be positive and finite"));
            }
            if xmin < floor {
                return Err(TailError::BelowFloor { xmin, floor });
            }
            Ok(Plan::From(sample.ln(xmin)))
        }
        Cutoff::Fraction(fraction) => {
            if !(fraction > 0.0 && fraction <= 1.0) {
                return Err(TailError::InvalidOption("the tail's fraction must lie in (0, 1]"));
            }
            let all = sample.all();
            // 0.07 * 100 is 7.000000000000001 in doubles.
            let size = ((fraction * all.len() as f64 * (1.0 - 2.0 * f64::EPSILON)).ceil() as usize).min(all.len());
            let kept = sample.kept().len();
            if size > kept {
                let xmin = all[all.len() - size];
                return Err(if xmin < floor {
                    TailError::BelowFloor { xmin, floor }
                } else if xmin == 0.0 {
                    TailError::ZeroCutoff
                } else {
                    TailError::TooFewValues { found: kept, needed: size }
                });
            }
            Ok(Plan::Top(size))
        }
    }
}
