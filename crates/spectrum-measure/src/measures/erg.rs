//! The trace-log condition of the effective tail: how many eigenvalues multiply to one.

use spectrum_core::{Reason, Spectrum};

use super::trusted::incomplete;

/// The eigenvalues whose product, after rescaling, comes down to one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ErgTail {
    /// How many, the one that brings the product below one included.
    pub size: usize,
    /// The smallest of them (unit of an eigenvalue).
    pub edge: f64,
}

/// Rescales the eigenvalues lambda = s^2 so that their mean is 1 and walks down from the largest until the product of
/// those passed falls below 1. The value that does it is counted.
///
/// Source: WeightWatcher 0.7.7, `RMT_Util.detX_constraint` (`detX_num`, `num_ERG_spikes`); the volume-preserving condition
/// of its authors' SETOL. There the product itself is formed and may overflow; here logarithms are added. By the
/// inequality of the means the product of all is at most 1, so that the walk ends.
///
/// # Errors
/// [`Reason::TooFewValues`] under two values, [`Reason::Degenerate`] when all are equal, [`Reason::BelowFloor`] when the
/// walk goes below the spectrum's floor, [`Reason::NotComputed`] for a partial spectrum.
pub fn erg_tail(spectrum: &Spectrum) -> Result<ErgTail, Reason> {
    if !spectrum.is_complete() {
        return Err(incomplete(spectrum));
    }
    let s = &spectrum.singular_values;
    if s.len() < 2 {
        return Err(Reason::TooFewValues { found: s.len(), needed: 2 });
    }
    let (top, last) = (s[0], s[s.len() - 1]);
    // Equal values come out of a decomposition with roundings; the order of those means nothing.
    if top == 0.0 || 2.0 * (top / last).ln() <= s.len() as f64 * f64::EPSILON {
        return Err(Reason::Degenerate);
    }
    // Quotients: neither squares nor their sum overflow.
    let mean = s.iter().map(|v| (v / top) * (v / top)).sum::<f64>() / s.len() as f64;
    let mut log_product = 0.0;
    let reached = s.iter().position(|v| {
        log_product += 2.0 * (v / top).ln() - mean.ln();
        log_product < 0.0
    });
    let size = reached.map_or(s.len(), |i| i + 1);
    let edge = s[size - 1];
    if edge < spectrum.floor {
        return Err(Reason::BelowFloor);
    }
    Ok(ErgTail { size, edge: edge * edge })
}
