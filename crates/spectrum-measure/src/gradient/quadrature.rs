//! Means over a standard normal variable.

use std::sync::OnceLock;

use spectrum_linalg::symmetric_tridiagonal_eigenvalues;

/// Nodes of a mean over the population.
const FINE: usize = 101;
/// Nodes of a mean that is taken for every sample and neuron.
const QUICK: usize = 32;

/// A Gauss-Hermite rule: sum_k w_k f(x_k) is E f(xi) for polynomials of degree below twice the number of nodes.
pub(super) struct Rule(Vec<(f64, f64)>);

impl Rule {
    /// 101 nodes.
    pub(super) fn fine() -> &'static Self {
        static RULE: OnceLock<Rule> = OnceLock::new();
        RULE.get_or_init(|| Self::new(FINE))
    }

    /// 32 nodes.
    pub(super) fn quick() -> &'static Self {
        static RULE: OnceLock<Rule> = OnceLock::new();
        RULE.get_or_init(|| Self::new(QUICK))
    }

    /// Golub and Welsch, Math. Comp. 23 (1969) 221: the nodes are the eigenvalues of the Jacobi matrix of the Hermite polynomials;
    /// a weight is one over the sum of squares of the orthonormal polynomials at its node.
    fn new(nodes: usize) -> Self {
        let beside: Vec<f64> = (1..nodes).map(|k| (k as f64).sqrt()).collect();
        // The matrix is fixed and of small entries: its eigenvalues converge. A rule without nodes answers 0.
        let nodes_at = symmetric_tridiagonal_eigenvalues(&vec![0.0; nodes], &beside).unwrap_or_default();
        let weight = |x: f64| {
            let (mut before, mut now, mut sum) = (0.0f64, 1.0f64, 1.0f64);
            for k in 1..nodes {
                let next = (x * now - ((k - 1) as f64).sqrt() * before) / (k as f64).sqrt();
                (before, now) = (now, next);
                sum += now * now;
            }
            sum.recip()
        };
        Self(nodes_at.into_iter().map(|x| (x, weight(x))).collect())
    }

    /// E f(xi), several means at once.
    pub(super) fn mean<const N: usize>(&self, f: impl Fn(f64) -> [f64; N]) -> [f64; N] {
        let mut sums = [0.0; N];
        for (x, w) in &self.0 {
            sums.iter_mut().zip(f(*x)).for_each(|(s, v)| *s += w * v);
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Moments of the normal law: 1, 0, 1, 3, 15; and E cos(xi) = e^(-1/2).
    #[test]
    fn moments() {
        for rule in [Rule::quick(), Rule::fine()] {
            let found = rule.mean(|x| [1.0, x, x * x, x.powi(4), x.powi(6), x.cos()]);
            for (found, exact) in found.into_iter().zip([1.0, 0.0, 1.0, 3.0, 15.0, (-0.5f64).exp()]) {
                assert!((found - exact).abs() < 1e-12 * (1.0 + exact), "{found} {exact}");
            }
        }
    }
}
