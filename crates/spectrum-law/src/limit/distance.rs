//! A sample's distance from a limit law.

use crate::LawError;

use super::law::LimitLaw;

/// An eigenvalue this near to an atom, in units of the largest of the support, is the atom's: a null space of dimension
/// n - d_l comes out of an eigenvalue routine as values of either sign about rounding (of f32, at worst).
const ATOM_REACH: f64 = 1e-5;

impl LimitLaw {
    /// Kolmogorov-Smirnov distance between a sorted sample of eigenvalues (either order) and the law, on both sides of
    /// every jump of either distribution function. Eigenvalues within 1e-5 of the support's upper end around an atom (and
    /// at most half way to the continuous part) count as the atom's; so do slightly negative ones about an atom at 0.
    ///
    /// # Errors
    /// [`LawError::TooFewValues`] for an empty sample, [`LawError::Unsorted`], [`LawError::NotFinite`].
    pub fn ks_distance(&self, sorted: &[f64]) -> Result<f64, LawError> {
        if sorted.is_empty() {
            return Err(LawError::TooFewValues { found: 0, needed: 1 });
        }
        if sorted.iter().any(|x| !x.is_finite()) {
            return Err(LawError::NotFinite);
        }
        let ascending = sorted.windows(2).all(|w| w[0] <= w[1]);
        if !ascending && !sorted.windows(2).all(|w| w[0] >= w[1]) {
            return Err(LawError::Unsorted);
        }
        let mut sample: Vec<f64> = sorted.iter().map(|&x| self.snap(x)).collect();
        if sample.iter().any(|x| *x < -ATOM_REACH * self.largest()) {
            return Err(LawError::NotFinite);
        }
        if !ascending {
            sample.reverse();
        }
        // Each place where either function jumps, with the sample's counts below it and up to it.
        let n = sample.len() as f64;
        let places = sample.iter().copied().chain(self.atoms().iter().map(|a| a.0));
        Ok(places.fold(0.0f64, |d, x| {
            let below = sample.partition_point(|v| *v < x) as f64 / n;
            let upto = sample.partition_point(|v| *v <= x) as f64 / n;
            d.max((self.below(x, false) - below).abs()).max((self.below(x, true) - upto).abs())
        }))
    }

    /// The atom an eigenvalue belongs to, or the eigenvalue itself.
    fn snap(&self, x: f64) -> f64 {
        let reach = ATOM_REACH * self.largest();
        let belongs = |atom: f64| {
            let gap =
                self.edges().iter().flat_map(|e| [e.0, e.1]).map(|e| (e - atom).abs()).fold(f64::INFINITY, f64::min);
            (x - atom).abs() <= reach.min(0.5 * gap)
        };
        // A law may be of atoms alone, as many and as near as the data's eigenvalues.
        let atoms = self.atoms().iter().map(|a| a.0);
        atoms.min_by(|a, b| (x - a).abs().total_cmp(&(x - b).abs())).filter(|a| belongs(*a)).unwrap_or(x)
    }
}
