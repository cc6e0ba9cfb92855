//! Initial weights on the unit sphere (arXiv 2510.01303).

use crate::DataError;
use crate::spiked_parts::check_unit;
use crate::stream::round_f32;
use crate::symmetric::dot;

/// Rows on the unit sphere of R^d, from standard normal draws (row-major, a whole number of rows of length `d`).
///
/// Without a bias they are uniform on the sphere (W_S of arXiv 2510.01303, figure 1). With a unit vector q and the
/// number n of training samples, n^(-1/4) q is added to each row, and the row is brought back to the sphere: its biased
/// weights. The result is rounded to f32.
///
/// # Errors
/// [`DataError::Request`] when the draws make no whole rows, a row is zero, or q has another length than `d`, is not of
/// unit norm, or n is zero.
pub fn sphere_weights(mut draws: Vec<f64>, d: usize, bias: Option<(&[f64], usize)>) -> Result<Vec<f64>, DataError> {
    let refuse = |what, found: String, expected| DataError::Request { what, found, expected };
    if d == 0 || draws.is_empty() || !draws.len().is_multiple_of(d) {
        let found = format!("{} for rows of {d}", draws.len());
        return Err(refuse("the number of draws", found, "a whole number of rows, above zero"));
    }
    if let Some((q, n)) = bias {
        check_unit(q, d)?;
        if n == 0 {
            return Err(refuse("n", "0".into(), "a number above zero"));
        }
    }
    for row in draws.chunks_exact_mut(d) {
        to_sphere(row).ok_or_else(|| refuse("a row of weights", "zero".into(), "a direction"))?;
        if let Some((q, n)) = bias {
            let strength = 1.0 / (n as f64).sqrt().sqrt();
            row.iter_mut().zip(q).for_each(|(w, q)| *w += strength * q);
            to_sphere(row).ok_or_else(|| refuse("a biased row of weights", "zero".into(), "a direction"))?;
        }
    }
    round_f32(&mut draws);
    Ok(draws)
}

/// The fixed second layer, a in {-1, +1}^m: the signs of standard normal draws.
#[must_use]
pub fn signs(draws: &[f64]) -> Vec<f64> {
    draws.iter().map(|&x| if x < 0.0 { -1.0 } else { 1.0 }).collect()
}

fn to_sphere(row: &mut [f64]) -> Option<()> {
    let norm = dot(row, row).sqrt();
    if !(norm.is_finite() && norm > 0.0) {
        return None;
    }
    row.iter_mut().for_each(|w| *w /= norm);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{normals, stream};

    #[test]
    fn rows_are_uniform_on_the_sphere_or_lean_to_the_spike() {
        let (m, d, n) = (3000, 16, 256);
        let draws = normals(&mut stream(0, "weights"), m * d);
        let q: Vec<f64> = (0..d).map(|_| 0.25).collect();
        let sphere = sphere_weights(draws.clone(), d, None).unwrap();
        let biased = sphere_weights(draws, d, Some((&q, n))).unwrap();
        for row in sphere.chunks(d).chain(biased.chunks(d)) {
            assert!((dot(row, row) - 1.0).abs() < 1e-6);
        }
        let mean = |w: &[f64]| w.chunks(d).map(|r| dot(r, &q)).sum::<f64>() / m as f64;
        // <w, q> has variance 1/d: standard error 1 / sqrt(16 * 3000) = 0.0046.
        assert!(mean(&sphere).abs() < 5.0 * 0.0046, "{}", mean(&sphere));
        let square = sphere.chunks(d).map(|r| dot(r, &q).powi(2)).sum::<f64>() / m as f64;
        assert!((square * d as f64 - 1.0).abs() < 0.15, "{square}");
        // Before the second scaling <w, q> grows by exactly n^(-1/4) = 1/4.
        for (s, b) in sphere.chunks(d).zip(biased.chunks(d)) {
            let u = dot(s, &q);
            let expected = (u + 0.25) / (1.0 + 0.5 * u + 0.0625).sqrt();
            assert!((dot(b, &q) - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn impossible_weights_are_refused() {
        let text = |r: Result<Vec<f64>, DataError>| r.unwrap_err().to_string();
        assert!(text(sphere_weights(vec![1.0; 5], 2, None)).contains("5 for rows of 2"));
        assert!(text(sphere_weights(vec![], 2, None)).contains("0 for rows"));
        assert!(text(sphere_weights(vec![0.0; 4], 2, None)).contains("a row of weights is zero"));
        assert!(text(sphere_weights(vec![1.0; 4], 2, Some((&[1.0], 4)))).contains("length 1"));
        assert!(text(sphere_weights(vec![1.0; 4], 2, Some((&[1.0, 1.0], 4)))).contains("norm"));
        assert!(text(sphere_weights(vec![1.0; 4], 2, Some((&[1.0, 0.0], 0)))).contains("n is 0"));
        assert!(text(sphere_weights(vec![-2.0, 0.0], 2, Some((&[1.0, 0.0], 1)))).contains("biased row"));
        assert_eq!(signs(&[-0.3, 2.0]), [-1.0, 1.0]);
    }
}
