//! Which end of a spectrum is meant, and how many values a fraction of it is.

use std::fmt;
use std::str::FromStr;

use spectrum_core::CoreError;

use crate::LinalgError;

/// One end of a spectrum: the large singular values or the small ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The first ceil(fraction R) of R values in descending order.
    Top,
    /// The last floor(fraction R).
    Bottom,
}

impl Part {
    /// The name in configs and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Top => "top",
            Self::Bottom => "bottom",
        }
    }

    /// How many of `total` values the fraction is: ceil(fraction `total`) of the top, floor(fraction `total`) of the bottom, so
    /// that the top with f and the bottom with 1 - f share nothing and leave nothing out.
    ///
    /// A product within 4 eps `total` of a whole number is that number: 0.3 * 10 is 3 although 0.3 is no binary fraction, and
    /// 1 - f is off by the rounding of 1, whatever f is.
    ///
    /// # Errors
    /// [`LinalgError::Fraction`] when the fraction is not in [0, 1].
    pub fn count(self, fraction: f64, total: usize) -> Result<usize, LinalgError> {
        if !(0.0..=1.0).contains(&fraction) {
            return Err(LinalgError::Fraction(fraction.to_string()));
        }
        let exact = fraction * total as f64;
        let whole = exact.round();
        let count = match self {
            _ if (exact - whole).abs() <= 4.0 * f64::EPSILON * total as f64 => whole,
            Self::Top => exact.ceil(),
            Self::Bottom => exact.floor(),
        };
        Ok((count as usize).min(total))
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Part {
    type Err = CoreError;
    fn from_str(s: &str) -> Result<Self, CoreError> {
        [Self::Top, Self::Bottom].into_iter().find(|p| p.as_str() == s).ok_or_else(|| CoreError::Unknown {
            what: "part of a spectrum",
            found: s.to_owned(),
            expected: "top, bottom",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Part::{Bottom, Top};

    #[test]
    fn decimals_count_as_they_read() {
        // In binary 0.3 * 10, 0.7 * 10 and 0.07 * 100 are 3, 7 and 7.000000000000001; 1 - 0.9 is under 0.1.
        for (f, total, count) in [(0.3, 10, 3), (0.7, 10, 7), (0.07, 100, 7), (1.0 - 0.9, 10, 1), (0.29, 100, 29)] {
            assert_eq!((Top.count(f, total), Bottom.count(f, total)), (Ok(count), Ok(count)), "{f} {total}");
        }
        assert_eq!((Top.count(0.5, 7), Bottom.count(0.5, 7)), (Ok(4), Ok(3)));
        assert_eq!((Top.count(0.0, 7), Bottom.count(0.0, 7), Top.count(1.0, 7), Bottom.count(1.0, 7)), {
            (Ok(0), Ok(0), Ok(7), Ok(7))
        });
        assert_eq!((Top.count(0.4, 0), Top.count(0.01, 7), Bottom.count(0.99, 7)), (Ok(0), Ok(1), Ok(6)));
    }

    /// Every hundredth of every size up to 300, against whole-number arithmetic; together both parts are the whole.
    #[test]
    fn hundredths_are_exact() {
        for total in 0..300usize {
            for percent in 0..=100usize {
                let f = percent as f64 / 100.0;
                assert_eq!(Top.count(f, total), Ok((percent * total).div_ceil(100)), "{percent} % of {total}");
                assert_eq!(Bottom.count(f, total), Ok(percent * total / 100), "{percent} % of {total}");
                assert_eq!(Bottom.count(1.0 - f, total), Ok(total - (percent * total).div_ceil(100)));
            }
        }
    }

    #[test]
    fn no_fraction_is_an_error() {
        for f in [-1e-300, 1.0 + f64::EPSILON, f64::NAN, f64::INFINITY] {
            assert_eq!(Top.count(f, 5), Err(LinalgError::Fraction(f.to_string())));
            assert!(Bottom.count(f, 0).is_err());
        }
        assert_eq!(Top.count(-0.0, 5), Ok(0));
    }

    #[test]
    fn names_are_read_back() {
        for part in [Top, Bottom] {
            assert_eq!(part.to_string().parse::<Part>(), Ok(part));
        }
        assert!("middle".parse::<Part>().is_err());
    }
}
