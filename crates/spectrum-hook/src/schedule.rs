//! At which steps spectra are recorded.

use serde::{Deserialize, Serialize};

use crate::HookError;

/// A recording schedule. Step 0 is always recorded.
///
/// In TOML: `every = 5`, `every = { log = 10 }` (ten steps a decade), `every = [1, 2, 5, 100]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "expected a spacing of at least 1, a list of steps, or { log = steps a decade }"
)]
pub enum Schedule {
    /// Every k-th step.
    Every(u64),
    /// So many steps a decade, evenly spaced in the logarithm.
    Log {
        /// Steps a decade.
        log: u32,
    },
    /// These steps.
    List(Vec<u64>),
}

impl Default for Schedule {
    fn default() -> Self {
        Self::Every(1)
    }
}

impl Schedule {
    /// Checks that the schedule means something.
    ///
    /// # Errors
    /// [`HookError::Schedule`] for a zero spacing.
    pub fn validate(&self) -> Result<(), HookError> {
        match self {
            Self::Every(0) => Err(HookError::Schedule("0 records nothing; expected a spacing of at least 1".into())),
            Self::Log { log: 0 } => Err(HookError::Schedule("log = 0 records nothing; expected at least 1".into())),
            _ => Ok(()),
        }
    }

    /// Whether step `t` is recorded.
    #[must_use]
    pub fn hits(&self, t: u64) -> bool {
        if t == 0 {
            return true;
        }
        match self {
            Self::Every(k) => *k > 0 && t.is_multiple_of(*k),
            Self::List(steps) => steps.contains(&t),
            // t is the first integer at or after one of the points 10^(i / n).
            Self::Log { log } => {
                let n = f64::from(*log);
                let index = |x: f64| (n * x.log10() + 1e-9).floor();
                t == 1 || index(t as f64) > index((t - 1) as f64)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(s: &Schedule, to: u64) -> Vec<u64> {
        (0..=to).filter(|t| s.hits(*t)).collect()
    }

    #[test]
    fn schedules_hit_what_they_say() {
        assert_eq!(steps(&Schedule::Every(4), 12), [0, 4, 8, 12]);
        assert_eq!(steps(&Schedule::List(vec![1, 7]), 9), [0, 1, 7]);
        assert_eq!(steps(&Schedule::Log { log: 1 }, 1000), [0, 1, 10, 100, 1000]);
        assert_eq!(steps(&Schedule::Log { log: 3 }, 100), [0, 1, 3, 5, 10, 22, 47, 100]);
        assert!(Schedule::Every(0).validate().is_err());
    }
}
