//! What the tests share: recorded values, and exact Wishart spectra without a linear-algebra library.
#![allow(dead_code, clippy::unwrap_used)]

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{ChiSquared, Distribution};

/// The numbers of a fixture's lines that start with `tag` (none: lines that start with a digit).
pub fn table(text: &str, tag: Option<&str>) -> Vec<Vec<f64>> {
    text.lines()
        .filter(|l| !l.starts_with('#'))
        .filter_map(|l| match tag {
            Some(t) => l.strip_prefix(t),
            None => l.starts_with(|c: char| c.is_ascii_digit()).then_some(l),
        })
        .map(|l| l.split_whitespace().map(|w| w.parse().unwrap()).collect())
        .collect()
}

/// Ascending eigenvalues of `W^T W` for a standard normal `rows` x `cols` matrix (rows >= cols).
///
/// Householder reflections turn such a matrix into a bidiagonal one with independent chi entries without changing its
/// singular values (Dumitriu and Edelman, J. Math. Phys. 43 (2002) 5830), so only a tridiagonal problem is left.
pub fn wishart(rows: usize, cols: usize, seed: u64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut chi = |k: usize| ChiSquared::new(k as f64).unwrap().sample(&mut rng).sqrt();
    let diagonal: Vec<f64> = (0..cols).map(|i| chi(rows - i)).collect();
    let beside: Vec<f64> = (1..cols).map(|i| chi(cols - i)).collect();
    let mut d: Vec<f64> =
        (0..cols).map(|i| diagonal[i].powi(2) + if i > 0 { beside[i - 1].powi(2) } else { 0.0 }).collect();
    let mut e: Vec<f64> = (0..cols - 1).map(|i| diagonal[i] * beside[i]).collect();
    e.push(0.0);
    implicit_ql(&mut d, &mut e);
    d.sort_by(f64::total_cmp);
    d.iter().map(|x| x.max(0.0)).collect()
}

/// Largest eigenvalue of a symmetric tridiagonal matrix by bisection on Sturm's count, to 1e-12 of itself.
pub fn top_eigenvalue(d: &[f64], e: &[f64]) -> f64 {
    let beside = |i: usize| if i < e.len() { e[i].abs() } else { 0.0 };
    let bound = (0..d.len()).map(|i| d[i] + beside(i) + if i > 0 { beside(i - 1) } else { 0.0 });
    let (mut low, mut high) = (0.0, bound.fold(0.0, f64::max));
    while high - low > 1e-12 * high {
        let x = 0.5 * (low + high);
        // The pivots of T - x are all negative exactly when no eigenvalue lies above x.
        let mut pivot = d[0] - x;
        let none_above = pivot < 0.0
            && (1..d.len()).all(|i| {
                pivot = d[i] - x - e[i - 1] * e[i - 1] / pivot;
                pivot < 0.0
            });
        if none_above {
            high = x;
        } else {
            low = x;
        }
    }
    0.5 * (low + high)
}

/// Ascending eigenvalues of a symmetric tridiagonal matrix.
pub fn tridiagonal(mut d: Vec<f64>, mut e: Vec<f64>) -> Vec<f64> {
    e.push(0.0);
    implicit_ql(&mut d, &mut e);
    d.sort_by(f64::total_cmp);
    d.iter().map(|x| x.max(0.0)).collect()
}

/// Largest difference between the distribution of a sample and a distribution function.
pub fn distance(sample: &mut [f64], cdf: impl Fn(f64) -> f64) -> f64 {
    sample.sort_by(f64::total_cmp);
    let n = sample.len() as f64;
    sample.iter().enumerate().fold(0.0, |d: f64, (i, x)| {
        let f = cdf(*x);
        d.max(f - i as f64 / n).max((i + 1) as f64 / n - f)
    })
}

/// Eigenvalues of a symmetric tridiagonal matrix (diagonal d, off-diagonal e), EISPACK's imtql1.
fn implicit_ql(d: &mut [f64], e: &mut [f64]) {
    let n = d.len();
    for l in 0..n {
        loop {
            let m = (l..n - 1).find(|&m| e[m].abs() <= f64::EPSILON * (d[m].abs() + d[m + 1].abs())).unwrap_or(n - 1);
            if m == l {
                break;
            }
            let mut g = (d[l + 1] - d[l]) / (2.0 * e[l]);
            let mut r = g.hypot(1.0);
            g = d[m] - d[l] + e[l] / (g + r.copysign(g));
            let (mut s, mut c, mut p) = (1.0, 1.0, 0.0);
            let mut split = false;
            for i in (l..m).rev() {
                let (f, b) = (s * e[i], c * e[i]);
                r = f.hypot(g);
                e[i + 1] = r;
                if r == 0.0 {
                    d[i + 1] -= p;
                    e[m] = 0.0;
                    split = true;
                    break;
                }
                (s, c) = (f / r, g / r);
                g = d[i + 1] - p;
                r = (d[i] - g) * s + 2.0 * c * b;
                p = s * r;
                d[i + 1] = g + p;
                g = c * r - b;
            }
            if !split {
                d[l] -= p;
                e[l] = g;
                e[m] = 0.0;
            }
        }
    }
}
