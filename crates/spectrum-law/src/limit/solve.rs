//! Solving the unfolded system at one point.
//!
//! Newton's method with the exact derivative. Far from the real axis the map contracts, so plain iteration finds the
//! solution in the upper half plane; from there the imaginary part is lowered in steps to zero, each step starting at the
//! solution before (continuation). On the axis itself a solution with Im T > 0 everywhere is the wanted one, so that no
//! smoothing is left in the density; where Im T goes to zero with the imaginary part the point lies outside the support.

use super::chain::{Chain, State};
use super::complex::Complex;

/// Newton's iteration goes on beyond the tolerance until rounding is all that is left.
const ROUNDING: f64 = 1e-14;
/// Angle of g to the real axis from which on a solution on the axis counts as one inside the support.
const INSIDE: f64 = 1e-7;
/// The smallest imaginary part of the continuation, in units of the law's upper bound.
const LAST_HEIGHT: f64 = 1e-14;
/// Each continuation step lowers the imaginary part by this factor.
const LOWER: f64 = 1.0 / 32.0;
/// .. and, where Newton's method fails after that, by the root of it and so on, up to this.
const SHORTEST: f64 = 0.9;

/// What became of one point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Answer {
    /// Stieltjes transform; imaginary part exactly 0 outside the support.
    pub g: Complex,
    /// Largest relative residual of the equations.
    pub residual: f64,
    /// Newton steps.
    pub iterations: usize,
    /// Whether the residual is within the tolerance, on the right branch.
    pub converged: bool,
}

/// The solver of one chain; keeps its working space.
#[derive(Debug, Clone)]
pub(crate) struct Solver<'a> {
    chain: &'a Chain,
    /// z_-1 = shift - z.
    shift: f64,
    /// Bounds of the support: the lower one, and the upper one without the shift.
    lower: f64,
    scale: f64,
    tolerance: f64,
    max_iterations: usize,
    state: State,
    step: Vec<Complex>,
    trial: Vec<Complex>,
}

impl<'a> Solver<'a> {
    pub(crate) fn new(chain: &'a Chain, shift: f64, tolerance: f64, max_iterations: usize) -> Self {
        let (low, high) = chain.bounds();
        let (lower, scale) = (low + shift, high.max(f64::MIN_POSITIVE));
        let state = State::default();
        Self { chain, shift, lower, scale, tolerance, max_iterations, state, step: Vec::new(), trial: Vec::new() }
    }

    /// Solves on the real axis, from `warm` if that succeeds, else by continuation. `t` holds the solution afterwards.
    pub(crate) fn on_axis(&mut self, x: f64, warm: Option<&[Complex]>, t: &mut Vec<Complex>) -> Answer {
        let mut spent = 0;
        if let Some(warm) = warm {
            t.clear();
            t.extend_from_slice(warm);
            let answer = self.newton(Complex::real(x), t);
            if answer.converged && angle(answer.g) > INSIDE {
                return answer;
            }
            spent = answer.iterations;
        }
        // Nearer to a hard edge than that the law itself varies on the scale of the distance.
        let height = (LAST_HEIGHT * self.scale).min(1e-3 * (x - self.lower).abs()).max(1e-100 * self.scale);
        let mut answer = self.above_axis(Complex::new(x, height), t);
        spent += answer.iterations;
        // Imaginary parts are of the order of the height outside, of its root at an edge, and of 1 inside.
        if answer.converged && angle(answer.g) > 0.01 * INSIDE {
            let above = answer;
            answer = self.newton(Complex::real(x), t);
            spent += answer.iterations;
            if !(answer.converged && angle(answer.g) > INSIDE) {
                // Within the height of an edge, on either side: the density there is below sqrt(height).
                answer = Answer { g: Complex::real(above.g.re), ..above };
            }
        } else {
            answer.g.im = 0.0;
        }
        answer.iterations = spent;
        answer
    }

    /// Solves at z with Im z > 0 by continuation from far above. A step that fails is shortened; one that cannot be is
    /// taken by the damped iteration.
    pub(crate) fn above_axis(&mut self, z: Complex, t: &mut Vec<Complex>) -> Answer {
        let mut solved = z.im.max(2.0 * self.scale);
        t.clear();
        t.resize(self.chain.depth(), Complex::new(0.0, 1.0 / solved));
        let mut answer = self.iterate(Complex::new(z.re, solved), t, 10);
        let mut spent = answer.iterations;
        let mut factor = LOWER;
        while answer.converged && solved > z.im {
            let height = (solved * factor).max(z.im);
            let start = t.clone();
            answer = self.newton(Complex::new(z.re, height), t);
            spent += answer.iterations;
            if !(answer.converged && answer.g.im > 0.0) {
                t.clone_from(&start);
                if factor < SHORTEST {
                    factor = factor.sqrt();
                    answer.converged = true;
                    continue;
                }
                answer = self.iterate(Complex::new(z.re, height), t, self.max_iterations);
                spent += answer.iterations;
            }
            solved = height;
            factor = (factor * factor).max(LOWER);
        }
        Answer { iterations: spent, ..answer }
    }

    /// Mass at or below x, at the solution `t` of [`on_axis`](Self::on_axis) there.
    pub(crate) fn mass_below(&mut self, x: f64, t: &[Complex]) -> f64 {
        self.chain.evaluate(Complex::real(self.shift - x), t, &mut self.state, false);
        self.chain.mass_below(t, &self.state)
    }

    /// The traces, s_l and arguments at the solution `t`: the state after one evaluation.
    pub(crate) fn state(&mut self, z: Complex, t: &[Complex]) -> &State {
        self.chain.evaluate(Complex::real(self.shift) - z, t, &mut self.state, false);
        &self.state
    }

    /// Newton's method; a step that would leave the closed upper half plane is halved until it does not.
    fn newton(&mut self, z: Complex, t: &mut [Complex]) -> Answer {
        let first = Complex::real(self.shift) - z;
        let (mut last, mut share) = (f64::INFINITY, 1.0);
        for iteration in 0..=self.max_iterations {
            self.chain.evaluate(first, t, &mut self.state, true);
            let residual = self.residual(t);
            let answer =
                Answer { g: self.state.g, residual, iterations: iteration, converged: residual <= self.tolerance };
            // At an edge, a double root, the residual falls to a quarter at each step; after a step that was cut short it may
            // fall as slowly as one likes.
            let settled = residual <= ROUNDING || (answer.converged && share == 1.0 && residual > 0.5 * last);
            if settled || iteration == self.max_iterations || !residual.is_finite() || !self.newton_step(t) {
                return answer;
            }
            last = residual;
            share = 1.0;
            for _ in 0..30 {
                if t.iter().zip(&self.step).all(|(t, d)| t.im + share * d.im >= 0.0) {
                    break;
                }
                share *= 0.5;
            }
            // On the axis this is the way to a real solution: outside the support, to be settled by continuation.
            if z.im == 0.0 && share < 1e-2 {
                return Answer { converged: false, ..answer };
            }
            for (t, d) in t.iter_mut().zip(&self.step) {
                *t += *d * share;
                t.im = t.im.max(0.0);
            }
        }
        Answer { g: self.state.g, residual: f64::INFINITY, iterations: self.max_iterations, converged: false }
    }

    /// The iteration t <- (t + F(t))/2, which contracts in the hyperbolic metric of the half plane, then Newton's method.
    fn iterate(&mut self, z: Complex, t: &mut [Complex], first_steps: usize) -> Answer {
        let first = Complex::real(self.shift) - z;
        let mut spent = 0;
        let mut answer = Answer { g: Complex::ZERO, residual: f64::INFINITY, iterations: 0, converged: false };
        for round in 0..6 {
            let steps = first_steps << round;
            for _ in 0..steps {
                self.chain.evaluate(first, t, &mut self.state, false);
                for (t, f) in t.iter_mut().zip(&self.state.image) {
                    *t = (*t + *f) * 0.5;
                }
            }
            self.trial.clear();
            self.trial.extend_from_slice(t);
            let mut trial = std::mem::take(&mut self.trial);
            answer = self.newton(z, &mut trial);
            spent += steps + answer.iterations;
            let found = answer.converged && answer.g.im > 0.0;
            if found {
                t.copy_from_slice(&trial);
            }
            self.trial = trial;
            if found {
                break;
            }
            answer.converged = false;
        }
        Answer { iterations: spent, ..answer }
    }

    fn residual(&self, t: &[Complex]) -> f64 {
        let mut worst = 0.0f64;
        for (t, f) in t.iter().zip(&self.state.image) {
            let miss = (*t - *f).abs() / f.abs().max(f64::MIN_POSITIVE);
            // max() would drop a NaN.
            worst = if miss.is_nan() { return f64::NAN } else { worst.max(miss) };
        }
        worst
    }

    /// Solves (1 - J) d = F - t into `self.step`; false if the matrix is singular.
    fn newton_step(&mut self, t: &[Complex]) -> bool {
        let m = t.len();
        let matrix = &mut self.state.jacobian;
        for (i, entry) in matrix.iter_mut().enumerate() {
            *entry = if i / m == i % m { Complex::ONE - *entry } else { -*entry };
        }
        self.step.clear();
        self.step.extend(t.iter().zip(&self.state.image).map(|(t, f)| *f - *t));
        eliminate(matrix, &mut self.step, m)
    }
}

fn angle(g: Complex) -> f64 {
    if g.im > 0.0 { g.im / g.abs() } else { 0.0 }
}

/// Gaussian elimination with row exchanges of the m x m system; false if it is singular.
fn eliminate(a: &mut [Complex], b: &mut [Complex], m: usize) -> bool {
    for k in 0..m {
        let mut pivot = k;
        for i in k + 1..m {
            if a[i * m + k].abs() > a[pivot * m + k].abs() {
                pivot = i;
            }
        }
        let size = a[pivot * m + k].abs();
        if !(size.is_finite() && size > 0.0) {
            return false;
        }
        if pivot != k {
            (0..m).for_each(|j| a.swap(k * m + j, pivot * m + j));
            b.swap(k, pivot);
        }
        let inverse = a[k * m + k].recip();
        for i in k + 1..m {
            let factor = a[i * m + k] * inverse;
            for j in k..m {
                let above = a[k * m + j];
                a[i * m + j] = a[i * m + j] - factor * above;
            }
            b[i] = b[i] - factor * b[k];
        }
    }
    for k in (0..m).rev() {
        let mut sum = b[k];
        for j in k + 1..m {
            sum = sum - a[k * m + j] * b[j];
        }
        b[k] = sum / a[k * m + k];
    }
    b.iter().all(|x| x.is_finite())
}
