//! Tables of modular arithmetic: exact counts, the equation of each row, the split.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use proptest::prelude::*;

use spectrum_data::{ModularArithmetic, ModularSplit, Operation, PairInputs, PairSplit, RandomLabels, Targets};

fn all(split: &ModularSplit) -> impl Iterator<Item = ([u32; 2], u32)> + '_ {
    [&split.train, &split.test].into_iter().flat_map(|s| s.pairs.iter().copied().zip(s.labels.iter().copied()))
}

#[test]
fn published_sizes() {
    let size = |p, operation, fraction, split| {
        let drawn = ModularArithmetic { p, operation, fraction, split, random_labels: None }.draw(0).unwrap();
        (drawn.train.pairs.len(), drawn.test.pairs.len())
    };
    // p = 113: 12769 pairs, of which int(0.3 * 12769) train; division modulo 97: 97 * 96 = 9312.
    assert_eq!(size(113, Operation::Add, 0.3, PairSplit::Ordered), (3830, 8939));
    let (train, test) = size(97, Operation::Divide, 0.5, PairSplit::Ordered);
    assert_eq!((train, test), (4656, 4656));
    assert_eq!(size(10, Operation::Multiply, 0.29, PairSplit::Ordered), (29, 71));
    // 31 * 32 / 2 = 496 unordered pairs, 248 of them train: 496 ordered pairs less the doubles (a, a) among them.
    let (train, test) = size(31, Operation::Add, 0.5, PairSplit::Unordered);
    assert!(train + test == 961 && (496 - 31..=496).contains(&train), "{train} {test}");
}

#[test]
fn golden_split() {
    // tests/golden_sets.py: an independent ChaCha8 and shuffle.
    let split = ModularArithmetic { p: 3, fraction: 0.5, ..ModularArithmetic::default() }.draw(2).unwrap();
    assert_eq!(split.train.pairs, GOLDEN_TRAIN);
    assert_eq!(split.test.pairs, GOLDEN_TEST);
}

const GOLDEN_TRAIN: [[u32; 2]; 4] = [[0, 0], [0, 1], [2, 2], [2, 1]];
const GOLDEN_TEST: [[u32; 2]; 5] = [[1, 1], [0, 2], [1, 2], [2, 0], [1, 0]];

proptest! {
    #[test]
    fn each_pair_once_with_its_result(p in prop::sample::select(vec![2u32, 3, 5, 7, 11, 23]), seed: u64, unordered: bool) {
        let split = if unordered { PairSplit::Unordered } else { PairSplit::Ordered };
        for operation in [Operation::Add, Operation::Subtract, Operation::Multiply, Operation::Divide] {
            // The smallest table, division modulo 2 by ordered pair, has two rows: (0, 1) and (1, 1).
            let drawn = ModularArithmetic { p, operation, fraction: 0.5, split, random_labels: None }.draw(seed).unwrap();
            let seen: BTreeSet<_> = all(&drawn).map(|(pair, _)| pair).collect();
            let total = if operation == Operation::Divide { p * (p - 1) } else { p * p } as usize;
            prop_assert_eq!((seen.len(), all(&drawn).count()), (total, total));
            for ([a, b], label) in all(&drawn) {
                prop_assert!(label < p);
                let holds = match operation {
                    Operation::Add => (a + b) % p == label,
                    Operation::Subtract => (label + b) % p == a,
                    Operation::Multiply => (a * b) % p == label,
                    Operation::Divide => (label * b) % p == a,
                };
                prop_assert!(holds, "{:?} {} {} {}", operation, a, b, label);
            }
            if unordered {
                let train: BTreeSet<_> = drawn.train.pairs.iter().collect();
                prop_assert!(drawn.test.pairs.iter().all(|&[a, b]| !train.contains(&[b, a])));
            }
        }
    }
}

#[test]
fn random_labels_keep_the_pairs_and_the_frequencies() {
    let with = |random_labels| ModularArithmetic { p: 23, random_labels, ..ModularArithmetic::default() };
    let (plain, random) = (with(None).draw(4).unwrap(), with(Some(RandomLabels::default())).draw(4).unwrap());
    assert_eq!(plain.train.pairs, random.train.pairs);
    let sorted = |s: &ModularSplit| {
        let mut labels: Vec<u32> = all(s).map(|(_, l)| l).collect();
        labels.sort_unstable();
        labels
    };
    assert_eq!(sorted(&plain), sorted(&random));
    let right = all(&plain).zip(all(&random)).filter(|(a, b)| a.1 == b.1).count();
    // One in 23 of 529 by chance.
    assert!(right < 60, "{right}");
}

#[test]
fn inputs_of_a_model() {
    let task = ModularArithmetic { p: 5, ..ModularArithmetic::default() };
    let drawn = task.draw(1).unwrap();
    assert_eq!(drawn.vocabulary(), 6);
    let [a, b] = drawn.train.pairs[0];
    let sequence = drawn.split(PairInputs::Sequence).unwrap();
    assert_eq!((sequence.train.n, sequence.train.dim, sequence.test.n), (10, 3, 15));
    assert_eq!(sequence.train.row(0), [a as f32, b as f32, 5.0]);
    // All six tokens are classes of a sequence.
    assert_eq!(sequence.train.targets, Targets::Classes { indices: drawn.train.labels.clone(), count: 6 });
    let tokens = drawn.split(PairInputs::SequenceOneHot).unwrap();
    let ones: Vec<usize> = (0..18).filter(|&j| tokens.train.row(0)[j] == 1.0).collect();
    assert_eq!((tokens.train.dim, ones), (18, vec![a as usize, 6 + b as usize, 12 + 5]));
    assert_eq!(tokens.train.targets, sequence.train.targets);
    assert_eq!(drawn.split(PairInputs::Pair).unwrap().train.row(0), [a as f32, b as f32]);
    let hot = drawn.split(PairInputs::OneHot).unwrap();
    let ones: Vec<usize> = (0..10).filter(|&j| hot.train.row(0)[j] == 1.0).collect();
    assert_eq!((hot.train.dim, ones), (10, vec![a as usize, 5 + b as usize]));
    assert_eq!(hot.train.inputs.iter().sum::<f32>(), 20.0);
    assert_eq!(hot.train.targets, Targets::Classes { indices: drawn.train.labels.clone(), count: 5 });
}

#[test]
fn impossible_tables_are_refused() {
    let ok = ModularArithmetic::default();
    for (bad, says) in [
        (ModularArithmetic { p: 0, ..ok.clone() }, "p is 0, expected a number from 2"),
        (ModularArithmetic { p: 1, ..ok.clone() }, "p is 1, expected a number from 2"),
        (ModularArithmetic { p: 5000, ..ok.clone() }, "to 4096"),
        (ModularArithmetic { p: 15, operation: Operation::Divide, ..ok.clone() }, "p is 15, expected a prime number"),
        (ModularArithmetic { p: 4, operation: Operation::Divide, ..ok.clone() }, "prime"),
        (
            ModularArithmetic { fraction: 0.0, ..ok.clone() },
            "fraction is 0, expected a share that leaves pairs to train",
        ),
        (ModularArithmetic { fraction: f64::NAN, ..ok.clone() }, "fraction is NaN"),
        (ModularArithmetic { fraction: -1.0, ..ok.clone() }, "to train on"),
        (ModularArithmetic { fraction: 1e-5, ..ok.clone() }, "to train on"),
        (
            ModularArithmetic { fraction: 1.0, ..ok.clone() },
            "fraction is 1, expected a share that leaves pairs to test",
        ),
        (ModularArithmetic { fraction: f64::INFINITY, ..ok.clone() }, "fraction is inf"),
    ] {
        let text = bad.draw(0).unwrap_err().to_string();
        assert!(text.contains(says), "{text}");
    }
    let divides =
        |&p: &u32| ModularArithmetic { p, operation: Operation::Divide, fraction: 0.5, ..ok.clone() }.draw(0).is_ok();
    assert!((2..50).filter(divides).eq([2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47]));
}
