//! Clipping by the global norm.

use std::collections::BTreeSet;

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{DType, Tensor};

use crate::layout::sum_of_squares;

/// Scales all gradients so that their joint Euclidean norm is at most `max_norm`, and gives that norm before clipping:
/// PyTorch's `clip_grad_norm_` with p = 2 (Pascanu, Mikolov and Bengio 2013, algorithm 1).
///
/// The factor is min(1, `max_norm` / (norm + 1e-6)). Squares are summed on the device in the gradients' precision and
/// read once; gradients are left untouched when the factor is 1. A norm that is not finite makes every gradient NaN, so
/// that a divergence cannot be clipped away (PyTorch does so for a NaN only: an infinite norm makes zeros of the finite
/// gradients). Without gradients the norm is 0.
pub fn clip_global_norm<M: Module>(model: &M, grads: GradientsParams, max_norm: f64) -> (GradientsParams, f64) {
    let mut squares = Squares { grads: &grads, seen: BTreeSet::new(), sums: Vec::new() };
    model.visit(&mut squares);
    let norm = total(squares.sums).sqrt();

    // An infinite norm would give the factor 0, and every finite gradient would vanish unseen.
    let factor = if norm.is_finite() { max_norm / (norm + 1e-6) } else { f64::NAN };
    if factor >= 1.0 {
        return (grads, norm);
    }
    let mut scale = Scale { grads, seen: BTreeSet::new(), factor };
    model.visit(&mut scale);
    (scale.grads, norm)
}

/// The sum of all sums, in the widest precision among them: nothing in Burn promotes by itself.
fn total(sums: Vec<Tensor<1>>) -> f64 {
    let wide = sums.iter().any(|s| s.dtype() == DType::F64);
    let sum = sums.into_iter().map(|s| if wide { s.cast(DType::F64) } else { s }).reduce(|a, b| a + b);
    sum.and_then(|s| s.into_data().iter::<f64>().next()).unwrap_or(0.0)
}

struct Squares<'a> {
    grads: &'a GradientsParams,
    /// A parameter that two layers share is visited twice and counts once.
    seen: BTreeSet<u64>,
    sums: Vec<Tensor<1>>,
}

fn first_visit(seen: &mut BTreeSet<u64>, id: ParamId) -> bool {
    seen.insert(id.val())
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if first_visit(&mut self.seen, param.id)
            && let Some(g) = self.grads.get::<D>(param.id)
        {
            self.sums.push(sum_of_squares(g));
        }
    }
}

struct Scale {
    grads: GradientsParams,
    seen: BTreeSet<u64>,
    factor: f64,
}

impl ModuleVisitor for Scale {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if first_visit(&mut self.seen, param.id)
            && let Some(g) = self.grads.remove::<D>(param.id)
        {
            self.grads.register(param.id, g * self.factor);
        }
    }
}
