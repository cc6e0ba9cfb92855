//! The grid of one interval of the support: an angle in which the density is smooth, refined where it is not.
//!
//! x = low + W sin^q(theta/2), theta in 0..pi. At a soft edge (q = 2) the density is a root of the distance, so that
//! w = density dx/dtheta is smooth and vanishes at both ends: the points gather quadratically at the edges, and the steep
//! rise near a lower edge close to zero, which a uniform grid misses, is resolved. At a hard edge with density
//! x^(-k/(k+1)) the power q = k + 1 keeps w finite. Cells are halved until Simpson's rule gives the mass that they exactly
//! have (`refine`).

use std::f64::consts::PI;

use super::complex::Complex;
use super::refine::{Builder, Gap, simpson};
use super::solve::Solver;
use super::support::{Interval, Spent};

/// w at a hard edge is extrapolated, by a parabola, from this angle, twice and three times it.
const NEAR_HARD_EDGE: f64 = 2e-3;
/// Points of a law, at most (the certificate says what that leaves).
pub(crate) const MOST_POINTS: usize = 20_000;

/// One interval with its grid: cells of three points each, neighbours sharing one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Piece {
    pub low: f64,
    pub width: f64,
    pub power: f64,
    pub theta: Vec<f64>,
    pub x: Vec<f64>,
    /// density * dx/dtheta.
    pub w: Vec<f64>,
    /// Probability per unit of x; infinite at a hard edge.
    pub density: Vec<f64>,
    /// The traces T at each point, `depth` of them; zeros at the edges.
    pub traces: Vec<Complex>,
    /// Continuous mass below the interval, exact.
    pub start: f64,
    /// Mass of the interval left of every other point, the ends of the cells: exact.
    pub mass: Vec<f64>,
    /// Mass and first moment of the interval by integrating the density.
    pub integrated: (f64, f64),
}

/// How a piece is to be built.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan<'a> {
    /// The law's atoms, at their absolute places.
    pub atoms: &'a [(f64, f64)],
    /// Depth of the chain.
    pub depth: usize,
    /// Cells to begin with: at least 4 * cells + 1 points.
    pub cells: usize,
    /// Error allowed to each cell's integral.
    pub tolerance: f64,
    /// About how many points the piece may have.
    pub most: usize,
    /// Whether the interval is handed back where a gap is found.
    pub part: bool,
}

/// What building a piece found besides.
#[derive(Debug, Clone, Default)]
pub(crate) struct Findings {
    pub spent: Spent,
    pub residual: f64,
    pub unconverged: usize,
}

impl Piece {
    /// The grid of `interval`; or, if that is to be parted, where.
    pub(crate) fn build(
        interval: Interval,
        plan: &Plan<'_>,
        solver: &mut Solver<'_>,
        findings: &mut Findings,
    ) -> Result<Self, Gap> {
        let Plan { atoms, depth, cells, tolerance, most, part } = *plan;
        let power = interval.hard.map_or(2.0, f64::from);
        let (low, width) = (interval.low, interval.high - interval.low);
        let mut b = Builder { solver, low, width, power, tolerance, atoms, nodes: Vec::new(), gaps: None, findings };
        let mut start = b.end(0.0, low, depth);
        if interval.hard.is_some() {
            let mut w = |times: f64| b.node(times * NEAR_HARD_EDGE, &[]).w;
            start.w = (3.0 * (w(1.0) - w(2.0)) + w(3.0)).max(0.0);
            start.density = f64::INFINITY;
            // A hard edge is the law's lower bound, and has no atom.
            start.below = 0.0;
        }
        b.nodes.push(start);
        for half in 1..2 * cells {
            let node = b.node(PI * half as f64 / (2 * cells) as f64, &b.nodes[half - 1].t.clone());
            b.nodes.push(node);
        }
        let stop = b.end(PI, interval.high, depth);
        b.nodes.push(stop);
        let nodes = b.refined(most, part)?;
        let start = nodes[0].below;
        // Rounding must not make the distribution function fall.
        let mut mass = vec![0.0f64];
        let mut integrated = (0.0, 0.0);
        for cell in nodes.windows(3).step_by(2) {
            let last = mass.last().copied().unwrap_or(0.0);
            mass.push(last.max(cell[2].below - start));
            integrated.0 += simpson(&cell[0], &cell[1], &cell[2]);
            let moment = cell[0].x * cell[0].w + 4.0 * cell[1].x * cell[1].w + cell[2].x * cell[2].w;
            integrated.1 += (cell[2].theta - cell[0].theta) / 6.0 * moment;
        }
        Ok(Self {
            low,
            width,
            power,
            theta: nodes.iter().map(|n| n.theta).collect(),
            x: nodes.iter().map(|n| n.x).collect(),
            w: nodes.iter().map(|n| n.w).collect(),
            density: nodes.iter().map(|n| n.density).collect(),
            traces: nodes.into_iter().flat_map(|n| n.t).collect(),
            start,
            mass,
            integrated,
        })
    }

    pub(crate) fn high(&self) -> f64 {
        self.low + self.width
    }

    pub(crate) fn total(&self) -> f64 {
        self.mass.last().copied().unwrap_or(0.0)
    }

    /// The angle of a place within the interval.
    pub(crate) fn angle(&self, x: f64) -> f64 {
        2.0 * ((x - self.low) / self.width).clamp(0.0, 1.0).powf(1.0 / self.power).asin()
    }

    pub(crate) fn place(&self, theta: f64) -> f64 {
        (self.low + self.width * (0.5 * theta).sin().powf(self.power)).clamp(self.low, self.high())
    }

    /// dx/dtheta.
    pub(crate) fn slope(&self, theta: f64) -> f64 {
        let (sin, cos) = (0.5 * theta).sin_cos();
        0.5 * self.width * self.power * sin.powf(self.power - 1.0) * cos
    }

    /// The cell an angle lies in, its parabola's three values, its width, and the angle's place 0..1 within it.
    fn cell(&self, theta: f64) -> (usize, [f64; 3], f64, f64) {
        let cells = self.mass.len() - 1;
        // Ends of the cells are the even points.
        let (mut low, mut high) = (0, cells);
        while high - low > 1 {
            let mid = (low + high) / 2;
            if self.theta[2 * mid] <= theta { low = mid } else { high = mid }
        }
        let i = 2 * low;
        let width = self.theta[i + 2] - self.theta[i];
        let at = ((theta - self.theta[i]) / width).clamp(0.0, 1.0);
        (low, [self.w[i], self.w[i + 1], self.w[i + 2]], width, at)
    }

    /// Index of the grid point nearest to an angle's cell's middle.
    pub(crate) fn nearest(&self, theta: f64) -> usize {
        2 * self.cell(theta).0 + 1
    }

    /// Mass of the interval left of an angle: whole cells exactly, then the integral of the cell's parabola, scaled to the
    /// cell's exact mass.
    pub(crate) fn mass_below(&self, theta: f64) -> f64 {
        let (cell, [f0, f1, f2], width, s) = self.cell(theta);
        let part = s * (f0 + s * (0.5 * (-3.0 * f0 + 4.0 * f1 - f2) + s * (2.0 * f0 - 4.0 * f1 + 2.0 * f2) / 3.0));
        let (start, stop) = (self.mass[cell], self.mass[cell + 1]);
        let whole = (f0 + 4.0 * f1 + f2) / 6.0;
        let share = if whole > 0.0 && width > 0.0 { (part / whole).clamp(0.0, 1.0) } else { s };
        start + (stop - start) * share
    }

    /// w at an angle, by the cell's parabola.
    pub(crate) fn interpolate(&self, theta: f64) -> f64 {
        let (_, [f0, f1, f2], _, s) = self.cell(theta);
        (f0 + s * (-3.0 * f0 + 4.0 * f1 - f2 + s * (2.0 * f0 - 4.0 * f1 + 2.0 * f2))).max(0.0)
    }
}
