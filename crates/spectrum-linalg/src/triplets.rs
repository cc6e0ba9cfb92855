//! A matrix as its singular triplets, and the matrix of some of them.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, Par};
use spectrum_core::Route;

use crate::plan::Plan;
use crate::tridiagonal::matrix;
use crate::workspace::area;
use crate::{LinalgError, Part, magnitude};

/// The thin singular value decomposition A = sum_i s_i u_i v_i^T of a matrix, to keep a part of the sum.
///
/// Keeping the top or the bottom half is the experiment of Yunis et al., arXiv 2408.11804, Fig. 4.
///
/// ```
/// use spectrum_linalg::{Part, Plan, Triplets};
///
/// // ((3, 0), (0, 4)), column-major.
/// let triplets = Triplets::of(&mut Plan::new(), &[3.0, 0.0, 0.0, 4.0], 2, 2)?;
/// let mut kept = [0.0; 4];
/// assert_eq!(triplets.kept(Part::Top, 0.5, &mut kept)?, 1);
/// assert!(kept[0].abs() < 1e-15 && (kept[3] - 4.0).abs() < 1e-14);
/// # Ok::<(), spectrum_linalg::LinalgError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Triplets {
    rows: usize,
    cols: usize,
    values: Vec<f64>,
    floor: f64,
    left: Vec<f64>,
    right: Vec<f64>,
}

impl Triplets {
    /// Decomposes the `rows` x `cols` matrix in `data` (column-major). About 6mn^2 + 20n^3 operations and 2(m + n)n doubles for
    /// m >= n; the plan lends its workspace.
    ///
    /// # Errors
    /// [`LinalgError::NotFinite`], [`LinalgError::NoConvergence`], [`LinalgError::Length`], [`LinalgError::TooLarge`].
    pub fn of(plan: &mut Plan, data: &[f64], rows: usize, cols: usize) -> Result<Self, LinalgError> {
        if rows.checked_mul(cols) != Some(data.len()) {
            return Err(LinalgError::Length { rows, cols, found: data.len() });
        }
        let n = rows.min(cols);
        let largest = magnitude::largest(data)?;
        if largest == 0.0 {
            return Ok(Self { rows, cols, values: vec![0.0; n], floor: 0.0, left: Vec::new(), right: Vec::new() });
        }
        let found = plan.found(data, rows, cols, Route::Vectors, n, magnitude::exponent(largest))?;
        let (left, right) = found.pairs.unwrap_or_default();
        Ok(Self { rows, cols, values: found.values, floor: found.floor, left, right })
    }

    /// The singular values, descending: min(rows, cols) of them.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Values at or under this are rounding, as in `Spectrum::floor`: s_1 m eps up to a factor.
    #[must_use]
    pub fn floor(&self) -> f64 {
        self.floor
    }

    /// The sum of the triplets of `part` into `out` (`rows` x `cols`, column-major): how many of the min(rows, cols) triplets that
    /// are ([`Part::count`]).
    ///
    /// A triplet whose value does not exceed [`floor`](Self::floor) adds zero: it is the rounding of a zero, and a layer followed
    /// by a normalisation would blow it up to full size. So the bottom half of a matrix of half rank is exactly zero, and what the
    /// top and the bottom add up to differs from the matrix by no more than the decomposition's own rounding.
    ///
    /// # Errors
    /// [`LinalgError::Fraction`] when the fraction is not in [0, 1], [`LinalgError::Length`] when `out` does not hold
    /// `rows * cols` elements, [`LinalgError::NotFinite`] when a sum leaves the range of f64, [`LinalgError::TooLarge`].
    pub fn kept(&self, part: Part, fraction: f64, out: &mut [f64]) -> Result<usize, LinalgError> {
        let count = part.count(fraction, self.values.len())?;
        if out.len() != self.rows * self.cols {
            return Err(LinalgError::Length { rows: self.rows, cols: self.cols, found: out.len() });
        }
        let trusted = self.values.iter().take_while(|s| **s > self.floor).count();
        let (first, last) = match part {
            Part::Top => (0, count.min(trusted)),
            Part::Bottom => (self.values.len() - count, trusted),
        };
        if first >= last {
            out.fill(0.0);
            return Ok(count);
        }
        let u = &self.left[first * self.rows..last * self.rows];
        let v = &self.right[first * self.cols..last * self.cols];
        // The shorter vectors carry the values.
        let (short, len) = if self.rows < self.cols { (u, self.rows) } else { (v, self.cols) };
        let elements = area(len, last - first)?;
        let mut scaled = Vec::new();
        scaled.try_reserve_exact(elements).map_err(|_| LinalgError::TooLarge { elements })?;
        for (x, s) in short.chunks_exact(len).zip(&self.values[first..last]) {
            scaled.extend(x.iter().map(|x| x * s));
        }
        let (u, v) = if self.rows < self.cols { (&scaled[..], v) } else { (u, &scaled[..]) };
        matmul(
            MatMut::from_column_major_slice_mut(out, self.rows, self.cols),
            Accum::Replace,
            matrix(u, self.rows, last - first),
            matrix(v, self.cols, last - first).transpose(),
            1.0,
            Par::Seq,
        );
        magnitude::largest(out)?;
        Ok(count)
    }

    /// The share of the squared Frobenius norm, sum s_i^2, that `part` keeps: in [0, 1], and 1 for a zero matrix, which loses
    /// nothing.
    ///
    /// # Errors
    /// [`LinalgError::Fraction`] when the fraction is not in [0, 1].
    pub fn share(&self, part: Part, fraction: f64) -> Result<f64, LinalgError> {
        let count = part.count(fraction, self.values.len())?;
        let top = match self.values.first() {
            Some(top) if *top > 0.0 => *top,
            _ => return Ok(1.0),
        };
        // Relative to the largest, so that no square leaves the range.
        let squares = |s: &[f64]| s.iter().rev().map(|s| (s / top).powi(2)).sum::<f64>();
        let cut = match part {
            Part::Top => count,
            Part::Bottom => self.values.len() - count,
        };
        let (head, tail) = self.values.split_at(cut);
        let (head, tail) = (squares(head), squares(tail));
        Ok(if part == Part::Top { head } else { tail } / (head + tail))
    }
}
