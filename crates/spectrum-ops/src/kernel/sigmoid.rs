//! The logistic sigmoid, `1 / (1 + exp(-x))`, with full relative precision on both sides.

use super::exp::{exp_neg_f32, exp_neg_f64, quotient_f32, quotient_f64};

macro_rules! sigmoid {
    ($sigmoid:ident, $backward:ident, $float:ty, $exp_neg:ident, $quotient:ident) => {
        /// `1 / (1 + exp(-x))` to 2 units in the last place, subnormal results included.
        #[inline(always)]
        pub(crate) fn $sigmoid(x: $float) -> $float {
            let u = $exp_neg(x.abs());
            let sum = 1.0 + u;
            $quotient(if x < 0.0 { u } else { 1.0 }, 0.0, sum, u - (sum - 1.0))
        }

        /// `grad y (1 - y)` with `y = sigmoid(x)`.
        #[inline(always)]
        pub(crate) fn $backward(grad: $float, y: $float) -> $float {
            grad * y * (1.0 - y)
        }
    };
}

sigmoid!(sigmoid_f64, sigmoid_backward_f64, f64, exp_neg_f64, quotient_f64);
sigmoid!(sigmoid_f32, sigmoid_backward_f32, f32, exp_neg_f32, quotient_f32);
