//! Rotations drawn from the Haar measure, applied without forming them.
//!
//! G. W. Stewart 1980, *The efficient generation of random orthogonal matrices with an application to condition
//! estimators*, SIAM J. Numer. Anal. 17, 403: with x_k a standard Gaussian vector of dimension n - k and H_k the
//! Householder reflection that takes it to beta_k e_1 (acting on coordinates k, ..., n - 1), the product
//! H_0 H_1 ... H_{n-2} D with D = diag(sign beta_k) is Haar-distributed on the orthogonal group: it is the factor Q of a
//! Gaussian matrix, R having a positive diagonal (Mezzadri, Notices of the AMS 54 (2007) 592).

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::householder::{
    apply_block_householder_on_the_left_in_place_scratch, apply_block_householder_on_the_left_in_place_with_conj,
    make_householder_in_place, upgrade_householder_factor,
};
use faer::{ColMut, Conj, MatMut, Par};

use crate::tridiagonal::matrix;

/// Reflections applied together: n * BLOCK doubles of memory, and matrix products in place of rank-one updates.
const BLOCK: usize = 32;

/// M <- Q M with Q Haar-distributed on the orthogonal group O(`rows`); `m` is rows x cols, column-major.
///
/// Q is a function of the numbers that `gaussians` gives, which must be independent standard normal: it is called
/// rows (rows + 1)/2 times whatever `cols` is. Costs 2 rows^2 cols operations and rows * 32 doubles beside `m`. Panics when
/// `m` does not hold `rows * cols` elements.
pub fn rotate_left(m: &mut [f64], rows: usize, cols: usize, gaussians: &mut dyn FnMut() -> f64) {
    rotate(MatMut::from_column_major_slice_mut(m, rows, cols), gaussians);
}

/// M <- M Q^T with Q as in [`rotate_left`], of order `cols`. The Haar measure does not distinguish Q^T from Q.
///
/// Panics when `m` does not hold `rows * cols` elements.
pub fn rotate_right(m: &mut [f64], rows: usize, cols: usize, gaussians: &mut dyn FnMut() -> f64) {
    rotate(MatMut::from_column_major_slice_mut(m, rows, cols).transpose_mut(), gaussians);
}

fn rotate(mut m: MatMut<'_, f64>, gaussians: &mut dyn FnMut() -> f64) {
    let (n, cols) = (m.nrows(), m.ncols());
    if n == 0 {
        return;
    }
    // Smallest reflection first: D's elements of later rows commute with it, so no block waits for another.
    flip(m.as_mut(), n - 1, gaussians());
    let mut basis = vec![0.0; n * BLOCK];
    let mut factor = [0.0; BLOCK * BLOCK];
    let mut memory = MemBuffer::new(apply_block_householder_on_the_left_in_place_scratch::<f64>(n, BLOCK, cols));
    let last = n - 1;
    for first in (0..last).step_by(BLOCK).rev() {
        let (len, width) = (n - first, BLOCK.min(last - first));
        let basis = &mut basis[..len * width];
        let factor = &mut factor[..width * width];
        factor.fill(0.0);
        for k in (0..width).rev() {
            let x = &mut basis[k * len..][..len];
            x[..k].fill(0.0);
            x[k..].iter_mut().for_each(|v| *v = gaussians());
            let (head, tail) = x[k..].split_at_mut(1);
            factor[k + k * width] = make_householder_in_place(&mut head[0], ColMut::from_slice_mut(tail)).tau;
            flip(m.as_mut(), first + k, head[0]);
            head[0] = 1.0;
        }
        let basis = matrix(basis, len, width);
        let mut factor = MatMut::from_column_major_slice_mut(factor, width, width);
        upgrade_householder_factor(factor.as_mut(), basis, width, 1, Par::Seq);
        let (rows, stack) = (m.as_mut().subrows_mut(first, len), MemStack::new(&mut memory));
        apply_block_householder_on_the_left_in_place_with_conj(basis, factor.as_ref(), Conj::No, rows, Par::Seq, stack);
    }
}

/// Multiplies a row by the sign of `beta`.
fn flip(mut m: MatMut<'_, f64>, row: usize, beta: f64) {
    if beta < 0.0 {
        (0..m.ncols()).for_each(|j| m[(row, j)] = -m[(row, j)]);
    }
}
