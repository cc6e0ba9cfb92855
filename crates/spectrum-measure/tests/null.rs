//! The null keeps the entries of the displacement and destroys their order.
#![allow(clippy::unwrap_used)]

mod common;

use common::{id, layer, measured, outcome, spectrum, value};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use spectrum_core::{Kind, MatrixId, Outcome, Reason, References, Route, StepRows};
use spectrum_linalg::Plan;
use spectrum_measure::null::{self, null_weight};

const ROWS: usize = 240;
const COLS: usize = 160;

fn normals(seed: u64, n: usize) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..n).map(|_| StandardNormal.sample(&mut rng)).collect()
}

/// W_0 and W_0 minus the signs of a rank-one gradient plus noise: one full-batch Adam step of rate 1.
fn one_step() -> (Vec<f64>, Vec<f64>) {
    let (w0, a, b) = (normals(1, ROWS * COLS), normals(2, ROWS), normals(3, COLS));
    let noise = normals(4, ROWS * COLS);
    let w = (0..ROWS * COLS).map(|k| w0[k] - (a[k % ROWS] * b[k / ROWS] + 0.3 * noise[k]).signum()).collect();
    (w0, w)
}

#[test]
fn the_entries_of_the_displacement_only_change_places() {
    let (w0, w) = one_step();
    let null = null_weight(&w, &w0, 0, &id(Kind::Weight));
    let moved = |x: &[f64]| x.iter().zip(&w0).filter(|(x, w0)| (**x - **w0) > 0.0).count();
    assert_eq!(moved(&null), moved(&w));
    assert!(null.iter().zip(&w0).all(|(x, w0)| ((x - w0).abs() - 1.0).abs() < 1e-12));
    // About half of the signs fall on the other one.
    let same = null.iter().zip(&w).filter(|(a, b)| (**a - **b).abs() < 0.5).count();
    assert!((same as f64 / null.len() as f64 - 0.5).abs() < 0.02, "{same}");
}

/// A displacement of rank one and large takes the rank away; its shuffled entries do not, and rotated it does so again.
#[test]
fn the_rank_of_the_nulls_says_what_lost_it() {
    let (w0, _) = one_step();
    let (a, b) = (normals(2, ROWS), normals(3, COLS));
    let w: Vec<f64> = (0..ROWS * COLS).map(|k| w0[k] + 30.0 * a[k % ROWS] * b[k / ROWS]).collect();
    let of = |m: Vec<f64>| layer(Kind::Weight, ROWS, COLS, m);
    let rank = |kind: null::Kind| {
        let mut rows = StepRows::new(1);
        kind.measure(&of(w.clone()), &of(w0.clone()), &References::default(), Route::Gram, &mut Plan::new(), &mut rows);
        value(
            &rows,
            &format!("{}_effective_rank_normalized", if kind == null::Kind::Shuffled { "null" } else { "rotated" }),
        )
    };
    // A Gaussian matrix of this shape has 0.90 (specification, section 6: a share that depends on the shape alone).
    let (shuffled, rotated) = (rank(null::Kind::Shuffled), rank(null::Kind::Rotated));
    assert!(shuffled > 0.85 && rotated < 0.75 * shuffled, "{shuffled} {rotated}");
}

#[test]
fn the_null_is_a_function_of_seed_step_layer_and_view() {
    let (w0, w) = one_step();
    let here = id(Kind::Weight);
    let null = null_weight(&w, &w0, 7, &here);
    assert_eq!(null, null_weight(&w, &w0, 7, &here));
    let others = [
        (8, here.clone()),
        (7, MatrixId { step: 4, ..here.clone() }),
        (7, MatrixId { layer: "readout.weight".into(), ..here.clone() }),
        (7, MatrixId { view: "positions[0,1]".into(), ..here }),
    ];
    assert!(others.iter().all(|(seed, id)| null_weight(&w, &w0, *seed, id) != null));
    assert!(null_weight(&[], &[], 0, &others[0].1).is_empty());
}

/// The order that runs have recorded from the first version on, written out: ChaCha8 keyed by seed, step and FNV-1a hashes of
/// the names; Fisher and Yates from the last place down; high words of 128-bit products.
#[test]
fn the_order_is_the_recorded_one() {
    let here = id(Kind::Weight);
    let fnv = |t: &str| {
        t.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3))
    };
    let mut key = [0; 32];
    for (part, word) in key.chunks_exact_mut(8).zip([7, here.step, fnv(&here.layer), fnv(&here.view)]) {
        part.copy_from_slice(&word.to_le_bytes());
    }
    let mut rng = ChaCha8Rng::from_seed(key);
    let mut expected: Vec<f64> = (0..100).map(f64::from).collect();
    for i in (1..expected.len()).rev() {
        let below = (u128::from(rng.next_u64()) * (i as u128 + 1)) >> 64;
        expected.swap(i, below as usize);
    }
    let weight: Vec<f64> = (0..100).map(f64::from).collect();
    assert_eq!(null_weight(&weight, &[0.0; 100], 7, &here), expected);
}

#[test]
fn a_structured_step_has_outliers_and_a_low_hill_index_and_its_null_has_not() {
    // Specification, section 11: Hill of W_0 - sign(G) 2.31, with shuffled signs 2.44; 2.41 to 2.48 for Gaussians of 3:2.
    let (w0, w) = one_step();
    let mut plan = Plan::new();
    let mut rows = StepRows::new(3);
    let (m, m0) = (layer(Kind::Weight, ROWS, COLS, w.clone()), layer(Kind::Weight, ROWS, COLS, w0));
    null::measure(&m, &m0, &References::default(), Route::Gram, &mut plan, &mut rows);
    assert_eq!(rows.records.iter().map(|r| r.metric.as_str()).collect::<Vec<_>>(), null::METRICS);
    assert_eq!(value(&rows, "null_outliers"), 0.0);
    assert!((value(&rows, "null_alpha_hill") - 2.445).abs() < 0.05, "{}", value(&rows, "null_alpha_hill"));
    // Variance 1 of W_0 and 1 of the shuffled signs.
    assert!((value(&rows, "null_mp_variance") - 2.0).abs() < 0.05);
    let s = spectrum(&w, ROWS, COLS, Route::Gram, 0);
    let own = measured(Kind::Weight, &s, None, [None, None], &References::default());
    assert!(value(&own, "outliers") >= 1.0 && value(&own, "top_to_edge") > 10.0);
    assert!(value(&own, "alpha_hill") < value(&rows, "null_alpha_hill") - 0.03);
}

#[test]
fn a_null_that_cannot_be_formed_says_why() {
    let mut rows = StepRows::new(3);
    let (a, b) = (layer(Kind::Weight, 3, 2, vec![1.0; 6]), layer(Kind::Weight, 2, 3, vec![1.0; 6]));
    null::measure(&a, &b, &References::default(), Route::Gram, &mut Plan::new(), &mut rows);
    assert_eq!(
        outcome(&rows, "null_outliers"),
        Outcome::Missing(Reason::NotApplicable("W_0 is 2 x 3, the weight 3 x 2".into()))
    );
    let mut rows = StepRows::new(3);
    let bad = layer(Kind::Weight, 2, 3, vec![f64::NAN; 6]);
    null::measure(&bad, &b, &References::default(), Route::Gram, &mut Plan::new(), &mut rows);
    assert!(rows.records.iter().all(|r| r.outcome == Outcome::Missing(Reason::NotFinite)));
}
