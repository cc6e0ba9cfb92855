//! Random rotations against what defines them: Householder products written out, orthogonality, the moments of the Haar
//! measure.
#![allow(clippy::unwrap_used)]

mod common;

use common::{noise, product, transposed};
use spectrum_linalg::{rotate_left, rotate_right};

/// Standard normal numbers (Box and Muller) from the tests' own stream.
struct Normal(u64, u64);

impl Normal {
    fn next(&mut self) -> f64 {
        self.1 += 1;
        let u: Vec<f64> = noise(2, self.0.wrapping_mul(0x2545_f491_4f6c_dd1d).wrapping_add(self.1 << 20));
        let (r, angle) = ((1.0 - (u[0] + 1.0) / 2.0).ln() * -2.0, std::f64::consts::PI * u[1]);
        r.sqrt() * angle.cos()
    }
}

fn identity(n: usize) -> Vec<f64> {
    (0..n * n).map(|k| f64::from(u8::from(k / n == k % n))).collect()
}

/// Q of Stewart's product, one dense factor after another: Q_n = H(x) (sign beta (+) Q_{n-1}), from the same stream.
fn reference(n: usize, gaussians: &mut dyn FnMut() -> f64) -> Vec<f64> {
    let mut q = vec![gaussians().signum()];
    for size in 2..=n {
        let x: Vec<f64> = (0..size).map(|_| gaussians()).collect();
        let norm = x.iter().map(|v| v * v).sum::<f64>().sqrt();
        let beta = -norm.copysign(x[0]);
        let mut v = x;
        v[0] -= beta;
        let square: f64 = v.iter().map(|a| a * a).sum();
        let mut bordered = vec![0.0; size * size];
        bordered[0] = beta.signum();
        for j in 1..size {
            for i in 1..size {
                bordered[i + j * size] = q[(i - 1) + (j - 1) * (size - 1)];
            }
        }
        let h: Vec<f64> = (0..size * size)
            .map(|k| f64::from(u8::from(k % size == k / size)) - 2.0 * v[k % size] * v[k / size] / square)
            .collect();
        q = product(&h, &bordered, size, size, size);
    }
    q
}

#[test]
fn the_rotation_is_stewarts_product() {
    for n in [1, 2, 3, 31, 32, 33, 34, 70] {
        let cols = 5;
        let m = noise(n * cols, n as u64);
        let mut stream = Normal(7, 0);
        let q = reference(n, &mut || stream.next());
        let calls = stream.1;
        assert_eq!(calls as usize, n * (n + 1) / 2);
        let bound = 50.0 * n as f64 * f64::EPSILON;
        let mut left = m.clone();
        let mut stream = Normal(7, 0);
        rotate_left(&mut left, n, cols, &mut || stream.next());
        assert_eq!(stream.1, calls);
        let exact = product(&q, &m, n, n, cols);
        assert!(left.iter().zip(&exact).all(|(a, b)| (a - b).abs() < bound), "{n}");
        // M^T Q^T = (Q M)^T.
        let mut right = transposed(&m, n, cols);
        let mut stream = Normal(7, 0);
        rotate_right(&mut right, cols, n, &mut || stream.next());
        assert!(right.iter().zip(transposed(&exact, n, cols)).all(|(a, b)| (a - b).abs() < bound), "{n}");
    }
}

#[test]
fn the_rotation_is_orthogonal() {
    let n = 150;
    let mut stream = Normal(3, 0);
    let mut q = identity(n);
    rotate_left(&mut q, n, n, &mut || stream.next());
    let gram = product(&transposed(&q, n, n), &q, n, n, n);
    let worst = gram.iter().zip(identity(n)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(worst < 20.0 * f64::EPSILON * (n as f64).sqrt(), "{worst:e}");
}

/// Every entry of a Haar matrix of order n has mean 0, variance 1/n and fourth moment 3/(n(n+2)), and the trace has mean 0
/// and variance 1 (Diaconis and Shahshahani 1994); without the signs D the diagonal would lean to one side. Bounds: five
/// standard errors of 20 000 draws.
#[test]
fn the_moments_are_haars() {
    let (n, draws) = (3, 20_000);
    let mut stream = Normal(11, 0);
    let (mut mean, mut square, mut fourth) = (vec![0.0; n * n], vec![0.0; n * n], vec![0.0; n * n]);
    let (mut trace, mut trace_square, mut determinants) = (0.0, 0.0, 0.0);
    for _ in 0..draws {
        let mut q = identity(n);
        rotate_left(&mut q, n, n, &mut || stream.next());
        for k in 0..n * n {
            mean[k] += q[k];
            square[k] += q[k] * q[k];
            fourth[k] += q[k].powi(4);
        }
        let t = q[0] + q[4] + q[8];
        trace += t;
        trace_square += t * t;
        determinants += q[0] * (q[4] * q[8] - q[7] * q[5]) - q[3] * (q[1] * q[8] - q[7] * q[2])
            + q[6] * (q[1] * q[5] - q[4] * q[2]);
    }
    let count = f64::from(draws);
    let error = 5.0 / count.sqrt();
    for k in 0..n * n {
        assert!((mean[k] / count).abs() < error * (1.0f64 / 3.0).sqrt(), "mean {k}");
        // Var q^2 = 3/15 - 1/9; Var q^4 = E q^8 - (1/5)^2 = 1/9 - 1/25.
        assert!((square[k] / count - 1.0 / 3.0).abs() < error * (0.2f64 - 1.0 / 9.0).sqrt(), "variance {k}");
        assert!((fourth[k] / count - 0.2).abs() < error * (1.0f64 / 9.0 - 0.04).sqrt(), "fourth {k}");
    }
    // Var t^2 = E t^4 - 1 <= 3 - 1.
    assert!((trace / count).abs() < error && (trace_square / count - 1.0).abs() < error * 2f64.sqrt());
    // Both components of the group, with equal chances.
    assert!((determinants / count).abs() < error);
}

#[test]
fn nothing_to_rotate() {
    let mut none: Vec<f64> = Vec::new();
    rotate_left(&mut none, 0, 4, &mut || 1.0);
    rotate_left(&mut none, 4, 0, &mut || 1.0);
    rotate_right(&mut none, 4, 0, &mut || 1.0);
    // Vectors of zeros have no direction: the identity, and no NaN.
    let mut m = noise(12, 1);
    let before = m.clone();
    rotate_left(&mut m, 4, 3, &mut || 0.0);
    assert_eq!(m, before);
}
