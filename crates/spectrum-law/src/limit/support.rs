//! Where a limit law has its mass: the intervals of the support, with their edges.
//!
//! A first scan finds points inside and outside, a second one looks between the outermost of them; each change from one to
//! the other is an edge. At an ordinary (soft) edge e the density grows like the root of the distance, so that (Im g)^2 is
//! a smooth function with a simple zero at e: the secant method from inside finds it to rounding in about ten points.

use super::chain::Chain;
use super::complex::Complex;
use super::solve::{Answer, Solver};

/// One interval of the support.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Interval {
    pub low: f64,
    pub high: f64,
    /// The density grows like (x - low)^(2/power - 1): power 1 at a soft edge (a root, by the coordinate used there), k + 1
    /// at a hard edge with density (x - low)^(-k/(k+1)).
    pub hard: Option<u32>,
}

/// Counts what the search and the grid spent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spent {
    pub points: usize,
    pub iterations: usize,
}

impl Spent {
    pub(crate) fn add(&mut self, answer: &Answer) {
        self.points += 1;
        self.iterations += answer.iterations;
    }
}

struct Scan {
    x: f64,
    inside: bool,
    g: Complex,
    t: Vec<Complex>,
}

/// The intervals of the support of chain + shift, ascending. `density` multiplies the number of points scanned, `extra` are
/// more places to look at (in absolute eigenvalues).
pub(crate) fn intervals(
    chain: &Chain,
    shift: f64,
    solver: &mut Solver<'_>,
    density: usize,
    extra: &[f64],
    spent: &mut Spent,
) -> Vec<Interval> {
    let (low, high) = chain.bounds();
    let (low, high) = (low + shift, high + shift);
    let width = high - low;
    if width <= 0.0 {
        return Vec::new();
    }
    let mut look: Vec<f64> = extra.to_vec();
    look.extend(chain.images().iter().map(|x| x + shift));
    let fine = 100 * density;
    look.extend((0..=fine).map(|j| low + width * 10f64.powf(-12.0 * j as f64 / fine as f64)));
    look.extend((1..fine).map(|j| low + width * j as f64 / fine as f64));
    // Just outside the bounds, so that an edge on a bound is a change from outside to inside.
    look.push(low - 1e-3 * width);
    look.push(high + 1e-3 * width);
    let atoms: Vec<f64> = chain.atoms().iter().map(|a| a.0 + shift).collect();
    let mut seen: Vec<Scan> = Vec::new();
    scan(solver, &mut look, &atoms, width, &mut seen, spent);
    let inside: Vec<f64> = seen.iter().filter(|s| s.inside).map(|s| s.x).collect();
    if let (Some(a), Some(b)) = (inside.first(), inside.last()) {
        let mut between: Vec<f64> = (1..2 * fine).map(|j| a + (b - a) * j as f64 / (2 * fine) as f64).collect();
        scan(solver, &mut between, &atoms, width, &mut seen, spent);
    }
    let mut found = Vec::new();
    let mut open: Option<(f64, Option<u32>)> = None;
    for pair in seen.windows(2) {
        let (left, right) = (&pair[0], &pair[1]);
        match (left.inside, right.inside) {
            (false, true) => {
                let hard = hardness(solver, left.x.max(low), right, width, spent);
                let edge = match hard {
                    Some(_) => low,
                    None => edge(solver, right, left.x, width, spent),
                };
                open = Some((edge, hard));
            }
            (true, false) => {
                let high = edge(solver, left, right.x, width, spent);
                if let Some((low, hard)) = open.take()
                    && high > low
                {
                    found.push(Interval { low, high, hard });
                }
            }
            _ => {}
        }
    }
    found
}

fn scan(
    solver: &mut Solver<'_>,
    look: &mut Vec<f64>,
    atoms: &[f64],
    width: f64,
    seen: &mut Vec<Scan>,
    spent: &mut Spent,
) {
    look.sort_by(f64::total_cmp);
    look.dedup();
    // At an atom itself the transform is infinite.
    look.retain(|x| atoms.iter().all(|a| (x - a).abs() > 1e-13 * width));
    let mut warm: Option<Vec<Complex>> = None;
    for &x in look.iter() {
        let mut t = Vec::new();
        let answer = solver.on_axis(x, warm.as_deref(), &mut t);
        spent.add(&answer);
        let inside = answer.g.im > 0.0;
        warm = inside.then(|| t.clone());
        seen.push(Scan { x, inside, g: answer.g, t });
    }
    seen.sort_by(|a, b| a.x.total_cmp(&b.x));
    seen.dedup_by(|a, b| a.x == b.x);
}

/// Whether the density grows without bound towards the lower bound `low`, and how: with exponent -k/(k+1), k + 1.
fn hardness(solver: &mut Solver<'_>, low: f64, first: &Scan, width: f64, spent: &mut Spent) -> Option<u32> {
    // Only where the scan found mass as near to the bound as it looked.
    if first.x - low > 2e-12 * width {
        return None;
    }
    let mut t = Vec::new();
    let mut at = |distance: f64| {
        let answer = solver.on_axis(low + distance * width, Some(&first.t), &mut t);
        spent.add(&answer);
        answer.g.im
    };
    let (near, far) = (at(1e-11), at(1e-9));
    if !(near > far && far > 0.0) {
        return None;
    }
    let slope = (near / far).ln() / 1e-2f64.ln();
    // slope = -k/(k+1), so 1/(1 + slope) = k + 1.
    Some((1.0 / (1.0 + slope.max(-0.95))).round().clamp(2.0, 20.0) as u32)
}

/// The edge between a point inside and a place outside.
fn edge(solver: &mut Solver<'_>, from: &Scan, mut out: f64, width: f64, spent: &mut Spent) -> f64 {
    let mut t = from.t.clone();
    let (mut x, mut v) = (from.x, from.g.im.powi(2));
    let mut before: Option<(f64, f64)> = None;
    let precision = |x: f64| 4.0 * f64::EPSILON * x.abs() + 1e-15 * width;
    for _ in 0..200 {
        if (out - x).abs() <= precision(x) {
            break;
        }
        // Where the secant through the last two points inside meets zero, and a little to either side of it.
        let mut tries = [0.5 * (x + out); 2];
        let mut count = 1;
        if let Some((x0, v0)) = before
            && v0 > v
        {
            let zero = x + (x - x0) * v / (v0 - v);
            let margin = (1e-2 * (zero - x)).abs().max(precision(x)) * (out - x).signum();
            let within = |p: f64| (p - x) * (p - out) < 0.0;
            let (inner, outer) = (zero - margin, zero + margin);
            if within(inner) {
                tries[0] = inner;
                if within(outer) {
                    tries[1] = outer;
                    count = 2;
                }
            }
        }
        for &p in &tries[..count] {
            let mut trial = Vec::new();
            let answer = solver.on_axis(p, Some(&t), &mut trial);
            spent.add(&answer);
            if answer.g.im > 0.0 {
                before = Some((x, v));
                (x, v, t) = (p, answer.g.im.powi(2), trial);
            } else {
                out = p;
                break;
            }
        }
    }
    x
}
