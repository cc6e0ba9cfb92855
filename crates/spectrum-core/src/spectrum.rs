//! The singular values of one matrix, with how they were computed and how far down they can be trusted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::CoreError;

/// How a spectrum was computed. Costs are for an m x n matrix with m >= n.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// Eigenvalues of the f64 Gram matrix: 2mn^2 + 4/3 n^3, floor near s_1 sqrt(n eps).
    Gram,
    /// Bidiagonalisation: 4mn^2 - 4/3 n^3, floor near s_1 n eps.
    Svd,
    /// Thin singular value decomposition: about 6mn^2 + 20n^3.
    Vectors,
    /// Block Krylov: the leading values and vectors only.
    Topk,
    /// Stochastic Lanczos density of the bulk.
    Density,
}

impl Route {
    /// The name in rows and configs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gram => "gram",
            Self::Svd => "svd",
            Self::Vectors => "vectors",
            Self::Topk => "topk",
            Self::Density => "density",
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Route {
    type Err = CoreError;
    fn from_str(s: &str) -> Result<Self, CoreError> {
        [Self::Gram, Self::Svd, Self::Vectors, Self::Topk, Self::Density]
            .into_iter()
            .find(|r| r.as_str() == s)
            .ok_or_else(|| CoreError::Unknown {
                what: "route",
                found: s.to_owned(),
                expected: "gram, svd, vectors, topk, density",
            })
    }
}

/// Leading singular vectors as the columns of a matrix, column-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Vectors {
    /// Length of one vector.
    pub len: usize,
    /// How many vectors.
    pub count: usize,
    /// `len * count` elements, one vector after the other.
    pub data: Vec<f64>,
}

impl Vectors {
    /// Vector `k`.
    #[must_use]
    pub fn column(&self, k: usize) -> &[f64] {
        &self.data[k * self.len..(k + 1) * self.len]
    }

    /// The vectors in order.
    pub fn columns(&self) -> impl Iterator<Item = &[f64]> {
        (0..self.count).map(|k| self.column(k))
    }
}

/// Singular values, descending, of a matrix of `rows` x `cols`.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectrum {
    /// Rows (outputs) of the matrix.
    pub rows: usize,
    /// Columns (inputs) of the matrix.
    pub cols: usize,
    /// How the values were computed.
    pub route: Route,
    /// Values below this are not to be trusted (same unit as the values).
    pub floor: f64,
    /// Singular values, descending: min(rows, cols) of them, or fewer with route `topk`.
    pub singular_values: Vec<f64>,
    /// Leading left singular vectors (output side), if they were asked for.
    pub left: Option<Vectors>,
    /// Leading right singular vectors (input side), if they were asked for.
    pub right: Option<Vectors>,
}

impl Spectrum {
    /// min(rows, cols): how many singular values the matrix has.
    #[must_use]
    pub fn rank_bound(&self) -> usize {
        self.rows.min(self.cols)
    }

    /// Whether every singular value is there (route `topk` keeps the leading ones only).
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.singular_values.len() == self.rank_bound()
    }

    /// The largest singular value; 0 of an empty matrix.
    #[must_use]
    pub fn top(&self) -> f64 {
        self.singular_values.first().copied().unwrap_or(0.0)
    }

    /// lambda = s^2, descending: the eigenvalues of W^T W without any 1/n.
    #[must_use]
    pub fn eigenvalues(&self) -> Vec<f64> {
        self.singular_values.iter().map(|s| s * s).collect()
    }
}
