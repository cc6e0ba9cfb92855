//! Between Rust's numbers and SQLite's: 64-bit signed integers, and blobs of little-endian f64.

use rusqlite::Row;
use rusqlite::types::Type;

/// SQLite's integers are signed: 2^63 and above are refused.
pub(crate) fn signed(x: u64) -> rusqlite::Result<i64> {
    i64::try_from(x).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))
}

/// A length as SQLite's integer.
pub(crate) fn length(x: usize) -> rusqlite::Result<i64> {
    i64::try_from(x).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))
}

/// A column that must hold an integer of at least 0.
pub(crate) fn unsigned(row: &Row<'_>, column: &str) -> rusqlite::Result<u64> {
    let x: i64 = row.get(column)?;
    u64::try_from(x)
        .map_err(|_| rusqlite::Error::FromSqlConversionFailure(0, Type::Integer, format!("{column} is {x}").into()))
}

/// Little-endian bytes of `values` into `out`, with -0.0 written as 0.0. False if a value is not finite.
pub(crate) fn encode(values: &[f64], out: &mut Vec<u8>) -> bool {
    out.clear();
    out.reserve(values.len() * 8);
    // -0.0 + 0.0 is 0.0, and every other number stays as it is.
    out.extend(values.iter().flat_map(|x| (x + 0.0).to_le_bytes()));
    values.iter().all(|x| x.is_finite())
}

/// The values of a blob; None when its length is no multiple of 8 or a value is not finite.
pub(crate) fn decode(bytes: &[u8]) -> Option<Vec<f64>> {
    let (chunks, rest) = bytes.as_chunks::<8>();
    let values: Vec<f64> = chunks.iter().map(|c| f64::from_le_bytes(*c)).collect();
    (rest.is_empty() && values.iter().all(|x| x.is_finite())).then_some(values)
}
