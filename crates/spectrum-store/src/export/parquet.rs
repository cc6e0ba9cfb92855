//! Parquet through the low-level column writer: no arrow, no codecs; names are dictionary-encoded.

use std::io::Write;
use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use spectrum_core::{MatrixId, Outcome};

use super::{Table, failed};
use crate::{Filter, RunReader, StoreError};

/// A row group is written when its columns hold this many elements: it is kept in memory until then (8 MiB of f64).
const GROUP: usize = 1 << 20;

const MATRIX: &str = "required int64 step; required binary layer (STRING); required binary kind (STRING);
    required binary view (STRING);";
const ANSWER: &str = "optional double value; optional binary reason (STRING);";

/// Writes one table; singular values and matrices (column-major) are lists of doubles.
pub(super) fn write(
    reader: &RunReader,
    rows: &Filter,
    table: Table,
    out: &mut (impl Write + Send),
) -> Result<(), StoreError> {
    use Column::{Int, List, OptionalReal, OptionalText, Real, Text};
    let list = |name| format!("required group {name} (LIST) {{ repeated group list {{ required double element; }} }}");
    let matrix = || vec![Int(vec![]), Text(vec![]), Text(vec![]), Text(vec![])];
    let answer = || vec![OptionalReal(vec![], vec![]), OptionalText(vec![], vec![])];
    let size = || vec![Int(vec![]), Int(vec![])];
    let (schema, columns) = match table {
        Table::Scalars => (
            format!("required int64 step; required binary name (STRING); {ANSWER}"),
            [vec![Int(vec![]), Text(vec![])], answer()].concat(),
        ),
        Table::Records => (
            format!("{MATRIX} required binary metric (STRING); {ANSWER}"),
            [matrix(), vec![Text(vec![])], answer()].concat(),
        ),
        Table::Spectra => (
            format!(
                "{MATRIX} required binary route (STRING); required int64 rows; required int64 cols;
                 required double floor; {}",
                list("singular_values")
            ),
            [matrix(), vec![Text(vec![])], size(), vec![Real(vec![]), List(Vec::new(), Vec::new(), Vec::new())]]
                .concat(),
        ),
        Table::Blobs => (
            format!(
                "{MATRIX} required binary name (STRING); required int64 rows; required int64 cols; {}",
                list("data")
            ),
            [matrix(), vec![Text(vec![])], size(), vec![List(Vec::new(), Vec::new(), Vec::new())]].concat(),
        ),
    };
    let mut file = TableWriter::new(table.as_str(), &schema, columns, out)?;
    match table {
        Table::Scalars => {
            reader.each_scalar(rows, |s| file.row(&[&[Cell::Int(s.step), Cell::Text(&s.name)], &cells(&s.outcome)]))
        }
        Table::Records => {
            reader.each_record(rows, |r| file.row(&[&id(&r.id), &[Cell::Text(&r.metric)], &cells(&r.outcome)]))
        }
        Table::Spectra => reader.each_spectrum(rows, |row| {
            let s = &row.spectrum;
            let size = [Cell::Int(s.rows as u64), Cell::Int(s.cols as u64)];
            let rest = [Cell::Real(s.floor), Cell::List(&s.singular_values)];
            file.row(&[&id(&row.id), &[Cell::Text(s.route.as_str())], &size, &rest])
        }),
        Table::Blobs => reader.each_blob(rows, |b| {
            let size = [Cell::Int(b.rows as u64), Cell::Int(b.cols as u64)];
            file.row(&[&id(&b.id), &[Cell::Text(&b.name)], &size, &[Cell::List(&b.data)]])
        }),
    }?;
    file.finish()
}

fn id(id: &MatrixId) -> [Cell<'_>; 4] {
    [Cell::Int(id.step), Cell::Text(&id.layer), Cell::Text(id.kind.as_str()), Cell::Text(&id.view)]
}

fn cells(outcome: &Outcome) -> [Cell<'static>; 2] {
    [Cell::OptionalReal(outcome.value()), Cell::OptionalText(outcome.reason().map(ToString::to_string))]
}

/// One field of a row.
enum Cell<'a> {
    Int(u64),
    Text(&'a str),
    Real(f64),
    OptionalReal(Option<f64>),
    OptionalText(Option<String>),
    List(&'a [f64]),
}

/// One column of the row group in memory: values, then definition levels (0 where there is no value), then repetition
/// levels (1 where a list goes on).
#[derive(Clone)]
enum Column {
    Int(Vec<i64>),
    Text(Vec<ByteArray>),
    Real(Vec<f64>),
    OptionalReal(Vec<f64>, Vec<i16>),
    OptionalText(Vec<ByteArray>, Vec<i16>),
    List(Vec<f64>, Vec<i16>, Vec<i16>),
}

impl Column {
    /// Appends a cell and returns how many elements it has.
    fn push(&mut self, cell: &Cell<'_>) -> ParquetResult<usize> {
        match (self, cell) {
            (Self::Int(v), Cell::Int(x)) => {
                v.push(i64::try_from(*x).map_err(|e| ParquetError::External(Box::new(e)))?);
            }
            (Self::Text(v), Cell::Text(x)) => v.push(ByteArray::from(*x)),
            (Self::Real(v), Cell::Real(x)) => v.push(*x),
            (Self::OptionalReal(v, defined), Cell::OptionalReal(x)) => {
                v.extend(*x);
                defined.push(x.is_some().into());
            }
            (Self::OptionalText(v, defined), Cell::OptionalText(x)) => {
                v.extend(x.as_deref().map(ByteArray::from));
                defined.push(x.is_some().into());
            }
            (Self::List(v, defined, repeated), Cell::List(x)) => {
                v.extend_from_slice(x);
                // An empty list still takes one place, without a value.
                defined.extend(std::iter::repeat_n(i16::from(!x.is_empty()), x.len().max(1)));
                repeated.extend((0..x.len().max(1)).map(|k| i16::from(k > 0)));
                return Ok(x.len());
            }
            _ => return Err(ParquetError::General("a row does not have the table's columns".to_owned())),
        }
        Ok(1)
    }

    /// Writes the column's elements into the next column of a row group, and forgets them.
    fn write<W: Write + Send>(&mut self, group: &mut SerializedRowGroupWriter<'_, W>) -> ParquetResult<()> {
        match self {
            Self::Int(v) => put::<Int64Type, W>(group, v, None, None)?,
            Self::Text(v) => put::<ByteArrayType, W>(group, v, None, None)?,
            Self::Real(v) => put::<DoubleType, W>(group, v, None, None)?,
            Self::OptionalReal(v, defined) => put::<DoubleType, W>(group, v, Some(defined), None)?,
            Self::OptionalText(v, defined) => put::<ByteArrayType, W>(group, v, Some(defined), None)?,
            Self::List(v, defined, repeated) => put::<DoubleType, W>(group, v, Some(defined), Some(repeated))?,
        }
        Ok(())
    }
}

fn put<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &mut Vec<T::T>,
    defined: Option<&mut Vec<i16>>,
    repeated: Option<&mut Vec<i16>>,
) -> ParquetResult<()> {
    let missing = || ParquetError::General("the schema has fewer columns than the table".to_owned());
    let mut column = group.next_column()?.ok_or_else(missing)?;
    column.typed::<T>().write_batch(
        values,
        defined.as_ref().map(|d| d.as_slice()),
        repeated.as_ref().map(|r| r.as_slice()),
    )?;
    column.close()?;
    values.clear();
    [defined, repeated].into_iter().flatten().for_each(Vec::clear);
    Ok(())
}

/// A Parquet file being written, one row group in memory.
struct TableWriter<W: Write + Send> {
    file: SerializedFileWriter<W>,
    columns: Vec<Column>,
    held: usize,
}

impl<W: Write + Send> TableWriter<W> {
    fn new(name: &str, fields: &str, columns: Vec<Column>, out: W) -> Result<Self, StoreError> {
        let schema = parse_message_type(&format!("message {name} {{ {fields} }}")).map_err(failed("Parquet"))?;
        let file = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(WriterProperties::new()))
            .map_err(failed("Parquet"))?;
        Ok(Self { file, columns, held: 0 })
    }

    fn row(&mut self, parts: &[&[Cell<'_>]]) -> Result<(), StoreError> {
        for (column, cell) in self.columns.iter_mut().zip(parts.iter().copied().flatten()) {
            self.held += column.push(cell).map_err(failed("Parquet"))?;
        }
        if self.held >= GROUP { self.group() } else { Ok(()) }
    }

    fn group(&mut self) -> Result<(), StoreError> {
        let mut write = || {
            let mut group = self.file.next_row_group()?;
            self.columns.iter_mut().try_for_each(|column| column.write(&mut group))?;
            group.close().map(drop)
        };
        write().map_err(failed("Parquet"))?;
        self.held = 0;
        Ok(())
    }

    fn finish(mut self) -> Result<(), StoreError> {
        if self.held > 0 {
            self.group()?;
        }
        self.file.close().map(drop).map_err(failed("Parquet"))
    }
}
