//! Seeded shuffles: the null that keeps the entries of a matrix and forgets where they stood.
//!
//! What a shuffled matrix's spectrum still shows comes from the size of the entries, what it lacks came from their places.
//! The draws belong to a stream of their own, keyed by seed, step and names: the same on every machine, and independent of
//! what else is drawn.
//!
//! ```
//! use spectrum_law::shuffle::{shuffle, stream};
//!
//! let mut entries: Vec<f64> = (0..10).map(f64::from).collect();
//! shuffle(&mut entries, &mut stream(7, 0, "hidden.weight", "matrix"));
//! assert_eq!(entries, [6.0, 4.0, 7.0, 3.0, 0.0, 9.0, 2.0, 5.0, 1.0, 8.0]);
//! ```

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The stream of one matrix at one step: ChaCha8 under the 256-bit key seed, step, FNV-1a of the layer's name, FNV-1a of
/// the view's name (64 bits each, little-endian).
#[must_use]
pub fn stream(seed: u64, step: u64, layer: &str, view: &str) -> ChaCha8Rng {
    let mut key = [0; 32];
    for (part, word) in key.chunks_exact_mut(8).zip([seed, step, fnv1a(layer), fnv1a(view)]) {
        part.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// Puts the values in a random order: Fisher and Yates, from the last place down, one 64-bit draw for each place.
pub fn shuffle<T>(values: &mut [T], rng: &mut impl Rng) {
    for i in (1..values.len()).rev() {
        values.swap(i, below(rng, i as u64 + 1) as usize);
    }
}

/// Fowler, Noll and Vo's 64-bit hash, variant 1a.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// A number below `bound`: the high word of a 128-bit product. Its bias, bound/2^64, is 1e-13 for a million entries.
fn below(rng: &mut impl Rng, bound: u64) -> u64 {
    ((u128::from(rng.next_u64()) * u128::from(bound)) >> 64) as u64
}
