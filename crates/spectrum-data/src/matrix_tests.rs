use super::*;
use crate::stream::normals;
use crate::{Link, SpikedParts};

const OPTIONS: MatrixOptions = MatrixOptions {
    form: LabelForm::Values,
    teacher: None,
    noise: 0.0,
    n: 0,
    n_test: 3,
    shuffle: true,
    standardise: false,
};

/// Row i is (i, 100 + i).
fn counted(rows: usize) -> Vec<f64> {
    (0..rows).flat_map(|i| [i as f64, 100.0 + i as f64]).collect()
}

fn numbers(rows: usize) -> Vec<f64> {
    (0..rows).map(|i| 7.0 * i as f64).collect()
}

fn values(set: &Dataset) -> Vec<f64> {
    match &set.targets {
        Targets::Values(v) => v.clone(),
        Targets::Classes { .. } => panic!("values"),
    }
}

/// Which row of `counted` each sample is, whose target and second column must be that row's.
fn rows(set: &Dataset) -> Vec<usize> {
    assert_eq!(set.inputs.len(), set.n * 2);
    let found: Vec<usize> = (0..set.n).map(|i| set.row(i)[0] as usize).collect();
    for (k, &i) in found.iter().enumerate() {
        assert_eq!(set.row(k)[1], 100.0 + i as f32);
        assert_eq!(values(set)[k], 7.0 * i as f64);
    }
    found
}

#[test]
fn rows_are_shared_out_with_their_targets() {
    let split = |options: MatrixOptions, seed| {
        let split = options.split(&counted(20), 20, 2, Some(&numbers(20)), seed).unwrap();
        (rows(&split.train), rows(&split.test))
    };
    // In the file's order: the first train, the last test.
    let plain = MatrixOptions { shuffle: false, ..OPTIONS };
    assert_eq!(split(plain.clone(), 0), ((0..17).collect(), vec![17, 18, 19]));
    assert_eq!(split(MatrixOptions { n: 4, ..plain }, 0), (vec![0, 1, 2, 3], vec![17, 18, 19]));
    // Shuffled: each row once, the same for a seed, another n with the same test set.
    let (train, test) = split(OPTIONS, 5);
    let mut all = [train.clone(), test.clone()].concat();
    assert_ne!(all, (0..20).collect::<Vec<_>>());
    all.sort_unstable();
    assert_eq!(all, (0..20).collect::<Vec<_>>());
    assert_eq!(split(MatrixOptions { n: 6, ..OPTIONS }, 5), (train[..6].to_vec(), test.clone()));
    assert_eq!(split(OPTIONS, 5), (train.clone(), test));
    assert_ne!(split(OPTIONS, 6).0, train);
}

/// Numbers and deviation by hand; in f64, for in f32 the second pair is one number.
#[test]
fn inputs_are_standardised_before_they_are_rounded() {
    let options = MatrixOptions { shuffle: false, standardise: true, n_test: 1, ..OPTIONS };
    // Mean 3, variance (9 + 1 + 1 + 9)/4 = 5; the test row with the same numbers.
    let split = options.split(&[0.0, 2.0, 4.0, 6.0, 3.0, 8.0], 3, 2, Some(&[0.0; 3]), 0).unwrap();
    let by = |x: f64| ((x - 3.0) / 5f64.sqrt()) as f32;
    assert_eq!(split.train.inputs, [by(0.0), by(2.0), by(4.0), by(6.0)]);
    assert_eq!(split.test.inputs, [0.0, by(8.0)]);
    let split = options.split(&[1e8, 1e8 + 2.0, 1e8 + 4.0], 3, 1, Some(&[0.0; 3]), 0).unwrap();
    assert_eq!((split.train.inputs, split.test.inputs), (vec![-1.0, 1.0], vec![3.0]));
    // A constant column is an input as any other; a constant matrix has no deviation, also where its mean is rounded.
    assert!(options.split(&[0.1, 5.0, 0.1, 6.0, 0.1, 7.0], 3, 2, Some(&[0.0; 3]), 0).is_ok());
    assert!(matches!(options.split(&[0.1; 12], 12, 1, Some(&[0.0; 12]), 0), Err(DataError::Constant)));
}

#[test]
fn the_forms_of_a_column() {
    let split = |form, column: &[f64]| {
        let options = MatrixOptions { form, shuffle: false, n_test: 1, ..OPTIONS };
        let split = options.split(&counted(column.len()), column.len(), 2, Some(column), 0);
        split.map(|s| (s.train.targets, s.test.targets))
    };
    // The count is the file's, whichever set has the largest class.
    let classes = |indices: &[u32]| Targets::Classes { indices: indices.to_vec(), count: 5 };
    assert_eq!(split(LabelForm::Class, &[2.0, 0.0, 4.0]).unwrap(), (classes(&[2, 0]), classes(&[4])));
    let numbers = |v: &[f64]| Targets::Values(v.to_vec());
    assert_eq!(split(LabelForm::Sign, &[7.0, 3.0, 7.0]).unwrap(), (numbers(&[1.0, -1.0]), numbers(&[1.0])));
    let rounded = f64::from(0.1_f32);
    assert_eq!(split(LabelForm::Values, &[0.1, -2.0, 4.5]).unwrap(), (numbers(&[rounded, -2.0]), numbers(&[4.5])));
    for (form, column, says) in [
        (LabelForm::Class, &[0.0, 1.5, 1.0][..], &["row 1", "1.5", "0 to 65535"][..]),
        (LabelForm::Class, &[0.0, 1.0, -1.0], &["row 2", "-1", "integer"]),
        (LabelForm::Class, &[0.0, 65_536.0, 1.0], &["row 1", "65536"]),
        (LabelForm::Class, &[f64::NAN, 1.0, 1.0], &["row 0", "NaN", "finite"]),
        (LabelForm::Values, &[0.0, 1.0, f64::INFINITY], &["row 2", "inf"]),
        (LabelForm::Values, &[0.0, 1e39, 1.0], &["row 1", "f32"]),
        (LabelForm::Sign, &[1.0, 2.0, 3.0], &["row 2", "is 3", "1 and 2"]),
        (LabelForm::Sign, &[1.0, 1.0, 1.0], &["distinct targets is 1", "two"]),
    ] {
        let text = split(form, column).unwrap_err().to_string();
        for word in says {
            assert!(text.contains(word), "{form:?} {column:?}: `{word}` is missing in `{text}`");
        }
    }
}

/// Rows that vary more along the first column, off the origin.
fn cloud(rows: usize, d: usize) -> Vec<f64> {
    let mut all = normals(&mut stream(9, "cloud"), rows * d);
    for row in all.chunks_exact_mut(d) {
        row[0] = 4.0 * row[0] + 3.0;
    }
    all
}

/// With the identity as link the labels are t_1 itself: mean 0 and variance 1 over the training set, and the standardised
/// projection on the direction that is handed out.
#[test]
fn a_teacher_answers_with_standardised_projections() {
    let teacher = Some(SpikedTarget::Single { link: Link::Identity, centre: false, normalise: false });
    let options = MatrixOptions { teacher, n_test: 40, ..OPTIONS };
    let (n, d) = (200, 6);
    let inputs = cloud(n, d);
    let split = options.split(&inputs, n, d, None, 1).unwrap();
    let b = split.teacher.clone().unwrap();
    assert!((b.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-6);
    let y = values(&split.train);
    let moment = |v: &[f64], k: i32| v.iter().map(|x| x.powi(k)).sum::<f64>() / v.len() as f64;
    assert!(moment(&y, 1).abs() < 1e-6 && (moment(&y, 2) - 1.0).abs() < 1e-6);
    let along = |set: &Dataset| -> Vec<f64> {
        (0..set.n).map(|i| set.row(i).iter().zip(&b).map(|(&x, b)| f64::from(x) * b).sum()).collect()
    };
    let (t, t_test) = (along(&split.train), along(&split.test));
    let mean = moment(&t, 1);
    let deviation = (moment(&t, 2) - mean * mean).sqrt();
    for (t, y) in [(t, y.clone()), (t_test, values(&split.test))] {
        for (t, y) in t.iter().zip(y) {
            assert!(((t - mean) / deviation - y).abs() < 1e-5);
        }
    }
    // The scale that the inputs come in is nothing to the teacher.
    let other: Vec<f64> = inputs.iter().map(|x| 50.0 * x - 20.0).collect();
    let again = options.split(&other, n, d, None, 1).unwrap();
    assert!(values(&again.train).iter().zip(&y).all(|(a, b)| (a - b).abs() < 1e-4));
    let sign = MatrixOptions { form: LabelForm::Sign, ..options };
    let signs = values(&sign.split(&inputs, n, d, None, 1).unwrap().train);
    assert!(signs.iter().zip(&y).all(|(s, y)| *s == y.signum()));
}

/// The triple index of the specification: three directions, and noise that stays with a row when others are left out.
#[test]
fn noise_belongs_to_a_row_of_the_file() {
    let (n, d) = (300, 5);
    let with = |noise, train| {
        let teacher = Some(SpikedTarget::Triple);
        let options = MatrixOptions { teacher, noise, n: train, n_test: 50, ..OPTIONS };
        options.split(&cloud(n, d), n, d, None, 4).unwrap()
    };
    let noise = |train| -> Vec<f64> {
        let [clean, noisy] = [0.0, 0.5].map(|s| values(&with(s, train).train));
        clean.iter().zip(noisy).map(|(c, y)| (y - c) / 0.5).collect()
    };
    assert_eq!(with(0.5, 0).teacher, None);
    let (all, some) = (noise(0), noise(100));
    assert_eq!((all.len(), some.len()), (250, 100));
    assert!(all.iter().zip(&some).all(|(a, s)| (a - s).abs() < 1e-5));
    // Standard normal: mean within 5/sqrt(250), variance within 5 sqrt(2/250).
    let mean = all.iter().sum::<f64>() / 250.0;
    let variance = all.iter().map(|x| x * x).sum::<f64>() / 250.0;
    assert!(mean.abs() < 0.32 && (variance - 1.0).abs() < 0.45, "{mean} {variance}");
}

/// Section 9.7's recipe on rows with two spikes along known directions: they are found, whatever shift and scale the file
/// has, and the bulk's mean variance is 1.
#[test]
fn principal_components_of_a_matrix_are_its_spikes() {
    let (n, d) = (400, 30);
    let mut inputs = normals(&mut stream(2, "bulk"), n * d);
    let z = normals(&mut stream(2, "latent"), 2 * n);
    for (i, row) in inputs.chunks_exact_mut(d).enumerate() {
        row[3] += 12.0 * z[i];
        row[7] += 6.0 * z[n + i];
        row.iter_mut().for_each(|x| *x = 10.0 * *x + 4.0);
    }
    let options = MatrixOptions { standardise: true, n_test: 50, ..OPTIONS };
    let mut split = options.split(&inputs, n, d, Some(&vec![0.0; n]), 0).unwrap();
    let parts = SpikedParts::of_data(&mut split, 2).unwrap();
    assert!(parts.q[0][3].abs() > 0.99 && parts.q[1][7].abs() > 0.97, "{:?}", parts.q);
    assert!((parts.zeta[0] / 12.0 - 1.0).abs() < 0.15 && (parts.zeta[1] / 6.0 - 1.0).abs() < 0.15, "{:?}", parts.zeta);
    let variance = parts.bulk.iter().map(|x| x * x).sum::<f64>() / (parts.n * (d - 2)) as f64;
    assert!((variance - 1.0).abs() < 1e-5, "{variance}");
}

#[test]
fn requests_that_cannot_be_met_are_named() {
    let refused = |options: &MatrixOptions, inputs: &[f64], rows, d, targets: Option<&[f64]>| {
        options.split(inputs, rows, d, targets, 0).unwrap_err().to_string()
    };
    let (ten, y) = (counted(10), numbers(10));
    let with = |options: &MatrixOptions| refused(options, &ten, 10, 2, Some(&y));
    for (text, says) in [
        (with(&MatrixOptions { n: 8, ..OPTIONS }), "n + n_test asks for 11 samples, but there are 10"),
        (with(&MatrixOptions { n_test: 10, ..OPTIONS }), "asks for 11 samples, but there are 10"),
        (with(&MatrixOptions { n: usize::MAX, ..OPTIONS }), "there are 10"),
        (with(&MatrixOptions { n_test: 0, ..OPTIONS }), "n_test is 0"),
        (with(&MatrixOptions { teacher: Some(SpikedTarget::Triple), ..OPTIONS }), "one of the two"),
        (with(&MatrixOptions { noise: -1.0, ..OPTIONS }), "noise is -1"),
        (refused(&OPTIONS, &ten, 10, 2, None), "a column of targets, or a teacher"),
        (refused(&OPTIONS, &ten, 10, 2, Some(&y[..9])), "9 for 10 rows"),
        (refused(&OPTIONS, &[], 0, 2, Some(&[])), "0 for 0 rows of 2 columns"),
        (refused(&OPTIONS, &[], 4, 0, Some(&y[..4])), "above zero"),
        (refused(&OPTIONS, &ten, 4, 2, Some(&y[..4])), "20 for 4 rows"),
        (refused(&OPTIONS, &ten, usize::MAX, 2, Some(&y)), "columns"),
    ] {
        assert!(text.contains(says), "`{says}` is missing in `{text}`");
    }
    let teacher = MatrixOptions { teacher: Some(SpikedTarget::Triple), ..OPTIONS };
    let class = MatrixOptions { form: LabelForm::Class, ..teacher.clone() };
    assert!(refused(&class, &ten, 10, 2, None).contains("form is class"));
    assert!(refused(&teacher, &[2.0; 20], 10, 2, None).contains("spread of the training inputs"));
    for (bad, says) in [(f64::NAN, "NaN"), (f64::NEG_INFINITY, "-inf"), (1e39, "1000")] {
        let mut spoilt = ten.clone();
        spoilt[13] = bad;
        let text = refused(&OPTIONS, &spoilt, 10, 2, Some(&y));
        assert!(text.contains("row 6, column 1") && text.contains(says), "{text}");
    }
}
