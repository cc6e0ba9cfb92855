//! The fitted power law against other distributions on the same tail. Not part of the battery: it costs milliseconds.

use spectrum_core::{MatrixId, Outcome, Reason, Spectrum, StepRows};
use spectrum_tail::{Alternative, FitOptions, TailError, TailFit, Vuong, compare, fit_alternative};

use crate::battery::record;
use crate::measures::tail_fit;

/// Metrics of [`measure`], in the order of the records. For each distribution of [`Alternative::ALL`]:
///
/// - `tail_vs_<name>_ratio`: the normalised log-likelihood ratio ([`Vuong::normalized`]), above 0 where it favours the power
///   law;
/// - `tail_vs_<name>_p`: the chance of a ratio that far from 0 if neither were better. A small one says that the sign of the
///   ratio is to be trusted: the opposite reading of `tail_gof_p`.
///
/// Then `best_tail`: [`best`].
pub const METRICS: [&str; 9] = [
    "tail_vs_truncated_power_law_ratio",
    "tail_vs_truncated_power_law_p",
    "tail_vs_log_normal_ratio",
    "tail_vs_log_normal_p",
    "tail_vs_exponential_ratio",
    "tail_vs_exponential_p",
    "tail_vs_stretched_exponential_ratio",
    "tail_vs_stretched_exponential_p",
    "best_tail",
];

/// How one alternative fares.
#[derive(Debug, Clone, PartialEq)]
pub enum Rival {
    /// It has a best fit, and this is how the two compare.
    Fitted(Vuong),
    /// Its likelihood grows towards the power law, which is its limit: nothing in the family is better.
    NoBetter(Reason),
    /// It could not be fitted.
    Failed(Reason),
}

impl Rival {
    fn of(eigenvalues: &[f64], fit: &TailFit, alternative: Alternative) -> Self {
        match fit_alternative(eigenvalues, fit, alternative).and_then(|other| compare(eigenvalues, fit, &other)) {
            Ok(vuong) => Self::Fitted(vuong),
            Err(e @ TailError::TowardsPowerLaw { .. }) => Self::NoBetter(e.into()),
            Err(e) => Self::Failed(e.into()),
        }
    }

    fn outcome(&self, read: fn(&Vuong) -> f64) -> Outcome {
        match self {
            Self::Fitted(vuong) => read(vuong).into(),
            Self::NoBetter(reason) | Self::Failed(reason) => reason.clone().into(),
        }
    }
}

/// The distribution with the lowest corrected information criterion on the tail: 0 the power law, else 1 + the place in
/// [`Alternative::ALL`].
///
/// AICc = 2k - 2 ln L + 2k(k + 1)/(n - k - 1) for k parameters and n values (Hurvich and Tsai, Biometrika 76 (1989) 297). All
/// see the same tail, the one whose cut-off was chosen to suit the power law, which is an advantage to it. A family whose
/// limit is the power law and that does not improve on it loses by its second parameter. A difference under 2 decides
/// nothing (Burnham and Anderson): read the ratios.
///
/// # Errors
/// [`Reason::TooFewValues`] under five values, and the reason of an alternative that could not be fitted.
pub fn best(fit: &TailFit, rivals: &[Rival; 4]) -> Result<usize, Reason> {
    const NEEDED: usize = 5;
    if fit.tail_size < NEEDED {
        return Err(Reason::TooFewValues { found: fit.tail_size, needed: NEEDED });
    }
    let n = fit.tail_size as f64;
    let penalty = |k: f64| 2.0 * k + 2.0 * k * (k + 1.0) / (n - k - 1.0);
    let (mut winner, mut lowest) = (0, 0.0);
    for (i, (rival, alternative)) in rivals.iter().zip(Alternative::ALL).enumerate() {
        match rival {
            Rival::Fitted(vuong) => {
                // Relative to the power law, so that the ratio is all that is needed of the likelihoods.
                let k = alternative.parameter_names().len() as f64;
                let criterion = penalty(k) - penalty(1.0) + 2.0 * vuong.ratio;
                if criterion < lowest {
                    (winner, lowest) = (i + 1, criterion);
                }
            }
            Rival::NoBetter(_) => {}
            Rival::Failed(reason) => return Err(reason.clone()),
        }
    }
    Ok(winner)
}

/// Fits the tail and its rivals and appends the records of [`METRICS`] under the matrix's identity. `options` are those of
/// the battery's tail.
pub fn measure(id: &MatrixId, spectrum: Result<&Spectrum, &Reason>, options: &FitOptions, rows: &mut StepRows) {
    let fitted = spectrum.map_err(Clone::clone).and_then(|s| Ok((s.eigenvalues(), tail_fit(s, options)?)));
    let outcomes: Vec<Outcome> = match fitted {
        Err(reason) => vec![reason.into(); METRICS.len()],
        Ok((eigenvalues, fit)) => {
            let rivals = Alternative::ALL.map(|a| Rival::of(&eigenvalues, &fit, a));
            let pair = |r: &Rival| [r.outcome(|v| v.normalized), r.outcome(|v| v.p)];
            let winner = best(&fit, &rivals).map(|code| code as f64);
            rivals.iter().flat_map(pair).chain([winner.into()]).collect()
        }
    };
    rows.records.extend(METRICS.iter().zip(outcomes).map(|(metric, o)| record(id, metric, o)));
}
