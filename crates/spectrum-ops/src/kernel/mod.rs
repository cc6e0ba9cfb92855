//! Elementwise kernels on plain slices; nothing here knows Burn.
//!
//! The scalar functions are branch-free and marked `#[inline(always)]`, so that the compiler vectorises the loops in
//! this file once for each instruction set that `pulp` finds at run time (AVX-512, AVX2 with FMA, NEON, or the
//! baseline). They use `mul_add` throughout, which rounds once on every CPU: an element's bits depend neither on the
//! vector width nor on how the array is split over threads. A CPU without FMA gets the same bits, slowly.

// The constants are those of the cited sources, digit for digit.
#![allow(clippy::excessive_precision)]

pub(crate) mod adam;
mod erf;
mod exp;
mod sigmoid;
mod softplus;
mod tanh;

pub(crate) use erf::{erf_backward_f32, erf_backward_f64, erf_f32, erf_f64};
pub(crate) use sigmoid::{sigmoid_backward_f32, sigmoid_backward_f64, sigmoid_f32, sigmoid_f64};
pub(crate) use softplus::{softplus_backward_f32, softplus_backward_f64, softplus_f32, softplus_f64};
pub(crate) use tanh::{tanh_backward_f32, tanh_backward_f64, tanh_f32, tanh_f64};

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Elements a thread takes at once. An array of at least two blocks is shared among rayon's threads.
pub(crate) const BLOCK: usize = 1 << 15;

/// A function of one element.
pub(crate) trait Unary<T>: Fn(T) -> T + Copy + Send + Sync {}
impl<T, F: Fn(T) -> T + Copy + Send + Sync> Unary<T> for F {}

/// A function of two elements.
pub(crate) trait Binary<T>: Fn(T, T) -> T + Copy + Send + Sync {}
impl<T, F: Fn(T, T) -> T + Copy + Send + Sync> Binary<T> for F {}

struct Assign<'a, T, F> {
    x: &'a mut [T],
    f: F,
}

impl<T: Copy, F: Fn(T) -> T> WithSimd for Assign<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for x in self.x {
            *x = (self.f)(*x);
        }
    }
}

struct Write<'a, T, F> {
    x: &'a [T],
    out: &'a mut [T],
    f: F,
}

impl<T: Copy, F: Fn(T) -> T> WithSimd for Write<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (y, &x) in self.out.iter_mut().zip(self.x) {
            *y = (self.f)(x);
        }
    }
}

struct AssignWith<'a, T, F> {
    x: &'a mut [T],
    other: &'a [T],
    f: F,
}

impl<T: Copy, F: Fn(T, T) -> T> WithSimd for AssignWith<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (x, &other) in self.x.iter_mut().zip(self.other) {
            *x = (self.f)(*x, other);
        }
    }
}

/// `x = f(x)`.
pub(crate) fn assign<T: Copy + Send + Sync>(x: &mut [T], f: impl Unary<T>) {
    let arch = Arch::new();
    if x.len() < 2 * BLOCK {
        return arch.dispatch(Assign { x, f });
    }
    x.par_chunks_mut(BLOCK).for_each(|x| arch.dispatch(Assign { x, f }));
}

/// `out = f(x)`; both slices have one length.
pub(crate) fn write<T: Copy + Send + Sync>(x: &[T], out: &mut [T], f: impl Unary<T>) {
    let arch = Arch::new();
    if x.len() < 2 * BLOCK {
        return arch.dispatch(Write { x, out, f });
    }
    out.par_chunks_mut(BLOCK).zip(x.par_chunks(BLOCK)).for_each(|(out, x)| arch.dispatch(Write { x, out, f }));
}

/// `x = f(x, other)`; both slices have one length.
pub(crate) fn assign_with<T: Copy + Send + Sync>(x: &mut [T], other: &[T], f: impl Binary<T>) {
    let arch = Arch::new();
    if x.len() < 2 * BLOCK {
        return arch.dispatch(AssignWith { x, other, f });
    }
    x.par_chunks_mut(BLOCK)
        .zip(other.par_chunks(BLOCK))
        .for_each(|(x, other)| arch.dispatch(AssignWith { x, other, f }));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a CPU with fewer instructions would run, as far as this one can.
    fn instruction_sets() -> Vec<Arch> {
        #[allow(unused_mut)]
        let mut sets = vec![Arch::Scalar];
        #[cfg(target_arch = "x86_64")]
        sets.extend(pulp::x86::V3::try_new().map(Arch::V3));
        sets
    }

    /// Values over all exponents, then a dense stretch where the activations bend; an odd length leaves a tail.
    fn sample() -> Vec<f64> {
        let wide =
            (0..2_046u64).flat_map(|e| [1.0, -1.3].map(|s| s * f64::from_bits((e << 52) | (e * 0x9E37_79B9_7F4A))));
        let dense = (0..4_097).map(|i| (f64::from(i) - 2_048.0) / 173.0);
        wide.chain(dense).chain([0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY]).collect()
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        let wide = sample();
        let narrow: Vec<f32> = wide.iter().map(|&x| x as f32).collect();
        for arch in instruction_sets() {
            macro_rules! same {
                ($($f:ident on $x:ident),*) => {$(
                    let (mut here, mut there) = ($x.clone(), $x.clone());
                    assign(&mut here, $f);
                    arch.dispatch(Assign { x: &mut there, f: $f });
                    for ((a, b), x) in here.iter().zip(&there).zip(&$x) {
                        assert_eq!(a.to_bits(), b.to_bits(), "{} at {x} on {arch:?}", stringify!($f));
                    }
                )*};
            }
            same!(tanh_f64 on wide, sigmoid_f64 on wide, softplus_f64 on wide, erf_f64 on wide);
            same!(tanh_f32 on narrow, sigmoid_f32 on narrow, softplus_f32 on narrow, erf_f32 on narrow);
        }
    }
}
