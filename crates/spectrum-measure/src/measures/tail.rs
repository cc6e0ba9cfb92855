//! The fitted power-law tail and what is read off it.

use spectrum_core::{Blob, Measure, Outcome, Reason, Record, Sample, Spectrum};
use spectrum_tail::{Convention, FitOptions, TailFit, fit};

use super::erg::erg_tail;
use super::trusted::{equal_up_to_rounding, incomplete};
use crate::battery::record;

/// Exponents between which WeightWatcher calls a layer well trained: below the first it warns `over-trained`, above the
/// second `under-trained`.
pub const WELL_TRAINED: (f64, f64) = (2.0, 6.0);

/// The power law fitted to the tail of lambda = s^2, by a named convention:
///
/// - `alpha`, `alpha_sigma`, `alpha_distance`, `xmin`, `tail_size`: the fit ([`spectrum_tail::fit`]);
/// - `alpha_weighted`: alpha log10 lambda_1, "alpha-hat"; `log_alpha_norm`: log10 sum lambda^alpha (Martin, Peng and
///   Mahoney, Nat. Commun. 12 (2021) 4122);
/// - `training_warning`: 0 none, 1 under-trained (alpha > 6), 2 over-trained (alpha < 2), WeightWatcher's rule. A fit that
///   failed gives its reason, never a warning (WeightWatcher 0.7.7 calls it over-trained);
/// - `erg_size`, `erg_edge`: the trace-log condition ([`erg_tail`]); `erg_gap` = erg_size - tail_size.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tail {
    /// Which fit.
    pub convention: Convention,
}

impl Measure for Tail {
    fn metrics(&self) -> &'static [&'static str] {
        &[
            "alpha",
            "alpha_sigma",
            "alpha_distance",
            "xmin",
            "tail_size",
            "alpha_weighted",
            "log_alpha_norm",
            "training_warning",
            "erg_size",
            "erg_edge",
            "erg_gap",
        ]
    }

    fn measure(&self, sample: &Sample<'_>, records: &mut Vec<Record>, _: &mut Vec<Blob>) {
        let s = sample.spectrum;
        let equal = equal_up_to_rounding(sample);
        let fit = if equal { Err(Reason::Degenerate) } else { tail_fit(s, &FitOptions::of(self.convention)) };
        let erg = if equal { Err(Reason::Degenerate) } else { erg_tail(s) };
        let of = |f: &dyn Fn(&TailFit) -> f64| Outcome::from(fit.as_ref().map(f).map_err(Clone::clone));
        let gap = match (&erg, &fit) {
            (Ok(erg), Ok(fit)) => Ok(erg.size as f64 - fit.tail_size as f64),
            (_, Err(reason)) | (Err(reason), _) => Err(reason.clone()),
        };
        let outcomes = [
            of(&|f| f.alpha),
            of(&|f| f.sigma),
            of(&|f| f.distance),
            of(&|f| f.xmin),
            of(&|f| f.tail_size as f64),
            of(&|f| f.alpha * 2.0 * s.top().log10()),
            of(&|f| log_alpha_norm(&s.singular_values, f.alpha)),
            of(&|f| f64::from(warning(f.alpha))),
            erg.as_ref().map(|e| e.size as f64).map_err(Clone::clone).into(),
            erg.as_ref().map(|e| e.edge).map_err(Clone::clone).into(),
            gap.into(),
        ];
        records.extend(self.metrics().iter().zip(outcomes).map(|(metric, o)| record(sample.id, metric, o)));
    }
}

/// The fit to the eigenvalues of a complete spectrum, those under its floor left out.
///
/// # Errors
/// The reasons of [`fit`], and [`Reason::NotComputed`] for a partial spectrum.
pub fn tail_fit(spectrum: &Spectrum, options: &FitOptions) -> Result<TailFit, Reason> {
    if !spectrum.is_complete() {
        return Err(incomplete(spectrum));
    }
    fit(&spectrum.eigenvalues(), spectrum.floor * spectrum.floor, options).map_err(Reason::from)
}

/// log10 sum s_i^(2 alpha), as the logarithm of a sum of exponentials beside the largest: no power is formed that could
/// overflow. Values descending, the first positive.
fn log_alpha_norm(singular_values: &[f64], alpha: f64) -> f64 {
    let top = singular_values.first().map_or(0.0, |s| s.ln());
    // A zero has the logarithm of no number, and adds exp(-infinity) = 0.
    let sum: f64 = singular_values.iter().map(|s| (2.0 * alpha * (s.ln() - top)).exp()).sum();
    (2.0 * alpha * top + sum.ln()) / std::f64::consts::LN_10
}

fn warning(alpha: f64) -> u8 {
    if alpha < WELL_TRAINED.0 {
        2
    } else if alpha > WELL_TRAINED.1 {
        1
    } else {
        0
    }
}
