//! Reads a run directory: finished, killed, or being written.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use spectrum_core::{Blob, Kind, MatrixId, Outcome, Reason, Record, Route, Scalar, Spectrum, SpectrumRow, Vectors};

use crate::convert::{decode, unsigned};
use crate::layout::{CONFIG, DATABASE};
use crate::rows::{LEFT, RIGHT};
use crate::{Filter, RunInfo, StoreError, schema};

/// Reads the rows of a run in the order of their primary keys, as core's types.
///
/// It never writes. A log that a killed writer left is read with the rest. While a writer is active each call sees the
/// steps that were committed when it began; use [`Filter::steps`] up to [`last_step`](Self::last_step) for several
/// calls that agree.
#[derive(Debug)]
pub struct RunReader {
    dir: PathBuf,
    path: PathBuf,
    db: Connection,
}

impl RunReader {
    /// Opens a run directory.
    ///
    /// # Errors
    /// [`StoreError::NoRun`] if nothing is there, [`StoreError::Foreign`] for other files,
    /// [`StoreError::Version`] for another schema, [`StoreError::Database`] for a file that cannot be read.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let no_run = |what| StoreError::NoRun { path: dir.to_owned(), what };
        if !dir.exists() {
            return Err(no_run("no such folder"));
        }
        let path = dir.join(DATABASE);
        if !path.exists() {
            return Err(no_run("no run.sqlite in it"));
        }
        let db = schema::open_readable(&path)?;
        Ok(Self { dir: dir.to_owned(), path, db })
    }

    /// The run directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The run's facts.
    ///
    /// # Errors
    /// [`StoreError::Database`] or [`StoreError::Damaged`] for a file that breaks the schema.
    pub fn info(&self) -> Result<RunInfo, StoreError> {
        RunInfo::load(&self.db, &self.path)
    }

    /// The resolved config, TOML.
    ///
    /// # Errors
    /// [`StoreError::Io`] if `config.toml` cannot be read.
    pub fn config(&self) -> Result<String, StoreError> {
        let path = self.dir.join(CONFIG);
        fs::read_to_string(&path).map_err(StoreError::io("read", &path))
    }

    /// The last step whose rows are all there; none before the first.
    ///
    /// # Errors
    /// [`StoreError::Database`] for a file that breaks the schema.
    pub fn last_step(&self) -> Result<Option<u64>, StoreError> {
        complete_through(&self.db, &self.path)
    }

    /// The steps that have a row in some table, ascending.
    ///
    /// # Errors
    /// [`StoreError::Database`] or [`StoreError::Damaged`] for a file that breaks the schema.
    pub fn steps(&self) -> Result<Vec<u64>, StoreError> {
        let mut steps = BTreeSet::new();
        for table in ["scalars", "records", "spectra", "blobs"] {
            // Jumps from step to step in the primary key, instead of walking over every row.
            let sql = format!(
                "WITH RECURSIVE s(step) AS (
                    SELECT min(step) FROM {table}
                    UNION ALL SELECT (SELECT min(step) FROM {table} WHERE step > s.step) FROM s WHERE s.step IS NOT NULL
                ) SELECT step FROM s WHERE step IS NOT NULL"
            );
            self.visit::<StoreError>(&sql, Vec::new(), |row| {
                steps.insert(unsigned(row, "step").map_err(self.read_error())?);
                Ok(())
            })?;
        }
        Ok(steps.into_iter().collect())
    }

    /// All scalars.
    ///
    /// # Errors
    /// [`StoreError::Database`] or [`StoreError::Damaged`] for a file that breaks the schema.
    pub fn scalars(&self) -> Result<Vec<Scalar>, StoreError> {
        self.scalars_where(&Filter::new())
    }

    /// The scalars of a filter.
    ///
    /// # Errors
    /// Those of [`scalars`](Self::scalars).
    pub fn scalars_where(&self, filter: &Filter) -> Result<Vec<Scalar>, StoreError> {
        collect(|push| self.each_scalar(filter, push))
    }

    /// All records.
    ///
    /// # Errors
    /// Those of [`scalars`](Self::scalars).
    pub fn records(&self) -> Result<Vec<Record>, StoreError> {
        self.records_where(&Filter::new())
    }

    /// The records of a filter.
    ///
    /// # Errors
    /// Those of [`scalars`](Self::scalars).
    pub fn records_where(&self, filter: &Filter) -> Result<Vec<Record>, StoreError> {
        collect(|push| self.each_record(filter, push))
    }

    /// All spectra, without vectors (see [`Filter::with_vectors`]).
    ///
    /// # Errors
    /// Those of [`scalars`](Self::scalars).
    pub fn spectra(&self) -> Result<Vec<SpectrumRow>, StoreError> {
        self.spectra_where(&Filter::new())
    }

    /// The spectra of a filter.
    ///
    /// # Errors
    /// Those of [`scalars`](Self::scalars).
    pub fn spectra_where(&self, filter: &Filter) -> Result<Vec<SpectrumRow>, StoreError> {
        collect(|push| self.each_spectrum(filter, push))
    }

    /// All small matrices: overlaps, and the leading vectors of spectra under the names `left` and `right`.
    ///
    /// # Errors
    /// Those of [`scalars`](Self::scalars).
    pub fn blobs(&self) -> Result<Vec<Blob>, StoreError> {
        self.blobs_where(&Filter::new())
    }

    /// The small matrices of a filter.
    ///
    /// # Errors
    /// Those of [`scalars`](Self::scalars).
    pub fn blobs_where(&self, filter: &Filter) -> Result<Vec<Blob>, StoreError> {
        collect(|push| self.each_blob(filter, push))
    }

    /// Calls `take` with each scalar of a filter, without holding them all.
    ///
    /// # Errors
    /// Those of [`scalars`](Self::scalars), and the first error of `take`.
    pub fn each_scalar<E: From<StoreError>>(
        &self,
        filter: &Filter,
        mut take: impl FnMut(Scalar) -> Result<(), E>,
    ) -> Result<(), E> {
        let (condition, values) = filter.condition(false, Some("name"));
        let sql = format!("SELECT step, name, value, reason FROM scalars WHERE {condition} ORDER BY step, name");
        self.visit(&sql, values, |row| {
            let step = unsigned(row, "step").map_err(self.read_error())?;
            take(Scalar { step, name: self.column(row, "name")?, outcome: self.outcome(row)? })
        })
    }

    /// Calls `take` with each record of a filter, without holding them all.
    ///
    /// # Errors
    /// Those of [`scalars`](Self::scalars), and the first error of `take`.
    pub fn each_record<E: From<StoreError>>(
        &self,
        filter: &Filter,
        mut take: impl FnMut(Record) -> Result<(), E>,
    ) -> Result<(), E> {
        let (condition, values) = filter.condition(true, Some("metric"));
        let sql = format!(
            "SELECT step, layer, kind, view, metric, value, reason FROM records WHERE {condition}
             ORDER BY step, layer, kind, view, metric"
        );
        self.visit(&sql, values, |row| {
            take(Record { id: self.id(row)?, metric: self.column(row, "metric")?, outcome: self.outcome(row)? })
        })
    }

    /// Calls `take` with each spectrum of a filter, without holding them all.
    ///
    /// # Errors
    /// Those of [`scalars`](Self::scalars), and the first error of `take`.
    pub fn each_spectrum<E: From<StoreError>>(
        &self,
        filter: &Filter,
        mut take: impl FnMut(SpectrumRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let (condition, values) = filter.condition(true, None);
        let sql = format!(
            "SELECT step, layer, kind, view, route, rows, cols, floor, singular_values FROM spectra WHERE {condition}
             ORDER BY step, layer, kind, view"
        );
        self.visit(&sql, values, |row| {
            let id = self.id(row)?;
            let (rows, cols) = (self.length(row, "rows")?, self.length(row, "cols")?);
            let route: String = self.column(row, "route")?;
            let route = Route::from_str(&route).map_err(|e| self.damaged(e.to_string()))?;
            let singular_values = self.numbers(row, "singular_values", &id)?;
            if singular_values.len() > rows.min(cols) {
                let found = singular_values.len();
                return Err(self.damaged(format!("{found} singular values of a {rows} x {cols} matrix")).into());
            }
            let floor = self.column(row, "floor")?;
            let (left, right) = match filter.vectors {
                true => (self.vectors(&id, LEFT)?, self.vectors(&id, RIGHT)?),
                false => (None, None),
            };
            take(SpectrumRow { id, spectrum: Spectrum { rows, cols, route, floor, singular_values, left, right } })
        })
    }

    /// Calls `take` with each small matrix of a filter, without holding them all.
    ///
    /// # Errors
    /// Those of [`scalars`](Self::scalars), and the first error of `take`.
    pub fn each_blob<E: From<StoreError>>(
        &self,
        filter: &Filter,
        mut take: impl FnMut(Blob) -> Result<(), E>,
    ) -> Result<(), E> {
        let (condition, values) = filter.condition(true, Some("name"));
        let sql = format!(
            "SELECT step, layer, kind, view, name, rows, cols, data FROM blobs WHERE {condition}
             ORDER BY step, layer, kind, view, name"
        );
        self.visit(&sql, values, |row| {
            let id = self.id(row)?;
            let (rows, cols) = (self.length(row, "rows")?, self.length(row, "cols")?);
            let data = self.numbers(row, "data", &id)?;
            if rows.checked_mul(cols) != Some(data.len()) {
                return Err(self.damaged(format!("{} elements for {rows} x {cols}", data.len())).into());
            }
            take(Blob { id, name: self.column(row, "name")?, rows, cols, data })
        })
    }

    fn vectors(&self, id: &MatrixId, name: &str) -> Result<Option<Vectors>, StoreError> {
        let filter = Filter::new().steps(id.step..=id.step).layer(&id.layer).kind(id.kind).view(&id.view).name(name);
        Ok(self.blobs_where(&filter)?.pop().map(|b| Vectors { len: b.rows, count: b.cols, data: b.data }))
    }

    fn visit<E: From<StoreError>>(
        &self,
        sql: &str,
        values: Vec<Box<dyn rusqlite::ToSql>>,
        mut take: impl FnMut(&Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut statement = self.db.prepare_cached(sql).map_err(self.read_error())?;
        let mut rows = statement.query(params_from_iter(values)).map_err(self.read_error())?;
        while let Some(row) = rows.next().map_err(self.read_error())? {
            take(row)?;
        }
        Ok(())
    }

    fn id(&self, row: &Row<'_>) -> Result<MatrixId, StoreError> {
        let kind: String = self.column(row, "kind")?;
        Ok(MatrixId {
            step: unsigned(row, "step").map_err(self.read_error())?,
            layer: self.column(row, "layer")?,
            kind: Kind::from_str(&kind).map_err(|e| self.damaged(e.to_string()))?,
            view: self.column(row, "view")?,
        })
    }

    fn outcome(&self, row: &Row<'_>) -> Result<Outcome, StoreError> {
        match (self.column::<Option<f64>>(row, "value")?, self.column::<Option<String>>(row, "reason")?) {
            (Some(value), None) if value.is_finite() => Ok(Outcome::Value(value)),
            (None, Some(reason)) => Ok(Outcome::Missing(Reason::from(reason.as_str()))),
            (value, reason) => Err(self.damaged(format!("value {value:?} with reason {reason:?}"))),
        }
    }

    fn numbers(&self, row: &Row<'_>, column: &str, id: &MatrixId) -> Result<Vec<f64>, StoreError> {
        let bytes = row.get_ref(column).map_err(self.read_error())?;
        bytes.as_blob().ok().and_then(decode).ok_or_else(|| {
            self.damaged(format!(
                "{column} of {} {} {} at step {} are no finite numbers",
                id.layer, id.kind, id.view, id.step
            ))
        })
    }

    fn length(&self, row: &Row<'_>, column: &str) -> Result<usize, StoreError> {
        let length = unsigned(row, column).map_err(self.read_error())?;
        usize::try_from(length).map_err(|_| self.damaged(format!("{column} is {length}")))
    }

    fn column<T: FromSql>(&self, row: &Row<'_>, name: &str) -> Result<T, StoreError> {
        row.get(name).map_err(self.read_error())
    }

    fn read_error(&self) -> impl FnOnce(rusqlite::Error) -> StoreError {
        StoreError::db("read", &self.path)
    }

    fn damaged(&self, what: String) -> StoreError {
        StoreError::Damaged { path: self.path.clone(), what }
    }
}

/// What `runs` says of the last complete step.
pub(crate) fn complete_through(db: &Connection, path: &Path) -> Result<Option<u64>, StoreError> {
    let damaged = |what| StoreError::Damaged { path: path.to_owned(), what };
    let found: Option<Option<i64>> = db
        .query_row("SELECT complete_through FROM runs WHERE id = 1", [], |r| r.get(0))
        .optional()
        .map_err(StoreError::db("read", path))?;
    let step = found.ok_or_else(|| damaged("the table runs has no row".to_owned()))?;
    step.map(|s| u64::try_from(s).map_err(|_| damaged(format!("complete_through is {s}")))).transpose()
}

fn collect<T>(
    visit: impl FnOnce(&mut dyn FnMut(T) -> Result<(), StoreError>) -> Result<(), StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut all = Vec::new();
    visit(&mut |row| {
        all.push(row);
        Ok(())
    })?;
    Ok(all)
}
