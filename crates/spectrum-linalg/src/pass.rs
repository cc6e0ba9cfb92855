//! A^T A x for eight vectors in one pass through the matrix.
//!
//! Reading a large matrix is what a product costs. Here each block of it serves eight vectors, and both products while
//! it lies in a cache: the eight vectors' elements stand beside each other, so that one element of the matrix is
//! multiplied with one register of them. The two inner loops are written in vector instructions (the compiler gathers
//! where it should broadcast); their portable form is the fallback.

/// Vectors that pass through the matrix together.
pub(crate) const LANES: usize = 8;

/// One element of each of the vectors.
pub(crate) type Lanes = [f64; LANES];

/// Columns of the matrix taken together.
const COLUMNS: usize = 8;

/// Doubles of a block that both products read: 16 MiB, a part of the last cache.
const BLOCK: usize = 1 << 21;

/// Most rows of a block: its part of y stays in the first cache.
const HEIGHT: usize = 512;

/// The matrix of a pass: `rows` x `cols`, column-major, not empty.
#[derive(Clone, Copy)]
pub(crate) struct Pass<'a> {
    /// Elements of the matrix.
    pub(crate) data: &'a [f64],
    /// Length of a column.
    pub(crate) rows: usize,
    /// Number of columns.
    pub(crate) cols: usize,
    /// Factor of y between the products, so that y is that of the matrix in its own magnitude.
    pub(crate) after: f64,
    /// Factor that y takes into the second product.
    pub(crate) before: f64,
}

/// Two loops over eight columns of the matrix, all of the height of `y`.
#[derive(Clone, Copy)]
struct Kernels {
    /// y += columns x
    combine: fn(columns: [&[f64]; COLUMNS], x: &[Lanes; COLUMNS], y: &mut [Lanes]),
    /// z += columns^T y
    dots: fn(columns: [&[f64]; COLUMNS], y: &[Lanes], z: &mut [Lanes; COLUMNS]),
}

const PORTABLE: Kernels = Kernels {
    combine: |columns, x, y| columns.iter().zip(x).for_each(|(a, x)| combine_one(a, x, y)),
    dots: |columns, y, z| columns.iter().zip(z).for_each(|(a, z)| dots_one(a, y, z)),
};

/// The kernels of the processor that runs this.
fn best() -> Kernels {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            return x86::AVX512;
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return x86::AVX2;
        }
    }
    PORTABLE
}

/// z = A^T before after A x on the short side of the matrix A, and the sums of squares of y = after A x.
pub(crate) fn pass(a: Pass<'_>, x: &[Lanes], z: &mut [Lanes]) -> Lanes {
    with(best(), a, x, z)
}

fn with(kernels: Kernels, a: Pass<'_>, x: &[Lanes], z: &mut [Lanes]) -> Lanes {
    z.fill([0.0; LANES]);
    let mut squares = [0.0; LANES];
    if a.rows < a.cols {
        // The columns are the long side's elements: y_j = a_j . x, z += a_j y_j.
        for first in (0..a.cols).step_by(COLUMNS) {
            let columns = &a.data[first * a.rows..(first + COLUMNS).min(a.cols) * a.rows];
            let mut y = [[0.0; LANES]; COLUMNS];
            let y = &mut y[..columns.len() / a.rows];
            dots(kernels, columns, a.rows, 0, x, y);
            turn(a, y, &mut squares);
            combine(kernels, columns, a.rows, 0, y, z);
        }
        return squares;
    }
    let mut y = [[0.0; LANES]; HEIGHT];
    let height = (BLOCK / a.cols).clamp(HEIGHT / 8, HEIGHT);
    for first in (0..a.rows).step_by(height) {
        let y = &mut y[..height.min(a.rows - first)];
        y.fill([0.0; LANES]);
        combine(kernels, a.data, a.rows, first, x, y);
        turn(a, y, &mut squares);
        dots(kernels, a.data, a.rows, first, y, z);
    }
    squares
}

/// Between the products.
fn turn(a: Pass<'_>, y: &mut [Lanes], squares: &mut Lanes) {
    for y in y {
        for (y, square) in y.iter_mut().zip(squares.iter_mut()) {
            *y *= a.after;
            *square += *y * *y;
            *y *= a.before;
        }
    }
}

/// Rows `first..` of the columns of `a`, as many as `y` holds, times x: added to y.
fn combine(kernels: Kernels, a: &[f64], rows: usize, first: usize, x: &[Lanes], y: &mut [Lanes]) {
    let height = y.len();
    let column = |j: usize| &a[first + j * rows..][..height];
    let (groups, rest) = x.as_chunks();
    for (g, x) in groups.iter().enumerate() {
        (kernels.combine)(std::array::from_fn(|c| column(g * COLUMNS + c)), x, y);
    }
    for (c, x) in rest.iter().enumerate() {
        combine_one(column(groups.len() * COLUMNS + c), x, y);
    }
}

/// Rows `first..` of each column of `a`, as many as `y` holds, times y: added to the column's z.
fn dots(kernels: Kernels, a: &[f64], rows: usize, first: usize, y: &[Lanes], z: &mut [Lanes]) {
    let column = |j: usize| &a[first + j * rows..][..y.len()];
    let (groups, rest) = z.as_chunks_mut();
    let grouped = groups.len() * COLUMNS;
    for (g, z) in groups.iter_mut().enumerate() {
        (kernels.dots)(std::array::from_fn(|c| column(g * COLUMNS + c)), y, z);
    }
    for (c, z) in rest.iter_mut().enumerate() {
        dots_one(column(grouped + c), y, z);
    }
}

fn combine_one(a: &[f64], x: &Lanes, y: &mut [Lanes]) {
    for (a, y) in a.iter().zip(y) {
        (0..LANES).for_each(|l| y[l] += a * x[l]);
    }
}

fn dots_one(a: &[f64], y: &[Lanes], z: &mut Lanes) {
    for (a, y) in a.iter().zip(y) {
        (0..LANES).for_each(|l| z[l] += a * y[l]);
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{COLUMNS, Kernels, LANES, Lanes};
    use std::arch::x86_64::*;

    /// The kernels for one register width; registers narrower than the lanes take one part of them after the other.
    /// The functions assert the lengths that their loads rely on, and are handed out only after detection.
    macro_rules! kernels {
        ($name:ident, $features:literal, $width:literal, $set:ident, $load:ident, $store:ident, $fma:ident) => {
            pub(super) const $name: Kernels = Kernels {
                combine: |columns, x, y| {
                    #[target_feature(enable = $features)]
                    fn inner(columns: [&[f64]; COLUMNS], x: &[Lanes; COLUMNS], y: &mut [Lanes]) {
                        let height = y.len();
                        assert!(columns.iter().all(|c| c.len() == height));
                        for part in (0..LANES).step_by($width) {
                            // SAFETY: part + width <= LANES, the length of x[c] and y[i]; i < height, the length of
                            // every column.
                            unsafe {
                                let x: [_; COLUMNS] = std::array::from_fn(|c| $load(x[c].as_ptr().add(part)));
                                for i in 0..height {
                                    let at = y.as_mut_ptr().add(i).cast::<f64>().add(part);
                                    let mut sum = $load(at);
                                    for c in 0..COLUMNS {
                                        sum = $fma($set(*columns[c].get_unchecked(i)), x[c], sum);
                                    }
                                    $store(at, sum);
                                }
                            }
                        }
                    }
                    // SAFETY: `best` detected the features before it handed this function out.
                    unsafe { inner(columns, x, y) }
                },
                dots: |columns, y, z| {
                    #[target_feature(enable = $features)]
                    fn inner(columns: [&[f64]; COLUMNS], y: &[Lanes], z: &mut [Lanes; COLUMNS]) {
                        let height = y.len();
                        assert!(columns.iter().all(|c| c.len() == height));
                        for part in (0..LANES).step_by($width) {
                            // SAFETY: as above.
                            unsafe {
                                let mut sums: [_; COLUMNS] = std::array::from_fn(|c| $load(z[c].as_ptr().add(part)));
                                for i in 0..height {
                                    let y = $load(y.as_ptr().add(i).cast::<f64>().add(part));
                                    for c in 0..COLUMNS {
                                        sums[c] = $fma($set(*columns[c].get_unchecked(i)), y, sums[c]);
                                    }
                                }
                                for (z, sum) in z.iter_mut().zip(sums) {
                                    $store(z.as_mut_ptr().add(part), sum);
                                }
                            }
                        }
                    }
                    // SAFETY: `best` detected the features before it handed this function out.
                    unsafe { inner(columns, y, z) }
                },
            };
        };
    }

    kernels!(AVX512, "avx512f", 8, _mm512_set1_pd, _mm512_loadu_pd, _mm512_storeu_pd, _mm512_fmadd_pd);
    kernels!(AVX2, "avx2,fma", 4, _mm256_set1_pd, _mm256_loadu_pd, _mm256_storeu_pd, _mm256_fmadd_pd);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the double loop, at shapes around the blocks, for every set of kernels that this processor has.
    #[test]
    fn every_shape_is_the_double_loop() {
        for (rows, cols) in [(1, 1), (5, 3), (3, 5), (70, 9), (9, 70), (600, 17), (17, 600), (64, 64), (1100, 20)] {
            let data: Vec<f64> = (0..rows * cols).map(|i| (i as f64).sin()).collect();
            let (short, long) = (rows.min(cols), rows.max(cols));
            let at = |l: usize, s: usize| if rows >= cols { data[l + s * rows] } else { data[s + l * rows] };
            let x: Vec<Lanes> = (0..short).map(|i| std::array::from_fn(|l| ((i * LANES + l) as f64).cos())).collect();
            let a = Pass { data: &data, rows, cols, after: 2.0, before: 0.25 };
            let mut all = vec![PORTABLE, best()];
            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                all.push(x86::AVX2);
            }
            for (which, kernels) in all.into_iter().enumerate() {
                let mut z = vec![[f64::NAN; LANES]; short];
                let squares = with(kernels, a, &x, &mut z);
                for lane in 0..LANES {
                    let y: Vec<f64> =
                        (0..long).map(|l| 2.0 * (0..short).map(|s| at(l, s) * x[s][lane]).sum::<f64>()).collect();
                    let tolerance = 16.0 * (long * short) as f64 * f64::EPSILON;
                    assert!((squares[lane] - y.iter().map(|y| y * y).sum::<f64>()).abs() <= tolerance * short as f64);
                    for (s, z) in z.iter().enumerate() {
                        let exact: f64 = (0..long).map(|l| 0.25 * at(l, s) * y[l]).sum();
                        assert!((z[lane] - exact).abs() <= tolerance, "{rows}x{cols} {which}");
                    }
                }
            }
        }
    }
}
