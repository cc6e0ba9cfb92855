//! What a fit and its comparisons say, in words.

use serde_json::{Value, json};
use spectrum_core::Outcome;

use super::Recorded;
use crate::series;
use crate::table::number;

/// Below this the sign of a likelihood ratio is trusted (Clauset, Shalizi and Newman, section 5).
const TRUSTED: f64 = 0.1;
/// A tail is short below this many values, ...
const SHORT: usize = 50;
/// ... or below this share of all values.
const SHORT_SHARE: f64 = 0.1;

/// The power law beside one other law on the same tail.
#[derive(Debug, Clone)]
pub(crate) struct Comparison {
    /// The law's name in records and in the page's data (`log_normal`).
    pub name: &'static str,
    /// Its name for a reader (`log-normal`).
    pub title: &'static str,
    /// How it compares.
    pub verdict: Verdict,
    /// The log-likelihood of the power law minus the other's: what the laws are ranked by.
    pub ratio: f64,
}

/// The outcome of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    /// Vuong's normalised log-likelihood ratio R and its p. Positive: the power law is nearer.
    Test { ratio: f64, p: f64 },
    /// As `Test`, for a family that the power law is a member of: its ratio is never above 0, and p asks whether what it
    /// adds to the power law improves anything.
    Nested { ratio: f64, p: f64 },
    /// The family's best member is the power law, its limit: it has nothing to add.
    IsPowerLaw,
    /// No test, and why.
    None(String),
}

/// Who is nearer to the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nearer {
    PowerLaw,
    Other,
    NotToldApart,
}

impl Comparison {
    /// Recorded ratios go before computed ones: `tail_vs_<law>_ratio` and `tail_vs_<law>_p`. A recorded reason stands too,
    /// unless this crate knows better what it means.
    pub(crate) fn take_recorded(all: &mut [Self], of: &Recorded<'_>) {
        for one in all {
            // Both spellings are in use: lognormal and log_normal.
            for name in [one.name.to_owned(), one.name.replace('_', "")] {
                let (ratio, p) = (of(&format!("tail_vs_{name}_ratio")), of(&format!("tail_vs_{name}_p")));
                match (ratio, p) {
                    (Some(Outcome::Value(r)), Some(Outcome::Value(p))) => {
                        let nested = matches!(one.verdict, Verdict::Nested { .. });
                        let (ratio, p) = (*r, *p);
                        one.verdict = if nested { Verdict::Nested { ratio, p } } else { Verdict::Test { ratio, p } };
                    }
                    (Some(Outcome::Missing(why)), _) | (_, Some(Outcome::Missing(why)))
                        if one.verdict != Verdict::IsPowerLaw =>
                    {
                        one.verdict = Verdict::None(why.to_string());
                    }
                    _ => {}
                }
            }
        }
    }

    fn nearer(&self) -> Option<Nearer> {
        match self.verdict {
            Verdict::Test { ratio, p } if p < TRUSTED => {
                Some(if ratio < 0.0 { Nearer::Other } else { Nearer::PowerLaw })
            }
            Verdict::Test { .. } => Some(Nearer::NotToldApart),
            Verdict::Nested { p, .. } if p < TRUSTED => Some(Nearer::Other),
            // What improves nothing is no rival.
            Verdict::Nested { .. } | Verdict::IsPowerLaw => Some(Nearer::PowerLaw),
            Verdict::None(_) => None,
        }
    }

    fn test(&self) -> (Option<f64>, Option<f64>) {
        match self.verdict {
            Verdict::Test { ratio, p } | Verdict::Nested { ratio, p } => (Some(ratio), Some(p)),
            _ => (None, None),
        }
    }

    /// One sentence without its full stop.
    pub(crate) fn says(&self) -> String {
        let title = self.title;
        let numbers = |ratio: f64, p: f64| format!("{}, R\u{a0}=\u{a0}{}", chance(p), short(ratio));
        match (&self.verdict, self.nearer()) {
            (Verdict::None(why), _) => format!("{title}: not compared ({why})"),
            (Verdict::IsPowerLaw, _) => format!("{title}: its best fit is the power law itself"),
            // Wilks' p is not a p of R.
            (Verdict::Nested { p, .. }, Some(Nearer::PowerLaw)) => {
                format!("{title}: its cut-off is no clear improvement ({})", chance(*p))
            }
            (Verdict::Nested { p, .. }, Some(Nearer::Other)) => format!("{title} fits better ({})", chance(*p)),
            (Verdict::Test { ratio, p }, Some(Nearer::Other)) => {
                format!("{title} fits better ({})", numbers(*ratio, *p))
            }
            (Verdict::Test { ratio, p }, Some(Nearer::PowerLaw)) => {
                format!("the power law fits better than the {title} ({})", numbers(*ratio, *p))
            }
            (Verdict::Test { ratio, p } | Verdict::Nested { ratio, p }, _) => {
                format!("{title} cannot be told apart from the power law ({})", numbers(*ratio, *p))
            }
        }
    }

    /// As the page reads it.
    pub(crate) fn json(&self) -> Value {
        let (ratio, p) = self.test();
        let numbers = (series::number(ratio), series::number(p));
        json!({ "name": self.name, "title": self.title, "ratio": numbers.0, "p": numbers.1, "says": self.says() })
    }
}

/// The comparison that matters most, in few words; `None` without any.
pub(crate) fn best(all: &[Comparison]) -> Option<String> {
    // The lowest ratio is the highest likelihood.
    let lowest = |which: Nearer| {
        let of = all.iter().filter(|c| c.nearer() == Some(which)).filter_map(|c| Some((c.title, c.ratio, c.test().1?)));
        of.min_by(|a, b| a.1.total_cmp(&b.1))
    };
    if let Some((title, _, p)) = lowest(Nearer::Other) {
        return Some(format!("{title} fits better ({})", chance(p)));
    }
    if let Some((title, _, p)) = lowest(Nearer::NotToldApart) {
        return Some(format!("not told apart from {title} ({})", chance(p)));
    }
    all.iter().any(|c| c.nearer().is_some()).then(|| "no other law fits better".to_owned())
}

/// What a recorded bootstrap says of the fit itself (Clauset, Shalizi and Newman, section 4).
pub(crate) fn goodness(of: &Recorded<'_>) -> Option<String> {
    let p = match of("tail_gof_p")? {
        Outcome::Value(p) => *p,
        Outcome::Missing(why) => return Some(format!("no bootstrap: {why}")),
    };
    let error = of("tail_gof_p_error").and_then(Outcome::value).filter(|e| *e > 0.0);
    // A share of few draws is no small number: 0 of 50 is not p < 0.001.
    let shown = match of("tail_gof_draws").and_then(Outcome::value) {
        Some(draws) if p == 0.0 => format!("p\u{a0}=\u{a0}0 (none of {draws} draws)"),
        _ => format!("p\u{a0}=\u{a0}{}", short(p)),
    };
    let says = if (p - TRUSTED).abs() < 2.0 * error.unwrap_or(0.0) {
        "too near 0.1 to decide"
    } else if p <= TRUSTED {
        "the power law is ruled out"
    } else {
        "the power law is not ruled out"
    };
    let error = error.map(|e| format!("\u{a0}±\u{a0}{}", short(e))).unwrap_or_default();
    Some(format!("{shown}{error}: {says}"))
}

/// WeightWatcher's rule of thumb, where it was recorded: nothing for a layer that it has no warning for.
pub(crate) fn rule_of_thumb(of: &Recorded<'_>) -> Option<&'static str> {
    match of("training_warning").and_then(Outcome::value) {
        Some(1.0) => Some("\u{3b1}\u{a0}>\u{a0}6 (WeightWatcher: under-trained)"),
        Some(2.0) => Some("\u{3b1}\u{a0}<\u{a0}2 (WeightWatcher: over-trained)"),
        _ => None,
    }
}

/// A warning where the tail is short: a paragraph for the figure and two words for the table.
pub(crate) fn short_tail(size: usize, n: usize) -> Option<(String, &'static str)> {
    let share = size as f64 / n.max(1) as f64;
    if size >= SHORT && share >= SHORT_SHARE {
        return None;
    }
    let long = format!(
        "Short tail: {size} of {n} values ({:.1} %). Fewer than {SHORT} values, or a small share of all, leave the exponent \
         to the choice of the cut-off: another one may give quite another exponent.",
        100.0 * share
    );
    Some((long, "short tail"))
}

/// `p = 0.012`, `p < 0.001`.
fn chance(p: f64) -> String {
    if p < 0.001 { "p\u{a0}<\u{a0}0.001".to_owned() } else { format!("p\u{a0}=\u{a0}{}", short(p)) }
}

/// Two significant digits, with a typographic minus.
fn short(v: f64) -> String {
    let rounded: f64 = format!("{v:.1e}").parse().unwrap_or(v);
    number(rounded).replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectrum_core::Reason;

    fn against(title: &'static str, ratio: f64, p: f64) -> Comparison {
        Comparison { name: "log_normal", title, verdict: Verdict::Test { ratio, p }, ratio }
    }

    /// No-break spaces as plain ones.
    fn plain(text: &str) -> String {
        text.replace('\u{a0}', " ")
    }

    #[test]
    fn a_small_p_trusts_the_sign_and_a_large_one_says_nothing() {
        let says = |r, p| plain(&against("log-normal", r, p).says());
        assert_eq!(says(-2.571, 0.0101), "log-normal fits better (p = 0.01, R = \u{2212}2.6)");
        assert_eq!(says(3.2, 1e-9), "the power law fits better than the log-normal (p < 0.001, R = 3.2)");
        assert_eq!(says(-0.51, 0.6), "log-normal cannot be told apart from the power law (p = 0.6, R = \u{2212}0.51)");
        assert_eq!(says(2.0, 0.1), "log-normal cannot be told apart from the power law (p = 0.1, R = 2)");
        let with = |verdict| plain(&Comparison { verdict, ..against("log-normal", 0.0, 1.0) }.says());
        assert_eq!(with(Verdict::None("NoConvergence".to_owned())), "log-normal: not compared (NoConvergence)");
        let nested = |ratio, p| with(Verdict::Nested { ratio, p });
        assert_eq!(nested(-0.2, 0.5), "log-normal: its cut-off is no clear improvement (p = 0.5)");
        assert_eq!(nested(-4.0, 0.005), "log-normal fits better (p = 0.005)");
        assert_eq!(with(Verdict::IsPowerLaw), "log-normal: its best fit is the power law itself");
    }

    #[test]
    fn the_best_alternative_is_the_one_that_wins_most_clearly() {
        let a =
            [against("exponential", 4.0, 0.001), against("log-normal", -2.0, 0.04), against("stretched", -3.0, 0.02)];
        assert_eq!(best(&a).map(|s| plain(&s)).as_deref(), Some("stretched fits better (p = 0.02)"));
        let b = [against("exponential", 4.0, 0.001), against("log-normal", -0.2, 0.8)];
        assert_eq!(best(&b).map(|s| plain(&s)).as_deref(), Some("not told apart from log-normal (p = 0.8)"));
        assert_eq!(best(&[against("exponential", 4.0, 0.001)]).as_deref(), Some("no other law fits better"));
        let nested = Comparison { verdict: Verdict::Nested { ratio: -0.9, p: 0.2 }, ..against("truncated", -0.9, 0.0) };
        let c = [nested, against("log-normal", -0.2, 0.8)];
        assert_eq!(best(&c).map(|s| plain(&s)).as_deref(), Some("not told apart from log-normal (p = 0.8)"));
        assert_eq!(best(&[]), None);
    }

    #[test]
    fn recorded_comparisons_go_first_and_keep_their_reasons() {
        let (r, p, why) = (Outcome::Value(-1.5), Outcome::Value(0.03), Outcome::Missing(Reason::NoConvergence));
        let mut all =
            [against("log-normal", 9.0, 0.9), Comparison { name: "exponential", ..against("exponential", 1.0, 1.0) }];
        Comparison::take_recorded(&mut all, &|name: &str| match name {
            "tail_vs_lognormal_ratio" => Some(&r),
            "tail_vs_lognormal_p" => Some(&p),
            "tail_vs_exponential_ratio" => Some(&why),
            _ => None,
        });
        assert_eq!(all[0].verdict, Verdict::Test { ratio: -1.5, p: 0.03 });
        assert_eq!(all[1].verdict, Verdict::None("NoConvergence".to_owned()));
    }

    #[test]
    fn a_bootstrap_rules_out_or_does_not() {
        let at = |p: &'static Outcome| {
            static ERROR: Outcome = Outcome::Value(0.013);
            let recorded = move |m: &str| match m {
                "tail_gof_p" => Some(p),
                "tail_gof_p_error" => Some(&ERROR),
                _ => None,
            };
            goodness(&recorded).map(|s| plain(&s)).unwrap()
        };
        assert_eq!(at(&Outcome::Value(0.4)), "p = 0.4 ± 0.013: the power law is not ruled out");
        assert_eq!(at(&Outcome::Value(0.02)), "p = 0.02 ± 0.013: the power law is ruled out");
        assert_eq!(at(&Outcome::Value(0.09)), "p = 0.09 ± 0.013: too near 0.1 to decide");
        assert_eq!(at(&Outcome::Missing(Reason::NoConvergence)), "no bootstrap: NoConvergence");
        assert_eq!(goodness(&|_: &str| None), None);
    }

    #[test]
    fn a_tail_is_short_by_count_or_by_share() {
        assert!(short_tail(49, 60).is_some());
        assert!(short_tail(50, 500).is_none());
        let (text, _) = short_tail(60, 1000).unwrap();
        assert!(text.starts_with("Short tail: 60 of 1000 values (6.0 %)."), "{text}");
    }
}
