//! Rows depend on the training alone: not on workers, queue, schedule or interruptions.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::{Collect, Task, attach, options, rows_of, within};
use spectrum_core::{Kind, References, Route, StepRows};
use spectrum_hook::{Hook, HookOptions, Schedule, default_rules};

const STEPS: usize = 6;

fn full() -> HookOptions {
    HookOptions { nulls: vec![spectrum_measure::null::Kind::Shuffled], vectors: 3, ..options() }
}

#[test]
fn rows_are_the_same_whatever_the_number_of_workers_and_the_length_of_the_queue() {
    for route in [Route::Gram, Route::Vectors, Route::Topk] {
        let one = rows_of(STEPS, &HookOptions { route, workers: 1, queue: 1, ..full() });
        assert_eq!(one.iter().map(|r| r.step).collect::<Vec<_>>(), (0..=STEPS as u64).collect::<Vec<_>>());
        // Two layers of four kinds, but weights alone at the start.
        assert_eq!(one.iter().map(|r| r.spectra.len()).collect::<Vec<_>>(), [2, 8, 8, 8, 8, 8, 8]);
        for (workers, queue) in [(1, 64), (2, 1), (3, 2), (5, 16), (0, 4)] {
            let many = rows_of(STEPS, &HookOptions { route, workers, queue, ..full() });
            assert!(many == one, "{route}: {workers} workers, queue of {queue}");
        }
    }
}

/// Later steps overtake earlier ones on the workers, never in the sink; parts keep the order of their submission.
#[test]
fn a_step_that_takes_longer_holds_back_those_after_it() {
    let rows = within(60, || {
        let (mut model, mut task) = Task::flex();
        let sink = Collect::default();
        let hook = attach(&model, &HookOptions { workers: 3, queue: 64, ..options() }, sink.clone());
        for t in 0..4u64 {
            for part in 0..3u64 {
                hook.submit(Box::new(move |_| {
                    std::thread::sleep(Duration::from_millis(5 * (4 - t) + 3 * (3 - part)));
                    let mut rows = StepRows::new(t);
                    rows.scalar(&format!("part {part}"), t as f64);
                    rows
                }))
                .unwrap();
            }
            if t < 3 {
                model = task.step(&hook, model).unwrap();
            }
        }
        hook.finish().unwrap();
        sink.rows()
    });
    assert_eq!(rows.iter().map(|r| r.step).collect::<Vec<_>>(), [0, 1, 2, 3]);
    for r in rows {
        let names: Vec<&str> = r.scalars.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["part 0", "part 1", "part 2"]);
    }
}

fn of_kind(rows: &StepRows, kind: Kind) -> StepRows {
    StepRows {
        step: rows.step,
        scalars: Vec::new(),
        records: rows.records.iter().filter(|r| r.id.kind == kind).cloned().collect(),
        spectra: rows.spectra.iter().filter(|r| r.id.kind == kind).cloned().collect(),
        blobs: rows.blobs.iter().filter(|r| r.id.kind == kind).cloned().collect(),
    }
}

/// Between two recorded steps W_{t-1} was never recorded: it is taken for the update alone.
#[test]
fn a_schedule_with_gaps_gives_the_rows_of_a_full_one_at_its_own_steps() {
    let all = rows_of(7, &full());
    for schedule in [Schedule::Every(3), Schedule::List(vec![1, 2, 5, 7])] {
        let some = rows_of(7, &HookOptions { schedule: schedule.clone(), ..full() });
        assert_eq!(some.len(), 8, "steps without spectra still close");
        for (some, all) in some.iter().zip(&all) {
            if schedule.hits(all.step) {
                assert!(some == all, "step {} of {schedule:?}", all.step);
            } else {
                assert_eq!(*some, StepRows::new(all.step));
            }
        }
        let overlap =
            some[if schedule.hits(3) { 3 } else { 5 }].records.iter().find(|r| r.metric == "update_overlap_left");
        assert!(overlap.unwrap().outcome.value().is_some());
    }
}

/// The spectra of the weights around an update are computed for it even when weights are not recorded.
#[test]
fn an_update_recorded_alone_has_the_same_rows() {
    let all = rows_of(3, &full());
    let alone = rows_of(3, &HookOptions { kinds: vec![Kind::Update], ..full() });
    for (alone, all) in alone.iter().zip(&all) {
        assert!(*alone == of_kind(all, Kind::Update), "step {}", all.step);
    }
    assert!(!alone[1].blobs.is_empty());
}

#[test]
fn a_resumed_run_goes_on_with_the_same_rows() {
    for schedule in [Schedule::Every(1), Schedule::Every(2), Schedule::List(vec![5])] {
        let options = HookOptions { schedule, ..full() };
        let all = rows_of(STEPS, &options);
        for from in [1u64, 3, 4] {
            let (initial, mut task) = Task::flex();
            let mut model = initial.clone();
            for _ in 0..from {
                let grads = task.grads(&model);
                model = task.optimizer.step(0.3, model, grads);
            }
            let sink = Collect::default();
            let rules = default_rules(&model);
            let references = References::default();
            let hook =
                Hook::attach_at(&initial, &model, from, &rules, &options, references, Box::new(sink.clone())).unwrap();
            assert_eq!(hook.step(), from);
            for _ in from..STEPS as u64 {
                model = task.step(&hook, model).unwrap();
            }
            hook.finish().unwrap();
            assert!(sink.rows() == all[from as usize + 1..], "{:?} from step {from}", options.schedule);
        }
    }
}

/// The sink has the steps before a resume already, so there is nothing to wait for.
#[test]
fn a_resumed_hook_can_be_flushed_before_its_first_step() {
    within(30, || {
        let (model, mut task) = Task::flex();
        let sink = Collect::default();
        let rules = default_rules(&model);
        let hook =
            Hook::attach_at(&model, &model, 4, &rules, &full(), References::default(), Box::new(sink.clone())).unwrap();
        assert_eq!(hook.recorded(), Some(4));
        hook.flush().unwrap();
        task.step(&hook, model).unwrap();
        hook.flush().unwrap();
        assert_eq!(hook.recorded(), Some(5));
        assert_eq!(sink.rows().len(), 1);
        hook.finish().unwrap();
    });
}

#[test]
fn flushed_rows_have_reached_the_sink_and_scalars_belong_to_the_open_step() {
    let (mut model, mut task) = Task::flex();
    let sink = Collect::default();
    let hook = attach(&model, &options(), sink.clone());
    for t in 0..3 {
        assert_eq!(hook.step(), t);
        hook.scalar("loss", 10.0 + t as f64);
        hook.clone().scalar("infinite", f64::INFINITY);
        hook.flush().unwrap();
        hook.flush().unwrap();
        assert_eq!(hook.recorded(), Some(t));
        let last = sink.rows().pop().unwrap();
        let scalars: Vec<_> = last.scalars.iter().map(|s| (s.step, s.outcome.value())).collect();
        assert_eq!(scalars, [(t, Some(10.0 + t as f64)), (t, None)]);
        model = task.step(&hook, model).unwrap();
    }
    let stats = hook.finish().unwrap();
    // Weights of four steps, gradients of three, two layers.
    assert_eq!(stats.matrices, 2 * (4 + 3));
    assert!(stats.busy > Duration::ZERO);
    assert_eq!(sink.rows().len(), 4);
}
