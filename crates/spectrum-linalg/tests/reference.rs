//! Against values that numpy computed (tests/reference/svdvals.py), and against closed forms.
#![allow(clippy::unwrap_used)]

mod common;

use common::{prescribed, transposed};
use serde_json::Value;
use spectrum_core::Route;
use spectrum_linalg::{LinalgError, Plan, alignment};

const ROUTES: [Route; 4] = [Route::Gram, Route::Svd, Route::Vectors, Route::Topk];

fn floats(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

#[test]
fn numpy() {
    let recorded: Value = serde_json::from_str(include_str!("reference/svdvals.json")).unwrap();
    let (m, n) = (12, 9);
    let plain: Vec<f64> = (0..m * n)
        .map(|k| ((k % m) as f64, (k / m) as f64))
        .map(|(i, j)| (0.7 * i + 1.3 * j).sin() / (1.0 + i + j))
        .collect();
    let graded: Vec<f64> = plain.iter().enumerate().map(|(k, x)| x * 0.25f64.powi((k / m) as i32)).collect();
    let mut plan = Plan::new();
    for (name, a) in [("plain", plain), ("graded", graded)] {
        let want = floats(&recorded[name]["values"]);
        for route in ROUTES {
            for (data, rows, cols, left, right) in
                [(a.clone(), m, n, "top_left", "top_right"), (transposed(&a, m, n), n, m, "top_right", "top_left")]
            {
                let s = plan.spectrum_of(&data, rows, cols, route, 3).unwrap();
                for (got, want) in s.singular_values.iter().zip(&want) {
                    assert!((got - want).abs() <= s.floor, "{name} {route} {rows}x{cols}: {got} {want} {}", s.floor);
                }
                // numpy's sign is its own: compare absolute components.
                for (vectors, key) in [(&s.left, left), (&s.right, right)] {
                    let got: Vec<f64> = vectors.as_ref().unwrap().column(0).iter().map(|x| x.abs()).collect();
                    assert!(alignment(&got, &floats(&recorded[name][key])) > 1.0 - 1e-14);
                }
            }
        }
    }
}

/// The 6 x 6 Hilbert matrix: extreme eigenvalues 1.618899858924339 and 1.082799484565550e-7 (Choi 1983; MATLAB's
/// gallery prints the same).
#[test]
fn hilbert() {
    let a: Vec<f64> = (0..36).map(|k| 1.0 / ((k % 6 + k / 6 + 1) as f64)).collect();
    let mut plan = Plan::new();
    let s = plan.spectrum_of(&a, 6, 6, Route::Svd, 0).unwrap();
    assert!((s.singular_values[0] - 1.618_899_858_924_339).abs() <= s.floor);
    assert!((s.singular_values[5] - 1.082_799_484_565_55e-7).abs() <= s.floor);
    let g = plan.spectrum_of(&a, 6, 6, Route::Gram, 0).unwrap();
    assert!((g.singular_values[0] - 1.618_899_858_924_339).abs() <= 64.0 * f64::EPSILON);
    // The smallest value lies just above the Gram route's floor of s_1 sqrt(6 eps) = 5.9e-8.
    assert!((g.singular_values[5] - 1.082_799_484_565_55e-7).abs() <= g.floor);
}

/// Geometric, clustered, repeated and rank-deficient spectra come back within the floor of each route.
#[test]
fn prescribed_spectra() {
    let mut plan = Plan::new();
    let n = 60;
    let geometric: Vec<f64> = (0..n).map(|i| 0.7f64.powi(i)).collect();
    let power: Vec<f64> = (1..=n).map(|i| f64::from(i).powf(-1.5)).collect();
    let clustered: Vec<f64> = (0..n).map(|i| if i < 30 { 2.0 - 1e-9 * f64::from(i) } else { 1e-3 }).collect();
    let repeated: Vec<f64> = (0..n).map(|i| f64::from(3 - i / 20)).collect();
    let rank: Vec<f64> = (0..n).map(|i| if i < 5 { f64::from(9 - i) } else { 0.0 }).collect();
    for (name, want) in
        [("geometric", geometric), ("power", power), ("clustered", clustered), ("repeated", repeated), ("rank", rank)]
    {
        let n = n as usize;
        for (rows, cols) in [(n, n), (95, n), (n, 95)] {
            let a = prescribed(&want, rows, cols, 7);
            for route in ROUTES {
                let s = plan.spectrum_of(&a, rows, cols, route, 8).unwrap();
                // The input itself was rounded by its six reflections.
                let tolerance = s.floor + 64.0 * n as f64 * f64::EPSILON * want[0];
                for (got, want) in s.singular_values.iter().zip(&want) {
                    assert!((got - want).abs() <= tolerance, "{name} {route} {rows}x{cols}: {got} {want}");
                }
                assert!(s.singular_values.is_sorted_by(|a, b| a >= b));
                let kept = s.left.as_ref().unwrap().count;
                assert_eq!(kept, if name == "rank" { 5 } else { 8 }, "{name} {route}");
            }
        }
    }
}

/// Sizes at which the reduction works by panels: identity, a few directions, a split matrix, and a steep spectrum.
#[test]
fn beyond_one_panel() {
    let mut plan = Plan::new();
    for n in [129, 160, 203] {
        let few: Vec<f64> = (0..n).map(|i| if i < 4 { 4.0 - i as f64 } else { 0.0 }).collect();
        let steep: Vec<f64> = (0..n).map(|i| 0.9f64.powi(i as i32)).collect();
        for want in [vec![1.0; n], few, steep] {
            for (a, rows) in [
                (prescribed(&want, n + 30, n, 2), n + 30),
                // Diagonal: no reflection has anything to do.
                ((0..n * n).map(|k| if k % (n + 1) == 0 { want[k / (n + 1)] } else { 0.0 }).collect::<Vec<f64>>(), n),
            ] {
                let s = plan.spectrum_of(&a, rows, n, Route::Gram, 6).unwrap();
                let tolerance = s.floor + 64.0 * n as f64 * f64::EPSILON;
                for (got, want) in s.singular_values.iter().zip(&want) {
                    assert!((got - want).abs() <= tolerance, "{n}: {got} {want}");
                }
                let (u, v) = (s.left.unwrap(), s.right.unwrap());
                assert_eq!(u.count, if want[5] == 0.0 { 4 } else { 6 });
                for i in 0..u.count {
                    let av = common::product(&a, v.column(i), rows, n, 1);
                    let r = av.iter().zip(u.column(i)).map(|(x, y)| (x - want[i] * y).powi(2)).sum::<f64>().sqrt();
                    assert!(r <= 64.0 * n as f64 * f64::EPSILON * want[0] * want[0] / want[i], "{n} pair {i}: {r:e}");
                }
            }
        }
    }
}

#[test]
fn degenerate_shapes() {
    let mut plan = Plan::new();
    for route in ROUTES {
        for (rows, cols) in [(0, 0), (0, 3), (4, 0)] {
            let s = plan.spectrum_of(&[], rows, cols, route, 2).unwrap();
            assert!(s.singular_values.is_empty() && s.left.unwrap().count == 0 && s.floor == 0.0);
        }
        let s = plan.spectrum_of(&[-3.0], 1, 1, route, 5).unwrap();
        assert_eq!(
            (s.singular_values, s.left.unwrap().data, s.right.unwrap().data),
            (vec![3.0], vec![-1.0], vec![1.0])
        );
        let s = plan.spectrum_of(&[3.0, 4.0], 2, 1, route, 1).unwrap();
        assert!((s.singular_values[0] - 5.0).abs() <= 8.0 * f64::EPSILON);
        let s = plan.spectrum_of(&[3.0, 4.0], 1, 2, route, 1).unwrap();
        assert!((s.right.unwrap().data[1] - 0.8).abs() <= 4.0 * f64::EPSILON);
        let s = plan.spectrum_of(&[0.0; 20], 4, 5, route, 2).unwrap();
        assert!(s.singular_values.iter().all(|v| *v == 0.0) && s.right.unwrap().count == 0);
        // Rank one: u = (1, 2, 2)/3, v = (0.6, 0, 0.8), s = 15.
        let a = [3.0, 6.0, 6.0, 0.0, 0.0, 0.0, 4.0, 8.0, 8.0];
        let s = plan.spectrum_of(&a, 3, 3, route, 3).unwrap();
        assert!((s.singular_values[0] - 15.0).abs() <= 64.0 * f64::EPSILON);
        assert_eq!(s.left.as_ref().unwrap().count, 1);
        assert!(alignment(s.left.unwrap().column(0), &[1.0, 2.0, 2.0]) > 1.0 - 1e-15);
        assert!(alignment(s.right.unwrap().column(0), &[3.0, 0.0, 4.0]) > 1.0 - 1e-15);
        let identity: Vec<f64> = (0..400).map(|k| f64::from(u8::from(k % 21 == 0))).collect();
        let s = plan.spectrum_of(&identity, 20, 20, route, 6).unwrap();
        assert!(s.singular_values.iter().all(|v| (v - 1.0).abs() <= 20.0 * f64::EPSILON));
        assert_eq!(s.right.unwrap().count, 6);
    }
}

#[test]
fn extreme_scales() {
    let mut plan = Plan::new();
    let want: Vec<f64> = (0..12).map(|i| 0.5f64.powi(i)).collect();
    let a = prescribed(&want, 20, 12, 3);
    for route in ROUTES {
        let plain = plan.spectrum_of(&a, 20, 12, route, 2).unwrap();
        for e in [-1040, -665, -300, 300, 500, 1000] {
            let scale = |x: f64, e: i32| x * 2f64.powi(e / 2) * 2f64.powi(e - e / 2);
            let b: Vec<f64> = a.iter().map(|x| scale(*x, e)).collect();
            let s = plan.spectrum_of(&b, 20, 12, route, 2).unwrap();
            // Below 2^-1022 the input itself loses digits.
            let tolerance = scale(plain.floor, e) + 40.0 * 5e-324;
            for (got, want) in s.singular_values.iter().zip(&plain.singular_values) {
                assert!((got - scale(*want, e)).abs() <= tolerance, "{route} 2^{e}: {got:e} {:e}", scale(*want, e));
            }
        }
        // Entries are finite, the spectral norm 16 * 1.7e308 is not.
        assert_eq!(plan.spectrum_of(&[1.7e308; 256], 16, 16, route, 0), Err(LinalgError::NotFinite));
    }
}

/// Outside the safe range the Gram matrix is summed over scaled panels of rows: several of them, both ways round.
#[test]
fn large_matrices_of_extreme_scale() {
    let (m, n) = (9000, 40);
    let a = common::noise(m * n, 8);
    let mut plan = Plan::new();
    let exact = plan.spectrum_of(&a, m, n, Route::Gram, 3).unwrap();
    for e in [-400, 450] {
        let b: Vec<f64> = a.iter().map(|x| x * 2f64.powi(e)).collect();
        for (data, rows, cols) in [(b.clone(), m, n), (transposed(&b, m, n), n, m)] {
            let s = plan.spectrum_of(&data, rows, cols, Route::Gram, 3).unwrap();
            for (got, want) in s.singular_values.iter().zip(&exact.singular_values) {
                assert!((got * 2f64.powi(-e) - want).abs() <= 64.0 * n as f64 * f64::EPSILON * exact.top());
            }
            let (u, v) = (s.left.unwrap(), s.right.unwrap());
            let (long, short) = if rows >= cols { (u, v) } else { (v, u) };
            for (found, want) in [(long, exact.left.as_ref().unwrap()), (short, exact.right.as_ref().unwrap())] {
                assert!((0..3).all(|k| alignment(found.column(k), want.column(k)) > 1.0 - 1e-12));
            }
        }
    }
}

#[test]
fn hostile_input() {
    let mut plan = Plan::new();
    for route in ROUTES {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut a = vec![1.0; 30 * 20];
            a[599] = bad;
            assert_eq!(plan.spectrum_of(&a, 30, 20, route, 3), Err(LinalgError::NotFinite));
        }
        assert!(matches!(plan.spectrum_of(&[1.0; 5], 2, 3, route, 0), Err(LinalgError::Length { .. })));
        assert!(matches!(plan.spectrum_of(&[1.0; 5], usize::MAX, 2, route, 0), Err(LinalgError::Length { .. })));
    }
    assert_eq!(plan.spectrum_of(&[1.0], 1, 1, Route::Density, 0), Err(LinalgError::Unsupported(Route::Density)));
}

/// Values too close together to be told apart at a bounded cost: route `topk` gives them with an honest floor instead
/// of an error. The twelve largest of these lie within 2e-7 of each other.
#[test]
fn topk_ends_and_says_how_far_it_came() {
    let n = 600;
    let want: Vec<f64> = (0..n).map(|i| 1.0 - (i as f64 / n as f64).powi(4)).collect();
    let a = prescribed(&want, n, n, 5);
    let s = Plan::new().spectrum_of(&a, n, n, Route::Topk, 4).unwrap();
    assert!(s.floor > 1e-9 && s.floor < 1e-3, "{:e}", s.floor);
    for (got, want) in s.singular_values.iter().zip(&want) {
        assert!((got - want).abs() <= s.floor, "{got} {want} {:e}", s.floor);
    }
    assert_eq!(s.right.unwrap().count, 4);
}

/// The gradient of a network with a readout of signs on few samples: rows repeat exactly, so the trailing part of the tridiagonal
/// form is anything down to 1e-140. Its vectors were once lost to `NoConvergence`.
#[test]
fn rank_one_matrices_with_repeated_rows_keep_their_vectors() {
    let mut state = 12345u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    };
    let mut plan = Plan::new();
    for k in 0..120 {
        let (rows, cols) = (30 + k % 17, 20 + k % 13);
        let signs: Vec<f64> = (0..rows).map(|_| if next() < 0.0 { -1.0 } else { 1.0 }).collect();
        let v: Vec<f64> = (0..cols).map(|_| next() + next() + next()).collect();
        let m: Vec<f64> = v.iter().flat_map(|x| signs.iter().map(move |s| s * x)).collect();
        let s = plan.spectrum_of(&m, rows, cols, Route::Gram, 8).unwrap();
        let exact = (rows as f64).sqrt() * v.iter().map(|x| x * x).sum::<f64>().sqrt();
        assert!((s.top() / exact - 1.0).abs() < 1e-12, "matrix {k}");
        let right = s.right.unwrap();
        let cosine: f64 = right.column(0).iter().zip(&v).map(|(a, b)| a * b).sum::<f64>();
        assert!((cosine.abs() / v.iter().map(|x| x * x).sum::<f64>().sqrt() - 1.0).abs() < 1e-10, "matrix {k}");
    }
}
