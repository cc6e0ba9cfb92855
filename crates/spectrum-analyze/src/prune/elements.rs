//! From a matrix back to a tensor's elements.

use spectrum_core::{Precision, StridedView};

/// Writes the matrix (column-major) to the places of a tensor that the window reads, each element rounded to the nearest value of the
/// tensor's type, ties to even. `bytes` must be the tensor's.
///
/// # Errors
/// The first element that is too large for the type; `bytes` are then half written.
pub(super) fn put_back(w: &StridedView, m: &[f64], precision: Precision, bytes: &mut [u8]) -> Result<(), f64> {
    match precision {
        Precision::F16 => each(w, m, bytes, |x| finite(x, half::f16::from_f32(to_odd(x)), half::f16::to_le_bytes)),
        Precision::Bf16 => each(w, m, bytes, |x| finite(x, half::bf16::from_f32(to_odd(x)), half::bf16::to_le_bytes)),
        Precision::F32 => each(w, m, bytes, |x| finite(x, x as f32, f32::to_le_bytes)),
        Precision::F64 => each(w, m, bytes, |x| finite(x, x, f64::to_le_bytes)),
    }
}

fn finite<T: Copy + Into<f64>, const N: usize>(x: f64, y: T, bytes: fn(T) -> [u8; N]) -> Result<[u8; N], f64> {
    if y.into().is_finite() { Ok(bytes(y)) } else { Err(x) }
}

fn each<const N: usize>(
    w: &StridedView,
    m: &[f64],
    bytes: &mut [u8],
    narrow: impl Fn(f64) -> Result<[u8; N], f64>,
) -> Result<(), f64> {
    let (elements, _) = bytes.as_chunks_mut::<N>();
    for (j, column) in m.chunks_exact(w.rows.max(1)).enumerate() {
        for (i, x) in column.iter().enumerate() {
            elements[w.index(i, j)] = narrow(*x)?;
        }
    }
    Ok(())
}

/// Rounding to odd: towards zero, with the last bit set where anything was lost. Rounding that once more to a type with at least two
/// bits fewer is as good as rounding the f64 itself (Boldo and Melquiond, IEEE Trans. Comput. 57 (2008) 462); `half` goes through f32 by
/// the nearest value on some processors and not on others.
fn to_odd(x: f64) -> f32 {
    let near = x as f32;
    if f64::from(near) == x || x.is_nan() {
        return near;
    }
    let towards_zero = if f64::from(near).abs() > x.abs() { near.to_bits() - 1 } else { near.to_bits() };
    f32::from_bits(towards_zero | 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f16(x: f64) -> f64 {
        half::f16::from_f32(to_odd(x)).to_f64()
    }

    /// Around the middle between two neighbours of f16 and of bf16, where rounding twice goes wrong.
    #[test]
    fn ties_are_decided_by_the_last_bit_of_the_double() {
        // Neighbours of 1 in f16: 1 + 2^-10. The middle is a tie and goes to the even one; a hair above it goes up.
        let middle = 1.0 + 2f64.powi(-11);
        let hair = 2f64.powi(-52);
        assert_eq!((f16(middle), f16(middle + hair), f16(middle - hair)), (1.0, 1.0 + 2f64.powi(-10), 1.0));
        let next = 1.0 + 3.0 * 2f64.powi(-11);
        assert_eq!((f16(next), f16(next - hair)), (1.0 + 2f64.powi(-9), 1.0 + 2f64.powi(-10)));
        assert_eq!((f16(-middle - hair), f16(-middle)), (-1.0 - 2f64.powi(-10), -1.0));
        let bf16 = |x: f64| half::bf16::from_f32(to_odd(x)).to_f64();
        let middle = 1.0 + 2f64.powi(-8);
        assert_eq!((bf16(middle), bf16(middle + hair)), (1.0, 1.0 + 2f64.powi(-7)));
        // Subnormal numbers, zeros of both signs, and the ends of the range.
        let tiny = 2f64.powi(-24);
        assert_eq!((f16(0.5 * tiny), f16(0.5 * tiny + 1e-20), f16(1.5 * tiny)), (0.0, tiny, 2.0 * tiny));
        assert_eq!((f16(1e-300), f16(-0.0).to_bits()), (0.0, (-0.0f64).to_bits()));
        assert_eq!((f16(65519.999), f16(65520.0), f16(1e300)), (65504.0, f64::INFINITY, f64::INFINITY));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let w = StridedView {
            name: "matrix".into(),
            rows: 1,
            cols: 2,
            offset: 0,
            row_stride: 2,
            col_stride: 1,
            block: 2,
            block_stride: 0,
        };
        let mut bytes = [0; 4];
        assert_eq!(put_back(&w, &[1.0, 7e4], Precision::F16, &mut bytes), Err(7e4));
        assert_eq!(put_back(&w, &[1.0, -2.0], Precision::F16, &mut bytes), Ok(()));
        assert_eq!(bytes, [0x00, 0x3c, 0x00, 0xc0]);
        assert_eq!(put_back(&w, &[1.0, 7e4], Precision::Bf16, &mut bytes), Ok(()));
        assert_eq!(put_back(&w, &[1e39, 0.0], Precision::F32, &mut [0; 8]), Err(1e39));
    }
}
