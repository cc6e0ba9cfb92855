//! The three statistics that conditions use. Each says why it has no answer.

/// Slope of the least-squares line through (ln x, ln y): the exponent of y ~ x^slope.
pub(crate) fn exponent(x: &[f64], y: &[f64]) -> Result<f64, String> {
    if x.len() < 3 {
        return Err(format!("an exponent needs 3 sizes, found {}", x.len()));
    }
    if let Some(bad) = x.iter().chain(y).find(|v| **v <= 0.0) {
        return Err(format!("an exponent needs positive numbers, found {bad}"));
    }
    let logarithms = |v: &[f64]| -> Vec<f64> { v.iter().map(|x| x.ln()).collect() };
    let (x, y) = (logarithms(x), logarithms(y));
    let (sxx, sxy, _) = moments(&x, &y);
    if sxx == 0.0 { Err("an exponent needs different sizes, found equal ones".to_owned()) } else { Ok(sxy / sxx) }
}

/// Pearson's correlation.
pub(crate) fn pearson(x: &[f64], y: &[f64]) -> Result<f64, String> {
    if x.len() < 3 {
        return Err(format!("a correlation needs 3 points, found {}", x.len()));
    }
    let (sxx, sxy, syy) = moments(x, y);
    if sxx == 0.0 || syy == 0.0 {
        return Err("a correlation needs numbers that differ, found equal ones".to_owned());
    }
    Ok((sxy / (sxx.sqrt() * syy.sqrt())).clamp(-1.0, 1.0))
}

/// Spearman's rank correlation: Pearson's of the ranks, ties sharing their mean rank.
pub(crate) fn spearman(x: &[f64], y: &[f64]) -> Result<f64, String> {
    pearson(&ranks(x), &ranks(y))
}

/// Centred second moments: (sum dx^2, sum dx dy, sum dy^2).
fn moments(x: &[f64], y: &[f64]) -> (f64, f64, f64) {
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (mx, my) = (mean(x), mean(y));
    x.iter().zip(y).fold((0.0, 0.0, 0.0), |(xx, xy, yy), (x, y)| {
        let (dx, dy) = (x - mx, y - my);
        (xx + dx * dx, xy + dx * dy, yy + dy * dy)
    })
}

fn ranks(v: &[f64]) -> Vec<f64> {
    v.iter()
        .map(|x| {
            let less = v.iter().filter(|y| *y < x).count();
            let equal = v.iter().filter(|y| *y == x).count();
            less as f64 + (equal as f64 + 1.0) / 2.0
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // numpy 2.4.6 and scipy 1.17.1: stats.pearsonr, stats.spearmanr, and numpy.polyfit(log x, log y, 1)[0] on these two lists.
    const X: [f64; 6] = [1.0, 2.0, 4.0, 8.0, 16.0, 4.0];
    const Y: [f64; 6] = [3.0, 2.5, 2.5, 1.0, 0.2, 1.5];

    #[test]
    fn agree_with_numpy_and_scipy() {
        for (ours, theirs) in [(exponent(&X, &Y), SLOPE), (pearson(&X, &Y), PEARSON), (spearman(&X, &Y), SPEARMAN)] {
            assert!((ours.clone().unwrap() - theirs).abs() < 1e-12, "{ours:?} {theirs}");
        }
    }

    const SLOPE: f64 = -0.913_570_928_610_440_2;
    const PEARSON: f64 = -0.921_448_842_842_121_9;
    const SPEARMAN: f64 = -0.955_882_352_941_176_4;

    #[test]
    fn refuse_what_has_no_answer() {
        assert!(exponent(&[1.0, 2.0], &[1.0, 2.0]).is_err());
        assert!(exponent(&[1.0, 2.0, 3.0], &[1.0, 0.0, 2.0]).is_err());
        assert!(exponent(&[2.0, 2.0, 2.0], &[1.0, 3.0, 2.0]).is_err());
        assert!(pearson(&[1.0, 2.0, 3.0], &[1.0, 1.0, 1.0]).is_err());
        assert!(spearman(&[1.0, 2.0], &[1.0, 2.0]).is_err());
    }
}
