//! Brent's two one-dimensional searches (Algorithms for Minimization without Derivatives, 1973). No allocation; the
//! same input takes the same steps.

use crate::TailError;

const MAX_STEPS: usize = 200;

/// A root of f between `lo` and `hi`, where f has different signs, to a few units in the last place.
pub(crate) fn root(mut f: impl FnMut(f64) -> f64, lo: f64, hi: f64) -> Result<f64, TailError> {
    let (mut a, mut b) = (lo, hi);
    let (mut fa, mut fb) = (f(a), f(b));
    if !(fa.is_finite() && fb.is_finite()) || fa * fb > 0.0 {
        return Err(TailError::NoConvergence);
    }
    let (mut c, mut fc) = (a, fa);
    let mut step = b - a;
    let mut before = step;
    for _ in 0..MAX_STEPS {
        if fb * fc > 0.0 {
            (c, fc) = (a, fa);
            step = b - a;
            before = step;
        }
        if fc.abs() < fb.abs() {
            (a, b, c) = (b, c, b);
            (fa, fb, fc) = (fb, fc, fb);
        }
        let tolerance = 2.0 * f64::EPSILON * b.abs() + f64::MIN_POSITIVE;
        let half = 0.5 * (c - b);
        if half.abs() <= tolerance || fb == 0.0 {
            return Ok(b);
        }
        if before.abs() >= tolerance && fa.abs() > fb.abs() {
            let s = fb / fa;
            let (mut p, mut q) = if a == c {
                (2.0 * half * s, 1.0 - s)
            } else {
                let (q, r) = (fa / fc, fb / fc);
                (s * (2.0 * half * q * (q - r) - (b - a) * (r - 1.0)), (q - 1.0) * (r - 1.0) * (s - 1.0))
            };
            if p > 0.0 {
                q = -q;
            }
            p = p.abs();
            if 2.0 * p < (3.0 * half * q - (tolerance * q).abs()).min((before * q).abs()) {
                before = step;
                step = p / q;
            } else {
                step = half;
                before = half;
            }
        } else {
            step = half;
            before = half;
        }
        (a, fa) = (b, fb);
        b += if step.abs() > tolerance { step } else { tolerance.copysign(half) };
        fb = f(b);
        if !fb.is_finite() {
            return Err(TailError::NoConvergence);
        }
    }
    Err(TailError::NoConvergence)
}

/// The maximum of a concave f inside (lo, hi): the place, to about the square root of epsilon, and the value there.
pub(crate) fn maximum(mut f: impl FnMut(f64) -> f64, lo: f64, hi: f64) -> Result<(f64, f64), TailError> {
    const GOLDEN: f64 = 0.381_966_011_250_105_1;
    const RELATIVE: f64 = 1e-9;
    let (mut a, mut b) = (lo, hi);
    let mut x = a + GOLDEN * (b - a);
    let (mut w, mut v) = (x, x);
    let mut fx = f(x);
    let (mut fw, mut fv) = (fx, fx);
    let (mut step, mut before) = (0.0f64, 0.0f64);
    for _ in 0..MAX_STEPS {
        if !fx.is_finite() {
            return Err(TailError::NoConvergence);
        }
        let middle = 0.5 * (a + b);
        let tolerance = RELATIVE * x.abs() + 1e-3 * RELATIVE;
        if (x - middle).abs() <= 2.0 * tolerance - 0.5 * (b - a) {
            return Ok((x, fx));
        }
        let mut golden = true;
        if before.abs() > tolerance {
            let r = (x - w) * (fv - fx);
            let mut q = (x - v) * (fw - fx);
            let mut p = (x - v) * q - (x - w) * r;
            q = 2.0 * (q - r);
            if q > 0.0 {
                p = -p;
            }
            q = q.abs();
            let last = before;
            before = step;
            if p.abs() < (0.5 * q * last).abs() && p > q * (a - x) && p < q * (b - x) {
                step = p / q;
                let u = x + step;
                if u - a < 2.0 * tolerance || b - u < 2.0 * tolerance {
                    step = tolerance.copysign(middle - x);
                }
                golden = false;
            }
        }
        if golden {
            before = if x < middle { b - x } else { a - x };
            step = GOLDEN * before;
        }
        let u = x + if step.abs() >= tolerance { step } else { tolerance.copysign(step) };
        let fu = f(u);
        if fu >= fx {
            if u >= x {
                a = x
            } else {
                b = x
            }
            (v, fv) = (w, fw);
            (w, fw) = (x, fx);
            (x, fx) = (u, fu);
        } else {
            if u < x {
                a = u
            } else {
                b = u
            }
            if fu >= fw || w == x {
                (v, fv) = (w, fw);
                (w, fw) = (u, fu);
            } else if fu >= fv || v == x || v == w {
                (v, fv) = (u, fu);
            }
        }
    }
    Err(TailError::NoConvergence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_to_the_last_digits() {
        let x = root(|x| x.cos() - x, 0.0, 1.0).unwrap();
        assert!((x - 0.739_085_133_215_160_6).abs() < 1e-15);
        assert_eq!(root(|x| x * x + 1.0, 0.0, 1.0), Err(TailError::NoConvergence));
        assert_eq!(root(|_| f64::NAN, 0.0, 1.0), Err(TailError::NoConvergence));
    }

    #[test]
    fn a_maximum_inside() {
        let (x, y) = maximum(|x| x.ln() - x, 0.1, 30.0).unwrap();
        assert!((x - 1.0).abs() < 3e-8 && (y + 1.0).abs() < 1e-15);
        assert_eq!(maximum(|_| f64::NAN, 0.0, 1.0), Err(TailError::NoConvergence));
    }
}
