//! Teacher alignment and overlaps of updates against numpy.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use common::{close, has, matrix, measured, outcome, reference, spectrum, value};
use spectrum_core::{Kind, Outcome, Reason, References, Route, Spectrum, Vectors};

/// W_{t-1}, W_t and the update between them, with `k` vectors each.
fn step(k: usize) -> [Spectrum; 3] {
    let mut before = matrix(30, 20, 0.0);
    before[..30].iter_mut().for_each(|x| *x += 0.8);
    let mut update: Vec<f64> = matrix(30, 20, 2.0).iter().map(|x| 0.5 * x).collect();
    update[30..60].iter_mut().for_each(|x| *x += 0.7);
    let after: Vec<f64> = before.iter().zip(&update).map(|(w, m)| w + m).collect();
    [before, after, update].map(|w| spectrum(&w, 30, 20, Route::Gram, k))
}

fn teachers(columns: &[[f64; 2]]) -> References {
    let mut data = vec![0.0; 20 * columns.len()];
    for (k, c) in columns.iter().enumerate() {
        data[20 * k..20 * k + 2].copy_from_slice(c);
    }
    References {
        teacher: Some(Arc::new(Vectors { len: 20, count: columns.len(), data })),
        input_layers: vec!["hidden.weight".into()],
        ..References::default()
    }
}

#[test]
fn alignment_with_one_and_two_teachers() {
    let [_, after, _] = step(5);
    let rows = measured(Kind::Weight, &after, None, [None, None], &teachers(&[[0.6, 0.8]]));
    assert!(close(value(&rows, "teacher_alignment"), reference("teacher_alignment"), 1e-9));
    assert!(close(value(&rows, "teacher_projection"), reference("teacher_projection"), 1e-9));
    let rows = measured(Kind::Weight, &after, None, [None, None], &teachers(&[[1.0, 0.0], [0.0, 1.0]]));
    assert!(close(value(&rows, "teacher_alignment"), reference("teachers_alignment"), 1e-9));
    assert!(close(value(&rows, "teacher_projection"), reference("teachers_projection"), 1e-9));
}

#[test]
fn a_teacher_meets_only_matrices_of_raw_inputs_with_vectors() {
    let [_, after, _] = step(5);
    let mut deep = teachers(&[[0.6, 0.8]]);
    deep.input_layers = vec!["embedding.weight".into()];
    let rows = measured(Kind::Weight, &after, None, [None, None], &deep);
    assert!(matches!(outcome(&rows, "teacher_alignment"), Outcome::Missing(Reason::NotApplicable(_))));
    let [_, bare, _] = step(0);
    let rows = measured(Kind::Weight, &bare, None, [None, None], &teachers(&[[0.6, 0.8]]));
    assert_eq!(outcome(&rows, "teacher_alignment"), Outcome::Missing(Reason::NotComputed("singular vectors".into())));
    let wide = spectrum(&matrix(20, 30, 0.0), 20, 30, Route::Svd, 2);
    let rows = measured(Kind::Weight, &wide, None, [None, None], &teachers(&[[0.6, 0.8]]));
    assert!(matches!(outcome(&rows, "teacher_projection"), Outcome::Missing(Reason::NotApplicable(_))));
}

#[test]
fn overlaps_before_and_after() {
    let [before, after, update] = step(4);
    let rows = measured(Kind::Update, &update, None, [Some(&before), Some(&after)], &References::default());
    for metric in
        ["update_overlap_left", "update_overlap_right", "update_overlap_left_after", "update_overlap_right_after"]
    {
        assert!(close(value(&rows, metric), reference(metric), 1e-9), "{metric}");
    }
    // Row i: W_{t-1}, column j: the update.
    let blob = |name: &str| rows.blobs.iter().find(|b| b.name == name).unwrap();
    assert_eq!((blob("overlap_left").rows, blob("overlap_left").cols, rows.blobs.len()), (4, 4, 2));
    assert!(close(blob("overlap_left").data[1 + 2 * 4], reference("overlap_left_1_2"), 1e-8));
    assert!(close(blob("overlap_right").data[2 + 4], reference("overlap_right_2_1"), 1e-8));
    assert_eq!(blob("overlap_left").data[0], value(&rows, "update_overlap_left"));
}

#[test]
fn overlaps_without_their_partners() {
    let [before, _, update] = step(4);
    let rows = measured(Kind::Update, &update, None, [None, Some(&before)], &References::default());
    assert!(matches!(outcome(&rows, "update_overlap_left"), Outcome::Missing(Reason::NotComputed(_))));
    assert!(value(&rows, "update_overlap_left_after") > 0.0);
    assert!(rows.blobs.is_empty());
    let [bare, ..] = step(0);
    let rows = measured(Kind::Update, &update, None, [Some(&bare), None], &References::default());
    assert_eq!(
        outcome(&rows, "update_overlap_right"),
        Outcome::Missing(Reason::NotComputed("singular vectors".into()))
    );
    let zero = spectrum(&vec![0.0; 600], 30, 20, Route::Gram, 4);
    let rows = measured(Kind::Update, &zero, None, [Some(&before), None], &References::default());
    assert_eq!(outcome(&rows, "update_overlap_left"), Outcome::Missing(Reason::Degenerate));
    let rows = measured(Kind::Weight, &before, None, [None, None], &References::default());
    assert!(!has(&rows, "update_overlap_left"));
}
