//! Bounds on a number.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Bounds on a number: every one that is given must be kept.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Not less than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Not more than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// More than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<f64>,
    /// Less than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
    /// Exactly this; for counts and codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<f64>,
    /// Less than this in size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<f64>,
}

impl Bounds {
    /// The keys.
    pub(crate) const KEYS: [&str; 6] = ["min", "max", "above", "below", "equals", "within"];

    /// Whether a number keeps them all. NaN keeps none.
    #[must_use]
    pub fn admit(&self, x: f64) -> bool {
        let kept = |bound: Option<f64>, holds: fn(f64, f64) -> bool| bound.is_none_or(|b| holds(x, b));
        !x.is_nan()
            && kept(self.min, |x, b| x >= b)
            && kept(self.max, |x, b| x <= b)
            && kept(self.above, |x, b| x > b)
            && kept(self.below, |x, b| x < b)
            && kept(self.equals, |x, b| x == b)
            && kept(self.within, |x, b| x.abs() < b)
    }

    /// What is wrong with them: none at all, a bound that is no number, or two that no number can keep.
    pub(crate) fn fault(&self) -> Option<String> {
        let all = [self.min, self.max, self.above, self.below, self.equals, self.within];
        if all.iter().all(Option::is_none) {
            return Some(format!("has no bound; expected one of {}", Self::KEYS.join(", ")));
        }
        if all.iter().flatten().any(|b| !b.is_finite()) {
            return Some("has a bound that is not finite".to_owned());
        }
        if self.within.is_some_and(|w| w <= 0.0) {
            return Some("`within` must be above 0".to_owned());
        }
        let low = self.min.into_iter().chain(self.above).fold(f64::NEG_INFINITY, f64::max);
        let high = self.max.into_iter().chain(self.below).fold(f64::INFINITY, f64::min);
        let open = self.above == Some(low) || self.below == Some(high);
        (low > high || (low == high && open)).then(|| format!("no number is {self}"))
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        match (self.min, self.max) {
            (Some(a), Some(b)) => parts.push(format!("{a} to {b}")),
            (Some(a), None) => parts.push(format!(">= {a}")),
            (None, Some(b)) => parts.push(format!("<= {b}")),
            (None, None) => {}
        }
        parts.extend(self.above.map(|b| format!("> {b}")));
        parts.extend(self.below.map(|b| format!("< {b}")));
        parts.extend(self.equals.map(|b| format!("= {b}")));
        parts.extend(self.within.map(|b| format!("size < {b}")));
        f.write_str(&parts.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_admits_and_refuses() {
        let b = |toml: &str| toml::from_str::<Bounds>(toml).unwrap();
        for (toml, inside, outside) in [
            ("min = 1.0", 1.0, 0.999),
            ("max = 1.0", 1.0, 1.001),
            ("above = 1.0", 1.001, 1.0),
            ("below = 1.0", 0.999, 1.0),
            ("equals = 3.0", 3.0, 3.001),
            ("within = 0.5", -0.499, -0.5),
            ("min = 0.88\nmax = 1.12", 1.0, 1.13),
        ] {
            assert!(b(toml).admit(inside), "{toml} {inside}");
            assert!(!b(toml).admit(outside), "{toml} {outside}");
            assert!(!b(toml).admit(f64::NAN), "{toml}");
            assert_eq!(b(toml).fault(), None, "{toml}");
        }
        assert_eq!(b("min = 0.88\nmax = 1.12").to_string(), "0.88 to 1.12");
        for bad in ["", "min = 2.0\nmax = 1.0", "above = 1.0\nbelow = 1.0", "within = 0.0", "max = inf"] {
            assert!(b(bad).fault().is_some(), "{bad}");
        }
    }
}
