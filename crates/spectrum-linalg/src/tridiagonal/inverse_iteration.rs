//! Eigenvectors of the largest eigenvalues of a symmetric tridiagonal matrix, by inverse iteration.
//!
//! LAPACK's dstein is the model: a Gaussian elimination of T - lambda with partial pivoting, a fixed random start, and
//! orthogonalisation against the vectors of neighbouring eigenvalues. Every vector is certified by its residual.

use super::residual;
use crate::LinalgError;
use crate::workspace::{Start, room};

/// Eigenvalues closer than this part of the norm are orthogonalised against each other (dstein's 1e-3).
const CLUSTER: f64 = 1e-3;

/// Solves allowed for one vector; three are usual.
const SOLVES: usize = 12;

/// Buffers of the elimination, kept between calls.
#[derive(Default)]
pub(crate) struct Workspace {
    factors: Vec<f64>,
    swapped: Vec<bool>,
    shifts: Vec<f64>,
}

/// Fills `z` (n x k) with the unit eigenvectors of the k largest of `values` (ascending), the largest first.
pub(crate) fn leading(
    d: &[f64],
    e: &[f64],
    values: &[f64],
    z: &mut [f64],
    k: usize,
    work: &mut Workspace,
) -> Result<(), LinalgError> {
    let n = d.len();
    if k == 0 {
        return Ok(());
    }
    let norm = (0..n).map(|i| d[i].abs() + e[i].abs() + if i > 0 { e[i - 1].abs() } else { 0.0 }).fold(0.0, f64::max);
    if norm == 0.0 {
        z.fill(0.0);
        (0..k).for_each(|j| z[j * n + j] = 1.0);
        return Ok(());
    }
    // What backward stable solves can reach, and what the moved shifts of a cluster add to it.
    let tolerance = 8.0 * (n as f64).sqrt() * f64::EPSILON * norm + 10.0 * k as f64 * f64::EPSILON * norm;
    let mut start = Start::new(k as u64);
    room(&mut work.shifts, k)?;
    room(&mut work.factors, 4 * n)?;
    work.swapped.resize(work.swapped.len().max(n), false);
    for j in 0..k {
        let value = values[n - 1 - j];
        // Equal shifts would give equal vectors.
        let apart = 10.0 * f64::EPSILON * value.abs();
        let shift = if j > 0 { value.min(work.shifts[j - 1] - apart) } else { value };
        work.shifts[j] = shift;
        let mut lu = Elimination::of(d, e, shift, f64::EPSILON * norm, &mut work.factors, &mut work.swapped);
        let (before, rest) = z.split_at_mut(j * n);
        let x = &mut rest[..n];
        start.fill(x);
        normalise(x);
        let mut good = 0;
        for _ in 0..SOLVES {
            lu.solve(x);
            // A solve grows the vector by up to 1/eps: bring it back before products are taken.
            normalise(x);
            for _ in 0..2 {
                for i in (0..j).rev() {
                    if values[n - 1 - i] - value < CLUSTER * norm {
                        let y = &before[i * n..(i + 1) * n];
                        let c: f64 = x.iter().zip(y).map(|(a, b)| a * b).sum();
                        x.iter_mut().zip(y).for_each(|(a, b)| *a -= c * b);
                    }
                }
            }
            if !normalise(x) {
                start.fill(x);
                normalise(x);
                continue;
            }
            // One more solve than the certificate needs costs little and cleans the last digits.
            if residual(d, e, value, x) <= tolerance {
                good += 1;
                if good == 2 {
                    break;
                }
            }
        }
        if good == 0 {
            return Err(LinalgError::NoConvergence("inverse iteration"));
        }
    }
    Ok(())
}

/// Scales `x` to unit length; false when it has none.
fn normalise(x: &mut [f64]) -> bool {
    let largest = x.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    if largest == 0.0 || !largest.is_finite() {
        return false;
    }
    let sum: f64 = x.iter().map(|v| (v / largest).powi(2)).sum();
    let factor = 1.0 / sum.sqrt();
    x.iter_mut().for_each(|v| *v = *v / largest * factor);
    true
}

/// T - shift = P L U with row exchanges; U has two upper diagonals.
struct Elimination<'a> {
    pivot: &'a mut [f64],
    upper: &'a mut [f64],
    second: &'a mut [f64],
    multiplier: &'a mut [f64],
    swapped: &'a mut [bool],
}

impl<'a> Elimination<'a> {
    fn of(d: &[f64], e: &[f64], shift: f64, tiny: f64, factors: &'a mut [f64], swapped: &'a mut [bool]) -> Self {
        let n = d.len();
        let (pivot, rest) = factors.split_at_mut(n);
        let (upper, rest) = rest.split_at_mut(n);
        let (second, rest) = rest.split_at_mut(n);
        let multiplier = &mut rest[..n];
        // The row being eliminated: (diagonal, right neighbour).
        let (mut a, mut b) = (d[0] - shift, if n > 1 { e[0] } else { 0.0 });
        for i in 0..n {
            if i + 1 == n {
                pivot[i] = if a.abs() < tiny { tiny } else { a };
                upper[i] = 0.0;
                second[i] = 0.0;
                break;
            }
            let (low, next, far) = (e[i], d[i + 1] - shift, if i + 2 < n { e[i + 1] } else { 0.0 });
            // A pivot below `tiny` is raised to it either way: a trailing part of 1e-100 would amplify one direction beyond all
            // others (LAPACK's dlagts perturbs every small pivot).
            swapped[i] = low.abs() > a.abs() && low.abs() >= tiny;
            if swapped[i] {
                let m = a / low;
                (pivot[i], upper[i], second[i], multiplier[i]) = (low, next, far, m);
                (a, b) = (b - m * next, -m * far);
            } else {
                let p = if a.abs() < tiny { tiny } else { a };
                let m = low / p;
                (pivot[i], upper[i], second[i], multiplier[i]) = (p, b, 0.0, m);
                (a, b) = (next - m * b, far);
            }
        }
        Self { pivot, upper, second, multiplier, swapped: &mut swapped[..n] }
    }

    fn solve(&mut self, x: &mut [f64]) {
        let n = x.len();
        for i in 0..n - 1 {
            if self.swapped[i] {
                x.swap(i, i + 1);
            }
            x[i + 1] -= self.multiplier[i] * x[i];
        }
        for i in (0..n).rev() {
            let mut v = x[i];
            if i + 1 < n {
                v -= self.upper[i] * x[i + 1];
            }
            if i + 2 < n {
                v -= self.second[i] * x[i + 2];
            }
            x[i] = v / self.pivot[i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::eigenvalues::ascending;
    use super::*;

    fn check(d: &[f64], e: &[f64], k: usize) {
        let n = d.len();
        let mut values = vec![0.0; n];
        ascending(d, e, &mut values, &mut vec![0.0; n]).unwrap();
        let mut z = vec![0.0; n * k];
        leading(d, e, &values, &mut z, k, &mut Workspace::default()).unwrap();
        let norm = values[n - 1].abs().max(values[0].abs());
        for j in 0..k {
            let x = &z[j * n..(j + 1) * n];
            assert!(residual(d, e, values[n - 1 - j], x) <= 32.0 * (n as f64).sqrt() * f64::EPSILON * norm);
            for i in 0..=j {
                let dot: f64 = x.iter().zip(&z[i * n..(i + 1) * n]).map(|(a, b)| a * b).sum();
                let want = f64::from(u8::from(i == j));
                // Vectors that are not orthogonalised are at least CLUSTER of the norm apart.
                assert!((dot - want).abs() <= 64.0 * (n as f64).sqrt() * f64::EPSILON / CLUSTER, "{i} {j}: {dot}");
            }
        }
    }

    /// W21+ has pairs equal to 14 digits; glued copies have larger clusters.
    #[test]
    fn wilkinson_and_glued_copies() {
        let one: Vec<f64> = (0..21).map(|i: i32| (10 - i).abs().into()).collect();
        check(&one, &[1.0; 21], 8);
        let d: Vec<f64> = one.iter().copied().cycle().take(105).collect();
        for glue in [0.0, 1e-14, 1e-7, 1e-2] {
            let e: Vec<f64> = (0..105).map(|i| if i % 21 == 20 { glue } else { 1.0 }).collect();
            check(&d, &e, 20);
        }
    }

    #[test]
    fn diagonal_identity_and_second_difference() {
        check(&[3.0, 1.0, 2.0], &[0.0; 3], 2);
        check(&[1.0; 40], &[0.0; 40], 10);
        check(&[2.0; 300], &[-1.0; 300], 12);
        check(&[5.0], &[0.0], 1);
    }
}
