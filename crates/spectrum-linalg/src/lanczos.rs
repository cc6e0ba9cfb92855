//! Stochastic Lanczos quadrature on the Gram operator of a matrix that is never formed.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, Par};

use crate::pass::{LANES, Lanes, Pass, pass};
use crate::tridiagonal::{all_vectors, matrix};
use crate::workspace::{Start, area, room};
use crate::{Density, LinalgError, Plan, magnitude};

/// One probe's tridiagonal matrix.
#[derive(Default)]
struct Run {
    diagonal: Vec<f64>,
    off_diagonal: Vec<f64>,
    /// The last off-diagonal element, which lies outside the matrix; 0 where the Krylov space is invariant.
    beyond: f64,
}

impl Plan {
    /// The density of singular values of the `rows` x `cols` matrix in `data` (column-major) by stochastic Lanczos
    /// quadrature: `probes` random vectors of signs from ChaCha8 keyed by `seed`, `steps` Lanczos steps each (at most
    /// min(rows, cols)) with full reorthogonalisation. More probes leave the first ones as they are.
    ///
    /// Costs 4 rows cols flops a step and probe; eight probes share one reading of the matrix, so that probes below a
    /// multiple of eight cost what eight do. Beside the data it needs min(rows, cols) doubles for each of `steps` and
    /// of (at most) eight probes.
    ///
    /// Vectors of signs have the least variance among the usual probes, and none on a diagonal matrix (Hutchinson
    /// 1989; Avron and Toledo 2011): one probe's estimate of a trace of f(W^T W) scatters with the variance
    /// 2 sum_{i != j} f_ij^2.
    ///
    /// # Errors
    /// [`LinalgError::NotFinite`], [`LinalgError::NoConvergence`], [`LinalgError::Length`],
    /// [`LinalgError::TooLarge`], and [`LinalgError::AtLeastOne`] without probes or steps.
    pub fn density(
        &mut self,
        data: &[f64],
        rows: usize,
        cols: usize,
        probes: usize,
        steps: usize,
        seed: u64,
    ) -> Result<Density, LinalgError> {
        if rows.checked_mul(cols) != Some(data.len()) {
            return Err(LinalgError::Length { rows, cols, found: data.len() });
        }
        for (count, what) in [(probes, "the number of probes"), (steps, "the number of Lanczos steps")] {
            if count == 0 {
                return Err(LinalgError::AtLeastOne(what));
            }
        }
        let n = rows.min(cols);
        let steps = steps.min(n);
        let largest = magnitude::largest(data)?;
        let exponent = magnitude::exponent(largest);
        let mut found: Vec<Node> = Vec::new();
        let mut taken = 0;
        if n > 0 && largest == 0.0 {
            let weight = n as f64 / probes as f64;
            found.extend((0..probes).map(|probe| Node { value: 0.0, weight, probe, resolved: true }));
        } else if n > 0 {
            // Half of 2^-exponent before and half after a product: the factor itself may leave the range.
            let half = exponent / 2;
            let a = Pass { data, rows, cols, before: 2f64.powi(-half), after: 2f64.powi(half - exponent) };
            let mut start = Start::new(seed);
            for first in (0..probes).step_by(LANES) {
                let runs = self.lanczos(a, LANES.min(probes - first), steps, &mut start)?;
                for (i, run) in runs.iter().enumerate() {
                    taken = taken.max(run.diagonal.len());
                    self.quadrature(run, n as f64 / probes as f64, first + i, &mut found)?;
                }
            }
        }
        found.sort_by(|a, b| b.value.total_cmp(&a.value));
        let top = found.first().map_or(0.0, |node| node.value);
        let back = |x: f64| magnitude::times_power_of_two(x, exponent);
        let nodes: Vec<f64> = found.iter().map(|node| back(node.value)).collect();
        if nodes.iter().any(|s| !s.is_finite()) {
            return Err(LinalgError::NotFinite);
        }
        Ok(Density {
            rows,
            cols,
            probes,
            steps: taken,
            nodes,
            weights: found.iter().map(|node| node.weight).collect(),
            probe: found.iter().map(|node| node.probe).collect(),
            resolved: found.iter().map(|node| node.resolved).collect(),
            floor: back(top * (n as f64 * f64::EPSILON).sqrt()),
        })
    }

    /// Lanczos on A^T A from `count` (at most eight) vectors of signs, all in step with each other.
    fn lanczos(&mut self, a: Pass<'_>, count: usize, steps: usize, start: &mut Start) -> Result<Vec<Run>, LinalgError> {
        let n = a.rows.min(a.cols);
        let length = area(n, steps)?;
        let bases = room(&mut self.right, area(length, count)?)?;
        let next = room(&mut self.left, n)?;
        let (x, z) = room(&mut self.gram, area(n, 2 * LANES)?)?.split_at_mut(n * LANES);
        let (x, z): (&mut [Lanes], &mut [Lanes]) = (x.as_chunks_mut().0, z.as_chunks_mut().0);
        x.fill([0.0; LANES]);
        let mut projections = vec![0.0; steps];
        let mut runs: Vec<Run> = (0..count).map(|_| Run::default()).collect();
        let mut active: Vec<usize> = (0..count).collect();
        for (p, basis) in bases.chunks_exact_mut(length).enumerate() {
            start.signs(&mut basis[..n]);
            let unit = 1.0 / (n as f64).sqrt();
            basis[..n].iter_mut().zip(&mut *x).for_each(|(q, x)| {
                *q *= unit;
                x[p] = *q * a.before;
            });
        }
        for j in 0..steps {
            let squares = pass(a, x, z);
            active.retain(|&p| {
                let (run, basis) = (&mut runs[p], &mut bases[p * length..][..length]);
                run.diagonal.push(squares[p]);
                next.iter_mut().zip(&*z).for_each(|(w, z)| *w = z[p] * a.after);
                // All earlier vectors, not the last two only: a Ritz value that has converged would come back as a
                // copy of itself and count twice. Two rounds are enough.
                let (done, rest) = basis.split_at_mut((j + 1) * n);
                for _ in 0..2 {
                    subtract_projection(done, next, &mut projections[..j + 1]);
                }
                let norm = next.iter().map(|x| x * x).sum::<f64>().sqrt();
                // The norm of A^T A is at least every element of the tridiagonal matrix.
                let scale = run.diagonal.iter().chain(&run.off_diagonal).fold(norm, |m, x| m.max(*x));
                // What is left is rounding: the space is invariant, and its quadrature exact.
                let invariant = norm <= scale * n as f64 * f64::EPSILON;
                if invariant || j + 1 == steps {
                    run.beyond = if invariant { 0.0 } else { norm };
                    // A lane of zeros costs nothing and disturbs nobody.
                    x.iter_mut().for_each(|x| x[p] = 0.0);
                    return false;
                }
                run.off_diagonal.push(norm);
                for ((q, w), x) in rest.iter_mut().zip(&*next).zip(&mut *x) {
                    *q = *w / norm;
                    x[p] = *q * a.before;
                }
                true
            });
            if active.is_empty() {
                break;
            }
        }
        Ok(runs)
    }

    /// The Gauss quadrature of one probe: nodes are roots of the eigenvalues of its tridiagonal matrix, weights the
    /// squared first components of the eigenvectors (Golub and Welsch 1969).
    fn quadrature(&mut self, run: &Run, total: f64, probe: usize, found: &mut Vec<Node>) -> Result<(), LinalgError> {
        let k = run.diagonal.len();
        let mut off_diagonal = run.off_diagonal.clone();
        off_diagonal.resize(k, 0.0);
        let mut values = vec![0.0; k];
        let z = all_vectors(&run.diagonal, &off_diagonal, &mut values, &mut self.eigen.vectors, k, &mut self.scratch)?;
        let tolerance = values[k - 1] * f64::EPSILON.sqrt();
        for (vector, value) in z.chunks_exact(k).zip(values.iter().rev()) {
            found.push(Node {
                value: value.max(0.0).sqrt(),
                weight: total * vector[0] * vector[0],
                probe,
                // The residual of the Ritz pair; the error of its value is about the square over the gap.
                resolved: run.beyond * vector[k - 1].abs() <= tolerance,
            });
        }
        Ok(())
    }
}

/// A node before sorting.
struct Node {
    value: f64,
    weight: f64,
    probe: usize,
    resolved: bool,
}

/// w -= Q Q^T w for the orthonormal columns of `q`; `c` has room for their number.
fn subtract_projection(q: &[f64], w: &mut [f64], c: &mut [f64]) {
    let (n, k) = (w.len(), c.len());
    let q = matrix(q, n, k);
    matmul(MatMut::from_column_major_slice_mut(c, k, 1), Accum::Replace, q.transpose(), matrix(w, n, 1), 1.0, Par::Seq);
    matmul(MatMut::from_column_major_slice_mut(w, n, 1), Accum::Add, q, matrix(c, k, 1), -1.0, Par::Seq);
}
