//! Buffers that are kept between calls, and vectors that are always the same.

use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::LinalgError;

/// `rows * cols`, or [`LinalgError::TooLarge`].
pub(crate) fn area(rows: usize, cols: usize) -> Result<usize, LinalgError> {
    rows.checked_mul(cols).ok_or(LinalgError::TooLarge { elements: usize::MAX })
}

/// The first `len` elements of `buffer`, which grows when it is too short. The contents are unspecified.
pub(crate) fn room(buffer: &mut Vec<f64>, len: usize) -> Result<&mut [f64], LinalgError> {
    if buffer.len() < len {
        buffer.try_reserve_exact(len - buffer.len()).map_err(|_| LinalgError::TooLarge { elements: len })?;
        buffer.resize(len, 0.0);
    }
    Ok(&mut buffer[..len])
}

/// faer's scratch memory.
#[derive(Default)]
pub(crate) struct Scratch {
    buffer: Option<MemBuffer>,
    bytes: usize,
    align: usize,
}

impl Scratch {
    /// A stack that satisfies `need`.
    pub(crate) fn stack(&mut self, need: StackReq) -> Result<&mut MemStack, LinalgError> {
        let too_large = LinalgError::TooLarge { elements: need.size_bytes() / size_of::<f64>() };
        if self.buffer.is_none() || self.bytes < need.size_bytes() || self.align < need.align_bytes() {
            self.buffer = None;
            let fresh = MemBuffer::try_new(need).map_err(|_| too_large.clone())?;
            (self.bytes, self.align) = (need.size_bytes(), need.align_bytes());
            self.buffer = Some(fresh);
        }
        self.buffer.as_mut().map(|b| MemStack::new(b)).ok_or(too_large)
    }
}

/// Uniform numbers in [-1, 1) from a fixed ChaCha stream: starting vectors are the same in every run.
pub(crate) struct Start(ChaCha8Rng);

impl Start {
    /// The stream with number `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Fills `x` with the next numbers.
    pub(crate) fn fill(&mut self, x: &mut [f64]) {
        for v in x {
            *v = (self.0.next_u64() >> 11) as f64 * 2f64.powi(-52) - 1.0;
        }
    }

    /// Fills `x` with signs, 1 or -1 with equal chances: 64 from each number of the stream.
    pub(crate) fn signs(&mut self, x: &mut [f64]) {
        for v in x.chunks_mut(64) {
            let bits = self.0.next_u64();
            v.iter_mut().enumerate().for_each(|(i, v)| *v = if bits >> i & 1 == 0 { 1.0 } else { -1.0 });
        }
    }
}
