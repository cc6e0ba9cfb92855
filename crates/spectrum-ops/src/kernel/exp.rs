//! The exponential's parts, which every activation here is made of.
//!
//! `exp(y) = 2^n exp(r)` with `n = round(y / ln 2)` and `|r| <= ln(2) / 2`; ln 2 is subtracted in two parts, the first
//! short enough for `n ln2_hi` to be exact (Cody and Waite, Software Manual for the Elementary Functions, 1980,
//! chapter 6; the split is fdlibm's, `e_exp.c`). `exp(r) - 1` is its Taylor polynomial: the first neglected term is
//! below 0.11 (f64, degree 13) and 0.01 (f32, degree 8) of a rounding error at the ends of the interval.

const LN2_HI_F64: f64 = 6.931_471_803_691_238_164_90e-1;
const LN2_LO_F64: f64 = 1.908_214_929_270_587_700_02e-10;
const LN2_HI_F32: f32 = 6.931_457_519_5e-1;
const LN2_LO_F32: f32 = 1.428_606_765_3e-6;

const LOG2_E_F64: f64 = std::f64::consts::LOG2_E;
const LOG2_E_F32: f32 = std::f32::consts::LOG2_E;

/// 1.5 * 2^52: adding it leaves the nearest integer in the low bits of the sum.
const ROUND_F64: f64 = 6_755_399_441_055_744.0;
/// 1.5 * 2^23.
const ROUND_F32: f32 = 12_582_912.0;

/// 1/k! for k = 13 down to 2.
const FACTORIALS_F64: [f64; 12] = [
    1.0 / 6_227_020_800.0,
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    1.0 / 2.0,
];

/// 1/k! for k = 8 down to 2.
const FACTORIALS_F32: [f32; 7] =
    [1.0 / 40_320.0, 1.0 / 5_040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 1.0 / 2.0];

/// `c[0] x^(N-1) + ... + c[N-1]`.
#[inline(always)]
pub(super) fn horner_f64<const N: usize>(c: &[f64; N], x: f64) -> f64 {
    let mut y = c[0];
    for &c in &c[1..] {
        y = y.mul_add(x, c);
    }
    y
}

/// `c[0] x^(N-1) + ... + c[N-1]`.
#[inline(always)]
pub(super) fn horner_f32<const N: usize>(c: &[f32; N], x: f32) -> f32 {
    let mut y = c[0];
    for &c in &c[1..] {
        y = y.mul_add(x, c);
    }
    y
}

macro_rules! precise {
    ($parts:ident, $quotient:ident, $float:ty, $bits:ty, $log2e:expr, $round:ident, $hi:ident, $lo:ident, $horner:ident, $factorials:ident) => {
        /// `exp(y) = 2^n (1 + p + p_low)`: returns p, p_low (what p lost in rounding), and the bits that hold n (see
        /// `power_f64`, `power_f32`). `|y|` at most 2000 (f64), 200 (f32), or NaN.
        #[inline(always)]
        pub(super) fn $parts(y: $float) -> ($float, $float, $bits) {
            let shifted = y.mul_add($log2e, $round);
            let n = shifted - $round;
            let exact = n.mul_add(-$hi, y);
            let r = n.mul_add(-$lo, exact);
            let r_low = n.mul_add(-$lo, exact - r);
            let rest = (r * r).mul_add($horner(&$factorials, r), r_low);
            let p = r + rest;
            (p, rest - (p - r), shifted.to_bits())
        }

        /// `(a + a_low) / (b + b_low)` with the error of little more than one rounding.
        #[inline(always)]
        pub(super) fn $quotient(a: $float, a_low: $float, b: $float, b_low: $float) -> $float {
            let inverse = 1.0 / b;
            let q = a * inverse;
            let remainder = q.mul_add(-b, a) + q.mul_add(-b_low, a_low);
            remainder.mul_add(inverse, q)
        }
    };
}

precise!(parts_f64, quotient_f64, f64, u64, LOG2_E_F64, ROUND_F64, LN2_HI_F64, LN2_LO_F64, horner_f64, FACTORIALS_F64);
precise!(parts_f32, quotient_f32, f32, u32, LOG2_E_F32, ROUND_F32, LN2_HI_F32, LN2_LO_F32, horner_f32, FACTORIALS_F32);

/// `2^(n + offset)` for a result within the normal range; the shift drops all bits but n's.
#[inline(always)]
pub(super) fn power_f64(bits: u64, offset: u64) -> f64 {
    f64::from_bits(bits.wrapping_add(1023 + offset) << 52)
}

/// `2^(n + offset)` for a result within the normal range.
#[inline(always)]
pub(super) fn power_f32(bits: u32, offset: u32) -> f32 {
    f32::from_bits(bits.wrapping_add(127 + offset) << 23)
}

/// `exp(-a)` for `a >= 0`, down to subnormal results and zero; NaN stays NaN.
#[inline(always)]
pub(super) fn exp_neg_f64(a: f64) -> f64 {
    // exp(-746) is below half the smallest subnormal number.
    let a = if a > 746.0 { 746.0 } else { a };
    let (p, _, n) = parts_f64(-a);
    // Scaled in two steps, of which only the last can round.
    (p * power_f64(n, 200) + power_f64(n, 200)) * f64::from_bits((1023 - 200) << 52)
}

/// `exp(-a)` for `a >= 0`, down to subnormal results and zero; NaN stays NaN.
#[inline(always)]
pub(super) fn exp_neg_f32(a: f32) -> f32 {
    let a = if a > 105.0 { 105.0 } else { a };
    let (p, _, n) = parts_f32(-a);
    (p * power_f32(n, 64) + power_f32(n, 64)) * f32::from_bits((127 - 64) << 23)
}
