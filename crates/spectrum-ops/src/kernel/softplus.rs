//! `softplus(x) = log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|))`.

use super::exp::{exp_neg_f64, horner_f64};
use super::sigmoid::{sigmoid_f32, sigmoid_f64};

const LN2_HI: f64 = 6.931_471_803_691_238_164_90e-1;
const LN2_LO: f64 = 1.908_214_929_270_587_700_02e-10;

/// fdlibm's `e_log.c`: `log(1 + f) = f - f^2/2 + s (f^2/2 + R(s^2))`, `s = f / (2 + f)`, highest power first.
const LOG: [f64; 7] = [
    1.479_819_860_511_658_591e-1,
    1.531_383_769_920_937_332e-1,
    1.818_357_216_161_805_012e-1,
    2.222_219_843_214_978_396e-1,
    2.857_142_874_366_239_149e-1,
    3.999_999_999_940_941_908e-1,
    6.666_666_666_666_735_130e-1,
];

/// `log(1 + u)` for `0 <= u <= 1`.
#[inline(always)]
fn log1p(u: f64) -> f64 {
    // log(1 + u) = log(2) + log(1 + f) where 1 + f = (1 + u) / 2, so that 1 + f stays between 1/sqrt(2) and sqrt(2).
    let halved = u > std::f64::consts::SQRT_2 - 1.0;
    let f = if halved { 0.5 * (u - 1.0) } else { u };
    let (hi, lo) = if halved { (LN2_HI, LN2_LO) } else { (0.0, 0.0) };
    let s = f / (2.0 + f);
    let z = s * s;
    let half_square = 0.5 * f * f;
    hi - ((half_square - s.mul_add(half_square + z * horner_f64(&LOG, z), lo)) - f)
}

/// softplus to 2 units in the last place, without a threshold: both tails are the function's own.
#[inline(always)]
pub(crate) fn softplus_f64(x: f64) -> f64 {
    (if x > 0.0 { x } else { 0.0 }) + log1p(exp_neg_f64(x.abs()))
}

/// softplus rounded once from f64.
#[inline(always)]
pub(crate) fn softplus_f32(x: f32) -> f32 {
    softplus_f64(f64::from(x)) as f32
}

/// `grad sigmoid(x)`.
#[inline(always)]
pub(crate) fn softplus_backward_f64(grad: f64, x: f64) -> f64 {
    grad * sigmoid_f64(x)
}

/// `grad sigmoid(x)`.
#[inline(always)]
pub(crate) fn softplus_backward_f32(grad: f32, x: f32) -> f32 {
    grad * sigmoid_f32(x)
}
