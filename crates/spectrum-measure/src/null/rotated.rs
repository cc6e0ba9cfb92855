//! Differences of weights, rotated at random from both sides.

use rand_chacha::rand_core::Rng;
use spectrum_core::LayerMatrix;
use spectrum_law::shuffle::stream;
use spectrum_linalg::{rotate_left, rotate_right};

use super::Kind;

/// Adds Q (`after` - `before`) R^T to `null`, with Q and R independent and Haar-distributed; all three of one shape,
/// column-major.
///
/// The draws, first Q's and then R's, belong to the stream of the seed, the step, layer and view of `after`, and the kind of
/// null: no other null and no other step reads them. A difference that is zero throughout adds nothing.
pub(super) fn add(null: &mut [f64], after: &LayerMatrix, before: &LayerMatrix, seed: u64, kind: Kind) {
    let mut m: Vec<f64> = after.data().iter().zip(before.data()).map(|(a, b)| a - b).collect();
    if m.iter().all(|x| *x == 0.0) {
        return;
    }
    let mut draws = normals(stream(seed, after.step, &after.layer, &format!("{}/{kind}", after.view)));
    rotate_left(&mut m, after.rows, after.cols, &mut draws);
    rotate_right(&mut m, after.rows, after.cols, &mut draws);
    null.iter_mut().zip(&m).for_each(|(n, x)| *n += x);
}

/// Standard normal numbers by Marsaglia's polar method, both of each pair; no platform's mathematics library is used, so
/// that a stream gives the same bits everywhere.
fn normals(mut rng: impl Rng) -> impl FnMut() -> f64 {
    let mut spare = None;
    move || {
        if let Some(x) = spare.take() {
            return x;
        }
        loop {
            let (x, y) = (symmetric(&mut rng), symmetric(&mut rng));
            let square = x * x + y * y;
            // Never 0: no odd number is.
            if square < 1.0 {
                let length = (-2.0 * libm::log(square) / square).sqrt();
                spare = Some(y * length);
                return x * length;
            }
        }
    }
}

/// Uniform on -1..1: the odd multiples of 2^-52, each of which a double holds.
fn symmetric(rng: &mut impl Rng) -> f64 {
    ((rng.next_u64() >> 12) as f64 + 0.5) * 2f64.powi(-51) - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_draws_are_standard_normal() {
        const N: usize = 200_000;
        let mut draw = normals(stream(0, 0, "layer", "matrix"));
        let x: Vec<f64> = (0..N).map(|_| draw()).collect();
        let mean = |f: &dyn Fn(f64) -> f64| x.iter().map(|x| f(*x)).sum::<f64>() / N as f64;
        // Moments 0, 1, 0, 3 with variances 1, 2, 15, 96 over N; P(|x| > 1.959964) = 0.05. Five standard errors each.
        let within =
            |found: f64, expected: f64, variance: f64| (found - expected).abs() < 5.0 * (variance / N as f64).sqrt();
        assert!(within(mean(&|x| x), 0.0, 1.0) && within(mean(&|x| x * x), 1.0, 2.0));
        assert!(within(mean(&|x| x.powi(3)), 0.0, 15.0) && within(mean(&|x| x.powi(4)), 3.0, 96.0));
        assert!(within(mean(&|x| f64::from(x.abs() > 1.959_964)), 0.05, 0.0475));
        // The two numbers of a pair, and neighbours of different pairs, do not know of each other.
        let pairs = |from: usize| x[from..].chunks_exact(2).map(|p| p[0] * p[1]).sum::<f64>() / (N / 2) as f64;
        assert!(pairs(0).abs() < 0.016 && pairs(1).abs() < 0.016);
    }
}
