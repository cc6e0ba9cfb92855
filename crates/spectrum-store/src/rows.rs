//! The rows of one step into the tables.

use rusqlite::{Connection, params};
use spectrum_core::{MatrixId, Outcome, Scalar, StepRows, Vectors};

use crate::convert::{encode, length, signed};

/// Why a step was refused: its rows, or SQLite.
pub(crate) enum Refused {
    Rows(String),
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for Refused {
    fn from(e: rusqlite::Error) -> Self {
        Self::Database(e)
    }
}

/// Names of the blobs that hold a spectrum's leading vectors.
pub(crate) const LEFT: &str = "left";
pub(crate) const RIGHT: &str = "right";

/// Whether rows may be there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// Those of a new step, which is complete with them.
    New,
    /// Those that belong to steps written before; what was there under the same keys is replaced.
    Later,
}

impl Rows {
    fn verb(self) -> &'static str {
        match self {
            Self::New => "INSERT",
            Self::Later => "INSERT OR REPLACE",
        }
    }
}

/// Writes all rows of a step. `bytes` is scratch space.
pub(crate) fn insert(db: &Connection, rows: &StepRows, kind: Rows, bytes: &mut Vec<u8>) -> Result<(), Refused> {
    let verb = kind.verb();
    let step = signed(rows.step)?;
    let same_step = |found: u64, what: &str| match found == rows.step {
        true => Ok(()),
        false => Err(Refused::Rows(format!("{what} belongs to step {found}"))),
    };

    let mut statement =
        db.prepare_cached(&format!("{verb} INTO scalars (step, name, value, reason) VALUES (?, ?, ?, ?)"))?;
    for Scalar { step: of, name, outcome } in &rows.scalars {
        same_step(*of, name)?;
        let (value, reason) = columns(outcome);
        statement.execute(params![step, name, value, reason]).map_err(duplicate(|| format!("scalar {name}")))?;
    }

    let mut statement = db.prepare_cached(&format!(
        "{verb} INTO records (step, layer, kind, view, metric, value, reason) VALUES (?, ?, ?, ?, ?, ?, ?)",
    ))?;
    for record in &rows.records {
        let id = &record.id;
        same_step(id.step, &record.metric)?;
        let (value, reason) = columns(&record.outcome);
        statement
            .execute(params![step, id.layer, id.kind.as_str(), id.view, record.metric, value, reason])
            .map_err(duplicate(|| format!("{} of {}", record.metric, named(id))))?;
    }

    let mut statement = db.prepare_cached(&format!(
        "{verb} INTO spectra (step, layer, kind, view, route, rows, cols, floor, singular_values)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    ))?;
    for row in &rows.spectra {
        let (id, s) = (&row.id, &row.spectrum);
        same_step(id.step, "a spectrum")?;
        if !encode(&s.singular_values, bytes) || !s.floor.is_finite() {
            return Err(Refused::Rows(format!("the spectrum of {} is not finite", named(id))));
        }
        let (m, n) = (length(s.rows)?, length(s.cols)?);
        statement
            .execute(params![
                step,
                id.layer,
                id.kind.as_str(),
                id.view,
                s.route.as_str(),
                m,
                n,
                s.floor + 0.0,
                bytes.as_slice()
            ])
            .map_err(duplicate(|| format!("the spectrum of {}", named(id))))?;
        for (name, vectors) in [(LEFT, &s.left), (RIGHT, &s.right)] {
            if let Some(Vectors { len, count, data }) = vectors {
                blob(db, verb, step, id, name, (*len, *count), data, bytes)?;
            }
        }
    }

    for b in &rows.blobs {
        same_step(b.id.step, &b.name)?;
        blob(db, verb, step, &b.id, &b.name, (b.rows, b.cols), &b.data, bytes)?;
    }

    if kind == Rows::New {
        db.prepare_cached("UPDATE runs SET complete_through = ?1, steps_done = max(steps_done, ?1)")?
            .execute([step])?;
    }
    Ok(())
}

#[allow(clippy::too_many_arguments)]
fn blob(
    db: &Connection,
    verb: &str,
    step: i64,
    id: &MatrixId,
    name: &str,
    (rows, cols): (usize, usize),
    data: &[f64],
    bytes: &mut Vec<u8>,
) -> Result<(), Refused> {
    if rows.checked_mul(cols) != Some(data.len()) {
        return Err(Refused::Rows(format!("{name} of {}: {} elements for {rows} x {cols}", named(id), data.len())));
    }
    if !encode(data, bytes) {
        return Err(Refused::Rows(format!("{name} of {} is not finite", named(id))));
    }
    db.prepare_cached(&format!(
        "{verb} INTO blobs (step, layer, kind, view, name, rows, cols, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    ))?
    .execute(params![step, id.layer, id.kind.as_str(), id.view, name, length(rows)?, length(cols)?, bytes.as_slice()])
    .map_err(duplicate(|| format!("{name} of {}", named(id))))?;
    Ok(())
}

/// Value and reason: one of them is null. A value that is not finite is a reason.
fn columns(outcome: &Outcome) -> (Option<f64>, Option<String>) {
    let outcome = match outcome {
        Outcome::Value(v) => Outcome::from(*v),
        missing => missing.clone(),
    };
    (outcome.value(), outcome.reason().map(ToString::to_string))
}

fn named(id: &MatrixId) -> String {
    format!("{} {} {}", id.layer, id.kind, id.view)
}

/// A second row with the same key is the caller's error, not the database's.
fn duplicate(what: impl FnOnce() -> String) -> impl FnOnce(rusqlite::Error) -> Refused {
    move |e| match e.sqlite_error().map(|e| e.extended_code) {
        Some(rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => Refused::Rows(format!("{} is there twice", what())),
        _ => Refused::Database(e),
    }
}
