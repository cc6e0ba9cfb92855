//! What stochastic Lanczos quadrature says about a spectrum: expected counts.

/// The spectral density of a matrix as an average of Gauss quadratures, one for each random probe.
///
/// For every function f the sum of f(s) over the singular values of the matrix is estimated by sum_i w_i f(s_i) with
/// the nodes s_i and weights w_i ([`sum`](Self::sum)). The estimate is unbiased for polynomials of s^2 up to degree
/// 2 `steps` - 1, and its scatter shrinks as 1/sqrt(probes) ([`standard_error`](Self::standard_error)).
/// Golub and Meurant 2010, *Matrices, Moments and Quadrature*, chapter 11; Lin, Saad and Yang 2016, SIAM Rev. 58,
/// section 3.2.2; Ubaru, Chen and Saad 2017, SIAM J. Matrix Anal. Appl. 38.
#[derive(Debug, Clone, PartialEq)]
pub struct Density {
    /// Rows (outputs) of the matrix.
    pub rows: usize,
    /// Columns (inputs) of the matrix.
    pub cols: usize,
    /// Random probes.
    pub probes: usize,
    /// Lanczos steps of the longest probe: fewer than were asked for when the probes ran out of directions.
    pub steps: usize,
    /// Singular values, descending. Several probes may give the same one.
    pub nodes: Vec<f64>,
    /// Expected number of singular values at each node. They sum to min(rows, cols).
    pub weights: Vec<f64>,
    /// The probe that each node belongs to.
    pub probe: Vec<usize>,
    /// Whether the node is a singular value of the matrix, converged to rounding: an outlier, zero, or any value of a
    /// matrix with few different ones. The other nodes stand for the values around them.
    pub resolved: Vec<bool>,
    /// Nodes below this are not to be trusted: s_1 sqrt(n eps) with n = min(rows, cols), as for route `gram`.
    pub floor: f64,
}

impl Density {
    /// min(rows, cols): how many singular values the matrix has.
    #[must_use]
    pub fn rank_bound(&self) -> usize {
        self.rows.min(self.cols)
    }

    /// Expected sum of f(s) over the singular values s.
    #[must_use]
    pub fn sum(&self, f: impl Fn(f64) -> f64) -> f64 {
        self.nodes.iter().zip(&self.weights).map(|(s, w)| w * f(*s)).sum()
    }

    /// Standard error of [`sum`](Self::sum) from the scatter of the probes; none with fewer than two.
    #[must_use]
    pub fn standard_error(&self, f: impl Fn(f64) -> f64) -> Option<f64> {
        if self.probes < 2 {
            return None;
        }
        let count = self.probes as f64;
        let mut sums = vec![0.0; self.probes];
        for ((s, w), p) in self.nodes.iter().zip(&self.weights).zip(&self.probe) {
            sums[*p] += w * f(*s);
        }
        // One probe's own estimate is its sum times the number of probes.
        let mean = sums.iter().sum::<f64>() / count;
        let squares: f64 = sums.iter().map(|x| (x - mean).powi(2)).sum();
        Some((squares * count / (count - 1.0)).sqrt())
    }

    /// Expected sum of lambda^k, lambda = s^2: the trace of (W^T W)^k, or of (W W^T)^k where W is wide.
    #[must_use]
    pub fn moment(&self, k: u32) -> f64 {
        self.sum(|s| (s * s).powi(k.cast_signed()))
    }

    /// Expected number of singular values above `x`.
    ///
    /// A resolved node counts where it stands. A node that is not resolved stands for the values around it: each half
    /// of its weight is spread evenly between it and the neighbouring node of its probe on that side, and stays at
    /// the node where that neighbour is resolved or absent. By the separation theorem of Chebyshev, Markov and
    /// Stieltjes the true count lies within the weight of the nodes beside `x`, but for the scatter of the probes.
    #[must_use]
    pub fn count_above(&self, x: f64) -> f64 {
        let step = |s: f64, w: f64| if s > x { w } else { 0.0 };
        // The node above the present one in the same probe, with half of its weight, when it is not resolved.
        let mut open: Vec<Option<(f64, f64)>> = vec![None; self.probes];
        let mut count = 0.0;
        for (i, (&s, &w)) in self.nodes.iter().zip(&self.weights).enumerate() {
            let above = &mut open[self.probe[i]];
            if self.resolved[i] {
                count += step(s, w) + above.take().map_or(0.0, |(t, half)| step(t, half));
                continue;
            }
            let half = 0.5 * w;
            count += match *above {
                Some((t, other)) if x < t => (half + other) * if x < s { 1.0 } else { (t - x) / (t - s) },
                Some(_) => 0.0,
                None => step(s, half),
            };
            *above = Some((s, half));
        }
        count + open.into_iter().flatten().map(|(s, half)| step(s, half)).sum::<f64>()
    }

    /// Expected share of the singular values that are at most `x`: 1 - [`count_above`](Self::count_above) over
    /// min(rows, cols), within [0, 1]; 0 of an empty matrix.
    #[must_use]
    pub fn cdf(&self, x: f64) -> f64 {
        if self.nodes.is_empty() {
            return 0.0;
        }
        (1.0 - self.count_above(x) / self.rank_bound() as f64).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two probes: nodes 4, 2, 1 (the last resolved) and 3, each with a total weight of 2.
    fn example() -> Density {
        Density {
            rows: 9,
            cols: 4,
            probes: 2,
            steps: 3,
            nodes: vec![4.0, 3.0, 2.0, 1.0],
            weights: vec![0.4, 2.0, 1.0, 0.6],
            probe: vec![0, 1, 0, 0],
            resolved: vec![false, false, false, true],
            floor: 0.0,
        }
    }

    #[test]
    fn counts_by_hand() {
        let d = example();
        // 0.2 stays at 4; 0.2 + 0.5 lie evenly on [2, 4]; 0.5 stays at 2; 0.6 at 1; 2 at 3.
        for (x, want) in [(4.0, 0.0), (3.5, 0.375), (3.0, 0.55), (2.999, 2.55035), (2.0, 2.9), (1.5, 3.4), (0.5, 4.0)] {
            assert!((d.count_above(x) - want).abs() < 1e-12, "{x}: {}", d.count_above(x));
            assert!((d.cdf(x) - (1.0 - want / 4.0)).abs() < 1e-12);
        }
        assert_eq!((d.count_above(1.0), d.count_above(0.999)), (3.4, 4.0));
    }

    #[test]
    fn sums_by_hand() {
        let d = example();
        // lambda: 16, 9, 4, 1.
        assert!((d.moment(0) - 4.0).abs() < 1e-15 && (d.moment(1) - 29.0).abs() < 1e-14);
        // The probes' own sums of lambda are 2 (6.4 + 4 + 0.6) = 22 and 36: standard deviation 7 sqrt 2, error 7.
        assert!((d.standard_error(|s| s * s).unwrap() - 7.0).abs() < 1e-13);
        assert_eq!(Density { probes: 1, ..d }.standard_error(|s| s), None);
    }
}
