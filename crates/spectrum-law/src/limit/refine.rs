//! The cells of an interval's grid, halved where they must be.
//!
//! Cells are halved until Simpson's rule gives the mass that the cell exactly has (`Chain::mass_below`), so that a feature
//! between the points does not go unnoticed; the worst one first, so that what a limited number of points leaves is spread
//! over all of them. A gap that the search for the support has missed shows as a point without density: the interval is then
//! handed back to be parted there, as the roots of the density at the gap's edges would take hundreds of cells each.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::f64::consts::PI;

use super::complex::Complex;
use super::grid::Findings;
use super::solve::Solver;

/// Halvings of one cell, at most.
const DEEPEST: usize = 24;
/// A gap has at least this much mass on either side within the interval: less is the rounding of an edge.
const LEAST_BESIDE_GAP: f64 = 1e-9;

/// Places in an interval, ascending, at least one of them in a gap.
pub(crate) type Gap = Vec<f64>;

/// A point of the grid.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub theta: f64,
    pub x: f64,
    /// density * dx/dtheta.
    pub w: f64,
    pub density: f64,
    /// Continuous mass below x, exact.
    pub below: f64,
    pub t: Vec<Complex>,
    /// Solved, with no density.
    outside: bool,
}

/// Five neighbouring points, two of Simpson's parabolas.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cell {
    nodes: [usize; 5],
    depth: usize,
    /// Error of the mass over the one allowed.
    excess: f64,
}

impl Eq for Cell {}

impl Ord for Cell {
    fn cmp(&self, other: &Self) -> Ordering {
        self.excess.total_cmp(&other.excess).then_with(|| self.nodes.cmp(&other.nodes))
    }
}

impl PartialOrd for Cell {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

pub(crate) struct Builder<'s, 'c> {
    pub solver: &'s mut Solver<'c>,
    pub low: f64,
    pub width: f64,
    pub power: f64,
    /// Error allowed to each cell's integral.
    pub tolerance: f64,
    pub atoms: &'s [(f64, f64)],
    /// In the order they were solved in; the coarse grid, ends included, is the caller's.
    pub nodes: Vec<Node>,
    /// Mass below the points that a gap may lie at: none if the interval is not to be parted.
    pub gaps: Option<(f64, f64)>,
    pub findings: &'s mut Findings,
}

impl Builder<'_, '_> {
    fn position(&self, theta: f64) -> (f64, f64) {
        let (sin, cos) = (0.5 * theta).sin_cos();
        let slope = 0.5 * self.width * self.power * sin.powf(self.power - 1.0) * cos;
        (self.low + self.width * sin.powf(self.power), slope)
    }

    fn continuous_below(&mut self, x: f64, t: &[Complex]) -> f64 {
        let held: f64 = self.atoms.iter().filter(|a| a.0 < x).map(|a| a.1).sum();
        self.solver.mass_below(x, t) - held
    }

    pub(crate) fn node(&mut self, theta: f64, warm: &[Complex]) -> Node {
        let (x, slope) = self.position(theta);
        let mut t = Vec::new();
        let warm = warm.iter().any(|t| t.im > 0.0).then_some(warm);
        let answer = self.solver.on_axis(x, warm, &mut t);
        self.findings.spent.add(&answer);
        if answer.converged {
            self.findings.residual = self.findings.residual.max(answer.residual);
        } else {
            self.findings.unconverged += 1;
            self.findings.residual = self.findings.residual.max(answer.residual.min(f64::MAX));
        }
        let density = if answer.g.im.is_finite() { answer.g.im / PI } else { 0.0 };
        let below = self.continuous_below(x, &t);
        let outside = answer.converged && answer.g.im == 0.0;
        Node { theta, x, w: density * slope, density, below, t, outside }
    }

    /// An edge: no density (infinite at a hard edge, which the caller sees to), and the mass below it.
    pub(crate) fn end(&mut self, theta: f64, x: f64, depth: usize) -> Node {
        let mut t = Vec::new();
        let answer = self.solver.on_axis(x, None, &mut t);
        self.findings.spent.add(&answer);
        let below = self.continuous_below(x, &t);
        Node { theta, x, w: 0.0, density: 0.0, below, t: vec![Complex::ZERO; depth], outside: false }
    }

    /// The places of these points, less the interval's ends, if one of them lies in a gap.
    fn gap(&self, nodes: &[usize]) -> Result<(), Gap> {
        let Some((low, high)) = self.gaps else { return Ok(()) };
        let nodes = || nodes.iter().map(|i| &self.nodes[*i]);
        let within = |n: &Node| n.outside && n.below > low && n.below < high;
        if !nodes().any(within) {
            return Ok(());
        }
        let inner = nodes().filter(|n| n.theta > 0.0 && n.theta < PI && (!n.outside || within(n)));
        Err(inner.map(|n| n.x).collect())
    }

    /// The cell of three points, with the two between them.
    fn cell(&mut self, [a, m, b]: [usize; 3], depth: usize) -> Result<Cell, Gap> {
        let middle = self.nodes[m].clone();
        for end in [a, b] {
            let node = self.node(0.5 * (self.nodes[end].theta + middle.theta), &middle.t);
            self.nodes.push(node);
        }
        let nodes = [a, self.nodes.len() - 2, m, self.nodes.len() - 1, b];
        self.gap(&nodes)?;
        let [a, left, m, right, b] = nodes.map(|i| &self.nodes[i]);
        let exact = b.below - a.below;
        let halves = simpson(a, left, m) + simpson(m, right, b);
        let half = (simpson(a, left, m) - (m.below - a.below)).abs();
        let allowed = self.tolerance * (1.0 + 100.0 * exact);
        Ok(Cell { nodes, depth, excess: (halves - exact).abs().max(half) / allowed })
    }

    /// The grid that the coarse one in `nodes` refines to, ascending, of about `most` points at most; or, if the interval may
    /// be parted, where it is to be.
    pub(crate) fn refined(mut self, most: usize, part: bool) -> Result<Vec<Node>, Gap> {
        let coarse: Vec<usize> = (0..self.nodes.len()).collect();
        if part && let [first, .., last] = self.nodes.as_slice() {
            self.gaps = Some((first.below + LEAST_BESIDE_GAP, last.below - LEAST_BESIDE_GAP));
        }
        self.gap(&coarse)?;
        let mut open = BinaryHeap::new();
        let mut new = Vec::new();
        for three in coarse.windows(3).step_by(2) {
            new.push(self.cell([three[0], three[1], three[2]], 0)?);
        }
        loop {
            // An excess that is not a number is not above 1 either.
            open.extend(new.drain(..).filter(|c| c.excess > 1.0 && c.depth < DEEPEST));
            if self.nodes.len() >= most {
                break;
            }
            let Some(Cell { nodes: [a, left, m, right, b], depth, .. }) = open.pop() else { break };
            new.push(self.cell([a, left, m], depth + 1)?);
            new.push(self.cell([m, right, b], depth + 1)?);
        }
        // Every point is in a cell, however often it was halved.
        self.nodes.sort_by(|a, b| a.theta.total_cmp(&b.theta));
        Ok(self.nodes)
    }
}

/// Simpson's rule for the mass from a to b.
pub(crate) fn simpson(a: &Node, m: &Node, b: &Node) -> f64 {
    (b.theta - a.theta) / 6.0 * (a.w + 4.0 * m.w + b.w)
}
