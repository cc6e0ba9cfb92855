//! Stochastic Lanczos quadrature on the Gram operator of a matrix that is never formed.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, Par};

use crate::operator::Operator;
use crate::tridiagonal::{all_vectors, matrix};
use crate::workspace::{Start, area, room};
use crate::{Density, LinalgError, Plan, magnitude};

/// Probes that pass through the matrix together: reading it is what a product with one vector costs.
const TOGETHER: usize = 8;

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
    /// min(rows, cols)) with full reorthogonalisation.
    ///
    /// Costs 4 rows cols flops a step and probe; eight probes share the two readings of the matrix. Beside the data it
    /// needs min(rows, cols) doubles for each of `steps` and eight probes, and max(rows, cols) for each of eight.
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
            let operator = Operator::new(data, rows, cols, exponent);
            let mut start = Start::new(seed);
            for first in (0..probes).step_by(TOGETHER) {
                let runs = self.lanczos(operator, TOGETHER.min(probes - first), steps, &mut start)?;
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

    /// Lanczos on A^T A from `count` vectors of signs, all in step with each other.
    fn lanczos(
        &mut self,
        a: Operator<'_>,
        count: usize,
        steps: usize,
        start: &mut Start,
    ) -> Result<Vec<Run>, LinalgError> {
        let (m, n) = (a.long(), a.short());
        let length = area(n, steps)?;
        let bases = room(&mut self.right, area(length, count)?)?;
        let long = room(&mut self.left, area(m, count)?)?;
        let (now, next) = room(&mut self.gram, area(n, 2 * count)?)?.split_at_mut(n * count);
        let mut projections = vec![0.0; steps];
        let mut runs: Vec<Run> = (0..count).map(|_| Run::default()).collect();
        let mut active: Vec<usize> = (0..count).collect();
        for p in 0..count {
            start.signs(&mut bases[p * length..][..n]);
            bases[p * length..][..n].iter_mut().for_each(|x| *x /= (n as f64).sqrt());
        }
        for j in 0..steps {
            let width = active.len();
            for (p, x) in active.iter().zip(now.chunks_exact_mut(n)) {
                x.copy_from_slice(&bases[p * length + j * n..][..n]);
            }
            let (long, next) = (&mut long[..m * width], &mut next[..n * width]);
            a.apply(&now[..n * width], long);
            a.apply_transposed(long, next);
            let mut at = 0;
            active.retain(|&p| {
                let (y, w) = (&long[at * m..][..m], &mut next[at * n..][..n]);
                at += 1;
                let (run, basis) = (&mut runs[p], &mut bases[p * length..][..length]);
                run.diagonal.push(y.iter().map(|y| y * y).sum());
                // All earlier vectors, not the last two only: a Ritz value that has converged would come back as a
                // copy of itself and count twice. Twice is enough.
                let (done, rest) = basis.split_at_mut((j + 1) * n);
                for _ in 0..2 {
                    subtract_projection(done, w, &mut projections[..j + 1]);
                }
                let norm = w.iter().map(|x| x * x).sum::<f64>().sqrt();
                // The norm of A^T A is at least every element of the tridiagonal matrix.
                let scale = run.diagonal.iter().chain(&run.off_diagonal).fold(norm, |m, x| m.max(*x));
                // What is left is rounding: the space is invariant, and its quadrature exact.
                if norm <= scale * n as f64 * f64::EPSILON {
                    return false;
                }
                if j + 1 == steps {
                    run.beyond = norm;
                    return false;
                }
                run.off_diagonal.push(norm);
                rest[..n].iter_mut().zip(w).for_each(|(q, w)| *q = *w / norm);
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
