//! Where a limit law has its mass: the intervals of the support, with their edges.
//!
//! A scan finds points inside and outside. The mass below a point is known exactly, without integration
//! (`Chain::mass_below`): where it differs between two neighbouring points outside, and no atom accounts for it, a band
//! hides between them and is found by halving. A gap that the scan has stepped over is left to the grid, which meets it where
//! the density does not integrate to the known mass, and has the interval parted (`parts`). Each change from outside to inside is an edge. At an ordinary (soft) edge e the density grows like the root of the distance, so that (Im g)^2 is
//! a smooth function with a simple zero at e: the secant method from inside finds it to rounding in about ten points.

use super::chain::Chain;
use super::complex::Complex;
use super::solve::{Answer, Solver};

/// One interval of the support.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Interval {
    pub low: f64,
    pub high: f64,
    /// k + 1 at a hard lower edge, where the density grows like (x - low)^(-k/(k+1)); none at a soft one.
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

/// Points of the scan, in each of its two spacings.
const SCAN: usize = 100;
/// Points spent on bands hidden between those of the scan, at most.
const MOST_HIDDEN: usize = 4000;
/// How often the gaps are searched once more.
const ROUNDS: usize = 6;
/// How often an interval's edge is approached, each time to a quarter of the distance, for a point inside.
const NEARER: i32 = 30;
/// A band that holds less than this is not looked for.
const LEAST_MASS: f64 = 1e-9;

struct Scan {
    x: f64,
    inside: bool,
    g: Complex,
    t: Vec<Complex>,
    /// Mass at or below x; only outside.
    below: f64,
}

/// The intervals of the support of the chain, ascending.
pub(crate) fn intervals(chain: &Chain, solver: &mut Solver<'_>, spent: &mut Spent) -> Vec<Interval> {
    let (low, high) = chain.bounds();
    let width = high - low;
    if width <= 0.0 {
        return Vec::new();
    }
    // A band lies about each image of a point, if those are few and far between.
    let mut look: Vec<f64> = if chain.base.len() <= SCAN { chain.images() } else { Vec::new() };
    look.extend((0..=SCAN).map(|j| low + width * 10f64.powf(-12.0 * j as f64 / SCAN as f64)));
    look.extend((1..SCAN).map(|j| low + width * j as f64 / SCAN as f64));
    // Just outside the bounds, so that an edge on a bound is a change from outside to inside.
    look.push(low - 1e-3 * width);
    look.push(high + 1e-3 * width);
    let atoms = chain.atoms();
    let mut search =
        Search { solver, atoms: &atoms, width, least: LEAST_MASS.max(chain.mass_rounding()), met: 0, spent };
    let seen = search.scan(look);
    search.settle(seen, low, None)
}

/// The intervals that `whole` falls into, by places of it of which at least one lies in a gap.
pub(crate) fn parts(
    chain: &Chain,
    solver: &mut Solver<'_>,
    whole: Interval,
    places: Vec<f64>,
    spent: &mut Spent,
) -> Vec<Interval> {
    let (low, high) = chain.bounds();
    let atoms = chain.atoms();
    let least = LEAST_MASS.max(chain.mass_rounding());
    let mut search = Search { solver, atoms: &atoms, width: high - low, least, met: 0, spent };
    let mut seen = search.scan(places);
    // Between the interval's edge and the gap there is mass, near the edge if nowhere else.
    for (end, first) in [(whole.low, true), (whole.high, false)] {
        let Some(beside) = (if first { seen.first() } else { seen.last() }) else { continue };
        if beside.inside {
            continue;
        }
        let distance = beside.x - end;
        let mut nearer = (1..=NEARER).map(|k| end + distance * 0.25f64.powi(k));
        if let Some(point) = nearer.find_map(|x| Some(search.look(x, None)).filter(|s| s.inside)) {
            seen.insert(if first { 0 } else { seen.len() }, point);
        }
    }
    search.settle(seen, low, Some(whole))
}
/// The bands that the points tell of, and the gaps between them (from just above one edge to just below the next). Points
/// at either end that lie inside belong to the interval `whole`, which they part.
fn bands(
    seen: &[Scan],
    solver: &mut Solver<'_>,
    low: f64,
    width: f64,
    whole: Option<Interval>,
    spent: &mut Spent,
) -> (Vec<Interval>, Vec<(f64, f64)>) {
    let (mut found, mut gaps) = (Vec::new(), Vec::new());
    let mut open = whole.filter(|_| seen.first().is_some_and(|s| s.inside)).map(|i| (i.low, i.hard));
    let mut above = seen.first().map_or(low, |s| s.x);
    for pair in seen.windows(2) {
        let (left, right) = (&pair[0], &pair[1]);
        match (left.inside, right.inside) {
            (false, true) => {
                let hard = hardness(solver, low, right, width, spent);
                let (edge, beside) = match hard {
                    Some(_) => (low, left.x),
                    None => edge(solver, right, left.x, width, spent),
                };
                if beside > above {
                    gaps.push((above, beside));
                }
                open = Some((edge, hard));
            }
            (true, false) => {
                let (high, beside) = edge(solver, left, right.x, width, spent);
                above = beside;
                if let Some((low, hard)) = open.take()
                    && high > low
                {
                    found.push(Interval { low, high, hard });
                }
            }
            _ => {}
        }
    }
    match (seen.last(), open, whole) {
        (Some(last), Some((low, hard)), Some(whole)) if last.inside => {
            found.push(Interval { low, high: whole.high, hard });
        }
        (Some(last), _, _) if !last.inside && last.x > above => gaps.push((above, last.x)),
        _ => {}
    }
    (found, gaps)
}

struct Search<'s, 'c> {
    solver: &'s mut Solver<'c>,
    atoms: &'s [(f64, f64)],
    width: f64,
    least: f64,
    met: usize,
    spent: &'s mut Spent,
}

impl Search<'_, '_> {
    fn look(&mut self, x: f64, warm: Option<&[Complex]>) -> Scan {
        let mut t = Vec::new();
        let answer = self.solver.on_axis(x, warm, &mut t);
        self.spent.add(&answer);
        let inside = answer.g.im > 0.0;
        let below = if inside { 0.0 } else { self.solver.mass_below(x, &t) };
        Scan { x, inside, g: answer.g, t, below }
    }

    fn scan(&mut self, mut look: Vec<f64>) -> Vec<Scan> {
        look.sort_by(f64::total_cmp);
        look.dedup();
        // At an atom itself the transform is infinite.
        look.retain(|x| self.atoms.iter().all(|a| (x - a.0).abs() > 1e-13 * self.width));
        let mut seen: Vec<Scan> = Vec::with_capacity(look.len());
        for &x in &look {
            let warm = seen.last().filter(|s| s.inside).map(|s| s.t.clone());
            let point = self.look(x, warm.as_deref());
            seen.push(point);
        }
        seen
    }

    /// The intervals that the points tell of, and those hidden between them.
    fn settle(&mut self, mut seen: Vec<Scan>, low: f64, whole: Option<Interval>) -> Vec<Interval> {
        let hidden: Vec<Scan> = seen.windows(2).flat_map(|pair| self.hidden(&pair[0], &pair[1])).collect();
        seen.extend(hidden);
        // An edge found between a point outside and one inside may be that of another band, with one or more hidden between
        // them: the mass on the gaps' two sides tells.
        let mut found = Vec::new();
        for _ in 0..ROUNDS {
            seen.sort_by(|a, b| a.x.total_cmp(&b.x));
            let gaps;
            (found, gaps) = bands(&seen, self.solver, low, self.width, whole, self.spent);
            let mut more = Vec::new();
            for (a, b) in gaps {
                let (a, b) = (self.look(a, None), self.look(b, None));
                let met = self.hidden(&a, &b);
                if met.iter().any(|s| s.inside) {
                    // The gap's own ends part the new bands from the old ones.
                    more.extend([a, b]);
                    more.extend(met);
                }
            }
            if more.is_empty() {
                break;
            }
            seen.extend(more);
        }
        found
    }

    /// Points within the bands hidden between two neighbours outside, and the points outside met on the way.
    fn hidden(&mut self, left: &Scan, right: &Scan) -> Vec<Scan> {
        let mut met = Vec::new();
        let mut open = vec![(left.x, left.below, left.inside, right.x, right.below, right.inside, 0)];
        while let Some((a, fa, a_in, b, fb, b_in, depth)) = open.pop() {
            let held: f64 = self.atoms.iter().filter(|p| p.0 > a && p.0 < b).map(|p| p.1).sum();
            if a_in || b_in || fb - fa - held <= self.least || depth > 60 || self.met >= MOST_HIDDEN {
                continue;
            }
            let mut mid = 0.5 * (a + b);
            if self.atoms.iter().any(|p| (mid - p.0).abs() <= 1e-13 * self.width) {
                mid = a + 0.51 * (b - a);
            }
            if !(mid > a && mid < b) {
                continue;
            }
            let point = self.look(mid, None);
            open.push((a, fa, false, mid, point.below, point.inside, depth + 1));
            open.push((mid, point.below, point.inside, b, fb, false, depth + 1));
            self.met += 1;
            met.push(point);
        }
        met
    }
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

/// The edge between a point inside and a place outside: the last point inside and the first one outside.
fn edge(solver: &mut Solver<'_>, from: &Scan, mut out: f64, width: f64, spent: &mut Spent) -> (f64, f64) {
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
    (x, out)
}
