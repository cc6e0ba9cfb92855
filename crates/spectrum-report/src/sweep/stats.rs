//! The statistics of a sweep's page: mean and confidence band over seeds, majority of classes, rank correlation.

/// The mean over seeds and half the width of its confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Mean {
    /// Arithmetic mean.
    pub mean: f64,
    /// `t(0.975, n - 1) s / sqrt(n)`, s the sample standard deviation (n - 1 in its denominator); none for one value.
    pub half: Option<f64>,
}

/// Student's t: the two-sided 95 % quantiles for 1, 2, ... degrees of freedom.
#[derive(Debug)]
pub(crate) struct StudentT(Vec<f64>);

impl StudentT {
    /// Quantiles for samples of up to `most` values.
    pub(crate) fn new(most: usize) -> Self {
        Self((1..most).map(quantile_975).collect())
    }

    /// The mean of `values` with its 95 % interval, for independent, roughly normal values. None without a value, or when
    /// the mean is beyond the floating-point range.
    pub(crate) fn mean(&self, values: &[f64]) -> Option<Mean> {
        let n = values.len() as f64;
        let mean = values.iter().map(|v| v / n).sum::<f64>();
        if values.is_empty() || !mean.is_finite() {
            return None;
        }
        let half = self.0.get(values.len().wrapping_sub(2)).and_then(|t| {
            let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
            Some(t * (squares / (n - 1.0) / n).sqrt()).filter(|h| h.is_finite())
        });
        Some(Mean { mean, half })
    }
}

/// P(|T| <= t) for whole degrees of freedom: Abramowitz and Stegun, equations 26.7.3 and 26.7.4.
fn central_probability(t: f64, degrees: usize) -> f64 {
    let theta = (t / (degrees as f64).sqrt()).atan();
    let (sin, cos) = theta.sin_cos();
    let odd = degrees % 2 == 1;
    // Terms cos^k with k of the parity of `degrees`, each the one before times k/(k + 1) or its like.
    let (mut term, mut k) = if odd { (cos, 3) } else { (1.0, 2) };
    let mut sum = if degrees > 1 { term } else { 0.0 };
    while k < degrees {
        term *= cos * cos * (k - 1) as f64 / k as f64;
        sum += term;
        k += 2;
    }
    if odd { std::f64::consts::FRAC_2_PI * (theta + sin * sum) } else { sin * sum }
}

/// The value that |T| exceeds with a chance of 5 %, by bisection.
fn quantile_975(degrees: usize) -> f64 {
    // From the normal law's 1.96 to the 12.71 of one degree of freedom.
    let (mut low, mut high) = (1.9, 13.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if central_probability(middle, degrees) < 0.95 {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// The most frequent class over seeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Majority {
    /// Its code; the lowest one where several are equally frequent.
    pub code: usize,
    /// Seeds in each class.
    pub counts: Vec<usize>,
}

impl Majority {
    /// Whether all seeds are in one class.
    pub(crate) fn agree(&self) -> bool {
        self.counts.iter().filter(|c| **c > 0).count() == 1
    }
}

/// The majority of codes, each below `classes`; others are left out. None without any.
pub(crate) fn majority(values: &[f64], classes: usize) -> Option<Majority> {
    let mut counts = vec![0; classes];
    for v in values {
        // A code is a small whole number; anything else is not one of the classes.
        if let Some(code) = (0..classes).find(|c| *c as f64 == *v) {
            counts[code] += 1;
        }
    }
    let most = *counts.iter().max()?;
    let code = counts.iter().position(|c| *c == most && most > 0)?;
    Some(Majority { code, counts })
}

/// Ranks from 1, ties at the mean of their places.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut out = vec![0.0; values.len()];
    let mut from = 0;
    while from < order.len() {
        let to = (from..order.len()).take_while(|&i| values[order[i]] == values[order[from]]).last().unwrap_or(from);
        order[from..=to].iter().for_each(|&i| out[i] = 0.5 * (from + to) as f64 + 1.0);
        from = to + 1;
    }
    out
}

/// Fewest pairs that a rank correlation is given for: with two it is 1 or -1, whatever they are.
pub(crate) const FEWEST_PAIRS: usize = 3;

/// Spearman's rho of the pairs that have both values: Pearson's correlation of the ranks. None for fewer than
/// [`FEWEST_PAIRS`] pairs, or where one side does not vary.
pub(crate) fn spearman(pairs: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    let (x, y): (Vec<f64>, Vec<f64>) = pairs.unzip();
    if x.len() < FEWEST_PAIRS {
        return None;
    }
    let (x, y) = (ranks(&x), ranks(&y));
    // Ranks with ties at their mean place always average to this.
    let mean = 0.5 * (x.len() + 1) as f64;
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>();
    let (xx, yy) = (product(&x, &x), product(&y, &y));
    (xx > 0.0 && yy > 0.0).then(|| (product(&x, &y) / (xx * yy).sqrt()).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.stats.t.ppf(0.975, nu)`, scipy 1.17.1.
    #[test]
    fn quantiles_are_scipys() {
        let scipy = [
            (1, 12.706_204_736_174_694),
            (2, 4.302_652_729_749_462),
            (3, 3.182_446_305_283_707_8),
            (4, 2.776_445_105_197_793_4),
            (5, 2.570_581_835_636_314_7),
            (7, 2.364_624_251_592_784),
            (10, 2.228_138_851_986_274),
            (29, 2.045_229_642_132_703),
            (30, 2.042_272_456_301_237_8),
            (100, 1.983_971_518_523_551_8),
            (1000, 1.962_339_080_826_408_3),
        ];
        for (degrees, expected) in scipy {
            let found = quantile_975(degrees);
            assert!((found - expected).abs() < 1e-11 * expected, "{degrees}: {found}");
        }
    }

    /// `scipy.stats.t.interval(0.95, n - 1, loc=mean, scale=scipy.stats.sem(a))`, its middle and half its width.
    #[test]
    fn intervals_are_scipys() {
        let t = StudentT::new(5);
        let scipy: [(&[f64], f64, f64); 3] = [
            (&[2.31, 2.44, 2.05], 2.266_666_666_666_666_6, 0.493_295_794_367_579),
            (&[1e-3, 4e-3], 0.0025, 0.019_059_307_104_262_038),
            (&[1.83, 1.85, 1.79, 1.9, 1.88], 1.85, 0.053_405_987_924_626_92),
        ];
        for (values, mean, half) in scipy {
            let found = t.mean(values).unwrap();
            assert!((found.mean - mean).abs() < 1e-14, "{found:?}");
            assert!((found.half.unwrap() - half).abs() < 1e-12, "{found:?}");
        }
        assert_eq!(t.mean(&[2.5]), Some(Mean { mean: 2.5, half: None }));
        assert_eq!(t.mean(&[0.5, 0.5, 0.5]).and_then(|m| m.half), Some(0.0));
        assert_eq!(t.mean(&[]), None);
        // A mean of finite values is finite; a spread beyond the range is no band.
        assert_eq!(t.mean(&[1e308, 1e308, -1e308]).map(|m| (m.mean.is_finite(), m.half)), Some((true, None)));
    }

    #[test]
    fn the_majority_names_its_ties() {
        let of = |values: &[f64]| majority(values, 4).map(|m| (m.code, m.agree()));
        assert_eq!(of(&[3.0, 3.0, 3.0]), Some((3, true)));
        // scipy.stats.mode([3, 3, 1, 0, 3, 1]).mode
        assert_eq!(of(&[3.0, 3.0, 1.0, 0.0, 3.0, 1.0]), Some((3, false)));
        // scipy.stats.mode([2, 1]).mode: the lower one.
        assert_eq!(of(&[2.0, 1.0]), Some((1, false)));
        assert_eq!(of(&[7.0, 2.0]), Some((2, true)), "no class 7");
        assert_eq!(of(&[]), None);
        assert_eq!(majority(&[3.0, 1.0, 3.0], 4).unwrap().counts, [0, 1, 0, 2]);
    }

    /// `scipy.stats.spearmanr`, `scipy.stats.rankdata`.
    #[test]
    fn rank_correlations_are_scipys() {
        let of = |x: &[f64], y: &[f64]| spearman(x.iter().copied().zip(y.iter().copied()));
        let x = [2.31, 2.44, 2.05, 1.83, 1.9, 2.05, 2.6, 1.7];
        let y = [0.91, 0.95, 0.8, 0.82, 0.79, 0.84, 1.1, 0.9];
        assert!((of(&x, &y).unwrap() - 0.670_670_706_671_425).abs() < 1e-12);
        let (x, y) = ([1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 4.0, 9.0], [5.0, 5.0, 1.0, 2.0, 8.0, 8.0, 8.0, 0.0]);
        assert!((of(&x, &y).unwrap() - 0.018_987_341_772_151_903).abs() < 1e-12);
        assert_eq!(ranks(&x), [1.0, 2.5, 2.5, 5.0, 5.0, 5.0, 7.0, 8.0]);
        assert_eq!(ranks(&y), [4.5, 4.5, 2.0, 3.0, 7.0, 7.0, 7.0, 1.0]);
        assert_eq!(of(&[1.0, 2.0], &[1.0, 2.0]), None, "two pairs");
        assert_eq!(of(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0]), None, "nothing varies");
        assert_eq!(of(&[1.0, 2.0, 3.0], &[30.0, 20.0, 10.0]), Some(-1.0));
    }
}
