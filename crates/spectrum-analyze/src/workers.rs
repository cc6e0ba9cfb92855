//! The tensors of one checkpoint, spread over workers.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Instant;

use spectrum_core::StepRows;
use spectrum_linalg::Plan;

use crate::AnalyzeError;
use crate::budget::Budget;
use crate::select::Item;
use crate::work::Context;

/// The rows of one checkpoint, in the order of its tensors whatever order the workers finish in. The largest come first, so
/// that no worker is left alone with one at the end.
pub(crate) fn measure(
    context: &Context<'_>,
    items: &[Item],
    jobs: usize,
    after: &mut dyn FnMut(&Item),
) -> Result<(StepRows, f64), AnalyzeError> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let jobs = if jobs == 0 { cores } else { jobs }.min(items.len()).max(1);
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by(|a, b| items[*b].cost.total_cmp(&items[*a].cost).then(a.cmp(b)));
    // A quarter more than the largest, so that the other workers need not stand still beside it.
    let largest = items.iter().map(|i| i.elements).max().unwrap_or(0);
    let budget = Budget::new(largest.saturating_add(largest / 4));
    let (next, busy) = (AtomicUsize::new(0), Mutex::new(0.0f64));
    let (send, inbox) = channel();
    let mut found: Vec<Option<StepRows>> = items.iter().map(|_| None).collect();
    let mut failure = None;
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            let (send, order, budget, next, busy) = (send.clone(), &order, &budget, &next, &busy);
            scope.spawn(move || {
                let mut plan = Plan::new();
                while let Some(&k) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let share = budget.take(items[k].elements);
                    let start = Instant::now();
                    let rows = catch_unwind(AssertUnwindSafe(|| context.rows(&mut plan, &items[k])));
                    context.file.release(&items[k].name);
                    context.base.iter().for_each(|b| b.release(&items[k].name));
                    drop(share);
                    if let Ok(mut busy) = busy.lock() {
                        *busy += start.elapsed().as_secs_f64();
                    }
                    let rows = rows.unwrap_or_else(|panic| {
                        plan = Plan::new();
                        Err(AnalyzeError::Panicked { layer: items[k].name.clone(), why: words(&*panic) })
                    });
                    let stop = rows.is_err();
                    if send.send((k, rows)).is_err() || stop {
                        return;
                    }
                }
            });
        }
        drop(send);
        while let Ok((k, rows)) = inbox.recv() {
            match rows {
                Ok(rows) => {
                    found[k] = Some(rows);
                    after(&items[k]);
                }
                Err(e) => {
                    // Nobody takes another tensor.
                    next.store(items.len(), Ordering::Relaxed);
                    failure.get_or_insert((k, e));
                }
            }
        }
    });
    if let Some((_, e)) = failure {
        return Err(e);
    }
    let mut rows = StepRows::new(context.step);
    found.into_iter().flatten().for_each(|part| rows.append(part));
    Ok((rows, busy.into_inner().unwrap_or(0.0)))
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned())).unwrap_or_else(|| "a panic".into())
}
