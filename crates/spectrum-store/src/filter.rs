//! Which rows to read.

use std::ops::{Bound, RangeBounds};

use rusqlite::ToSql;
use spectrum_core::Kind;

/// Which rows to read: all of them, narrowed by each call.
///
/// ```
/// use spectrum_core::Kind;
/// use spectrum_store::Filter;
///
/// let stable_rank_of_the_first_hundred =
///     Filter::new().layer("hidden.weight").kind(Kind::Weight).name("stable_rank").steps(..=100);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    first: i64,
    last: Option<i64>,
    layer: Option<String>,
    kind: Option<Kind>,
    view: Option<String>,
    name: Option<String>,
    pub(crate) vectors: bool,
}

impl Filter {
    /// All rows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Rows of these steps only.
    #[must_use]
    pub fn steps(mut self, steps: impl RangeBounds<u64>) -> Self {
        // No row has a step of 2^63 or more: a bound up there is as good as 2^63 - 1.
        let signed = |s: u64| i64::try_from(s).unwrap_or(i64::MAX);
        self.first = match steps.start_bound() {
            Bound::Included(s) => signed(*s),
            Bound::Excluded(s) => signed(s.saturating_add(1)),
            Bound::Unbounded => 0,
        };
        self.last = match steps.end_bound() {
            Bound::Included(s) => Some(signed(*s)),
            // Before step 0 there is nothing, and -1 finds nothing.
            Bound::Excluded(s) => Some(signed(*s) - 1),
            Bound::Unbounded => None,
        };
        self
    }

    /// Rows of this layer only (not for scalars, which have none).
    #[must_use]
    pub fn layer(mut self, layer: &str) -> Self {
        self.layer = Some(layer.to_owned());
        self
    }

    /// Rows of this matrix kind only (not for scalars).
    #[must_use]
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Rows of this view only, with its instance (not for scalars).
    #[must_use]
    pub fn view(mut self, view: &str) -> Self {
        self.view = Some(view.to_owned());
        self
    }

    /// Rows of this name only: a scalar's name, a record's metric, a blob's name (not for spectra).
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Spectra with the leading vectors that were kept; without this call they come without.
    #[must_use]
    pub fn with_vectors(mut self) -> Self {
        self.vectors = true;
        self
    }

    /// The condition on a table's columns, and its parameters in order. `name` is the column that `name` means.
    pub(crate) fn condition(&self, matrix: bool, name: Option<&str>) -> (String, Vec<Box<dyn ToSql>>) {
        let mut text = String::from("step >= ?");
        let mut values: Vec<Box<dyn ToSql>> = vec![Box::new(self.first)];
        let mut add = |column: &str, value: Box<dyn ToSql>| {
            text.push_str(" AND ");
            text.push_str(column);
            text.push_str(" ?");
            values.push(value);
        };
        if let Some(last) = self.last {
            add("step <=", Box::new(last));
        }
        if let (Some(column), Some(value)) = (name, &self.name) {
            add(&format!("{column} ="), Box::new(value.clone()));
        }
        if matrix {
            let kind = self.kind.map(|k| k.as_str().to_owned());
            for (column, value) in [("layer =", &self.layer), ("kind =", &kind), ("view =", &self.view)] {
                if let Some(value) = value {
                    add(column, Box::new(value.clone()));
                }
            }
        }
        (text, values)
    }
}
