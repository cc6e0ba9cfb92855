//! A null that takes every step's weight in turn, whatever order the workers come in.

use std::sync::{Condvar, Mutex, PoisonError};

use spectrum_core::LayerMatrix;
use spectrum_measure::null::RotatedUpdates;

/// What is done in turn, and whose turn it is.
#[derive(Debug, Default)]
struct Line {
    next: u64,
    null: Option<RotatedUpdates>,
}

/// One layer's [`RotatedUpdates`] with a queue before it.
///
/// Waiting cannot deadlock: tickets are given out in the order of the tasks, the pipeline's queue is first in, first out, and
/// a task that is dropped unrun gives up its turn.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    line: Mutex<Line>,
    moved: Condvar,
}

impl Turns {
    /// Waits for the turn of `ticket` (0, 1, ...), lets the null take the weight, and reads it.
    pub fn take<T>(
        &self,
        ticket: &Ticket,
        weight: &LayerMatrix,
        seed: u64,
        read: impl FnOnce(&RotatedUpdates) -> T,
    ) -> T {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        while line.next != ticket.number {
            line = self.moved.wait(line).unwrap_or_else(PoisonError::into_inner);
        }
        let null = match line.null.take() {
            Some(mut null) => {
                null.advance(weight);
                null
            }
            None if weight.step == 0 => RotatedUpdates::start(weight, seed),
            None => RotatedUpdates::lost(weight, seed),
        };
        let answer = read(&null);
        line.null = Some(null);
        answer
    }

    fn pass(&self, number: u64) {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.next = line.next.max(number + 1);
        self.moved.notify_all();
    }
}

/// A place in the line, given up when it is dropped.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub turns: std::sync::Arc<Turns>,
    pub number: u64,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.turns.pass(self.number);
    }
}
