//! The named numbers of a decomposition.

use spectrum_core::{MatrixId, Outcome, Reason, Route, Spectrum, StepRows};
use spectrum_linalg::{Plan, alignment, matvec};

use super::Decomposition;
use super::layer::direction;
use super::low_rank::LowRank;
use super::product::{norm, orthonormal};
use super::sample::held;
use crate::battery::record;

/// Metrics of the gradient G (m x d) of a two-layer network, in the order of the records. |.| is the spectral norm, |.|_F
/// Frobenius', s_i, u_i, v_i the singular triplets of G; the parts are those of [`Decomposition`].
///
/// - `identity_residue`: |G_a - (S1 + S12 + S2 + E)|_F/|G_a|_F, G_a being the gradient of automatic differentiation;
/// - `s1_share`, `s12_share`, `s2_share`, `sq_share`, `e_share`, `joint_share`: |T|_F^2/|G|_F^2 of each part and of S1 + S12 + S2. The
///   parts are not orthogonal: shares can exceed 1, and do not add up;
/// - `s1_norm`, `s12_norm`, `s2_norm`, `sq_norm`, `e_norm`: |T|;
/// - `s1_to_s2`, `s1_to_sq`, `s1_to_e`: |S1| over |S2|, |S_q|, |E|, the balance that the activation shifts;
/// - `second_value_to_e`: s_2/|E|, above 1 where a second direction stands out of a remainder without a spike of its own;
/// - `e_stable_rank`: |E|_F^2/|E|^2, near 1 where the remainder has one: weights that lean to the data's spike give it one along
///   X_B^T (r o z_k), since the derivatives of all neurons then follow z_k together;
/// - `residual_s1`, `residual_s1_s2`, `residual_s1_sq`: |G - S1|/|G|, |G - S1 - S2|/|G|, |G - S1 - S_q|/|G|;
/// - `input_side_s1_alignment_1`, `_2`: |cos| of v_1, v_2 and X_B^T r;
/// - `input_side_spike_alignment_1`, `_2`: norm of the projection of v_1, v_2 onto the span of the q_k, |cos| for one spike;
/// - `input_side_overlap`: |P V|_F^2/p, P onto the span of X_B^T r and the q_k, p its dimension, V the p leading v_i;
/// - `output_side_s1_alignment_1`, `_2`: |cos| of u_1, u_2 and a o mu;
/// - `output_side_s2_alignment_1`, `_2`: norm of the projection of u_1, u_2 onto the output-side vectors of S2;
/// - `output_side_overlap`: |P U|_F^2/p, P onto the span of a o mu and of those;
/// - `input_side_s1_share`: |G b|^2/|G|_F^2 with b the direction of X_B^T r; `input_side_spike_share`: |G Q|_F^2/|G|_F^2 with Q an
///   orthonormal basis of the q_k;
/// - `input_side_s1_length`, `input_side_spike_length`: |G' b| and |G' Q|_F of the gradient G' that is recorded, with the regularisers'
///   terms where those are logged; `weight_spike_length`: |W Q|_F at the weights before the step;
/// - `latent_residual_alignment`: norm of the projection of r/|r| onto the span of the z_k, which decides the size of S12;
/// - `mean_derivative`: root mean square of mu; `derivative_spread`: of sigma'_c.
pub const METRICS: [&str; 38] = [
    "identity_residue",
    "s1_share",
    "s12_share",
    "s2_share",
    "sq_share",
    "e_share",
    "joint_share",
    "s1_norm",
    "s12_norm",
    "s2_norm",
    "sq_norm",
    "e_norm",
    "s1_to_s2",
    "s1_to_sq",
    "s1_to_e",
    "second_value_to_e",
    "e_stable_rank",
    "residual_s1",
    "residual_s1_s2",
    "residual_s1_sq",
    "input_side_s1_alignment_1",
    "input_side_s1_alignment_2",
    "input_side_spike_alignment_1",
    "input_side_spike_alignment_2",
    "input_side_overlap",
    "output_side_s1_alignment_1",
    "output_side_s1_alignment_2",
    "output_side_s2_alignment_1",
    "output_side_s2_alignment_2",
    "output_side_overlap",
    "input_side_s1_share",
    "input_side_spike_share",
    "input_side_s1_length",
    "input_side_spike_length",
    "weight_spike_length",
    "latent_residual_alignment",
    "mean_derivative",
    "derivative_spread",
];

/// What stands beside a decomposition; each is m x d, column-major, as the hook records it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside<'a> {
    /// The gradient of the mean loss alone by automatic differentiation at the same weights and inputs, without regularisers,
    /// unclipped. Without it `identity_residue` is missing.
    pub gradient: Option<&'a [f64]>,
    /// The gradient that is recorded, where it holds more than that.
    pub recorded: Option<&'a [f64]>,
    /// W. Without it `weight_spike_length` is missing.
    pub weight: Option<&'a [f64]>,
}

/// Appends the records of [`METRICS`] under the gradient's identity.
///
/// Every metric is missing for parts that are not finite ([`Reason::NotFinite`]) and for a zero gradient ([`Reason::Degenerate`]);
/// those that name a spike for data without spikes ([`Reason::NotApplicable`]); quotients and directions of a zero part as
/// [`Reason::Degenerate`].
pub fn measure(
    id: &MatrixId,
    parts: Result<&Decomposition, &Reason>,
    beside: Beside<'_>,
    plan: &mut Plan,
    rows: &mut StepRows,
) {
    let outcomes = parts
        .map_err(Clone::clone)
        .and_then(|parts| answers(parts, beside, plan))
        .unwrap_or_else(|reason| vec![reason.into(); METRICS.len()]);
    debug_assert_eq!(outcomes.len(), METRICS.len());
    rows.records.extend(METRICS.into_iter().zip(outcomes).map(|(metric, o)| record(id, metric, o)));
}

fn answers(p: &Decomposition, beside: Beside<'_>, plan: &mut Plan) -> Result<Vec<Outcome>, Reason> {
    let (m, d) = (p.outputs, p.inputs);
    let spikes = p.directions.len();
    let mut top = |matrix: &[f64]| plan.spectrum_of(matrix, m, d, Route::Topk, 1).map(|s| s.top());
    // E, then E + S_q = G - S1, then E + S12 = G - S1 - S2, then G.
    let mut work = p.remainder.clone();
    let e_norm = top(&work)?;
    p.sq.add_to(1.0, &mut work);
    let without_s1 = top(&work)?;
    work.copy_from_slice(&p.remainder);
    p.s12.add_to(1.0, &mut work);
    let without_s1_s2 = top(&work)?;
    p.s1.add_to(1.0, &mut work);
    p.s2.add_to(1.0, &mut work);
    let g = &work;
    let pairs = (spikes + 1).max(2).min(m.min(d));
    let spectrum = plan.spectrum_of(g, m, d, Route::Topk, pairs)?;
    let (size, g_norm) = (norm(g), spectrum.top());
    if size == 0.0 {
        return Err(Reason::Degenerate);
    }
    let names_spike = |o: Outcome| if spikes == 0 { no_spikes() } else { o };
    let share = |f: f64| (f / size).powi(2);
    let mut norms = [0.0; 4];
    for (value, term) in norms.iter_mut().zip([&p.s1, &p.s12, &p.s2, &p.sq]) {
        *value = term.spectral_norm(plan)?;
    }
    let [s1, s12, s2, sq] = norms;
    let e_size = norm(&p.remainder);

    let mut out = vec![residue(g, beside.gradient).into()];
    let f = |t: &LowRank| share(t.frobenius_norm());
    out.push(f(&p.s1).into());
    out.extend([&p.s12, &p.s2, &p.sq].map(|t| names_spike(f(t).into())));
    out.push(share(e_size).into());
    out.push(f(&p.s1.plus(&p.sq)).into());
    out.push(s1.into());
    out.extend([s12, s2, sq].map(|v| names_spike(v.into())));
    out.push(e_norm.into());
    out.extend([names_spike(quotient(s1, s2)), names_spike(quotient(s1, sq)), quotient(s1, e_norm)]);
    out.push(match spectrum.singular_values.get(1) {
        Some(second) => quotient(*second, e_norm),
        None => Reason::TooFewValues { found: m.min(d), needed: 2 }.into(),
    });
    out.push(match quotient(e_size, e_norm) {
        Outcome::Value(root) => (root * root).into(),
        missing => missing,
    });
    out.extend([quotient(without_s1, g_norm), names_spike(quotient(without_s1_s2, g_norm)), quotient(e_norm, g_norm)]);
    out.extend(sides(p, &spectrum));
    out.extend(along(p, g, size));
    out.extend(lengths(p, beside.recorded.unwrap_or(g), beside.weight));
    let latent = orthonormal(p.latent.iter().map(Vec::as_slice));
    out.push(names_spike(quotient(held(&latent, &p.residual).sqrt(), norm(&p.residual))));
    let mu = norm(&p.mean_derivative) / (m as f64).sqrt();
    out.extend([mu.into(), p.derivative_spread.into()]);
    Ok(out)
}

fn residue(g: &[f64], autodiff: Option<&[f64]>) -> Result<f64, Reason> {
    let found = autodiff.ok_or_else(|| Reason::NotComputed("the gradient".to_owned()))?;
    if found.len() != g.len() {
        return Err(Reason::NotApplicable(format!("a gradient of {} elements, {} expected", found.len(), g.len())));
    }
    let size = norm(found);
    let difference = found.iter().zip(g).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
    if size == 0.0 { Err(Reason::Degenerate) } else { Ok(difference / size) }
}

/// Alignments and overlaps of both sides.
fn sides(p: &Decomposition, s: &Spectrum) -> Vec<Outcome> {
    let none = p.directions.is_empty();
    let s1 = &p.s1.pairs[0];
    let with_first = |first: &[f64], others: &[Vec<f64>]| {
        orthonormal(std::iter::once(first).chain(others.iter().map(Vec::as_slice)))
    };
    let outputs: Vec<Vec<f64>> = p.s2.pairs.iter().map(|pair| pair.0.clone()).collect();
    let of = |vectors: Option<&spectrum_core::Vectors>, first: &[f64], others: &[Vec<f64>]| -> Vec<Outcome> {
        let vector = |i| direction(s, vectors, i);
        let span = orthonormal(others.iter().map(Vec::as_slice));
        let with_one = |i| {
            if norm(first) == 0.0 { Err(Reason::Degenerate) } else { vector(i).map(|v| alignment(v, first)) }
        };
        let with_span = |i| match (none, span.is_empty()) {
            (true, _) => no_spikes(),
            (_, true) => Reason::Degenerate.into(),
            _ => vector(i).map(|v| held(&span, v).sqrt().min(1.0)).into(),
        };
        let basis = with_first(first, others);
        let overlap = (0..basis.len()).map(|i| vector(i).map(|v| held(&basis, v))).sum::<Result<f64, Reason>>();
        let overlap = match basis.len() {
            0 => Err(Reason::Degenerate),
            count => overlap.map(|sum| (sum / count as f64).min(1.0)),
        };
        vec![with_one(0).into(), with_one(1).into(), with_span(0), with_span(1), overlap.into()]
    };
    let mut out = of(s.right.as_ref(), &s1.1, &p.directions);
    out.extend(of(s.left.as_ref(), &s1.0, &outputs));
    out
}

/// |A B|_F for A (m x d) and an orthonormal basis B of some of its inputs; degenerate where that is empty.
fn length(p: &Decomposition, matrix: &[f64], basis: &[Vec<f64>]) -> Result<f64, Reason> {
    if basis.is_empty() {
        return Err(Reason::Degenerate);
    }
    if matrix.len() != p.outputs * p.inputs {
        let why = format!("a matrix of {} elements, {} expected", matrix.len(), p.outputs * p.inputs);
        return Err(Reason::NotApplicable(why));
    }
    let mut image = vec![0.0; p.outputs];
    let squares = basis.iter().map(|b| {
        matvec(matrix, p.outputs, p.inputs, b, &mut image);
        norm(&image).powi(2)
    });
    Ok(squares.sum::<f64>().sqrt())
}

/// Orthonormal bases of X_B^T r and of the q_k.
fn bases(p: &Decomposition) -> [Vec<Vec<f64>>; 2] {
    [orthonormal([&p.s1.pairs[0].1[..]]), orthonormal(p.directions.iter().map(Vec::as_slice))]
}

/// The shares of G along X_B^T r and along the q_k.
fn along(p: &Decomposition, g: &[f64], size: f64) -> [Outcome; 2] {
    let [s1, spikes] = bases(p);
    let share = |basis: &[Vec<f64>]| length(p, g, basis).map(|l| (l / size).powi(2).min(1.0));
    [share(&s1).into(), if p.directions.is_empty() { no_spikes() } else { share(&spikes).into() }]
}

/// The lengths of the recorded gradient along both, and of W along the q_k.
fn lengths(p: &Decomposition, recorded: &[f64], weight: Option<&[f64]>) -> [Outcome; 3] {
    let [s1, spikes] = bases(p);
    let along_s1 = length(p, recorded, &s1).into();
    if p.directions.is_empty() {
        return [along_s1, no_spikes(), no_spikes()];
    }
    let weight = weight.ok_or_else(|| Reason::NotComputed("the weights".to_owned()));
    [along_s1, length(p, recorded, &spikes).into(), weight.and_then(|w| length(p, w, &spikes)).into()]
}

fn quotient(numerator: f64, denominator: f64) -> Outcome {
    if denominator == 0.0 { Reason::Degenerate.into() } else { (numerator / denominator).into() }
}

fn no_spikes() -> Outcome {
    Reason::NotApplicable("data without spikes".to_owned()).into()
}
