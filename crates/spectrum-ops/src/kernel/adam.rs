//! Adam's update of one array in one pass over memory.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::BLOCK;

/// Elements handled between the copy of a shared array and its update, so that both find it in the cache.
const TILE: usize = 1 << 11;

/// The update's scalars in the arrays' own precision.
#[derive(Clone, Copy)]
pub(crate) struct Scalars<T> {
    pub beta1: T,
    pub rest1: T,
    pub beta2: T,
    pub rest2: T,
    pub epsilon: T,
    pub step_size: T,
    pub second_root: T,
    /// Coupled weight decay, added to the gradient; `None` leaves it out.
    pub coupled: Option<T>,
    /// The factor of decoupled weight decay; `None` leaves it out.
    pub shrink: Option<T>,
}

/// An array to be updated: in place, or from a shared original into a fresh buffer.
pub(crate) struct Target<'a, T> {
    pub original: Option<&'a [T]>,
    pub data: &'a mut [T],
}

struct Tile<'a, T> {
    w: &'a mut [T],
    m: &'a mut [T],
    v: &'a mut [T],
    g: &'a [T],
    s: Scalars<T>,
}

macro_rules! kernel {
    ($type:ty, $update:ident) => {
        impl WithSimd for Tile<'_, $type> {
            type Output = ();
            // No mul_add here: each operation rounds as the composed tensor operations do, so that both agree.
            #[inline(always)]
            fn with_simd<S: Simd>(self, _: S) {
                let s = self.s;
                for (((w, m), v), &g) in self.w.iter_mut().zip(self.m).zip(self.v).zip(self.g) {
                    let g = if let Some(decay) = s.coupled { g + *w * decay } else { g };
                    *m = *m * s.beta1 + g * s.rest1;
                    *v = *v * s.beta2 + g * g * s.rest2;
                    let denominator = v.sqrt() / s.second_root + s.epsilon;
                    let kept = if let Some(shrink) = s.shrink { *w * shrink } else { *w };
                    *w = kept - *m / denominator * s.step_size;
                }
            }
        }

        /// Updates w, m and v; all four arrays have one length.
        pub(crate) fn $update(
            w: Target<'_, $type>,
            g: &[$type],
            m: Target<'_, $type>,
            v: Target<'_, $type>,
            s: Scalars<$type>,
        ) {
            let arch = Arch::new();
            let originals = (w.original, m.original, v.original);
            let copy = |to: &mut [$type], from: Option<&[$type]>, start: usize| {
                if let Some(from) = from {
                    to.copy_from_slice(&from[start..start + to.len()]);
                }
            };
            let block = |index: usize, w: &mut [$type], m: &mut [$type], v: &mut [$type], g: &[$type]| {
                let tiles = w.chunks_mut(TILE).zip(m.chunks_mut(TILE)).zip(v.chunks_mut(TILE)).zip(g.chunks(TILE));
                for (tile, (((w, m), v), g)) in tiles.enumerate() {
                    let start = index * BLOCK + tile * TILE;
                    copy(w, originals.0, start);
                    copy(m, originals.1, start);
                    copy(v, originals.2, start);
                    arch.dispatch(Tile { w, m, v, g, s });
                }
            };
            if g.len() < 2 * BLOCK {
                return block(0, w.data, m.data, v.data, g);
            }
            w.data
                .par_chunks_mut(BLOCK)
                .zip(m.data.par_chunks_mut(BLOCK))
                .zip(v.data.par_chunks_mut(BLOCK))
                .zip(g.par_chunks(BLOCK))
                .enumerate()
                .for_each(|(index, (((w, m), v), g))| block(index, w, m, v, g));
        }
    };
}

kernel!(f32, adam_f32);
kernel!(f64, adam_f64);
