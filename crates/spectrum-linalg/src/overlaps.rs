//! How much two sets of singular vectors look the same way.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, Par};
use spectrum_core::{Route, Vectors};

use crate::Plan;
use crate::tridiagonal::matrix;

/// a^T b, `a.count` x `b.count`, column-major. Panics when the vectors differ in length.
fn cosines(a: &Vectors, b: &Vectors) -> Vec<f64> {
    assert_eq!(a.len, b.len, "vectors of different spaces");
    let mut out = vec![0.0; a.count * b.count];
    matmul(
        MatMut::from_column_major_slice_mut(&mut out, a.count, b.count),
        Accum::Replace,
        matrix(&a.data, a.len, a.count).transpose(),
        matrix(&b.data, b.len, b.count),
        1.0,
        Par::Seq,
    );
    out
}

/// Squared cosines (a_i . b_j)^2 between the unit vectors of `a` and `b`: `a.count` x `b.count`, column-major.
///
/// Panics when the vectors of `a` and `b` differ in length.
#[must_use]
pub fn overlap(a: &Vectors, b: &Vectors) -> Vec<f64> {
    let mut c = cosines(a, b);
    c.iter_mut().for_each(|x| *x = (*x * *x).min(1.0));
    c
}

/// Cosines of the principal angles between the spans of `a` and `b`, descending: min(a.count, b.count) of them.
///
/// They are the singular values of a^T b (Björck and Golub 1973, Math. Comp. 27, theorem 1). The columns of each
/// argument must be orthonormal. Empty when one of them holds a number that is not finite. Panics when the vectors of
/// `a` and `b` differ in length.
#[must_use]
pub fn principal_cosines(a: &Vectors, b: &Vectors) -> Vec<f64> {
    let spectrum = Plan::new().spectrum_of(&cosines(a, b), a.count, b.count, Route::Svd, 0);
    spectrum.map(|s| s.singular_values.into_iter().map(|c| c.min(1.0)).collect()).unwrap_or_default()
}

/// |P v| / |v| with P the projection onto the span of the orthonormal columns of `basis`: in [0, 1].
///
/// Not finite when `v` is zero or not finite, which [`Outcome::from`](spectrum_core::Outcome) turns into its reason.
/// Panics when `v` is not in the basis' space.
#[must_use]
pub fn projection_norm(basis: &Vectors, v: &[f64]) -> f64 {
    assert_eq!(basis.len, v.len(), "a vector of another space");
    let (scale, norm) = scaled_norm(v);
    let sum: f64 = basis.columns().map(|b| b.iter().zip(v).map(|(b, v)| b * (v / scale)).sum::<f64>().powi(2)).sum();
    clamp(sum.sqrt() / norm)
}

/// |cos| of the angle between `u` and `v`: in [0, 1]. Either may have any length but zero.
///
/// Not finite when one of them is zero or not finite, which [`Outcome::from`](spectrum_core::Outcome) turns into its
/// reason. Panics when they differ in dimension.
#[must_use]
pub fn alignment(u: &[f64], v: &[f64]) -> f64 {
    assert_eq!(u.len(), v.len(), "vectors of different spaces");
    let ((su, nu), (sv, nv)) = (scaled_norm(u), scaled_norm(v));
    let dot: f64 = u.iter().zip(v).map(|(a, b)| (a / su) * (b / sv)).sum();
    clamp(dot.abs() / (nu * nv))
}

/// The largest |element| and the norm in its unit, so that no square leaves the range.
fn scaled_norm(v: &[f64]) -> (f64, f64) {
    let scale = v.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    (scale, v.iter().map(|x| (x / scale).powi(2)).sum::<f64>().sqrt())
}

/// Rounding may lift a cosine above 1; NaN stays.
fn clamp(x: f64) -> f64 {
    if x > 1.0 { 1.0 } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectrum_core::{Outcome, Reason};

    fn plane(angle: f64) -> Vectors {
        // span{e1, cos e2 + sin e3} in R^4
        Vectors { len: 4, count: 2, data: vec![1., 0., 0., 0., 0., angle.cos(), angle.sin(), 0.] }
    }

    #[test]
    fn two_planes_at_a_known_angle() {
        let (a, b) = (plane(0.0), plane(0.3));
        let want = [1.0, 0.0, 0.0, 0.3f64.cos().powi(2)];
        assert!(overlap(&a, &b).iter().zip(want).all(|(x, y)| (x - y).abs() < 4.0 * f64::EPSILON));
        let cosines = principal_cosines(&a, &b);
        assert!(
            (cosines[0] - 1.0).abs() < 8.0 * f64::EPSILON && (cosines[1] - 0.3f64.cos()).abs() < 8.0 * f64::EPSILON
        );
        // v = (0, 1, 0, 1): its projection onto b is cos 0.3 long.
        let p = projection_norm(&b, &[0., 1., 0., 1.]);
        assert!((p - 0.3f64.cos() / 2f64.sqrt()).abs() < 4.0 * f64::EPSILON);
    }

    /// Rotating a basis inside its span changes overlaps but no principal angle.
    #[test]
    fn principal_angles_see_spans_only() {
        let (c, s) = (0.6, 0.8);
        let b = plane(0.3);
        let turned: Vec<f64> = (0..4)
            .map(|i| c * b.column(0)[i] + s * b.column(1)[i])
            .chain((0..4).map(|i| -s * b.column(0)[i] + c * b.column(1)[i]))
            .collect();
        let turned = Vectors { len: 4, count: 2, data: turned };
        let (x, y) = (principal_cosines(&plane(0.0), &b), principal_cosines(&plane(0.0), &turned));
        assert!(x.iter().zip(&y).all(|(x, y)| (x - y).abs() < 16.0 * f64::EPSILON));
    }

    #[test]
    fn alignment_has_neither_sign_nor_length() {
        assert!((alignment(&[1e200, 0.0], &[-1e-200, 1e-200]) - 0.5f64.sqrt()).abs() < 4.0 * f64::EPSILON);
        assert!((alignment(&[1.0, 2.0], &[2.0, 4.0]) - 1.0).abs() < 4.0 * f64::EPSILON);
        assert_eq!(Outcome::from(alignment(&[0.0, 0.0], &[1.0, 0.0])), Outcome::Missing(Reason::NotFinite));
    }

    #[test]
    fn empty_sets() {
        let none = Vectors { len: 4, count: 0, data: vec![] };
        assert!(overlap(&none, &plane(0.0)).is_empty() && principal_cosines(&none, &plane(0.0)).is_empty());
        assert_eq!(projection_norm(&none, &[1., 0., 0., 0.]), 0.0);
    }
}
