//! The two numbers that a limit law keeps of an activation.
//!
//! Fan and Wang (arXiv 2005.11879, assumption 2.1 and theorem 3.4) take an activation sigma with E sigma(xi) = 0 and
//! E sigma(xi)^2 = 1 for a standard normal xi. Any activation f becomes one: sigma = (f - mean)/sd. The laws depend on
//!
//! ```text
//! b = E sigma'(xi) = E xi sigma(xi),     a = E sigma'(xi)^2,     b^2 <= 1 <= a
//! ```
//!
//! with equality only for a linear f. The integrals are taken by Gauss and Legendre's rule with 20 nodes on panels of
//! width 1/2, halved wherever a panel and its halves differ: a kink at a multiple of 1/2 (the 0 of relu) lies on a panel's
//! end and costs nothing, one elsewhere is enclosed by halving.

use std::f64::consts::PI;

use crate::LawError;

/// Beyond this many standard deviations the normal density is below 1e-55.
const REACH: f64 = 16.0;
/// Below this a value of b, or of 1 - b^2, is rounding: an even function has b = 0, a linear one b^2 = 1.
const ROUNDING: f64 = 1e-12;

/// What the limit laws need of an activation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Constants {
    /// E f(xi) of the function as given: subtract it to normalise.
    pub mean: f64,
    /// Standard deviation of f(xi): divide by it to normalise.
    pub sd: f64,
    /// E sigma'(xi) of the normalised function; exactly 0 where rounding is all there is.
    pub b: f64,
    /// E sigma'(xi)^2 of the normalised function.
    pub a: f64,
}

impl Constants {
    /// b^2, the share of the previous layer's kernel that a layer passes on.
    #[must_use]
    pub fn b2(&self) -> f64 {
        self.b * self.b
    }

    /// Constants given by hand (or changed) are checked before they are used.
    pub(crate) fn check(&self) -> Result<(), LawError> {
        let slack = 1e-9;
        let fits = self.b.is_finite() && self.a.is_finite() && self.b2() <= 1.0 + slack && self.a >= 1.0 - slack;
        if fits { Ok(()) } else { Err(LawError::Constants { b: self.b, a: self.a }) }
    }
}

/// The constants of the activation `f` with derivative `df` (almost everywhere: a finite number of kinks is fine).
///
/// ```
/// use spectrum_law::limit::constants;
///
/// let relu = constants(&|x| x.max(0.0), &|x| f64::from(x > 0.0))?;
/// assert!((relu.b - 0.856429).abs() < 1e-6 && (relu.a - 1.466942).abs() < 1e-6);
/// # Ok::<(), spectrum_law::LawError>(())
/// ```
///
/// # Errors
/// [`LawError::ConstantActivation`] when f does not vary, [`LawError::ActivationNotFinite`] when f or f' is NaN or infinite
/// somewhere, [`LawError::Derivative`] when E f'(xi) and E xi f(xi) differ: then `df` is not the derivative of `f`, or f
/// jumps (theory needs it continuous).
pub fn constants(f: &dyn Fn(f64) -> f64, df: &dyn Fn(f64) -> f64) -> Result<Constants, LawError> {
    let [mean] = normal_mean(&|x| [f(x)])?;
    let [variance, stein, slope, steep] = normal_mean(&|x| {
        let (centred, d) = (f(x) - mean, df(x));
        [centred * centred, x * centred, d, d * d]
    })?;
    let sd = variance.sqrt();
    // A constant function leaves the rounding of its own mean.
    if sd <= 1e-13 * (1.0 + mean.abs()) {
        return Err(LawError::ConstantActivation { value: mean });
    }
    if (slope - stein).abs() > 1e-7 * sd.max(steep.sqrt()) {
        return Err(LawError::Derivative { derivative: slope, function: stein });
    }
    let mut b = slope / sd;
    if b.abs() < ROUNDING {
        b = 0.0;
    }
    if (1.0 - b * b).abs() < ROUNDING {
        b = b.signum();
    }
    Ok(Constants { mean, sd, b, a: steep / variance })
}

/// Means of several functions under the standard normal law.
fn normal_mean<const N: usize>(f: &dyn Fn(f64) -> [f64; N]) -> Result<[f64; N], LawError> {
    let rule = legendre();
    // The integrals over a panel, and those of the absolute values, which bound their rounding.
    let panel = |low: f64, high: f64| -> Result<([f64; N], [f64; N]), LawError> {
        let (half, mid) = (0.5 * (high - low), 0.5 * (high + low));
        let (mut sum, mut size) = ([0.0; N], [0.0; N]);
        for &(node, weight) in &rule {
            let x = mid + half * node;
            let density = (-0.5 * x * x).exp() / (2.0 * PI).sqrt();
            for (i, v) in f(x).into_iter().enumerate() {
                if !v.is_finite() {
                    return Err(LawError::ActivationNotFinite { at: x });
                }
                let term = half * weight * density * v;
                sum[i] += term;
                size[i] += term.abs();
            }
        }
        Ok((sum, size))
    };
    let mut total = [0.0; N];
    // A function that no halving resolves (random numbers, say) is given up on: f and f' then disagree, or it is rough.
    let mut left_to_split = 20_000;
    let panels = (4.0 * REACH) as usize;
    for k in 0..panels {
        let low = -REACH + 0.5 * k as f64;
        let mut open = vec![(low, low + 0.5, panel(low, low + 0.5)?.0, 0)];
        while let Some((low, high, whole, depth)) = open.pop() {
            let mid = 0.5 * (low + high);
            let ((left, left_size), (right, right_size)) = (panel(low, mid)?, panel(mid, high)?);
            let close = (0..N).all(|i| {
                let rounding = 8.0 * f64::EPSILON * (left_size[i] + right_size[i]);
                (left[i] + right[i] - whole[i]).abs() <= 1e-15 + rounding
            });
            if close || depth >= 45 || left_to_split == 0 {
                (0..N).for_each(|i| total[i] += left[i] + right[i]);
            } else {
                left_to_split -= 1;
                open.push((mid, high, right, depth + 1));
                open.push((low, mid, left, depth + 1));
            }
        }
    }
    Ok(total)
}

/// Nodes and weights of Gauss and Legendre's rule with 20 nodes: Newton's method on the three-term recursion.
fn legendre() -> [(f64, f64); 20] {
    let n = 20;
    let mut rule = [(0.0, 0.0); 20];
    for (i, entry) in rule.iter_mut().enumerate() {
        let mut x = (PI * (i as f64 + 0.75) / (n as f64 + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..8 {
            let (mut before, mut value) = (1.0, x);
            for k in 2..=n {
                let k = k as f64;
                (before, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k);
            }
            slope = n as f64 * (x * value - before) / (x * x - 1.0);
            x -= value / slope;
        }
        *entry = (x, 2.0 / ((1.0 - x * x) * slope * slope));
    }
    rule
}
