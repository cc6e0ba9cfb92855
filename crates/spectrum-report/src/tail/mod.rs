//! The tail of a spectrum as the page draws it: what the run recorded, with curves drawn again from the stored values.
//!
//! Numbers are the recorded ones wherever the run recorded any; only a run that recorded no tail at all gets a fit made
//! for the page, and the page says so. The empirical distribution is not in here: the page has the spectrum itself.

mod curves;
mod words;

use std::str::FromStr;

use serde_json::{Map, Value, json};
use spectrum_core::{Kind, Outcome, Spectrum};
use spectrum_tail::{Convention, Cutoff, FitOptions, TailFit};

use crate::series::number;
use words::Comparison;

/// What was recorded of one matrix at one step, by metric.
pub(crate) type Recorded<'a> = dyn Fn(&str) -> Option<&'a Outcome> + 'a;

/// The convention of a run's tail fits: `[spectra] convention` of its config, else the default.
pub(crate) fn convention(config: &str) -> Convention {
    let named = config.parse::<toml::Table>().ok().and_then(|table| {
        let name = table.get("spectra")?.get("convention")?.as_str()?;
        Convention::from_str(name).ok()
    });
    named.unwrap_or_default()
}

/// Eigenvalues, descending: a kernel's own (it is symmetric), else those of W^T W; and the smallest trustworthy one.
fn eigenvalues(kind: Kind, s: &Spectrum) -> (Vec<f64>, f64) {
    match kind {
        Kind::Ck | Kind::Ntk => (s.singular_values.clone(), s.floor),
        _ => (s.eigenvalues(), s.floor * s.floor),
    }
}

/// The power law that the page draws.
struct Line {
    alpha: f64,
    sigma: Option<f64>,
    xmin: f64,
    size: usize,
    distance: Option<f64>,
    recorded: bool,
}

impl Line {
    fn of(fit: &TailFit) -> Self {
        Self {
            alpha: fit.alpha,
            sigma: Some(fit.sigma),
            xmin: fit.xmin,
            size: fit.tail_size,
            distance: Some(fit.distance),
            recorded: false,
        }
    }
}

/// The recorded fit, or one made here if the run recorded none; else the reason why there is none.
fn line(lambda: &[f64], floor: f64, s: &Spectrum, options: &FitOptions, of: &Recorded<'_>) -> Result<Line, String> {
    let value = |metric: &str| of(metric).and_then(Outcome::value);
    match (of("alpha"), of("xmin")) {
        (Some(Outcome::Missing(reason)), _) | (Some(_), Some(Outcome::Missing(reason))) => Err(reason.to_string()),
        (Some(Outcome::Value(alpha)), Some(Outcome::Value(xmin))) => Ok(Line {
            alpha: *alpha,
            sigma: value("alpha_sigma"),
            xmin: *xmin,
            // A tail without its recorded size: counted. Values equal to the cut-off belong to the tail, and the
            // recorded cut-off is one of them to the last bit.
            size: value("tail_size").map_or_else(|| lambda.iter().filter(|x| **x >= *xmin).count(), |v| v as usize),
            distance: value("alpha_distance"),
            recorded: true,
        }),
        (Some(Outcome::Value(_)), None) => Err("the cut-off was not recorded".to_owned()),
        (None, _) if !s.is_complete() => Err("only the leading singular values were computed".to_owned()),
        (None, _) => spectrum_tail::fit(lambda, floor, options).map(|fit| Line::of(&fit)).map_err(|e| e.to_string()),
    }
}

/// One matrix's tail at one step, as `assets/js/tail.js` and `cutoff.js` read it.
pub(crate) fn tail(step: u64, kind: Kind, s: &Spectrum, convention: Convention, of: &Recorded<'_>) -> Value {
    let (lambda, floor) = eigenvalues(kind, s);
    let n = lambda.len();
    let options = FitOptions::of(convention);
    let mut out = Map::new();
    out.insert("step".to_owned(), json!(step));
    out.insert("n".to_owned(), json!(n));
    out.insert("convention".to_owned(), json!(convention.name()));
    let mut put = |name: &str, value: Value| drop(out.insert(name.to_owned(), value));
    match line(&lambda, floor, s, &options, of) {
        Ok(line) => {
            put("from", json!(if line.recorded { "recorded" } else { "computed" }));
            put("alpha", number(Some(line.alpha)));
            put("sigma", number(line.sigma));
            put("xmin", number(Some(line.xmin)));
            put("size", json!(line.size));
            put("distance", number(line.distance));
            if let Some((long, short)) = words::short_tail(line.size, n) {
                put("warning", json!(long));
                put("warning_short", json!(short));
            }
            put("goodness", json!(words::goodness(of)));
            put("rule_of_thumb", json!(words::rule_of_thumb(of)));
            let here = FitOptions { cutoff: Cutoff::Fixed(line.xmin), ..options };
            match spectrum_tail::fit(&lambda, floor, &here) {
                Ok(fit) => {
                    let (models, mut against) = curves::competitors(&lambda, &fit);
                    Comparison::take_recorded(&mut against, of);
                    put("models", models);
                    put("best", json!(words::best(&against)));
                    put("against", against.iter().map(Comparison::json).collect());
                }
                Err(e) => put("against_why", json!(e.to_string())),
            }
        }
        Err(why) => put("why", json!(why)),
    }
    if s.is_complete() {
        put("scan", curves::scan(&lambda, floor, &options));
        put("hill", curves::hill(&lambda, floor));
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_convention_is_the_config_s() {
        assert_eq!(convention("[spectra]\nconvention = \"ww\"\n"), Convention::Ww);
        assert_eq!(convention("[spectra]\nroute = \"gram\"\n"), Convention::Csn);
        assert_eq!(convention("[spectra]\nconvention = \"none such\"\n"), Convention::Csn);
        assert_eq!(convention("not toml ["), Convention::Csn);
    }
}
