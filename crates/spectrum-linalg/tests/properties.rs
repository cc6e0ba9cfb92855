//! What every route must keep: rotations, transposition, scaling, reconstruction, orthogonality, agreement.
#![allow(clippy::unwrap_used)]

mod common;

use common::{dot, noise, product, rotate, transposed};
use proptest::prelude::*;
use spectrum_core::{Route, Spectrum};
use spectrum_linalg::Plan;

fn routes() -> impl Strategy<Value = Route> {
    prop::sample::select(vec![Route::Gram, Route::Svd, Route::Vectors, Route::Topk])
}

/// Noise, with columns scaled down by powers of `decay` so that spectra range from bulk to steep.
fn matrices() -> impl Strategy<Value = (usize, usize, Vec<f64>)> {
    (1usize..40, 1usize..40, any::<u64>(), prop::sample::select(vec![1.0, 0.9, 0.5])).prop_map(|(m, n, seed, decay)| {
        let mut a = noise(m * n, seed);
        for (j, column) in a.chunks_exact_mut(m).enumerate() {
            column.iter_mut().for_each(|x| *x *= f64::powi(decay, j as i32));
        }
        (m, n, a)
    })
}

/// Every value of `a` and `b` agrees within both floors and the rounding of `work` operations on the entries.
fn agree(a: &Spectrum, b: &Spectrum, work: f64) -> Result<(), TestCaseError> {
    let tolerance = a.floor + b.floor + work * f64::EPSILON * a.top();
    for (x, y) in a.singular_values.iter().zip(&b.singular_values) {
        prop_assert!((x - y).abs() <= tolerance, "{x} {y} {tolerance:e}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// On either side: singular values do not change under orthogonal maps of outputs or of inputs.
    #[test]
    fn rotation((m, n, a) in matrices(), route in routes(), seed in any::<u32>(), inputs in any::<bool>()) {
        let mut plan = Plan::new();
        let mut b = if inputs { transposed(&a, m, n) } else { a.clone() };
        rotate(&mut b, if inputs { n } else { m }, u64::from(seed));
        let b = if inputs { transposed(&b, n, m) } else { b };
        let (a, b) = (plan.spectrum_of(&a, m, n, route, 3).unwrap(), plan.spectrum_of(&b, m, n, route, 3).unwrap());
        agree(&a, &b, 16.0 * m.max(n) as f64)?;
    }

    /// A permutation of outputs and flipped signs of inputs are orthogonal maps without rounding.
    #[test]
    fn permutation_and_signs((m, n, a) in matrices(), route in routes(), shift in any::<prop::sample::Index>()) {
        let mut plan = Plan::new();
        let mut b = a.clone();
        for (j, column) in b.chunks_exact_mut(m).enumerate() {
            column.rotate_left(shift.index(m));
            if j % 3 == 1 {
                column.iter_mut().for_each(|x| *x = -*x);
            }
        }
        let (a, b) = (plan.spectrum_of(&a, m, n, route, 3).unwrap(), plan.spectrum_of(&b, m, n, route, 3).unwrap());
        agree(&a, &b, 0.0)?;
    }

    /// Any factor, of either sign, from one end of the range of f64 to the other.
    #[test]
    fn scaling((m, n, a) in matrices(), route in routes(), c in 0.5f64..1.0, e in -950i32..950, negative in any::<bool>()) {
        let factor = c * 2f64.powi(e);
        let b: Vec<f64> = a.iter().map(|x| if negative { -x * factor } else { x * factor }).collect();
        let mut plan = Plan::new();
        let (s, t) = (plan.spectrum_of(&a, m, n, route, 2).unwrap(), plan.spectrum_of(&b, m, n, route, 2).unwrap());
        // Scaling rounds every entry once; entries below 2^-1022 lose digits, but not ones that count.
        let tolerance = 2.0 * s.floor + (m + n) as f64 * f64::EPSILON * s.top();
        for (x, y) in s.singular_values.iter().zip(&t.singular_values) {
            prop_assert!((x - y / factor).abs() <= tolerance, "{x} {} {tolerance:e}", y / factor);
        }
        prop_assert!((s.floor - t.floor / factor).abs() <= 1e-10 * s.top());
    }

    #[test]
    fn transposition_swaps_the_vectors((m, n, a) in matrices(), route in routes()) {
        let mut plan = Plan::new();
        let t = plan.spectrum_of(&transposed(&a, m, n), n, m, route, 2).unwrap();
        let s = plan.spectrum_of(&a, m, n, route, 2).unwrap();
        agree(&s, &t, 0.0)?;
        prop_assert_eq!((s.left.as_ref().unwrap().len, t.left.as_ref().unwrap().len), (m, n));
        prop_assert_eq!(s.right.unwrap().len, t.left.unwrap().len);
    }

    #[test]
    fn a_power_of_two_changes_no_digit((m, n, a) in matrices(), route in routes(), e in -40i32..40) {
        let mut plan = Plan::new();
        let b: Vec<f64> = a.iter().map(|x| x * 2f64.powi(e)).collect();
        let s = plan.spectrum_of(&a, m, n, route, 2).unwrap();
        let t = plan.spectrum_of(&b, m, n, route, 2).unwrap();
        let scaled: Vec<f64> = s.singular_values.iter().map(|v| v * 2f64.powi(e)).collect();
        prop_assert_eq!(scaled, t.singular_values);
    }

    #[test]
    fn routes_agree_within_their_floors((m, n, a) in matrices()) {
        let mut plan = Plan::new();
        let exact = plan.spectrum_of(&a, m, n, Route::Svd, 0).unwrap();
        for route in [Route::Gram, Route::Vectors, Route::Topk] {
            agree(&exact, &plan.spectrum_of(&a, m, n, route, 4).unwrap(), 0.0)?;
        }
    }

    /// The Frobenius norm is the root of the sum of squares: no route is used for the right-hand side.
    #[test]
    fn frobenius((m, n, a) in matrices(), route in prop::sample::select(vec![Route::Gram, Route::Svd, Route::Vectors])) {
        let s = Plan::new().spectrum_of(&a, m, n, route, 0).unwrap();
        let (sum, exact) = (s.eigenvalues().iter().sum::<f64>(), dot(&a, &a));
        prop_assert!((sum - exact).abs() <= 16.0 * (m + n) as f64 * f64::EPSILON * exact);
    }

    #[test]
    fn vectors((m, n, a) in matrices(), route in routes(), k in 1usize..12) {
        let s = Plan::new().spectrum_of(&a, m, n, route, k).unwrap();
        let (u, v) = (s.left.as_ref().unwrap(), s.right.as_ref().unwrap());
        prop_assert!(u.count == v.count && u.count <= k.min(m).min(n) && u.count >= 1);
        let eps = f64::EPSILON;
        // Gram: the residual of an eigenvector of A^T A is s_1^2 eps; topk stops at 1e-10 s_1.
        for i in 0..u.count {
            let value = s.singular_values[i];
            let (av, atu) = (product(&a, v.column(i), m, n, 1), product(&transposed(&a, m, n), u.column(i), n, m, 1));
            let bound = match route {
                Route::Topk => s.floor * 2.0,
                Route::Gram => 64.0 * (m + n) as f64 * eps * s.top() * s.top() / value,
                _ => 64.0 * (m + n) as f64 * eps * s.top(),
            };
            let r1 = av.iter().zip(u.column(i)).map(|(x, y)| (x - value * y).powi(2)).sum::<f64>().sqrt();
            let r2 = atu.iter().zip(v.column(i)).map(|(x, y)| (x - value * y).powi(2)).sum::<f64>().sqrt();
            prop_assert!(r1 <= bound && r2 <= bound, "{route} pair {i}: {r1:e} {r2:e} {bound:e}");
            let top = v.column(i).iter().copied().fold(0.0f64, |m, x| if x.abs() > m.abs() { x } else { m });
            prop_assert!(top > 0.0);
            for j in 0..=i {
                let want = f64::from(u8::from(i == j));
                prop_assert!((dot(u.column(i), u.column(j)) - want).abs() <= 1e-10);
                prop_assert!((dot(v.column(i), v.column(j)) - want).abs() <= 1e-10);
            }
        }
    }

    /// Same input, same bytes, whatever the plan did before.
    #[test]
    fn a_used_plan_is_a_fresh_plan((m, n, a) in matrices(), (p, q, b) in matrices(), route in routes(), k in 0usize..6) {
        let fresh = Plan::new().spectrum_of(&a, m, n, route, k).unwrap();
        let mut used = Plan::new();
        used.spectrum_of(&b, p, q, route, 3).unwrap();
        used.spectrum_of(&b, p, q, Route::Gram, 9).unwrap();
        prop_assert_eq!(used.spectrum_of(&a, m, n, route, k).unwrap(), fresh);
    }
}

/// All pairs together give the matrix back (reconstruction), and sizes beyond one block of reflectors are met.
#[test]
fn reconstruction() {
    let (m, n) = (150, 130);
    let a = noise(m * n, 5);
    let mut plan = Plan::new();
    for route in [Route::Gram, Route::Vectors, Route::Svd] {
        let s = plan.spectrum_of(&a, m, n, route, n).unwrap();
        let (u, v) = (s.left.unwrap(), s.right.unwrap());
        assert_eq!(u.count, n);
        let mut us = u.data.clone();
        us.chunks_exact_mut(m).zip(&s.singular_values).for_each(|(u, s)| u.iter_mut().for_each(|x| *x *= s));
        let b = product(&us, &transposed(&v.data, n, n), m, n, n);
        let worst = a.iter().zip(&b).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
        // Gram: u_i = A v_i / s_i reproduces A to the orthogonality of V, but s_i and u_i carry eps s_1 / s_i.
        let s1 = s.singular_values[0];
        let condition = if route == Route::Gram { s1 / s.singular_values[n - 1] } else { 1.0 };
        assert!(worst <= 64.0 * n as f64 * f64::EPSILON * s1 * condition, "{route}: {worst:e}");
    }
    // Few vectors go another way (inverse iteration): the same pairs.
    let few = plan.spectrum_of(&a, m, n, Route::Gram, 10).unwrap();
    let exact = plan.spectrum_of(&a, m, n, Route::Vectors, 10).unwrap();
    for i in 0..10 {
        let (x, y) = (few.right.as_ref().unwrap(), exact.right.as_ref().unwrap());
        assert!((dot(x.column(i), y.column(i)) - 1.0).abs() < 1e-12);
    }
}
