//! A limit law on its grid.

use std::f64::consts::PI;

use crate::LawError;

use super::chain::Chain;
use super::complex::Complex;
use super::grid::{Findings, MOST_POINTS, Piece, Plan};
use super::settings::{Certificate, Note, Settings};
use super::solve::Solver;
use super::support::{intervals, parts};

/// Points that an interval may have, however many intervals there are: a plain band has about a hundred.
const LEAST_BUDGET: usize = 500;
/// How often intervals are parted at a gap that the search for the support has missed.
const MOST_PARTINGS: usize = 2000;

/// The limiting spectral law of a kernel matrix: density, distribution, quantiles, atoms and edges, and a certificate.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitLaw {
    /// In the coordinate y of x = factor (y + shift): a kernel close to a multiple of the identity keeps its digits.
    pieces: Vec<Piece>,
    atoms: Vec<(f64, f64)>,
    edges: Vec<(f64, f64)>,
    grid: Vec<f64>,
    density: Vec<f64>,
    mass: f64,
    mean: f64,
    certificate: Certificate,
    notes: Vec<Note>,
    chain: Chain,
    shift: f64,
    factor: f64,
    settings: Settings,
}

impl LimitLaw {
    /// The law of shift + chain.
    pub(crate) fn solve(chain: Chain, shift: f64, notes: Vec<Note>, settings: &Settings) -> Self {
        let atoms = chain.atoms();
        let held: f64 = atoms.iter().map(|a| a.1).sum();
        let mut findings = Findings::default();
        let mut pieces = Vec::new();
        // A law of atoms alone has no support to look for.
        if held < 1.0 - 1e-12 {
            let mut solver = Solver::new(&chain, 0.0, settings.tolerance, settings.max_iterations);
            let found = intervals(&chain, &mut solver, &mut findings.spent);
            let pieces_to_be = found.len().max(1);
            let most = MOST_POINTS.max(4 * settings.points);
            let mut plan = Plan {
                atoms: &atoms,
                depth: chain.depth(),
                cells: (settings.points / 4 / pieces_to_be).max(2),
                tolerance: (1e-3 * settings.mass_tolerance / pieces_to_be as f64).max(4.0 * chain.mass_rounding()),
                most,
                part: true,
            };
            let (mut partings, mut points) = (0, 0);
            let mut todo: Vec<_> = found.into_iter().rev().collect();
            while let Some(interval) = todo.pop() {
                // One interval may need most of the points: it gets a quarter of what is left.
                let pieces_to_be = pieces.len() + todo.len() + 1;
                plan.most = (most / pieces_to_be).max(most.saturating_sub(points) / 4).max(LEAST_BUDGET);
                plan.part = partings < MOST_PARTINGS;
                match Piece::build(interval, &plan, &mut solver, &mut findings) {
                    Ok(piece) => {
                        points += piece.x.len();
                        pieces.push(piece);
                    }
                    Err(gap) => {
                        partings += 1;
                        todo.extend(parts(&chain, &mut solver, interval, gap, &mut findings.spent).into_iter().rev());
                    }
                }
            }
        }
        let mass = held + pieces.iter().map(|p| p.integrated.0).sum::<f64>();
        let mean = atoms.iter().map(|(x, p)| x * p).sum::<f64>() + pieces.iter().map(|p| p.integrated.1).sum::<f64>();
        let (mass_error, mean_error) = (mass - 1.0, mean - chain.mean());
        let upper = pieces.last().map_or(1.0, Piece::high).max(chain.mean());
        let whole = mass_error.abs() <= settings.mass_tolerance && mean_error.abs() <= settings.mass_tolerance * upper;
        let certificate = Certificate {
            converged: findings.unconverged == 0 && whole,
            residual: findings.residual,
            iterations: findings.spent.iterations,
            points: findings.spent.points,
            unconverged: findings.unconverged,
            mass_error,
            mean_error,
        };
        let edges = pieces.iter().map(|p| (p.low + shift, p.high() + shift)).collect();
        let atoms = atoms.into_iter().map(|(x, p)| (x + shift, p)).collect();
        // The mean is linear in the mass, which is 1 up to its error.
        let mean = mean + shift * mass;
        let points = || pieces.iter().flat_map(|p| p.x.iter().zip(&p.density)).filter(|(_, d)| d.is_finite());
        let grid = points().map(|p| *p.0 + shift).collect();
        let density = points().map(|p| *p.1).collect();
        let settings = *settings;
        Self {
            grid,
            density,
            pieces,
            atoms,
            edges,
            mass,
            mean,
            certificate,
            notes,
            chain,
            shift,
            factor: 1.0,
            settings,
        }
    }

    /// Eigenvalues at which [`density`](Self::density) is given, ascending. Interval after interval of the support, both
    /// edges of each included (a hard edge, where the density is infinite, is not).
    #[must_use]
    pub fn grid(&self) -> &[f64] {
        &self.grid
    }

    /// Density of the continuous part at the points of [`grid`](Self::grid), probability per unit of eigenvalue.
    #[must_use]
    pub fn density(&self) -> &[f64] {
        &self.density
    }

    /// Density of the continuous part at `x`: the equations solved there, not interpolated. 0 outside the support; infinite
    /// at a hard edge.
    #[must_use]
    pub fn pdf(&self, x: f64) -> f64 {
        let Some((piece, edges)) = self.pieces.iter().zip(&self.edges).find(|(_, e)| e.0 <= x && x <= e.1) else {
            return 0.0;
        };
        if x == edges.0 || x == edges.1 {
            return if x == edges.0 { piece.density[0] } else { 0.0 };
        }
        let y = self.local(x);
        let theta = piece.angle(y);
        let depth = self.chain.depth();
        let at = depth * piece.nearest(theta);
        let mut solver = self.solver();
        let mut t = Vec::new();
        let answer = solver.on_axis(y, Some(&piece.traces[at..at + depth]), &mut t);
        if answer.converged {
            answer.g.im / (PI * self.factor)
        } else {
            piece.interpolate(theta) / piece.slope(theta) / self.factor
        }
    }

    /// Share of the eigenvalues at or below `x`, atoms included. At the grid points exact (no integration: the equations give
    /// the distribution function too), interpolated in between.
    #[must_use]
    pub fn cdf(&self, x: f64) -> f64 {
        self.below(x, true)
    }

    /// Distribution function at x, with or without an atom at x itself.
    pub(super) fn below(&self, x: f64, with: bool) -> f64 {
        let atoms: f64 = self.atoms.iter().filter(|a| a.0 < x || (with && a.0 == x)).map(|a| a.1).sum();
        atoms + self.continuous_below(self.local(x))
    }

    fn local(&self, x: f64) -> f64 {
        x / self.factor - self.shift
    }

    fn global(&self, y: f64) -> f64 {
        self.factor * (y + self.shift)
    }

    /// Within a cell of the grid interpolated, at its ends exact.
    fn continuous_below(&self, y: f64) -> f64 {
        match self.pieces.iter().rev().find(|p| p.low < y) {
            Some(p) if y < p.high() => p.start + p.mass_below(p.angle(y)),
            Some(p) => p.start + p.total(),
            None => 0.0,
        }
    }

    /// The smallest eigenvalue at or below which a share `probability` lies; within a gap of the support its lower end.
    ///
    /// # Errors
    /// [`LawError::Probability`] outside 0..=1.
    pub fn quantile(&self, probability: f64) -> Result<f64, LawError> {
        if !(0.0..=1.0).contains(&probability) {
            return Err(LawError::Probability(probability));
        }
        for &(x, p) in &self.atoms {
            let below = self.below(x, false);
            if below < probability && probability <= below + p {
                return Ok(x);
            }
        }
        let smallest =
            || self.atoms.iter().map(|a| a.0).chain(self.edges.iter().map(|e| e.0)).fold(f64::INFINITY, f64::min);
        if probability == 0.0 {
            return Ok(smallest());
        }
        let held = |y: f64| self.atoms.iter().filter(|a| self.local(a.0) <= y).map(|a| a.1).sum::<f64>();
        for piece in &self.pieces {
            if held(piece.high()) + piece.start + piece.total() < probability {
                continue;
            }
            let (mut low, mut high) = (0.0, PI);
            for _ in 0..60 {
                let mid = 0.5 * (low + high);
                let below = held(piece.place(mid)) + piece.start + piece.mass_below(mid);
                if below < probability { low = mid } else { high = mid }
            }
            return Ok(self.global(piece.place(0.5 * (low + high))));
        }
        // The mass is 1 only within its tolerance.
        Ok(self.largest())
    }

    pub(super) fn largest(&self) -> f64 {
        self.atoms.iter().map(|a| a.0).chain(self.edges.iter().map(|e| e.1)).fold(0.0, f64::max)
    }

    /// Atoms (eigenvalue, mass), ascending.
    #[must_use]
    pub fn atoms(&self) -> &[(f64, f64)] {
        &self.atoms
    }

    /// Intervals (lower edge, upper edge) of the continuous part, ascending.
    #[must_use]
    pub fn edges(&self) -> &[(f64, f64)] {
        &self.edges
    }

    /// Integrated mass, atoms included: 1 up to the error of the integration. Not used to rescale anything.
    #[must_use]
    pub fn mass(&self) -> f64 {
        self.mass
    }

    /// Integrated mean eigenvalue, atoms included.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// What these numbers are worth.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// What to know about the premises: an even or linear activation, a population whose mean is not 1.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The Stieltjes transform m(z) = int 1/(x - z) dmu(x), by the equations at z itself (no grid).
    ///
    /// # Errors
    /// [`LawError::RealAxis`] for a real or non-finite z, [`LawError::NoFixedPoint`] without convergence.
    pub fn stieltjes(&self, z: Complex) -> Result<Complex, LawError> {
        if !z.is_finite() || z.im == 0.0 {
            return Err(LawError::RealAxis { re: z.re, im: z.im });
        }
        let upper = Complex::new(z.re, z.im.abs());
        let mut t = Vec::new();
        let answer = self.solver().above_axis(upper * (1.0 / self.factor) - Complex::real(self.shift), &mut t);
        if !answer.converged {
            return Err(LawError::NoFixedPoint { residual: answer.residual });
        }
        let m = answer.g * (1.0 / self.factor);
        Ok(if z.im > 0.0 { m } else { m.conj() })
    }

    /// The law of `factor` times the eigenvalue: for comparing shapes after matching traces.
    ///
    /// # Errors
    /// [`LawError::Factor`] unless the factor is positive and finite.
    pub fn scaled(&self, factor: f64) -> Result<Self, LawError> {
        if !(factor.is_finite() && factor > 0.0) {
            return Err(LawError::Factor(factor));
        }
        let mut law = self.clone();
        law.atoms.iter_mut().for_each(|a| a.0 *= factor);
        law.edges.iter_mut().for_each(|e| *e = (e.0 * factor, e.1 * factor));
        law.grid.iter_mut().for_each(|x| *x *= factor);
        law.density.iter_mut().for_each(|d| *d /= factor);
        law.mean *= factor;
        law.factor *= factor;
        Ok(law)
    }

    fn solver(&self) -> Solver<'_> {
        Solver::new(&self.chain, 0.0, self.settings.tolerance, self.settings.max_iterations)
    }
}
