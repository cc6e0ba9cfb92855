//! What fails on another thread comes back to the training loop as one error, and nothing waits for ever.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use burn::module::Param;
use burn::tensor::{Tensor, TensorData};
use common::{Collect, Refuse, SHAPE, Task, attach, options, within};
use spectrum_core::{Kind, LayerMatrix, MatrixId, Outcome, Precision, Reason, Sink, SinkError, StepRows};
use spectrum_hook::{Hook, HookError, HookOptions};

/// Trains until the hook says no.
fn until_refused(hook: &Hook) -> HookError {
    let (mut model, mut task) = Task::flex();
    for _ in 0..2000 {
        match task.step(hook, model) {
            Ok(next) => model = next,
            Err(e) => return e,
        }
    }
    panic!("2000 steps after the failure and no word of it");
}

#[test]
fn a_sink_that_refuses_a_step_stops_the_loop_with_its_own_words() {
    within(60, || {
        for (workers, queue) in [(1, 1), (3, 8)] {
            let (model, _) = Task::flex();
            let hook = attach(&model, &HookOptions { workers, queue, ..options() }, Refuse(2));
            let first = until_refused(&hook);
            assert!(matches!(&first, HookError::Sink { step: 2, why } if why == "no space left"), "{first}");
            // The same answer to everything that follows.
            for again in [hook.flush(), hook.close_step(), hook.submit(Box::new(|_| StepRows::new(0)))] {
                assert!(matches!(again, Err(HookError::Sink { step: 2, .. })));
            }
            assert_eq!(hook.recorded(), Some(1));
            assert!(matches!(hook.finish(), Err(HookError::Sink { step: 2, .. })));
        }
    });
}

#[test]
fn a_sink_that_refuses_the_last_step_is_heard_at_the_end() {
    within(60, || {
        let (mut model, mut task) = Task::flex();
        let hook = attach(&model, &HookOptions { queue: 64, ..options() }, Refuse(2));
        for _ in 0..2 {
            model = task.step(&hook, model).unwrap();
        }
        assert!(matches!(hook.finish(), Err(HookError::Sink { step: 2, .. })));
    });
}

#[test]
fn a_task_that_panics_is_a_workers_error_and_its_step_is_not_kept() {
    within(60, || {
        let (mut model, mut task) = Task::flex();
        let sink = Collect::default();
        let hook = attach(&model, &HookOptions { workers: 2, ..options() }, sink.clone());
        model = task.step(&hook, model).unwrap();
        hook.submit(Box::new(|_| panic!("no features at {}", 1))).unwrap();
        let _ = task.step(&hook, model);
        let error = hook.flush().unwrap_err();
        assert!(matches!(&error, HookError::Worker { step: 1, why } if why == "no features at 1"), "{error}");
        assert!(matches!(hook.finish(), Err(HookError::Worker { step: 1, .. })));
        assert!(sink.rows().iter().all(|r| r.step == 0));
    });
}

struct Panicking;

impl Sink for Panicking {
    fn step(&mut self, rows: &StepRows) -> Result<(), SinkError> {
        assert!(rows.step < 1, "the sink broke");
        Ok(())
    }
}

#[test]
fn a_sink_that_panics_is_an_error_too() {
    within(60, || {
        let (model, mut task) = Task::flex();
        let hook = attach(&model, &options(), Panicking);
        let _ = task.step(&hook, model);
        let error = hook.flush().unwrap_err();
        assert!(matches!(&error, HookError::Sink { step: 1, why } if why.contains("the sink broke")), "{error}");
        assert!(hook.finish().is_err());
    });
}

/// One worker that is kept busy and a queue of one: the third task has to wait, and the wait is counted.
#[test]
fn a_full_queue_makes_the_training_thread_wait_and_the_wait_is_counted() {
    within(60, || {
        let (model, _) = Task::flex();
        let hook = attach(&model, &HookOptions { queue: 1, ..options() }, Collect::default());
        let nap = Duration::from_millis(20);
        for _ in 0..6 {
            hook.submit(Box::new(move |_| {
                std::thread::sleep(nap);
                StepRows::new(0)
            }))
            .unwrap();
        }
        let stats = hook.finish().unwrap();
        // All six run one after the other and finish waits for the last of them.
        assert!(stats.busy >= 6 * nap, "{stats:?}");
        assert!(stats.waited >= 3 * nap, "{stats:?}");
    });
}

#[test]
fn a_queue_with_room_lets_the_training_thread_go_on() {
    within(60, || {
        let (model, _) = Task::flex();
        let hook = attach(&model, &HookOptions { queue: 20, ..options() }, Collect::default());
        let (open, gate) = channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let done = Arc::new(AtomicUsize::new(0));
        for _ in 0..10 {
            let (gate, done) = (gate.clone(), done.clone());
            hook.submit(Box::new(move |_| {
                gate.lock().unwrap().recv().unwrap();
                done.fetch_add(1, Ordering::SeqCst);
                StepRows::new(0)
            }))
            .unwrap();
        }
        // Every submit came back although no task could end.
        assert_eq!(done.load(Ordering::SeqCst), 0);
        (0..10).for_each(|_| open.send(()).unwrap());
        hook.finish().unwrap();
        assert_eq!(done.load(Ordering::SeqCst), 10);
    });
}

#[test]
fn a_finished_hook_says_so() {
    within(60, || {
        let (model, mut task) = Task::flex();
        let hook = attach(&model, &options(), Collect::default());
        let stats = hook.finish().unwrap();
        assert!(matches!(task.step(&hook, model), Err(HookError::Finished)));
        assert!(matches!(hook.submit(Box::new(|_| StepRows::new(0))), Err(HookError::Finished)));
        assert_eq!(stats.matrices, 2);
    });
}

/// Rows that arrive for a step that was closed would be lost, and would hold up every later step.
#[test]
fn work_for_a_closed_step_is_refused() {
    within(60, || {
        let (model, mut task) = Task::flex();
        let sink = Collect::default();
        let hook = attach(&model, &options(), sink.clone());
        hook.flush().unwrap();
        assert!(matches!(hook.submit(Box::new(|_| StepRows::new(0))), Err(HookError::Closed { step: 0 })));
        let matrix = LayerMatrix::new("k", Kind::Ck, "matrix", 0, 1, 1, vec![1.0], Precision::F64).unwrap();
        assert!(matches!(hook.observe(matrix), Err(HookError::Closed { step: 0 })));
        task.step(&hook, model).unwrap();
        hook.finish().unwrap();
        assert_eq!(sink.rows().iter().map(|r| r.step).collect::<Vec<_>>(), [0, 1]);
    });
}

#[test]
fn a_hook_that_is_dropped_lets_go_of_its_threads() {
    within(60, || {
        let (model, mut task) = Task::flex();
        let hook = attach(&model, &HookOptions { workers: 3, ..options() }, Collect::default());
        task.step(&hook, model).unwrap();
        drop(hook);
    });
}

#[test]
fn a_ready_matrix_goes_the_same_way() {
    let (model, _) = Task::flex();
    let sink = Collect::default();
    let hook = attach(&model, &HookOptions { kinds: vec![], ..options() }, sink.clone());
    let data = vec![3.0, 0.0, 0.0, 4.0];
    hook.observe(LayerMatrix::new("first.weight", Kind::Ck, "matrix", 0, 2, 2, data, Precision::F64).unwrap()).unwrap();
    hook.finish().unwrap();
    let rows = sink.rows().pop().unwrap();
    assert_eq!(rows.spectra.len(), 1);
    assert_eq!(rows.spectra[0].id.kind, Kind::Ck);
    let s = &rows.spectra[0].spectrum.singular_values;
    assert!((s[0] - 4.0).abs() < 1e-14 && (s[1] - 3.0).abs() < 1e-14, "{s:?}");
}

/// A weight that is not a number leaves the reason in every record that it touches, and training goes on.
#[test]
fn a_weight_that_is_not_finite_is_recorded_as_such() {
    let (mut model, mut task) = Task::flex();
    let sink = Collect::default();
    let hook =
        attach(&model, &HookOptions { nulls: vec![spectrum_measure::null::Kind::Shuffled], ..options() }, sink.clone());
    model = task.step(&hook, model).unwrap();
    // After step 1 a weight of the second layer breaks; its optimizer step spreads that to the whole network.
    let grads = task.grads(&model);
    model = hook
        .around(model, grads, |mut model, _| {
            let [_, h, o] = SHAPE;
            let mut data = common::host(model.second.weight.val());
            data[3] = f64::NAN;
            let data = TensorData::new(data, [h, o]);
            let weight = model.second.weight.val();
            let broken = Tensor::<2>::from_data(data, (&weight.device(), weight.dtype()));
            model.second.weight = Param::from_tensor(broken);
            model
        })
        .unwrap();
    task.step(&hook, model).unwrap();
    hook.finish().unwrap();

    let rows = sink.rows();
    assert_eq!(rows.len(), 4);
    let missing = Outcome::Missing(Reason::NotFinite);
    for r in &rows[2].records {
        let broken = r.id.layer == "second.weight" && r.id.kind != Kind::Gradient;
        assert!(!broken || r.outcome == missing, "{r:?}");
        assert!(broken || r.outcome != missing, "{r:?}");
    }
    for kind in [Kind::Weight, Kind::Displacement, Kind::Update] {
        let is = |id: &MatrixId, layer: &str| id.kind == kind && id.layer == layer;
        assert!(rows[2].records.iter().any(|r| is(&r.id, "second.weight")), "{kind}");
        assert!(!rows[2].spectra.iter().any(|r| is(&r.id, "second.weight")), "{kind}");
        assert!(rows[2].spectra.iter().any(|r| is(&r.id, "first.weight")), "{kind}");
    }
    assert!(rows[2].records.iter().any(|r| r.metric == "null_alpha_hill" && r.outcome == missing));
    // One step later nothing is finite any more, and it is still written down.
    assert!(rows[3].spectra.is_empty());
    assert!(!rows[3].records.is_empty() && rows[3].records.iter().all(|r| r.outcome == missing));
}
