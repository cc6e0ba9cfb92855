//! A bounded queue, a pool of workers, and one thread that hands finished steps to the sink in step order.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use spectrum_core::{Sink, StepRows};
use spectrum_linalg::Plan;

use crate::HookError;

/// One piece of a step's work. It runs on a worker with that worker's own linear-algebra plan.
pub type Task = Box<dyn FnOnce(&mut Plan) -> StepRows + Send>;

pub(crate) struct Job {
    step: u64,
    part: usize,
    task: Task,
}

enum Message {
    Part { step: u64, part: usize, rows: Result<Box<StepRows>, String> },
    Close(Vec<Closed>),
}

/// A step that nothing will be added to: so many parts, and the rows that needed no work.
struct Closed {
    step: u64,
    parts: usize,
    rows: Box<StepRows>,
}

/// Steps without work that may wait for the collector. Waking its thread costs about as much as a small step, so steps
/// that brought only scalars are handed over together.
const HELD: usize = 32;

#[derive(Default)]
struct Progress {
    /// Newest step that the sink has taken.
    recorded: Option<u64>,
    failed: Option<Failure>,
    busy: Duration,
}

#[derive(Clone)]
enum Failure {
    Sink { step: u64, why: String },
    Worker { step: u64, why: String },
}

impl From<Failure> for HookError {
    fn from(f: Failure) -> Self {
        match f {
            Failure::Sink { step, why } => Self::Sink { step, why },
            Failure::Worker { step, why } => Self::Worker { step, why },
        }
    }
}

type Shared = Arc<(Mutex<Progress>, Condvar)>;

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The queue with its workers and the sink's thread.
pub(crate) struct Pipeline {
    jobs: Option<SyncSender<Job>>,
    messages: Option<Sender<Message>>,
    workers: Vec<JoinHandle<()>>,
    collector: Option<JoinHandle<()>>,
    shared: Shared,
    held: Vec<Closed>,
}

impl Pipeline {
    /// Starts the threads. The sink already has everything up to `recorded`.
    pub fn start(workers: usize, queue: usize, sink: Box<dyn Sink>, recorded: Option<u64>) -> Result<Self, HookError> {
        let (jobs, take) = sync_channel::<Job>(queue.max(1));
        let (messages, inbox) = channel::<Message>();
        let take = Arc::new(Mutex::new(take));
        let shared: Shared = Arc::new((Mutex::new(Progress { recorded, ..Progress::default() }), Condvar::new()));
        let spawn = |name: String, body: Box<dyn FnOnce() + Send>| std::thread::Builder::new().name(name).spawn(body);
        let mut handles = Vec::new();
        for k in 0..workers.max(1) {
            let (take, messages, shared) = (take.clone(), messages.clone(), shared.clone());
            handles.push(spawn(format!("spectrum-worker-{k}"), Box::new(move || work(&take, &messages, &shared)))?);
        }
        let collector = {
            let shared = shared.clone();
            spawn("spectrum-sink".into(), Box::new(move || collect(&inbox, sink, &shared)))?
        };
        Ok(Self {
            jobs: Some(jobs),
            messages: Some(messages),
            workers: handles,
            collector: Some(collector),
            shared,
            held: Vec::new(),
        })
    }

    /// Queues one part of a step; waits while the queue is full.
    pub fn submit(&mut self, step: u64, part: usize, task: Task) -> Result<(), HookError> {
        // Every earlier step must be with the collector before a part of this one can be.
        self.release()?;
        let jobs = self.ready()?;
        jobs.send(Job { step, part, task }).map_err(|_| HookError::Finished)
    }

    /// The queue, unless something failed or the pipeline has been finished.
    pub fn ready(&self) -> Result<&SyncSender<Job>, HookError> {
        self.check()?;
        self.jobs.as_ref().ok_or(HookError::Finished)
    }

    /// Says that a step has `parts` parts and adds the rows that needed no work.
    pub fn close(&mut self, step: u64, parts: usize, rows: StepRows) -> Result<(), HookError> {
        self.check()?;
        self.held.push(Closed { step, parts, rows: Box::new(rows) });
        if parts > 0 || self.held.len() >= HELD { self.release() } else { Ok(()) }
    }

    /// Hands the held steps to the collector.
    pub fn release(&mut self) -> Result<(), HookError> {
        if self.held.is_empty() {
            return Ok(());
        }
        let messages = self.messages.as_ref().ok_or(HookError::Finished)?;
        messages.send(Message::Close(std::mem::take(&mut self.held))).map_err(|_| HookError::Finished)
    }

    /// The first failure, if any.
    pub fn check(&self) -> Result<(), HookError> {
        match &lock(&self.shared.0).failed {
            Some(f) => Err(f.clone().into()),
            None => Ok(()),
        }
    }

    /// Newest step that the sink has taken.
    pub fn recorded(&self) -> Option<u64> {
        lock(&self.shared.0).recorded
    }

    /// Waits until the sink has taken `step`.
    pub fn wait_for(&self, step: u64) -> Result<(), HookError> {
        let mut p = lock(&self.shared.0);
        loop {
            if let Some(f) = &p.failed {
                return Err(f.clone().into());
            }
            if p.recorded.is_some_and(|r| r >= step) {
                return Ok(());
            }
            p = self.shared.1.wait(p).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets everything queued finish and stops the threads. Returns the time that workers were busy.
    pub fn finish(&mut self) -> Result<Duration, HookError> {
        let _ = self.release();
        self.jobs = None;
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
        self.messages = None;
        if let Some(collector) = self.collector.take() {
            let _ = collector.join();
        }
        self.check()?;
        Ok(lock(&self.shared.0).busy)
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        let _ = self.finish();
    }
}

fn fail(shared: &Shared, failure: Failure) {
    let mut p = lock(&shared.0);
    p.failed.get_or_insert(failure);
    shared.1.notify_all();
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
    text.unwrap_or_else(|| "a panic without words".into())
}

fn work(take: &Mutex<Receiver<Job>>, messages: &Sender<Message>, shared: &Shared) {
    let mut plan = Plan::new();
    loop {
        let job = lock(take).recv();
        let Ok(Job { step, part, task }) = job else { return };
        let start = Instant::now();
        let rows = catch_unwind(AssertUnwindSafe(|| task(&mut plan))).map(Box::new).map_err(|e| {
            plan = Plan::new();
            let text =
                e.downcast_ref::<String>().cloned().or_else(|| e.downcast_ref::<&str>().map(|s| (*s).to_owned()));
            text.unwrap_or_else(|| "a panic without words".into())
        });
        lock(&shared.0).busy += start.elapsed();
        if messages.send(Message::Part { step, part, rows }).is_err() {
            return;
        }
    }
}

#[derive(Default)]
struct Pending {
    parts: BTreeMap<usize, Box<StepRows>>,
    closed: Option<(usize, Box<StepRows>)>,
}

/// Puts the parts of each step in their order, whatever order the workers finished in, and steps in theirs.
///
/// A step's `Close` is sent before the next step's tasks are queued, so it arrives before any part of a later step: the
/// first pending step is always the oldest one.
fn collect(inbox: &Receiver<Message>, mut sink: Box<dyn Sink>, shared: &Shared) {
    let mut pending: BTreeMap<u64, Pending> = BTreeMap::new();
    let mut dead = false;
    while let Ok(message) = inbox.recv() {
        match message {
            Message::Part { step, part, rows: Ok(rows) } => {
                pending.entry(step).or_default().parts.insert(part, rows);
            }
            Message::Part { step, rows: Err(why), .. } => {
                dead = true;
                fail(shared, Failure::Worker { step, why });
            }
            Message::Close(steps) => {
                for Closed { step, parts, rows } in steps {
                    pending.entry(step).or_default().closed = Some((parts, rows));
                }
            }
        }
        while !dead && pending.first_key_value().is_some_and(|(_, p)| complete(p)) {
            let Some((step, done)) = pending.pop_first() else { break };
            let mut rows = done.closed.map(|c| *c.1).unwrap_or_else(|| StepRows::new(step));
            done.parts.into_values().for_each(|part| rows.append(*part));
            // A sink that panics must not leave a flush waiting for a thread that is gone.
            let taken = catch_unwind(AssertUnwindSafe(|| sink.step(&rows).map_err(|e| e.to_string())));
            match taken.unwrap_or_else(|panic| Err(words(&*panic))) {
                Ok(()) => {
                    lock(&shared.0).recorded = Some(step);
                    shared.1.notify_all();
                }
                Err(why) => {
                    dead = true;
                    fail(shared, Failure::Sink { step, why });
                }
            }
        }
    }
}

fn complete(p: &Pending) -> bool {
    p.closed.as_ref().is_some_and(|(parts, _)| p.parts.len() == *parts)
}
