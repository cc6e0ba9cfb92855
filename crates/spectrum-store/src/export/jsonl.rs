//! JSON lines: one object a row.

use std::io::Write;

use serde::Serialize;
use spectrum_core::{MatrixId, Outcome};

use super::failed;
use crate::{Filter, RunReader, StoreError};

/// The columns that name a matrix.
#[derive(Serialize)]
struct Id<'a> {
    step: u64,
    layer: &'a str,
    kind: &'static str,
    view: &'a str,
}

impl<'a> From<&'a MatrixId> for Id<'a> {
    fn from(id: &'a MatrixId) -> Self {
        Self { step: id.step, layer: &id.layer, kind: id.kind.as_str(), view: &id.view }
    }
}

/// `value` is null exactly where `reason` is not.
#[derive(Serialize)]
struct Answer {
    value: Option<f64>,
    reason: Option<String>,
}

impl From<&Outcome> for Answer {
    fn from(outcome: &Outcome) -> Self {
        Self { value: outcome.value(), reason: outcome.reason().map(ToString::to_string) }
    }
}

// The order of fields is the order in the file.
#[derive(Serialize)]
#[serde(tag = "table", rename_all = "snake_case")]
enum Line<'a> {
    Scalars {
        step: u64,
        name: &'a str,
        #[serde(flatten)]
        answer: Answer,
    },
    Records {
        #[serde(flatten)]
        id: Id<'a>,
        metric: &'a str,
        #[serde(flatten)]
        answer: Answer,
    },
    Spectra {
        #[serde(flatten)]
        id: Id<'a>,
        route: &'static str,
        rows: usize,
        cols: usize,
        floor: f64,
        singular_values: &'a [f64],
    },
    Blobs {
        #[serde(flatten)]
        id: Id<'a>,
        name: &'a str,
        rows: usize,
        cols: usize,
        data: &'a [f64],
    },
}

/// Writes the rows of a filter, table after table.
pub(super) fn write(reader: &RunReader, rows: &Filter, out: &mut impl Write) -> Result<(), StoreError> {
    let mut buffer = Vec::new();
    let mut line = |line: Line<'_>| {
        buffer.clear();
        serde_json::to_writer(&mut buffer, &line).map_err(failed("JSON lines"))?;
        buffer.push(b'\n');
        out.write_all(&buffer).map_err(failed("JSON lines"))
    };
    reader.each_scalar(rows, |s| line(Line::Scalars { step: s.step, name: &s.name, answer: (&s.outcome).into() }))?;
    reader.each_record(rows, |r| {
        line(Line::Records { id: (&r.id).into(), metric: &r.metric, answer: (&r.outcome).into() })
    })?;
    reader.each_spectrum(rows, |row| {
        let s = &row.spectrum;
        line(Line::Spectra {
            id: (&row.id).into(),
            route: s.route.as_str(),
            rows: s.rows,
            cols: s.cols,
            floor: s.floor,
            singular_values: &s.singular_values,
        })
    })?;
    reader.each_blob(rows, |b| {
        line(Line::Blobs { id: (&b.id).into(), name: &b.name, rows: b.rows, cols: b.cols, data: &b.data })
    })
}
