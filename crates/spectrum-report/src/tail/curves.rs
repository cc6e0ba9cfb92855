//! Curves of a tail, thinned for the eye: over every cut-off, over every tail size, and of every competing law.

use serde_json::{Value, json};
use spectrum_tail::{Alternative, FitOptions, TailError, TailFit, compare, fit_alternative};

use super::words::{Comparison, Verdict};
use crate::payload::base64_f32;
use crate::{series, thin};

/// Points of D(xmin), of alpha(xmin) and of the Hill curve.
const POINTS: usize = 300;
/// Points of a fitted law's curve: straight or gently bent lines on log-log axes.
const MODEL_POINTS: usize = 48;
/// A fitted law is drawn this far beyond the largest eigenvalue.
const BEYOND: f64 = 1.25;

fn why(e: &TailError) -> Value {
    json!({ "why": e.to_string() })
}

/// D(xmin), alpha(xmin) and its standard error, ascending in xmin: `{x, distance, alpha, sigma, all}`.
pub(crate) fn scan(lambda: &[f64], floor: f64, options: &FitOptions) -> Value {
    match spectrum_tail::scan(lambda, floor, options) {
        Ok(scan) => {
            let kept = thin::scan(&scan.distance, POINTS);
            let pick = |values: &[f64]| base64_f32(kept.iter().map(|&i| values[i]));
            json!({
                "x": pick(&scan.xmin), "distance": pick(&scan.distance), "alpha": pick(&scan.alpha), "sigma": pick(&scan.sigma),
                "all": scan.xmin.len(),
            })
        }
        Err(e) => why(&e),
    }
}

/// Hill's exponent against the tail's size: `{k, alpha, median, stable: [from, to, alpha, spread]}`; `stable` only where the curve is
/// long enough to have a stable region.
pub(crate) fn hill(lambda: &[f64], floor: f64) -> Value {
    match spectrum_tail::hill_curve(lambda, floor) {
        Ok(curve) => {
            let kept = thin::logarithmically(curve.tail_size.len(), POINTS);
            let mut out = json!({
                "k": base64_f32(kept.iter().map(|&i| curve.tail_size[i] as f64)),
                "alpha": base64_f32(kept.iter().map(|&i| curve.alpha[i])),
                "median": lambda.len() - lambda.len() / 2,
            });
            let number = |v: f64| series::number(Some(v));
            if let Ok(region) = spectrum_tail::stable_region(&curve) {
                out["stable"] = json!([region.from, region.to, number(region.alpha), number(region.spread)]);
            }
            out
        }
        Err(e) => why(&e),
    }
}

/// The laws that compete with the power law on its tail: their curves `{x, curves: [{name, title, y}]}` as shares of all
/// eigenvalues at or above x, and how each compares.
pub(crate) fn competitors(lambda: &[f64], fit: &TailFit) -> (Value, Vec<Comparison>) {
    let top = lambda.first().copied().unwrap_or(fit.xmin) * BEYOND;
    let ratio = (top / fit.xmin).ln();
    let at = |i: usize| fit.xmin * (ratio * i as f64 / (MODEL_POINTS - 1) as f64).exp();
    let x: Vec<f64> = (0..MODEL_POINTS).map(at).collect();
    let share = fit.tail_size as f64 / lambda.len() as f64;
    let mut curves = Vec::new();
    let mut comparisons = Vec::new();
    for alternative in Alternative::ALL {
        let title = title(alternative);
        let other = fit_alternative(lambda, fit, alternative);
        if let Ok(other) = &other {
            let y = base64_f32(x.iter().map(|&x| share * other.ccdf(x)));
            curves.push(json!({ "name": alternative.name(), "title": title, "y": y }));
        }
        let test = other.and_then(|other| compare(lambda, fit, &other));
        let ratio = test.as_ref().map_or(0.0, |v| v.ratio);
        let verdict = match test {
            Ok(v) if v.nested => Verdict::Nested { ratio: v.normalized, p: v.p },
            Ok(v) => Verdict::Test { ratio: v.normalized, p: v.p },
            Err(TailError::TowardsPowerLaw { .. }) => Verdict::IsPowerLaw,
            Err(e) => Verdict::None(e.to_string()),
        };
        comparisons.push(Comparison { name: alternative.name(), title, verdict, ratio });
    }
    (json!({ "x": base64_f32(x.iter().copied()), "curves": curves }), comparisons)
}

fn title(alternative: Alternative) -> &'static str {
    match alternative {
        Alternative::TruncatedPowerLaw => "truncated power law",
        Alternative::LogNormal => "log-normal",
        Alternative::Exponential => "exponential",
        Alternative::StretchedExponential => "stretched exponential",
    }
}
