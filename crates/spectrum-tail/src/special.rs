//! The special functions of the truncated power law and of the log-normal tail.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// Euler's constant.
const EULER: f64 = 0.577_215_664_901_532_9;

/// zeta(k) - 1 for k = 2, 3, ... (mpmath).
const ZETA_MINUS_ONE: [f64; 30] = [
    0.644_934_066_848_226_4,
    0.202_056_903_159_594_3,
    0.082_323_233_711_138_19,
    0.036_927_755_143_369_93,
    0.017_343_061_984_449_14,
    0.008_349_277_381_922_827,
    0.004_077_356_197_944_34,
    0.002_008_392_826_082_214_3,
    0.000_994_575_127_818_085_3,
    0.000_494_188_604_119_464_5,
    0.000_246_086_553_308_048_3,
    0.000_122_713_347_578_489_15,
    6.124_813_505_870_483e-5,
    3.058_823_630_702_049e-5,
    1.528_225_940_865_187e-5,
    7.637_197_637_899_763e-6,
    3.817_293_264_999_84e-6,
    1.908_212_716_553_939e-6,
    9.539_620_338_727_962e-7,
    4.769_329_867_878_064e-7,
    2.384_505_027_277_33e-7,
    1.192_199_259_653_110_6e-7,
    5.960_818_905_125_948e-8,
    2.980_350_351_465_228e-8,
    1.490_155_482_836_504_3e-8,
    7.450_711_789_835_43e-9,
    3.725_334_024_788_457e-9,
    1.862_659_723_513_049e-9,
    9.313_274_324_196_682e-10,
    4.656_629_065_033_784e-10,
];

/// e^z E_p(z), with E_p the generalised exponential integral: `integral_1^inf u^(-p) e^(-z (u - 1)) du`, for z > 0 and
/// p >= -2, and for z = 0 where p > 1. It is the normalisation of the truncated power law, and the upper incomplete
/// gamma function of a first argument that may be negative: Gamma(s, z) = z^s E_(1-s)(z). Relative error under 1e-12.
pub(crate) fn exp_integral_scaled(p: f64, z: f64) -> f64 {
    if z == 0.0 {
        return 1.0 / (p - 1.0);
    }
    if p < 0.0 {
        // DLMF 8.19.12; both terms are positive.
        return (1.0 - p * exp_integral_scaled(p + 1.0, z)) / z;
    }
    if p == 0.0 {
        return 1.0 / z;
    }
    if z >= 1.0 || p >= 30.0 {
        return continued_fraction(p, z);
    }
    if p < 0.5 {
        let s = 1.0 - p;
        // exp(-s ln z) and not powf: the series' sum is of the same order for z near 1, and the error is absolute.
        return z.exp() * (libm::tgamma(s) * (-s * z.ln()).exp() - power_series(s, z, 0));
    }
    // The recurrence DLMF 8.19.12 upward multiplies an error by z/p, below 1 but for the first step, from an order in
    // [1/2, 3/2), where the poles at integer orders are taken out.
    let steps = (p - 0.5).floor();
    let mut order = p - steps;
    let mut value = z.exp() * near_one(order, z);
    for _ in 0..steps as usize {
        value = (1.0 - z * value) / order;
        order += 1.0;
    }
    value
}

/// DLMF 8.19.17, by the modified Lentz algorithm.
fn continued_fraction(p: f64, z: f64) -> f64 {
    let mut b = z + p;
    let mut c = f64::MAX;
    let mut d = 1.0 / b;
    let mut h = d;
    // At z = 1 it takes 150 terms; the bound is never reached.
    for i in 1..1000 {
        let i = f64::from(i);
        let a = -i * (p - 1.0 + i);
        b += 2.0;
        d = 1.0 / (a * d + b);
        c = b + a / c;
        h *= c * d;
        if (c * d - 1.0).abs() < 2.0 * f64::EPSILON {
            break;
        }
    }
    h
}

/// E_p(z) for |p - 1| <= 1/2 and z < 1. With e = 1 - p: Gamma(e) z^(-e) - 1/e, of which each term is infinite at e =
/// 0, is (exp(ln Gamma(1 + e) - e ln z) - 1)/e.
fn near_one(p: f64, z: f64) -> f64 {
    let e = 1.0 - p;
    let head = if e == 0.0 { -EULER - z.ln() } else { (ln_gamma_one_plus(e) - e * z.ln()).exp_m1() / e };
    head - power_series(e, z, 1)
}

/// sum_{k >= from} (-z)^k / (k! (s + k)) for |z| <= 1.
fn power_series(s: f64, z: f64, from: u32) -> f64 {
    let mut term = 1.0;
    let mut sum = 0.0;
    for k in 0..25 {
        let k_f = f64::from(k);
        if k > 0 {
            term *= -z / k_f;
        }
        if k >= from {
            sum += term / (s + k_f);
        }
    }
    sum
}

/// ln Gamma(1 + e) for |e| <= 1/2, accurate relative to e (DLMF 5.7.3 with ln(1 + e) split off).
fn ln_gamma_one_plus(e: f64) -> f64 {
    let mut power = -e;
    let mut sum = 0.0;
    for (k, zeta) in (2..).zip(ZETA_MINUS_ONE) {
        power *= -e;
        sum += zeta * power / f64::from(k);
    }
    sum + e * (1.0 - EULER) - e.ln_1p()
}

/// Where the log-normal's functions change from erfc to the continued fraction.
pub(crate) const MILLS_SPLIT: f64 = 1.5;

/// e_k = k/(t + e_(k+1)) for k = 1, 2, 3: the tail of the continued fraction 1/(t + e_1) of Mills' ratio, t >= 3/2
/// (DLMF 7.9.3). 20 + 600/t^2 terms reach the last digit (tested).
pub(crate) fn mills_tails(t: f64) -> [f64; 3] {
    let mut e = 0.0;
    let mut tails = [0.0; 3];
    let terms = 20 + (600.0 / (t * t)) as usize;
    for k in (1..=terms).rev() {
        e = k as f64 / (t + e);
        if k <= 3 {
            tails[k - 1] = e;
        }
    }
    tails
}

/// ln of Mills' ratio (1 - Phi(t))/phi(t) of the normal distribution, for t >= 3/2.
pub(crate) fn ln_mills(t: f64) -> f64 {
    -(t + mills_tails(t)[0]).ln()
}

/// ln(1 - Phi(t)) of the normal distribution for any t, without underflow.
pub(crate) fn ln_normal_tail(t: f64) -> f64 {
    if t < -1.0 {
        (-0.5 * libm::erfc(-t * FRAC_1_SQRT_2)).ln_1p()
    } else if t < MILLS_SPLIT {
        (0.5 * libm::erfc(t * FRAC_1_SQRT_2)).ln()
    } else {
        ln_mills(t) - 0.5 * t * t - 0.5 * (2.0 * PI).ln()
    }
}

/// The hazard phi(t)/(1 - Phi(t)) of the normal distribution for t < 3/2.
pub(crate) fn hazard(t: f64) -> f64 {
    (2.0 / PI).sqrt() * (-0.5 * t * t).exp() / libm::erfc(t * FRAC_1_SQRT_2)
}

/// P(X > x) of a chi-squared variable with one degree of freedom.
pub(crate) fn chi_squared_one_tail(x: f64) -> f64 {
    libm::erfc((x / 2.0).max(0.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// mpmath 1.3.0, 40 digits: exp(z) expint(p, z).
    const EXPINT: &str = include_str!("../tests/fixtures/expint.txt");
    /// mpmath 1.3.0, 40 digits: log(erfc(t/sqrt(2))/2).
    const NORMAL_TAIL: &str = include_str!("../tests/fixtures/normal_tail.txt");

    fn table(text: &str) -> impl Iterator<Item = Vec<f64>> + '_ {
        text.lines().filter(|l| !l.starts_with('#')).map(|l| l.split(' ').map(|x| x.parse().unwrap()).collect())
    }

    #[test]
    fn the_exponential_integral_is_mpmaths() {
        let mut worst = 0.0f64;
        for row in table(EXPINT) {
            let [p, z, expected] = row[..] else { panic!("{row:?}") };
            let error = (exp_integral_scaled(p, z) / expected - 1.0).abs();
            assert!(error < 1e-12, "E_{p}({z}): {error:e}");
            worst = worst.max(error);
        }
        assert!(worst > 0.0);
    }

    /// Gamma(0, 1) = E_1(1) = 0.219383934395520..., Gamma(-1, 1) = E_2(1) = 0.148495506775922... (DLMF 8.4.4, tables).
    #[test]
    fn the_incomplete_gamma_function_at_table_points() {
        assert!((exp_integral_scaled(1.0, 1.0) / 1f64.exp() - 0.219_383_934_395_520_27).abs() < 1e-15);
        assert!((exp_integral_scaled(2.0, 1.0) / 1f64.exp() - 0.148_495_506_775_922_05).abs() < 1e-15);
    }

    #[test]
    fn the_normal_tail_is_mpmaths() {
        for row in table(NORMAL_TAIL) {
            let [t, expected] = row[..] else { panic!("{row:?}") };
            let error = (ln_normal_tail(t) - expected).abs();
            // erfc(x) multiplies the rounding of its argument by 2x^2.
            assert!(error <= (8.0 + t * t) * f64::EPSILON * expected.abs(), "{t}: {error:e}");
        }
    }

    /// The quantiles of chi-squared with one degree: 3.841458820694124 leaves 0.05 above it.
    #[test]
    fn chi_squared_at_a_table_point() {
        assert!((chi_squared_one_tail(3.841_458_820_694_124) - 0.05).abs() < 1e-15);
        assert_eq!(chi_squared_one_tail(0.0), 1.0);
    }
}
