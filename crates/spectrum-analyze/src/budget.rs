//! Memory: however many workers there are, the matrices at work are together no larger than a budget, which is little more
//! than the largest one alone.

use std::sync::{Condvar, Mutex, PoisonError};

/// Elements that may be in memory at once.
#[derive(Debug)]
pub(crate) struct Budget {
    free: Mutex<usize>,
    changed: Condvar,
    total: usize,
}

/// A share of the budget, returned on drop.
#[derive(Debug)]
pub(crate) struct Share<'a> {
    budget: &'a Budget,
    elements: usize,
}

impl Budget {
    pub fn new(elements: usize) -> Self {
        Self { free: Mutex::new(elements), changed: Condvar::new(), total: elements }
    }

    /// Waits until `elements` are free. More than there are in all counts as all.
    pub fn take(&self, elements: usize) -> Share<'_> {
        let elements = elements.min(self.total);
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free < elements {
            free = self.changed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= elements;
        Share { budget: self, elements }
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        *self.budget.free.lock().unwrap_or_else(PoisonError::into_inner) += self.elements;
        self.budget.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn shares_never_exceed_the_budget() {
        let (budget, now, most) = (Budget::new(100), AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|s| {
            for k in 0..8 {
                let (budget, now, most) = (&budget, &now, &most);
                s.spawn(move || {
                    for i in 0..50 {
                        let size = 10 + (k * 37 + i * 13) % 91;
                        let share = budget.take(size);
                        most.fetch_max(now.fetch_add(size, Ordering::SeqCst) + size, Ordering::SeqCst);
                        now.fetch_sub(size, Ordering::SeqCst);
                        drop(share);
                    }
                });
            }
        });
        assert!(most.load(Ordering::SeqCst) <= 100);
        drop(budget.take(1000));
    }
}
