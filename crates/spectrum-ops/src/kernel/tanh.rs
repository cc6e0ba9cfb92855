//! `tanh(x) = e / (e + 2)` with `e = exp(2|x|) - 1`, and the sign put back: odd to the last bit.
//!
//! e and e + 2 carry what they lost in rounding; with one rounding each the quotient errs by up to 2.4 units in the
//! last place, so by less than 1.

use super::exp::{parts_f32, parts_f64, power_f32, power_f64, quotient_f32, quotient_f64};

macro_rules! tanh {
    ($tanh:ident, $backward:ident, $float:ty, $saturation:literal, $parts:ident, $power:ident, $quotient:ident) => {
        /// tanh to 1 unit in the last place. Signed zeros, subnormal numbers (returned as they are), infinities and NaN
        /// follow the real function.
        #[inline(always)]
        pub(crate) fn $tanh(x: $float) -> $float {
            let a = x.abs();
            // From here on tanh rounds to 1. The comparison lets NaN pass.
            let a = if a > $saturation { $saturation } else { a };
            let (p, p_low, n) = $parts(2.0 * a);
            let scale = $power(n, 0);
            // exp(2a) - 1 = (2^n - 1) + 2^n p; for small a (n = 0) exactly p.
            let whole = scale - 1.0;
            let part = p * scale;
            let e = whole + part;
            let e_low = p_low.mul_add(scale, part - (e - whole));
            let sum = e + 2.0;
            let (large, small) = if e > 2.0 { (e, 2.0) } else { (2.0, e) };
            $quotient(e, e_low, sum, small - (sum - large) + e_low).copysign(x)
        }

        /// `grad (1 - y^2)` with `y = tanh(x)`.
        #[inline(always)]
        pub(crate) fn $backward(grad: $float, y: $float) -> $float {
            grad * y.mul_add(-y, 1.0)
        }
    };
}

tanh!(tanh_f64, tanh_backward_f64, f64, 20.0, parts_f64, power_f64, quotient_f64);
tanh!(tanh_f32, tanh_backward_f32, f32, 10.0, parts_f32, power_f32, quotient_f32);
