//! Leading eigenvectors of a symmetric matrix, as far as preprocessing needs them.
//!
//! This crate stands beside `spectrum-linalg`, not above it, and needs no more than a few leading directions of a
//! covariance. Block power iteration with a Rayleigh-Ritz step (G. H. Golub and C. F. Van Loan, *Matrix Computations*,
//! section 8.2) is deterministic, short, and says by its residual how far it came.

use crate::stream::{normal, stream};

/// The leading eigenpairs of a symmetric positive semi-definite matrix.
#[derive(Debug)]
pub(crate) struct Leading {
    /// Eigenvalues, descending.
    pub values: Vec<f64>,
    /// Unit eigenvectors in the same order; the largest component of each is positive.
    pub vectors: Vec<Vec<f64>>,
}

/// Largest residual |A v - theta v| over theta_1 that counts as converged. Rounding alone leaves about sqrt(m) eps.
const TOLERANCE: f64 = 1e-11;
/// Enough for a ratio of 0.975 between the first eigenvalue outside the block and the last one asked for.
const ITERATIONS: usize = 1000;

/// The `k` leading eigenpairs of the m x m matrix `a`, both triangles given; or the relative residual that was left.
///
/// The block holds 2k + 8 vectors, so the error shrinks by lambda_{2k+9} / lambda_k in each of at most 1000 steps.
pub(crate) fn leading(a: &[f64], m: usize, k: usize) -> Result<Leading, f64> {
    let block = (2 * k + 8).min(m);
    let mut rng = stream(0, "data.principal-components");
    let mut basis: Vec<Vec<f64>> = (0..block).map(|_| (0..m).map(|_| normal(&mut rng)).collect()).collect();
    let mut residual = f64::INFINITY;
    for _ in 0..ITERATIONS {
        // A vector that A sent to zero, or into the span of the others, is drawn afresh.
        for j in 0..block {
            while !orthonormalise_against(&mut basis, j) {
                basis[j] = (0..m).map(|_| normal(&mut rng)).collect();
            }
        }
        let image = product(a, m, &basis);
        let mut small = vec![0.0; block * block];
        for i in 0..block {
            for j in 0..=i {
                let value = 0.5 * (dot(&basis[i], &image[j]) + dot(&basis[j], &image[i]));
                small[i * block + j] = value;
                small[j * block + i] = value;
            }
        }
        let (values, rotation) = jacobi(small, block);
        basis = rotate(&basis, &rotation);
        let image = rotate(&image, &rotation);
        let top = values[0];
        if top <= 0.0 {
            return Ok(Leading { values: vec![0.0; k], vectors: basis.into_iter().take(k).collect() });
        }
        residual = (0..k)
            .map(|i| {
                let square: f64 = image[i].iter().zip(&basis[i]).map(|(y, q)| (y - values[i] * q).powi(2)).sum();
                square.sqrt() / top
            })
            .fold(0.0, f64::max);
        if residual <= TOLERANCE {
            let mut vectors: Vec<_> = basis.into_iter().take(k).collect();
            vectors.iter_mut().for_each(|v| fix_sign(v));
            return Ok(Leading { values: values[..k].iter().map(|v| v.max(0.0)).collect(), vectors });
        }
        basis = image;
    }
    Err(residual)
}

/// Makes `vectors[j]` orthogonal to those before it and of unit norm; false if nothing of it is left.
///
/// Gram-Schmidt twice, which is enough for orthogonality to rounding (Giraud, Langou, Rozloznik 2005).
pub(crate) fn orthonormalise_against(vectors: &mut [Vec<f64>], j: usize) -> bool {
    let (before, rest) = vectors.split_at_mut(j);
    let v = &mut rest[0];
    let start = dot(v, v).sqrt();
    for _ in 0..2 {
        for q in before.iter() {
            let c = dot(q, v);
            v.iter_mut().zip(q).for_each(|(x, q)| *x -= c * q);
        }
    }
    let norm = dot(v, v).sqrt();
    if !(norm.is_finite() && norm > 1e-12 * start && norm > f64::MIN_POSITIVE) {
        return false;
    }
    v.iter_mut().for_each(|x| *x /= norm);
    true
}

/// Turns a vector so that its component of largest modulus (the first of equals) is positive.
pub(crate) fn fix_sign(v: &mut [f64]) {
    let largest = v.iter().fold(0.0_f64, |best, &x| if x.abs() > best.abs() { x } else { best });
    if largest < 0.0 {
        v.iter_mut().for_each(|x| *x = -*x);
    }
}

/// Inner product with eight running sums, which the compiler turns into vector instructions; the order is fixed.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a8.remainder().iter().zip(b8.remainder()).map(|(x, y)| x * y).sum();
    let mut sums = [0.0; 8];
    for (x, y) in a8.zip(b8) {
        for i in 0..8 {
            sums[i] += x[i] * y[i];
        }
    }
    ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7])) + rest
}

/// A times each vector.
fn product(a: &[f64], m: usize, vectors: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut out = vec![vec![0.0; m]; vectors.len()];
    for (i, row) in a.chunks_exact(m).enumerate() {
        for (y, q) in out.iter_mut().zip(vectors) {
            y[i] = dot(row, q);
        }
    }
    out
}

/// Linear combinations of vectors: the c-th result has the coefficients `rotation[c]`.
fn rotate(vectors: &[Vec<f64>], rotation: &[Vec<f64>]) -> Vec<Vec<f64>> {
    rotation
        .iter()
        .map(|coefficients| {
            let mut out = vec![0.0; vectors[0].len()];
            for (v, c) in vectors.iter().zip(coefficients) {
                out.iter_mut().zip(v).for_each(|(o, x)| *o += c * x);
            }
            out
        })
        .collect()
}

/// All eigenvalues (descending) and eigenvectors of a symmetric matrix, by cyclic Jacobi rotations.
fn jacobi(mut a: Vec<f64>, n: usize) -> (Vec<f64>, Vec<Vec<f64>>) {
    let mut vectors: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    let total: f64 = a.iter().map(|x| x * x).sum();
    for _ in 0..60 {
        let off: f64 = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i * n + j].powi(2)).sum();
        if off <= (f64::EPSILON * f64::EPSILON) * total {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                let apq = a[p * n + q];
                if apq == 0.0 {
                    continue;
                }
                let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * apq);
                let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                for i in 0..n {
                    let (x, y) = (a[i * n + p], a[i * n + q]);
                    a[i * n + p] = c * x - s * y;
                    a[i * n + q] = s * x + c * y;
                }
                for i in 0..n {
                    let (x, y) = (a[p * n + i], a[q * n + i]);
                    a[p * n + i] = c * x - s * y;
                    a[q * n + i] = s * x + c * y;
                }
                let (first, second) = vectors.split_at_mut(q);
                for (x, y) in first[p].iter_mut().zip(second[0].iter_mut()) {
                    (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
                }
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| a[j * n + j].total_cmp(&a[i * n + i]));
    (order.iter().map(|&i| a[i * n + i]).collect(), order.iter().map(|&i| vectors[i].clone()).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stream::normals;

    /// The second-difference matrix with ends held: eigenvalues 4 sin^2(pi k / 2(m+1)).
    fn second_difference(m: usize) -> Vec<f64> {
        let mut a = vec![0.0; m * m];
        for i in 0..m {
            a[i * m + i] = 2.0;
            if i + 1 < m {
                a[i * m + i + 1] = -1.0;
                a[(i + 1) * m + i] = -1.0;
            }
        }
        a
    }

    #[test]
    fn jacobi_and_iteration_find_the_closed_form() {
        let m = 40;
        let exact = |k: usize| 4.0 * (std::f64::consts::PI * k as f64 / (2.0 * (m + 1) as f64)).sin().powi(2);
        let (values, _) = jacobi(second_difference(m), m);
        for (i, v) in values.iter().enumerate() {
            assert!((v - exact(m - i)).abs() < 1e-13, "{i} {v}");
        }
        let found = leading(&second_difference(m), m, 3).unwrap();
        for (i, v) in found.values.iter().enumerate() {
            assert!((v - exact(m - i)).abs() < 1e-12);
        }
        // Eigenvector k is sin(pi k j / (m+1)) up to its norm.
        let top: Vec<f64> = (1..=m).map(|j| (std::f64::consts::PI * (m * j) as f64 / (m + 1) as f64).sin()).collect();
        let cosine = dot(&top, &found.vectors[0]) / dot(&top, &top).sqrt();
        assert!((cosine.abs() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn equal_and_zero_eigenvalues_are_no_trouble() {
        let m = 30;
        let identity: Vec<f64> = (0..m * m).map(|i| f64::from(u8::from(i / m == i % m))).collect();
        let found = leading(&identity, m, 4).unwrap();
        assert!(found.values.iter().all(|v| (v - 1.0).abs() < 1e-14));
        assert!(dot(&found.vectors[0], &found.vectors[3]).abs() < 1e-14);
        // Rank one, fewer than asked for.
        let v = normals(&mut stream(1, "rank.one"), m);
        let outer: Vec<f64> = (0..m * m).map(|i| v[i / m] * v[i % m]).collect();
        let found = leading(&outer, m, 3).unwrap();
        assert!((found.values[0] / dot(&v, &v) - 1.0).abs() < 1e-13 && found.values[1] < 1e-13);
        assert_eq!(leading(&vec![0.0; m * m], m, 2).unwrap().values, [0.0, 0.0]);
    }

    proptest! {
        #[test]
        fn eigenpairs_satisfy_their_equation(m in 1usize..24, k in 1usize..6, seed: u64) {
            let k = k.min(m);
            let x = normals(&mut stream(seed, "matrix"), m * m);
            let a: Vec<f64> =
                (0..m * m).map(|i| dot(&x[i / m * m..(i / m + 1) * m], &x[i % m * m..(i % m + 1) * m])).collect();
            let found = leading(&a, m, k).unwrap();
            let image = product(&a, m, &found.vectors);
            for (i, image) in image.iter().enumerate() {
                for (y, q) in image.iter().zip(&found.vectors[i]) {
                    prop_assert!((y - found.values[i] * q).abs() <= 1e-10 * found.values[0]);
                }
                for j in 0..k {
                    let expected = f64::from(u8::from(i == j));
                    prop_assert!((dot(&found.vectors[i], &found.vectors[j]) - expected).abs() < 1e-12);
                }
            }
            prop_assert!(found.values.windows(2).all(|w| w[0] >= w[1]));
        }
    }
}
