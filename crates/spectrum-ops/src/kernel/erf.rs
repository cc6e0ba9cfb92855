//! The error function.
//!
//! `erf(x) = x P(x^2)` below 1 and `1 - exp(-x^2) Q((x - 2)/(x + 2))` above; the coefficients are Chebyshev
//! interpolants (relative errors 8e-18 and 1e-17), made by `tests/reference/erf_coefficients.py`.

use super::exp::{exp_neg_f64, horner_f64};

/// Highest power first, as [`horner_f64`] wants them.
const P: [f64; 12] = [
    -7.795898827002142e-10,
    1.3720064546777686e-08,
    -1.6208483801871705e-07,
    1.6447424703317362e-06,
    -1.492473690741966e-05,
    0.00012055294904839707,
    -0.0008548325975389692,
    0.0052239776071164225,
    -0.02686617064323777,
    0.11283791670945006,
    -0.37612638903183543,
    std::f64::consts::FRAC_2_SQRT_PI,
];

/// `exp(x^2) erfc(x)` in powers of `(x - 2)/(x + 2)`, highest first.
const Q: [f64; 15] = [
    3.917059299925389e-06,
    1.820143195975009e-06,
    -1.4067532694582058e-05,
    -2.7647305443610053e-05,
    2.754312818566672e-05,
    0.00017436697232946864,
    4.3554202452705896e-05,
    -0.0009819773208131022,
    -0.0008471431980760424,
    0.006997461747753573,
    0.00373289240349224,
    -0.07897858101585253,
    0.24165819424246987,
    -0.4271858474139579,
    0.25539567631050575,
];

/// erf to 2 units in the last place; odd to the last bit.
#[inline(always)]
pub(crate) fn erf_f64(x: f64) -> f64 {
    let a = x.abs();
    // erf(6) rounds to 1. The comparison lets NaN pass.
    let a = if a > 6.0 { 6.0 } else { a };
    let square = a * a;
    let small = a * horner_f64(&P, square);
    let q = horner_f64(&Q, (a - 2.0) / (a + 2.0));
    let large = q.mul_add(-exp_neg_f64(square), 1.0);
    (if a < 1.0 { small } else { large }).copysign(x)
}

/// erf rounded once from f64.
#[inline(always)]
pub(crate) fn erf_f32(x: f32) -> f32 {
    erf_f64(f64::from(x)) as f32
}

/// `grad 2/sqrt(pi) exp(-x^2)`.
#[inline(always)]
pub(crate) fn erf_backward_f64(grad: f64, x: f64) -> f64 {
    // exp(-28^2) is zero; the bound also keeps the square of huge numbers finite.
    let a = x.abs();
    let a = if a > 28.0 { 28.0 } else { a };
    let square = a * a;
    // What the square lost in rounding: without it the relative error grows like x^2.
    let lost = a.mul_add(a, -square);
    let bell = exp_neg_f64(square);
    grad * (std::f64::consts::FRAC_2_SQRT_PI * lost.mul_add(-bell, bell))
}

/// `grad 2/sqrt(pi) exp(-x^2)`, rounded once from f64.
#[inline(always)]
pub(crate) fn erf_backward_f32(grad: f32, x: f32) -> f32 {
    erf_backward_f64(f64::from(grad), f64::from(x)) as f32
}
