//! The normal quantile function with the same bits on every platform.

/// The number below which a standard normal variable lies with probability `p`, for 0 < p < 1.
///
/// M. J. Wichura, algorithm AS 241 (routine PPND16), Applied Statistics 37 (1988) 477: relative error about 1e-16.
/// It needs +, *, /, the correctly rounded square root, and one logarithm, taken from the `libm` crate and not from
/// the system.
#[must_use]
pub fn quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return q * polynomial(&A, r) / polynomial(&B, r);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = (-libm::log(tail)).sqrt();
    let z = if r <= 5.0 {
        polynomial(&C, r - 1.6) / polynomial(&D, r - 1.6)
    } else {
        polynomial(&E, r - 5.0) / polynomial(&F, r - 5.0)
    };
    if q < 0.0 { -z } else { z }
}

/// Horner's rule, constant term first. Rust never contracts it into fused operations.
fn polynomial(coefficients: &[f64; 8], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

// The tables are printed as published.
#[rustfmt::skip]
#[allow(clippy::excessive_precision)]
const A: [f64; 8] = [
    3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
    4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3,
];
#[rustfmt::skip]
#[allow(clippy::excessive_precision)]
const B: [f64; 8] = [
    1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
    2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3,
];
#[rustfmt::skip]
#[allow(clippy::excessive_precision)]
const C: [f64; 8] = [
    1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
    1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4,
];
#[rustfmt::skip]
#[allow(clippy::excessive_precision)]
const D: [f64; 8] = [
    1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
    1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9,
];
#[rustfmt::skip]
#[allow(clippy::excessive_precision)]
const E: [f64; 8] = [
    6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
    2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
];
#[rustfmt::skip]
#[allow(clippy::excessive_precision)]
const F: [f64; 8] = [
    1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
    7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15,
];

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn agrees_with_sixty_digits_in_all_three_regions() {
        // mpmath with 60 digits: sqrt(2) erfinv(2p - 1) at the f64 value of p.
        for (p, expected) in [
            (1.1102230246251565e-16, -8.209536151601387),
            (1e-15, -7.941345326170997),
            (1e-12, -7.034483825301132),
            (1e-11, -6.706023155495136),
            (1.5e-11, -6.646570887477113),
            (1e-08, -5.612001244174789),
            (0.0001, -3.7190164854556804),
            (0.01, -2.326347874040841),
            (0.05, -1.6448536269514726),
            (0.074, -1.4466320671589785),
            (0.076, -1.4325027208258116),
            (0.25, -0.6744897501960817),
            (0.4, -0.2533471031357997),
            (0.51, 0.025068908258711057),
            (0.75, 0.6744897501960817),
            (0.925, 1.4395314709384561),
            (0.926, 1.4466320671589787),
            (0.99, 2.3263478740408408),
            (0.9999, 3.7190164854557084),
            (0.9999999999999999, 8.209536151601387),
        ] {
            let got = quantile(p);
            assert!((got - expected).abs() <= 4.0 * f64::EPSILON * f64::abs(expected), "{p}: {got} {expected}");
        }
    }

    #[test]
    fn is_odd_about_one_half() {
        for k in 1..500_u32 {
            let p = f64::from(k) / 1024.0;
            assert_eq!(quantile(p).to_bits(), (-quantile(1.0 - p)).to_bits());
        }
        assert_eq!(quantile(0.5), 0.0);
    }
}
