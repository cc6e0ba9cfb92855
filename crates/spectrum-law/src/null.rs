//! A Gaussian matrix's spectrum without the matrix: the seeded null of every test against Marchenko-Pastur.
//!
//! Householder reflections turn a standard normal N x p matrix into a bidiagonal one with independent chi entries and the
//! same singular values (Dumitriu and Edelman, J. Math. Phys. 43 (2002) 5830, section 3, beta = 1). So 2p draws replace
//! N p, a tridiagonal eigenproblem replaces a dense one, and the law of the eigenvalues is exact at every size.

use rand_chacha::rand_core::Rng;

/// Diagonal (p numbers) and off-diagonal (p - 1) of a symmetric tridiagonal p x p matrix `B^T B` whose eigenvalues have
/// exactly the joint law of the min(rows, cols) eigenvalues of `W^T W`, for a `rows` x `cols` matrix `W` of independent
/// standard normal entries; p = min(rows, cols). Both are empty for an empty matrix. For entries of variance sigma^2,
/// multiply both by sigma^2.
///
/// Draws are the crate's own and use no platform's mathematics library: the same bits on every machine.
///
/// ```
/// use spectrum_law::null::gaussian_bidiagonal;
/// use spectrum_law::shuffle::stream;
///
/// let (diagonal, beside) = gaussian_bidiagonal(600, 400, &mut stream(7, 0, "hidden.weight", "matrix"));
/// assert_eq!((diagonal.len(), beside.len()), (400, 399));
/// // The trace is chi-squared with N p degrees of freedom.
/// assert!((diagonal.iter().sum::<f64>() / 240_000.0 - 1.0).abs() < 0.01);
/// ```
pub fn gaussian_bidiagonal(rows: usize, cols: usize, rng: &mut impl Rng) -> (Vec<f64>, Vec<f64>) {
    let (long, short) = (rows.max(cols), rows.min(cols));
    let (mut diagonal, mut beside) = (Vec::with_capacity(short), Vec::with_capacity(short.saturating_sub(1)));
    // B is upper bidiagonal: chi(N - i) on the diagonal, chi(p - i) above it in column i.
    let mut last = 0.0f64;
    for i in 0..short {
        let above = if i == 0 { 0.0 } else { chi_squared(short - i, rng) };
        let own = chi_squared(long - i, rng);
        if i > 0 {
            beside.push((last * above).sqrt());
        }
        diagonal.push(own + above);
        last = own;
    }
    (diagonal, beside)
}

/// A chi-squared number: twice a gamma number of shape k/2 (Marsaglia and Tsang, ACM Trans. Math. Softw. 26 (2000) 363),
/// the square of a normal one for k = 1, where the shape is below their range.
fn chi_squared(degrees: usize, rng: &mut impl Rng) -> f64 {
    if degrees == 1 {
        return normal(rng).powi(2);
    }
    let d = 0.5 * degrees as f64 - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(rng);
        let v = 1.0 + c * x;
        if v <= 0.0 {
            continue;
        }
        let v = v * v * v;
        if libm::log(open_uniform(rng)) < 0.5 * x * x + d - d * v + d * libm::log(v) {
            return 2.0 * d * v;
        }
    }
}

/// A standard normal number by Marsaglia's polar method; the second of the pair is not kept, so that a draw has no memory.
fn normal(rng: &mut impl Rng) -> f64 {
    loop {
        let (x, y) = (2.0 * open_uniform(rng) - 1.0, 2.0 * open_uniform(rng) - 1.0);
        let square = x * x + y * y;
        if square > 0.0 && square < 1.0 {
            return x * (-2.0 * libm::log(square) / square).sqrt();
        }
    }
}

/// Uniform on the open interval 0..1: (k + 1/2)/2^53.
fn open_uniform(rng: &mut impl Rng) -> f64 {
    ((rng.next_u64() >> 11) as f64 + 0.5) * 2f64.powi(-53)
}
