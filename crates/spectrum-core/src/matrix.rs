//! One matrix of a network at one step.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Buffer, CoreError};

/// Which matrix of a layer this is. The step index follows one rule: step t = optimizer steps done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// W_t.
    Weight,
    /// W_t - W_0.
    Displacement,
    /// W_t - W_{t-1}: the update that produced W_t.
    Update,
    /// The unclipped gradient at W_{t-1} that produced W_t.
    Gradient,
    /// The conjugate kernel at W_t: features times features transposed on the probe set.
    Ck,
    /// The neural tangent kernel at W_t on the probe set.
    Ntk,
}

impl Kind {
    /// The name in rows and configs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Weight => "weight",
            Self::Displacement => "displacement",
            Self::Update => "update",
            Self::Gradient => "gradient",
            Self::Ck => "ck",
            Self::Ntk => "ntk",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = CoreError;
    fn from_str(s: &str) -> Result<Self, CoreError> {
        [Self::Weight, Self::Displacement, Self::Update, Self::Gradient, Self::Ck, Self::Ntk]
            .into_iter()
            .find(|k| k.as_str() == s)
            .ok_or_else(|| CoreError::Unknown {
                what: "matrix kind",
                found: s.to_owned(),
                expected: "weight, displacement, update, gradient, ck, ntk",
            })
    }
}

/// The precision that the values had before they were widened to f64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// IEEE half.
    F16,
    /// bfloat16.
    Bf16,
    /// IEEE single.
    F32,
    /// IEEE double.
    F64,
}

impl Precision {
    /// Unit roundoff spacing (machine epsilon) of the format.
    #[must_use]
    pub fn epsilon(self) -> f64 {
        match self {
            Self::F16 => 2f64.powi(-10),
            Self::Bf16 => 2f64.powi(-7),
            Self::F32 => f64::from(f32::EPSILON),
            Self::F64 => f64::EPSILON,
        }
    }

    /// Bytes of one element.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// The name in rows and configs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }
}

/// A layer's matrix: output x input, column-major f64 in a shared buffer.
///
/// There is one layout only, so that the hook and a checkpoint reader agree to the last bit.
#[derive(Debug, Clone)]
pub struct LayerMatrix {
    /// The rule's name, usually the parameter's path (`hidden.weight`).
    pub layer: String,
    /// Which matrix of the layer.
    pub kind: Kind,
    /// The view's name with its instance (`matrix`, `positions[1,2]`, `gates.input`).
    pub view: String,
    /// Optimizer steps done.
    pub step: u64,
    /// Outputs.
    pub rows: usize,
    /// Inputs.
    pub cols: usize,
    /// The precision the values came in.
    pub precision: Precision,
    data: Arc<Buffer>,
}

impl LayerMatrix {
    /// A matrix from its column-major elements.
    ///
    /// # Errors
    /// [`CoreError::Length`] when `data` does not hold `rows * cols` elements.
    #[allow(clippy::too_many_arguments)]
    pub fn new(
        layer: impl Into<String>,
        kind: Kind,
        view: impl Into<String>,
        step: u64,
        rows: usize,
        cols: usize,
        data: impl Into<Buffer>,
        precision: Precision,
    ) -> Result<Self, CoreError> {
        let (layer, data) = (layer.into(), data.into());
        if rows.checked_mul(cols) != Some(data.len()) {
            return Err(CoreError::Length { layer, rows, cols, found: data.len() });
        }
        Ok(Self { layer, kind, view: view.into(), step, rows, cols, precision, data: Arc::new(data) })
    }

    /// The elements, column-major: element (i, j) is at `i + j * rows`.
    #[must_use]
    pub fn data(&self) -> &[f64] {
        &self.data
    }

    /// Element in row `i` and column `j`. Panics outside the matrix, as slices do.
    #[must_use]
    pub fn at(&self, i: usize, j: usize) -> f64 {
        assert!(i < self.rows, "row {i} of {}", self.rows);
        self.data[i + j * self.rows]
    }

    /// Whether every element is finite.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        self.data.iter().all(|x| x.is_finite())
    }
}
