//! Spiked data: their moments, their parts, the gradient's four terms, and real data.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use spectrum_data::{
    BulkScale, DataError, Dataset, Directions, Link, Scaling, SingleIndex, Spike, Spiked, SpikedDraw, SpikedParts,
    SpikedTarget, Split, Targets, bulk_decay, load_images, normals, signs, sphere_weights, stream,
};

fn spikes(nus: &[f64]) -> Vec<Spike> {
    nus.iter().map(|&nu| Spike { nu, direction: None }).collect()
}

fn values(set: &Dataset) -> &[f64] {
    match &set.targets {
        Targets::Values(v) => v,
        Targets::Classes { .. } => panic!("a regression has values"),
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Largest difference between the inputs and bulk + spikes.
fn mismatch(train: &Dataset, parts: &SpikedParts) -> f64 {
    (0..train.n)
        .flat_map(|i| {
            (0..train.dim).map(move |j| {
                let spikes: f64 = (0..parts.q.len()).map(|s| parts.zeta[s] * parts.z[s][i] * parts.q[s][j]).sum();
                (f64::from(train.row(i)[j]) - parts.bulk[i * train.dim + j] - spikes).abs()
            })
        })
        .fold(0.0, f64::max)
}

#[test]
fn golden_draw() {
    // tests/golden_sets.py: independent ChaCha8, Gram-Schmidt and labels with 40 digits.
    let task = Spiked {
        n: 2,
        d: 4,
        n_test: 1,
        alpha: 0.5,
        bulk: BulkScale::Trace,
        spikes: spikes(&[0.5, 0.25]),
        ..Spiked::default()
    };
    let drawn = task.draw(6).unwrap();
    let x: Vec<f64> = drawn.split.train.inputs_f64();
    assert_eq!(x[..4], [2.692554235458374, -0.38612914085388184, -0.4841770827770233, 0.33986741304397583]);
    assert_eq!(x[4..], [2.9358232021331787, 1.243124008178711, -0.886573851108551, 0.5669428706169128]);
    assert_eq!(values(&drawn.split.train), [-2.1009626388549805, -3.486422061920166]);
    let q = [
        [-0.3403965997231993, -0.2934187870661168, 0.8843639818884156, 0.12623754525496383],
        [0.8647660998312119, -0.1640884338584611, 0.2182516441230746, 0.421450825475721],
    ];
    let z = [[-0.49426184957240477, -2.051040113409402], [1.5067183176670391, 1.4886802438440376]];
    for s in 0..2 {
        assert!(drawn.parts.q[s].iter().zip(q[s]).all(|(a, b)| (a - b).abs() < 1e-14));
        assert!(drawn.parts.z[s].iter().zip(z[s]).all(|(a, b)| (a - b).abs() < 1e-14));
    }
    assert_eq!(
        drawn.teachers[0],
        [-0.5499213933944702, -0.770195722579956, -0.045659735798835754, -0.3198440372943878]
    );
    assert_eq!(drawn.teachers[2][3], -0.43547484278678894);
    assert!(drawn.split.teacher.is_none());
}

#[test]
fn without_spikes_and_decay_it_is_the_single_index_model() {
    let target = SpikedTarget::Single { link: Link::Tanh, centre: true, normalise: true };
    let task = Spiked { n: 30, d: 12, n_test: 7, n_probe: 5, spikes: vec![], target, noise: 0.2, ..Spiked::default() };
    let plain = SingleIndex {
        n: 30,
        d: 12,
        n_test: 7,
        n_probe: 5,
        link: Link::Tanh,
        noise: 0.2,
        centre: true,
        normalise: true,
    };
    let (found, expected) = (task.draw(9).unwrap().split, plain.draw(9).unwrap());
    assert_eq!(found.teacher, expected.teacher);
    for (a, b) in [
        (&found.train, &expected.train),
        (found.probe.as_ref().unwrap(), expected.probe.as_ref().unwrap()),
        (&found.test, &expected.test),
    ] {
        assert_eq!(a.inputs, b.inputs);
        assert!(values(a).iter().zip(values(b)).all(|(x, y)| (x - y).abs() < 1e-6));
    }
}

#[test]
fn covariance_and_target_have_the_populations_moments() {
    let (n, d) = (40_000, 8);
    let (alpha, nus) = (5.0 / 9.0, [0.1, 0.05]);
    for bulk in [BulkScale::Raw, BulkScale::Trace] {
        let task = Spiked { n, d, n_test: 1, alpha, bulk, spikes: spikes(&nus), ..Spiked::default() };
        let drawn = task.draw(1).unwrap();
        let raw: Vec<f64> = (1..=d).map(|k| (k as f64).powf(-alpha)).collect();
        let scale = if bulk == BulkScale::Raw { 1.0 } else { d as f64 / raw.iter().sum::<f64>() };
        let covariance = |a: &[f64], b: &[f64]| {
            let bulk: f64 = (0..d).map(|k| scale * raw[k] * a[k] * b[k]).sum();
            let strengths = nus.map(|nu| (n as f64).powf(2.0 * nu));
            bulk + (0..2).map(|s| strengths[s] * dot(a, &drawn.parts.q[s]) * dot(b, &drawn.parts.q[s])).sum::<f64>()
        };
        let x = drawn.split.train.inputs_f64();
        let axis = |k: usize| (0..d).map(|j| f64::from(u8::from(j == k))).collect::<Vec<_>>();
        for w in [&axis(0), &axis(d - 1), &drawn.parts.q[0], &drawn.parts.q[1], &drawn.teachers[0]] {
            let expected = covariance(w, w);
            assert!((drawn.parts.preactivation_variance(w).unwrap() / expected - 1.0).abs() < 1e-12);
            let found = x.chunks(d).map(|x| dot(x, w).powi(2)).sum::<f64>() / n as f64;
            // A Gaussian's squares have relative standard deviation sqrt 2: five standard errors are 0.035.
            assert!((found / expected - 1.0).abs() < 5.0 * (2.0 / n as f64).sqrt(), "{found} {expected}");
        }
        // y = t1 + (t2^2 - 1)/sqrt 2 + tanh t3 + noise, where t1 and t3 have correlation rho:
        // variance 1 + 1 + E tanh^2 + 2 rho E tanh' + noise^2.
        let b = &drawn.teachers;
        let rho = covariance(&b[0], &b[2]) / (covariance(&b[0], &b[0]) * covariance(&b[2], &b[2])).sqrt();
        let expected = 2.0 + 0.394294 + 2.0 * rho * 0.605706 + 0.01;
        let y = values(&drawn.split.train);
        let mean = y.iter().sum::<f64>() / n as f64;
        let variance = y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n as f64;
        assert!(mean.abs() < 5.0 * (expected / n as f64).sqrt(), "{mean}");
        // Kurtosis below that of a chi-square, 15.
        assert!((variance / expected - 1.0).abs() < 5.0 * (14.0 / n as f64).sqrt(), "{variance} {expected}");
        // z is standard normal and independent of the bulk.
        for z in &drawn.parts.z {
            let along: Vec<f64> = drawn.parts.bulk.chunks(d).map(|x| x[0] / (scale * raw[0]).sqrt()).collect();
            assert!((dot(z, z) / n as f64 - 1.0).abs() < 0.036);
            assert!((dot(z, &along) / n as f64).abs() < 0.025);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn parts_give_the_inputs_and_the_directions_are_as_asked(
        seed: u64, n in 1usize..12, d in 6usize..14, alpha in 0.0..2.0f64, nus in prop::collection::vec(0.0..1.0f64, 0..4),
        trace: bool, orthogonal: bool,
    ) {
        let task = Spiked {
            n, d, n_test: 3, alpha, spikes: spikes(&nus),
            bulk: if trace { BulkScale::Trace } else { BulkScale::Raw },
            directions: if orthogonal { Directions::Orthogonal } else { Directions::Generic },
            ..Spiked::default()
        };
        let drawn = task.draw(seed).unwrap();
        let largest = drawn.split.train.inputs.iter().fold(1.0_f64, |m, &x| m.max(f64::from(x.abs())));
        prop_assert!(mismatch(&drawn.split.train, &drawn.parts) <= 64.0 * f64::EPSILON * largest);
        for (i, a) in drawn.parts.q.iter().enumerate() {
            for (j, b) in drawn.parts.q.iter().enumerate() {
                prop_assert!((dot(a, b) - f64::from(u8::from(i == j))).abs() < 1e-13);
            }
            if orthogonal {
                prop_assert!(drawn.teachers.iter().all(|b| dot(a, b).abs() < 3e-7));
            }
        }
        prop_assert!(drawn.teachers.iter().all(|b| (dot(b, b) - 1.0).abs() < 3e-7));
        if n >= 2 {
            let found = drawn.parts.nu().unwrap();
            prop_assert!(found.iter().zip(&nus).all(|(a, b)| (a - b).abs() < 1e-12));
        }
        // One spike more keeps bulk (to the rounding of inputs), directions and latents of the others.
        let more = Spiked { spikes: spikes(&[nus.clone(), vec![0.3]].concat()), ..task }.draw(seed).unwrap();
        prop_assert_eq!(&more.parts.q[..nus.len()], &drawn.parts.q[..]);
        prop_assert_eq!(&more.parts.z[..nus.len()], &drawn.parts.z[..]);
        let change = more.parts.bulk.iter().zip(&drawn.parts.bulk).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        prop_assert!(change < 4e-7 * (largest + 10.0), "{}", change);
    }
}

/// The gradient of a two-layer tanh network in NTK scaling with half the mean squared error, and its terms (arXiv
/// 2510.01303; formulas of the definitions, not of any other code of ours).
struct Terms {
    gradient: Vec<f64>,
    remainder: Vec<f64>,
    /// S1 + S12 = left mu_right^T and S2 = q spike_right^T.
    left: Vec<f64>,
    mu_right: Vec<f64>,
    spike_right: Vec<f64>,
}

fn terms(drawn: &SpikedDraw, m: usize) -> Terms {
    let (parts, train) = (&drawn.parts, &drawn.split.train);
    let (n, d) = (train.n, train.dim);
    let w = sphere_weights(normals(&mut stream(0, "w"), m * d), d, None).unwrap();
    let a = signs(&normals(&mut stream(0, "a"), m));
    let (x, y, gamma) = (train.inputs_f64(), values(train), 1.0 / (m as f64).sqrt());
    let hidden: Vec<f64> =
        (0..n * m).map(|k| dot(&x[k / m * d..(k / m + 1) * d], &w[k % m * d..(k % m + 1) * d]).tanh()).collect();
    let residue: Vec<f64> = (0..n).map(|i| (gamma * dot(&hidden[i * m..(i + 1) * m], &a) - y[i]) / n as f64).collect();
    // E tanh'(s g): the trapezoidal rule.
    let mu: Vec<f64> = (0..m)
        .map(|j| {
            let s = parts.preactivation_variance(&w[j * d..(j + 1) * d]).unwrap().sqrt();
            let density = |k: i32| (-(f64::from(k) / 8.0).powi(2) / 2.0).exp();
            let sum = |f: &dyn Fn(f64) -> f64| (-80..=80).map(|k| f(f64::from(k) / 8.0) * density(k)).sum::<f64>();
            sum(&|g| 1.0 - (s * g).tanh().powi(2)) / sum(&|_| 1.0)
        })
        .collect();
    let (q, z, zeta) = (&parts.q[0], &parts.z[0], parts.zeta[0]);
    let mut t = Terms {
        gradient: vec![0.0; d * m],
        remainder: vec![0.0; d * m],
        left: vec![0.0; d],
        mu_right: (0..m).map(|j| a[j] * mu[j]).collect(),
        spike_right: vec![0.0; m],
    };
    for i in 0..n {
        let bulk = &parts.bulk[i * d..(i + 1) * d];
        for k in 0..d {
            t.left[k] += gamma * residue[i] * (bulk[k] + zeta * z[i] * q[k]);
        }
        let slope: Vec<f64> = (0..m).map(|j| 1.0 - hidden[i * m + j].powi(2)).collect();
        for j in 0..m {
            t.spike_right[j] += gamma * zeta * a[j] * (slope[j] - mu[j]) * residue[i] * z[i];
        }
        for k in 0..d {
            for j in 0..m {
                let back = gamma * residue[i] * a[j];
                t.gradient[k * m + j] += x[i * d + k] * back * slope[j];
                t.remainder[k * m + j] += bulk[k] * back * (slope[j] - mu[j]);
            }
        }
    }
    t
}

#[test]
fn the_gradients_four_terms_add_up() {
    let task = Spiked { n: 40, d: 30, n_test: 1, alpha: 0.5, spikes: spikes(&[0.4]), ..Spiked::default() };
    let drawn = task.draw(2).unwrap();
    let m = 20;
    let t = terms(&drawn, m);
    let largest = t.gradient.iter().fold(0.0_f64, |a, g| a.max(g.abs()));
    for k in 0..task.d {
        for j in 0..m {
            let sum = t.left[k] * t.mu_right[j] + drawn.parts.q[0][k] * t.spike_right[j] + t.remainder[k * m + j];
            assert!((t.gradient[k * m + j] - sum).abs() < 1e-12 * largest);
        }
    }
}

#[test]
fn the_low_rank_terms_hold_the_published_share() {
    // tanh, NTK scaling, nu = 1/8, sphere, n, d, m = 450, 600, 750: an independent numpy implementation has joint shares
    // ||S1 + S12 + S2||^2 / ||G||^2 of 0.849 (three seeds) and 0.852 (five), with a spread of 0.002 to 0.011. A third of
    // that size (numpy 2.4.6, ten seeds): mean 0.851, deviation 0.010, from 0.839 to 0.872.
    let task = Spiked { n: 150, d: 200, n_test: 1, spikes: spikes(&[0.125]), ..Spiked::default() };
    let drawn = task.draw(0).unwrap();
    let t = terms(&drawn, 250);
    let q = &drawn.parts.q[0];
    let joint = dot(&t.left, &t.left) * dot(&t.mu_right, &t.mu_right)
        + 2.0 * dot(&t.left, q) * dot(&t.mu_right, &t.spike_right)
        + dot(&t.spike_right, &t.spike_right);
    let share = joint / dot(&t.gradient, &t.gradient);
    assert!((share - 0.85).abs() < 0.03, "{share}");
}

#[test]
fn signs_and_given_directions() {
    let task = Spiked { n: 50, d: 10, n_test: 5, ..Spiked::default() };
    let (plain, sign) = (task.draw(0).unwrap(), Spiked { sign: true, ..task.clone() }.draw(0).unwrap());
    assert_eq!(plain.split.train.inputs, sign.split.train.inputs);
    for (y, s) in values(&plain.split.train).iter().zip(values(&sign.split.train)) {
        assert_eq!(*s, if *y < 0.0 { -1.0 } else { 1.0 });
    }
    // A direction of one's own is brought to unit norm; a second one is made orthogonal to it.
    let mut own = vec![0.0; 10];
    own[3] = -7.0;
    let mut other = own.clone();
    other[4] = 2.0;
    let spikes = [&own, &other].map(|v| Spike { nu: 0.2, direction: Some(v.clone()) }).to_vec();
    let drawn = Spiked { spikes, ..task }.draw(0).unwrap();
    assert_eq!((drawn.parts.q[0][3], drawn.parts.q[1][3], drawn.parts.q[1][4]), (-1.0, 0.0, 1.0));
}

fn digits() -> Split {
    let all = load_images("digits", None, Scaling::Unit).unwrap();
    Split { train: all.train.first(500), ..all }
}

#[test]
fn real_data_as_numpy_splits_them() {
    let mut split = digits();
    let parts = SpikedParts::of_data(&mut split, 2).unwrap();
    // tests/image_options.py, numpy 2.4.6.
    for s in 0..2 {
        assert!((parts.zeta[s] / ZETA[s] - 1.0).abs() < 1e-6, "{:?}", parts.zeta);
        assert!((parts.nu().unwrap()[s] / NU[s] - 1.0).abs() < 1e-6);
        assert!(parts.bulk.chunks(64).all(|x| dot(x, &parts.q[s]).abs() < 1e-12));
        let square = dot(&parts.z[s], &parts.z[s]) / 500.0;
        assert!((square - 1.0).abs() < 1e-9, "{square}");
    }
    assert!(dot(&parts.z[0], &parts.z[1]).abs() / 500.0 < 1e-6);
    assert!(mismatch(&split.train, &parts) < 1e-14);
    let variance = parts.bulk.iter().map(|x| x * x).sum::<f64>() / 500.0 / 62.0;
    assert!((variance - 1.0).abs() < 1e-6, "{variance}");
    // Test images go the same way: zero mean of training, the same divisor.
    let raw = digits();
    let mean = raw.train.mean_sample();
    let centred = |set: &Dataset, k: usize| f64::from(set.inputs[k]) - mean[k % 64];
    let divisor = centred(&raw.train, 20) / f64::from(split.train.inputs[20]);
    for (a, b) in [(&raw.train, &split.train), (&raw.test, &split.test)] {
        assert!((0..2000).all(|k| (centred(a, k) / divisor - f64::from(b.inputs[k])).abs() < 1e-5));
    }

    // The same directions handed in, turned and scaled, give the same split up to signs.
    let mut again = digits();
    let q = parts.q.iter().map(|q| q.iter().map(|x| -3.0 * x).collect()).collect();
    let given = SpikedParts::of_data_along(&mut again, q).unwrap();
    assert!(given.zeta.iter().zip(&parts.zeta).all(|(a, b)| (a / b - 1.0).abs() < 1e-6));
    assert!(given.bulk.iter().zip(&parts.bulk).all(|(a, b)| (a - b).abs() < 1e-5));
}

#[test]
fn the_decay_of_a_bulk() {
    let mut eigenvalues = EIGENVALUES.to_vec();
    eigenvalues.resize(64, 0.0);
    assert!((bulk_decay(&eigenvalues, 2).unwrap() - ALPHA).abs() < 1e-9);
    let exact: Vec<f64> = (1..=40).map(|k| if k == 1 { 99.0 } else { 3.0 * f64::from(k).powf(-0.7) }).collect();
    assert!((bulk_decay(&exact, 1).unwrap() - 0.7).abs() < 1e-12);
    assert_eq!(bulk_decay(&exact[..5], 1), None);
    assert_eq!(bulk_decay(&[1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0], 1), None);
    assert_eq!(bulk_decay(&[], 3), None);
}

#[test]
fn impossible_requests_are_refused() {
    let ok = Spiked { n: 4, d: 3, n_test: 2, ..Spiked::default() };
    let given = |direction: Vec<f64>| vec![Spike { nu: 0.1, direction: Some(direction) }];
    for (bad, says) in [
        (Spiked { n: 0, ..ok.clone() }, "n is 0"),
        (Spiked { d: 0, ..ok.clone() }, "d is 0"),
        (Spiked { n_test: 0, ..ok.clone() }, "n_test is 0"),
        (Spiked { alpha: -0.1, ..ok.clone() }, "alpha is -0.1, expected a number from 0 to 4"),
        (Spiked { alpha: f64::NAN, ..ok.clone() }, "alpha is NaN"),
        (Spiked { alpha: 4.5, ..ok.clone() }, "alpha is 4.5"),
        (Spiked { spikes: spikes(&[-0.5]), ..ok.clone() }, "nu is -0.5, expected a number from 0 to 1"),
        (Spiked { spikes: spikes(&[0.1, 1.5]), ..ok.clone() }, "nu is 1.5"),
        (Spiked { spikes: spikes(&[f64::INFINITY]), ..ok.clone() }, "nu is inf"),
        (Spiked { noise: -1.0, ..ok.clone() }, "noise is -1"),
        (Spiked { spikes: spikes(&[0.1; 3]), ..ok.clone() }, "the number of spikes is 3, expected a number below d"),
        (Spiked { spikes: given(vec![0.0; 3]), ..ok.clone() }, "the direction of a spike is number 0, zero"),
        (Spiked { spikes: given(vec![1.0; 2]), ..ok.clone() }, "the length of a spike's direction is 2, expected d"),
        (Spiked { spikes: given(vec![1.0, f64::NAN, 0.0]), ..ok.clone() }, "the direction of a spike is number 0"),
        (
            Spiked { spikes: [given(vec![1.0, 0.0, 2.0]), given(vec![-2.0, 0.0, -4.0])].concat(), ..ok.clone() },
            "number 1, zero or in the span",
        ),
        (Spiked { n: usize::MAX, ..ok.clone() }, "memory"),
        (Spiked { d: usize::MAX / 2, ..ok.clone() }, "memory"),
    ] {
        let text = bad.draw(0).unwrap_err().to_string();
        assert!(text.contains(says), "{text}");
    }
    let text = |r: Result<SpikedParts, DataError>| r.unwrap_err().to_string();
    assert!(text(SpikedParts::of_data(&mut digits(), 0)).contains("the number of spikes is 0"));
    assert!(text(SpikedParts::of_data(&mut digits(), 64)).contains("principal components is 64"));
    assert!(text(SpikedParts::of_data_along(&mut digits(), vec![vec![0.0; 64]])).contains("number 0, zero"));
    assert!(text(SpikedParts::of_data_along(&mut digits(), vec![vec![1.0; 3]])).contains("length"));
    // Pixel 0 is black in every image.
    let black = vec![(0..64).map(|j| f64::from(u8::from(j == 0))).collect()];
    assert!(text(SpikedParts::of_data_along(&mut digits(), black)).contains("do not vary"));
    let mut two = Split { train: digits().train.first(2), ..digits() };
    assert!(matches!(SpikedParts::of_data(&mut two, 1), Err(DataError::Constant)));
    assert!(text(SpikedParts::new(&digits().train, vec![], vec![vec![0.0; 64]], vec![])).contains("0 z, 1 q, 0 zeta"));
}

const ZETA: [f64; 2] = [3.644674853430297, 3.5763765747365324];
const NU: [f64; 2] = [0.2081011606124645, 0.20505720356282547];
const ALPHA: f64 = 1.6181754817120437;
/// The first half of the covariance's eigenvalues; the second half is not used.
const EIGENVALUES: [f64; 32] = [
    13.2836547872,
    12.7904694043,
    10.3458374589,
    9.76816361997,
    5.79080793984,
    4.1442449299,
    3.7334983413,
    3.26849774272,
    2.79566760663,
    2.28424904773,
    2.04550635597,
    1.81364176882,
    1.5430895573,
    1.43609619557,
    1.23536296621,
    1.06792169578,
    0.984741386765,
    0.841642115979,
    0.764537623214,
    0.704415895905,
    0.642835298481,
    0.588854548096,
    0.582144457408,
    0.507199297643,
    0.468581807255,
    0.427394916958,
    0.396396142566,
    0.359289829253,
    0.344044887016,
    0.324531216205,
    0.266170814456,
    0.259794666207,
];
