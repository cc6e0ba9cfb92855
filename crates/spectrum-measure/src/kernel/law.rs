//! A kernel against its limit law.

use spectrum_core::{Blob, MatrixId, Outcome, Reason, Spectrum, StepRows};
use spectrum_law::limit::{Coefficients, Complex, LimitLaw};
use spectrum_linalg::Plan;

use super::spectrum_distance;
use crate::battery::record;

/// Metrics of a kernel with a law, in the order of the records.
///
/// - `law_distance`: Kolmogorov-Smirnov distance of the eigenvalues from the law; `law_distance_matched`: after multiplying
///   them by the number that gives them the law's mean (at finite width the mean fluctuates with the readout's norm);
/// - `law_mean`: the law's mean; `law_lower_edge`, `law_upper_edge`: ends of its continuous part;
/// - `law_mass_error`, `law_residual`: the certificate, integrated mass minus 1 and the largest residual of the equations;
/// - `law_outliers`: eigenvalues above upper edge * (1 + 4 n^(-2/3)), a width on the scale of Tracy and Widom;
/// - `law_stieltjes_gap`: largest |m_n(z) - m(z)| at nine z = x + 0.2i, x evenly spaced over the law's continuous part: needs no grid.
///
/// Where no layer above the trained ones has a random kernel (the readout alone fixed at depth 1) the law is that of the data's
/// own eigenvalues, moved: point masses. It has no edges and no outliers then, and the nine x lie between the outermost masses.
pub const LAW_METRICS: [&str; 9] = [
    "law_distance",
    "law_distance_matched",
    "law_mean",
    "law_lower_edge",
    "law_upper_edge",
    "law_mass_error",
    "law_residual",
    "law_outliers",
    "law_stieltjes_gap",
];

/// Metrics of a tangent kernel K beside S = r_+ I + sum_l q_l X_l^T X_l (Fan and Wang 2020, lemma 3.5).
///
/// - `surrogate_residual`: |K - S|_F^2/n, which the lemma says vanishes;
/// - `surrogate_distance`: two-sample Kolmogorov-Smirnov distance of the eigenvalues of K and of S;
/// - `surrogate_law_distance`: that of the eigenvalues of S from the law.
pub const SURROGATE_METRICS: [&str; 3] = ["surrogate_residual", "surrogate_distance", "surrogate_law_distance"];

/// Imaginary part at which the transforms are compared.
const HEIGHT: f64 = 0.2;

fn answers(law: &LimitLaw, s: &Spectrum) -> [Outcome; 9] {
    let certificate = law.certificate();
    let lambda = &s.singular_values;
    let n = lambda.len() as f64;
    let own = [certificate.mass_error.into(), certificate.residual.into()];
    if !certificate.converged {
        let [mass, residual] = own;
        let none = || Outcome::Missing(Reason::NoConvergence);
        return [none(), none(), none(), none(), none(), mass, residual, none(), none()];
    }
    let edges = law.edges().first().zip(law.edges().last()).map(|(low, high)| (low.0, high.1));
    let edges = edges.ok_or(Reason::Degenerate);
    let atoms = || law.atoms().first().zip(law.atoms().last()).map(|(low, high)| (low.0, high.0));
    let support = edges.clone().or_else(|reason| atoms().ok_or(reason));
    let mean = lambda.iter().sum::<f64>() / n;
    let distance = |values: &[f64]| law.ks_distance(values).map_err(|e| Reason::NotComputed(e.to_string()));
    let matched = match mean > 0.0 {
        true => distance(&lambda.iter().map(|l| l * law.mean() / mean).collect::<Vec<_>>()),
        false => Err(Reason::Degenerate),
    };
    let outliers = edges.clone().map(|(_, high)| {
        let threshold = high * (1.0 + 4.0 * n.powf(-2.0 / 3.0));
        lambda.partition_point(|l| *l > threshold) as f64
    });
    let [mass, residual] = own;
    [
        distance(lambda).into(),
        matched.into(),
        law.mean().into(),
        edges.clone().map(|e| e.0).into(),
        edges.map(|e| e.1).into(),
        mass,
        residual,
        outliers.into(),
        support.and_then(|(low, high)| stieltjes_gap(law, lambda, low, high)).into(),
    ]
}

fn stieltjes_gap(law: &LimitLaw, lambda: &[f64], low: f64, high: f64) -> Result<f64, Reason> {
    let mut largest = 0.0f64;
    for k in 0..9 {
        let z = Complex::new(low + (high - low) * f64::from(k) / 8.0, HEIGHT);
        let m = law.stieltjes(z).map_err(|e| Reason::NotComputed(e.to_string()))?;
        let sum = lambda.iter().fold(Complex::new(0.0, 0.0), |sum, l| sum + (Complex::new(*l, 0.0) - z).recip());
        largest = largest.max((sum * (1.0 / lambda.len() as f64) - m).abs());
    }
    Ok(largest)
}

/// Appends the records of [`LAW_METRICS`] under the kernel's identity. `spectrum` is the kernel's own, or why there is none;
/// `law` the law, or why there is none. At step 0 the law's curve is kept beside: a blob `law` of two columns, the grid and the
/// density.
pub fn against(
    id: &MatrixId,
    spectrum: Result<&Spectrum, &Reason>,
    law: Result<&LimitLaw, &Reason>,
    rows: &mut StepRows,
) {
    let outcomes = match (spectrum, law) {
        (Ok(s), Ok(law)) => {
            if id.step == 0 && !law.grid().is_empty() {
                let data = [law.grid(), law.density()].concat();
                rows.blobs.push(Blob { id: id.clone(), name: "law".into(), rows: law.grid().len(), cols: 2, data });
            }
            answers(law, s)
        }
        (Err(reason), _) | (_, Err(reason)) => std::array::from_fn(|_| Outcome::Missing(reason.clone())),
    };
    rows.records.extend(LAW_METRICS.into_iter().zip(outcomes).map(|(metric, o)| record(id, metric, o)));
}

/// What a [surrogate](SURROGATE_METRICS) is made of: the data's Gram matrix and the conjugate kernels of all layers, each n x n.
#[derive(Debug, Clone, Copy)]
pub struct Surrogate<'a> {
    /// X_0^T X_0, X_1^T X_1, .., X_L^T X_L.
    pub grams: &'a [&'a [f64]],
    /// q_0..q_L and r_+.
    pub coefficients: &'a Coefficients,
}

/// Appends the records of [`SURROGATE_METRICS`] under the tangent kernel's identity.
#[allow(clippy::too_many_arguments)]
pub fn surrogate(
    id: &MatrixId,
    kernel: &[f64],
    n: usize,
    spectrum: Result<&Spectrum, &Reason>,
    parts: Surrogate<'_>,
    law: Result<&LimitLaw, &Reason>,
    plan: &mut Plan,
    rows: &mut StepRows,
) {
    let outcomes = fit(kernel, n, spectrum, parts, law, plan)
        .unwrap_or_else(|reason| std::array::from_fn(|_| Outcome::Missing(reason.clone())));
    rows.records.extend(SURROGATE_METRICS.into_iter().zip(outcomes).map(|(metric, o)| record(id, metric, o)));
}

fn fit(
    kernel: &[f64],
    n: usize,
    spectrum: Result<&Spectrum, &Reason>,
    parts: Surrogate<'_>,
    law: Result<&LimitLaw, &Reason>,
    plan: &mut Plan,
) -> Result<[Outcome; 3], Reason> {
    let own = spectrum.map_err(Clone::clone)?;
    let c = parts.coefficients;
    let fits = parts.grams.len() == c.q.len() && parts.grams.iter().all(|g| g.len() == n * n) && kernel.len() == n * n;
    if !fits {
        return Err(Reason::NotComputed("the kernels of all layers".to_owned()));
    }
    let mut s = vec![0.0; n * n];
    for (gram, q) in parts.grams.iter().zip(&c.q) {
        s.iter_mut().zip(*gram).for_each(|(s, g)| *s += q * g);
    }
    s.iter_mut().step_by(n + 1).for_each(|d| *d += c.r_plus);
    let residual = s.iter().zip(kernel).map(|(s, k)| (s - k) * (s - k)).sum::<f64>() / n as f64;
    let other = plan.kernel(&s, n, 0).map_err(Reason::from)?;
    let distance = match law {
        Ok(law) if law.certificate().converged => {
            law.ks_distance(&other.singular_values).map_err(|e| Reason::NotComputed(e.to_string())).into()
        }
        Ok(_) => Outcome::Missing(Reason::NoConvergence),
        Err(reason) => Outcome::Missing(reason.clone()),
    };
    Ok([residual.into(), spectrum_distance(own, &other), distance])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use spectrum_core::Kind;
    use spectrum_law::limit::{Constants, NetworkShape, Population, Settings, conjugate_kernel, tangent_kernel};

    /// A linear layer on fresh data: mean and edges of the Marchenko-Pastur law of ratio 1/2 in closed form, (1 -+ sqrt(1/2))^2.
    /// The sample is the law's own quantiles, so the distance is that of a perfect sample, 1/(2n).
    #[test]
    fn a_perfect_sample_is_half_a_step_away() {
        let shape = NetworkShape {
            population: Population::Point,
            ratios: vec![0.5],
            constants: Constants { mean: 0.0, sd: 1.0, b: 1.0, a: 1.0 },
        };
        let law = conjugate_kernel(&shape, &Settings::default()).unwrap();
        let n = 400;
        let mut values: Vec<f64> = (0..n).map(|k| law.quantile((f64::from(k) + 0.5) / f64::from(n)).unwrap()).collect();
        values.reverse();
        let s = |factor: f64| Spectrum {
            rows: n as usize,
            cols: n as usize,
            route: spectrum_core::Route::Gram,
            floor: 0.0,
            singular_values: values.iter().map(|v| v * factor).collect(),
            left: None,
            right: None,
        };
        let id = MatrixId { step: 0, layer: "l".into(), kind: Kind::Ck, view: "probe".into() };
        let mut rows = StepRows::new(0);
        against(&id, Ok(&s(1.0)), Ok(&law), &mut rows);
        let value = |rows: &StepRows, m: &str| {
            rows.records.iter().find(|r| r.metric == m).and_then(|r| r.outcome.value()).unwrap()
        };
        assert!((value(&rows, "law_distance") - 0.5 / 400.0).abs() < 1e-6);
        assert!((value(&rows, "law_mean") - 1.0).abs() < 1e-8);
        assert!((value(&rows, "law_lower_edge") - (1.0 - 0.5f64.sqrt()).powi(2)).abs() < 1e-8);
        assert!((value(&rows, "law_upper_edge") - (1.0 + 0.5f64.sqrt()).powi(2)).abs() < 1e-8);
        assert_eq!(value(&rows, "law_outliers"), 0.0);
        assert!(value(&rows, "law_stieltjes_gap") < 1e-3);
        assert_eq!((rows.blobs[0].name.as_str(), rows.blobs[0].cols), ("law", 2));
        // Another scale is far from the law, and near it again once the means agree.
        let mut doubled = StepRows::new(0);
        against(&id, Ok(&s(2.0)), Ok(&law), &mut doubled);
        assert!(value(&doubled, "law_distance") > 0.3);
        assert!((value(&doubled, "law_distance_matched") - value(&rows, "law_distance_matched")).abs() < 1e-9);
        assert!(value(&doubled, "law_outliers") > 0.0);
    }

    /// Only the hidden layer trained at depth 1: the data's eigenvalues 1/2 and 2, moved to r_+ + b^2/2 and r_+ + 2 b^2.
    #[test]
    fn a_law_of_point_masses_has_no_edges_but_a_distance() {
        let c = Constants { mean: 0.0, sd: 1.0, b: 0.8, a: 1.2 };
        let population = Population::Weighted(vec![(0.5, 0.75), (2.0, 0.25)]);
        let shape = NetworkShape { population, ratios: vec![0.5], constants: c };
        let law = tangent_kernel(&shape, Some(&[1.0, 0.0]), &Settings::default()).unwrap();
        let r_plus = 1.2 - 0.64;
        let (one, two) = (r_plus + 0.32, r_plus + 1.28);
        let s = Spectrum {
            rows: 4,
            cols: 4,
            route: spectrum_core::Route::Gram,
            floor: 0.0,
            singular_values: vec![two, two, one, one],
            left: None,
            right: None,
        };
        let id = MatrixId { step: 0, layer: "network".into(), kind: Kind::Ntk, view: "probe".into() };
        let mut rows = StepRows::new(0);
        against(&id, Ok(&s), Ok(&law), &mut rows);
        let outcome = |m: &str| &rows.records.iter().find(|r| r.metric == m).unwrap().outcome;
        let value = |m: &str| outcome(m).value().unwrap();
        // A quarter of the values stands one mass too high.
        assert!((value("law_distance") - 0.25).abs() < 1e-12);
        assert!((value("law_mean") - 0.75 * one - 0.25 * two).abs() < 1e-12);
        assert!(value("law_mass_error").abs() < 1e-12 && value("law_residual") == 0.0);
        // Of mean 1.36 in place of 1.12, and scaled down to that: half of them below the law's first mass.
        assert!((value("law_distance_matched") - 0.5).abs() < 1e-12);
        // |m_4 - m| = |1/(two - z) - 1/(one - z)|/4, greatest above the masses: 0.96/(4 * 0.2 |0.96 - 0.2 i|).
        assert!((value("law_stieltjes_gap") - 0.96 / (0.8 * 0.96f64.hypot(0.2))).abs() < 1e-9);
        for edge in ["law_lower_edge", "law_upper_edge", "law_outliers"] {
            assert_eq!(outcome(edge), &Outcome::Missing(Reason::Degenerate), "{edge}");
        }
        assert!(rows.blobs.is_empty());
    }

    /// K = 2 I + G + 3 H with the coefficients that made it leaves no residual.
    #[test]
    fn a_surrogate_of_its_own_making_fits() {
        let n = 3;
        let (g, h) = ([2.0, 1.0, 0.0, 1.0, 2.0, 0.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0, 3.0, 1.0, 0.0, 1.0, 2.0]);
        let kernel: Vec<f64> = (0..9).map(|i| g[i] + 3.0 * h[i] + if i % 4 == 0 { 2.0 } else { 0.0 }).collect();
        let coefficients = Coefficients { q: vec![1.0, 3.0], r_plus: 2.0 };
        let mut plan = Plan::new();
        let spectrum = plan.kernel(&kernel, n, 0).unwrap();
        let id = MatrixId { step: 0, layer: "network".into(), kind: Kind::Ntk, view: "probe".into() };
        let mut rows = StepRows::new(0);
        let parts = Surrogate { grams: &[&g, &h], coefficients: &coefficients };
        let none = Reason::Degenerate;
        surrogate(&id, &kernel, n, Ok(&spectrum), parts, Err(&none), &mut plan, &mut rows);
        let values = |rows: &StepRows| rows.records.iter().map(|r| r.outcome.value()).collect::<Vec<_>>();
        assert_eq!(values(&rows), [Some(0.0), Some(0.0), None]);
        // One entry off by a half: |K - S|_F^2/n = 0.25/3.
        let mut other = kernel.clone();
        other[0] += 0.5;
        let spectrum = plan.kernel(&other, n, 0).unwrap();
        let mut rows = StepRows::new(0);
        surrogate(&id, &other, n, Ok(&spectrum), parts, Err(&none), &mut plan, &mut rows);
        assert!((values(&rows)[0].unwrap() - 0.25 / 3.0).abs() < 1e-14);
    }
}
