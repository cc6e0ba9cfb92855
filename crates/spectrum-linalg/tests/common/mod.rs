//! Matrices with known spectra, made without the code under test.
#![allow(dead_code, clippy::unwrap_used)]

/// Column-major product of a (m x k) and b (k x n), by the definition.
pub fn product(a: &[f64], b: &[f64], m: usize, k: usize, n: usize) -> Vec<f64> {
    let mut c = vec![0.0; m * n];
    for j in 0..n {
        for l in 0..k {
            for i in 0..m {
                c[i + j * m] += a[i + l * m] * b[l + j * k];
            }
        }
    }
    c
}

pub fn transposed(a: &[f64], m: usize, n: usize) -> Vec<f64> {
    (0..m * n).map(|k| a[k / n + (k % n) * m]).collect()
}

/// Numbers in [-1, 1) by splitmix64.
pub fn noise(len: usize, seed: u64) -> Vec<f64> {
    (0..len as u64)
        .map(|k| {
            let mut z = seed.wrapping_add((k + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) >> 11) as f64 * 2f64.powi(-52) - 1.0
        })
        .collect()
}

/// Applies the reflections I - 2 v v^T of three random unit vectors to every column of a: an orthogonal map.
pub fn rotate(a: &mut [f64], m: usize, seed: u64) {
    for r in 0..3 {
        let mut v = noise(m, seed + r);
        let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        v.iter_mut().for_each(|x| *x /= norm);
        for column in a.chunks_exact_mut(m) {
            let c: f64 = column.iter().zip(&v).map(|(a, b)| a * b).sum();
            column.iter_mut().zip(&v).for_each(|(a, b)| *a -= 2.0 * c * b);
        }
    }
}

/// An m x n matrix with the given singular values (in any order): reflections of a diagonal matrix.
pub fn prescribed(s: &[f64], m: usize, n: usize, seed: u64) -> Vec<f64> {
    let mut a = vec![0.0; m * n];
    s.iter().enumerate().for_each(|(i, s)| a[i + i * m] = *s);
    rotate(&mut a, m, seed);
    let mut a = transposed(&a, m, n);
    rotate(&mut a, n, seed + 10);
    transposed(&a, n, m)
}

pub fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(a, b)| a * b).sum()
}
