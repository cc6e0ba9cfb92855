//! y = A x for a symmetric matrix of which the lower triangle is stored: every element is read once.
//!
//! Half the time of a spectrum passes here. The inner loop is written in vector instructions because the compiler
//! finds none for four running sums beside four updates; the portable form of the same loop is the fallback.

/// Columns taken together.
const COLUMNS: usize = 4;

/// y += columns * xs, returning the products of every column with x. All five slices have the length of `x`.
type Strip = fn(columns: [&[f64]; COLUMNS], xs: [f64; COLUMNS], x: &[f64], y: &mut [f64]) -> [f64; COLUMNS];

/// y = A x, where column j of the lower triangle of A (m x m, m = x.len()) starts at `a[j * stride]`; what lies above
/// the diagonal is not read.
pub(crate) fn symmetric_product(a: &[f64], stride: usize, x: &[f64], y: &mut [f64]) {
    let (m, strip) = (x.len(), best_strip());
    let y = &mut y[..m];
    y.fill(0.0);
    let mut j = 0;
    while j + COLUMNS <= m {
        // The triangle on the diagonal.
        for c in 0..COLUMNS {
            let column = &a[(j + c) * stride + j..][..COLUMNS];
            y[j + c] += column[c] * x[j + c];
            for r in c + 1..COLUMNS {
                y[j + r] += column[r] * x[j + c];
                y[j + c] += column[r] * x[j + r];
            }
        }
        let below = j + COLUMNS;
        let columns = std::array::from_fn(|c| &a[(j + c) * stride + below..][..m - below]);
        let sums = strip(columns, std::array::from_fn(|c| x[j + c]), &x[below..], &mut y[below..]);
        y[j..below].iter_mut().zip(sums).for_each(|(y, s)| *y += s);
        j = below;
    }
    for j in j..m {
        let column = &a[j * stride + j..][..m - j];
        y[j] += column[0] * x[j];
        for r in j + 1..m {
            y[r] += column[r - j] * x[j];
            y[j] += column[r - j] * x[r];
        }
    }
}

/// The strip of the processor that runs this.
fn best_strip() -> Strip {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            return x86::strip_avx512;
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return x86::strip_avx2;
        }
    }
    |columns, xs, x, y| portable(columns, xs, x, y, [0.0; COLUMNS])
}

/// The strip without vector instructions; `sums` is where the running sums begin.
fn portable(
    columns: [&[f64]; COLUMNS],
    xs: [f64; COLUMNS],
    x: &[f64],
    y: &mut [f64],
    mut sums: [f64; COLUMNS],
) -> [f64; COLUMNS] {
    for (i, (x, y)) in x.iter().zip(y).enumerate() {
        for c in 0..COLUMNS {
            sums[c] += columns[c][i] * x;
            *y += columns[c][i] * xs[c];
        }
    }
    sums
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{COLUMNS, portable};
    use std::arch::x86_64::*;

    /// One strip for one register width. The generated function asserts the lengths that its loads rely on, and is
    /// handed out by `best_strip` only after the features were detected.
    macro_rules! strip {
        ($name:ident, $features:literal, $lanes:literal, $set:ident, $zero:ident, $load:ident, $store:ident, $fma:ident) => {
            pub(super) fn $name(
                columns: [&[f64]; COLUMNS],
                xs: [f64; COLUMNS],
                x: &[f64],
                y: &mut [f64],
            ) -> [f64; COLUMNS] {
                #[target_feature(enable = $features)]
                fn inner(columns: [&[f64]; COLUMNS], xs: [f64; COLUMNS], x: &[f64], y: &mut [f64]) -> [f64; COLUMNS] {
                    let m = x.len();
                    assert!(y.len() == m && columns.iter().all(|c| c.len() == m));
                    let whole = m / $lanes * $lanes;
                    let factors = xs.map(|x| $set(x));
                    let mut sums = [$zero(); COLUMNS];
                    for i in (0..whole).step_by($lanes) {
                        // SAFETY: i + lanes <= whole <= m, the length of all six slices.
                        unsafe {
                            let right = $load(x.as_ptr().add(i));
                            let mut left = $load(y.as_ptr().add(i));
                            for c in 0..COLUMNS {
                                let a = $load(columns[c].as_ptr().add(i));
                                sums[c] = $fma(a, right, sums[c]);
                                left = $fma(a, factors[c], left);
                            }
                            $store(y.as_mut_ptr().add(i), left);
                        }
                    }
                    let sums = sums.map(|s| {
                        let mut lanes = [0.0; $lanes];
                        // SAFETY: the array has room for one register.
                        unsafe { $store(lanes.as_mut_ptr(), s) };
                        lanes.iter().sum()
                    });
                    portable(columns.map(|c| &c[whole..]), xs, &x[whole..], &mut y[whole..], sums)
                }
                // SAFETY: `best_strip` detected the features before it handed this function out.
                unsafe { inner(columns, xs, x, y) }
            }
        };
    }

    strip!(
        strip_avx512,
        "avx512f",
        8,
        _mm512_set1_pd,
        _mm512_setzero_pd,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_fmadd_pd
    );
    strip!(
        strip_avx2,
        "avx2,fma",
        4,
        _mm256_set1_pd,
        _mm256_setzero_pd,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_fmadd_pd
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the double loop over the full matrix, at sizes around the blocks; the upper triangle is poison.
    #[test]
    fn every_size_is_the_double_loop() {
        for m in (0..40).chain([97, 130]) {
            let stride = m + 3;
            let entry = |i: usize, j: usize| ((i.max(j) * 7 + i.min(j) * 3) as f64).sin();
            let a: Vec<f64> = (0..stride * m)
                .map(|k| (k % stride, k / stride))
                .map(|(i, j)| if i >= j && i < m { entry(i, j) } else { f64::NAN })
                .collect();
            let x: Vec<f64> = (0..m).map(|i| (i as f64).cos()).collect();
            let mut y = vec![f64::NAN; m];
            symmetric_product(&a, stride, &x, &mut y);
            for (i, y) in y.iter().enumerate() {
                let exact: f64 = (0..m).map(|j| entry(i, j) * x[j]).sum();
                assert!((y - exact).abs() <= 4.0 * m as f64 * f64::EPSILON, "{m} {i}");
            }
        }
    }

    /// The vector forms that this processor has agree with the portable one.
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn strips_agree() {
        let data: Vec<f64> = (0..300).map(|i| f64::from(i).sin()).collect();
        for m in 0..50 {
            let columns: [&[f64]; COLUMNS] = std::array::from_fn(|c| &data[c * 50..c * 50 + m]);
            let (xs, x) = ([1.0, -2.0, 0.5, 3.0], &data[200..200 + m]);
            let mut strips: Vec<Strip> = vec![best_strip()];
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                strips.push(x86::strip_avx2);
            }
            for strip in strips {
                let (mut y, mut z) = (data[250..250 + m].to_vec(), data[250..250 + m].to_vec());
                let (got, want) = (strip(columns, xs, x, &mut y), portable(columns, xs, x, &mut z, [0.0; COLUMNS]));
                let close = |a: &[f64], b: &[f64]| {
                    a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 8.0 * (m + 8) as f64 * f64::EPSILON)
                };
                assert!(close(&got, &want) && close(&y, &z), "{m}");
            }
        }
    }
}
