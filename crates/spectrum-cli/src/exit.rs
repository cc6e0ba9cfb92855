//! How a command fails.

/// A message and the exit code that goes with it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub code: u8,
    pub text: Option<String>,
}

impl Failure {
    /// The input is wrong.
    pub fn input(text: impl ToString) -> Self {
        Self { code: 2, text: Some(text.to_string()) }
    }

    /// The run failed.
    pub fn failed(text: impl ToString) -> Self {
        Self { code: 3, text: Some(text.to_string()) }
    }

    /// A check did not hold; what was printed says which.
    pub fn check() -> Self {
        Self { code: 1, text: None }
    }
}
