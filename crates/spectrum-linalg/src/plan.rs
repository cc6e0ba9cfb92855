//! One entry for every route, with the workspace that all of them share.

use spectrum_core::{LayerMatrix, Route, Spectrum, Vectors};

use crate::operator::Operator;
use crate::tridiagonal::Eigen;
use crate::workspace::{Scratch, area, room};
use crate::{LinalgError, magnitude};

/// Reusable workspace for spectra.
///
/// A plan keeps its buffers between calls, so recording the same layers at every step allocates only at first. It is
/// sequential by design: decompositions of these sizes gain nothing from a second core, so run one plan per worker
/// and spread the matrices. The same input gives the same bits, whatever a plan did before.
#[derive(Default)]
pub struct Plan {
    pub(crate) scaled: Vec<f64>,
    pub(crate) gram: Vec<f64>,
    pub(crate) left: Vec<f64>,
    pub(crate) right: Vec<f64>,
    pub(crate) eigen: Eigen,
    pub(crate) scratch: Scratch,
}

/// What a route found for a matrix in the safe range: values descending, vectors as columns beside each other.
pub(crate) struct Found {
    /// Singular values, descending.
    pub(crate) values: Vec<f64>,
    /// Values below this are not to be trusted.
    pub(crate) floor: f64,
    /// The leading left and right vectors.
    pub(crate) pairs: Option<(Vec<f64>, Vec<f64>)>,
}

impl Plan {
    /// An empty workspace.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The spectrum of a layer's matrix. `vectors` is the number of leading singular pairs that are kept; see
    /// [`spectrum_of`](Self::spectrum_of).
    ///
    /// # Errors
    /// As [`spectrum_of`](Self::spectrum_of).
    pub fn spectrum(&mut self, m: &LayerMatrix, route: Route, vectors: usize) -> Result<Spectrum, LinalgError> {
        self.spectrum_of(m.data(), m.rows, m.cols, route, vectors)
    }

    /// The spectrum of the `rows` x `cols` matrix in `data` (column-major).
    ///
    /// `vectors` is the number of leading singular pairs that are kept (at most min(rows, cols)):
    /// 0 keeps none, except that route `vectors` then keeps all and route `topk` computes one value.
    /// Pairs whose singular value does not exceed the floor have no trustworthy vectors, so `count` may be smaller
    /// than asked. In every pair the component of largest absolute value of the right vector is positive.
    ///
    /// With n = min(rows, cols), m = max(rows, cols) and s_1 the largest value, `floor` is s_1 sqrt(n eps) for route
    /// `gram` (the Gram matrix has eigenvalues s^2, each with an absolute error of a small multiple of s_1^2 eps),
    /// s_1 m eps for `svd` and `vectors`, and the largest residual of the pairs for `topk`: 1e-10 s_1 or less, and more
    /// only where the wanted values lie so close to others that the search was ended before (its cost is bounded).
    ///
    /// # Errors
    /// [`LinalgError::NotFinite`], [`LinalgError::NoConvergence`], [`LinalgError::Length`],
    /// [`LinalgError::TooLarge`], and [`LinalgError::Unsupported`] for route `density`: a spectrum holds single values,
    /// a density expected counts. [`density`](Self::density) computes it, and route `topk` the leading values beside it.
    pub fn spectrum_of(
        &mut self,
        data: &[f64],
        rows: usize,
        cols: usize,
        route: Route,
        vectors: usize,
    ) -> Result<Spectrum, LinalgError> {
        if route == Route::Density {
            return Err(LinalgError::Unsupported(route));
        }
        if rows.checked_mul(cols) != Some(data.len()) {
            return Err(LinalgError::Length { rows, cols, found: data.len() });
        }
        let n = rows.min(cols);
        let wanted = if vectors == 0 && route == Route::Vectors { n } else { vectors.min(n) };
        let largest = magnitude::largest(data)?;
        let mut found = if largest == 0.0 {
            let count = if route == Route::Topk { wanted.max(1).min(n) } else { n };
            let asked = vectors > 0 || route == Route::Vectors;
            let pairs = asked.then(|| (Vec::new(), Vec::new()));
            Found { values: vec![0.0; count], floor: 0.0, pairs }
        } else {
            self.found(data, rows, cols, route, wanted, magnitude::exponent(largest))?
        };
        if let Some((u, v)) = &mut found.pairs {
            let kept = found.values.iter().take(wanted).take_while(|s| **s > found.floor).count();
            u.truncate(kept * rows);
            v.truncate(kept * cols);
            fix_signs(u, v, rows, cols);
        }
        let vectors = |data: Vec<f64>, len| Vectors { len, count: data.len().checked_div(len).unwrap_or(0), data };
        let (left, right) = found.pairs.map(|(u, v)| (vectors(u, rows), vectors(v, cols))).unzip();
        Ok(Spectrum { rows, cols, route, floor: found.floor, singular_values: found.values, left, right })
    }

    /// Runs a route on `data * 2^-exponent` and scales the values back.
    pub(crate) fn found(
        &mut self,
        data: &[f64],
        rows: usize,
        cols: usize,
        route: Route,
        wanted: usize,
        exponent: i32,
    ) -> Result<Found, LinalgError> {
        let mut found = match route {
            Route::Gram => self.by_gram(Operator::new(data, rows, cols, exponent), wanted)?,
            Route::Topk => self.by_krylov(Operator::new(data, rows, cols, exponent), wanted)?,
            Route::Svd | Route::Vectors => {
                if exponent == 0 {
                    return self.by_bidiagonalisation(data, rows, cols, wanted);
                }
                // faer copies the matrix anyway: a scaled copy more is the same order of memory.
                let mut scaled = std::mem::take(&mut self.scaled);
                let result = room(&mut scaled, area(rows, cols)?).and_then(|s| {
                    s.iter_mut().zip(data).for_each(|(s, x)| *s = magnitude::times_power_of_two(*x, -exponent));
                    self.by_bidiagonalisation(s, rows, cols, wanted)
                });
                self.scaled = scaled;
                result?
            }
            Route::Density => return Err(LinalgError::Unsupported(route)),
        };
        if exponent != 0 {
            for s in found.values.iter_mut().chain([&mut found.floor]) {
                *s = magnitude::times_power_of_two(*s, exponent);
            }
            if found.values.iter().any(|s| !s.is_finite()) {
                return Err(LinalgError::NotFinite);
            }
        }
        Ok(found)
    }
}

/// Makes the component of largest absolute value of every right vector positive.
fn fix_signs(u: &mut [f64], v: &mut [f64], rows: usize, cols: usize) {
    for (u, v) in u.chunks_exact_mut(rows.max(1)).zip(v.chunks_exact_mut(cols.max(1))) {
        if points_down(v) {
            u.iter_mut().chain(v).for_each(|x| *x = -*x);
        }
    }
}

/// Whether the component of largest absolute value (the first of several) is negative.
pub(crate) fn points_down(v: &[f64]) -> bool {
    v.iter().copied().fold(0.0f64, |m, x| if x.abs() > m.abs() { x } else { m }) < 0.0
}
