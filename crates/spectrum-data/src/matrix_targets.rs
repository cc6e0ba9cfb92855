//! The targets of a user's own matrix: a column of the file, or a teacher's answer to the inputs.

use serde::{Deserialize, Serialize};

use crate::stream::{normals, round_f32, stream};
use crate::symmetric::{dot, orthonormalise_against};
use crate::{DataError, Dataset, SpikedTarget, Split, Targets};

/// Classes there may be. A column of numbers that name something else (a user, a time) would otherwise ask for an output
/// for each.
const MOST_CLASSES: f64 = 65_536.0;

/// What a column of targets is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabelForm {
    /// Numbers, for regression, as they are.
    #[default]
    Values,
    /// Integers from 0, for classification; there are as many classes as the largest says, at most 65536.
    Class,
    /// Two distinct numbers: the smaller becomes -1 and the larger +1. A teacher's answer becomes its sign.
    Sign,
}

/// The targets of all rows in their form.
pub(crate) fn given(column: &[f64], form: LabelForm) -> Result<Targets, DataError> {
    let refuse = |row: usize, expected: String| DataError::Target { row, found: column[row], expected };
    if let Some(row) = column.iter().position(|&y| !(y as f32).is_finite()) {
        return Err(refuse(row, "a finite number in the range of f32".into()));
    }
    match form {
        LabelForm::Values => {
            let mut values = column.to_vec();
            round_f32(&mut values);
            Ok(Targets::Values(values))
        }
        LabelForm::Class => {
            let bad = |&y: &f64| !(0.0..MOST_CLASSES).contains(&y) || y.fract() != 0.0;
            if let Some(row) = column.iter().position(bad) {
                return Err(refuse(row, format!("a class: an integer from 0 to {}", MOST_CLASSES - 1.0)));
            }
            let indices: Vec<u32> = column.iter().map(|&y| y as u32).collect();
            let count = indices.iter().max().map_or(0, |c| c + 1);
            Ok(Targets::Classes { indices, count })
        }
        LabelForm::Sign => {
            let first = column.first().copied().unwrap_or_default();
            let Some(second) = column.iter().copied().find(|&y| y != first) else {
                let (what, found) = ("the number of distinct targets", "1".to_owned());
                return Err(DataError::Request { what, found, expected: "two, of which -1 and +1 are made" });
            };
            if let Some(row) = column.iter().position(|&y| y != first && y != second) {
                return Err(refuse(row, format!("one of two numbers ({first} and {second} stand above it)")));
            }
            let larger = first.max(second);
            Ok(Targets::Values(column.iter().map(|&y| if y == larger { 1.0 } else { -1.0 }).collect()))
        }
    }
}

/// The targets of these rows.
pub(crate) fn chosen(all: &Targets, rows: &[usize]) -> Targets {
    match all {
        Targets::Values(v) => Targets::Values(rows.iter().map(|&i| v[i]).collect()),
        Targets::Classes { indices, count } => {
            Targets::Classes { indices: rows.iter().map(|&i| indices[i]).collect(), count: *count }
        }
    }
}

/// Gives a split its teacher's answers: `teacher` of t_k = (<x, b_k> - mean) / deviation, with mean and deviation over
/// the training set and b_k uniform on the unit sphere, plus noise. Real data have no population to be standardised by;
/// and these t_k stay the same when all samples are shifted by one vector and divided by one number.
///
/// `rows` are the numbers in the file of the training and of the test set, of `total` in all.
///
/// # Errors
/// [`DataError::Request`] when the training inputs do not vary along a b_k.
pub(crate) fn drawn(
    split: &mut Split,
    teacher: SpikedTarget,
    noise: f64,
    sign: bool,
    rows: [&[usize]; 2],
    total: usize,
    seed: u64,
) -> Result<(), DataError> {
    let d = split.train.dim;
    let mut rng = stream(seed, "data.teacher");
    let mut directions = Vec::with_capacity(teacher.directions());
    for _ in 0..teacher.directions() {
        let mut b = [normals(&mut rng, d)];
        // Normal numbers are all zero in no draw that will be seen.
        orthonormalise_against(&mut b, 0);
        let [mut b] = b;
        round_f32(&mut b);
        directions.push(b);
    }
    let project =
        |set: &Dataset, b: &[f64]| -> Vec<f64> { set.inputs_f64().chunks_exact(d).map(|x| dot(x, b)).collect() };
    let mut along = [Vec::new(), Vec::new()];
    for b in &directions {
        let mut t = [project(&split.train, b), project(&split.test, b)];
        let n = t[0].len() as f64;
        let mean = t[0].iter().sum::<f64>() / n;
        let deviation = (t[0].iter().map(|t| (t - mean).powi(2)).sum::<f64>() / n).sqrt();
        // Inputs are f32: less than their rounding is nothing.
        let size = t[0].iter().fold(0.0_f64, |m, t| m.max(t.abs()));
        if !deviation.is_finite() || deviation <= 1e-7 * size {
            return Err(DataError::Request {
                what: "the spread of the training inputs along the teacher's direction",
                found: deviation.to_string(),
                expected: "rows that differ",
            });
        }
        t.iter_mut().flatten().for_each(|t| *t = (*t - mean) / deviation);
        along.iter_mut().zip(t).for_each(|(all, t)| all.push(t));
    }
    let xi = normals(&mut stream(seed, "data.noise"), total);
    let answers = |along: &[Vec<f64>], rows: &[usize]| {
        let mut y: Vec<f64> = (rows.iter().enumerate())
            .map(|(k, &row)| {
                let t: Vec<f64> = along.iter().map(|t| t[k]).collect();
                teacher.signal(&t) + noise * xi[row]
            })
            .map(|y| match (sign, y < 0.0) {
                (false, _) => y,
                (true, true) => -1.0,
                (true, false) => 1.0,
            })
            .collect();
        round_f32(&mut y);
        Targets::Values(y)
    };
    split.train.targets = answers(&along[0], rows[0]);
    split.test.targets = answers(&along[1], rows[1]);
    split.teacher = if let [one] = directions.as_slice() { Some(one.clone()) } else { None };
    Ok(())
}
