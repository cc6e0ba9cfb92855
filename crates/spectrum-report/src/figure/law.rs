//! Curves of laws.

use std::f64::consts::PI;

use spectrum_law::MarchenkoPastur;

use super::axis::Scale;

/// Points of a density, dense at both edges where it turns.
const POINTS: usize = 240;

/// The Marchenko-Pastur density of the eigenvalues of W^T W for a `rows` x `cols` matrix W whose bulk has this entry variance,
/// beside `outliers` that are not of it, as points (eigenvalue, density) for an axis of this scale.
///
/// The law is that of the (rows - k) x (cols - k) matrix that k outliers leave, and its area is the share of the bulk: it
/// lies over a histogram of all min(rows, cols) eigenvalues. Empty where there is no such law (no variance, nothing left).
#[must_use]
pub fn marchenko_pastur(rows: usize, cols: usize, variance: f64, outliers: usize, x: Scale) -> Vec<(f64, f64)> {
    let count = rows.min(cols);
    let (m, n) = (rows.saturating_sub(outliers), cols.saturating_sub(outliers));
    let Ok(law) = MarchenkoPastur::new(m, n, variance) else { return Vec::new() };
    let share = m.min(n) as f64 / count as f64;
    let (a, b) = (law.lower_edge(), law.upper_edge());
    let (low, high) = match x {
        Scale::Linear => (a, b),
        Scale::Log10 => (a.max(1e-12 * b).ln(), b.ln()),
    };
    let inner = (0..POINTS).map(|i| {
        let u = 0.5 * (low + high) - 0.5 * (high - low) * (PI * (i as f64 + 0.5) / POINTS as f64).cos();
        let at = if x == Scale::Log10 { u.exp() } else { u };
        (at, share * law.pdf(at))
    });
    // The density of a square matrix has no lower end.
    let first = (m != n).then_some((a, 0.0));
    first.into_iter().chain(inner).chain([(b, 0.0)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_is_the_share_of_the_bulk() {
        for (rows, cols, k) in [(600, 400, 0), (600, 400, 40), (200, 800, 3)] {
            for scale in [Scale::Linear, Scale::Log10] {
                let curve = marchenko_pastur(rows, cols, 0.01, k, scale);
                let area: f64 = curve.windows(2).map(|w| 0.5 * (w[1].0 - w[0].0) * (w[0].1 + w[1].1)).sum();
                let share = 1.0 - k as f64 / rows.min(cols) as f64;
                assert!((area - share).abs() < 1e-3, "{rows} x {cols}, {k}: {area}");
            }
        }
        assert!(marchenko_pastur(10, 10, 0.0, 0, Scale::Linear).is_empty());
        assert!(marchenko_pastur(10, 10, 1.0, 10, Scale::Linear).is_empty());
        assert!(marchenko_pastur(50, 50, 1.0, 0, Scale::Log10).iter().all(|p| p.0 > 0.0 && p.1.is_finite()));
    }
}
