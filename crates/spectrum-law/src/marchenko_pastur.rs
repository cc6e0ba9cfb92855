//! The Marchenko-Pastur law of the eigenvalues of `W^T W`, in closed form.
//!
//! With c = sqrt(p/N) for N >= p, the substitution x = N sigma^2 (1 + c^2 - 2 c cos phi), phi in 0..pi, maps the support
//! onto half a circle, and the law becomes elementary:
//!
//! ```text
//! dF/dphi = 2 sin^2(phi) / (pi (1 + c^2 - 2 c cos phi))
//! F(phi)  = (1/pi) [ phi + sin(phi)/c - (1/c^2 - 1) atan2(c sin phi, 1 - c cos phi) ]
//! ```
//!
//! This form has no difference of nearly equal square roots at the edges, holds for a square matrix (where the density
//! is unbounded at 0), and makes the quantile a smooth one-dimensional root.
//!
//! Source: Marchenko and Pastur, Math. USSR Sbornik 1 (1967) 457; the density is
//! sqrt((b - x)(x - a)) / (2 pi sigma^2 p x) on a..b (Bai and Silverstein, Spectral Analysis of Large Dimensional Random
//! Matrices, 2nd ed., section 3.1.1, without their factor 1/N). The integral was done by hand and is tested against
//! numerical quadrature.

use std::f64::consts::PI;

use crate::LawError;
use crate::sorted::Ascending;

/// Law of the min(N, p) nonzero eigenvalues of `W^T W` for an N x p matrix with independent entries of variance sigma^2.
///
/// Eigenvalues have the unit of a squared entry; there is no factor 1/N.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MarchenkoPastur {
    rows: usize,
    cols: usize,
    variance: f64,
}

impl MarchenkoPastur {
    /// The law for a `rows` x `cols` matrix with entries of variance `variance`.
    ///
    /// # Errors
    /// [`LawError::EmptyMatrix`] without rows or columns, [`LawError::Variance`] unless the variance is positive and
    /// finite.
    pub fn new(rows: usize, cols: usize, variance: f64) -> Result<Self, LawError> {
        if rows == 0 || cols == 0 {
            return Err(LawError::EmptyMatrix { rows, cols });
        }
        if !(variance.is_finite() && variance > 0.0) {
            return Err(LawError::Variance(variance));
        }
        Ok(Self { rows, cols, variance })
    }

    /// Rows N of the matrix.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns p of the matrix.
    #[must_use]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Entry variance sigma^2.
    #[must_use]
    pub fn variance(&self) -> f64 {
        self.variance
    }

    /// The longer side.
    fn long(&self) -> f64 {
        self.rows.max(self.cols) as f64
    }

    /// The shorter side: as many eigenvalues as the law describes.
    fn short(&self) -> f64 {
        self.rows.min(self.cols) as f64
    }

    /// c = sqrt(short/long), in 0..=1.
    fn ratio(&self) -> f64 {
        (self.short() / self.long()).sqrt()
    }

    /// sigma^2 (sqrt N - sqrt p)^2.
    #[must_use]
    pub fn lower_edge(&self) -> f64 {
        self.variance * (self.long().sqrt() - self.short().sqrt()).powi(2)
    }

    /// sigma^2 (sqrt N + sqrt p)^2.
    #[must_use]
    pub fn upper_edge(&self) -> f64 {
        self.variance * (self.long().sqrt() + self.short().sqrt()).powi(2)
    }

    /// The Tracy-Widom width: the scale on which the largest eigenvalue of a finite matrix fluctuates about the upper
    /// edge, sigma^2 (sqrt N + sqrt p)(1/sqrt N + 1/sqrt p)^{1/3} (Johnstone, Ann. Statist. 29 (2001) 295, theorem 1.1,
    /// leading order).
    #[must_use]
    pub fn edge_width(&self) -> f64 {
        let (n, p) = (self.long().sqrt(), self.short().sqrt());
        self.variance * (n + p) * (1.0 / n + 1.0 / p).cbrt()
    }

    /// The angle of an eigenvalue; 0 below and pi above the support.
    fn angle(&self, x: f64) -> f64 {
        let (a, b) = (self.lower_edge(), self.upper_edge());
        2.0 * (x - a).max(0.0).sqrt().atan2((b - x).max(0.0).sqrt())
    }

    /// The eigenvalue at an angle: a + (b - a) sin^2(phi/2), which keeps its relative precision at the lower edge.
    fn eigenvalue(&self, angle: f64) -> f64 {
        let (a, b) = (self.lower_edge(), self.upper_edge());
        (a + (b - a) * (0.5 * angle).sin().powi(2)).clamp(a, b)
    }

    /// F at an angle, and its derivative.
    fn circle(&self, angle: f64) -> (f64, f64) {
        let c = self.ratio();
        let (sin, cos) = angle.sin_cos();
        let square = c == 1.0;
        // (1/c^2 - 1) from the sides themselves: exact zero when the matrix is square.
        let excess = (self.long() - self.short()) / self.short();
        let tilt = if square { 0.0 } else { excess * (c * sin).atan2(1.0 - c * cos) };
        let density = if square { (1.0 + cos) / PI } else { 2.0 * sin * sin / (PI * (1.0 + c * c - 2.0 * c * cos)) };
        ((angle + sin / c - tilt) / PI, density)
    }

    /// Probability density at eigenvalue `x`, per unit of eigenvalue; 0 outside the support. A square matrix has an
    /// unbounded density at 0: there it is infinite at 0 itself.
    #[must_use]
    pub fn pdf(&self, x: f64) -> f64 {
        let (a, b) = (self.lower_edge(), self.upper_edge());
        if x == 0.0 && a == 0.0 {
            return f64::INFINITY;
        }
        if x.is_nan() || x <= a || x >= b {
            return 0.0;
        }
        ((b - x) * (x - a)).sqrt() / (2.0 * PI * self.variance * self.short() * x)
    }

    /// Density of the singular value s = sqrt(x), per unit of s: 2 s f(s^2). Bounded at 0 for square matrices too.
    #[must_use]
    pub fn singular_value_pdf(&self, s: f64) -> f64 {
        if s == 0.0 && self.rows == self.cols {
            return (self.long() * self.variance).sqrt().recip() * 2.0 / PI;
        }
        if s > 0.0 { 2.0 * s * self.pdf(s * s) } else { 0.0 }
    }

    /// Share of the eigenvalues at or below `x`: 0 below the support, 1 above. Absolute error about 1e-15 sqrt(N/p).
    #[must_use]
    pub fn cdf(&self, x: f64) -> f64 {
        if x <= self.lower_edge() {
            0.0
        } else if x >= self.upper_edge() {
            1.0
        } else {
            self.circle(self.angle(x)).0.clamp(0.0, 1.0)
        }
    }

    /// The eigenvalue below which a share `probability` lies.
    ///
    /// # Errors
    /// [`LawError::Probability`] outside 0..=1.
    pub fn quantile(&self, probability: f64) -> Result<f64, LawError> {
        if !(0.0..=1.0).contains(&probability) {
            return Err(LawError::Probability(probability));
        }
        Ok(self.eigenvalue(self.quantile_angle(probability, PI * probability)))
    }

    /// Quantiles at ascending probabilities; each root starts at the one before, so a step costs about two evaluations.
    ///
    /// # Errors
    /// [`LawError::Probability`] when one is outside 0..=1.
    pub fn quantiles(&self, probabilities: &[f64]) -> Result<Vec<f64>, LawError> {
        let mut angle: Option<(f64, f64)> = None;
        probabilities
            .iter()
            .map(|&q| {
                if !(0.0..=1.0).contains(&q) {
                    return Err(LawError::Probability(q));
                }
                let start = match angle {
                    Some((last, at)) => {
                        let density = self.circle(at).1;
                        if density > 0.0 { at + (q - last) / density } else { PI * q }
                    }
                    None => PI * q,
                };
                let root = self.quantile_angle(q, start);
                angle = Some((q, root));
                Ok(self.eigenvalue(root))
            })
            .collect()
    }

    /// Root of F(phi) = q: Newton's method inside a bracket that shrinks at every evaluation, bisection where the
    /// Newton step leaves it. F is monotone, so the bracket always holds the root.
    fn quantile_angle(&self, q: f64, start: f64) -> f64 {
        if q <= 0.0 {
            return 0.0;
        }
        if q >= 1.0 {
            return PI;
        }
        let (mut low, mut high) = (0.0, PI);
        let mut angle = if start > low && start < high { start } else { 0.5 * PI };
        // Bisection alone needs 53 halvings to pin a double; Newton about four.
        for _ in 0..64 {
            let (value, density) = self.circle(angle);
            let miss = value - q;
            if miss.abs() <= 4.0 * f64::EPSILON {
                return angle;
            }
            if miss > 0.0 {
                high = angle;
            } else {
                low = angle;
            }
            let newton = angle - miss / density;
            let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
            if (next - angle).abs() <= 2.0 * f64::EPSILON * angle {
                return next;
            }
            angle = next;
        }
        angle
    }

    /// Kolmogorov-Smirnov distance between a sample of eigenvalues and the law: the largest difference of the two
    /// distribution functions, taken on both sides of each jump of the empirical one. The sample may be ascending or
    /// descending.
    ///
    /// # Errors
    /// [`LawError::TooFewValues`] for an empty sample, [`LawError::Unsorted`], [`LawError::NotFinite`].
    pub fn ks_distance(&self, sorted: &[f64]) -> Result<f64, LawError> {
        let sample = Ascending::new(sorted)?;
        if sample.len() == 0 {
            return Err(LawError::TooFewValues { found: 0, needed: 1 });
        }
        let n = sample.len() as f64;
        Ok((0..sample.len()).fold(0.0f64, |d, i| {
            let f = self.cdf(sample.at(i));
            d.max(f - i as f64 / n).max((i + 1) as f64 / n - f)
        }))
    }
}
