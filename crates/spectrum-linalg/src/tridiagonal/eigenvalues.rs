//! Eigenvalues of a symmetric tridiagonal matrix by the Pal-Walker-Kahan form of the QL method.
//!
//! B. N. Parlett, *The Symmetric Eigenvalue Problem*, section 8.15: the iteration works on the squares of the
//! off-diagonal elements, so a rotation costs three divisions and no root. LAPACK's dsterf is the model.

use crate::workspace::room;
use crate::{LinalgError, Plan};

/// Iterations allowed for each eigenvalue, as in LAPACK; two or fewer are usual.
const ITERATIONS_EACH: usize = 30;

/// Half a unit in the last place: LAPACK's `dlamch('E')`.
const EPS: f64 = f64::EPSILON / 2.0;

/// Eigenvalues, descending, of the real symmetric tridiagonal matrix with `diagonal` (n elements) and `off_diagonal`
/// (n - 1 elements, none when n is 0).
///
/// Each has an absolute error of a small multiple of eps times the norm. Costs about 12 n^2 flops. A caller with many
/// matrices uses [`Plan::tridiagonal_eigenvalues`], which keeps its workspace.
///
/// ```
/// // ((1, 2), (2, 1))
/// let values = spectrum_linalg::symmetric_tridiagonal_eigenvalues(&[1.0, 1.0], &[2.0])?;
/// assert!((values[0] - 3.0).abs() < 1e-15 && (values[1] + 1.0).abs() < 1e-15);
/// # Ok::<(), spectrum_linalg::LinalgError>(())
/// ```
///
/// # Errors
/// [`LinalgError::Length`] when the lengths do not fit, [`LinalgError::NotFinite`] when an element or an eigenvalue is
/// not finite, [`LinalgError::NoConvergence`], [`LinalgError::TooLarge`].
pub fn symmetric_tridiagonal_eigenvalues(diagonal: &[f64], off_diagonal: &[f64]) -> Result<Vec<f64>, LinalgError> {
    Ok(Plan::new().tridiagonal_eigenvalues(diagonal, off_diagonal)?.to_vec())
}

impl Plan {
    /// [`symmetric_tridiagonal_eigenvalues`] in the plan's workspace: nothing is allocated once it is large enough.
    ///
    /// # Errors
    /// As [`symmetric_tridiagonal_eigenvalues`].
    pub fn tridiagonal_eigenvalues(&mut self, diagonal: &[f64], off_diagonal: &[f64]) -> Result<&[f64], LinalgError> {
        let n = diagonal.len();
        if off_diagonal.len() != n.saturating_sub(1) {
            return Err(LinalgError::Length { rows: n.saturating_sub(1), cols: 1, found: off_diagonal.len() });
        }
        let values = room(&mut self.eigen.values, n)?;
        ascending(diagonal, off_diagonal, values, room(&mut self.eigen.squares, n)?)?;
        // A norm just below the largest number may belong to an eigenvalue above it.
        if values.iter().any(|v| !v.is_finite()) {
            return Err(LinalgError::NotFinite);
        }
        values.reverse();
        Ok(values)
    }
}

/// Eigenvalues, ascending, of the matrix with diagonal `d` and off-diagonal `e` (its first n - 1 elements are read).
pub(crate) fn ascending(d: &[f64], e: &[f64], values: &mut [f64], squares: &mut [f64]) -> Result<(), LinalgError> {
    let n = d.len();
    if n == 0 {
        return Ok(());
    }
    let largest = d.iter().chain(&e[..n - 1]).fold(0.0f64, |m, x| m.max(x.abs()));
    if !d.iter().chain(&e[..n - 1]).all(|x| x.is_finite()) {
        return Err(LinalgError::NotFinite);
    }
    if largest == 0.0 {
        values.fill(0.0);
        return Ok(());
    }
    // The squares must not leave the range. A power of two changes no digit.
    let scale = power_of_two_near(largest);
    let (v, s) = (&mut values[..n], &mut squares[..n]);
    v.iter_mut().zip(d).for_each(|(v, d)| *v = d / scale);
    s.iter_mut().zip(e).for_each(|(s, e)| *s = (e / scale).powi(2));

    let mut budget = ITERATIONS_EACH * n;
    let mut first = 0;
    while first < n {
        // The next unreduced block is first..=last.
        let mut last = first;
        while last + 1 < n && s[last] > EPS * EPS * (v[last] * v[last + 1]).abs() {
            last += 1;
        }
        if last + 1 < n {
            s[last] = 0.0;
        }
        // Iterate towards the end with the smaller diagonal element, so that small eigenvalues come out first.
        let (block, squares) = (&mut v[first..=last], &mut s[first..last]);
        if block[block.len() - 1].abs() < block[0].abs() {
            block.reverse();
            squares.reverse();
        }
        ql(block, squares, &mut budget)?;
        first = last + 1;
    }
    v.sort_unstable_by(f64::total_cmp);
    v.iter_mut().for_each(|v| *v *= scale);
    Ok(())
}

fn power_of_two_near(x: f64) -> f64 {
    f64::from_bits(x.max(f64::MIN_POSITIVE).to_bits() & (0x7ff << 52))
}

/// Root-free QL on one block: `d` becomes its eigenvalues, `e2` (squares of the off-diagonal) is destroyed.
fn ql(d: &mut [f64], e2: &mut [f64], budget: &mut usize) -> Result<(), LinalgError> {
    let end = d.len();
    let mut l = 0;
    while l < end {
        let mut m = l;
        while m + 1 < end && e2[m] > EPS * EPS * (d[m] * d[m + 1]).abs() {
            m += 1;
        }
        if m + 1 < end {
            e2[m] = 0.0;
        }
        if m == l {
            l += 1;
        } else if m == l + 1 {
            (d[l], d[l + 1]) = two_by_two(d[l], e2[l].sqrt(), d[l + 1]);
            e2[l] = 0.0;
            l += 2;
        } else {
            *budget = budget.checked_sub(1).ok_or(LinalgError::NoConvergence("the tridiagonal QL method"))?;
            sweep(&mut d[l..=m], &mut e2[l..m]);
        }
    }
    Ok(())
}

/// One QL sweep with Wilkinson's shift over an unreduced block of at least three rows.
fn sweep(d: &mut [f64], e2: &mut [f64]) {
    let m = e2.len();
    let root = e2[0].sqrt();
    let half = (d[1] - d[0]) / (2.0 * root);
    let sigma = d[0] - root / (half + half.hypot(1.0).copysign(half));
    let (mut c, mut s) = (1.0f64, 0.0f64);
    let mut gamma = d[m] - sigma;
    let mut p = gamma * gamma;
    for i in (0..m).rev() {
        let bb = e2[i];
        let r = p + bb;
        if i + 1 < m {
            e2[i + 1] = s * r;
        }
        let (old_c, old_gamma, alpha) = (c, gamma, d[i]);
        // dsterf writes gamma = c (alpha - sigma) - s old_gamma and p = gamma^2 / c. The same in this order needs one
        // division after the other only once a step, not twice: the step is bound by their latency.
        let inverse = r / p;
        gamma = (p * (alpha - sigma) - bb * old_gamma) / r;
        c = p / r;
        s = bb / r;
        d[i + 1] = old_gamma + (alpha - gamma);
        p = if c == 0.0 {
            old_c * bb
        } else if inverse.is_finite() {
            gamma * gamma * inverse
        } else {
            gamma * gamma / c
        };
    }
    e2[0] = s * p;
    d[0] = sigma + gamma;
}

/// Eigenvalues of ((a, b), (b, c)), the one of larger absolute value first (LAPACK's dlae2).
fn two_by_two(a: f64, b: f64, c: f64) -> (f64, f64) {
    let (sum, root) = (a + c, (a - c).hypot(2.0 * b));
    if sum == 0.0 {
        return (0.5 * root, -0.5 * root);
    }
    let big = 0.5 * (sum + root.copysign(sum));
    let (hi, lo) = if a.abs() > c.abs() { (a, c) } else { (c, a) };
    (big, (hi / big) * lo - (b / big) * b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    fn eigenvalues(d: &[f64], e: &[f64]) -> Vec<f64> {
        let mut values = vec![0.0; d.len()];
        ascending(d, e, &mut values, &mut vec![0.0; d.len()]).unwrap();
        values
    }

    /// The second-difference matrix: 2 - 2 cos(k pi / (n + 1)), k = 1..n (closed form).
    #[test]
    fn second_difference() {
        for n in [1, 2, 3, 10, 257] {
            for scale in [1.0, 1e-300, 1e300] {
                let got = eigenvalues(&vec![2.0 * scale; n], &vec![-scale; n]);
                for (k, v) in got.iter().enumerate() {
                    let exact = 2.0 - 2.0 * ((k + 1) as f64 * PI / (n + 1) as f64).cos();
                    assert!(
                        (v / scale - exact).abs() <= 8.0 * (n as f64).sqrt() * f64::EPSILON,
                        "{n} {k}: {v} {exact}"
                    );
                }
            }
        }
    }

    /// Wilkinson's W21+: pairs that agree to 14 digits; the top is 10.746194182903393 (Wilkinson 1965, p. 309).
    #[test]
    fn wilkinson() {
        let d: Vec<f64> = (0..21).map(|i: i32| (10 - i).abs().into()).collect();
        let got = eigenvalues(&d, &[1.0; 21]);
        assert!((got[20] - 10.746_194_182_903_393).abs() < 1e-13);
        assert!((got[19] - 10.746_194_182_903_322).abs() < 1e-13);
        assert!((got[0] + 1.125_441_522_119_984).abs() < 1e-13);
    }

    #[test]
    fn split_blocks_and_zero() {
        assert_eq!(eigenvalues(&[3.0, 1.0, 2.0], &[0.0; 3]), [1.0, 2.0, 3.0]);
        assert_eq!(eigenvalues(&[0.0; 4], &[0.0; 4]), [0.0; 4]);
        let got = eigenvalues(&[0.0, 0.0, 5.0], &[2.0, 0.0, 0.0]);
        assert_eq!(got, [-2.0, 2.0, 5.0]);
    }
}
