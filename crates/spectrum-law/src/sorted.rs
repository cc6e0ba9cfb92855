//! A sorted sample read in ascending order, whichever way it is stored: spectra come descending, laws read ascending.

use crate::LawError;

/// A view of a sorted sample in ascending order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ascending<'a> {
    values: &'a [f64],
    descending: bool,
}

impl<'a> Ascending<'a> {
    /// Checks that the values are finite, not negative and sorted one way or the other.
    pub(crate) fn new(values: &'a [f64]) -> Result<Self, LawError> {
        if values.iter().any(|v| !v.is_finite() || *v < 0.0) {
            return Err(LawError::NotFinite);
        }
        let descending = matches!((values.first(), values.last()), (Some(a), Some(b)) if a > b);
        let in_order = |w: &[f64]| if descending { w[0] >= w[1] } else { w[0] <= w[1] };
        if values.windows(2).all(in_order) { Ok(Self { values, descending }) } else { Err(LawError::Unsorted) }
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// The i-th smallest value.
    pub(crate) fn at(&self, i: usize) -> f64 {
        if self.descending { self.values[self.values.len() - 1 - i] } else { self.values[i] }
    }

    /// How many values lie above `threshold`.
    pub(crate) fn count_above(&self, threshold: f64) -> usize {
        let below = if self.descending {
            self.values.len() - self.values.partition_point(|v| *v > threshold)
        } else {
            self.values.partition_point(|v| *v <= threshold)
        };
        self.values.len() - below
    }

    /// The empirical quantile at `probability` of the `count` smallest values: linear between the order statistics,
    /// the i-th of them (from 0) standing at probability (i + 1/2)/count (Hazen).
    pub(crate) fn quantile(&self, probability: f64, count: usize) -> f64 {
        let last = count - 1;
        let position = (count as f64 * probability - 0.5).clamp(0.0, last as f64);
        let low = (position as usize).min(last);
        let (a, b) = (self.at(low), self.at((low + 1).min(last)));
        a + (position - low as f64) * (b - a)
    }
}
