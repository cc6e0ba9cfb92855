//! Data of a user's own matrix: from rows and targets to a [`Split`].

use serde::{Deserialize, Serialize};

use crate::matrix_targets::{self as column, LabelForm};
use crate::stream::{permutation, stream};
use crate::{DataError, Dataset, SpikedTarget, Split, Targets};

/// How rows of a matrix become a training and a test set.
///
/// Rows are shuffled by the stream `data.rows`; the first `n` of that order train and the last `n_test` test, so another
/// `n` keeps the test set. Targets come with the matrix, or a teacher makes them from the inputs ([`SpikedTarget`]; its
/// directions come from the stream `data.teacher`, the label noise of the file's row i is number i of `data.noise`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatrixOptions {
    /// What the targets are.
    #[serde(default)]
    pub form: LabelForm,
    /// Makes the targets where the matrix has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teacher: Option<SpikedTarget>,
    /// Standard deviation of the teacher's label noise.
    #[serde(default)]
    pub noise: f64,
    /// Training rows; all that do not test when zero.
    #[serde(default)]
    pub n: usize,
    /// Test rows, at least one.
    pub n_test: usize,
    /// Whether rows are shuffled before they are shared out.
    #[serde(default = "yes")]
    pub shuffle: bool,
    /// Subtract the mean over all training inputs and divide by their standard deviation (one number each, as for
    /// images).
    #[serde(default = "yes")]
    pub standardise: bool,
}

fn yes() -> bool {
    true
}

impl MatrixOptions {
    /// Training and test set of `rows * d` inputs, row-major, and of one target a row or none. Inputs are standardised
    /// in f64 and rounded to f32 once. All rows are checked and counted as classes, also those that no set takes.
    ///
    /// # Errors
    /// - [`DataError::Input`] for an input that is not finite or beyond f32, [`DataError::Target`] for a target that the
    ///   form does not allow: they name the row and the column.
    /// - [`DataError::TooFew`] when there are fewer rows than are asked for.
    /// - [`DataError::Request`] when the matrix is empty, lengths do not fit, there is no test row, there are both
    ///   targets and a teacher or neither, a teacher is asked for classes, or the noise is negative.
    /// - [`DataError::Constant`] when all training inputs are equal and should be standardised.
    pub fn split(
        &self,
        inputs: &[f64],
        rows: usize,
        d: usize,
        targets: Option<&[f64]>,
        seed: u64,
    ) -> Result<Split, DataError> {
        self.check(inputs, rows, d, targets)?;
        let (train, test) = self.rows(rows, seed)?;
        let given = targets.map(|t| column::given(t, self.form)).transpose()?;
        let (mean, deviation) = match self.standardise {
            true => moments(inputs, d, &train)?,
            false => (0.0, 1.0),
        };
        // Targets follow: a teacher needs the inputs.
        let none = || Targets::Values(Vec::new());
        let set = |chosen: &[usize]| -> Result<Dataset, DataError> {
            let mut own = Vec::with_capacity(chosen.len() * d);
            for &i in chosen {
                for (j, &x) in inputs[i * d..(i + 1) * d].iter().enumerate() {
                    let scaled = ((x - mean) / deviation) as f32;
                    if !scaled.is_finite() {
                        return Err(DataError::Input { row: i, column: j, found: x });
                    }
                    own.push(scaled);
                }
            }
            Ok(Dataset { inputs: own, n: chosen.len(), dim: d, targets: none() })
        };
        let mut split = Split { train: set(&train)?, probe: None, test: set(&test)?, teacher: None };
        match (given, self.teacher) {
            (Some(given), _) => {
                split.train.targets = column::chosen(&given, &train);
                split.test.targets = column::chosen(&given, &test);
            }
            (None, Some(teacher)) => {
                let sign = self.form == LabelForm::Sign;
                column::drawn(&mut split, teacher, self.noise, sign, [&train, &test], rows, seed)?;
            }
            // `check` has refused it.
            (None, None) => {}
        }
        Ok(split)
    }

    fn check(&self, inputs: &[f64], rows: usize, d: usize, targets: Option<&[f64]>) -> Result<(), DataError> {
        let refuse = |what, found: String, expected| Err(DataError::Request { what, found, expected });
        if rows == 0 || d == 0 || rows.checked_mul(d) != Some(inputs.len()) {
            let found = format!("{} for {rows} rows of {d} columns", inputs.len());
            return refuse("the number of inputs", found, "rows times columns, above zero");
        }
        match (targets, self.teacher) {
            (Some(_), Some(_)) => return refuse("the targets", "given, and a teacher".into(), "one of the two"),
            (None, None) => return refuse("the targets", "missing".into(), "a column of targets, or a teacher"),
            (Some(t), None) if t.len() != rows => {
                let found = format!("{} for {rows} rows", t.len());
                return refuse("the number of targets", found, "one for each row of inputs");
            }
            (None, Some(_)) if self.form == LabelForm::Class => {
                return refuse("form", "class, and a teacher".into(), "values or sign: a teacher makes numbers");
            }
            _ => {}
        }
        if !(self.noise.is_finite() && self.noise >= 0.0) {
            return refuse("noise", self.noise.to_string(), "a finite number, zero or above");
        }
        match inputs.iter().position(|&x| !(x as f32).is_finite()) {
            Some(at) => Err(DataError::Input { row: at / d, column: at % d, found: inputs[at] }),
            None => Ok(()),
        }
    }

    /// The rows that train and those that test, by their numbers in the file.
    fn rows(&self, rows: usize, seed: u64) -> Result<(Vec<usize>, Vec<usize>), DataError> {
        if self.n_test == 0 {
            let expected = "a number above zero: the test loss is part of a run";
            return Err(DataError::Request { what: "n_test", found: "0".into(), expected });
        }
        let (what, asked) = match self.n {
            0 => ("n_test, beside at least one training row,", self.n_test.saturating_add(1)),
            n => ("n + n_test", self.n_test.saturating_add(n)),
        };
        if asked > rows {
            return Err(DataError::TooFew { what: what.into(), asked, found: rows });
        }
        let total = u32::try_from(rows).map_err(|_| DataError::Request {
            what: "the number of rows",
            found: rows.to_string(),
            expected: "a number below 2^32",
        })?;
        let mut order: Vec<usize> = match self.shuffle {
            true => permutation(&mut stream(seed, "data.rows"), total).into_iter().map(|i| i as usize).collect(),
            false => (0..rows).collect(),
        };
        let test = order.split_off(rows - self.n_test);
        if self.n > 0 {
            order.truncate(self.n);
        }
        Ok((order, test))
    }
}

/// Mean and (population) standard deviation over all inputs of these rows.
fn moments(inputs: &[f64], d: usize, rows: &[usize]) -> Result<(f64, f64), DataError> {
    let all = || rows.iter().flat_map(|&i| &inputs[i * d..(i + 1) * d]);
    let count = (rows.len() * d) as f64;
    let mean = all().sum::<f64>() / count;
    let deviation = (all().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
    // The mean of equal numbers is rounded, so their deviation need not be zero.
    let first = all().next();
    if all().all(|x| Some(x) == first) || !(deviation > 0.0 && deviation.is_finite()) {
        return Err(DataError::Constant);
    }
    Ok((mean, deviation))
}

#[cfg(test)]
#[path = "matrix_tests.rs"]
mod tests;
