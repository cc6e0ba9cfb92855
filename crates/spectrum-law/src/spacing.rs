//! Do neighbouring eigenvalues repel each other? The ratio of consecutive spacings.
//!
//! For eigenvalues in order, spacings s_i = lambda_{i+1} - lambda_i and r_i = min(s_i, s_{i-1})/max(s_i, s_{i-1}) (Oganesyan
//! and Huse, Phys. Rev. B 75 (2007) 155111). Its mean needs no unfolding, because the local density cancels. Noise of any
//! entry law has that of the Gaussian orthogonal ensemble, [`GOE`]; values that know nothing of each other (a sum of
//! unrelated blocks, say) have that of independent points, [`POISSON`].

use std::f64::consts::LN_2;

use crate::LawError;
use crate::sorted::Ascending;

/// Mean ratio of large real symmetric Gaussian matrices: 0.5307(1) (Atas, Bogomolny, Giraud and Roux, Phys. Rev. Lett. 110
/// (2013) 084101, table I, numerical).
pub const GOE: f64 = 0.5307;

/// The same for 3 x 3 matrices, in closed form: 4 - 2 sqrt 3 (Atas et al., table I).
pub const GOE_SURMISE: f64 = 0.535_898_384_862_245_4;

/// Mean ratio of independent points: 2 ln 2 - 1 (Atas et al., table I).
pub const POISSON: f64 = 2.0 * LN_2 - 1.0;

/// The fewest ratios that have a standard error.
pub const MIN_RATIOS: usize = 8;

/// The mean of the spacing ratios of a spectrum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpacingRatio {
    /// Mean of min(s_i, s_{i-1})/max(s_i, s_{i-1}), in 0..=1.
    pub mean: f64,
    /// Its standard error, with the covariance of neighbouring ratios (they share a spacing).
    pub standard_error: f64,
    /// How many ratios.
    pub count: usize,
}

impl SpacingRatio {
    /// Distance to a reference ([`GOE`], [`POISSON`]) in standard errors.
    #[must_use]
    pub fn z(&self, reference: f64) -> f64 {
        (self.mean - reference) / self.standard_error
    }
}

/// The spacing ratios of the eigenvalues but the `leave_out` largest: outliers (see [`crate::BulkFit::outliers`]) are no part
/// of the bulk.
///
/// `eigenvalues` may be ascending or descending. Values below a spectrum's floor are rounding, whose spacings mean nothing:
/// cut them off before.
///
/// # Errors
/// [`LawError::TooFewValues`] when fewer than [`MIN_RATIOS`] + 2 values remain, [`LawError::EqualValues`] when three
/// neighbours are equal and a ratio is 0/0 (a rank-deficient or constructed matrix; two equal values give the ratio 0),
/// [`LawError::Unsorted`], [`LawError::NotFinite`].
///
/// ```
/// use spectrum_law::spacing::spacing_ratio;
///
/// // Equidistant values: every ratio is one. The top value is left out.
/// let mut eigenvalues: Vec<f64> = (0..20).map(f64::from).collect();
/// eigenvalues.push(100.0);
/// let ratio = spacing_ratio(&eigenvalues, 1)?;
/// assert_eq!((ratio.mean, ratio.standard_error, ratio.count), (1.0, 0.0, 18));
/// # Ok::<(), spectrum_law::LawError>(())
/// ```
pub fn spacing_ratio(eigenvalues: &[f64], leave_out: usize) -> Result<SpacingRatio, LawError> {
    let sample = Ascending::new(eigenvalues)?;
    let kept = sample.len().saturating_sub(leave_out);
    if kept < MIN_RATIOS + 2 {
        return Err(LawError::TooFewValues { found: kept, needed: MIN_RATIOS + 2 });
    }
    let ratios: Vec<f64> = (1..kept - 1)
        .map(|i| {
            let (a, b) = (sample.at(i) - sample.at(i - 1), sample.at(i + 1) - sample.at(i));
            a.min(b) / a.max(b)
        })
        .collect();
    let undefined = ratios.iter().filter(|r| r.is_nan()).count();
    if undefined > 0 {
        return Err(LawError::EqualValues { ratios: undefined });
    }
    let n = ratios.len() as f64;
    let mean = ratios.iter().sum::<f64>() / n;
    let covariance = |lag: usize| ratios.iter().zip(&ratios[lag..]).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>();
    // Ratios one apart share a spacing. For a handful of ratios the sum can be negative; the plain variance stands in then.
    let naive = covariance(0) / (n - 1.0) / n;
    let shared = 2.0 * covariance(1) / (n - 1.0) / n;
    let variance = if naive + shared > 0.0 { naive + shared } else { naive };
    Ok(SpacingRatio { mean, standard_error: variance.sqrt(), count: ratios.len() })
}
