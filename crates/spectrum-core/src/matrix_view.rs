//! A matrix that a rule makes of one parameter, or of two.

use crate::view::{Order, Projection, View};
use crate::{CoreError, StridedView};

/// Which elements of which parameters a matrix is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MatrixView {
    /// A window of the rule's only parameter.
    Window(StridedView),
    /// A product of two windows.
    Product {
        /// The view's name with its instance (`qk[3]`).
        name: String,
        /// The left factor: the number of its parameter in the rule, and its window.
        left: (usize, StridedView),
        /// The right factor.
        right: (usize, StridedView),
        /// Whether the left factor is transposed.
        transposed: bool,
    },
}

impl MatrixView {
    /// The matrices that a view sees in its parameters, each a name with a shape.
    ///
    /// # Errors
    /// [`CoreError::View`] when the parameters do not have the axes that the view reads, or are not as many as it reads.
    pub fn of(parameters: &[(&str, &[usize])], view: View, order: Order) -> Result<Vec<Self>, CoreError> {
        let wrong = |at: usize, expected| CoreError::View {
            parameter: parameters.iter().map(|p| p.0).collect::<Vec<_>>().join(", "),
            view: view.to_string(),
            expected,
            shape: parameters.get(at).map(|p| p.1.to_vec()).unwrap_or_default(),
        };
        let heads = |at: usize, count, role| {
            let (name, shape) = parameters[at];
            StridedView::of(name, View::Heads { count, role }, shape, order)
        };
        match (view, parameters.len()) {
            (View::Qk { count }, 1) => {
                let all = heads(0, count, Projection::Stacked)?;
                Ok(products("qk", &all[..count], 0, &all[count..2 * count], 0, true))
            }
            (View::Qk { count }, 2) => {
                let (q, k) = (heads(0, count, Projection::Query)?, heads(1, count, Projection::Key)?);
                if q.iter().zip(&k).any(|(q, k)| q.rows != k.rows) {
                    return Err(wrong(1, "keys with as many rows a head as the queries have"));
                }
                Ok(products("qk", &q, 0, &k, 1, true))
            }
            (View::Qk { .. }, _) => Err(wrong(0, "one parameter with stacked projections, or queries and keys")),
            (View::Ov { count }, 2) => {
                let (_, values) = parameters[0];
                let (_, output) = parameters[1];
                let rows = |shape: &[usize]| match (shape, order) {
                    (&[a, _], Order::OutIn) | (&[_, a], Order::InOut) => Some(a),
                    _ => None,
                };
                // Stacked with queries and keys, the values have three times as many rows as the output projection has inputs.
                let inputs = match (output, order) {
                    (&[_, b], Order::OutIn) | (&[b, _], Order::InOut) => Some(b),
                    _ => None,
                };
                let stacked = rows(values).zip(inputs).is_some_and(|(r, i)| i > 0 && r == 3 * i);
                let v = match stacked {
                    true => heads(0, count, Projection::Stacked)?.split_off(2 * count),
                    false => heads(0, count, Projection::Value)?,
                };
                let o = heads(1, count, Projection::Output)?;
                if o.iter().zip(&v).any(|(o, v)| o.cols != v.rows) {
                    return Err(wrong(1, "an output projection with as many inputs as there are values"));
                }
                Ok(products("ov", &o, 1, &v, 0, false))
            }
            (View::Ov { .. }, _) => {
                Err(wrong(0, "two parameters: the values, stacked or alone, and the output projection"))
            }
            (_, 1) => {
                let (name, shape) = parameters[0];
                Ok(StridedView::of(name, view, shape, order)?.into_iter().map(Self::Window).collect())
            }
            _ => Err(wrong(0, "one parameter")),
        }
    }

    /// The view's name with its instance.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Window(w) => &w.name,
            Self::Product { name, .. } => name,
        }
    }

    /// Outputs and inputs of the matrix.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        match self {
            Self::Window(w) => (w.rows, w.cols),
            Self::Product { left, right, transposed: true, .. } => (left.1.cols, right.1.cols),
            Self::Product { left, right, transposed: false, .. } => (left.1.rows, right.1.cols),
        }
    }
}

fn products(
    name: &str,
    left: &[StridedView],
    left_of: usize,
    right: &[StridedView],
    right_of: usize,
    transposed: bool,
) -> Vec<MatrixView> {
    let one = |(h, (l, r)): (usize, (&StridedView, &StridedView))| MatrixView::Product {
        name: format!("{name}[{h}]"),
        left: (left_of, l.clone()),
        right: (right_of, r.clone()),
        transposed,
    };
    left.iter().zip(right).enumerate().map(one).collect()
}

/// The product of two column-major matrices into `out`, column-major: A B (A m x k, B k x n), or A^T B (A k x m) with `transposed`.
pub fn multiply(a: &[f64], b: &[f64], k: usize, transposed: bool, out: &mut [f64]) {
    if k == 0 || b.len() < k {
        return out.fill(0.0);
    }
    let m = a.len() / k;
    for (column, b) in out.chunks_exact_mut(m.max(1)).zip(b.chunks_exact(k)) {
        if transposed {
            for (o, a) in column.iter_mut().zip(a.chunks_exact(k)) {
                *o = a.iter().zip(b).map(|(x, y)| x * y).sum();
            }
        } else {
            column.fill(0.0);
            for (a, y) in a.chunks_exact(m).zip(b) {
                column.iter_mut().zip(a).for_each(|(o, x)| *o += x * y);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::Elements;

    /// x^T W_q^T W_k y and W_o W_v x by hand, in both layouts.
    #[test]
    fn products_of_heads_are_those_of_the_matrices() {
        // Two heads of one row each in two dimensions: rows q0 q1 k0 k1 v0 v1 of the stacked projections (6 x 2), and O (2 x 2).
        let stacked = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0];
        let output = [0.5, 1.5, 2.5, 3.5];
        let transpose = |m: &[f64], rows: usize| -> Vec<f64> {
            let cols = m.len() / rows;
            (0..m.len()).map(|k| m[k % rows * cols + k / rows]).collect()
        };
        let matrix = |view: &MatrixView, sources: &[&[f64]]| {
            let MatrixView::Product { left, right, transposed, .. } = view else { panic!("a product") };
            let fill = |(at, w): &(usize, StridedView)| {
                let mut out = vec![0.0; w.rows * w.cols];
                w.fill(Elements::F64(sources[*at]), &mut out);
                out
            };
            let (rows, cols) = view.shape();
            let mut out = vec![0.0; rows * cols];
            multiply(&fill(left), &fill(right), right.1.rows, *transposed, &mut out);
            out
        };
        for order in [Order::OutIn, Order::InOut] {
            let (s, o, shape) = match order {
                Order::OutIn => (stacked.to_vec(), output.to_vec(), [6, 2]),
                Order::InOut => (transpose(&stacked, 6), transpose(&output, 2), [2, 6]),
            };
            let qk = MatrixView::of(&[("w", &shape)], View::Qk { count: 2 }, order).unwrap();
            assert_eq!(qk.iter().map(MatrixView::name).collect::<Vec<_>>(), ["qk[0]", "qk[1]"]);
            // Head 1: q = (3, 4), k = (7, 8): q k^T = [[21, 24], [28, 32]].
            assert_eq!(matrix(&qk[1], &[&s]), [21.0, 28.0, 24.0, 32.0]);
            let ov = MatrixView::of(&[("w", &shape), ("o", &[2, 2])], View::Ov { count: 2 }, order).unwrap();
            // Head 0: o = (0.5, 2.5), v = (9, 10).
            assert_eq!(matrix(&ov[0], &[&s, &o]), [4.5, 22.5, 5.0, 25.0]);
        }
    }

    #[test]
    fn products_of_what_does_not_fit_are_refused() {
        let refused = |parameters: &[(&str, &[usize])], view| MatrixView::of(parameters, view, Order::OutIn).is_err();
        assert!(refused(&[("w", &[7, 2])], View::Qk { count: 2 }));
        assert!(refused(&[("w", &[6, 2])], View::Ov { count: 2 }));
        assert!(refused(&[("v", &[4, 2]), ("o", &[2, 6])], View::Ov { count: 2 }));
        assert!(refused(&[("a", &[2, 2]), ("b", &[2, 2])], View::Matrix));
        assert!(refused(&[("q", &[4, 3]), ("k", &[8, 3])], View::Qk { count: 2 }));
        assert!(!refused(&[("q", &[4, 3]), ("k", &[4, 3])], View::Qk { count: 2 }));
    }
}
