//! Choices about images, on the built-in sets, against numpy (tests/image_options.py).
#![allow(clippy::unwrap_used)]

use spectrum_data::{
    DataError, Dataset, ImageOptions, Normalise, Preprocessing, PrincipalComponents, RandomLabels, Scaling, Split,
    Subset, TargetForm, Targets, load_images,
};

fn digits() -> Split {
    load_images("digits", None, Scaling::Unit).unwrap()
}

fn classes(set: &Dataset) -> &[u32] {
    match &set.targets {
        Targets::Classes { indices, .. } => indices,
        Targets::Values(_) => panic!("classes"),
    }
}

fn values(set: &Dataset) -> &[f64] {
    match &set.targets {
        Targets::Values(v) => v,
        Targets::Classes { .. } => panic!("values"),
    }
}

fn close(found: f64, expected: f64, relative: f64) {
    assert!((found - expected).abs() <= relative * expected.abs(), "{found} {expected}");
}

#[test]
fn the_default_changes_nothing() {
    assert_eq!(ImageOptions::default().apply(digits(), 3).unwrap(), digits());
    let first = ImageOptions { n: 100, n_test: 50, ..ImageOptions::default() }.apply(digits(), 3).unwrap();
    assert_eq!((first.train, first.test), (digits().train.first(100), digits().test.first(50)));
}

#[test]
fn two_classes_as_signs() {
    let options = ImageOptions { classes: vec![8, 3], targets: TargetForm::Sign, ..ImageOptions::default() };
    let two = options.apply(digits(), 0).unwrap();
    let all = digits();
    let expected: Vec<f64> =
        classes(&all.train).iter().filter(|&&c| c == 8 || c == 3).map(|&c| if c == 8 { -1.0 } else { 1.0 }).collect();
    assert_eq!(values(&two.train), expected);
    // numpy: counts of 8 and 3 among the first 1437 and the last 360.
    assert_eq!((two.train.n, two.test.n), (COUNTS.0, COUNTS.1));
}

#[test]
fn a_balanced_subset_has_as_many_of_each_class_and_a_probe_set_of_its_own() {
    let options =
        ImageOptions { n: 300, n_probe: 205, n_test: 100, subset: Subset::Balanced, ..ImageOptions::default() };
    let split = options.apply(digits(), 5).unwrap();
    let count = |set: &Dataset, c| classes(set).iter().filter(|&&l| l == c).count();
    let probe = split.probe.as_ref().unwrap();
    for c in 0..10 {
        assert_eq!((count(&split.train, c), count(&split.test, c)), (30, 10));
        assert_eq!(count(probe, c), if c < 5 { 21 } else { 20 });
    }
    for i in 0..probe.n {
        assert!((0..split.train.n).all(|j| split.train.row(j) != probe.row(i)), "the digits are all distinct");
    }
    // The same seed gives the same samples, another one others, and a smaller set begins the larger one.
    assert_eq!(options.apply(digits(), 5).unwrap(), split);
    assert_ne!(options.apply(digits(), 6).unwrap().train, split.train);
    let fewer = ImageOptions { n: 120, n_probe: 0, ..options }.apply(digits(), 5).unwrap();
    assert_eq!(fewer.train, split.train.first(120));
    assert!(fewer.probe.is_none());
}

#[test]
fn the_probe_set_follows_the_first_samples() {
    let split = ImageOptions { n: 100, n_probe: 30, ..ImageOptions::default() }.apply(digits(), 0).unwrap();
    assert_eq!(split.train, digits().train.first(100));
    assert_eq!(split.probe.unwrap(), digits().train.select(&(100..130).collect::<Vec<_>>()));
    let split = ImageOptions { n_probe: 37, ..ImageOptions::default() }.apply(digits(), 0).unwrap();
    assert_eq!((split.train.n, split.probe.unwrap().n), (1400, 37));
}

#[test]
fn random_labels_are_the_training_sets_alone() {
    let options = ImageOptions { random_labels: Some(RandomLabels::default()), n: 500, ..ImageOptions::default() };
    let split = options.apply(digits(), 0).unwrap();
    assert_eq!(split.test, digits().test);
    assert_eq!(split.train.inputs, digits().train.first(500).inputs);
    let (mut new, mut old) = (classes(&split.train).to_vec(), classes(&digits().train)[..500].to_vec());
    assert_ne!(new, old);
    new.sort_unstable();
    old.sort_unstable();
    assert_eq!(new, old);
    // Other weights, the same random labels.
    assert_eq!(options.apply(digits(), 7).unwrap(), split);
}

#[test]
fn principal_components_as_numpy_finds_them() {
    let train = digits().train;
    let found = PrincipalComponents::of(&train, 10).unwrap();
    for (v, e) in found.variances.iter().zip(VARIANCES) {
        close(*v, e, 1e-11);
    }
    close(found.total_variance, TOTAL, 1e-12);
    for (v, e) in found.directions[0].iter().zip(FIRST) {
        assert!((v - e).abs() < 1e-9, "{v} {e}");
    }
}

#[test]
fn images_without_their_principal_components_are_nearer_to_orthonormal() {
    for (name, k, expected) in [("digits", 10, DIGITS), ("fashion-1000", 10, FASHION)] {
        let split = load_images(name, None, Scaling::Unit).unwrap();
        let options = |remove_components| ImageOptions {
            n: 200,
            preprocessing: Preprocessing { centre: true, remove_components, normalise: Normalise::Sphere },
            ..ImageOptions::default()
        };
        for (k, [norms, products, rms, spectral, squares]) in [(0, expected[0]), (k, expected[1])] {
            let set = options(k).apply(split.clone(), 0).unwrap();
            let found = set.train.orthonormality().unwrap();
            // f32 samples have norm sqrt(d) to rounding; numpy's are f64.
            assert!((found.epsilon_norms - norms).abs() < 1e-6, "{name} {found:?}");
            assert!((found.epsilon_products - products).abs() < 1e-6, "{name} {k} {found:?} {products}");
            close(found.rms_products, rms, 1e-6);
            close(found.spectral_norm, spectral, 1e-6);
            assert!((found.sum_of_squares - squares).abs() < 1e-9);
            for i in 0..set.test.n {
                let square: f64 = set.test.row(i).iter().map(|&x| f64::from(x).powi(2)).sum();
                close(square, set.test.dim as f64, 1e-6);
            }
        }
        // The rows that were removed are gone from the test set, too.
        let set = options(k).apply(split.clone(), 0).unwrap();
        for v in &PrincipalComponents::of(&split.train.first(200), k).unwrap().directions {
            for i in 0..10 {
                let c: f64 = v.iter().zip(set.test.row(i)).map(|(v, &x)| v * f64::from(x)).sum();
                assert!(c.abs() < 1e-5, "{c}");
            }
        }
    }
}

#[test]
fn unit_variance_makes_the_mean_square_one() {
    let how = Preprocessing { centre: true, remove_components: 4, normalise: Normalise::UnitVariance };
    let mut split = digits();
    split.preprocess(&how).unwrap();
    let square =
        split.train.inputs.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / split.train.inputs.len() as f64;
    close(square, 1.0, 1e-7);
    assert!(split.train.mean_sample().iter().all(|m| m.abs() < 1e-7));
    // What is left in the first component is rounding.
    let before = PrincipalComponents::of(&digits().train, 5).unwrap();
    let after = PrincipalComponents::of(&split.train, 1).unwrap();
    let kept = before.total_variance - before.variances[..4].iter().sum::<f64>();
    close(after.variances[0], before.variances[4] / kept * 64.0, 1e-6);
}

#[test]
fn what_cannot_be_asked_for() {
    let error = |options: ImageOptions| options.apply(digits(), 0).unwrap_err().to_string();
    let ok = ImageOptions::default;
    assert!(error(ImageOptions { n: 1438, ..ok() }).contains("n asks for 1438 samples, but there are 1437"));
    assert!(error(ImageOptions { n_test: 361, ..ok() }).contains("n_test asks for 361"));
    assert!(error(ImageOptions { n: 1400, n_probe: 38, ..ok() }).contains("n + n_probe asks for 1438"));
    assert!(
        error(ImageOptions { n_probe: 1437, ..ok() }).contains("n_probe asks for 1437 samples, but there are 1436")
    );
    assert!(error(ImageOptions { n: usize::MAX, n_probe: 2, ..ok() }).contains("n + n_probe asks"));
    assert!(error(ImageOptions { classes: vec![1, 12], ..ok() }).contains("classes is 12"));
    assert!(error(ImageOptions { targets: TargetForm::Sign, ..ok() }).contains("the number of classes is 10"));
    let text = error(ImageOptions { n: 1430, subset: Subset::Balanced, ..ok() });
    assert!(text.contains("class") && text.contains("asks for 143 samples"), "{text}");
    let all = Preprocessing { remove_components: 65, ..Preprocessing::default() };
    assert!(error(ImageOptions { preprocessing: all, ..ok() }).contains("principal components is 65"));
    // Three of the 64 pixels are always black in the whole set.
    let rank = Preprocessing { remove_components: 63, ..Preprocessing::default() };
    assert!(error(ImageOptions { preprocessing: rank, ..ok() }).contains("principal components is 63"));
    let options = ImageOptions { random_labels: Some(RandomLabels { fraction: 0.0, ..Default::default() }), ..ok() };
    assert!(matches!(options.apply(digits(), 0), Err(DataError::Request { .. })));
}

const COUNTS: (usize, usize) = (287, 70);
const VARIANCES: [f64; 10] = [
    0.6909913417693199,
    0.6327210902799856,
    0.5540691435374452,
    0.4074753015636614,
    0.2763755679367284,
    0.23228698535981496,
    0.20075568040608582,
    0.17062309251000196,
    0.1560987979142991,
    0.14338730752630538,
];
const TOTAL: f64 = 4.689069132968825;
/// Without and with ten components removed: epsilon of norms and of products, root mean square of products, spectral norm, sum of squares.
const DIGITS: [[f64; 5]; 2] = [
    [0.0, 0.944809404331, 0.294491261538, 5.85463995208, 0.0],
    [0.0, 0.828441969885, 0.215093485696, 4.73033068609, 0.0],
];
const FASHION: [[f64; 5]; 2] = [
    [0.0, 0.925618549515, 0.337647681713, 7.25798892262, 0.0],
    [0.0, 0.739341087802, 0.101069468814, 2.89565573496, 0.0],
];
#[rustfmt::skip]
const FIRST: [f64; 64] = [
    0.0, -0.016361463259, -0.225458187374, -0.150471095416, -0.029368148599, -0.089575865019, -0.003681369079, 0.003255959766,
    -0.000401484036, -0.119440411206, -0.251109946825, 0.151722657568, -0.028067463322, -0.209811951404, -0.008596085860, 0.005422521529,
    -0.000059984775, -0.083224970590, 0.086681369776, 0.231366523252, -0.167355064444, -0.161274986571, 0.035791768375, 0.004893218001,
    0.000125363453, 0.064537503067, 0.255729731548, -0.035873182895, -0.217587586839, -0.052206456863, 0.053277747618, 0.000278401262,
    0.0, 0.157342285348, 0.366464793896, 0.148735762257, 0.075602150202, 0.033402453920, 0.023832859263, 0.0,
    0.001355224576, 0.103755947737, 0.292755465140, 0.242057767773, 0.213229585226, 0.021093360795, -0.034183334146, 0.002021538218,
    0.000912867277, -0.008076152485, -0.059948577808, 0.082337327700, 0.117941794164, -0.128782534136, -0.065768619244, 0.002189603398,
    0.000014720980, -0.013140443206, -0.237043239950, -0.149884716368, -0.002832454903, -0.090909995375, -0.042072306144, -0.013579813124,
];
