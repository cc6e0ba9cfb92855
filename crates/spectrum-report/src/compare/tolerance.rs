//! What the contract allows: the tolerances of `spectrum-measure`, at the precisions of the two runs.

use spectrum_core::{Kind, Precision};
use spectrum_measure::tolerance::{Coverage, HORIZON, PrecisionPair, Setting};

use super::pairs::{Pair, Sides};
use crate::RunData;

/// The contract between two runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contract {
    precisions: PrecisionPair,
    /// For scalars: the smallest recorded weight, which may drift most.
    smallest: Option<(usize, usize)>,
}

impl Contract {
    pub(crate) fn of(a: &RunData, b: &RunData) -> Self {
        // A precision that this version does not know is held against f32, the coarsest that a run trains in.
        let precision = |r: &RunData| match r.info.precision.as_str() {
            "f64" => Precision::F64,
            _ => Precision::F32,
        };
        let weights = a.spectra.iter().filter(|s| s.id.kind == Kind::Weight);
        let smallest = weights.map(|s| (s.spectrum.rows, s.spectrum.cols)).min_by_key(|(m, n)| m.saturating_mul(*n));
        Self { precisions: PrecisionPair(precision(a), precision(b)), smallest }
    }

    /// The last step under the contract.
    pub(crate) fn horizon() -> u64 {
        HORIZON
    }

    /// How the contract treats one pair; none for a metric that it does not know.
    pub(crate) fn coverage(&self, pair: &Pair<'_>) -> Option<Coverage> {
        let scalar = pair.id.layer.is_empty();
        let mut setting = Setting::new(self.precisions, pair.id.step);
        if !scalar {
            setting.kind = pair.id.kind;
        }
        if let Some(shape) = pair.shape.or(self.smallest) {
            setting.shape = shape;
        }
        let name = if let Sides::Spectra(..) = pair.sides { "singular_values" } else { pair.metric };
        setting.coverage(name)
    }
}
