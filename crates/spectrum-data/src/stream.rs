//! Named streams of random numbers.
//!
//! Every random draw of a run comes from a stream that is named by the run's seed and by what is drawn
//! (`data.train`, `model.hidden.weight`). Streams are independent of each other, of the order in which they are used,
//! and of the backend, so every backend starts from the same bits, and a longer data set does not change the weights.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

use crate::normal::quantile;

/// The stream called `name` of the run with this seed.
///
/// ChaCha with 8 rounds, whose 256-bit key is SHA-256 of `"spectrum stream v1\0"`, the seed as eight little-endian
/// bytes, and the name. A stream's place is `get_word_pos()`; `set_word_pos` returns to it when a run is resumed.
#[must_use]
pub fn stream(seed: u64, name: &str) -> ChaCha8Rng {
    let mut hash = Sha256::new();
    hash.update(b"spectrum stream v1\0");
    hash.update(seed.to_le_bytes());
    hash.update(name.as_bytes());
    ChaCha8Rng::from_seed(hash.finalize().into())
}

/// A uniform number in the open interval (0, 1): an odd multiple of 2^-53, from the top 52 bits of one word.
///
/// The grid is symmetric about 1/2 and holds neither end, so the normal quantile of it is finite.
pub fn uniform(rng: &mut impl Rng) -> f64 {
    ((rng.next_u64() >> 12) as f64 + 0.5) * 2f64.powi(-52)
}

/// One standard normal number: the normal quantile of one [`uniform`] number.
///
/// Inversion takes exactly one word a number, so element k of a draw depends on word k alone. It uses no function of
/// the system's mathematics library, so the bits are the same on every platform.
pub fn normal(rng: &mut impl Rng) -> f64 {
    quantile(uniform(rng))
}

/// `n` standard normal numbers, in the order of the stream.
pub fn normals(rng: &mut impl Rng, n: usize) -> Vec<f64> {
    (0..n).map(|_| normal(rng)).collect()
}

/// Rounds each number to the nearest f32.
///
/// Host draws are rounded for both precisions, so that f32 and f64 runs start from the same numbers.
pub fn round_f32(values: &mut [f64]) {
    for v in values {
        *v = f64::from(*v as f32);
    }
}

/// A uniformly random order of `0..n` (Fisher-Yates), for mini-batches.
pub fn permutation(rng: &mut impl Rng, n: u32) -> Vec<u32> {
    let mut order: Vec<u32> = (0..n).collect();
    for i in (1..order.len()).rev() {
        order.swap(i, below(rng, i as u64 + 1) as usize);
    }
    order
}

/// A uniform integer in `0..bound`, without bias (D. Lemire, arXiv 1805.10941, algorithm 5).
pub(crate) fn below(rng: &mut impl Rng, bound: u64) -> u64 {
    let threshold = bound.wrapping_neg() % bound;
    loop {
        let product = u128::from(rng.next_u64()) * u128::from(bound);
        if product as u64 >= threshold {
            return (product >> 64) as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The golden numbers come from tests/golden_stream.py, an independent ChaCha8 and a 40-digit quantile.
    #[test]
    fn golden_words() {
        let mut rng = stream(0, "data.train");
        let words: Vec<u64> = (0..9).map(|_| rng.next_u64()).collect();
        assert_eq!(
            words,
            [
                0x19dfd9de1f2f18ac,
                0x092345f1d6b47437,
                0xaf591fbfcd51005a,
                0xd57294788f9e39ee,
                0x7b108632c3c55b48,
                0x017679b0e746d8bb,
                0xd7dd65811a4e0f8b,
                0xa030abd51a3a6f32,
                0xd33dc1edcee4a42a,
            ]
        );
        let mut rng = stream(7, "model.hidden");
        assert_eq!([rng.next_u64(), rng.next_u64()], [0xf0234dc824bc748c, 0x03ed7b0e00b74b03]);
    }

    #[test]
    fn golden_normals() {
        let expected = [
            -1.2754672981759771,
            -1.8029952969533514,
            0.48159644689068387,
            0.9692092496832924,
            -0.04834438856062037,
            -2.529329114942539,
            1.0077884851767185,
            0.32059850297685843,
        ];
        let mut got = normals(&mut stream(0, "data.train"), 8);
        for (g, e) in got.iter().zip(expected) {
            assert!((g - e).abs() <= 4.0 * f64::EPSILON * f64::abs(e), "{g} {e}");
        }
        round_f32(&mut got);
        let rounded: Vec<u64> = expected.iter().map(|&e| f64::from(e as f32).to_bits()).collect();
        assert_eq!(got.iter().map(|g| g.to_bits()).collect::<Vec<_>>(), rounded);
    }

    #[test]
    fn our_own_bits_never_change() {
        // Regression: FNV-1a over the bits of the first 10^5 numbers, recorded when they were first made.
        let hash = normals(&mut stream(1, "golden"), 100_000)
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .fold(0xcbf29ce484222325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100000001b3));
        assert_eq!(hash, 13_661_655_918_463_640_369);
    }

    #[test]
    fn normals_have_the_moments_of_a_normal() {
        let x = normals(&mut stream(5, "moments"), 200_000);
        let moment = |k: i32| x.iter().map(|v| v.powi(k)).sum::<f64>() / x.len() as f64;
        // Five standard errors: sd of x^k is 1, sqrt 2, sqrt 15, sqrt 96.
        for (k, expected, sd) in [(1, 0.0, 1.0), (2, 1.0, 2f64.sqrt()), (3, 0.0, 15f64.sqrt()), (4, 3.0, 96f64.sqrt())]
        {
            assert!((moment(k) - expected).abs() < 5.0 * sd / (x.len() as f64).sqrt(), "moment {k}: {}", moment(k));
        }
    }

    #[test]
    fn streams_differ_by_seed_and_by_name() {
        let first = |seed, name| stream(seed, name).next_u64();
        assert_ne!(first(0, "a"), first(1, "a"));
        assert_ne!(first(0, "a"), first(0, "b"));
        // The seed's bytes have a fixed length, so no name can imitate another seed.
        assert_ne!(first(0, "\0"), first(0, ""));
        assert_eq!(first(3, "x"), first(3, "x"));
    }

    #[test]
    fn a_permutation_holds_each_index_once_and_each_order_equally_often() {
        let mut rng = stream(0, "order");
        let mut sorted = permutation(&mut rng, 1000);
        sorted.sort_unstable();
        assert!(sorted.iter().copied().eq(0..1000));
        assert_eq!(permutation(&mut rng, 0), []);

        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..24_000 {
            *counts.entry(permutation(&mut rng, 4)).or_insert(0_u32) += 1;
        }
        assert_eq!(counts.len(), 24);
        // Chi-square with 23 degrees of freedom: 99.99 % quantile 56.
        let chi: f64 = counts.values().map(|&c| (f64::from(c) - 1000.0).powi(2) / 1000.0).sum();
        assert!(chi < 56.0, "{chi}");
    }
}
