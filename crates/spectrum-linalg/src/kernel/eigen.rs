//! Eigenvalues of a kernel, as a spectrum.

use spectrum_core::{Route, Spectrum, Vectors};

use crate::plan::points_down;
use crate::workspace::{area, room};
use crate::{LinalgError, Plan, magnitude};

/// Eigenvalues of an n x n kernel below this are not to be trusted: n epsilon lambda_1, with lambda_1 = `top`.
///
/// Reduction and QL iteration are backward stable: what they find are the eigenvalues of K + E with |E|_2 a small multiple of
/// epsilon |K|_2 that grows like n at worst, and none of them moves by more than that (Weyl).
#[must_use]
pub fn floor(n: usize, top: f64) -> f64 {
    n as f64 * f64::EPSILON * top
}

impl Plan {
    /// The eigenvalues of the symmetric positive semidefinite n x n matrix in `k`, descending, with the eigenvectors of the
    /// `vectors` largest (of those above the floor).
    ///
    /// The eigenvalues of such a matrix are its singular values, and that is how the spectrum holds them, not as their squares:
    /// `rows` = `cols` = n, route `gram`, and `left` and `right` are the same vectors, of which the component of largest
    /// absolute value is positive. Eigenvalues between -floor and 0 are rounding and become 0; see [`floor`]. Both triangles are
    /// looked through for NaN and infinity, and the lower one is the matrix. Costs 4/3 n^3 operations and a copy of K.
    ///
    /// # Errors
    /// [`LinalgError::NotPositiveSemidefinite`] when an eigenvalue lies below -floor: a kernel in single precision, say, or
    /// no kernel. [`LinalgError::NotFinite`], [`LinalgError::NoConvergence`], [`LinalgError::Length`],
    /// [`LinalgError::TooLarge`].
    pub fn kernel(&mut self, k: &[f64], n: usize, vectors: usize) -> Result<Spectrum, LinalgError> {
        if n.checked_mul(n) != Some(k.len()) {
            return Err(LinalgError::Length { rows: n, cols: n, found: k.len() });
        }
        let largest = magnitude::largest(k)?;
        let exponent = magnitude::exponent(largest);
        let (mut values, mut u) = (vec![0.0; n], Vec::new());
        let mut bound = 0.0;
        if largest > 0.0 {
            let copy = room(&mut self.gram, area(n, n)?)?;
            if exponent == 0 {
                copy.copy_from_slice(k);
            } else {
                copy.iter_mut().zip(k).for_each(|(c, x)| *c = magnitude::times_power_of_two(*x, -exponent));
            }
            let wanted = vectors.min(n);
            let (ascending, leading) = self.eigen.of(copy, n, wanted, &mut self.scratch)?;
            // A matrix without any positive eigenvalue has a floor too.
            bound = floor(n, ascending[n - 1].abs().max(ascending[0].abs()));
            let negative = ascending.partition_point(|l| *l < -bound);
            if negative > 0 {
                return Err(LinalgError::NotPositiveSemidefinite(negative));
            }
            values.iter_mut().zip(ascending.iter().rev()).for_each(|(v, l)| *v = l.max(0.0));
            let kept = values.iter().take(wanted).take_while(|l| **l > bound).count();
            u = leading[..kept * n].to_vec();
        }
        if exponent != 0 {
            values.iter_mut().chain([&mut bound]).for_each(|v| *v = magnitude::times_power_of_two(*v, exponent));
            if values.iter().any(|v| !v.is_finite()) {
                return Err(LinalgError::NotFinite);
            }
        }
        for u in u.chunks_exact_mut(n.max(1)).filter(|u| points_down(u)) {
            u.iter_mut().for_each(|x| *x = -*x);
        }
        let kept = Vectors { len: n, count: u.len().checked_div(n).unwrap_or(0), data: u };
        let kept = (vectors > 0).then_some(kept);
        Ok(Spectrum {
            rows: n,
            cols: n,
            route: Route::Gram,
            floor: bound,
            singular_values: values,
            left: kept.clone(),
            right: kept,
        })
    }
}
