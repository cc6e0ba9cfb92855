//! The largest eigenvalues as signal beside noise, and the noise's own signature.

use spectrum_core::{Blob, Measure, Outcome, Reason, Record, Sample, Spectrum};
use spectrum_law::shrinkage::{rank, threshold_unknown};
use spectrum_law::{BulkFit, MarchenkoPastur, Spike, spacing_ratio};

use super::bulk::bulk_of;
use super::live::live;
use super::trusted::incomplete;
use crate::battery::record;

/// What stands beside the fitted bulk:
///
/// - `outlier_p`: Tracy-Widom p-value of the largest eigenvalue under the fitted variance, outlier or not
///   ([`MarchenkoPastur::tracy_widom_p`]); small values are an order of magnitude;
/// - `spike_strength`, `spike_left_overlap`, `spike_right_overlap`: the rank-one term that would put the top outlier where it
///   is, and the squared cosines that its vectors keep with the singular vectors ([`Spike::from_outlier`]); not applicable
///   without an outlier;
/// - `gavish_donoho_rank`: singular values above the optimal threshold for unknown noise ([`threshold_unknown`]);
/// - `spacing_ratio`, `spacing_ratio_error`: mean ratio of neighbouring spacings of the eigenvalues between the floor and the
///   outliers, and its standard error ([`spacing_ratio`]): 0.531 for noise, 0.386 for independent points.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outliers;

impl Measure for Outliers {
    fn metrics(&self) -> &'static [&'static str] {
        &[
            "outlier_p",
            "spike_strength",
            "spike_left_overlap",
            "spike_right_overlap",
            "gavish_donoho_rank",
            "spacing_ratio",
            "spacing_ratio_error",
        ]
    }

    fn measure(&self, sample: &Sample<'_>, records: &mut Vec<Record>, _: &mut Vec<Blob>) {
        let live = live(sample);
        let s = live.as_ref();
        let fit = bulk_of(s);
        let law =
            fit.as_ref().map_err(Clone::clone).and_then(|f| Ok(MarchenkoPastur::new(s.rows, s.cols, f.variance)?));
        let top = s.top() * s.top();
        let p = law.as_ref().map(|law| law.tracy_widom_p(top)).map_err(Clone::clone);
        let spike = match (&fit, &law) {
            (Ok(fit), Ok(law)) if fit.outliers > 0 => Spike::from_outlier(law, top).map_err(Reason::from),
            (Ok(_), Ok(_)) => Err(Reason::NotApplicable("no outlier".to_owned())),
            (Err(reason), _) | (_, Err(reason)) => Err(reason.clone()),
        };
        let of = |f: fn(&Spike) -> f64| Outcome::from(spike.as_ref().map(f).map_err(Clone::clone));
        let spacing = fit.as_ref().map_err(Clone::clone).and_then(|f| bulk_spacing(s, f));
        let outcomes = [
            p.into(),
            of(Spike::strength),
            of(Spike::left_overlap),
            of(Spike::right_overlap),
            optimal_rank(s).map(|r| r as f64).into(),
            spacing.as_ref().map(|r| r.mean).map_err(Clone::clone).into(),
            spacing.as_ref().map(|r| r.standard_error).map_err(Clone::clone).into(),
        ];
        records.extend(self.metrics().iter().zip(outcomes).map(|(metric, o)| record(sample.id, metric, o)));
    }
}

fn optimal_rank(s: &Spectrum) -> Result<usize, Reason> {
    if !s.is_complete() {
        return Err(incomplete(s));
    }
    let threshold = threshold_unknown(s.rows, s.cols, &s.singular_values)?;
    // The threshold is a multiple of the median, the mean of the middle two.
    let middle = s.singular_values[s.rank_bound() / 2];
    if middle < s.floor {
        return Err(Reason::BelowFloor);
    }
    Ok(rank(&s.singular_values, threshold))
}

fn bulk_spacing(s: &Spectrum, fit: &BulkFit) -> Result<spectrum_law::SpacingRatio, Reason> {
    let eigenvalues = s.eigenvalues();
    let sound = s.singular_values.partition_point(|v| *v >= s.floor);
    Ok(spacing_ratio(&eigenvalues[..sound], fit.outliers)?)
}
