//! Rows and columns that are zero throughout: pruned units, tokens that never occur.

use std::borrow::Cow;

use spectrum_core::{Blob, LayerMatrix, Measure, Outcome, Reason, Record, Sample, Spectrum};

use crate::battery::record;

/// `dead_rows`, `dead_cols`: rows and columns that are zero throughout.
#[derive(Debug, Clone, Copy, Default)]
pub struct Dead;

impl Measure for Dead {
    fn metrics(&self) -> &'static [&'static str] {
        &["dead_rows", "dead_cols"]
    }

    fn measure(&self, sample: &Sample<'_>, records: &mut Vec<Record>, _: &mut Vec<Blob>) {
        let counts: [Outcome; 2] = match sample.matrix {
            Some(m) => {
                let (rows, cols) = live_shape(m);
                [((m.rows - rows) as f64).into(), ((m.cols - cols) as f64).into()]
            }
            None => ["rows", "cols"].map(|_| Reason::NotComputed("the matrix itself".to_owned()).into()),
        };
        records.extend(self.metrics().iter().zip(counts).map(|(metric, o)| record(sample.id, metric, o)));
    }
}

/// Rows and columns that are not zero throughout. Looks at few entries of a matrix without dead ones.
pub(crate) fn live_shape(m: &LayerMatrix) -> (usize, usize) {
    if m.rows == 0 {
        return (0, 0);
    }
    let (mut alive, mut unseen, mut cols) = (vec![false; m.rows], m.rows, 0);
    for column in m.data().chunks_exact(m.rows) {
        if unseen == 0 {
            cols += usize::from(column.iter().any(|v| *v != 0.0));
            continue;
        }
        let mut any = false;
        for (row, _) in alive.iter_mut().zip(column).filter(|(_, v)| **v != 0.0) {
            any = true;
            unseen -= usize::from(!*row);
            *row = true;
        }
        cols += usize::from(any);
    }
    (m.rows - unseen, cols)
}

/// The spectrum as that of the matrix without its dead rows and columns, which has the same eigenvalues but for zeros: a
/// law of noise must be that of the entries that are there. The spectrum itself where the matrix is not at hand, is whole,
/// or is zero.
pub(crate) fn live<'a>(sample: &Sample<'a>) -> Cow<'a, Spectrum> {
    let s = sample.spectrum;
    let Some(m) = sample.matrix.filter(|_| s.is_complete()) else { return Cow::Borrowed(s) };
    let (rows, cols) = live_shape(m);
    if (rows, cols) == (s.rows, s.cols) || rows == 0 {
        return Cow::Borrowed(s);
    }
    let singular_values = s.singular_values[..rows.min(cols)].to_vec();
    Cow::Owned(Spectrum { rows, cols, singular_values, left: None, right: None, ..s.clone() })
}
