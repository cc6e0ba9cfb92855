//! The gradient in parts: acceptance tests 8 to 13 of the specification of low-rank gradients, and what follows from the definitions.
#![allow(clippy::unwrap_used)]

mod gradient_common;

use std::f64::consts::FRAC_1_SQRT_2;

use gradient_common::{Case, SMALL, Setup, dot, norm, records, value};
use spectrum_core::Route;
use spectrum_linalg::{Plan, matvec};
use spectrum_measure::gradient::regularizer::weight_decay;
use spectrum_measure::gradient::{
    Activation, Custom, Decomposer, Decomposition, Erf, Loss, MeanDerivative, NearLinear, Relu, Sigmoid, Softplus,
    SpikedInputs, Tanh, TwoLayer,
};

const TINY: (usize, usize, usize) = (40, 30, 50);

fn activations() -> [Box<dyn Activation>; 7] {
    [
        Box::new(Relu),
        Box::new(Tanh),
        Box::new(Erf::default()),
        Box::new(Erf { scale: FRAC_1_SQRT_2 }),
        Box::new(Sigmoid),
        Box::new(Softplus),
        Box::new(NearLinear::default()),
    ]
}

/// The mean loss at `weight`, by plain loops.
fn loss_at(network: &TwoLayer<'_>, inputs: &SpikedInputs<'_>, loss: Loss, weight: &[f64]) -> f64 {
    let (n, d, m) = (inputs.n, inputs.d, network.readout.len());
    let mut sum = 0.0;
    for i in 0..n {
        let x = full(inputs, i);
        let mut f = 0.0;
        for j in 0..m {
            let u: f64 = (0..d).map(|k| weight[j + k * m] * x[k]).sum();
            f += network.readout[j] * network.activation.value(network.input_scale * u);
        }
        sum += loss.value(network.output_scale * f, inputs.targets[i]);
    }
    sum / n as f64
}

fn full(inputs: &SpikedInputs<'_>, i: usize) -> Vec<f64> {
    let d = inputs.d;
    let mut x = inputs.bulk[i * d..(i + 1) * d].to_vec();
    for (k, q) in inputs.q.iter().enumerate() {
        x.iter_mut().zip(q).for_each(|(x, q)| *x += inputs.zeta[k] * inputs.z[k][i] * q);
    }
    x
}

/// dL/dW by the chain rule, sample by sample, neuron by neuron.
fn chain_rule(network: &TwoLayer<'_>, inputs: &SpikedInputs<'_>, loss: Loss) -> Vec<f64> {
    let (n, d, m) = (inputs.n, inputs.d, network.readout.len());
    let mut g = vec![0.0; m * d];
    for i in 0..n {
        let x = full(inputs, i);
        let u: Vec<f64> = (0..m)
            .map(|j| network.input_scale * (0..d).map(|k| network.weight[j + k * m] * x[k]).sum::<f64>())
            .collect();
        let f: f64 = u.iter().zip(network.readout).map(|(u, a)| a * network.activation.value(*u)).sum();
        let r = loss.derivative(network.output_scale * f, inputs.targets[i]) / n as f64;
        for j in 0..m {
            let back = network.output_scale * network.input_scale * r * network.readout[j];
            let back = back * network.activation.derivative(u[j]);
            (0..d).for_each(|k| g[j + k * m] += back * x[k]);
        }
    }
    g
}

fn sum_of_four(p: &Decomposition) -> Vec<f64> {
    let mut g = p.remainder.clone();
    for term in [&p.s1, &p.s12, &p.s2] {
        term.add_to(1.0, &mut g);
    }
    g
}

fn largest(v: &[f64]) -> f64 {
    v.iter().fold(0.0f64, |m, x| m.max(x.abs()))
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0f64, |m, (x, y)| m.max((x - y).abs()))
}

/// A draw with a second spike, so that nothing is checked with one alone.
fn with_two_spikes(setup: &Setup) -> (Vec<Vec<f64>>, Vec<Vec<f64>>, Vec<f64>) {
    let parts = &setup.draw.parts;
    let mut q = vec![0.0; setup.d];
    q[0] = 1.0;
    let c = dot(&q, &parts.q[0]);
    q.iter_mut().zip(&parts.q[0]).for_each(|(q, p)| *q -= c * p);
    let size = norm(&q);
    q.iter_mut().for_each(|v| *v /= size);
    let z: Vec<f64> = (0..setup.n).map(|i| (i as f64 * 1.7).sin() * 1.4).collect();
    (vec![parts.z[0].clone(), z], vec![parts.q[0].clone(), q], vec![parts.zeta[0], 2.0])
}

/// Acceptance test 8.
#[test]
fn the_four_parts_are_the_gradient() {
    let regression = Case::new(TINY, 0.375).draw(3);
    let classes = Case { sign: true, ..Case::new(TINY, 0.375) }.draw(3);
    for activation in activations() {
        for loss in [Loss::SquaredError, Loss::HalfSquaredError, Loss::Logistic] {
            let setup = if loss == Loss::Logistic { &classes } else { &regression };
            let (z, q, zeta) = with_two_spikes(setup);
            for (spikes, mean_field, input_scale) in [(1, false, 1.0), (2, true, 0.4), (0, false, 1.0)] {
                let inputs = SpikedInputs { z: &z[..spikes], q: &q[..spikes], zeta: &zeta[..spikes], ..setup.inputs() };
                let network = TwoLayer { input_scale, ..setup.network(activation.as_ref(), mean_field) };
                let g = chain_rule(&network, &inputs, loss);
                for mean in [MeanDerivative::Empirical, setup.population(), MeanDerivative::Given(&[0.3; TINY.2])] {
                    let p = Decomposer::new().decompose(&network, &inputs, loss, mean).unwrap();
                    let label = format!("{activation:?} {loss:?} {spikes} {mean_field}");
                    assert!(distance(&g, &sum_of_four(&p)) < 1e-12 * largest(&g), "{label}");
                    assert!(distance(&g, &p.gradient()) < 1e-12 * largest(&g), "{label}");
                    let at = loss_at(&network, &inputs, loss, network.weight);
                    assert!((p.loss - at).abs() < 1e-12 * at, "{label}");
                }
                // And the chain rule's is the loss's own slope. (A kink of ReLU may lie within the step of one weight.)
                let step = 1e-5;
                for k in [0, 7, 700, 1499] {
                    let mut w = setup.weight.clone();
                    w[k] += step;
                    let above = loss_at(&network, &inputs, loss, &w);
                    w[k] -= 2.0 * step;
                    let slope = (above - loss_at(&network, &inputs, loss, &w)) / (2.0 * step);
                    assert!((slope - g[k]).abs() < 1e-7, "{activation:?} {loss:?} {k}: {slope} {}", g[k]);
                }
            }
        }
    }
}

/// Acceptance test 9, and that what lies along the spike is of rank one.
#[test]
fn the_spikes_have_rank_two_together_and_one_along_the_data() {
    for activation in activations() {
        let setup = Case::new(TINY, 0.375).draw(1);
        let p = setup.decompose(activation.as_ref(), false);
        let (m, d) = (setup.m, setup.d);
        let mut plan = Plan::new();
        let mut spectrum = |terms: &[&spectrum_measure::gradient::LowRank]| {
            let mut sum = vec![0.0; m * d];
            terms.iter().for_each(|t| t.add_to(1.0, &mut sum));
            plan.spectrum_of(&sum, m, d, Route::Svd, 0).unwrap().singular_values
        };
        let s = spectrum(&[&p.s1, &p.s12, &p.s2]);
        assert!(s[2] < 1e-12 * s[0] && s[1] > 1e-6 * s[0], "{activation:?}: {:?}", &s[..3]);
        let s = spectrum(&[&p.s12, &p.s2]);
        assert!(s[1] < 1e-12 * s[0]);
        // Computed apart: S_q from sigma', the others from its mean and from what is left.
        let mut difference = vec![0.0; m * d];
        p.sq.add_to(1.0, &mut difference);
        p.s12.add_to(-1.0, &mut difference);
        p.s2.add_to(-1.0, &mut difference);
        assert!(norm(&difference) < 1e-13 * s[0]);
        // Norms from the vectors are those of the matrices.
        let joint = p.s1.plus(&p.sq);
        let full = spectrum(&[&joint]);
        let norms = joint.singular_values(&mut Plan::new()).unwrap();
        assert!((norms[0] - full[0]).abs() < 1e-12 * full[0] && (norms[1] - full[1]).abs() < 1e-12 * full[0]);
        assert!((joint.frobenius_norm() - norm(&full)).abs() < 1e-12 * full[0]);
    }
}

/// Acceptance test 10: S1 is gamma |a o mu| |X_B^T r|, and gamma differs by sqrt(m).
#[test]
fn scalings_differ_by_the_root_of_the_width() {
    let setup = Case::new(TINY, 0.125).draw(2);
    for activation in activations() {
        let [ntk, mean_field] = [false, true].map(|mf| setup.decompose(activation.as_ref(), mf));
        let along_bulk = |p: &Decomposition| {
            let mut v = vec![0.0; setup.d];
            matvec(&setup.draw.parts.bulk, setup.d, setup.n, &p.residual, &mut v);
            norm(&v)
        };
        let ratio =
            ntk.s1.frobenius_norm() / mean_field.s1.frobenius_norm() * along_bulk(&mean_field) / along_bulk(&ntk);
        assert!((ratio / (setup.m as f64).sqrt() - 1.0).abs() < 1e-12, "{ratio}");
    }
}

/// Acceptance test 11.
#[test]
fn relu_has_half_the_mean_and_no_curvature() {
    let setup = Case { biased: true, ..Case::new(TINY, 0.375) }.draw(2);
    let p = setup.decompose(&Relu, false);
    assert!(p.mean_derivative.iter().all(|mu| *mu == 0.5));
    let (network, inputs) = (setup.network(&Relu, false), setup.inputs());
    let jacobian = Decomposer::new().jacobian_penalty(&network, &inputs).unwrap();
    assert!(jacobian.curvature.iter().all(|v| *v == 0.0) && norm(&jacobian.direct) > 0.0);
    let smooth = Decomposer::new().jacobian_penalty(&setup.network(&Tanh, false), &inputs).unwrap();
    assert!(norm(&smooth.curvature) > 0.1 * norm(&smooth.direct));
}

/// Population means: quadrature against the closed form of erf, and both against the mean over many samples.
#[test]
fn means_over_the_population() {
    let custom = Custom {
        value: |u: f64| libm::erf(u * FRAC_1_SQRT_2),
        derivative: |u: f64| (2.0 / std::f64::consts::PI).sqrt() * (-0.5 * u * u).exp(),
        second: |u: f64| -u * (2.0 / std::f64::consts::PI).sqrt() * (-0.5 * u * u).exp(),
    };
    let setup = Case::new(TINY, 0.375).draw(0);
    let by_quadrature = setup.decompose(&custom, false);
    let closed = setup.decompose(&Erf { scale: FRAC_1_SQRT_2 }, false);
    assert!(distance(&by_quadrature.mean_derivative, &closed.mean_derivative) < 1e-12);
    // sqrt(2/pi)/sqrt(1 + s^2) with s^2 = |w|^2 + zeta^2 (w q)^2.
    let (q, zeta) = (&setup.draw.parts.q[0], setup.draw.parts.zeta[0]);
    for j in [0, 9] {
        let w: Vec<f64> = (0..setup.d).map(|k| setup.weight[j + k * setup.m]).collect();
        let variance = dot(&w, &w) + (zeta * dot(&w, q)).powi(2);
        let exact = (2.0 / std::f64::consts::PI / (1.0 + variance)).sqrt();
        assert!((closed.mean_derivative[j] - exact).abs() < 1e-14);
    }
    let many = Case::new((4000, 8, 20), 0.2).draw(1);
    let population = many.decompose(&Tanh, false);
    let network = many.network(&Tanh, false);
    let sampled = Decomposer::new()
        .decompose(&network, &many.inputs(), Loss::HalfSquaredError, MeanDerivative::Empirical)
        .unwrap();
    // sigma' is between 0 and 1: a standard error of at most 1/(2 sqrt(4000)) = 0.008.
    assert!(distance(&population.mean_derivative, &sampled.mean_derivative) < 0.03);
}

/// Acceptance test 12, for the median of five seeds: how much of the spike the residual holds is a matter of the draw, and
/// single seeds scatter by more than the bounds leave.
#[test]
fn directions_of_weak_and_strong_spikes() {
    for (nu, metric, bound) in [(0.125, "input_side_s1_alignment_1", 0.97), (0.5, "input_side_spike_alignment_1", 0.7)]
    {
        let of =
            |seed| value(&records(&Case::new((225, 300, 375), nu).draw(seed).decompose(&Tanh, false), None), metric);
        let mut all: Vec<f64> = (0..5).map(of).collect();
        all.sort_by(f64::total_cmp);
        assert!(all[2] > bound, "nu {nu}: {all:?}");
    }
}

/// Acceptance test 13, at lambda 0.3: W is nearly an isometry, its singular values end at 1 + sqrt(m/d).
#[test]
fn decay_raises_the_floor() {
    let setup = Case::new(SMALL, 0.375).draw(0);
    let p = setup.decompose(&Tanh, false);
    let lambda = 0.3;
    let mut g = p.gradient();
    let before = Plan::new().spectrum_of(&g, setup.m, setup.d, Route::Topk, 3).unwrap().singular_values[2];
    g.iter_mut().zip(weight_decay(&setup.weight, lambda)).for_each(|(g, w)| *g += w);
    let after = Plan::new().spectrum_of(&g, setup.m, setup.d, Route::Topk, 3).unwrap().singular_values[2];
    let predicted = lambda * (1.0 + (setup.m as f64 / setup.d as f64).sqrt());
    assert!((after / predicted - 1.0).abs() < 0.03, "{before} -> {after}, {predicted} predicted");
    assert!(before < 0.5 * after);
}
