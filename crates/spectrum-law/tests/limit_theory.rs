//! Limit laws against closed forms, the printed recursion, and the Marchenko-Pastur map iterated layer by layer.
#![allow(clippy::unwrap_used)]

mod common;

use proptest::prelude::*;
use spectrum_law::MarchenkoPastur;
use spectrum_law::limit::{
    Complex, Constants, NetworkShape, Population, Settings, conjugate_kernel, conjugate_kernels, constants, explain,
    marchenko_pastur_map, stieltjes_recursion, tangent_kernel,
};

const TANH: Constants = Constants { mean: 0.0, sd: 0.627929, b: 0.96460901, a: 1.17780694 };

fn settings() -> Settings {
    Settings::default()
}

/// The population of fixtures/limit/recursion.py.
fn six_points() -> Population {
    Population::Weighted(vec![(0.0, 0.1), (0.2, 0.2), (0.5, 0.2), (0.9, 0.2), (1.6, 0.2), (2.8, 0.1)])
}

fn shape(population: Population, ratios: &[f64], constants: Constants) -> NetworkShape {
    NetworkShape { population, ratios: ratios.to_vec(), constants }
}

fn linear() -> Constants {
    constants(&|x| x, &|_| 1.0).unwrap()
}

fn pairs(values: &[f64]) -> Vec<Complex> {
    values.chunks(2).map(|p| Complex::new(p[0], p[1])).collect()
}

#[test]
fn map_of_a_point_mass_is_the_marchenko_pastur_law() {
    // gamma = 0.5, 1, 2 as n x n matrices of d features.
    for (n, d) in [(500, 1000), (1000, 1000), (1000, 500), (20, 1000), (999, 1000)] {
        let gamma = n as f64 / d as f64;
        let closed = MarchenkoPastur::new(d, n, 1.0 / d as f64).unwrap();
        let share = (1.0 / gamma).min(1.0);
        let law = marchenko_pastur_map(&Population::Point, gamma, &settings()).unwrap();
        assert!(law.certificate().converged, "{gamma}: {}", law.certificate());
        assert_eq!(law.edges().len(), 1);
        let (low, high) = law.edges()[0];
        assert!(
            (low - closed.lower_edge()).abs() < 1e-9 && (high - closed.upper_edge()).abs() < 1e-9,
            "{gamma}: {low} {high}"
        );
        let atom = if gamma > 1.0 { vec![(0.0, 1.0 - share)] } else { Vec::new() };
        assert_eq!(law.atoms(), atom);
        for i in 1..40 {
            let p = f64::from(i) / 40.0;
            let x = closed.quantile(p).unwrap();
            let density = share * closed.pdf(x);
            assert!((law.pdf(x) - density).abs() < 1e-9 * density.max(1.0), "{gamma} at {x}");
            assert!((law.cdf(x) - (1.0 - share) - share * p).abs() < 1e-7, "{gamma} at {x}: {}", law.cdf(x));
            assert!((law.quantile(1.0 - share + share * p).unwrap() - x).abs() < 1e-6 * high, "{gamma} at {p}");
        }
        for (x, density) in law.grid().iter().zip(law.density()) {
            if *x > low && *x < high {
                assert!((density - share * closed.pdf(*x)).abs() < 1e-6 * density.max(1.0), "{gamma}: grid at {x}");
            }
        }
        assert!((law.mass() - 1.0).abs() < 1e-7 && (law.mean() - 1.0).abs() < 1e-7);
    }
}

#[test]
fn marchenko_pastur_population_equals_its_quantiles() {
    let closed = MarchenkoPastur::new(1500, 1000, 1.0 / 1500.0).unwrap();
    let quantiles = closed.quantiles(&(0..2000).map(|i| (f64::from(i) + 0.5) / 2000.0).collect::<Vec<_>>()).unwrap();
    let analytic = shape(Population::MarchenkoPastur { ratio: 2.0 / 3.0 }, &[0.5, 0.8], TANH);
    let sampled = shape(Population::Eigenvalues(quantiles), &[0.5, 0.8], TANH);
    let a = tangent_kernel(&analytic, None, &settings()).unwrap();
    let b = tangent_kernel(&sampled, None, &settings()).unwrap();
    for x in [1.2, 2.0, 4.0, 8.0] {
        assert!((a.cdf(x) - b.cdf(x)).abs() < 1e-4, "{x}: {} {}", a.cdf(x), b.cdf(x));
        assert!((a.pdf(x) - b.pdf(x)).abs() < 1e-3, "{x}: {} {}", a.pdf(x), b.pdf(x));
    }
}

/// m_l of the iterated map, from its own equation (MP) with m_{l-1} inside, damped iteration: nothing shared with the
/// crate but complex arithmetic. The covariance at layer l is p + r y, y of law mu_{l-1}.
fn iterated(z: Complex, layer: usize, ratios: &[f64], b: f64, mu: &[(f64, f64)]) -> Complex {
    if layer == 0 {
        return mu.iter().fold(Complex::new(0.0, 0.0), |s, (x, w)| s + (Complex::new(*x, 0.0) - z).recip() * *w);
    }
    let (p, r, gamma) = (1.0 - b * b, b * b, ratios[layer - 1]);
    let mut m = -z.recip();
    for _ in 0..4000 {
        // int dmu(y)/((p + r y) B - z) = m_{l-1}((z - p B)/(r B))/(r B), B = 1 - gamma - gamma z m.
        let factor = Complex::new(1.0 - gamma, 0.0) - z * m * gamma;
        let inner = (z - factor * p) / (factor * r);
        let next = iterated(inner, layer - 1, ratios, b, mu) / (factor * r);
        let change = (next - m).abs();
        m = (m + next) * 0.5;
        if change < 1e-12 {
            return m;
        }
    }
    panic!("the reference did not converge at {z}");
}

#[test]
fn recursion_equals_the_iterated_map() {
    let mu = [(0.0, 0.1), (0.2, 0.2), (0.5, 0.2), (0.9, 0.2), (1.6, 0.2), (2.8, 0.1)];
    let ratios = [0.5, 1.4, 0.7, 0.9];
    for depth in 1..=4 {
        let shape = shape(six_points(), &ratios[..depth], TANH);
        let law = conjugate_kernels(&shape, &settings()).unwrap().pop().unwrap();
        // Deep references nest their iterations: fewer and easier places there.
        let places: &[(f64, f64)] = if depth < 4 { &[(0.1, 0.5), (1.0, 0.5), (3.0, 0.6)] } else { &[(0.5, 2.0)] };
        for &(re, im) in places {
            let z = Complex::new(re, im);
            let reference = iterated(z, depth, &ratios, TANH.b, &mu);
            let m = law.stieltjes(z).unwrap();
            assert!((m - reference).abs() < 1e-8, "depth {depth} at {z}: {m} {reference}");
            let mut vector = vec![Complex::new(0.0, 0.0); depth + 2];
            (vector[0], vector[depth + 1]) = (-z, Complex::new(1.0, 0.0));
            let mut unit = vec![Complex::new(0.0, 0.0); depth + 2];
            unit[0] = Complex::new(1.0, 0.0);
            let t = stieltjes_recursion(&shape, &vector, &unit, &settings()).unwrap();
            assert!((t.value - reference).abs() < 1e-8, "depth {depth} at {z}: {} {reference}", t.value);
        }
    }
}

#[test]
fn recursion_equals_the_printed_one() {
    let text = include_str!("fixtures/limit/recursion.txt");
    let traces = common::table(text, Some("t "));
    assert_eq!(traces.len(), 13);
    for line in traces {
        let depth = line[0] as usize;
        let population = if line[1] == 0.0 { six_points() } else { Population::MarchenkoPastur { ratio: line[1] } };
        let (ratios, rest) = line[2..].split_at(depth);
        let values = pairs(rest);
        let (z, w) = values[..2 * (depth + 2)].split_at(depth + 2);
        let t = stieltjes_recursion(&shape(population, ratios, TANH), z, w, &settings()).unwrap();
        let reference = *values.last().unwrap();
        assert!((t.value - reference).abs() < 1e-10 * reference.abs().max(1.0), "{line:?}: {}", t.value);
    }
    let transforms = common::table(text, Some("m "));
    assert_eq!(transforms.len(), 8);
    for line in transforms {
        let depth = line[0] as usize;
        let shape = shape(six_points(), &line[1..=depth], TANH);
        let law = tangent_kernel(&shape, Some(&line[depth + 1..2 * depth + 2]), &settings()).unwrap();
        let (z, reference) = (Complex::new(line[2 * depth + 2], line[2 * depth + 3]), pairs(&line[2 * depth + 4..])[0]);
        let m = law.stieltjes(z).unwrap();
        assert!((m - reference).abs() < 1e-10, "{line:?}: {m}");
        // Half the eigenvalue, twice the transform at half the place; the other half plane mirrors.
        let half = law.scaled(0.5).unwrap().stieltjes(Complex::new(0.5 * z.re, -0.5 * z.im)).unwrap();
        assert!((half.conj() * 0.5 - m).abs() < 1e-12);
    }
}

#[test]
fn means_are_those_of_the_layers() {
    for ratios in [&[0.5][..], &[0.5, 2.0], &[1.0, 0.3, 1.7], &[0.2, 0.4, 0.6, 0.8, 1.0]] {
        let depth = ratios.len();
        for population in [
            Population::Point,
            Population::MarchenkoPastur { ratio: 1.3 },
            Population::Weighted(vec![(0.5, 2.0), (2.0, 1.0)]),
        ] {
            let shape = shape(population, ratios, TANH);
            for law in conjugate_kernels(&shape, &settings()).unwrap() {
                assert!(law.certificate().converged, "{shape:?}: {}", law.certificate());
                assert!((law.mean() - 1.0).abs() < 1e-6, "{shape:?}: {}", law.mean());
            }
            let law = tangent_kernel(&shape, None, &settings()).unwrap();
            let mean = 1.0 + (1..=depth).map(|k| TANH.a.powi(k as i32)).sum::<f64>();
            assert!(law.certificate().converged && (law.mean() - mean).abs() < 1e-5, "{shape:?}: {}", law.mean());
            assert!(law.edges()[0].0 > shape.coefficients(None).unwrap().r_plus);
        }
    }
}

#[test]
fn linear_activation_is_exact() {
    let shape = shape(Population::MarchenkoPastur { ratio: 2.0 / 3.0 }, &[0.5], linear());
    let coefficients = shape.coefficients(None).unwrap();
    assert_eq!((coefficients.r_plus, coefficients.q), (0.0, vec![1.0, 1.0]));
    let ck = conjugate_kernel(&shape, &settings()).unwrap();
    let map = marchenko_pastur_map(&Population::MarchenkoPastur { ratio: 2.0 / 3.0 }, 0.5, &settings()).unwrap();
    for x in [0.05, 0.3, 1.0, 2.0, 4.0] {
        assert!((ck.pdf(x) - map.pdf(x)).abs() < 1e-12 && (ck.cdf(x) - map.cdf(x)).abs() < 1e-12);
    }
    // Moments of a product of free Marchenko-Pastur laws of mean 1: variance gamma_0 + gamma_1.
    let second: f64 = {
        let n = 20_000;
        (0..n).map(|i| ck.quantile((f64::from(i) + 0.5) / f64::from(n)).unwrap().powi(2)).sum::<f64>() / f64::from(n)
    };
    assert!((second - 1.0 - 2.0 / 3.0 - 0.5).abs() < 1e-3, "{second}");
}

#[test]
fn square_products_have_hard_edges() {
    // Eigenvalues of products of k square Wishart matrices: the Fuss-Catalan law, with known moments C_m = binom((k+1)m, m)/(km + 1)
    // (Penson and Zyczkowski, Phys. Rev. E 83 (2011) 061118) and density ~ x^(-k/(k+1)) at 0: k = 2, 1, 3, 12, 55 ..; k = 3, 1, 4, 22.
    for (k, second) in [(2usize, 3.0), (3, 4.0)] {
        let law = conjugate_kernel(
            &shape(Population::MarchenkoPastur { ratio: 1.0 }, &vec![1.0; k - 1], linear()),
            &settings(),
        )
        .unwrap();
        assert!(law.certificate().converged, "{k}: {}", law.certificate());
        let edge = ((k + 1) as f64).powi(k as i32 + 1) / (k as f64).powi(k as i32);
        assert!(law.edges()[0].0 == 0.0 && (law.edges()[0].1 - edge).abs() < 1e-8, "{k}: {:?}", law.edges());
        assert_eq!(law.pdf(0.0), f64::INFINITY);
        // k = 2 in closed form (Penson and Zyczkowski, eq. (14)).
        if k == 2 {
            for x in [1e-6, 0.01, 0.5, 3.0, 6.0] {
                let root = (27.0f64 + 3.0 * (81.0f64 - 12.0 * x).sqrt()).cbrt();
                let two = 2f64.cbrt();
                let exact = two * 3f64.sqrt() / (12.0 * std::f64::consts::PI) * (two * root * root - 6.0 * x.cbrt())
                    / (x.cbrt().powi(2) * root);
                assert!((law.pdf(x) / exact - 1.0).abs() < 1e-8, "{x}: {} {exact}", law.pdf(x));
            }
        }
        let n = 20_000;
        let moment = (0..n).map(|i| law.quantile((f64::from(i) + 0.5) / f64::from(n)).unwrap().powi(2)).sum::<f64>()
            / f64::from(n);
        assert!((moment - second).abs() < 2e-3, "{k}: {moment}");
    }
}

#[test]
fn atoms_count_dimensions() {
    let tangent = |population, ratios: &[f64], rates: Option<&[f64]>, c| {
        let law = tangent_kernel(&shape(population, ratios, c), rates, &settings()).unwrap();
        assert!(law.certificate().converged, "{ratios:?}: {}", law.certificate());
        law
    };
    let two = || Population::Weighted(vec![(0.2, 0.8), (4.2, 0.2)]);
    let q0 = TANH.b.powi(2);
    let r_plus = TANH.a - q0;
    // Orthonormal data and a narrow layer: K_0 = I, K_1 has rank n/4; one atom at r_+ + q_0.
    let law = tangent(Population::Point, &[4.0], None, TANH);
    assert_eq!(law.atoms().len(), 1);
    assert!((law.atoms()[0].0 - r_plus - q0).abs() < 1e-12 && (law.atoms()[0].1 - 0.75).abs() < 1e-12);
    // An eigenspace of 0.8 n and a layer of 0.5 n features: 0.3 n of it see only K_0.
    let law = tangent(two(), &[2.0], None, TANH);
    assert_eq!(law.atoms().len(), 1);
    assert!((law.atoms()[0].0 - r_plus - 0.2 * q0).abs() < 1e-12 && (law.atoms()[0].1 - 0.3).abs() < 1e-12);
    // Gaussian data of rank n/4 below a layer of n/2 features: n/4 see nothing at all.
    let law = tangent(Population::MarchenkoPastur { ratio: 4.0 }, &[2.0], None, TANH);
    assert_eq!(law.atoms().len(), 1);
    assert!((law.atoms()[0].0 - r_plus).abs() < 1e-12 && (law.atoms()[0].1 - 0.25).abs() < 1e-12);
    // A linear network has the null space of its data, however wide.
    let law = tangent(Population::MarchenkoPastur { ratio: 4.0 }, &[0.5, 0.5], None, linear());
    assert!((law.atoms()[0].1 - 0.75).abs() < 1e-12 && law.atoms()[0].0 == 0.0);
    // Only the first layer trained: the data's own law, moved.
    let law = tangent(two(), &[2.0], Some(&[1.0, 0.0]), TANH);
    assert!(law.edges().is_empty() && law.atoms().len() == 2 && (law.mass() - 1.0).abs() < 1e-12);
    // Its sample has the distance 0, and the atoms' masses count.
    let (a, b) = (law.atoms()[0].0, law.atoms()[1].0);
    assert!(law.ks_distance(&[a, a, a, a, b]).unwrap() < 1e-12);
    assert!((law.ks_distance(&[a, a, b, b]).unwrap() - 0.3).abs() < 1e-12);
    assert_eq!((law.quantile(0.8).unwrap(), law.quantile(0.81).unwrap()), (a, b));
    // Only the readout trained: the conjugate kernel.
    let trained = tangent(two(), &[2.0], Some(&[0.0, 1.0]), TANH);
    let ck = conjugate_kernel(&shape(two(), &[2.0], TANH), &settings()).unwrap();
    assert!(trained.edges() == ck.edges() && trained.atoms() == ck.atoms());
}

#[test]
fn atoms_of_a_sample_may_carry_rounding() {
    let law = marchenko_pastur_map(&Population::Point, 2.0, &settings()).unwrap();
    let n = 1000;
    let mut sample: Vec<f64> = (0..n).map(|i| law.quantile((f64::from(i) + 0.5) / f64::from(n)).unwrap()).collect();
    for (i, x) in sample.iter_mut().take(500).enumerate() {
        assert_eq!(*x, 0.0);
        *x = 1e-8 * (i as f64 - 250.0);
    }
    assert!(law.ks_distance(&sample).unwrap() < 1.1 / f64::from(n));
    sample.reverse();
    assert!(law.ks_distance(&sample).unwrap() < 1.1 / f64::from(n));
}

#[test]
fn separate_bands_are_found() {
    // Two distant masses and wide layers: two intervals, each with its mass; far from each other, each is a
    // Marchenko-Pastur law of its own ratio to leading order.
    let population = Population::Weighted(vec![(0.1, 0.9), (9.1, 0.1)]);
    for gamma in [0.2, 1e-2, 1e-4, 1e-6] {
        let law = marchenko_pastur_map(&population, gamma, &settings()).unwrap();
        assert!(
            law.certificate().converged && law.edges().len() == 2,
            "{gamma}: {} {:?}",
            law.certificate(),
            law.edges()
        );
        let gap = 0.5 * (law.edges()[0].1 + law.edges()[1].0);
        assert!((law.cdf(gap) - 0.9).abs() < 1e-7 && law.pdf(gap) == 0.0, "{gamma}: {}", law.cdf(gap));
    }
    // Two small bands beside an atom each, one hidden behind the other.
    let close = Population::Weighted(vec![(2.6777, 0.4816), (1.3018, 0.085), (2.43, 0.085), (2.4138, 0.3484)]);
    let c = Constants { b: 0.5266597681770782, a: 1.0, ..TANH };
    let law = tangent_kernel(&shape(close, &[12.751], c), Some(&[0.01, 0.01]), &settings()).unwrap();
    assert!(law.certificate().converged && law.atoms().len() == 4, "{} {:?}", law.certificate(), law.edges());
    // Twenty points, far apart for the ratio.
    let comb = Population::Eigenvalues((1..=20).map(|i| f64::from(i) / 10.5).collect());
    let law = marchenko_pastur_map(&comb, 1e-4, &settings()).unwrap();
    assert!(law.certificate().converged && law.edges().len() == 20, "{:?}", law.edges());
}

#[test]
fn an_even_activation_leaves_the_plain_law() {
    let square = constants(&|x| x * x, &|x| 2.0 * x).unwrap();
    assert_eq!(square.b, 0.0);
    let shape = shape(six_points(), &[0.7, 0.5], square);
    let ck = conjugate_kernel(&shape, &settings()).unwrap();
    let plain = marchenko_pastur_map(&Population::Point, 0.5, &settings()).unwrap();
    assert!(!ck.notes().is_empty());
    for x in [0.1, 0.5, 1.0, 2.0] {
        assert!((ck.pdf(x) - plain.pdf(x)).abs() < 1e-12);
    }
    // r_+ = a + a^2 = 2 + 4 and nothing else but the last layer's kernel.
    let ntk = tangent_kernel(&shape, None, &settings()).unwrap();
    assert!((ntk.pdf(7.0) - plain.pdf(1.0)).abs() < 1e-9 && (ntk.mean() - 7.0).abs() < 1e-6);
}

#[test]
fn the_explanation_is_consistent() {
    let shape = shape(six_points(), &[0.5, 0.7, 1.5, 0.8, 0.9], TANH);
    let z = Complex::new(8.0, 1e-3);
    let unfolded = explain(&shape, Some(&[1.0, 0.5, 0.0, 2.0, 1.0, 1.0]), z, &settings()).unwrap();
    assert_eq!(unfolded.levels.len(), 5);
    assert!((unfolded.identity() - Complex::new(1.0, 0.0)).abs() < 1e-9 && unfolded.residual < 1e-9);
    let text = unfolded.to_string();
    for part in ["b = 0.964609", "r_+ = ", "Level 5:", "Level 1:", "s_3 = 1/z_3 + gamma_3 t_2", "Level 0:", "m(z) = "] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    // An even activation: layers without weight drop out.
    let even = Constants { mean: 1.0, sd: 2f64.sqrt(), b: 0.0, a: 2.0 };
    let text = explain(&NetworkShape { constants: even, ..shape }, None, z, &settings()).unwrap().to_string();
    assert!(text.contains("s_4 is infinite"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any shape gives a law that vouches for itself: mass, mean, a monotone distribution function, and quantiles that
    /// invert it.
    #[test]
    fn any_shape_converges(
        ratios in prop::collection::vec(-2.0f64..1.0, 1..5),
        data in -1.5f64..1.5,
        points in prop::collection::vec((0.0f64..3.0, 0.1f64..1.0), 1..6),
        gaussian: bool,
        // Smaller b give weights q_0 = b^8 whose bands span more decades than doubles hold.
        b in 0.4f64..=1.0,
        a in 1.0f64..2.0,
        rates in prop::collection::vec(0.1f64..2.0, 5),
    ) {
        let ratios: Vec<f64> = ratios.iter().map(|r| 10f64.powf(*r)).collect();
        let population =
            if gaussian { Population::MarchenkoPastur { ratio: 10f64.powf(data) } } else { Population::Weighted(points) };
        let depth = ratios.len();
        let shape = shape(population, &ratios, Constants { mean: 0.0, sd: 1.0, b, a });
        for law in [
            conjugate_kernel(&shape, &settings()).unwrap(),
            tangent_kernel(&shape, Some(&rates[..=depth]), &settings()).unwrap(),
        ] {
            prop_assert!(law.certificate().converged, "{shape:?} {rates:?}: {} {:?} {:?}", law.certificate(), law.edges(), law.atoms());
            prop_assert!(law.density().iter().all(|d| *d >= 0.0 && d.is_finite()));
            let mut last = 0.0;
            for i in 0..=20 {
                let p = f64::from(i) / 20.0;
                let x = law.quantile(p).unwrap();
                prop_assert!(x >= last, "{shape:?}: quantile {p} {x} < {last}");
                prop_assert!(law.cdf(x) >= p - 1e-6, "{shape:?}: cdf({x}) = {} < {p}", law.cdf(x));
                last = x;
            }
        }
    }
}
