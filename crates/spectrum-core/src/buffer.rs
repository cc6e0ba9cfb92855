//! Reusable f64 buffers: a snapshot of every step must not allocate at every step.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

/// A set of buffers that come back when they are dropped.
///
/// Buffers are matched by length, so a run that records the same matrices at every step allocates only at first.
#[derive(Debug, Clone, Default)]
pub struct Pool {
    free: Arc<Mutex<Vec<Vec<f64>>>>,
}

impl Pool {
    /// An empty pool.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A buffer of `len` elements with unspecified (but initialised) contents.
    #[must_use]
    pub fn take(&self, len: usize) -> Buffer {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let data = match free.iter().position(|b| b.len() == len) {
            Some(i) => free.swap_remove(i),
            None => vec![0.0; len],
        };
        Buffer { data, pool: Some(self.clone()) }
    }

    /// Buffers that wait to be used again.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Elements of a matrix, returned to their pool on drop.
#[derive(Debug)]
pub struct Buffer {
    data: Vec<f64>,
    pool: Option<Pool>,
}

impl Deref for Buffer {
    type Target = [f64];
    fn deref(&self) -> &[f64] {
        &self.data
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f64] {
        &mut self.data
    }
}

impl From<Vec<f64>> for Buffer {
    fn from(data: Vec<f64>) -> Self {
        Self { data, pool: None }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.take() {
            let mut free = pool.free.lock().unwrap_or_else(PoisonError::into_inner);
            free.push(std::mem::take(&mut self.data));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_buffer_is_used_again() {
        let pool = Pool::new();
        let a = pool.take(8);
        let address = a.as_ptr();
        drop(a);
        assert_eq!(pool.idle(), 1);
        let b = pool.take(8);
        assert_eq!(b.as_ptr(), address);
        assert_eq!(pool.idle(), 0);
        assert_eq!(pool.take(9).len(), 9);
    }
}
