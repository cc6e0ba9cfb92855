//! Comma-separated values (RFC 4180 with `\n`), long form: one line a number, an empty field for null.

use std::borrow::Cow;
use std::io::Write;

use spectrum_core::{MatrixId, Outcome};

use super::{Table, failed};
use crate::{Filter, RunReader, StoreError};

/// Writes one table. Numbers are the shortest that read back to the same f64; indices count from 0.
pub(super) fn write(reader: &RunReader, rows: &Filter, table: Table, out: &mut impl Write) -> Result<(), StoreError> {
    let header = match table {
        Table::Scalars => "step,name,value,reason",
        Table::Records => "step,layer,kind,view,metric,value,reason",
        Table::Spectra => "step,layer,kind,view,route,rows,cols,floor,index,singular_value",
        Table::Blobs => "step,layer,kind,view,name,rows,cols,row,col,value",
    };
    let mut line = |text: std::fmt::Arguments<'_>| writeln!(out, "{text}").map_err(failed("CSV"));
    line(format_args!("{header}"))?;
    match table {
        Table::Scalars => {
            reader.each_scalar(rows, |s| line(format_args!("{},{},{}", s.step, field(&s.name), answer(&s.outcome))))
        }
        Table::Records => reader
            .each_record(rows, |r| line(format_args!("{},{},{}", matrix(&r.id), field(&r.metric), answer(&r.outcome)))),
        Table::Spectra => reader.each_spectrum(rows, |row| {
            let s = &row.spectrum;
            let start = format!("{},{},{},{},{:?}", matrix(&row.id), s.route, s.rows, s.cols, s.floor);
            s.singular_values.iter().enumerate().try_for_each(|(k, v)| line(format_args!("{start},{k},{v:?}")))
        }),
        Table::Blobs => reader.each_blob(rows, |b| {
            let start = format!("{},{},{},{}", matrix(&b.id), field(&b.name), b.rows, b.cols);
            b.data
                .iter()
                .enumerate()
                .try_for_each(|(k, v)| line(format_args!("{start},{},{},{v:?}", k % b.rows, k / b.rows)))
        }),
    }
}

fn matrix(id: &MatrixId) -> String {
    format!("{},{},{},{}", id.step, field(&id.layer), id.kind, field(&id.view))
}

fn answer(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Value(v) => format!("{v:?},"),
        Outcome::Missing(reason) => format!(",{}", field(&reason.to_string())),
    }
}

/// A text field, quoted where it must be (`positions[1,2]`).
fn field(text: &str) -> Cow<'_, str> {
    if text.contains([',', '"', '\n', '\r']) {
        return Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")));
    }
    Cow::Borrowed(text)
}
