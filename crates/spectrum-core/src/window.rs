//! A view of an array is a strided window: which elements belong to a matrix, and how they are widened into it.

use std::fmt;

use crate::view::{Cell, Order, Projection, View};
use crate::{CoreError, Precision};

/// The elements of a parameter as they lie in memory, row-major.
#[derive(Debug, Clone, Copy)]
pub enum Elements<'a> {
    /// Single precision.
    F32(&'a [f32]),
    /// Double precision.
    F64(&'a [f64]),
    /// Little-endian bytes of any precision, at any alignment: what checkpoint files hold. An incomplete last element is
    /// not read.
    Bytes(Precision, &'a [u8]),
}

impl Elements<'_> {
    /// How many elements.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::F32(s) => s.len(),
            Self::F64(s) => s.len(),
            Self::Bytes(precision, b) => b.len() / precision.bytes(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A matrix inside a row-major array. Columns come in blocks of `block`: element (i, j) is at
/// `offset + i * row_stride + (j / block) * block_stride + (j % block) * col_stride`.
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
    /// Columns in a block; all of them in most views.
    pub block: usize,
    /// Step from one block to the next.
    pub block_stride: usize,
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
            (View::Matrix | View::Stacked, &[a, b]) => Ok(vec![Self::plain(name, a, b, order)]),
            (View::Matrix | View::Stacked, _) => Err(wrong("two axes (output, input)")),
            (View::Gates(cell), &[a, b]) => {
                let whole = Self::plain(name, a, b, order);
                whole.rows_shared_out(cell.gates()).ok_or_else(|| match cell {
                    Cell::Lstm => wrong("two axes, the output a multiple of 4 gates"),
                    Cell::Gru => wrong("two axes, the output a multiple of 3 gates"),
                })
            }
            (View::Gates(_), _) => Err(wrong("two axes (gates, input)")),
            (View::Heads { count, role }, &[a, b]) => {
                let whole = Self::plain(name, a, b, order);
                whole.heads(count, role).ok_or_else(|| wrong("two axes, one of which the heads share out evenly"))
            }
            (View::Heads { .. }, _) => Err(wrong("two axes (output, input)")),
            (View::Qk { .. } | View::Ov { .. }, _) => {
                Err(wrong("a product of two matrices, which is no window of one"))
            }
            (View::Flatten | View::Positions, &[a, b, ref kernel @ ..]) if !kernel.is_empty() => {
                let size = kernel.iter().product::<usize>();
                let (rows, inputs, row_stride, input_stride) = match order {
                    Order::OutIn => (a, b, b * size, size),
                    // A transposed convolution stores (c_in, c_out, ...).
                    Order::InOut => (b, a, size, b * size),
                };
                if view == View::Flatten {
                    let flat = Self {
                        name,
                        rows,
                        cols: inputs * size,
                        offset: 0,
                        row_stride,
                        col_stride: 1,
                        block: size,
                        block_stride: input_stride,
                    };
                    return Ok(vec![flat]);
                }
                let at = |p: usize| Self {
                    name: format!("{name}[{}]", position(p, kernel)),
                    rows,
                    cols: inputs,
                    offset: p,
                    row_stride,
                    col_stride: input_stride,
                    block: inputs,
                    block_stride: 0,
                };
                Ok((0..size).map(at).collect())
            }
            (View::Flatten | View::Positions, _) => Err(wrong("a convolution kernel (output, input, height, width)")),
        }
    }

    /// A two-axis array of shape (a, b).
    fn plain(name: String, a: usize, b: usize, order: Order) -> Self {
        let (rows, cols, row_stride, col_stride) = match order {
            Order::OutIn => (a, b, b, 1),
            Order::InOut => (b, a, 1, b),
        };
        Self { name, rows, cols, offset: 0, row_stride, col_stride, block: cols, block_stride: 0 }
    }

    /// The rows shared out evenly among parts; `None` if that does not go evenly.
    fn rows_shared_out<S: fmt::Display>(&self, parts: &[S]) -> Option<Vec<Self>> {
        if parts.is_empty() || !self.rows.is_multiple_of(parts.len()) {
            return None;
        }
        let rows = self.rows / parts.len();
        let part = |(k, part): (usize, &S)| Self {
            name: format!("{}.{part}", self.name),
            rows,
            offset: self.offset + k * rows * self.row_stride,
            ..self.clone()
        };
        Some(parts.iter().enumerate().map(part).collect())
    }

    fn heads(&self, count: usize, role: Projection) -> Option<Vec<Self>> {
        let named = |part: &str, which: &Self| {
            let rows = which.rows.checked_div(count).filter(|_| which.rows.is_multiple_of(count))?;
            Some(
                (0..count)
                    .map(|h| Self {
                        name: format!("{}.{part}[{h}]", self.name),
                        rows,
                        offset: which.offset + h * rows * which.row_stride,
                        ..which.clone()
                    })
                    .collect::<Vec<_>>(),
            )
        };
        match role {
            Projection::Query => named("q", self),
            Projection::Key => named("k", self),
            Projection::Value => named("v", self),
            Projection::Output => {
                let cols = self.cols.checked_div(count).filter(|_| self.cols.is_multiple_of(count))?;
                let head = |h| Self {
                    name: format!("{}.o[{h}]", self.name),
                    cols,
                    offset: self.offset + h * cols * self.col_stride,
                    block: cols,
                    ..self.clone()
                };
                Some((0..count).map(head).collect())
            }
            Projection::Interleaved => {
                let thirds = count.checked_mul(3).filter(|n| *n > 0 && self.rows.is_multiple_of(*n))?;
                let rows = self.rows / thirds;
                let at = |(p, part): (usize, &str), h: usize| Self {
                    name: format!("{}.{part}[{h}]", self.name),
                    rows,
                    offset: self.offset + (3 * h + p) * rows * self.row_stride,
                    ..self.clone()
                };
                Some(["q", "k", "v"].into_iter().enumerate().flat_map(|p| (0..count).map(move |h| at(p, h))).collect())
            }
            Projection::Stacked => {
                let thirds = self.rows_shared_out(&["q", "k", "v"])?;
                let each = thirds.iter().zip(["q", "k", "v"]).map(|(third, part)| named(part, third));
                Some(each.collect::<Option<Vec<_>>>()?.concat())
            }
        }
    }

    /// Widens the window into `out`, column-major. `out` must hold `rows * cols` elements and the array the window;
    /// both are checked.
    pub fn fill(&self, from: Elements<'_>, out: &mut [f64]) {
        assert_eq!(out.len(), self.rows * self.cols, "buffer of {}", self.name);
        if out.is_empty() {
            return;
        }
        let blocks = (self.cols - 1) / self.block * self.block_stride;
        let within = ((self.cols - 1) % self.block).max(if blocks > 0 { self.block - 1 } else { 0 }) * self.col_stride;
        let last = self.offset + (self.rows - 1) * self.row_stride + blocks + within;
        assert!(last < from.len(), "{} reaches element {last} of {}", self.name, from.len());
        match from {
            Elements::F32(s) if self.row_stride == 1 => self.runs(s, out, |x| f64::from(*x)),
            Elements::F64(s) if self.row_stride == 1 => self.runs(s, out, |x| *x),
            Elements::F32(s) => self.copy(out, |k| f64::from(s[k])),
            Elements::F64(s) => self.copy(out, |k| s[k]),
            Elements::Bytes(Precision::F16, b) => self.bytes(b, out, |x| half::f16::from_le_bytes(x).to_f64()),
            Elements::Bytes(Precision::Bf16, b) => self.bytes(b, out, |x| half::bf16::from_le_bytes(x).to_f64()),
            Elements::Bytes(Precision::F32, b) => self.bytes(b, out, |x| f64::from(f32::from_le_bytes(x))),
            Elements::Bytes(Precision::F64, b) => self.bytes(b, out, f64::from_le_bytes),
        }
    }

    /// Where element (i, j) of the matrix lies in the array, counted in elements.
    #[must_use]
    pub fn index(&self, i: usize, j: usize) -> usize {
        self.column(j) + i * self.row_stride
    }

    /// Elements of N bytes each.
    fn bytes<const N: usize>(&self, from: &[u8], out: &mut [f64], widen: impl Fn([u8; N]) -> f64) {
        let (elements, _) = from.as_chunks::<N>();
        if self.row_stride == 1 {
            self.runs(elements, out, |x| widen(*x));
        } else {
            self.copy(out, |k| widen(elements[k]));
        }
    }

    /// Index of the first element of column `j`.
    fn column(&self, j: usize) -> usize {
        self.offset + j / self.block * self.block_stride + j % self.block * self.col_stride
    }

    /// Columns that lie in one piece: the hook's path, and the one that the compiler vectorises.
    fn runs<T>(&self, from: &[T], out: &mut [f64], widen: impl Fn(&T) -> f64) {
        for (j, column) in out.chunks_exact_mut(self.rows).enumerate() {
            let start = self.column(j);
            column.iter_mut().zip(&from[start..start + self.rows]).for_each(|(o, x)| *o = widen(x));
        }
    }

    fn copy(&self, out: &mut [f64], element: impl Fn(usize) -> f64) {
        // The array runs along the columns of the result: transpose block by block.
        for j0 in (0..self.cols).step_by(BLOCK) {
            for i0 in (0..self.rows).step_by(BLOCK) {
                for j in j0..(j0 + BLOCK).min(self.cols) {
                    let start = self.column(j);
                    for i in i0..(i0 + BLOCK).min(self.rows) {
                        out[i + j * self.rows] = element(start + i * self.row_stride);
                    }
                }
            }
        }
    }
}

/// The indices of a kernel position, row-major: `1,2`.
fn position(mut p: usize, kernel: &[usize]) -> String {
    let mut indices: Vec<String> = Vec::with_capacity(kernel.len());
    for &size in kernel.iter().rev() {
        indices.push((p % size).to_string());
        p /= size;
    }
    indices.reverse();
    indices.join(",")
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
    fn the_index_is_where_fill_reads() {
        let data: Vec<f64> = (0..36).map(f64::from).collect();
        for (view, order) in
            [(View::Flatten, Order::InOut), (View::Positions, Order::OutIn), (View::Flatten, Order::OutIn)]
        {
            for view in StridedView::of("k", view, &[3, 2, 2, 3], order).unwrap() {
                for (k, x) in filled(&view, &data).into_iter().enumerate() {
                    assert_eq!(view.index(k % view.rows, k / view.rows), x as usize);
                }
            }
        }
    }

    #[test]
    fn a_vector_is_no_matrix() {
        let e = StridedView::of("hidden.bias", View::Matrix, &[7], Order::OutIn).unwrap_err();
        assert_eq!(e.to_string(), "hidden.bias: the view `matrix` needs two axes (output, input), found shape [7]");
    }

    /// Shape (2, 3, 2, 2), (c_in, c_out, h, w): torch's weight.permute(1, 0, 2, 3).reshape(3, 8) of arange(24).
    #[test]
    fn a_transposed_convolution_swaps_its_first_axes() {
        let data: Vec<f64> = (0..24).map(f64::from).collect();
        let flat = &StridedView::of("t", View::Flatten, &[2, 3, 2, 2], Order::InOut).unwrap()[0];
        assert_eq!((flat.rows, flat.cols), (3, 8));
        let m = filled(flat, &data);
        let row = |o: usize| (0..8).map(|j| m[o + 3 * j]).collect::<Vec<_>>();
        assert_eq!(row(0), [0., 1., 2., 3., 12., 13., 14., 15.]);
        assert_eq!(row(2), [8., 9., 10., 11., 20., 21., 22., 23.]);
        let p = &StridedView::of("t", View::Positions, &[2, 3, 2, 2], Order::InOut).unwrap()[3];
        assert_eq!((p.name.as_str(), p.rows, p.cols), ("positions[1,1]", 3, 2));
        assert_eq!(filled(p, &data), [3., 7., 11., 15., 19., 23.]);
    }

    #[test]
    fn gates_and_heads_are_shares_of_the_whole() {
        let data: Vec<f64> = (0..24).map(f64::from).collect();
        let gates = StridedView::of("w", View::Gates(Cell::Lstm), &[8, 3], Order::OutIn).unwrap();
        assert_eq!(
            gates.iter().map(|g| g.name.as_str()).collect::<Vec<_>>(),
            ["gates.input", "gates.forget", "gates.cell", "gates.output"]
        );
        assert_eq!(filled(&gates[2], &data), [12., 15., 13., 16., 14., 17.]);
        let heads = |role, shape: &[usize]| StridedView::of("w", View::Heads { count: 2, role }, shape, Order::OutIn);
        let q = heads(Projection::Query, &[4, 6]).unwrap();
        assert_eq!((q[1].name.as_str(), q[1].rows, q[1].cols, q[1].offset), ("heads.q[1]", 2, 6, 12));
        let o = heads(Projection::Output, &[6, 4]).unwrap();
        assert_eq!((o[1].rows, o[1].cols), (6, 2));
        assert_eq!(filled(&o[1], &data)[..6], [2., 6., 10., 14., 18., 22.]);
        let all = heads(Projection::Stacked, &[12, 2]).unwrap();
        assert_eq!((all.len(), all[3].name.as_str(), all[3].offset), (6, "heads.k[1]", 12));
        assert!(heads(Projection::Query, &[5, 4]).is_err());
        assert!(StridedView::of("w", View::Heads { count: 0, role: Projection::Key }, &[4, 4], Order::OutIn).is_err());
    }

    /// Bytes written by numpy: np.array([1.5, -2, 65504], "<f2"), and 1.5, -2 as bfloat16 (upper half of their f32).
    #[test]
    fn bytes_of_every_precision_are_widened() {
        let fill = |precision, bytes: &[u8]| {
            let mut out = [0.0; 2];
            StridedView::of("w", View::Matrix, &[1, 2], Order::OutIn).unwrap()[0]
                .fill(Elements::Bytes(precision, bytes), &mut out);
            out
        };
        assert_eq!(fill(Precision::F16, &[0x00, 0x3e, 0xff, 0x7b]), [1.5, 65504.0]);
        assert_eq!(fill(Precision::Bf16, &[0xc0, 0x3f, 0x00, 0xc0]), [1.5, -2.0]);
        let f32s: Vec<u8> = [1.5f32, -2.0].iter().flat_map(|x| x.to_le_bytes()).collect();
        assert_eq!(fill(Precision::F32, &f32s), [1.5, -2.0]);
        let f64s: Vec<u8> = [1.5f64, -2.0].iter().flat_map(|x| x.to_le_bytes()).collect();
        assert_eq!(fill(Precision::F64, &f64s), [1.5, -2.0]);
    }
}
