//! Hill's tail index of the eigenvalues.

use spectrum_core::{Blob, Measure, Reason, Record, Sample};
use spectrum_tail::hill_median;

use super::trusted::{equal_up_to_rounding, incomplete};
use crate::battery::record;

/// `alpha_hill`: Hill's estimator over the upper half of the eigenvalues lambda = s^2; see
/// [`hill_median`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Hill;

impl Measure for Hill {
    fn metrics(&self) -> &'static [&'static str] {
        &["alpha_hill"]
    }

    fn measure(&self, sample: &Sample<'_>, records: &mut Vec<Record>, _: &mut Vec<Blob>) {
        let s = sample.spectrum;
        let alpha = if equal_up_to_rounding(sample) {
            Err(Reason::Degenerate)
        } else if s.is_complete() {
            hill_median(&s.eigenvalues(), s.floor * s.floor).map(|fit| fit.alpha).map_err(Reason::from)
        } else {
            Err(incomplete(s))
        };
        records.push(record(sample.id, "alpha_hill", alpha));
    }
}
