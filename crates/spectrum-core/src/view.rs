//! How a parameter's array becomes matrices: every view is a strided window of the array.

use std::fmt;
use std::str::FromStr;

use crate::CoreError;

/// How a parameter becomes matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum View {
    /// A two-dimensional array as one matrix.
    Matrix,
    /// A convolution (c_out, c_in, h, w) as one c_out x (c_in h w) matrix.
    Flatten,
    /// A convolution as one c_out x c_in matrix for each kernel position.
    Positions,
}

impl View {
    /// The name in rows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Matrix => "matrix",
            Self::Flatten => "flatten",
            Self::Positions => "positions",
        }
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for View {
    type Err = CoreError;
    fn from_str(s: &str) -> Result<Self, CoreError> {
        [Self::Matrix, Self::Flatten, Self::Positions].into_iter().find(|v| v.as_str() == s).ok_or_else(|| {
            CoreError::Unknown { what: "view", found: s.to_owned(), expected: "matrix, flatten, positions" }
        })
    }
}

/// Which axis of a two-dimensional array is the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Order {
    /// The first axis is the output (PyTorch's linear layers, our own models).
    #[default]
    OutIn,
    /// The first axis is the input (Burn's linear layers, embeddings stored vocabulary x width).
    InOut,
}

/// The elements of a parameter as they lie in memory, row-major.
#[derive(Debug, Clone, Copy)]
pub enum Elements<'a> {
    /// Single precision.
    F32(&'a [f32]),
    /// Double precision.
    F64(&'a [f64]),
}

impl Elements<'_> {
    /// How many elements.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::F32(s) => s.len(),
            Self::F64(s) => s.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A matrix inside a row-major array: element (i, j) is at `offset + i * row_stride + j * col_stride`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StridedView {
    /// The view's name with its instance (`positions[1,2]`).
    pub name: String,
    /// Outputs.
    pub rows: usize,
    /// Inputs.
    pub cols: usize,
    /// Index of element (0, 0).
    pub offset: usize,
    /// Step from one output to the next.
    pub row_stride: usize,
    /// Step from one input to the next.
    pub col_stride: usize,
}

/// Columns copied together when the array runs along the rows: 64 lines of 8 doubles stay in the first-level cache.
const BLOCK: usize = 64;

impl StridedView {
    /// The matrices that `view` sees in an array of `shape`.
    ///
    /// # Errors
    /// [`CoreError::View`] when the array does not have the axes that the view reads.
    pub fn of(parameter: &str, view: View, shape: &[usize], order: Order) -> Result<Vec<Self>, CoreError> {
        let wrong = |expected| CoreError::View {
            parameter: parameter.to_owned(),
            view: view.to_string(),
            expected,
            shape: shape.to_vec(),
        };
        let name = view.to_string();
        match (view, shape) {
            (View::Matrix, &[a, b]) => Ok(vec![match order {
                Order::OutIn => Self { name, rows: a, cols: b, offset: 0, row_stride: b, col_stride: 1 },
                Order::InOut => Self { name, rows: b, cols: a, offset: 0, row_stride: 1, col_stride: b },
            }]),
            (View::Matrix, _) => Err(wrong("two axes (output, input)")),
            (View::Flatten, &[o, ref rest @ ..]) if rest.len() >= 2 => {
                let cols = rest.iter().product();
                Ok(vec![Self { name, rows: o, cols, offset: 0, row_stride: cols, col_stride: 1 }])
            }
            (View::Flatten, _) => Err(wrong("a convolution kernel (output, input, height, width)")),
            (View::Positions, &[o, i, h, w]) => Ok((0..h * w)
                .map(|p| Self {
                    name: format!("{name}[{},{}]", p / w, p % w),
                    rows: o,
                    cols: i,
                    offset: p,
                    row_stride: i * h * w,
                    col_stride: h * w,
                })
                .collect()),
            (View::Positions, _) => Err(wrong("a convolution kernel (output, input, height, width)")),
        }
    }

    /// Widens the window into `out`, column-major. `out` must hold `rows * cols` elements and the array the window;
    /// both are checked.
    pub fn fill(&self, from: Elements<'_>, out: &mut [f64]) {
        assert_eq!(out.len(), self.rows * self.cols, "buffer of {}", self.name);
        if out.is_empty() {
            return;
        }
        let last = self.offset + (self.rows - 1) * self.row_stride + (self.cols - 1) * self.col_stride;
        assert!(last < from.len(), "{} reaches element {last} of {}", self.name, from.len());
        match from {
            Elements::F32(s) => self.copy(s, out, |x| f64::from(*x)),
            Elements::F64(s) => self.copy(s, out, |x| *x),
        }
    }

    fn copy<T>(&self, from: &[T], out: &mut [f64], widen: impl Fn(&T) -> f64) {
        if self.row_stride == 1 {
            for (j, column) in out.chunks_exact_mut(self.rows).enumerate() {
                let start = self.offset + j * self.col_stride;
                column.iter_mut().zip(&from[start..start + self.rows]).for_each(|(o, x)| *o = widen(x));
            }
            return;
        }
        // The array runs along the columns of the result: transpose block by block.
        for j0 in (0..self.cols).step_by(BLOCK) {
            for i0 in (0..self.rows).step_by(BLOCK) {
                for j in j0..(j0 + BLOCK).min(self.cols) {
                    for i in i0..(i0 + BLOCK).min(self.rows) {
                        out[i + j * self.rows] = widen(&from[self.offset + i * self.row_stride + j * self.col_stride]);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(view: &StridedView, data: &[f64]) -> Vec<f64> {
        let mut out = vec![f64::NAN; view.rows * view.cols];
        view.fill(Elements::F64(data), &mut out);
        out
    }

    #[test]
    fn both_orders_give_the_same_matrix() {
        let (o, i) = (130, 67);
        let out_in: Vec<f64> = (0..o * i).map(|k| k as f64).collect();
        let in_out: Vec<f64> = (0..o * i).map(|k| out_in[(k % o) * i + k / o]).collect();
        let a = StridedView::of("w", View::Matrix, &[o, i], Order::OutIn).unwrap();
        let b = StridedView::of("w", View::Matrix, &[i, o], Order::InOut).unwrap();
        assert_eq!((a[0].rows, a[0].cols), (b[0].rows, b[0].cols));
        assert_eq!(filled(&a[0], &out_in), filled(&b[0], &in_out));
    }

    #[test]
    fn positions_and_flatten_hold_the_same_elements() {
        let shape = [3, 2, 2, 3];
        let data: Vec<f64> = (0..36).map(f64::from).collect();
        let flat = &StridedView::of("k", View::Flatten, &shape, Order::OutIn).unwrap()[0];
        let all = filled(flat, &data);
        let positions = StridedView::of("k", View::Positions, &shape, Order::OutIn).unwrap();
        assert_eq!(positions.len(), 6);
        assert_eq!(positions[4].name, "positions[1,1]");
        for (p, view) in positions.iter().enumerate() {
            let m = filled(view, &data);
            for c in 0..2 {
                for o in 0..3 {
                    assert_eq!(m[o + c * 3], all[o + (c * 6 + p) * 3]);
                }
            }
        }
    }

    #[test]
    fn a_vector_is_no_matrix() {
        let e = StridedView::of("hidden.bias", View::Matrix, &[7], Order::OutIn).unwrap_err();
        assert_eq!(e.to_string(), "hidden.bias: the view `matrix` needs two axes (output, input), found shape [7]");
    }
}
