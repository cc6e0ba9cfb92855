//! A rank-one term beside noise: the transition of Baik, Ben Arous and Peche.
//!
//! `W = W_0 + theta u v^T` with independent entries of variance sigma^2 in `W_0` (N x p) and unit vectors u, v that do not
//! depend on it. Below the threshold theta = sigma (N p)^{1/4} the largest eigenvalue of `W^T W` stays at the edge of the
//! bulk; above it, one eigenvalue leaves and settles at (theta^2 + N sigma^2)(theta^2 + p sigma^2)/theta^2.
//!
//! Source: Benaych-Georges and Nadakuditi, J. Multivariate Anal. 111 (2012) 120, section 3.1 (their matrix has entries of
//! variance 1/m; here there is no such factor).

use crate::{LawError, MarchenkoPastur};

/// A rank-one term of strength theta beside noise that follows a Marchenko-Pastur law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spike {
    law: MarchenkoPastur,
    strength: f64,
}

impl Spike {
    /// A spike of `strength` theta (unit of a singular value) beside the noise of `law`.
    ///
    /// # Errors
    /// [`LawError::Strength`] unless the strength is positive and finite.
    pub fn new(law: &MarchenkoPastur, strength: f64) -> Result<Self, LawError> {
        if !(strength.is_finite() && strength > 0.0) {
            return Err(LawError::Strength(strength));
        }
        Ok(Self { law: *law, strength })
    }

    /// The spike that puts its outlier at `eigenvalue`: [`Spike::eigenvalue`] inverted.
    ///
    /// With L = lambda/sigma^2 and t = theta^2/sigma^2 the position is L = (t + N)(t + p)/t, so t is the larger root of
    /// t^2 - (L - N - p) t + N p = 0 (Benaych-Georges and Nadakuditi, section 3.1; the smaller one lies below the
    /// threshold). To first order in 1/sqrt p: a finite matrix scatters about it, and an eigenvalue just above the edge may
    /// well belong to no spike (see [`MarchenkoPastur::tracy_widom_p`](crate::MarchenkoPastur::tracy_widom_p)).
    ///
    /// # Errors
    /// [`LawError::WithinBulk`] at or below the upper edge of the law, [`LawError::NotFinite`] for a NaN, an infinity or a
    /// negative number.
    ///
    /// ```
    /// use spectrum_law::{MarchenkoPastur, Spike};
    ///
    /// let law = MarchenkoPastur::new(600, 400, 1.0)?;
    /// let spike = Spike::from_outlier(&law, 3596.0)?;
    /// assert!((spike.strength() - 50.0).abs() < 1e-12);
    /// assert!((spike.right_overlap() - 0.8290).abs() < 1e-4);
    /// assert!(Spike::from_outlier(&law, 1900.0).is_err());
    /// # Ok::<(), spectrum_law::LawError>(())
    /// ```
    pub fn from_outlier(law: &MarchenkoPastur, eigenvalue: f64) -> Result<Self, LawError> {
        if !eigenvalue.is_finite() || eigenvalue < 0.0 {
            return Err(LawError::NotFinite);
        }
        let (n, p) = ((law.rows() as f64).sqrt(), (law.cols() as f64).sqrt());
        let position = eigenvalue / law.variance();
        // Distances to the two edges: their product is the discriminant, without the cancellation of B^2 - 4 N p.
        let (above, below) = (position - (n + p).powi(2), position - (n - p).powi(2));
        if above <= 0.0 {
            return Err(LawError::WithinBulk { eigenvalue, edge: law.upper_edge() });
        }
        // B = L - N - p is the mean of the two distances, and t = (B + sqrt(discriminant))/2 = ((sqrt a + sqrt b)/2)^2.
        let root = 0.5 * (above.sqrt() + below.sqrt());
        Self::new(law, law.variance().sqrt() * root)
    }

    /// The strength theta (unit of a singular value).
    #[must_use]
    pub fn strength(&self) -> f64 {
        self.strength
    }

    /// theta^2/sigma^2, N and p as numbers.
    fn scaled(&self) -> (f64, f64, f64) {
        (self.strength * self.strength / self.law.variance(), self.law.rows() as f64, self.law.cols() as f64)
    }

    /// Whether the spike is above the threshold.
    #[must_use]
    pub fn leaves_the_bulk(&self) -> bool {
        self.strength > threshold(&self.law)
    }

    /// Where the outlier settles (unit of an eigenvalue); `None` below the threshold, where there is none.
    #[must_use]
    pub fn eigenvalue(&self) -> Option<f64> {
        let (t, n, p) = self.scaled();
        self.leaves_the_bulk().then(|| self.law.variance() * (t + n) * (t + p) / t)
    }

    /// Squared cosine between u and the outlier's left singular vector (output side); 0 below the threshold.
    #[must_use]
    pub fn left_overlap(&self) -> f64 {
        let (t, n, p) = self.scaled();
        if self.leaves_the_bulk() { (t * t - n * p) / (t * (t + n)) } else { 0.0 }
    }

    /// Squared cosine between v and the outlier's right singular vector (input side); 0 below the threshold.
    #[must_use]
    pub fn right_overlap(&self) -> f64 {
        let (t, n, p) = self.scaled();
        if self.leaves_the_bulk() { (t * t - n * p) / (t * (t + p)) } else { 0.0 }
    }
}

/// The strength from which on a spike leaves the bulk: sigma (N p)^{1/4} (unit of a singular value).
#[must_use]
pub fn threshold(law: &MarchenkoPastur) -> f64 {
    law.variance().sqrt() * (law.rows() as f64 * law.cols() as f64).powf(0.25)
}
