//! The eigenvalues against the Marchenko-Pastur law: with the variance fitted to the bulk, and with that of W_0.

use spectrum_core::{Blob, Measure, Outcome, Reason, Record, Sample, Spectrum};
use spectrum_law::bulk::{count_outliers, outlier_threshold};
use spectrum_law::{BulkFit, LawError, MarchenkoPastur, fit_bulk};

use super::live::live;
use super::trusted::incomplete;
use crate::battery::record;
use crate::tolerance::resolution;

/// `mp_variance`, `mp_edge`, `mp_distance`, `top_to_edge`, `outliers`, `mp_soft_rank`: the bulk by the trimmed fit of
/// [`spectrum_law::bulk`], on the eigenvalues lambda = s^2. The soft rank is WeightWatcher's, edge over largest eigenvalue
/// (Martin and Mahoney, JMLR 22 (2021) 165, section 2.4), with the edge of this fit. The law is that of the matrix without
/// rows and columns that are zero throughout.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bulk;

/// The names of [`Bulk`] with how each is read from a fit.
type Reading = (&'static str, fn(&BulkFit) -> f64);
pub(crate) const READINGS: [Reading; 6] = [
    ("mp_variance", |f| f.variance),
    ("mp_edge", |f| f.edge),
    ("mp_distance", |f| f.distance),
    ("top_to_edge", |f| f.top_to_edge),
    ("outliers", |f| f.outliers as f64),
    ("mp_soft_rank", |f| 1.0 / f.top_to_edge),
];

impl Measure for Bulk {
    fn metrics(&self) -> &'static [&'static str] {
        &["mp_variance", "mp_edge", "mp_distance", "top_to_edge", "outliers", "mp_soft_rank"]
    }

    fn measure(&self, sample: &Sample<'_>, records: &mut Vec<Record>, _: &mut Vec<Blob>) {
        let fit = bulk_of(&live(sample));
        for (name, read) in READINGS {
            let outcome: Outcome = fit.as_ref().map(read).map_err(Clone::clone).into();
            records.push(record(sample.id, name, outcome));
        }
    }
}

/// The fit, where there is a bulk ([`BulkFit::is_bulk`]).
pub(crate) fn bulk_of(spectrum: &Spectrum) -> Result<BulkFit, Reason> {
    let (fit, count) = (trusted_fit(spectrum)?, spectrum.rank_bound());
    if fit.is_bulk(count) {
        return Ok(fit);
    }
    let beyond = fit.outliers;
    Err(Reason::NotApplicable(format!(
        "no bulk: {beyond} of {count} eigenvalues lie beyond the edge fitted to the rest"
    )))
}

/// The fit, unless values below the floor could change it.
pub(crate) fn trusted_fit(spectrum: &Spectrum) -> Result<BulkFit, Reason> {
    if !spectrum.is_complete() {
        return Err(incomplete(spectrum));
    }
    let (rows, cols) = (spectrum.rows, spectrum.cols);
    let mut eigenvalues = spectrum.eigenvalues();
    let sound = spectrum.singular_values.partition_point(|s| *s >= spectrum.floor);
    if sound == eigenvalues.len() {
        return fit_bulk(&eigenvalues, rows, cols).map_err(Reason::from);
    }
    let fit = fit_bulk(&eigenvalues, rows, cols);
    // Exact values would be no more.
    if let Err(e @ LawError::TooFewValues { .. }) = &fit {
        return Err(e.clone().into());
    }
    let mut end = |low: f64| {
        eigenvalues[sound..].fill(low);
        fit_bulk(&eigenvalues, rows, cols)
    };
    match (end(0.0), end(spectrum.floor * spectrum.floor), fit) {
        (Ok(a), Ok(b), Ok(fit))
            if READINGS.iter().all(|(name, read)| resolution(name, rows, cols).allows(read(&a), read(&b))) =>
        {
            Ok(fit)
        }
        _ => Err(Reason::BelowFloor),
    }
}

/// `outliers_initial`: eigenvalues of a weight above the edge (plus four Tracy-Widom widths) that the entry variance of
/// W_0 gives. No record where the run does not know W_0.
#[derive(Debug, Clone, Copy, Default)]
pub struct InitialOutliers;

impl Measure for InitialOutliers {
    fn metrics(&self) -> &'static [&'static str] {
        &["outliers_initial"]
    }

    fn measure(&self, sample: &Sample<'_>, records: &mut Vec<Record>, _: &mut Vec<Blob>) {
        let known = sample.references.initial_std.iter().find(|(layer, _)| *layer == sample.id.layer);
        if let Some((_, std)) = known {
            let count = outliers_initial(sample.spectrum, *std).map(|k| k as f64);
            records.push(record(sample.id, "outliers_initial", count));
        }
    }
}

fn outliers_initial(s: &Spectrum, std: f64) -> Result<usize, Reason> {
    let law = MarchenkoPastur::new(s.rows, s.cols, std * std)?;
    let eigenvalues = s.eigenvalues();
    let count = count_outliers(&eigenvalues, &law)?;
    let threshold = outlier_threshold(&law);
    if threshold < s.floor * s.floor {
        return Err(Reason::BelowFloor);
    }
    // A partial spectrum that does not reach down to the threshold may miss some.
    if !s.is_complete() && count == eigenvalues.len() {
        return Err(incomplete(s));
    }
    Ok(count)
}
