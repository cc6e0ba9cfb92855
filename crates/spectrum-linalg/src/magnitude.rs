//! Range of a matrix: one pass that finds NaN, infinity and the scale at which squares are safe.

use crate::LinalgError;

/// Largest |exponent| of the largest element at which nothing leaves the range: the squares of Gram elements are its
/// fourth power, and elements smaller than it by a factor eps must still count: 4 * (100 + 52) < 1022.
const SAFE_EXPONENT: i32 = 100;

/// Independent accumulators, so that the compiler may use vector registers.
const LANES: usize = 16;

/// The largest |element|; 0 of an empty matrix.
///
/// # Errors
/// [`LinalgError::NotFinite`] when any element is NaN or infinite.
pub(crate) fn largest(data: &[f64]) -> Result<f64, LinalgError> {
    let (mut max, mut poison) = ([0.0f64; LANES], [0.0f64; LANES]);
    let chunks = data.chunks_exact(LANES);
    let tail = chunks.remainder();
    for c in chunks {
        for l in 0..LANES {
            let a = c[l].abs();
            max[l] = if a > max[l] { a } else { max[l] };
            // 0 for finite elements, NaN for the others, and NaN stays.
            poison[l] += c[l] * 0.0;
        }
    }
    let bad = poison.iter().any(|p| p.is_nan()) || tail.iter().any(|x| !x.is_finite());
    if bad {
        return Err(LinalgError::NotFinite);
    }
    Ok(max.iter().copied().chain(tail.iter().map(|x| x.abs())).fold(0.0, f64::max))
}

/// The power of two e for which `largest * 2^-e` lies in [1, 2) when `largest` is outside the safe range, else 0.
pub(crate) fn exponent(largest: f64) -> i32 {
    if largest == 0.0 {
        return 0;
    }
    // Subnormal numbers carry no exponent of their own: lift them first.
    let lifted = if largest < f64::MIN_POSITIVE { largest * 2f64.powi(64) } else { largest };
    let e = (lifted.to_bits() >> 52) as i32 - 1023 - if largest < f64::MIN_POSITIVE { 64 } else { 0 };
    if e.abs() <= SAFE_EXPONENT { 0 } else { e }
}

/// `x * 2^e` in two steps, since 2^e itself may leave the range.
pub(crate) fn times_power_of_two(x: f64, e: i32) -> f64 {
    let half = e / 2;
    x * 2f64.powi(half) * 2f64.powi(e - half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_is_seen() {
        for len in [0, 1, 15, 16, 17, 50] {
            let mut x = vec![0.5; len];
            for i in 0..len {
                x[i] = -3.0;
                assert_eq!(largest(&x), Ok(3.0));
                for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                    x[i] = bad;
                    assert_eq!(largest(&x), Err(LinalgError::NotFinite));
                }
                x[i] = 0.5;
            }
        }
        assert_eq!(largest(&[]), Ok(0.0));
    }

    #[test]
    fn scaling_brings_every_size_to_one() {
        for x in [1e-320, 5e-324, f64::MIN_POSITIVE, 1e-200, 1e150, f64::MAX] {
            let e = exponent(x);
            let y = times_power_of_two(x, -e);
            assert!((1.0..2.0).contains(&y), "{x:e} became {y:e}");
            assert_eq!(times_power_of_two(y, e), x);
        }
        assert_eq!((exponent(1.0), exponent(1e30), exponent(1e-30), exponent(0.0)), (0, 0, 0, 0));
    }
}
