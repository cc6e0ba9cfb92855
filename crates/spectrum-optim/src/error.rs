//! What can be wrong with an optimizer's settings or with a saved state.

use burn::store::RecordError;
use thiserror::Error;

/// An optimizer that cannot be built or continued.
#[derive(Debug, Error)]
pub enum OptimError {
    /// A setting outside its range. The key is relative to the optimizer's table (`betas[0]`, `schedule.gamma`).
    #[error("`{key}` is {found}; expected {expected}")]
    Invalid {
        /// The setting.
        key: String,
        /// Its value.
        found: String,
        /// What the optimizer needs.
        expected: &'static str,
    },
    /// The file with the optimizer's state cannot be read.
    #[error("optimizer state: {0}")]
    Record(#[from] RecordError),
    /// Burn drops a state that it cannot rebuild without a word: this is that word.
    #[error(
        "optimizer state: {restored} of {saved} saved tensors belong to `{kind}`; the file is of another optimizer or damaged"
    )]
    StatesLost {
        /// The optimizer that was to continue.
        kind: &'static str,
        /// Tensors in the file.
        saved: usize,
        /// Tensors that found their place.
        restored: usize,
    },
}

impl OptimError {
    pub(crate) fn invalid(key: impl Into<String>, found: impl ToString, expected: &'static str) -> Self {
        Self::Invalid { key: key.into(), found: found.to_string(), expected }
    }
}

/// `Ok` when `holds`, else the error that names the key.
pub(crate) fn ensure(holds: bool, key: &str, found: impl ToString, expected: &'static str) -> Result<(), OptimError> {
    if holds { Ok(()) } else { Err(OptimError::invalid(key, found, expected)) }
}

/// A finite number that is not negative: rates, decays, epsilons.
pub(crate) fn not_negative(key: &str, value: f64) -> Result<(), OptimError> {
    ensure(value.is_finite() && value >= 0.0, key, value, "a finite number, at least 0")
}

/// A factor of a running mean.
pub(crate) fn below_one(key: &str, value: f64) -> Result<(), OptimError> {
    ensure((0.0..1.0).contains(&value), key, value, "a number in [0, 1)")
}
